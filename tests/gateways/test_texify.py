"""Texify's sends by their contract, requirement by requirement."""

import asyncio
import gc
import re
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from weakref import ref

import pytest

from adapters.config_yaml.gateways import SCOPES
from router.account import Guards, RateLimit, TexifyKey
from router.engine.directory import Entry
from router.gateway.records import ContactQuery
from router.outcome import Fault, Outcome, OutcomeKind
from router.receipt import ReceiptState
from router.settings import Limits
from tests.gateways.rig import GatewayRig, account
from tests.gateways.texify import KEY, OTHER, Client, number, texify

pytestmark = pytest.mark.end_to_end

ID = re.compile(r"[0-9a-f]{24}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    accounts = (
        account("acme", texify(), default_sender=None, senders=("ACME", "SHOP")),
        account("other", texify(TexifyKey(OTHER, SCOPES)), default_sender="OTHER"),
    )
    async with GatewayRig(tmp_path, *accounts) as rig:
        yield rig


@pytest.fixture
def api(rig: GatewayRig) -> Client:
    return Client(rig)


async def test_a_send_and_what_became_of_it(rig: GatewayRig, api: Client) -> None:
    """TX-1, TX-4, TX-6, TX-7, TX-9, TX-12, TX-13, TX-15, TX-17."""
    body = {"message": "Hello", "recipients": ["+237670000001", "237 670-00-00-02", "0670"], "senderId": "ACME"}
    sent = await api.post("/messages/send", body)
    (result,) = sent["data"]["results"]
    assert sent == {
        "status": "success",
        "message": "SMS sent successfully",
        "data": {"batches": 1, "totalRecipientCount": 2, "totalCreditsUsed": 2, "results": [result]},
    }
    assert result == {
        "messageId": result["messageId"],
        "recipientCount": 2,
        "invalidPhones": ["0670"],
        "creditsUsed": 2,
        "segmentation": {"encoding": "GSM-7", "segments": 1, "charCount": 5},
    }
    assert ID.fullmatch(result["messageId"])
    path = f"/messages/{result['messageId']}"
    found = (await api.get(path))["data"]
    assert found == {
        "_id": result["messageId"],
        "message": "Hello",
        "senderId": "ACME",
        "encoding": "GSM-7",
        "recipientCount": 2,
        "totalCreditsUsed": 2,
        "status": "pending",
        "recipients": [
            {"phoneNumber": number, "status": "pending", "deliveredAt": None, "creditsUsed": 1}
            for number in ("+237670000001", "+237670000002")
        ],
        "createdAt": "2026-01-01T00:00:00Z",
    }
    rig.engine_rig.clock.move(61)
    await rig.deliver(2)
    found = (await api.get(path))["data"]
    assert found["status"] == "sent"
    assert [one["status"] for one in found["recipients"]] == ["delivered", "delivered"]
    assert {one["deliveredAt"] for one in found["recipients"]} == {"2026-01-01T00:01:01Z"}
    assert found["createdAt"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"recipients": ["+237670000001"], "senderId": "ACME"}, "VALIDATION_ERROR", "message"),
        ({"recipients": ["+237670000001"], "message": "a", "templateId": "b", "senderId": "ACME"},
         "VALIDATION_ERROR", "message"),
        ({"recipients": ["+237670000001"], "message": "", "senderId": "ACME"}, "VALIDATION_ERROR", "message"),
        ({"recipients": ["+237670000001"], "message": 5, "senderId": "ACME"}, "VALIDATION_ERROR", "message"),
        ({"recipients": ["+237670000001"], "message": "a"}, "VALIDATION_ERROR", "senderId"),
        ({"message": "a", "senderId": "ACME"}, "VALIDATION_ERROR", "recipients"),
        ({"recipients": [], "message": "a", "senderId": "ACME"}, "VALIDATION_ERROR", "recipients"),
        ({"recipients": "+237670000001", "message": "a", "senderId": "ACME"}, "VALIDATION_ERROR", "recipients"),
        ({"recipients": [237670000001], "message": "a", "senderId": "ACME"}, "VALIDATION_ERROR", "recipients"),
        ({"recipients": ["+237670000001"] * 1001, "message": "a", "senderId": "ACME"},
         "VALIDATION_ERROR", "recipients"),
        ({"recipients": ["0670", "+1", "+"], "message": "a", "senderId": "ACME"}, "NO_VALID_RECIPIENTS", "recipients"),
        ({"recipients": ["+237670000001"], "message": "a", "variables": {"a": True}, "senderId": "ACME"},
         "VALIDATION_ERROR", "variables"),
        *(
            ({"recipients": ["+237670000001"], "message": "a", "senderId": sender}, "VALIDATION_ERROR", "senderId")
            for sender in ("", "ACME SHOP", "TWELVELETTER", "ÄCME", "+237670", 7, "ACME\n")
        ),
    ],
)  # fmt: skip
async def test_a_send_that_makes_no_sense(api: Client, body: Any, code: str, field: str) -> None:
    """TX-5, TX-9, TX-10: 400, naming the field; XA-1: nothing is sent."""
    answer = await api.refused("POST", "/messages/send", 400, code, body)
    (error,) = answer["errors"]
    assert error["field"].partition("[")[0] == field
    assert "regex" not in error["message"]
    assert (await api.get("/messages"))["data"] == []


