"""What holds in every public API (XA): nothing sent or charged by an error, nobody sees another's, secrets nowhere."""

import asyncio
import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest
from aiohttp import ClientResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.account import AccountChannel, Price, RateLimit
from tests.gateways.five import FIVE, Api, account_of_all, secret
from tests.gateways.rig import GatewayRig

NUMBERS = [f"+2376700000{number:02d}" for number in range(20)]
EACH = pytest.mark.parametrize("api", FIVE.values(), ids=FIVE)


async def send(
    rig: GatewayRig, api: Api, to: list[str], name: str = "acme", own: str | None = None, text: str = "Hello"
) -> ClientResponse:
    own = secret(name) if own is None else own
    return await rig.client.post(api.send, headers=api.headers(name, own), json=api.body(name, own, to, text))


async def credit(rig: GatewayRig, amount: str, name: str = "acme") -> None:
    await rig.engine_rig.engine.wallets.credit(name, Decimal(amount))


def balance(rig: GatewayRig, name: str = "acme") -> int:
    return rig.engine_rig.engine.wallets.balance(name)


def stored(rig: GatewayRig) -> int:
    connection = apsw.Connection(str(rig.engine_rig.path), apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute("SELECT count(*) FROM messages").get  # type: ignore[no-any-return]
    finally:
        connection.close()


@EACH
async def test_the_same_path_through_the_engine(tmp_path: Path, api: Api) -> None:
    """XA-7: cut, routed and priced alike, whoever was asked."""
    async with GatewayRig(tmp_path, account_of_all("acme", wallet="postpaid")) as rig:
        response = await send(rig, api, NUMBERS[:2], text="é" * 161)
        assert response.status == 200, await response.text()
        connection = apsw.Connection(str(rig.engine_rig.path), apsw.SQLITE_OPEN_READONLY)
        bodies = [body for (body,) in connection.execute("SELECT body FROM messages ORDER BY no")]
        connection.close()
        found = [rig.engine_rig.engine.ledger.find(_id(body)) for body in bodies]
        assert [(one.to, one.segments, one.operator, one.sender) for one in found] == [
            (NUMBERS[0], 2, "mtn", "ACME"),
            (NUMBERS[1], 2, "mtn", "ACME"),
        ]
        assert {str(one.price) for one in found} == {"0.04 XAF"}
        assert {one.origin for one in found} == {api.name}


def _id(body: bytes) -> str:
    return str(msgspec.json.decode(body)["id"])


@EACH
async def test_who_cannot_pay_for_all_has_sent_nothing(tmp_path: Path, api: Api) -> None:
    """XA-1, XA-2."""
    async with GatewayRig(tmp_path, account_of_all("acme", wallet="prepaid", prices=(Price("", Decimal(1)),))) as rig:
        await credit(rig, "19")
        before = balance(rig)
        response = await send(rig, api, NUMBERS)
        assert response.status == api.no_credit, await response.text()
        assert (balance(rig), stored(rig)) == (before, 0)
        assert (await send(rig, api, NUMBERS[:19])).status == 200
        assert stored(rig) == 19
        assert balance(rig) == 0


@pytest.mark.deep
@EACH
async def test_a_hundred_at_once_overdraw_nothing(tmp_path: Path, api: Api) -> None:
    """XA-2."""
    rate = RateLimit(1_000_000, 1.0)
    poor = account_of_all("acme", wallet="prepaid", prices=(Price("", Decimal(1)),), rate_of_keys=rate)
    async with GatewayRig(tmp_path, poor) as rig:
        least = 5 if api.name == "fullsms" else 0
        await credit(rig, str(37 + least))
        numbers = [f"+23767000{number:04d}" for number in range(100)]
        answers = await asyncio.gather(*(send(rig, api, [number]) for number in numbers))
        assert sorted(one.status for one in answers) == sorted(
            [200] * stored(rig) + [api.no_credit] * (100 - stored(rig))
        )
        assert stored(rig) in (37, 37 + least)
        assert balance(rig) >= 0


@EACH
async def test_wrong_credentials_are_limited_and_say_nothing(tmp_path: Path, api: Api) -> None:
    """XA-6, XA-8, XA-11: a wrong name and a wrong secret are the same; guessing comes to an end, and who has the right
    secret is let in all the same."""
    async with GatewayRig(tmp_path, account_of_all("acme", wallet="postpaid")) as rig:
        wrong = await send(rig, api, NUMBERS[:1], own="not-the-secret")
        nobody = await send(rig, api, NUMBERS[:1], name="nobody", own="not-the-secret")
        assert (wrong.status, nobody.status) == (api.wrong_credentials, api.wrong_credentials)
        assert _without_time(await wrong.json()) == _without_time(await nobody.json())
        for _ in range(80):
            guess = await send(rig, api, NUMBERS[:1], own="not-the-secret")
        assert guess.status == 429
        assert int(guess.headers["Retry-After"]) >= 1
        assert stored(rig) == 0
        assert (await send(rig, api, NUMBERS[:1])).status == 200


def _without_time(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "timestamp"}


@EACH
async def test_a_key_that_is_used_too_often(tmp_path: Path, api: Api) -> None:
    """XA-6: 429 with the seconds to wait; then it works again."""
    busy = account_of_all("acme", wallet="postpaid", rate_of_keys=RateLimit(3, 10.0))
    async with GatewayRig(tmp_path, busy) as rig:
        statuses = [(await send(rig, api, NUMBERS[:1])).status for _ in range(3)]
        assert statuses == [200, 200, 200]
        response = await send(rig, api, NUMBERS[:1])
        assert (response.status, response.headers["Retry-After"]) == (429, "10")
        assert response.headers["Content-Type"] == api.media
        rig.engine_rig.clock.move(10)
        assert (await send(rig, api, NUMBERS[:1])).status == 200


@EACH
@pytest.mark.parametrize("status", ["suspended", "cancelled"])
async def test_an_account_that_may_not(tmp_path: Path, api: Api, status: Any) -> None:
    """XA-1."""
    async with GatewayRig(tmp_path, account_of_all("acme", wallet="postpaid", status=status)) as rig:
        response = await send(rig, api, NUMBERS[:1])
        assert response.status == 403, await response.text()
        assert response.headers["Content-Type"] == api.media
        assert stored(rig) == 0


@EACH
async def test_paths_and_methods_that_are_not(tmp_path: Path, api: Api) -> None:
    """XA-5: in the shape of the API whose base they are under."""
    async with GatewayRig(tmp_path, account_of_all("acme")) as rig:
        headers = api.headers("acme", secret("acme"))
        nowhere = await rig.client.get(f"{api.base}/no/such/path", headers=headers)
        wrong = await rig.client.put(api.send, headers=headers, data=b"{}")
        assert (nowhere.status, wrong.status) == (404, 405)
        for one in (nowhere, wrong):
            assert one.headers["Content-Type"] == api.media
            assert isinstance(await one.json(), dict)


async def test_nobodys_path(tmp_path: Path) -> None:
    """XA-5."""
    async with GatewayRig(tmp_path) as rig:
        for path in ("/", "/api", "/api/v9/x", "/v1/messages"):
            response = await rig.client.get(path)
            assert response.status == 404
            assert isinstance(await response.json(), dict)


@EACH
async def test_any_sender_where_none_is_listed(tmp_path: Path, api: Api) -> None:
    """XA-10: an account whose approved senders are not listed may use any."""
    async with GatewayRig(tmp_path, account_of_all("acme", wallet="postpaid", senders=None)) as rig:
        assert (await send(rig, api, NUMBERS[:1])).status == 200
    listed = tmp_path / "listed"
    listed.mkdir()
    async with GatewayRig(
        listed,
        account_of_all(
            "acme",
            wallet="postpaid",
            senders=("OTHER",),
            default_sender="OTHER",
            channels=(AccountChannel("sms", "sms", "SMS"),),
        ),
    ) as rig:
        response = await send(rig, api, NUMBERS[:1])
        assert response.status in (403, 422), await response.text()
        assert stored(rig) == 0


@EACH
async def test_a_store_that_cannot_write_takes_nothing(tmp_path: Path, api: Api) -> None:
    """XA-1."""
    async with GatewayRig(tmp_path, account_of_all("acme", wallet="postpaid")) as rig:
        with rig.engine_rig.outage():
            response = await send(rig, api, NUMBERS[:1])
        assert response.status >= 500
        assert response.headers["Content-Type"] == api.media
        assert stored(rig) == 0


@EACH
async def test_secrets_are_in_no_log_and_no_error(
    tmp_path: Path, api: Api, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """XA-4: also where they came in the address, and where the request is refused for another reason."""
    own = secret("acme")
    with caplog.at_level(logging.DEBUG):
        async with GatewayRig(tmp_path, account_of_all("acme", wallet="postpaid")) as rig:
            answers = [
                await send(rig, api, NUMBERS[:1]),
                await send(rig, api, ["1"]),
                await send(rig, api, NUMBERS[:1], own=own[:-1]),
                await rig.client.get(api.send, params={"api_token": own, "api_key": own, "password": own}),
                await rig.client.post(api.send, params={"api_token": own, "password": own}, data=b"{" + own.encode()),
                await rig.client.post(api.send, headers=api.headers("acme", own), json={"x": own}),
            ]
            texts = [await one.text() for one in answers]
    said = "\n".join([*texts, caplog.text, *capsys.readouterr()])
    assert own not in said
    assert own[:-1] not in said


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.deep
@EACH
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_body_breaks_it(tmp_path_factory: pytest.TempPathFactory, api: Api, data: st.DataObject) -> None:
    """XA-1: anything as the body is an answer of the API, never an error of ours."""
    usual = api.body("acme", secret("acme"), NUMBERS[:1], "Hello")
    fields = st.sampled_from(sorted(usual))
    changed = st.builds(lambda name, value: {**usual, name: value}, fields, _JSON)
    bodies = data.draw(st.lists(changed | _JSON, min_size=5, max_size=20))
    raw = data.draw(st.lists(st.binary(max_size=60), max_size=5))

    async def ask() -> None:
        many = RateLimit(1_000_000, 1.0)
        folder = tmp_path_factory.mktemp("fuzz")
        async with GatewayRig(folder, account_of_all("acme", wallet="postpaid", rate_of_keys=many)) as rig:
            headers = api.headers("acme", secret("acme"))
            for body in bodies:
                response = await rig.client.post(api.send, headers=headers, json=body)
                assert response.status < 500, (body, await response.text())
                assert response.headers["Content-Type"] == api.media
            for octets in raw:
                response = await rig.client.post(api.send, headers=headers, data=octets)
                assert response.status < 500, (octets, await response.text())

    asyncio.run(ask())
