"""Who gets the traffic over time: by weight, by quality, after a loss, and when a queue stands still."""

from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.engine.choosing import Chooser
from router.engine.desk import Desk
from router.engine.running import Running
from router.engine.sharing import Sharing
from router.message import FINAL, Message, State
from router.outcome import Fault, Outcome, OutcomeKind
from router.receipt import ReceiptState
from router.refusal import Refusal
from router.routing.plan import RoutePlan
from router.routing.quality import Statistics
from router.routing.route import RouteQuery
from router.settings import Choice, Plan, Settings
from tests.engine.rig import HandOperator, ManualClock, Rig, operator, settings, wish

NEXT = Outcome(OutcomeKind.REJECTED, status=0x0A, detail="not here")
ACCOUNT = Outcome(OutcomeKind.REJECTED, status=0x0F, detail="out of credit", fault=Fault.ACCOUNT)
THROTTLED = Outcome(OutcomeKind.THROTTLED, status=0x58, fault=Fault.RATE)
WEIGHTS = {"a": 5, "b": 3, "c": 1}


def divided(order: str, **plan: Any) -> Settings:
    """Operators a, b and c, the cheapest first."""
    choices = tuple(Choice(name, weight=weight) for name, weight in WEIGHTS.items())
    return settings(
        operator("a", "0.01"), operator("b", "0.02"), operator("c", "0.03"),
        plans={"default": Plan("default", order, choices, **plan)},  # type: ignore[arg-type]
    )  # fmt: skip


class Bench:
    """The chooser alone: messages only, no store."""

    def __init__(self, config: Settings) -> None:
        self.clock = ManualClock()
        self.statistics = Statistics()
        plan = RoutePlan(config, 1)
        self.desks = {name: Desk(one, None) for name, one in plan.operators.items()}
        self.sharing = Sharing(self.desks, self.statistics, self.clock)
        self.chooser = Chooser(Running(plan), self.desks, self.sharing)

    def pick(self, **fields: Any) -> str:
        message = Message(id="m", account="acme", to="+237670000001", created_at=0, text="x", **fields)
        chosen = self.chooser.choose(message, self.chooser.rank(message, self.clock.now()), self.clock.now())
        assert chosen is not None
        return chosen[0].operator

    def down(self, *names: str) -> None:
        for name, desk in self.desks.items():
            desk.unusable = "down" if name in names else None


# --- weights -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("able", [them for size in (1, 2, 3) for them in combinations("abc", size)])
def test_weights_hold_within_one_message_among_those_that_can_take_any(able: tuple[str, ...]) -> None:
    bench = Bench(divided("weighted"))
    bench.down(*(set("abc") - set(able)))
    total, had = sum(WEIGHTS[name] for name in able), Counter[str]()
    for count in range(1, 200):
        had[bench.pick()] += 1
        assert all(abs(had[name] - count * WEIGHTS[name] / total) < 1.0 for name in able)


@given(st.lists(st.tuples(st.sets(st.sampled_from("abc"), min_size=1), st.integers(1, 20)), max_size=30))
def test_weights_hold_for_every_set_while_operators_come_and_go(phases: list[tuple[set[str], int]]) -> None:
    bench = Bench(divided("weighted"))
    had: dict[frozenset[str], Counter[str]] = {}
    for able, count in phases:
        bench.down(*(set("abc") - able))
        mine = had.setdefault(frozenset(able), Counter())
        for _ in range(count):
            mine[bench.pick()] += 1
    for able_set, mine in had.items():
        total = sum(WEIGHTS[name] for name in able_set)
        for name in able_set:
            assert abs(mine[name] - mine.total() * WEIGHTS[name] / total) < 1.0


def test_who_has_refused_a_message_has_no_turn_for_it() -> None:
    bench = Bench(divided("weighted"))
    bench.down()
    had = Counter(bench.pick(refused_by=["a"]) for _ in range(40))
    assert had == {"b": 30, "c": 10}


def test_nobody_usable_waits_for_the_cheapest() -> None:
    bench = Bench(divided("weighted"))
    bench.down("a", "b", "c")
    assert {bench.pick() for _ in range(10)} == {"a"}