async def test_bodies_that_are_no_request(api: Client) -> None:
    """TX-5: malformed JSON is a VALIDATION_ERROR."""
    for body in (b"", b"{", b"[]", b'"x"', b"null", b"\xff", b'{"recipients": ' + b"[" * 5000):
        answer = await api.call("POST", "/messages/send", 400, data=body)
        assert answer["code"] == "VALIDATION_ERROR"


async def test_senders(rig: GatewayRig, api: Client) -> None:
    """TX-5, TX-10: whose it is not is 403, of the account's default none need be given."""
    body = {"recipients": [number(1)], "message": "a", "senderId": "STRANGER"}
    await api.refused("POST", "/messages/send", 403, "SENDER_NOT_APPROVED", body)
    other = Client(rig, OTHER)
    body = {"recipients": [number(1)], "message": "a"}
    id = (await other.post("/messages/send", body))["data"]["results"][0]["messageId"]
    assert (await other.get(f"/messages/{id}"))["data"]["senderId"] == "OTHER"


async def test_what_is_a_phone_and_what_an_id(api: Client) -> None:
    """TX-10, XA-12: separators are no matter; 1 to 15 digits are a phone; the rest is an id, and has to be known."""
    data = await api.send(" +237 (670) 00-00.01", "237670000001", "+237-670-000-001", "1", "+", "+abc", "123456")
    assert data["totalRecipientCount"] == 1
    assert data["results"][0]["invalidPhones"] == ["1", "+", "+abc", "123456"]
    for unknown in ("1234567890123456", "f" * 24, "0" * 24, "", "bob", "60d5ec49f1b2c8b5f8c5e8a1", "٣٤٥٦٧٨٩"):
        body = {"recipients": [number(1), unknown], "message": "a", "senderId": "ACME"}
        answer = await api.refused("POST", "/messages/send", 404, "NOT_FOUND", body)
        assert unknown in answer["message"]


async def test_contacts_and_groups_are_reached_once(rig: GatewayRig, api: Client) -> None:
    """TX-10: groups expand to their active contacts, and a number that is reached twice is sent once."""
    friends, family, nobody = await api.group("Friends"), await api.group("Family"), await api.group("Nobody")
    one = await api.contact(1, groups=[friends, family])
    await api.contact(2, groups=[friends])
    gone = await api.contact(3, groups=[friends])
    await rig.engine_rig.engine.opt_outs.unsubscribe("acme", number(3))
    data = await api.send(number(2), friends, one, family, number(4), friends, gone, nobody)
    assert data["totalRecipientCount"] == 3
    assert data["results"][0]["invalidPhones"] == [number(3)]
    await rig.deliver(3)
    reached = sorted(one.message.to for one in rig.engine_rig.operators["mtn"].history)
    assert reached == [number(1), number(2), number(4)]
    for recipients in ([nobody], [gone]):
        body = {"recipients": recipients, "message": "a", "senderId": "ACME"}
        await api.refused("POST", "/messages/send", 400, "NO_VALID_RECIPIENTS", body)


async def test_ids_of_others_are_not_found(rig: GatewayRig, api: Client) -> None:
    """XA-3, TX-10: contacts, groups, templates and messages of another account are not there, in the same words."""
    contact, group, template = await api.contact(1), await api.group(), await api.template("Hi")
    message = (await api.send(number(1)))["results"][0]["messageId"]
    other = Client(rig, OTHER)
    for known in (contact, group, template, message):
        answers = []
        for id in (known, "f" * 24):
            found = await other.refused("GET", f"/messages/{id}", 404, "NOT_FOUND")
            body = {"recipients": [id], "message": "a"}
            sent = await other.refused("POST", "/messages/send", 404, "NOT_FOUND", body)
            body = {"recipients": [number(1)], "templateId": id}
            filled = await other.refused("POST", "/messages/send", 404, "NOT_FOUND", body)
            answers.append([found, sent["message"].replace(id, "ID"), filled])
        assert answers[0] == answers[1]


