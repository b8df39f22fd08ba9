"""Messages go by the network that has their number today, and none waits or is lost where that cannot be found out."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET

from router.account import Account, Guards, OwnNumber, Price, RateLimit, Velocity
from router.message import Message, Network
from router.operator import Operator, Rate
from router.outcome import Outcome, OutcomeKind
from router.ports.lookups import Found
from router.refusal import Refusal
from router.routing.networks import names_by_code
from router.routing.route import RouteQuery
from router.settings import Limits, LookupSettings, Match, Rule, Settings
from tests.engine.rig import ManualClock, Rig, operator, settings, wish
from tests.lookup.provider import FakeProvider

PORTED, PLAIN = "+237670000001", "+237670000002"
MTN, ORANGE = ("624", "01"), ("624", "02")


def rate(price: str, network: tuple[str, str], prefix: str = "") -> Rate:
    return Rate(prefix, Decimal(price), "XAF", network)


def two(**changes: Any) -> Settings:
    """Prefix 23767 is MTN's; each operator is cheap for its own network."""
    mtn = operator("mtn", rates=(rate("0.01", MTN, "23767"), rate("0.01", MTN), rate("0.09", ORANGE)))
    orange = operator("orange", rates=(rate("0.08", MTN, "23767"), rate("0.08", MTN), rate("0.02", ORANGE)))
    return replace(settings(mtn, orange, **changes), lookup=LookupSettings())


class Source:
    """A NumberLookup of the test: knows `networks` at once, or (with a budget) only when it is asked."""

    def __init__(self, networks: dict[str, tuple[str, str]], name: str = "table", budget: float = 0.0) -> None:
        self.networks = networks
        self.name = name
        self.budget = budget
        self.asked: list[list[str]] = []
        self.known_raises: Exception | None = None
        self.ask_raises: Exception | None = None
        self.hangs = False

    def known(self, number: str) -> Found | None:
        if self.known_raises is not None:
            raise self.known_raises
        return None if self.budget else Found(self.networks.get(number))

    async def ask(self, numbers: Sequence[str]) -> dict[str, Found]:
        self.asked.append(sorted(numbers))
        if self.hangs:
            await asyncio.Event().wait()
        if self.ask_raises is not None:
            raise self.ask_raises
        found = {number: self.networks.get(number) for number in numbers}
        return {n: Found(one) if one else Found(error="lookup_unknown") for n, one in found.items()}

    async def close(self) -> None: ...


def rig_with(folder: Path, *sources: Any, config: Settings | None = None, clock: ManualClock | None = None) -> Rig:
    rig = Rig(config or two(), folder, clock)
    rig.lookups = sources
    return rig


async def test_a_ported_number_goes_by_its_new_network(tmp_path: Path) -> None:
    async with rig_with(tmp_path, Source({PORTED: ORANGE})) as rig:
        ported, plain = await rig.submit(PORTED), await rig.submit(PLAIN)
        assert (ported.operator, ported.network, ported.looked_up) == ("orange", Network(*ORANGE, None), "table")
        assert (plain.operator, plain.network, plain.looked_up) == ("mtn", Network(*MTN, "MTN Cameroon"), "prefix")
        assert rig.metrics.counted["lookup", "table", "found"] == 1
        assert rig.metrics.counted["lookup", "table", "none"] == 1


async def test_the_name_is_that_of_the_network_found(tmp_path: Path) -> None:
    """Where a rate card says which prefixes a network has; never the name of the network that the number left."""
    orange = operator("orange", rates=(rate("0.02", ORANGE, "23769"), rate("0.02", MTN, "23767")))
    config = replace(settings(orange), lookup=LookupSettings())
    async with rig_with(tmp_path, Source({PORTED: ORANGE}), config=config) as rig:
        assert (await rig.submit(PORTED)).network == Network(*ORANGE, "Orange")


