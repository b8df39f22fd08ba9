"""What takes more than one request to show: batches, keys, pages, messages with a history."""

import json

import pytest

from router.message import Attempt, MessageError, Part, State
from router.outcome import OutcomeKind
from router.receipt import ReceiptState
from tests.http.fakes import NOW, OTHER_TOKEN, TEXT, stamp

SUBMIT = {"to": "+237670000001", "from": "ACME", "text": TEXT}
ITEM = ["id", "state", "to", "from", "reference", "class", "channel", "encoding", "segments", "operator", "network",
        "cost", "price", "created_at", "submitted_at", "done_at", "error", "possible_duplicate"]  # fmt: skip


async def test_a_message_shows_its_fields_in_order_and_nulls(api) -> None:
    answer = await api.call("POST", "/v1/messages", SUBMIT)
    message = json.loads(await answer.text())
    assert list(message) == ITEM
    assert message["network"] == {"mcc": "624", "mnc": "01", "name": None}
    assert message["cost"] == {"amount": "0.0200", "currency": "XAF"}
    assert message["created_at"] == "2025-06-15T15:06:40.123000Z"
    assert message["price"] is None
    assert len(api.engine.metrics.accepts) == 1


async def test_a_batch_takes_and_refuses_one_by_one(api) -> None:
    items = [
        SUBMIT | {"reference": "1"},
        SUBMIT | {"reference": "refuse:invalid_number"},
        {"to": 5, "text": "x", "reference": "3"},
        {"to": "+1", "text": "x", "reference": ["4"]},
        "five",
        None,
        {"to": "+1", "reference": "7"},
        {"to": "x" * 400, "text": "x", "reference": "8"},
        SUBMIT | {"reference": "9", "max_price": {"amount": "NaN", "currency": "XAF"}},
        SUBMIT | {"reference": "10"},
    ]
    answer = await api.call("POST", "/v1/batches", {"messages": items})
    assert answer.status == 202
    batch = await answer.json()
    assert (batch["accepted"], batch["refused"]) == (2, 8)
    results = batch["results"]
    assert len(results) == len(items)
    assert [one.get("reference") for one in results] == [
        "1", "refuse:invalid_number", "3", None, None, None, "7", "8", "9", "10",
    ]  # fmt: skip
    assert list(results[0]) == ITEM
    assert list(results[-1]) == ITEM
    assert [one["error"]["code"] for one in results[1:-1]] == ["invalid_number"] + ["invalid_request"] * 7
    assert all(set(one) == {"error", "to", "reference"} for one in results[1:-1])
    assert results[2]["to"] is None
    assert results[2]["error"]["detail"] == "to: expected `str`, got `int`"
    assert results[7]["to"] is None
    assert sorted(api.engine.metrics.refusals) == ["invalid_number"] + ["invalid_request"] * 7
    assert len(api.engine.messages.stored) == 2


async def test_a_batch_of_refused_items_only_is_still_answered_202(api) -> None:
    answer = await api.call("POST", "/v1/batches", {"messages": [{}, SUBMIT | {"reference": "refuse:too_long"}]})
    assert answer.status == 202
    assert (await answer.json())["accepted"] == 0
    assert api.engine.metrics.accepts == []


@pytest.mark.parametrize(("path", "body"), [("/v1/messages", SUBMIT), ("/v1/batches", {"messages": [SUBMIT]})])
async def test_an_idempotency_key_gives_the_first_answer_again(path, body, api) -> None:
    key = {"Idempotency-Key": "order 1"}
    first = await api.call("POST", path, body, headers=key)
    again = await api.call("POST", path, body, headers=key)
    assert (first.status, again.status) == (202, 202)
    assert await first.text() == await again.text()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(api.engine.messages.stored) == 1
    assert len(api.engine.metrics.accepts) == 1

    # One blank more is another body; one path more another request; another account another key.
    other = await api.call("POST", path, raw=json.dumps(body).encode() + b" ", headers=key)
    assert (other.status, json.loads(await other.text())["code"]) == (422, "idempotency_mismatch")
    wrong = "/v1/batches" if path == "/v1/messages" else "/v1/messages"
    other = await api.call("POST", wrong, {"messages": [SUBMIT]} if wrong == "/v1/batches" else SUBMIT, headers=key)
    assert json.loads(await other.text())["code"] == "idempotency_mismatch"
    assert (await api.call("POST", path, body, headers=key, token=OTHER_TOKEN)).status == 202
    assert api.engine.metrics.refusals == ["idempotency_mismatch", "idempotency_mismatch"]


async def test_a_refused_request_leaves_its_key_free(api) -> None:
    key = {"Idempotency-Key": "k"}
    assert (await api.call("POST", "/v1/messages", SUBMIT | {"text": ""}, headers=key)).status == 422
    refused = await api.call("POST", "/v1/messages", SUBMIT | {"reference": "refuse:unroutable"}, headers=key)
    assert refused.status == 422
    assert (await api.call("POST", "/v1/messages", SUBMIT, headers=key)).status == 202


async def test_a_key_in_use(api) -> None:
    api.engine.intake.running.add(("acme", "k"))
    answer = await api.call("POST", "/v1/messages", SUBMIT, headers={"Idempotency-Key": "k"})
    assert (answer.status, json.loads(await answer.text())["code"]) == (409, "idempotency_in_progress")


async def test_pages_go_newest_first_without_gap_or_repetition(api) -> None:
    await api.call("POST", "/v1/batches", {"messages": [SUBMIT] * 7})
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        answer = await api.call("GET", f"/v1/messages?limit=3{cursor and f'&cursor={cursor}'}")
        page = await answer.json()
        seen += [message["id"] for message in page["messages"]]
        cursor = page["next"]
        pages += 1
    assert pages == 3
    assert seen == sorted(api.engine.messages.stored, reverse=True)
    exact = await (await api.call("GET", "/v1/messages?limit=7")).json()
    assert exact["next"] is None
    assert list(exact["messages"][0]) == ITEM