async def test_templates_are_filled_in_for_each(rig: GatewayRig, api: Client) -> None:
    """TX-9, TX-11: what variables do not say comes from the contact; variables win."""
    group = await api.group()
    fields = {
        "firstName": "Ada",
        "lastName": "Byron",
        "email": "ada@b.example",
        "customFields": {"seat": 12, "vip": True},
    }
    await api.contact(1, groups=[group], **fields)
    await api.contact(2, groups=[group], firstName="Bob", customFields={"seat": "3 {{code}}", "vip": False})
    text = (
        "{{firstName}}|{{ fullName }}|{{phoneNumber}}|{{seat}}|{{code}}|{{ratio}}|{{vip}}|{{{code}}}|{{no such}}|{{1a}}"
    )
    template = await api.template(text)
    data = await api.send(group, message=None, templateId=template, variables={"code": "{{seat}}", "ratio": 0.5})
    assert data["totalRecipientCount"] == 2
    await rig.deliver(2)
    texts = {one.message.to: one.message.text for one in rig.engine_rig.operators["mtn"].history}
    assert texts == {
        number(1): f"Ada|Ada Byron|{number(1)}|12|{{{{seat}}}}|0.5|true|{{{{{{seat}}}}}}|{{{{no such}}}}|{{{{1a}}}}",
        number(
            2
        ): f"Bob|Bob|{number(2)}|3 {{{{code}}}}|{{{{seat}}}}|0.5|false|{{{{{{seat}}}}}}|{{{{no such}}}}|{{{{1a}}}}",
    }
    body = {"recipients": [number(9)], "templateId": await api.template("{{a}} {{b}}"), "variables": {"a": 1, "b": "2"}}
    sent = (await api.post("/messages/send", body | {"senderId": "ACME"}))["data"]["results"][0]["messageId"]
    assert (await api.get(f"/messages/{sent}"))["data"]["message"] == "1 2"


async def test_a_placeholder_that_nothing_fills(api: Client) -> None:
    """TX-11: it is named, and nobody is sent anything."""
    one, two = await api.contact(1, firstName="Ada"), await api.contact(2, lastName="Bob", customFields={"city": None})
    template = await api.template("{{firstName}} in {{city}}")
    for recipients, variables, missing in (
        ([number(3)], {"city": "Douala"}, "firstName"),
        ([one, two], {"city": "Douala"}, "firstName"),
        ([two], {"firstName": "Bob"}, "city"),
    ):
        body = {"recipients": recipients, "templateId": template, "variables": variables, "senderId": "ACME"}
        answer = await api.refused("POST", "/messages/send", 400, "VALIDATION_ERROR", body)
        assert f"{{{{{missing}}}}}" in answer["message"]
    body = {"recipients": [one], "templateId": await api.template("{{a}}"), "variables": {"a": ""}, "senderId": "ACME"}
    await api.refused("POST", "/messages/send", 400, "VALIDATION_ERROR", body)
    assert (await api.get("/messages"))["data"] == []


async def test_text_without_a_template_is_sent_as_written(rig: GatewayRig, api: Client) -> None:
    """TX-9: variables go with a template."""
    await api.send(number(1), message="{{name}} {{")
    await rig.deliver()
    assert rig.engine_rig.operators["mtn"].history[0].message.text == "{{name}} {{"


