"""FullSMS's one-time passwords by its contract, requirement by requirement."""

import asyncio
import re
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.account import RateLimit
from router.gateway.ids import UUID
from router.message import TrafficClass
from tests.gateways.fullsms import OTHER, Client, fullsms, invalid, number
from tests.gateways.rig import GatewayRig, account

pytestmark = pytest.mark.end_to_end

UNKNOWN = {"status_code": 404, "status": "declined", "message": "OTP_ID does not exist"}
NOT_ACTIVE = {"message": "OTP is not active", "status_code": 422}
WRONG = invalid({"code": "This code is invalid."}, code=True)
TOO_MANY_TRIES = {"message": "Wrong code too many times", "code": 429, "status_code": 429}
TOO_SOON = {
    "message": "Two active requests to the same number are not allowed. You may try again when 30 seconds has passed"
    " from the first OTP verification was created",
    "code": 429,
    "status_code": 429,
}


def acme(**settings: Any) -> Any:
    return account("acme", fullsms(**settings))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    async with GatewayRig(tmp_path, acme(), account("other", fullsms(OTHER))) as rig:
        yield rig


@pytest.fixture
def client(rig: GatewayRig) -> Client:
    return Client(rig)


async def sent_code(rig: GatewayRig, count: int = 1) -> int:
    """What the handset reads."""
    messages = await rig.engine_rig.written("mtn", count)
    found = re.search(r"\d{6}", messages[count - 1].message.text or "")
    assert found is not None
    return int(found[0])


async def made(rig: GatewayRig, client: Client, to: str | None = None) -> tuple[str, int]:
    """An id, and its code."""
    before = len(rig.engine_rig.operators["mtn"].written)
    id = (await client.make_code(to))["otp_id"]
    return id, await sent_code(rig, before + 1)


async def verify(client: Client, id: str, code: Any, status: int = 200) -> Any:
    return await client.post("/otp/verify", {"otp_id": id, "code": code}, status)


async def status_of(client: Client, id: str) -> str:
    answer: str = (await client.get("/otp/search", otp_id=id))["status"]
    return answer


async def test_from_the_first_to_the_last_step(rig: GatewayRig, client: Client) -> None:
    """FS-24, FS-25, FS-26, FS-29, FS-30, XA-4."""
    answer = await client.make_code(number(1), brand="Shop", **{"from": "OTP"})
    id = answer["otp_id"]
    assert answer == {"status": "approved", "otp_id": id, "otp_status": "in_progress"}
    (submission,) = await rig.engine_rig.written("mtn")
    message = submission.message
    code = await sent_code(rig)
    assert 100_000 <= code <= 999_999
    assert message.text == f"Your Shop verification code is {code}."
    assert (message.sender, message.traffic_class, message.confidential) == ("OTP", TrafficClass.OTP, True)
    rig.move(30)
    before = await client.get("/otp/search", otp_id=id)
    assert before == {
        "uuid": id,
        "status": "in_progress",
        "destination": number(1),
        "sender_value": "OTP",
        "brand": "Shop",
        "created at": "2026-01-01 00:00:00",
        "created_at": "2026-01-01 00:00:00",
        "last_check_at": None,
        "checks": [],
    }
    wrong = 100_000 if code != 100_000 else 100_001
    assert await verify(client, id, wrong, 422) == WRONG
    rig.move(5)
    assert await verify(client, id, code) == {"status": "approved"}
    assert await client.get("/otp/search", otp_id=id) == before | {
        "status": "approved",
        "last_check_at": "2026-01-01 00:00:35",
        "checks": [
            {"date": "2026-01-01 00:00:30", "code": wrong, "status": "invalid"},
            {"date": "2026-01-01 00:00:35", "code": code, "status": "valid"},
        ],
    }
    assert await verify(client, id, code, 422) == NOT_ACTIVE


async def test_a_code_as_text(rig: GatewayRig, client: Client) -> None:
    """FS-25."""
    id, code = await made(rig, client)
    assert await verify(client, id, str(code)) == {"status": "approved"}