async def test_filters_reach_the_store(api) -> None:
    await api.call(
        "GET",
        "/v1/messages?state=queued&to=+237670000001&from=%2B1&reference=null&limit=1000"
        "&after=2025-06-15T15:06:40.1239Z&before=2025-06-15T16:06:40.1231%2B01:00",
    )
    (query,) = api.engine.messages.queries
    assert (query.account, query.state, query.to, query.sender, query.reference) == (
        "acme", State.QUEUED, "+237670000001", "+1", "null",
    )  # fmt: skip
    assert query.limit == 1001
    # In whole milliseconds, later than .1239 is later than .123, and earlier than .1231 is earlier than .124.
    assert (query.after, query.before) == (NOW, NOW + 1)


async def test_one_account_does_not_see_the_other(api) -> None:
    message = json.loads(await (await api.call("POST", "/v1/messages", SUBMIT)).text())
    for method in ("GET", "DELETE"):
        answer = await api.call(method, f"/v1/messages/{message['id']}", token=OTHER_TOKEN)
        assert answer.status == 404
    assert (await (await api.call("GET", "/v1/messages", token=OTHER_TOKEN)).json())["messages"] == []


async def test_a_message_that_went_cannot_be_cancelled(api) -> None:
    id = json.loads(await (await api.call("POST", "/v1/messages", SUBMIT)).text())["id"]
    api.engine.messages.stored[id].state = State.SUBMITTED
    answer = await api.call("DELETE", f"/v1/messages/{id}")
    assert (answer.status, json.loads(await answer.text())["code"]) == (409, "too_late")


async def test_a_conversion_is_reported_once(api) -> None:
    id = json.loads(await (await api.call("POST", "/v1/messages", SUBMIT)).text())["id"]
    path = f"/v1/messages/{id}/conversion"
    early = await api.call("POST", path, {})
    assert (early.status, json.loads(await early.text())["code"]) == (409, "not_submitted")
    api.engine.messages.stored[id].submitted_at = NOW
    first = await api.call("POST", path, {"at": "2025-06-15T15:06:41.123Z"})
    assert (first.status, (await first.json())["converted_at"]) == (200, "2025-06-15T15:06:41.123000Z")
    again = await api.call("POST", path, {})
    assert (again.status, (await again.json())["converted_at"]) == (200, "2025-06-15T15:06:41.123000Z")
    assert (await api.call("POST", path, {}, token=OTHER_TOKEN)).status == 404


async def test_a_message_with_a_history(api) -> None:
    id = json.loads(await (await api.call("POST", "/v1/messages", SUBMIT)).text())["id"]
    message = api.engine.messages.stored[id]
    message.state = State.UNDELIVERED
    message.error = MessageError("undelivered", "The operator could not deliver it.", "0x0000000B")
    message.submitted_at, message.done_at, message.expires_at = NOW + 1, NOW + 2, NOW + 3
    message.parts = [
        Part(
            1,
            State.UNDELIVERED,
            [
                Attempt("mtn-cm", NOW, NOW + 5, OutcomeKind.REJECTED, 0x58, "throttled"),
                Attempt(
                    "backup",
                    NOW + 6,
                    NOW + 7,
                    OutcomeKind.ACCEPTED,
                    0,
                    "",
                    "0A",
                    ReceiptState.UNDELIVERED,
                    "011",
                    NOW + 9,
                ),
                Attempt("mtn-cm", NOW + 8),
            ],
        ),
        Part(
            2, State.SUBMITTED, [Attempt("mtn-cm", NOW, NOW, OutcomeKind.ACCEPTED, "250", "", "77"), Attempt("b", NOW)]
        ),
        Part(3),
    ]
    body = await (await api.call("GET", f"/v1/messages/{id}")).json()
    assert list(body) == [*ITEM, "send_at", "expires_at", "waiting_for", "transliterated", "converted_at", "parts"]
    assert body["error"] == {
        "code": "undelivered", "detail": "The operator could not deliver it.", "smsc_error": "0x0000000B",
    }  # fmt: skip
    assert body["expires_at"] == stamp(NOW + 3)
    first, second, third = body["parts"]
    assert first["receipt"] == {"state": "undelivered", "error": "011", "at": stamp(NOW + 9)}
    assert (first["operator"], first["smsc_message_id"]) == ("backup", "0A")
    assert first["attempts"][0] == {
        "operator": "mtn-cm", "at": stamp(NOW), "answered_at": stamp(NOW + 5), "outcome": "rejected",
        "status": "0x00000058", "smsc_message_id": None, "detail": "throttled",
    }  # fmt: skip
    assert first["attempts"][2]["outcome"] is None
    assert (second["operator"], second["smsc_message_id"], second["receipt"]) == ("mtn-cm", "77", None)
    assert second["attempts"][0]["status"] == "250"
    assert third == {
        "number": 3, "state": "queued", "smsc_message_id": None, "operator": None, "receipt": None, "attempts": [],
    }  # fmt: skip
    assert TEXT not in json.dumps(body)


async def test_a_route_without_a_time_is_for_now(api) -> None:
    await api.call("POST", "/v1/route", {"to": "+237670000001"})
    await api.call("POST", "/v1/route", {"to": "+237670000001", "at": "2025-06-15T15:06:40.123Z"})
    now, then = api.engine.preview.queries
    assert now.at > NOW
    assert then.at == NOW