async def test_batches(rig: GatewayRig, api: Client) -> None:
    """TX-13, TX-14: recipients with the same segmentation are a batch, wherever they stand."""
    names = ["Ada", "Bob", "Évelyne", "Zoé", "Naïla€", "Łukasz", "Ola", "x" * 160]
    contacts = [await api.contact(last, firstName=name) for last, name in enumerate(names)]
    template = await api.template("Hi {{firstName}}")
    data = await api.send(*contacts, message=None, templateId=template)
    shown = [
        (one["recipientCount"], one["creditsUsed"], *one["segmentation"].values(), one["invalidPhones"])
        for one in data["results"]
    ]
    assert shown == [
        (4, 4, "GSM-7", 1, 6, []),  # Ada, Bob, Zoé, Ola
        (1, 1, "GSM-7", 1, 10, []),  # Évelyne
        (2, 2, "UCS-2", 1, 9, []),  # Naïla€, Łukasz
        (1, 2, "GSM-7", 2, 163, []),
    ]
    assert (data["batches"], data["totalRecipientCount"]) == (len(shown), 8)
    assert data["totalCreditsUsed"] == sum(one["creditsUsed"] for one in data["results"]) == 9
    found: dict[str, str] = {}
    for one in data["results"]:
        message = (await api.get(f"/messages/{one['messageId']}"))["data"]
        assert message["recipientCount"] == len(message["recipients"]) == one["recipientCount"]
        assert message["totalCreditsUsed"] == one["creditsUsed"]
        assert message["encoding"] == one["segmentation"]["encoding"]
        found |= {recipient["phoneNumber"]: one["messageId"] for recipient in message["recipients"]}
    assert len(found) == 8


@pytest.mark.parametrize(
    ("text", "encoding", "segments", "count"),
    [
        ("a" * 160, "GSM-7", 1, 160),
        ("a" * 161, "GSM-7", 2, 161),
        ("€[]{}~^\\|", "GSM-7", 1, 18),
        ("é", "GSM-7", 1, 1),
        ("ê", "UCS-2", 1, 1),
        ("😀", "UCS-2", 1, 2),
        ("é" * 153 * 10, "GSM-7", 10, 1530),
        ("ш" * 670, "UCS-2", 10, 670),
    ],
)
async def test_what_is_counted(api: Client, text: str, encoding: str, segments: int, count: int) -> None:
    """TX-14: septets, of which an extension character has two, or UTF-16 units."""
    (result,) = (await api.send(number(1), message=text))["results"]
    assert result["segmentation"] == {"encoding": encoding, "segments": segments, "charCount": count}
    assert result["creditsUsed"] == segments


async def test_no_more_than_ten_segments(tmp_path: Path) -> None:
    """TX-35: also where the router would take more."""
    for folder, limits in (("ten", Limits()), ("more", Limits(message_parts=20))):
        (tmp_path / folder).mkdir()
        async with GatewayRig(tmp_path / folder, account("acme", texify()), limits=limits) as rig:
            body = {"recipients": [number(1)], "message": "a" * 1531, "senderId": "ACME"}
            answer = await Client(rig).refused("POST", "/messages/send", 400, "VALIDATION_ERROR", body)
            assert answer["errors"][0]["field"] == "message"
            assert (await Client(rig).get("/messages"))["data"] == []


async def test_a_thousand_recipients_are_one_batch(rig: GatewayRig, api: Client) -> None:
    """TX-10, TX-13: 1000 items at most; a batch is cut at 1000 recipients."""
    data = await api.send(*(number(last) for last in range(1000)))
    assert [one["recipientCount"] for one in data["results"]] == [1000]
    group = await api.group()
    entries = [f"+2376710{last:05d}" for last in range(1001)]
    (made, _) = await rig.book.groups.page("acme", 0, 1)
    await rig.directory.put(made[0], [Entry(one) for one in entries])
    data = await api.send(group)
    assert [one["recipientCount"] for one in data["results"]] == [1000, 1]
    first = (await api.get(f"/messages/{data['results'][0]['messageId']}"))["data"]
    assert [one["phoneNumber"] for one in first["recipients"]] == entries[:1000]


async def test_unroutable_phones_are_invalid_ones(tmp_path: Path) -> None:
    """TX-13, 7.2: reported, not counted, not charged; alone they are NO_VALID_RECIPIENTS."""
    async with GatewayRig(tmp_path, account("acme", texify()), prefix="237") as rig:
        api = Client(rig)
        data = await api.send("+14155550123", number(1), "0670")
        assert data["results"][0]["invalidPhones"] == ["0670", "+14155550123"]
        assert data["totalRecipientCount"] == 1
        body = {"recipients": ["+14155550123"], "message": "a", "senderId": "ACME"}
        await api.refused("POST", "/messages/send", 400, "NO_VALID_RECIPIENTS", body)