async def test_three_checks(rig: GatewayRig, client: Client) -> None:
    """FS-7, FS-27, XA-6: then not even the right code helps, and waiting does not either."""
    id, code = await made(rig, client)
    for _ in range(3):
        assert await status_of(client, id) == "in_progress"
        assert await verify(client, id, 1, 422) == WRONG
    assert await status_of(client, id) == "failed"
    assert await verify(client, id, code, 429) == TOO_MANY_TRIES
    assert "Retry-After" not in client.headers
    assert await client.post("/otp/cancel", {"otp_id": id}, 422) == NOT_ACTIVE
    assert len((await client.get("/otp/search", otp_id=id))["checks"]) == 3


async def test_tries_at_the_same_moment_are_counted_each(rig: GatewayRig, client: Client) -> None:
    """FS-27."""
    id, _ = await made(rig, client)

    async def one() -> int:
        async with rig.client.post(
            "/otp/verify", json={"otp_id": id, "code": 1}, headers={"Authorization": f"Bearer {client.token}"}
        ) as response:
            return response.status

    assert sorted(await asyncio.gather(*(one() for _ in range(8)))) == [422] * 3 + [429] * 5


async def test_cancel(rig: GatewayRig, client: Client) -> None:
    """FS-28, FS-30."""
    id, code = await made(rig, client)
    assert await client.post("/otp/cancel", {"otp_id": id}) == ["ok"]
    assert await status_of(client, id) == "canceled"
    assert await client.post("/otp/cancel", {"otp_id": id}, 422) == NOT_ACTIVE
    assert await verify(client, id, code, 422) == NOT_ACTIVE


async def test_it_expires(rig: GatewayRig, client: Client) -> None:
    """FS-7, FS-30, FS-31: after ten minutes."""
    id, code = await made(rig, client)
    rig.move(599.9)
    assert await status_of(client, id) == "in_progress"
    rig.move(0.1)
    assert await status_of(client, id) == "expired"
    assert await verify(client, id, code, 422) == NOT_ACTIVE
    assert await client.post("/otp/cancel", {"otp_id": id}, 422) == NOT_ACTIVE


async def test_one_within_thirty_seconds(rig: GatewayRig, client: Client) -> None:
    """FS-7, FS-8, FS-31, XA-6."""
    id, code = await made(rig, client)
    rig.move(10)
    assert await client.make_code(f"+{number(1)}", 429) == TOO_SOON
    assert client.headers["Retry-After"] == "20"
    await client.make_code(number(2))
    assert await status_of(client, id) == "in_progress"
    rig.move(20)
    second, other = await made(rig, client)
    assert await status_of(client, id) == "canceled"
    assert await verify(client, id, code, 422) == NOT_ACTIVE
    assert await verify(client, second, other) == {"status": "approved"}


async def test_after_it_is_over_there_may_be_another(rig: GatewayRig, client: Client) -> None:
    """FS-31: what is not active holds up nothing."""
    id, code = await made(rig, client)
    await verify(client, id, code)
    id, _ = await made(rig, client)
    await client.post("/otp/cancel", {"otp_id": id})
    await made(rig, client)


async def test_so_many_active_ones(tmp_path: Path) -> None:
    """FS-7, FS-8, FS-31, XA-6."""
    async with GatewayRig(tmp_path, acme(otp={"active": 3, "life": 60.0})) as rig:
        client = Client(rig)
        ids = [(await client.make_code(number(place)))["otp_id"] for place in range(3)]
        answer = await client.make_code(number(3), 429)
        assert answer == {
            "message": "You can create up-to 3 concurrent active OTP_IDs",
            "code": 429,
            "status_code": 429,
        }
        assert int(client.headers["Retry-After"]) == 60
        await client.post("/otp/cancel", {"otp_id": ids[0]})
        await client.make_code(number(3))
        rig.move(60)
        await client.make_code(number(4))


async def test_no_more_than_that_at_the_same_moment(tmp_path: Path) -> None:
    """FS-31."""
    async with GatewayRig(tmp_path, acme(otp={"active": 5})) as rig:

        async def one(place: int) -> int:
            body = {"to_number": number(place), "from": "ACME"}
            headers = {"Authorization": f"Bearer {Client(rig).token}"}
            async with rig.client.post("/otp/create", json=body, headers=headers) as response:
                return response.status

        statuses = await asyncio.gather(*(one(place) for place in range(12)))
        assert set(statuses) == {200, 429}
        assert statuses.count(200) <= 5