@pytest.mark.parametrize("order", ["cost", "priority", "weighted", "quality"])
async def test_what_is_explained_is_what_comes_next(order: str, tmp_path: Path) -> None:
    async with Rig(divided(order), tmp_path) as rig:
        account = rig.config.accounts["acme"]
        for _ in range(20):
            query = RouteQuery("+237670000001", rig.clock.now())
            explained = rig.engine.preview.route(account, query)
            assert rig.engine.preview.route(account, query) == explained, "asking is no turn"
            assert (await rig.submit()).operator == explained.operator
            assert [one.rank for one in explained.candidates] == [1, 2, 3]


# --- coming back ---------------------------------------------------------------------------------------------


async def share(rig: Rig, name: str, count: int = 100) -> int:
    answered = await rig.submit_all([wish(to=f"+2376700{number:05}", text="x") for number in range(count)])
    assert not any(isinstance(one, Refusal) for one in answered)
    return sum(1 for one in answered if isinstance(one, Message) and one.operator == name)


async def test_an_operator_that_was_down_takes_its_traffic_back_within_a_minute(tmp_path: Path) -> None:
    async with Rig(divided("cost"), tmp_path) as rig:
        assert await share(rig, "a") == 100
        rig.operators["a"].go_down()
        assert await share(rig, "a") == 0
        rig.operators["a"].come_up()
        assert await share(rig, "a") == 10
        for seconds, least, most in ((20, 38, 42), (20, 68, 72), (20, 100, 100), (1000, 100, 100)):
            rig.clock.move(seconds)
            assert least <= await share(rig, "a") <= most


async def test_also_when_only_its_binds_were_lost_and_when_the_circuit_was_open(tmp_path: Path) -> None:
    async with Rig(divided("cost"), tmp_path) as rig:
        rig.operators["a"].cut()
        assert await share(rig, "a") == 100, "a short loss moves no traffic"
        rig.operators["a"].come_up()
        assert await share(rig, "a") == 10
        rig.clock.move(61)
        (submission, *_) = await rig.written("a")
        rig.operators["a"].answer(submission, ACCOUNT)
        assert await share(rig, "a") == 0
        rig.clock.move(31)
        rig.engine.link_changed("a")
        assert await share(rig, "a") == 10, "it is tried with a little"
        rig.clock.move(100)
        assert await share(rig, "a") == 10, "until it has taken something"
        submission = rig.operators["a"].written[0]
        for one in list(rig.operators["a"].written):
            rig.operators["a"].accept(one)
        assert await share(rig, "a") == 10
        rig.clock.move(60)
        assert await share(rig, "a") == 100


async def test_an_operator_alone_takes_all_at_once(tmp_path: Path) -> None:
    async with Rig(settings(operator("a")), tmp_path) as rig:
        rig.operators["a"].go_down()
        message = await rig.submit()
        rig.operators["a"].come_up()
        await rig.written("a")
        assert message.operator == "a"
        assert await share(rig, "a", 50) == 50


async def test_a_message_that_only_it_can_take_does_not_wait(tmp_path: Path) -> None:
    config = settings(operator("a", "0.01"), operator("b", "0.02"), operator("far", "0.01", prefix="1"))
    async with Rig(config, tmp_path) as rig:
        for name in ("a", "far"):
            rig.operators[name].go_down()
            rig.operators[name].come_up()
        # The other one costs more than they allow.
        limit = {"max_price": {"amount": "0.01", "currency": "XAF"}}
        assert {(await rig.submit(**limit)).operator for _ in range(30)} == {"a"}


async def test_the_first_connection_of_all_is_no_return(tmp_path: Path) -> None:
    rig = Rig(divided("cost"), tmp_path)

    def not_yet(gateway: Any) -> None:
        gateway.up = gateway.settled = False

    rig.prepare_operator = not_yet
    async with rig:
        for one in rig.operators.values():
            one.come_up()
        assert await share(rig, "a") == 100


# --- quality -------------------------------------------------------------------------------------------------

DELIVERY = {"good": 0.95, "bad": 0.30}