async def test_statuses(rig: GatewayRig, api: Client) -> None:
    """TX-17 and 7.1: the engine's states in Texify's words."""
    mtn = rig.engine_rig.operators["mtn"]
    outcomes: dict[str, tuple[str, str, str | None]] = {}

    async def sent() -> tuple[str, Any]:
        id = (await api.send(number(len(outcomes) + 1)))["results"][0]["messageId"]
        return id, (await rig.engine_rig.written("mtn", 1))[0]

    async def look(name: str, id: str) -> None:
        found = (await api.get(f"/messages/{id}"))["data"]
        (one,) = found["recipients"]
        assert (one["deliveredAt"] is not None) == (one["status"] == "delivered")
        outcomes[name] = (found["status"], one["status"], one.get("failureReason"))
        items = (await api.get("/messages"))["data"]
        assert [item["status"] for item in items if item["_id"] == id] == [found["status"]]

    id, submission = await sent()
    await look("queued", id)
    smsc = mtn.accept(submission)
    await rig.engine_rig.settle()
    await look("submitted", id)
    mtn.receipt(submission.message.to, smsc)
    await rig.engine_rig.settle()
    await look("delivered", id)
    for state in (ReceiptState.UNDELIVERED, ReceiptState.EXPIRED, ReceiptState.REJECTED):
        id, submission = await sent()
        mtn.receipt(submission.message.to, mtn.accept(submission), state)
        await rig.engine_rig.settle()
        await look(state.value, id)
    id, submission = await sent()
    mtn.answer(submission, Outcome(OutcomeKind.REJECTED, status=0x0B, fault=Fault.MESSAGE))
    await rig.engine_rig.settle()
    await look("refused", id)
    assert outcomes == {
        "queued": ("pending", "pending", None),
        "submitted": ("sent", "sent", None),
        "delivered": ("sent", "delivered", None),
        "undelivered": ("sent", "failed", "undelivered"),
        "expired": ("sent", "failed", "expired"),
        "rejected": ("sent", "failed", "rejected"),
        "refused": ("sent", "failed", "rejected"),
    }


async def test_the_list_of_messages(rig: GatewayRig, api: Client) -> None:
    """TX-16: pages, status and dates; newest first."""
    ids = []
    for day in range(5):
        ids.append((await api.send(number(day), number(day + 100), message=f"day {day}"))["results"][0]["messageId"])
        if day < 3:
            await rig.deliver(2)
        rig.engine_rig.clock.move(86_400)
    await rig.engine_rig.settle()
    listed = await api.get("/messages")
    assert listed["meta"] == {"page": 1, "limit": 20, "total": 5, "pages": 1}
    assert [one["_id"] for one in listed["data"]] == ids[::-1]
    assert listed["data"][0] == {
        "_id": ids[4],
        "message": "day 4",
        "recipientCount": 2,
        "totalCreditsUsed": 2,
        "status": "pending",
        "createdAt": "2026-01-05T00:00:00Z",
    }

    async def days(**query: Any) -> list[int]:
        found = await api.get("/messages", **query)
        return [ids.index(one["_id"]) for one in found["data"]]

    assert await days(page=2, limit=2) == [2, 1]
    assert (await api.get("/messages", page=2, limit=2))["meta"] == {"page": 2, "limit": 2, "total": 5, "pages": 3}
    assert await days(page=9) == []
    assert (await api.get("/messages", limit=5000))["meta"]["limit"] == 1200
    assert await days(status="sent") == [2, 1, 0]
    assert await days(status="pending") == [4, 3]
    assert await days(status="failed") == []
    assert (await api.get("/messages", status="failed"))["meta"] == {"page": 1, "limit": 20, "total": 0, "pages": 0}
    assert await days(dateFrom="2026-01-02", dateTo="2026-01-03") == [2, 1]
    assert await days(dateFrom="2026-01-03T00:00:00Z", dateTo="2026-01-03T00:00:00Z") == [2]
    assert await days(dateFrom="2026-01-03T01:00:00+01:00", dateTo="2026-01-02T23:00:00.999-01:00") == [2]
    assert await days(dateFrom="2026-01-03T00:00:01Z") == [4, 3]
    assert await days(dateTo="2026-01-01", status="sent", search="", unknown="x") == [0]
    assert (await Client(rig, OTHER).get("/messages"))["data"] == []
    for query in (
        {"page": "0"}, {"page": "x"}, {"page": "1.5"}, {"limit": "0"}, {"limit": "-1"}, {"page": "9" * 30},
        {"status": "delivered"}, {"dateFrom": "yesterday"}, {"dateTo": "2026-02-30"},
        {"dateFrom": "2026-01-01T25:00:00Z"},
        {"dateFrom": "20260101"}, {"dateTo": "2026-01-01 10:00"},
    ):  # fmt: skip
        answer = await api.refused("GET", "/messages", 400, "VALIDATION_ERROR", params=query)
        assert [error["field"] for error in answer["errors"]] == list(query)