async def test_one_at_the_same_moment(rig: GatewayRig, client: Client) -> None:
    """FS-31."""

    async def one() -> int:
        headers = {"Authorization": f"Bearer {client.token}"}
        body = {"to_number": number(1), "from": "ACME"}
        async with rig.client.post("/otp/create", json=body, headers=headers) as response:
            return response.status

    assert sorted(await asyncio.gather(*(one() for _ in range(5)))) == [200] + [429] * 4


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"to_number": None}, ["to_number"]),
        ({"to_number": ""}, ["to_number"]),
        ({"to_number": 237670000001}, ["to_number"]),
        ({"to_number": "0670"}, ["to_number"]),
        ({"to_number": "x"}, ["to_number"]),
        ({"brand": 5}, ["brand"]),
        ({"brand": "a" * 51}, ["brand"]),
        ({"brand": "я" * 13}, ["brand"]),
        ({"brand": "a\nb"}, ["brand"]),
        ({"from": 5}, ["from"]),
        ({"to_number": "x", "brand": "a" * 51, "from": []}, ["to_number", "from", "brand"]),
    ],
)
async def test_fields_of_create(rig: GatewayRig, client: Client, fields: Any, wrong: list[str]) -> None:
    """FS-5, FS-7, FS-24, XA-1."""
    body = {"to_number": number(1), "from": "ACME"} | fields
    answer = await client.post("/otp/create", body, 422)
    assert answer == invalid({name: f"This {name} is invalid." for name in wrong}, code=True)
    assert not rig.engine_rig.operators["mtn"].written


@pytest.mark.parametrize("brand", ["a" * 50, "я" * 12, "€" * 50, "😀" * 12, None, ""])
async def test_brands(rig: GatewayRig, client: Client, brand: Any) -> None:
    """FS-24."""
    await client.make_code(brand=brand)
    (submission,) = await rig.engine_rig.written("mtn")
    text = submission.message.text or ""
    assert text.startswith(f"Your {brand} verification" if brand else "Your verification")
    id = UUID.write(1)
    assert (await client.get("/otp/search", otp_id=id))["brand"] == (brand or "")


async def test_nobody_serves_the_number(tmp_path: Path) -> None:
    """FS-7: it could not be sent, so there is none, and another try is not too soon."""
    async with GatewayRig(tmp_path, acme(), prefix="237") as rig:
        client = Client(rig)
        for _ in range(2):
            answer = await client.make_code("447700900123", 422)
            assert answer == invalid({"to_number": "This to_number is invalid."}, code=True)


async def test_what_it_costs_cannot_be_paid(tmp_path: Path) -> None:
    """FS-7, XA-1."""
    async with GatewayRig(tmp_path, account("acme", fullsms(), wallet="prepaid")) as rig:
        client = Client(rig)
        answer = await client.make_code(status=422)
        assert (answer["status"], answer["reason"]) == ("declined", "balance_low")
        await rig.engine_rig.engine.wallets.credit("acme", Decimal("0.02"))
        await made(rig, client)
        assert rig.engine_rig.engine.wallets.balance("acme") == 0


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["otp_id", "code"]),
        ({"code": 123456}, ["otp_id"]),
        ({"otp_id": 5, "code": 123456}, ["otp_id"]),
        ({"otp_id": UUID.write(1)}, ["code"]),
        ({"otp_id": UUID.write(1), "code": None}, ["code"]),
        ({"otp_id": UUID.write(1), "code": ""}, ["code"]),
        ({"otp_id": UUID.write(1), "code": "12345x"}, ["code"]),
        ({"otp_id": UUID.write(1), "code": "١٢٣٤٥٦"}, ["code"]),
        ({"otp_id": UUID.write(1), "code": 1.5}, ["code"]),
        ({"otp_id": UUID.write(1), "code": True}, ["code"]),
        ({"otp_id": UUID.write(1), "code": -1}, ["code"]),
        ({"otp_id": UUID.write(1), "code": 10**18}, ["code"]),
        ({"otp_id": UUID.write(1), "code": "9" * 5000}, ["code"]),
        ({"otp_id": UUID.write(1), "code": [1]}, ["code"]),
    ],
)
async def test_fields_of_verify(client: Client, body: Any, wrong: list[str]) -> None:
    """FS-5, FS-7, FS-26."""
    answer = await client.post("/otp/verify", body, 422)
    assert answer == invalid({name: f"This {name} is invalid." for name in wrong}, code=True)


