"""Texify's contacts, groups and templates by their contract, and the document's own examples."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.config_yaml.gateways import SCOPES
from router.account import TexifyKey
from tests.gateways.rig import GatewayRig, account
from tests.gateways.texify import OTHER, Client, number, texify

pytestmark = pytest.mark.end_to_end


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    accounts = (account("acme", texify()), account("other", texify(TexifyKey(OTHER, SCOPES))))
    async with GatewayRig(tmp_path, *accounts) as rig:
        yield rig


@pytest.fixture
def api(rig: GatewayRig) -> Client:
    return Client(rig)


async def test_a_contact(api: Client) -> None:
    """TX-4, TX-19: every field is echoed."""
    friends = await api.group()
    body = {
        "phoneNumber": "+233 244 000 000",
        "firstName": "John",
        "lastName": "Doe",
        "email": "john@example.com",
        "tags": ["vip", "customer", "vip"],
        "groups": [friends],
        "customFields": {"city": "Accra", "age": 30, "member": True, "note": None},
    }
    made = await api.post("/contacts", body)
    contact = {
        "_id": made["data"]["_id"],
        "phoneNumber": "+233244000000",
        "firstName": "John",
        "lastName": "Doe",
        "fullName": "John Doe",
        "email": "john@example.com",
        "tags": ["vip", "customer"],
        "groups": [friends],
        "customFields": body["customFields"],
        "status": "active",
        "createdAt": "2026-01-01T00:00:00Z",
    }
    assert made == {"status": "success", "message": "Contact created successfully", "data": contact}
    listed = await api.get("/contacts")
    assert listed == {
        "status": "success",
        "data": {"pagination": {"page": 1, "limit": 50, "total": 1, "pages": 1}, "contacts": [contact]},
    }


async def test_a_contact_is_a_number(api: Client) -> None:
    """TX-19: only phoneNumber is required; what is empty is not there."""
    blank = {"firstName": "", "lastName": None, "email": "", "tags": None, "groups": [], "customFields": {}}
    for last, more in ((1, {}), (2, blank)):
        data = (await api.post("/contacts", {"phoneNumber": number(last), **more}))["data"]
        assert [data[name] for name in ("firstName", "lastName", "email")] == [None, None, None]
        assert (data["fullName"], data["tags"], data["groups"], data["customFields"]) == ("", [], [], {})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "phoneNumber"),
        ({"phoneNumber": ""}, "phoneNumber"),
        ({"phoneNumber": "0670"}, "phoneNumber"),
        ({"phoneNumber": "+999123456789"}, "phoneNumber"),
        ({"phoneNumber": 237670000001}, "phoneNumber"),
        ({"phoneNumber": "+237670000001", "email": "nobody"}, "email"),
        ({"phoneNumber": "+237670000001", "tags": "vip"}, "tags"),
        ({"phoneNumber": "+237670000001", "tags": [1]}, "tags[0]"),
        ({"phoneNumber": "+237670000001", "customFields": {"a": ["b"]}}, "customFields[...]"),
        ({"phoneNumber": "+237670000001", "firstName": 1}, "firstName"),
    ],
)
async def test_what_is_no_contact(api: Client, body: Any, field: str) -> None:
    """TX-5, TX-19."""
    answer = await api.refused("POST", "/contacts", 400, "VALIDATION_ERROR", body)
    assert [error["field"] for error in answer["errors"]] == [field]
    assert (await api.get("/contacts"))["data"]["contacts"] == []


async def test_a_number_is_one_contact_of_an_account(rig: GatewayRig, api: Client) -> None:
    """TX-5: 409 DUPLICATE_CONTACT, however the number is written; another account has its own."""
    await api.contact(1)
    body = {"phoneNumber": number(1).removeprefix("+")}
    await api.refused("POST", "/contacts", 409, "DUPLICATE_CONTACT", body)
    await Client(rig, OTHER).contact(1)


async def test_a_group_that_is_not_there(rig: GatewayRig, api: Client) -> None:
    """TX-5, XA-3: 404 naming it, and no contact is made."""
    theirs = await Client(rig, OTHER).group()
    for unknown in ("f" * 24, "", "x", theirs):
        body = {"phoneNumber": number(1), "groups": [await api.group(), unknown]}
        answer = await api.refused("POST", "/contacts", 404, "NOT_FOUND", body)
        assert repr(unknown) in answer["message"]
    assert (await api.get("/contacts"))["data"]["contacts"] == []


async def test_lists_of_contacts(rig: GatewayRig, api: Client) -> None:
    """TX-20: pages and filters; a limit above 1200 is 1200."""
    friends, family = await api.group("Friends"), await api.group("Family")
    ids = [
        await api.contact(1, firstName="John", lastName="Smith", tags=["a", "b"], groups=[friends]),
        await api.contact(2, firstName="Mary", email="MARY@example.com", tags=["b"], groups=[friends, family]),
        await api.contact(3, firstName="Élodie", tags=["c"], groups=[family]),
        await api.contact(4),
    ]
    await rig.engine_rig.engine.opt_outs.unsubscribe("acme", number(3))

    async def found(**query: Any) -> list[int]:
        data = (await api.call("GET", "/contacts", params=query))["data"]
        if not {"page", "limit"} & set(query):
            assert data["pagination"] == {
                "page": 1,
                "limit": 50,
                "total": len(data["contacts"]),
                "pages": 1 * bool(data["contacts"]),
            }
        return [ids.index(one["_id"]) + 1 for one in data["contacts"]]

    assert await found() == [4, 3, 2, 1]
    assert await found(page=2, limit=3) == [1]
    assert await found(status="active") == [4, 2, 1]
    assert await found(status="unsubscribed") == [3]
    assert await found(status="inactive") == []
    assert await found(tags="a, c") == [3, 1]
    assert await found(groups=friends) == [2, 1]
    assert await found(groups=f"{friends},{family}") == [3, 2, 1]
    assert await found(groups="f" * 24) == []
    assert await found(groups="x,") == []
    assert await found(tags=",") == []
    assert await found(search="john smi") == [1]
    assert await found(search="mary@EXAMPLE") == [2]
    assert await found(search="élodie") == [3]
    assert await found(search="0000") == [4, 3, 2, 1]
    assert await found(search="%") == []
    assert await found(search="", tags="", groups="", status="") == [4, 3, 2, 1]
    assert await found(search="m", tags="b", groups=family, status="active", other="x") == [2]
    assert (await api.get("/contacts", limit=99999))["data"]["pagination"]["limit"] == 1200
    assert (await Client(rig, OTHER).get("/contacts"))["data"]["pagination"]["total"] == 0
    theirs = Client(rig, OTHER)
    await theirs.contact(9)
    assert (await theirs.call("GET", "/contacts", params={"groups": friends}))["data"]["contacts"] == []
    for query in ({"status": "gone"}, {"page": 0}, {"limit": 0}, {"limit": "x"}, {"page": 10**10}):
        answer = await api.refused("GET", "/contacts", 400, "VALIDATION_ERROR", params=query)
        assert [error["field"] for error in answer["errors"]] == list(query)
    await api.refused("GET", "/contacts?page=1&page=2", 400, "VALIDATION_ERROR")
    await api.refused("GET", "/contacts?search=%00", 400, "VALIDATION_ERROR")


async def test_groups(rig: GatewayRig, api: Client) -> None:
    """TX-21, TX-22."""
    made = await api.post("/groups", {"name": "Friends", "description": "of mine"})
    data = made["data"]
    assert made == {"status": "success", "message": "Group created", "data": data}
    assert data == {
        "_id": data["_id"],
        "name": "Friends",
        "description": "of mine",
        "createdAt": "2026-01-01T00:00:00Z",
    }
    second = (await api.post("/groups", {"name": "Friends"}))["data"]
    assert second["description"] is None
    assert (await api.get("/groups")) == {
        "status": "success",
        "data": {"pagination": {"page": 1, "limit": 50, "total": 2, "pages": 1}, "groups": [second, data]},
    }
    assert (await api.get("/groups", page=2, limit=1))["data"] == {
        "pagination": {"page": 2, "limit": 1, "total": 2, "pages": 2},
        "groups": [data],
    }
    assert (await Client(rig, OTHER).get("/groups"))["data"]["groups"] == []
    for body in ({}, {"name": ""}, {"name": 7}, {"name": "x" * 256}, {"name": "a", "description": 1}):
        await api.refused("POST", "/groups", 400, "VALIDATION_ERROR", body)


async def test_templates(rig: GatewayRig, api: Client) -> None:
    """TX-23, TX-24, TX-25, TX-28."""
    text = "Hi {{ name }}, {{code}} {{name}} {{ {{x}} }} {{no-name}} {{_1}} {{}} {{\tt}}"
    made = await api.post("/templates", {"name": "Welcome", "message": text, "description": "first"})
    data = made["data"]
    assert made == {"status": "success", "message": "Template created successfully", "data": data}
    assert data == {
        "_id": data["_id"],
        "name": "Welcome",
        "message": text,
        "description": "first",
        "variables": ["name", "code", "x", "_1"],
        "createdAt": "2026-01-01T00:00:00Z",
    }
    assert (await api.get(f"/templates/{data['_id']}")) == {"status": "success", "data": data}
    second = (await api.get(f"/templates/{await api.template('Bye')}"))["data"]
    assert (await api.get("/templates"))["data"] == {
        "pagination": {"page": 1, "limit": 50, "total": 2, "pages": 1},
        "templates": [second, data],
    }
    assert (await api.get("/templates", page=3, limit=1))["data"] == {
        "pagination": {"page": 3, "limit": 1, "total": 2, "pages": 2},
        "templates": [],
    }
    other = Client(rig, OTHER)
    assert (await other.get("/templates"))["data"]["templates"] == []
    for id in (data["_id"], "f" * 24, "x"):
        await other.refused("GET", f"/templates/{id}", 404, "NOT_FOUND")
        await other.refused("POST", f"/templates/{id}/render", 404, "NOT_FOUND", {"variables": {}})
    for body in ({}, {"name": "a"}, {"message": "a"}, {"name": "", "message": "a"}, {"name": "a", "message": ""}):
        await api.refused("POST", "/templates", 400, "VALIDATION_ERROR", body)


async def test_a_preview(api: Client) -> None:
    """TX-26, TX-28: what is missing stays in the text; what is put in is not looked at again."""
    body = {"message": "{{ a }} {{b}} {{c}} {{a}}", "variables": {"a": "{{b}}", "c": 5, "unused": 1.5}}
    assert (await api.post("/templates/preview", body)) == {
        "status": "success",
        "data": {
            "originalMessage": "{{ a }} {{b}} {{c}} {{a}}",
            "renderedMessage": "{{b}} {{b}} 5 {{b}}",
            "variables": ["a", "b", "c"],
            "providedVariables": ["a", "c", "unused"],
            "missingVariables": ["b"],
            "isComplete": False,
        },
    }
    complete = (await api.post("/templates/preview", {"message": "Hello"}))["data"]
    assert (complete["renderedMessage"], complete["isComplete"], complete["variables"]) == ("Hello", True, [])
    for wrong in ({}, {"message": ""}, {"message": "a", "variables": []}, {"message": "a", "variables": {"a": None}}):
        await api.refused("POST", "/templates/preview", 400, "VALIDATION_ERROR", wrong)


async def test_a_template_filled_in(api: Client) -> None:
    """TX-27: 200 also where something is missing; providedVariables is an object."""
    id = await api.template("Hi {{name}}, {{code}}", name="Code")
    for body, text, given in (
        ({"variables": {"name": "Ada", "code": 7}}, "Hi Ada, 7", {"name": "Ada", "code": 7}),
        ({"variables": {"name": "Ada"}}, "Hi Ada, {{code}}", {"name": "Ada"}),
        ({}, "Hi {{name}}, {{code}}", {}),
        (None, "Hi {{name}}, {{code}}", {}),
    ):
        assert (await api.post(f"/templates/{id}/render", body))["data"] == {
            "templateId": id,
            "templateName": "Code",
            "originalMessage": "Hi {{name}}, {{code}}",
            "renderedMessage": text,
            "variables": ["name", "code"],
            "providedVariables": given,
        }


async def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    """Contacts, groups, templates and messages outlive the daemon; new ids are new."""
    accounts = (account("acme", texify()),)
    async with GatewayRig(tmp_path, *accounts) as rig:
        api = Client(rig)
        group = await api.group()
        contact, template = (
            await api.contact(1, groups=[group], firstName="Ada"),
            await api.template("Hi {{firstName}}"),
        )
        sent = await api.send(contact, message=None, templateId=template)
    async with GatewayRig(tmp_path, *accounts) as rig:
        api = Client(rig)
        assert (await api.get(f"/messages/{sent['results'][0]['messageId']}"))["data"]["message"] == "Hi Ada"
        again = await api.send(group, message=None, templateId=template)
        ids = {group, contact, template, sent["results"][0]["messageId"], again["results"][0]["messageId"]}
        assert len(ids) == 5


async def test_the_documents_own_calls(rig: GatewayRig, api: Client) -> None:
    """TX-9, TX-16, TX-19 to TX-27, TX-29, TX-30: its bodies and queries as they stand, but for ids and the date."""
    group = (await api.post("/groups", {"name": "VIP Customers", "description": "High value customers"}))["data"]["_id"]
    john = {
        "phoneNumber": "+233244000000",
        "firstName": "John",
        "lastName": "Doe",
        "email": "john@example.com",
        "tags": ["customer", "vip"],
        "groups": [group],
        "customFields": {"company": "ABC Corp"},
    }
    contact = (await api.post("/contacts", john))["data"]["_id"]
    template = {"name": "Welcome", "message": "Hello {{firstName}}, welcome!", "description": "Welcome message"}
    id = (await api.post("/templates", template))["data"]["_id"]
    body = {"message": "Hello from Texify!", "recipients": ["+233244000001", contact, group], "senderId": "TEXIFY"}
    sent = (await api.post("/messages/send", body))["data"]
    assert (sent["totalRecipientCount"], sent["results"][0]["segmentation"]["charCount"]) == (2, 18)
    named = {"templateId": id, "variables": {"firstName": "Ama"}, "recipients": ["+233244000000"], "senderId": "TEXIFY"}
    await api.post("/messages/send", named)
    for query in (
        "/messages?page=1&limit=20&status=sent&dateFrom=2024-01-01",
        "/contacts?page=1&limit=50&status=active&search=John",
        "/groups?page=1&limit=50",
        "/templates?page=1&limit=50",
        "/scheduled?page=1&limit=20&status=pending",
        f"/templates/{id}",
        f"/messages/{sent['results'][0]['messageId']}",
        "/balance",
    ):
        await api.get(query)
    await api.post("/templates/preview", {"message": "Hello {{name}}", "variables": {"name": "John"}})
    await api.post(f"/templates/{id}/render", {"variables": {"firstName": "John"}})
    later = {
        "message": "Reminder",
        "senderId": "TEXIFY",
        "scheduledFor": "2026-01-20T09:00:00Z",
        "recipientType": "phones",
        "phones": ["+233244000000", "+233244000001"],
    }
    made = (await api.post("/scheduled", later))["data"]["scheduledMessage"]["_id"]
    await api.get(f"/scheduled/{made}")
    await api.call("PATCH", f"/scheduled/{made}", json={"message": "Updated", "scheduledFor": "2026-01-21T10:00:00Z"})
    await api.post(f"/scheduled/{made}/cancel")