async def test_what_retention_took_is_not_listed(rig: GatewayRig, api: Client) -> None:
    """A message whose text is gone is still there, without it; one that is gone is not found."""
    id = (await api.send(number(1)))["results"][0]["messageId"]
    await rig.deliver()
    store = rig.engine_rig.store
    end = rig.engine_rig.clock.now() + 1000

    async def purge(**before: int) -> None:
        nothing = dict.fromkeys(("messages_before", "events_before", "text_before", "keys_before"), 0)
        while await store.purge(**(nothing | before)):
            pass

    history = rig.engine_rig.operators["mtn"].history
    message = ref(history[-1].message)
    history.clear()  # memory forgets it too
    async with asyncio.timeout(5):
        # The thread of its last commit may still have it in hand.
        while message() is not None:
            await asyncio.sleep(0.001)
            gc.collect()
    await purge(text_before=end)
    assert (await api.get(f"/messages/{id}"))["data"]["message"] == ""
    assert (await api.get("/messages"))["data"][0]["message"] == ""
    await purge(messages_before=end)
    await api.refused("GET", f"/messages/{id}", 404, "NOT_FOUND")
    assert (await api.get("/messages"))["meta"]["total"] == 0


# --- idempotency ---------------------------------------------------------------------------------------------


async def test_the_same_key_sends_once(rig: GatewayRig, api: Client) -> None:
    """TX-2, TX-8: the first answer again, unchanged, for 24 h; another body is a conflict."""
    body = {"recipients": [number(1)], "message": "Hello", "senderId": "ACME"}
    key = {"Idempotency-Key": "order-1"}
    first = await api.post("/messages/send", body, headers=key)
    assert "Idempotency-Replayed" not in api.headers
    again = await api.post("/messages/send", body, headers=key)
    assert api.headers["Idempotency-Replayed"] == "true"
    assert again == first
    await api.refused("POST", "/messages/send", 409, "IDEMPOTENCY_CONFLICT", body | {"message": "Bye"}, headers=key)
    other = Client(rig, OTHER)
    theirs = await other.post("/messages/send", body, headers=key)
    assert "Idempotency-Replayed" not in other.headers
    assert theirs["data"]["results"][0]["messageId"] != first["data"]["results"][0]["messageId"]
    assert (await api.get("/messages"))["meta"]["total"] == 1
    rig.engine_rig.clock.move(86_400 + 1)
    later = await api.post("/messages/send", body, headers=key)
    assert later["data"]["results"][0]["messageId"] != first["data"]["results"][0]["messageId"]


async def test_a_replay_needs_nothing_of_what_it_was_made_of(rig: GatewayRig, api: Client) -> None:
    """TX-8: also when the contact is gone by then."""
    contact = await api.contact(1)
    body = {"recipients": [contact], "message": "Hello", "senderId": "ACME"}
    key = {"Idempotency-Key": "x" * 255}
    first = await api.post("/messages/send", body, headers=key)
    (known,), _ = await rig.book.contacts.page(ContactQuery("acme"), 0, 1)
    await rig.book.contacts.delete(known)
    assert await api.post("/messages/send", body, headers=key) == first


async def test_only_success_is_remembered(api: Client) -> None:
    """TX-8: what failed may be tried again with the same key."""
    key = {"Idempotency-Key": "order-2"}
    body = {"recipients": [number(1)], "message": "Hello", "senderId": "STRANGER"}
    await api.refused("POST", "/messages/send", 403, "SENDER_NOT_APPROVED", body, headers=key)
    await api.post("/messages/send", body | {"senderId": "ACME"}, headers=key)
    for wrong in ("", "x" * 256):
        await api.refused(
            "POST", "/messages/send", 400, "VALIDATION_ERROR", body | {"senderId": "ACME"},
            headers={"Idempotency-Key": wrong},
        )  # fmt: skip