async def test_what_is_no_code_is_no_try(rig: GatewayRig, client: Client) -> None:
    """FS-25, FS-27."""
    id, code = await made(rig, client)
    for given_code in ("x", None, 1.5, "", -1):
        assert await verify(client, id, given_code, 422) == WRONG
    assert await verify(client, id, code) == {"status": "approved"}


@pytest.mark.parametrize("body", [{}, {"otp_id": None}, {"otp_id": ""}, {"otp_id": 7}])
async def test_fields_of_cancel(client: Client, body: Any) -> None:
    """FS-28."""
    answer = await client.post("/otp/cancel", body, 422)
    assert answer == invalid({"otp_id": "This otp_id is invalid."}, code=True)


async def test_fields_of_search(client: Client) -> None:
    """FS-29."""
    for query in ({}, {"otp_id": ""}):
        answer = await client.get("/otp/search", 422, **query)
        assert answer == invalid({"otp_id": "This otp_id is invalid."}, code=True)


@pytest.mark.parametrize("id", [UUID.write(99), "x", "23d8ab2e-cd91-47c7-a83f-aa99b8903c38", "0" * 36, "é"])
async def test_no_such_code(client: Client, id: str) -> None:
    """FS-7."""
    assert await verify(client, id, 123456, 404) == UNKNOWN
    assert await client.post("/otp/cancel", {"otp_id": id}, 404) == UNKNOWN
    assert await client.get("/otp/search", 404, otp_id=id) == UNKNOWN


async def test_a_code_of_another_account(rig: GatewayRig, client: Client) -> None:
    """FS-32, XA-3."""
    id, code = await made(rig, client)
    other = Client(rig, OTHER)
    assert await verify(other, id, code, 404) == UNKNOWN
    assert await other.post("/otp/cancel", {"otp_id": id}, 404) == UNKNOWN
    assert await other.get("/otp/search", 404, otp_id=id) == UNKNOWN
    assert await status_of(client, id) == "in_progress"


async def test_requests_are_limited(tmp_path: Path) -> None:
    """FS-10: guessing is, too."""
    async with GatewayRig(tmp_path, acme(rate=RateLimit(1, 60))) as rig:
        client = Client(rig)
        await client.make_code()
        answer = await verify(client, UUID.write(1), 1, 429)
        assert answer == {"message": "Too Many Requests", "code": 429, "status_code": 429}


async def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    """FS-26."""
    async with GatewayRig(tmp_path, acme()) as rig:
        id, code = await made(rig, Client(rig))
    async with GatewayRig(tmp_path, acme()) as rig:
        assert await verify(Client(rig), id, code) == {"status": "approved"}


async def test_the_code_is_on_disk_only_as_its_hash(tmp_path: Path) -> None:
    """XA-4: before it was tried, and once its message has ended."""
    async with GatewayRig(tmp_path, acme()) as rig:
        _, code = await made(rig, Client(rig))
        await rig.deliver()
        bodies = await rig.engine_rig.store.read(  # type: ignore[attr-defined]
            lambda connection: [
                body
                for table in ("messages", "codes", "sends")
                for (body,) in connection.execute(f"SELECT body FROM {table}")
            ]
        )
        assert len(bodies) >= 2
        assert not any(str(code).encode() in body for body in bodies)


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(
    ["to_numbers", "to_list_ids", "from", "message", "template_id", "send_at", "to_number", "brand", "otp_id", "code"]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    body=st.dictionaries(_NAMES, _ANYTHING | st.just("ACME") | st.just([number(1)]), max_size=8),
    path=st.sampled_from(
        ["/messages/send/to_lists", "/messages/send/to_numbers", "/otp/create", "/otp/verify", "/otp/cancel"]
    ),
)
async def test_whatever_comes_is_answered_in_its_words(rig: GatewayRig, body: Any, path: str) -> None:
    """FS-5."""
    headers = {"Authorization": f"Bearer {Client(rig).token}"}
    async with rig.client.post(path, json=body, headers=headers) as response:
        answer = await response.json()
        assert response.status in (200, 403, 404, 422, 429), answer
        if response.status != 200:
            assert answer["status_code"] == response.status
