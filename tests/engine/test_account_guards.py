"""Guards of an account: countries, velocity, duplicates, loops."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from router.account import Account, Guards, InboundRule, OwnNumber, RateLimit, Velocity
from router.message import Message
from router.refusal import Refusal
from router.routing.route import RouteQuery
from router.settings import Settings
from tests.engine.rig import Rig, operator, settings, wish

CM, CM2, FR, US, CA, SATELLITE = (
    "+237670000001", "+237670000002", "+33612345678", "+12125550123", "+14165550123", "+881612345678",
)  # fmt: skip


def guarded(guards: Guards | None, *others: Account, **fields: object) -> Settings:
    account = Account(name="acme", token=None, currency="XAF", guards=guards, **fields)  # type: ignore[arg-type]
    return settings(operator("a"), accounts=(account, *others))


async def refusal(rig: Rig, **fields: object) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await rig.submit(**fields)  # type: ignore[arg-type]
    return refused.value


# --- countries -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("to", "allowed"), [(CM, True), (CA, True), (US, False), (FR, False), (SATELLITE, False)])
async def test_an_account_sends_to_its_countries_only(tmp_path: Path, to: str, allowed: bool) -> None:
    config = guarded(Guards(countries=frozenset({"CM", "CA"})))
    async with Rig(config, tmp_path) as rig:
        query = RouteQuery(to, rig.clock.now())
        if allowed:
            assert (await rig.submit(to)).operator == "a"
            assert rig.engine.preview.route(config.accounts["acme"], query).operator == "a"
        else:
            refused = await refusal(rig, to=to)
            assert (refused.code, refused.field) == ("destination_not_allowed", "to")
            with pytest.raises(Refusal, match="may not send to"):
                rig.engine.preview.route(config.accounts["acme"], query)
        assert rig.engine.preview.route(None, query).operator == "a", "the operators' own view asks nobody"


async def test_without_countries_every_number_goes(tmp_path: Path) -> None:
    async with Rig(guarded(Guards(loop_guard=True)), tmp_path) as rig:
        for to in (CM, FR, US, SATELLITE):
            assert (await rig.submit(to)).operator == "a"


# --- velocity ------------------------------------------------------------------------------------------------


async def test_one_number_gets_no_more_than_its_rate(tmp_path: Path) -> None:
    guards = Guards(velocity=Velocity(destination=RateLimit(2, 3600.0)))
    async with Rig(guarded(guards), tmp_path) as rig:
        await rig.submit(CM)
        await rig.submit(CM)
        refused = await refusal(rig, to=CM)
        assert (refused.code, refused.field) == ("rate_limited", "to")
        assert refused.retry_after == pytest.approx(1800)
        await rig.submit(CM2)
        rig.clock.move(1799)
        assert (await refusal(rig, to=CM)).retry_after == pytest.approx(1)
        rig.clock.move(1)
        await rig.submit(CM)


async def test_a_prefix_gets_no_more_than_its_rate(tmp_path: Path) -> None:
    guards = Guards(velocity=Velocity(RateLimit(2, 60.0), RateLimit(3, 60.0), 8))
    async with Rig(guarded(guards), tmp_path) as rig:
        for number in (1, 2, 3):
            await rig.submit(f"+23767000000{number}")
        refused = await refusal(rig, to="+237670000009")
        assert refused.code == "rate_limited"
        assert "these 8 digits" in refused.detail
        await rig.submit("+237671000001")
        rig.clock.move(20)
        # What the prefix refused did not count for the number.
        await rig.submit("+237670000009")
        rig.clock.move(20)
        await rig.submit("+237670000009")


async def test_what_is_refused_for_another_reason_does_not_count(tmp_path: Path) -> None:
    guards = Guards(velocity=Velocity(destination=RateLimit(1, 60.0)), duplicates=60.0)
    async with Rig(guarded(guards, senders=("ACME",)), tmp_path) as rig:
        assert (await refusal(rig, sender="OTHER")).code == "sender_not_allowed"
        assert (await refusal(rig, max_price={"amount": "0", "currency": "XAF"})).code == "price_too_high"
        await rig.submit()
        assert (await refusal(rig, text="other")).code == "rate_limited"


async def test_accounts_do_not_share_their_limits(tmp_path: Path) -> None:
    guards = Guards(velocity=Velocity(destination=RateLimit(1, 60.0)), duplicates=60.0)
    other = Account(name="other", token=None, currency="XAF", guards=guards)
    async with Rig(guarded(guards, other), tmp_path) as rig:
        await rig.submit()
        await rig.submit(account="other")
        assert (await refusal(rig, text="x")).code == "rate_limited"


async def test_in_a_batch_each_message_is_taken_or_refused_by_itself(tmp_path: Path) -> None:
    guards = Guards(velocity=Velocity(destination=RateLimit(1, 60.0)), duplicates=60.0)
    async with Rig(guarded(guards), tmp_path) as rig:
        answers = await rig.submit_all([wish(to=CM, text=text) for text in "aab"] + [wish(to=CM2, text="a")])
        codes = [answer.code if isinstance(answer, Refusal) else None for answer in answers]
        assert codes == [None, "duplicate_message", "rate_limited", None]


async def test_a_reload_with_the_same_limit_forgets_nothing(tmp_path: Path) -> None:
    guards = Guards(velocity=Velocity(destination=RateLimit(1, 60.0)))
    async with Rig(guarded(guards), tmp_path) as rig:
        await rig.submit()
        await rig.engine.control.reload()
        assert (await refusal(rig)).code == "rate_limited"
        rig.config = rig.next_config = guarded(replace(guards, velocity=Velocity(destination=RateLimit(2, 60.0))))
        await rig.engine.control.reload()
        await rig.submit()


# --- duplicates ----------------------------------------------------------------------------------------------


async def test_the_same_content_to_the_same_number_is_refused_for_a_while(tmp_path: Path) -> None:
    async with Rig(guarded(Guards(duplicates=60.0)), tmp_path) as rig:
        await rig.submit(text="code 1234")
        rig.clock.move(20)
        refused = await refusal(rig, text="code 1234")
        assert (refused.code, refused.retry_after) == ("duplicate_message", pytest.approx(40))
        await rig.submit(text="code 1235")
        await rig.submit(to=CM2, text="code 1234")
        await rig.submit_all([wish(to=CM, data="AAE="), wish(to=CM, data="AAI=")])
        rig.clock.move(40)
        await rig.submit(text="code 1234")


async def test_duplicates_are_welcome_where_nobody_asked(tmp_path: Path) -> None:
    async with Rig(guarded(None), tmp_path) as rig:
        await rig.submit()
        await rig.submit()


async def test_what_could_not_be_stored_is_no_duplicate(tmp_path: Path) -> None:
    async with Rig(guarded(Guards(duplicates=3600.0)), tmp_path) as rig:
        with rig.outage():
            with pytest.raises(Refusal) as refused:
                await rig.submit()
            assert refused.value.code == "store_unavailable"
        async with asyncio.timeout(10):
            while not rig.store.healthy:
                await asyncio.sleep(0.01)
        assert isinstance(await rig.submit(), Message)
        assert (await refusal(rig)).code == "duplicate_message"


# --- loops ---------------------------------------------------------------------------------------------------

OTHER = Account(
    name="other",
    token=None,
    currency="XAF",
    numbers=(OwnNumber("+441111111111"), OwnNumber("+441111111112", active=False)),
    inbound=(InboundRule("+237670000009"), InboundRule("237670000008", "STOP"), InboundRule("+2376*")),
)


@pytest.mark.parametrize(
    ("to", "is_loop"),
    [
        ("+441111111111", True),
        ("+441111111112", False),
        ("+237670000009", True),
        ("+237670000008", True),
        ("+237670000007", False),  # a pattern claims messages, not numbers
    ],
)
async def test_no_message_goes_to_a_number_of_ours(tmp_path: Path, to: str, is_loop: bool) -> None:
    async with Rig(guarded(Guards(loop_guard=True), OTHER), tmp_path) as rig:
        if is_loop:
            refused = await refusal(rig, to=to)
            assert (refused.code, refused.field) == ("loop", "to")
        else:
            await rig.submit(to)
        await rig.submit(to, account="other")