async def test_while_the_first_is_running_the_second_is_a_conflict(rig: GatewayRig, api: Client) -> None:
    """TX-8: at once, it does not wait."""
    release = asyncio.Event()
    book = rig.book.contacts
    find = book.find

    async def slow(*args: Any) -> Any:
        await release.wait()
        return await find(*args)

    contact = await api.contact(1)
    book.find = slow  # type: ignore[method-assign]
    body = {"recipients": [contact], "message": "Hello", "senderId": "ACME"}
    key = {"Idempotency-Key": "order-3"}
    first = asyncio.create_task(Client(rig).post("/messages/send", body, headers=key))
    intake = rig.engine_rig.engine.intake
    await rig.engine_rig.until(lambda: intake._answering)
    await api.refused("POST", "/messages/send", 409, "IDEMPOTENCY_CONFLICT", body, headers=key)
    release.set()
    assert await api.post("/messages/send", body, headers=key) == await first if first.done() else await first
    assert (await api.get("/messages"))["meta"]["total"] == 1


# --- money ---------------------------------------------------------------------------------------------------


async def test_credits(tmp_path: Path) -> None:
    """TX-5, TX-13, TX-18, XA-1, XA-2: a segment is a credit, and all are paid for or nobody is sent anything."""
    settings = {
        "low_balance": 100,
        "auto_top_up": {"enabled": True, "threshold": 50, "amount": 100},
        "tiers": ({"id": "tier_1", "name": "Starter", "credits": 200, "price": Decimal("10.50")},),
    }
    async with GatewayRig(tmp_path, account("acme", texify(**settings), wallet="prepaid")) as rig:
        api = Client(rig)
        body = {"recipients": [number(1), number(2), "0670"], "message": "a" * 200, "senderId": "ACME"}
        await api.refused("POST", "/messages/send", 402, "INSUFFICIENT_CREDITS", body)
        await rig.engine_rig.engine.wallets.credit("acme", Decimal("3.75"))
        await api.refused("POST", "/messages/send", 402, "INSUFFICIENT_CREDITS", body)
        assert (await api.get("/balance")) == {
            "status": "success",
            "data": {
                "credits": 3,
                "lowBalanceThreshold": 100,
                "autoTopUp": {"enabled": True, "threshold": 50, "amount": 100},
                "pricingTiers": [{"id": "tier_1", "name": "Starter", "credits": 200, "price": 10.5}],
            },
        }
        assert (await api.get("/messages"))["data"] == []
        await api.post("/messages/send", body | {"recipients": [number(1), "0670"]})
        assert (await api.get("/balance"))["data"]["credits"] == 1


async def test_a_balance_without_settings(api: Client) -> None:
    """TX-18."""
    assert (await api.get("/balance"))["data"] == {
        "credits": 0,
        "lowBalanceThreshold": 0,
        "autoTopUp": {"enabled": False, "threshold": 0, "amount": 0},
        "pricingTiers": [],
    }


# --- who may -------------------------------------------------------------------------------------------------

SCOPED = [
    ("POST", "/messages/send", {"send_sms"}),
    ("GET", "/messages", {"read_messages"}),
    ("GET", "/messages/{id}", {"read_messages", "read_delivery"}),
    ("POST", "/contacts", {"manage_contacts"}),
    ("POST", "/groups", {"manage_contacts"}),
    ("GET", "/contacts", {"read_contacts"}),
    ("GET", "/groups", {"read_contacts"}),
    ("POST", "/templates", {"use_templates"}),
    ("GET", "/templates", {"use_templates"}),
    ("GET", "/templates/{id}", {"use_templates"}),
    ("POST", "/templates/preview", {"use_templates"}),
    ("POST", "/templates/{id}/render", {"use_templates"}),
    ("GET", "/balance", {"read_balance"}),
    ("POST", "/scheduled", {"create_scheduled"}),
    ("GET", "/scheduled", {"read_scheduled"}),
    ("GET", "/scheduled/{id}", {"read_scheduled"}),
    ("PATCH", "/scheduled/{id}", {"create_scheduled"}),
    ("POST", "/scheduled/{id}/cancel", {"create_scheduled"}),
]


async def test_what_each_scope_opens(tmp_path: Path) -> None:
    """TX-3, TX-5: 403 names the scope that is lacking; with it the request is looked at."""
    keys = [TexifyKey(f"txf_{scope}", (scope,)) for scope in SCOPES]
    async with GatewayRig(tmp_path, account("acme", texify(*keys))) as rig:
        for method, path, opened in SCOPED:
            for scope in SCOPES:
                api = Client(rig, f"txf_{scope}")
                async with rig.client.request(
                    method, f"/api/v1{path.replace('{id}', 'f' * 24)}", headers={"X-API-Key": str(api.key)}
                ) as response:
                    answer = await response.json()
                if scope in opened:
                    assert response.status in (200, 400, 404), (method, path, scope, answer)
                else:
                    assert (response.status, answer["code"]) == (403, "INSUFFICIENT_SCOPE"), (method, path, scope)
                    assert any(one in answer["message"] for one in opened)