async def test_nobody_is_asked_where_nothing_is_configured(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit(PORTED)
        assert message.looked_up is None
        query = await rig.engine.preview.look_up(None, RouteQuery(PORTED, 0))
        decision = rig.engine.preview.route(None, query)
        assert (decision.network_source, decision.lookup_error) == (UNSET, UNSET)


async def test_the_table_goes_first(tmp_path: Path) -> None:
    provider = Source({PORTED: MTN, PLAIN: ORANGE}, "hlr", 1.0)
    async with rig_with(tmp_path, Source({PORTED: ORANGE}), provider) as rig:
        answered = await rig.submit_all([wish(to=to, text="Hi") for to in (PORTED, PLAIN, PLAIN, "+237670000003")])
        assert [(one.operator, one.looked_up) for one in answered if isinstance(one, Message)] == [
            ("orange", "table"),
            ("orange", "hlr"),
            ("orange", "hlr"),
            ("mtn", "lookup_unknown"),
        ]
        # All of a request together, each number once.
        assert provider.asked == [[PLAIN, "+237670000003"]]


async def test_what_was_found_stays_with_the_message(tmp_path: Path) -> None:
    """Over failover and restart, without being asked for again."""
    source = Source({PORTED: ORANGE})
    clock = ManualClock()
    async with rig_with(tmp_path, source, clock=clock) as rig:
        await rig.submit(PORTED)
        (submission,) = await rig.written("orange")
        rig.operators["orange"].answer(submission, Outcome(OutcomeKind.REJECTED))
        (submission,) = await rig.written("mtn")
        message = submission.message
        assert (message.operator, message.network, str(message.cost)) == ("mtn", Network(*ORANGE), "0.09 XAF")
        later = await rig.submit(PORTED, send_at="2026-01-01T01:00:00Z")
        await rig.settle()
    source.networks.clear()
    clock.move(3600)
    async with rig_with(tmp_path, source, clock=clock) as rig:
        submissions = await rig.written("orange")
        assert [submission.message.id for submission in submissions] == [later.id]
        assert submissions[0].message.network == Network(*ORANGE)


@pytest.mark.parametrize("error", [RuntimeError("+237670000001"), KeyError("x"), OSError(), RecursionError()])
async def test_a_source_that_raises(tmp_path: Path, error: Exception) -> None:
    table, provider = Source({}), Source({}, "hlr", 1.0)
    table.known_raises = provider.ask_raises = error
    async with rig_with(tmp_path, table, provider) as rig:
        message = await rig.submit(PORTED)
        assert (message.operator, message.looked_up) == ("mtn", "lookup_failed")
        provider.known_raises = error
        assert (await rig.submit(PORTED)).looked_up == "lookup_failed"


async def test_a_source_that_never_answers_costs_its_budget(tmp_path: Path) -> None:
    provider = Source({}, "hlr", 0.05)
    provider.hangs = True
    async with rig_with(tmp_path, Source({PLAIN: ORANGE}), provider) as rig:
        slow = asyncio.ensure_future(rig.submit(PORTED))
        await asyncio.sleep(0)
        # Nobody else waits for it.
        assert (await rig.submit(PLAIN)).looked_up == "table"
        assert not slow.done()
        assert (await asyncio.wait_for(slow, 10)).looked_up == "lookup_timeout"
        assert rig.metrics.counted["lookup", "hlr", "timeout"] == 1


async def test_what_would_be_refused_is_not_asked_for(tmp_path: Path) -> None:
    accounts = (
        Account(name="acme", token=None, currency="XAF", rate=RateLimit(2, 60.0)),
        Account(name="gone", token=None, currency="XAF", status="suspended"),
    )
    provider = Source({}, "hlr", 1.0)
    async with rig_with(tmp_path, provider, config=two(accounts=accounts)) as rig:
        await rig.submit_all([wish(to=to, text="Hi") for to in ("+1", "nobody", PORTED)][:2])
        assert provider.asked == []
        with pytest.raises(Refusal, match="slow down"):
            await rig.submit(PORTED)
        rig.clock.move(60)
        await rig.submit(PORTED)
        with pytest.raises(Refusal, match="suspended"):
            await rig.submit(PORTED, account="gone")
        assert provider.asked == [[PORTED]]


async def test_a_message_that_its_recipient_forbids_costs_no_question(tmp_path: Path) -> None:
    """Whatever is refused without regard to the network: the provider takes money for every number."""
    guards = Guards(
        countries=frozenset({"CM"}),
        loop_guard=True,
        duplicates=60.0,
        velocity=Velocity(destination=RateLimit(3, 3600.0)),
    )
    own = (OwnNumber("+237670000008", "CM"),)
    accounts = (Account(name="acme", token=None, currency="XAF", guards=guards, numbers=own, senders=("ACME",)),)
    rules = (Rule(1, Match(prefix="23769"), refuse="unroutable"),)
    config = two(accounts=accounts, rules=rules, limits=Limits(queued=8))
    provider = Source({}, "hlr", 1.0)
    async with rig_with(tmp_path, provider, config=config) as rig:

        async def code(to: str, **fields: Any) -> str | None:
            (answer,) = await rig.submit_all([wish(to=to, **{"text": "Hi", "sender": "ACME", **fields})])
            return answer.code if isinstance(answer, Refusal) else None

        await rig.engine.opt_outs.unsubscribe("acme", PLAIN)
        assert await code("+33612345678") == "destination_not_allowed"
        assert await code("+237670000008") == "loop"
        assert await code(PLAIN) == "opted_out"
        assert await code("+237690000001") == "unroutable"
        assert await code(PORTED, sender="OTHER") == "sender_not_allowed"
        assert await code(PORTED, data="AAAA") == "invalid_request"
        assert provider.asked == []
        assert await code(PORTED) is None
        assert await code(PORTED) == "duplicate_message"
        assert provider.asked == [[PORTED]]
        assert [await code(PORTED, text=text) for text in "abc"] == [None, None, "rate_limited"]
        assert provider.asked == [[PORTED]] * 3
        assert await code(PLAIN, traffic_class="otp") is None, "a code was asked for"
        assert provider.asked.pop() == [PLAIN]
        # One batch: only those are asked about that may go.
        answers = await rig.submit_all(
            [wish(to=to, text="Yo", sender="ACME") for to in ("+33612345678", PLAIN, "+237670000003")]
        )
        assert [isinstance(answer, Message) for answer in answers] == [False, False, True]
        assert provider.asked.pop() == ["+237670000003"]
        with pytest.raises(Refusal, match="wait already"):
            await rig.submit_all([wish(to="+237670000004", text=text) for text in "abcdefgh"])
        preview, acme = rig.engine.preview, rig.config.accounts["acme"]
        for to in ("+33612345678", "+237670000008"):
            query = RouteQuery(to, rig.clock.now())
            assert await preview.look_up(acme, query) == query
        assert provider.asked == [[PORTED]] * 3


async def test_the_explanation_says_how_the_network_is_known(tmp_path: Path) -> None:
    provider = Source({}, "hlr", 1.0)
    async with rig_with(tmp_path, Source({PORTED: ORANGE}), provider) as rig:
        preview, acme = rig.engine.preview, rig.config.accounts["acme"]

        async def explained(to: str) -> tuple[Any, ...]:
            decision = preview.route(acme, await preview.look_up(acme, RouteQuery(to, rig.clock.now())))
            return decision.operator, decision.network, decision.network_source, decision.lookup_error

        assert await explained(PORTED) == ("orange", Network(*ORANGE), "table", UNSET)
        mtn = Network(*MTN, "MTN Cameroon")
        assert await explained(PLAIN) == ("mtn", mtn, "prefix", "lookup_unknown")
        provider.networks[PLAIN] = ORANGE
        assert await explained(PLAIN) == ("orange", Network(*ORANGE), "hlr", UNSET)
        provider.ask_raises = RuntimeError()
        assert await explained(PLAIN) == ("mtn", mtn, "prefix", "lookup_failed")
        rig.engine.lookups.configure([Source({})])
        assert await explained(PORTED) == ("mtn", mtn, "prefix", UNSET)
        with pytest.raises(Refusal, match="plus sign"):
            await explained("237670000001")


async def test_only_a_network_has_a_rate(tmp_path: Path) -> None:
    """Where nobody sells the prefix, a number is routed once its network is known."""
    only = operator("only", rates=(rate("0.02", ORANGE),))
    async with rig_with(
        tmp_path, Source({PORTED: ORANGE}), config=replace(settings(only), lookup=LookupSettings())
    ) as rig:
        assert (await rig.submit(PORTED)).operator == "only"
        with pytest.raises(Refusal):
            await rig.submit(PLAIN)


async def test_over_a_real_provider(tmp_path: Path) -> None:
    async with FakeProvider() as provider:
        provider.networks[PORTED[1:]] = ORANGE
        source = provider.source()
        async with rig_with(tmp_path, source) as rig:
            numbers = [f"+23767000{number:04d}" for number in range(200)]
            answered = await rig.submit_all([wish(to=number, text="Hi") for number in numbers])
            gone = {one.to: one.operator for one in answered if isinstance(one, Message)}
            assert len(gone) == 200
            assert [to for to, name in gone.items() if name == "orange"] == [PORTED]
            asked = len(provider.asked)
            await rig.submit_all([wish(to=number, text="Hi") for number in numbers])
            assert len(provider.asked) == asked == 200
            assert rig.metrics.counted["lookup", "hlr", "cached"] == 1
        await source.close()


def test_names_need_a_prefix_that_phonenumbers_knows() -> None:
    operators: list[Operator] = [
        operator("a", rates=(rate("1", MTN), rate("1", ORANGE, "23769"), rate("1", ("000", "00"), "999"))),
        operator("b", rates=(rate("1", MTN, "23767"), rate("1", ("208", "01"), ""))),
    ]
    assert names_by_code(operators) == {MTN: "MTN Cameroon", ORANGE: "Orange"}


async def test_who_cannot_pay_asks_nobody(tmp_path: Path) -> None:
    prices = (Price("23767", Decimal(1)),)
    accounts = (Account(name="acme", token=None, currency="XAF", prices=prices, wallet="prepaid"),)
    provider = Source({}, "hlr", 1.0)
    async with rig_with(tmp_path, provider, config=two(accounts=accounts)) as rig:
        with pytest.raises(Refusal, match=r"this costs 1\.00"):
            await rig.submit(PORTED)
        assert provider.asked == []
        # What costs nothing needs no credit.
        await rig.submit_all([wish(to="+237690000001", text="Hi")])
        assert provider.asked == [["+237690000001"]]
        await rig.engine.wallets.credit("acme", Decimal(1))
        await rig.submit(PORTED)
        assert provider.asked[1:] == [[PORTED]]