async def minute(rig: Rig, count: int, delivery: dict[str, float], acted_on: str = "") -> Counter[str]:
    """Messages spread over a minute; each operator delivers its share of them, evenly, and fails the others. The
    recipients of one operator's messages act on them."""
    had: Counter[str] = Counter()
    for _ in range(10):
        answered = await rig.submit_all([wish(to="+237670000001", text="x")] * (count // 10))
        messages = [one for one in answered if isinstance(one, Message)]
        for name, share in delivery.items():
            gateway = rig.operators[name]
            mine = sum(1 for one in messages if one.operator == name)
            had[name] += mine
            for submission in await rig.written(name, mine):
                sent = len(gateway.history) - len(gateway.written) + 1
                smsc_id = gateway.accept(submission)
                good = int(sent * share) > int((sent - 1) * share)
                gateway.receipt("+237670000001", smsc_id, ReceiptState.DELIVERED if good else ReceiptState.UNDELIVERED)
        await rig.until(lambda messages=messages: all(one.state in FINAL for one in messages))
        for one in messages:
            if one.operator == acted_on:
                await rig.engine.messages.convert("acme", one.id, None)
        rig.clock.move(6)
    return had


def wide(gateway: Any) -> None:
    gateway.window = 1000


def by_quality(cheap: str, dear: str, folder: Path, **plan: Any) -> Rig:
    plans = {"default": Plan("default", "quality", **plan)}
    rig = Rig(settings(operator(cheap, "0.01"), operator(dear, "0.02"), plans=plans), folder)
    rig.prepare_operator = wide
    return rig


def explained(rig: Rig) -> dict[str, Any]:
    query = RouteQuery("+237670000001", rig.clock.now())
    decision = rig.engine.preview.route(rig.config.accounts["acme"], query)
    return {one.operator: one.quality for one in decision.candidates}


@pytest.mark.deep
async def test_traffic_moves_to_the_better_operator_and_back_slowly(tmp_path: Path) -> None:
    async with by_quality("bad", "good", tmp_path, quality_band=0.05) as rig:
        first = await minute(rig, 50, DELIVERY)
        assert first["bad"] >= 40, "nothing is known: by cost"
        before = first["bad"]
        for _ in range(6):
            had = await minute(rig, 50, DELIVERY)
            assert had["bad"] >= before - 12, "at most twenty points a minute move"
            before = had["bad"]
        assert before <= 2
        assert (await minute(rig, 100, DELIVERY))["bad"] == 2, "it is still tried"
        # It delivers again; what it did badly is forgotten after a quarter of an hour.
        well = {"good": 0.95, "bad": 1.0}
        for _ in range(22):
            had = await minute(rig, 20, well)
        assert had["bad"] >= 18, "within the band the cheaper one has it again"


async def test_the_explanation_shows_score_and_share_in_order(tmp_path: Path) -> None:
    async with by_quality("bad", "good", tmp_path) as rig:
        for _ in range(8):
            await minute(rig, 20, DELIVERY)
        assert list(explained(rig)) == ["good", "bad"]
        good, bad = explained(rig).values()
        assert good.network == "+237"
        assert good.score > 0.8 > bad.score
        assert good.share == pytest.approx(0.98)
        assert good.delivered > 50
        assert bad.failed > 10


async def test_refusals_lower_the_score_but_the_message_s_own_faults_do_not(tmp_path: Path) -> None:
    plans = {"default": Plan("default", "quality")}
    config = settings(operator("a", "0.01"), operator("b", "0.02"), plans=plans)
    async with Rig(config, tmp_path) as rig:
        for number, outcome in enumerate((NEXT, Outcome(OutcomeKind.REJECTED, status=0x0B, fault=Fault.MESSAGE))):
            await rig.submit(to=f"+23767000000{number}")
            rig.operators["a"].answer((await rig.written("a"))[0], outcome)
            await rig.settle()
        query = RouteQuery("+237670000001", rig.clock.now() + 2000)
        rig.clock.move(2)
        shown = {one.operator: one.quality for one in rig.engine.preview.route(None, query).candidates}
        assert shown["a"].refused == 1
        assert shown["a"].score < shown["b"].score


async def test_scores_are_worked_out_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = {"default": Plan("default", "quality")}
    async with Rig(settings(operator("a"), operator("b"), plans=plans), tmp_path) as rig:
        asked: list[int] = []
        original = Statistics.sums

        def sums(self: Statistics, operator: str, destination: str, now: int) -> Any:
            asked.append(now)
            return original(self, operator, destination, now)

        monkeypatch.setattr(Statistics, "sums", sums)
        await share(rig, "a", 200)
        assert len(asked) == 2
        rig.clock.move(1)
        await share(rig, "a", 200)
        assert len(asked) == 4


# --- conversions ---------------------------------------------------------------------------------------------


async def test_a_conversion_is_stored_once(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit()
        with pytest.raises(Refusal) as early:
            await rig.engine.messages.convert("acme", message.id, None)
        assert early.value.code == "not_submitted"
        rig.operators["mtn"].accept((await rig.written("mtn"))[0])
        await rig.until(lambda: message.state is State.SUBMITTED)
        with pytest.raises(Refusal) as other:
            await rig.engine.messages.convert("other", message.id, None)
        assert other.value.code == "not_found"
        for at in (message.created_at - 1, rig.clock.now() + 61_000):
            with pytest.raises(Refusal) as odd:
                await rig.engine.messages.convert("acme", message.id, at)
            assert (odd.value.code, odd.value.field) == ("invalid_request", "at")
        rig.clock.move(5)
        at = rig.clock.now() - 1000
        assert (await rig.engine.messages.convert("acme", message.id, at)).converted_at == at
        assert (await rig.engine.messages.convert("acme", message.id, None)).converted_at == at
        stored = await rig.store.find("acme", message.id)
        assert stored is not None
        assert (stored.converted_at, stored.state) == (at, State.SUBMITTED)
        assert await rig.types() == ["message.submitted"], "it is no event"
    async with Rig(rig.config, tmp_path, rig.clock) as again:
        assert (await again.engine.messages.convert("acme", message.id, None)).converted_at == at


@pytest.mark.deep
async def test_conversions_count_more_than_receipts(tmp_path: Path) -> None:
    async with by_quality("liar", "honest", tmp_path) as rig:
        delivery = {"liar": 1.0, "honest": 0.8}
        for _ in range(5):
            await minute(rig, 50, delivery, acted_on="honest")
        for _ in range(8):
            had = await minute(rig, 50, delivery, acted_on="honest")
        shown = explained(rig)
        assert shown["honest"].conversions > 0 == shown["liar"].conversions
        assert shown["honest"].score > shown["liar"].score
        assert had["honest"] >= 45


# --- suspicious receipts -------------------------------------------------------------------------------------


async def test_receipts_too_good_to_be_true_are_flagged(tmp_path: Path) -> None:
    async with Rig(settings(operator("liar", "0.01"), operator("idle", "0.02")), tmp_path) as rig:
        for _ in range(4):
            messages = [one for one in await rig.submit_all([wish(to="+237670000001", text="x")] * 50)
                        if isinstance(one, Message)]  # fmt: skip
            liar = rig.operators["liar"]
            for _ in messages:
                submission = (await rig.written("liar"))[0]
                liar.receipt(submission.message.to, liar.accept(submission))
            await rig.until(lambda messages=messages: all(one.state in FINAL for one in messages))
            rig.clock.move(10)
        idle, liar_view = sorted(rig.engine.control.operators(), key=lambda one: one.operator)
        assert idle.receipt_flags == []
        assert [(one.network, one.check) for one in liar_view.receipt_flags] == [
            ("+237", "too_fast"),
            ("+237", "constant_delay"),
            ("+237", "all_delivered"),
        ]
        gauges = {one.labels: one.value for one in rig.engine.gauges() if one.name == "receipt_quality"}
        assert gauges["liar", "too_fast"] == 1
        assert gauges["idle", "too_fast"] == 0
        assert len(gauges) == 6


# --- a queue that stands still -------------------------------------------------------------------------------


def waiting(rig: Rig, name: str) -> int:
    return len(rig.engine.desks[name].queue)


async def test_what_waits_too_long_goes_to_the_next_operator(tmp_path: Path) -> None:
    async with Rig(divided("cost", max_wait=30.0), tmp_path) as rig:
        for one in rig.operators.values():
            one.window = 2
        assert await share(rig, "a", 10) == 10
        await rig.written("a", 2)
        look = rig.engine._overdue.look
        look()
        rig.clock.move(20)
        late = await rig.submit(to="+237670099999")
        look()
        rig.clock.move(9)
        look()
        assert waiting(rig, "a") == 9
        rig.clock.move(1)
        look()
        await rig.written("b", 2)
        assert len(rig.operators["a"].written) == 2, "what it may have stays there"
        assert waiting(rig, "a") == 1, "the late one has not waited long enough"
        assert late.operator == "a"
        assert waiting(rig, "b") == 6
        # Where the next one does not move either it is tried at the third.
        rig.clock.move(1)
        look()
        rig.clock.move(30)
        look()
        await rig.written("c", 2)
        assert (waiting(rig, "a"), waiting(rig, "b"), waiting(rig, "c")) == (0, 0, 5)


async def test_without_max_wait_or_somebody_else_it_stays(tmp_path: Path) -> None:
    plans = {
        "default": Plan("default"),
        "hasty": Plan("hasty", max_wait=5.0),
        "alone": Plan("alone", operators=(Choice("a"),), max_wait=5.0),
    }
    async with Rig(settings(operator("a", "0.01"), operator("b", "0.02"), plans=plans), tmp_path) as rig:
        rig.operators["a"].window = 1
        await rig.submit(to="+237670000001")
        stays = await rig.submit(to="+237670000002")
        alone = await rig.submit(to="+237670000003", plan="alone")
        goes = await rig.submit(to="+237670000004", plan="hasty")
        rig.engine._overdue.look()
        rig.clock.move(6)
        rig.engine._overdue.look()
        assert (stays.operator, alone.operator, goes.operator) == ("a", "a", "b")


async def test_half_of_a_long_message_does_not_go_elsewhere(tmp_path: Path) -> None:
    async with Rig(divided("cost", max_wait=30.0), tmp_path) as rig:
        rig.operators["a"].window = 1
        message = await rig.submit(text="x" * 400)
        first = (await rig.written("a"))[0]
        rig.operators["a"].accept(first)
        rest = (await rig.written("a"))[0]
        rig.operators["a"].answer(rest, THROTTLED)
        await rig.settle()
        rig.engine._overdue.look()
        rig.clock.move(31)
        rig.operators["a"].up = False
        rig.engine._overdue.look()
        assert message.operator == "a"
        assert not rig.operators["b"].history


async def test_where_everybody_is_slow_nothing_moves_to_and_fro(tmp_path: Path) -> None:
    async with Rig(divided("weighted", max_wait=30.0), tmp_path) as rig:
        for one in rig.operators.values():
            one.window = 1
        await share(rig, "a", 30)
        before = [waiting(rig, name) for name in "abc"]
        for _ in range(4):
            rig.engine._overdue.look()
            rig.clock.move(31)
        assert [waiting(rig, name) for name in "abc"] == before
        assert all(before)


async def test_what_waits_too_long_everywhere_stays_at_the_last(tmp_path: Path) -> None:
    """Whoever it came from is empty then, and so not slow; over a restart too."""
    clock = ManualClock()
    config = divided("cost", max_wait=30.0)
    visited: list[str | None] = []

    def stand_still(one: HandOperator) -> None:
        one.window = 0

    async def wait(rig: Rig, message: Message, times: int) -> None:
        for _ in range(times):
            visited.append(message.operator)
            rig.engine._overdue.look()
            rig.clock.move(31)
            rig.engine._overdue.look()
            await rig.settle()

    rig = Rig(config, tmp_path, clock)
    rig.prepare_operator = stand_still
    async with rig:
        message = await rig.submit()
        await wait(rig, message, 2)
        assert visited == ["a", "b"]
    rig = Rig(config, tmp_path, clock)
    rig.prepare_operator = stand_still
    async with rig:
        await rig.until(lambda: waiting(rig, "c"))
        (message,) = rig.engine.ledger.active.values()
        await wait(rig, message, 6)
        assert set(visited[2:]) == {"c"}
        # Once it had its turn somewhere, it may go anywhere again.
        rig.operators["c"].window = 1
        rig.engine.link_changed("c")
        (submission,) = await rig.written("c")
        rig.operators["c"].answer(submission, THROTTLED)
        rig.operators["c"].window = 0
        await rig.settle()
        await wait(rig, submission.message, 2)
        assert submission.message.operator == "b"