async def test_a_template_needs_its_scope_to_be_sent(tmp_path: Path) -> None:
    """TX-3: templateId needs send_sms and use_templates."""
    keys = (TexifyKey("txf_sends", ("send_sms",)), TexifyKey("txf_uses", ("use_templates",)), TexifyKey(KEY, SCOPES))
    async with GatewayRig(tmp_path, account("acme", texify(*keys))) as rig:
        template = await Client(rig).template("Hi")
        body = {"recipients": [number(1)], "templateId": template, "senderId": "ACME"}
        for key, lacking in (("txf_sends", "use_templates"), ("txf_uses", "send_sms")):
            answer = await Client(rig, key).refused("POST", "/messages/send", 403, "INSUFFICIENT_SCOPE", body)
            assert lacking in answer["message"]


async def test_keys(tmp_path: Path) -> None:
    """TX-2, TX-5, XA-4, XA-8: no key, no such key, an expired one, an account that may not."""
    keys = (
        TexifyKey("txf_until_yesterday", SCOPES, date(2025, 12, 31)),
        TexifyKey("txf_until_today", SCOPES, date(2026, 1, 1)),
    )
    accounts = (
        account("acme", texify(*keys)),
        account("late", texify(TexifyKey("txf_late", SCOPES)), status="suspended"),
    )
    async with GatewayRig(tmp_path, *accounts) as rig:
        await Client(rig, None).refused("GET", "/balance", 401, "API_KEY_REQUIRED")
        await Client(rig, None).refused(
            "GET", "/balance", 401, "API_KEY_REQUIRED", headers={"Authorization": "Bearer x"}
        )
        wrong = await Client(rig, "txf_wrong").refused("GET", "/balance", 401, "INVALID_API_KEY")
        assert "txf_wrong" not in str(wrong)
        await Client(rig, "txf_until_yesterday").refused("GET", "/balance", 401, "INVALID_API_KEY")
        await Client(rig, "txf_until_today").get("/balance")
        await Client(rig, "txf_late").refused("GET", "/balance", 403, "ACCOUNT_SUSPENDED")


async def test_rates(tmp_path: Path) -> None:
    """TX-5, XA-6, XA-11: over a key's rate, and for guessing."""
    async with GatewayRig(tmp_path, account("acme", texify(rate=RateLimit(2, 60.0)))) as rig:
        api = Client(rig)
        await api.get("/balance")
        await api.get("/balance")
        await api.refused("GET", "/balance", 429, "RATE_LIMITED")
        assert int(api.headers["Retry-After"]) >= 1
        guess = Client(rig, "txf_guess")
        codes = set()
        for _ in range(61):
            async with rig.client.get("/api/v1/balance", headers={"X-API-Key": str(guess.key)}) as response:
                codes.add((await response.json())["code"])
        assert codes == {"INVALID_API_KEY", "RATE_LIMITED"}


async def test_paths_and_methods(api: Client) -> None:
    """TX-5, XA-5: what is nowhere is NOT_FOUND in Texify's words; a slash at the end is no matter."""
    await api.refused("GET", "/nothing", 404, "NOT_FOUND")
    await api.refused("GET", "/messages/a/b", 404, "NOT_FOUND")
    await api.refused("GET", "/messages/send/x", 404, "NOT_FOUND")
    await api.refused("DELETE", "/contacts", 405, "METHOD_NOT_ALLOWED")
    assert api.headers["Allow"]
    await api.get("/balance/")
    for id in ("x", "F" * 24, "0" * 24, "f" * 23):
        await api.refused("GET", f"/messages/{id}", 404, "NOT_FOUND")


async def test_guards_hold_here_too(tmp_path: Path) -> None:
    """XA-7: the same path as by the internal API; a number that may not be reached is an invalid one."""
    guarded = account("acme", texify(), guards=Guards(countries=frozenset({"CM"})))
    async with GatewayRig(tmp_path, guarded) as rig:
        data = await Client(rig).send("+14155550123", number(1))
        assert data["results"][0]["invalidPhones"] == ["+14155550123"]
