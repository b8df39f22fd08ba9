"""Whatever comes in, Texify answers in its own form, never with a 500."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateways.rig import GatewayRig, account
from tests.gateways.texify import KEY, Client, number, texify

pytestmark = pytest.mark.deep

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
LIKELY = st.sampled_from(
    [number(1), "0670", "f" * 24, "2027-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
     "phones", "contacts", "groups", "ACME", "{{a}}", "{{firstName}}", "active", "1", "-1", "\0", "\ud800", ""]
)  # fmt: skip
JSON = st.recursive(
    SCALARS | LIKELY,
    lambda one: st.lists(one, max_size=4) | st.dictionaries(st.text(max_size=8) | LIKELY, one, max_size=4),
)
FIELDS = st.sampled_from(
    ["message", "templateId", "variables", "recipients", "senderId", "phoneNumber", "firstName", "lastName", "email",
     "tags", "groups", "customFields", "name", "description", "scheduledFor", "recipientType", "phones", "contacts"]
)  # fmt: skip
GOOD = {
    "message": "Hello {{a}}", "recipients": [number(1)], "senderId": "ACME", "phoneNumber": number(2), "name": "a",
    "scheduledFor": "2027-01-01T00:00:00Z", "recipientType": "phones", "phones": [number(1)],
}  # fmt: skip
BODIES = st.dictionaries(FIELDS, LIKELY | JSON, max_size=4).map(lambda more: GOOD | more) | JSON
POSTS = ["/messages/send", "/contacts", "/groups", "/templates", "/templates/preview", "/scheduled"]
QUERY = st.dictionaries(
    st.sampled_from(["page", "limit", "status", "search", "tags", "groups", "dateFrom", "dateTo"]),
    LIKELY | st.integers().map(str) | st.text(max_size=10),
    max_size=3,
)

relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    async with GatewayRig(tmp_path, account("acme", texify())) as rig:
        yield rig


async def answered(rig: GatewayRig, method: str, path: str, **sent: Any) -> None:
    headers = {"X-API-Key": KEY}
    async with rig.client.request(method, f"/api/v1{path}", headers=headers, **sent) as response:
        body = await response.json()
    assert response.status < 500, body
    assert body["status"] == ("success" if response.status == 200 else "error")


@relaxed
@given(path=st.sampled_from(POSTS), body=BODIES)
async def test_any_body(rig: GatewayRig, path: str, body: Any) -> None:
    """TX-5."""
    await answered(rig, "POST", path, data=json.dumps(body))


@relaxed
@given(body=BODIES, method=st.sampled_from([("PATCH", ""), ("POST", "/cancel")]))
async def test_any_change(rig: GatewayRig, body: Any, method: tuple[str, str]) -> None:
    """TX-32."""
    wanted = {"message": "a", "senderId": "ACME", "scheduledFor": "2027-01-01T00:00:00Z"}
    made = await Client(rig).post("/scheduled", wanted | {"recipientType": "phones", "phones": [number(1)]})
    id = made["data"]["scheduledMessage"]["_id"]
    await answered(rig, method[0], f"/scheduled/{id}{method[1]}", data=json.dumps(body))


@relaxed
@given(path=st.sampled_from(["/messages", "/contacts", "/groups", "/templates", "/scheduled"]), query=QUERY)
async def test_any_query(rig: GatewayRig, path: str, query: dict[str, str]) -> None:
    """TX-16, TX-20."""
    clean = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    await answered(rig, "GET", path, params=clean)


@relaxed
@given(octets=st.binary(max_size=60), path=st.sampled_from(POSTS))
async def test_any_octets(rig: GatewayRig, octets: bytes, path: str) -> None:
    """TX-5."""
    await answered(rig, "POST", path, data=octets)
