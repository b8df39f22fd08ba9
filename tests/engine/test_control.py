"""Live control: pause, drain, resume, reload; what cannot be done changes nothing. And what is shown before."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from router.account import Account, RateLimit, Token
from router.engine.desk import Desk, departed
from router.engine.ledger import Ledger
from router.engine.preview import TextQuery
from router.message import EncodingWish, Message, Part, State
from router.money import Money
from router.operator import TextRules
from router.outcome import Fault, Outcome, OutcomeKind
from router.ports.plans import LoadedPlan
from router.ports.store import Recovery
from router.receipt import ReceiptState
from router.refusal import InvalidConfig, Refusal
from router.routing.route import RouteQuery
from router.settings import Match, Rule
from tests.engine.rig import Rig, operator, settings

THROTTLED = Outcome(OutcomeKind.THROTTLED, status=0x58, fault=Fault.RATE)


def state(rig: Rig, name: str) -> str:
    return next(view.state for view in rig.engine.control.operators() if view.operator == name)


async def test_pause_keeps_what_waits_and_resume_sends_it(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        assert rig.engine.control.pause("mtn").state == "paused"
        messages = [await rig.submit() for _ in range(3)]
        await rig.settle()
        assert not rig.operators["mtn"].history
        view = next(iter(rig.engine.control.operators()))
        assert view.queued == {"otp": 0, "transactional": 3, "marketing": 0}
        rig.clock.move(7)
        assert next(iter(rig.engine.control.operators())).oldest_seconds == 7
        assert rig.engine.control.resume("mtn").state == "up"
        written = await rig.written("mtn", 3)
        assert [one.message for one in written] == messages


async def test_pause_moves_what_another_can_take(tmp_path: Path) -> None:
    async with Rig(settings(operator("a", "0.01"), operator("b", "0.02")), tmp_path) as rig:
        rig.operators["a"].window = 0
        message = await rig.submit()
        rig.engine.control.pause("a")
        await rig.written("b")
        assert message.operator == "b"
        assert (await rig.submit()).operator == "b"
        rig.engine.control.resume("a")
        assert (await rig.submit()).operator == "a"


async def test_drain_waits_for_answers_and_then_says_so(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        assert rig.engine.control.drain("mtn").state == "draining"
        waiting = await rig.submit()
        smsc_id = rig.operators["mtn"].accept(submission)
        await rig.settle()
        assert state(rig, "mtn") == "drained"
        assert waiting.state is State.QUEUED
        rig.operators["mtn"].receipt(message.to, smsc_id, ReceiptState.DELIVERED)
        await rig.until(lambda: message.state is State.DELIVERED)
        rig.engine.control.resume("mtn")
        await rig.written("mtn")


async def test_states_in_one_word(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        seen = [state(rig, "mtn")]
        rig.operators["mtn"].cut()
        seen.append(state(rig, "mtn"))
        rig.operators["mtn"].go_down()
        seen.append(state(rig, "mtn"))
        rig.engine.control.pause("mtn")
        seen.append(state(rig, "mtn"))
        rig.operators["mtn"].come_up()
        seen.append(state(rig, "mtn"))
        rig.next_config = settings(operator("other"))
        await rig.engine.control.reload()
        assert state(rig, "mtn") == "removed"
        assert seen == ["up", "connecting", "down", "paused", "paused"]
        assert departed("x").state() == "removed"


@pytest.mark.parametrize("act", ["pause", "drain", "resume"])
async def test_nobody_of_that_name(tmp_path: Path, act: str) -> None:
    async with Rig(settings(operator("mtn"), operator("gone")), tmp_path) as rig:
        rig.next_config = settings(operator("mtn"))
        await rig.engine.control.reload()
        for name in ("nobody", "gone", ""):
            with pytest.raises(Refusal) as refused:
                getattr(rig.engine.control, act)(name)
            assert refused.value.code == "not_found"


# --- reload --------------------------------------------------------------------------------------------------


async def test_a_bad_configuration_keeps_everything(tmp_path: Path) -> None:
    errors = [("routes.yaml", 3, "no such operator"), ("accounts.yaml", 9, "unknown key")]
    async with Rig(settings(operator("mtn")), tmp_path) as rig:

        def load() -> LoadedPlan:
            raise InvalidConfig(errors)

        rig.files.load = load
        plan, ranker, gateway = rig.engine.running.plan, rig.engine.running.ranker, rig.operators["mtn"]
        for _ in range(2):
            with pytest.raises(InvalidConfig) as refused:
                await rig.engine.control.reload()
            assert refused.value.errors == errors
        assert rig.engine.running.plan is plan
        assert rig.engine.running.ranker is ranker
        assert rig.operators["mtn"] is gateway
        assert rig.engine.control.plan().version == 1
        await rig.submit()
        await rig.written("mtn")
        del rig.files.load
        assert (await rig.engine.control.reload()).version == 2


async def test_versions_count_and_reloads_follow_one_another(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        views = await asyncio.gather(*(rig.engine.control.reload() for _ in range(5)))
        assert [view.version for view in views] == [2, 3, 4, 5, 6]
        assert rig.engine.running.plan.version == 6


async def test_health_pace_and_queue_are_kept_by_name(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn", tps=10.0), operator("down")), tmp_path) as rig:
        rig.operators["down"].go_down()
        rig.engine.control.pause("mtn")
        rig.engine.desks["mtn"].pacer.throttled(rig.clock.seconds)
        message = await rig.submit()
        rig.next_config = settings(operator("mtn", tps=50.0), operator("down"), operator("new", "0.5"))
        await rig.engine.control.reload()
        desk = rig.engine.desks["mtn"]
        assert (desk.control, state(rig, "mtn"), state(rig, "down")) == ("paused", "paused", "down")
        assert desk.pacer.factor(rig.clock.seconds) == 0.5
        assert desk.pacer.tps == 50.0
        await rig.written("new")
        assert message.operator == "new"


async def test_an_operator_that_leaves_and_returns(tmp_path: Path) -> None:
    config = settings(operator("a", "0.01"), operator("b", "0.02"))
    async with Rig(config, tmp_path) as rig:
        before = rig.operators["a"]
        rig.next_config = settings(operator("b", "0.02"))
        await rig.engine.control.reload()
        assert state(rig, "a") == "removed"
        assert (await rig.submit()).operator == "b"
        rig.next_config = config
        await rig.engine.control.reload()
        assert rig.operators["a"] is not before
        assert (await rig.submit()).operator == "a"
        await rig.written("a")


async def test_accounts_tokens_and_rates_are_the_new_ones_at_once(tmp_path: Path) -> None:
    def account(count: float, token: bytes) -> Account:
        return Account(name="acme", token=Token(token), currency="XAF", rate=RateLimit(count, 60.0))

    old, new = account(2, b"old"), account(5, b"new")
    async with Rig(settings(operator("mtn"), accounts=(old,)), tmp_path) as rig:
        for _ in range(2):
            await rig.submit()
        with pytest.raises(Refusal) as refused:
            await rig.submit()
        assert refused.value.code == "rate_limited"
        rig.next_config = rig.config = settings(operator("mtn"), accounts=(new,))
        await rig.engine.control.reload()
        assert rig.engine.running.plan.account_of(b"old") is None
        assert rig.engine.running.plan.account_of(b"new") is new
        for _ in range(5):
            await rig.submit()


# --- what a reload says, and going back ----------------------------------------------------------------------


async def test_a_reload_says_what_it_changed(tmp_path: Path) -> None:
    async with Rig(settings(operator("a", "0.01")), tmp_path) as rig:
        view = await rig.engine.control.reload()
        assert (view.version, view.difference.empty, view.not_kept) == (2, True, None)
        rig.next_config = settings(operator("a", "0.05", tps=5.0), operator("b", "0.02"))
        found = (await rig.engine.control.reload()).difference
        assert found.counts() == {"operators_added": 1, "operators_changed": 1, "rates_added": 1, "rates_changed": 1}
        rig.next_config = settings(operator("b", "0.02"))
        assert (await rig.engine.control.reload()).difference.operators.removed == ["a"]


async def test_going_back_is_a_new_version_and_keeps_links(tmp_path: Path) -> None:
    first = settings(operator("a", "0.01"), operator("b", "0.02"))
    async with Rig(first, tmp_path) as rig:
        await rig.engine.control.keep_first(first)
        rig.next_config = settings(operator("a", "0.05"), operator("b", "0.02"))
        await rig.engine.control.reload("signal")
        assert (await rig.submit()).operator == "b"
        gateways = dict(rig.operators)
        view = await rig.engine.control.reload(version=1)
        assert (view.version, view.rolled_back_to, view.operators) == (3, 1, ["a", "b"])
        assert view.difference.counts() == {"rates_changed": 1}
        assert rig.operators == gateways
        assert (await rig.submit()).operator == "a"
        plan = rig.engine.control.plan()
        assert (plan.version, plan.rolled_back_to) == (3, 1)
        assert [(one.version, one.cause, one.rolled_back_to) for one in plan.kept] == [
            (3, "rollback", 1), (2, "signal", None), (1, "start", None),
        ]  # fmt: skip
        # The files are what they were, and the next reload takes them.
        view = await rig.engine.control.reload()
        assert (view.version, view.rolled_back_to) == (4, None)
        assert (await rig.submit()).operator == "b"


async def test_what_is_not_kept_or_does_not_load_changes_nothing(tmp_path: Path) -> None:
    async with Rig(settings(operator("a")), tmp_path) as rig:
        plan = rig.engine.running.plan
        for version in (1, 7):
            with pytest.raises(Refusal) as refused:
                await rig.engine.control.reload(version=version)
            assert refused.value.code == "not_found"

        def recall(_: int) -> LoadedPlan:
            raise InvalidConfig([("plans/000001.tar.gz", 1, "is damaged")])

        rig.files.recall = recall
        with pytest.raises(InvalidConfig):
            await rig.engine.control.reload(version=1)
        assert rig.engine.running.plan is plan
        assert rig.engine.control.plan().rolled_back_to is None
        assert (await rig.engine.control.reload()).version == 2


async def test_a_plan_that_cannot_be_kept_runs_all_the_same(tmp_path: Path) -> None:
    async with Rig(settings(operator("a", "0.01")), tmp_path) as rig:
        rig.files.broken = "No space left on device"
        await rig.engine.control.keep_first(rig.config)
        rig.next_config = settings(operator("b"))
        view = await rig.engine.control.reload()
        assert (view.version, view.operators, view.not_kept, view.kept) == (2, ["b"], "No space left on device", [])
        assert (await rig.submit()).operator == "b"
        rig.files.broken = None
        view = await rig.engine.control.reload()
        assert (view.not_kept, [one.version for one in view.kept]) == (None, [3])


async def test_reloads_and_going_back_at_once_follow_one_another(tmp_path: Path) -> None:
    async with Rig(settings(operator("a")), tmp_path) as rig:
        control = rig.engine.control
        await control.keep_first(rig.config)
        views = await asyncio.gather(
            control.reload(), control.reload(version=1), control.reload(), control.reload("signal")
        )
        assert [view.version for view in views] == [2, 3, 4, 5]
        assert [view.rolled_back_to for view in views] == [None, 1, None, None]
        assert sorted(rig.files.plans) == [1, 2, 3, 4, 5]


async def test_a_restart_knows_that_it_was_rolled_back(tmp_path: Path) -> None:
    async with Rig(settings(operator("a")), tmp_path) as rig:
        await rig.engine.control.keep_first(rig.config)
        await rig.engine.control.reload(version=1)
        files = rig.files
    async with Rig(settings(operator("a")), tmp_path) as rig:
        # The daemon finds its files equal to those of the last plan, so that is the plan which starts.
        rig.engine.running.plan.version = 2
        rig.engine.control._files = files
        await rig.engine.control.keep_first(rig.config)
        assert rig.engine.control.plan().rolled_back_to == 1
        assert sorted(files.plans) == [1, 2]


# --- preview -------------------------------------------------------------------------------------------------


async def test_a_preview_tells_what_the_engine_then_does(tmp_path: Path) -> None:
    rules = (Rule(1, Match(traffic_class="otp"), operators=("b",)),)
    config = settings(operator("a", "0.01"), operator("b", "0.02"), operator("c", "0.03"), rules=rules)
    async with Rig(config, tmp_path) as rig:
        account = rig.config.accounts["acme"]
        for down in ((), ("a",), ("a", "b"), ("b",)):
            for name, gateway in rig.operators.items():
                (gateway.go_down if name in down else gateway.come_up)()
            for traffic_class in ("otp", "transactional"):
                query = RouteQuery(to="+237 670-000.001", at=rig.clock.ms, traffic_class=traffic_class)
                decision = rig.engine.preview.route(account, query)
                message = await rig.submit(traffic_class=traffic_class)
                assert decision.operator in (message.operator, None)
                assert (decision.operator is None) == (traffic_class == "otp" and "b" in down)
                assert [one.reason for one in decision.candidates if not one.usable] == [
                    "down" for one in decision.candidates if one.operator in down
                ]


async def test_a_preview_of_text_for_an_operator(tmp_path: Path) -> None:
    async with Rig(settings(operator("a", text=TextRules(alphabet="ascii"))), tmp_path) as rig:
        preview = rig.engine.preview
        account = rig.config.accounts["acme"]
        assert preview.segment(account, TextQuery("é" * 80)).segments == 1
        assert preview.segment(account, TextQuery("é" * 80, operator="a")).segments == 2
        with pytest.raises(Refusal) as refused:
            preview.segment(account, TextQuery("x", operator="nobody"))
        assert (refused.value.code, refused.value.field) == ("invalid_request", "operator")
        with pytest.raises(Refusal) as refused:
            preview.route(None, RouteQuery(to="0670000001", at=0))
        assert refused.value.code == "invalid_number"


async def test_a_preview_of_text_tells_the_cost_of_the_message(tmp_path: Path) -> None:
    config = settings(
        operator("a", "0.01", text=TextRules(alphabet="ascii")), operator("b", "0.02"), operator("c", "0.03", "1")
    )
    async with Rig(config, tmp_path) as rig:
        account = rig.config.accounts["acme"]
        for down in ((), ("a",), ("a", "b")):
            for name in down:
                rig.operators[name].go_down()
            for text in ("é" * 80, "hello"):
                way = RouteQuery(to="+237 670-000.001", at=rig.clock.ms)
                found = rig.engine.preview.segment(account, TextQuery(text, route=way))
                message = await rig.submit(text=text)
                assert (found.operator, found.segments, found.cost, found.price) == (
                    message.operator,
                    message.segments,
                    message.cost,
                    message.price,
                )
        other = rig.engine.preview.segment(account, TextQuery("é" * 80, operator="b", route=way))
        assert (other.operator, other.cost) == ("b", Money(Decimal("0.02"), "XAF"))
        for wanted, code in (
            (TextQuery("x", operator="c", route=way), "unroutable"),
            (TextQuery("ğ", EncodingWish.GSM7, route=way), "not_encodable"),
            (TextQuery("x", route=RouteQuery(to="0670000001", at=0)), "invalid_number"),
        ):
            with pytest.raises(Refusal) as refused:
                rig.engine.preview.segment(account, wanted)
            assert refused.value.code == code


# --- the desk's alarm, the ledger's memory -------------------------------------------------------------------


async def test_the_soonest_alarm_rings_and_only_once() -> None:
    desk, other, rung = Desk(operator("mtn"), None), Desk(operator("orange"), None), []
    for seconds in (30.0, 0.05, 0.02, 0.06):
        desk.wake_in(seconds, lambda seconds=seconds: rung.append(seconds))
    # Later than any that must not ring any more.
    over = asyncio.Event()
    async with asyncio.timeout(20):
        other.wake_in(0.08, over.set)
        await over.wait()
    assert rung == [0.02]
    over.clear()
    desk.wake_in(0.01, lambda: rung.append(0.01))
    desk.close()
    other.wake_in(0.02, over.set)
    await over.wait()
    assert rung == [0.02]


async def test_what_waits_for_receipts_is_bounded_in_memory(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        ledger = Ledger(rig.store, Recovery(0, 0, {}, 0, [], None, [], [], {}), remember=10)
        for number in range(50):
            one = Message(id=f"m{number}", account="acme", to=f"+2376{number}", created_at=0, parts=[Part(1)])
            ledger.note_unanswered("mtn", one)
            ledger.note_unanswered("mtn", one)
        assert len(ledger._unanswered) == 10


async def test_throttling_shows_in_the_view(tmp_path: Path) -> None:
    async with Rig(settings(operator("mtn")), tmp_path) as rig:
        await rig.submit()
        rig.operators["mtn"].answer((await rig.written("mtn"))[0], THROTTLED)
        (view,) = rig.engine.control.operators()
        assert view.throttle_factor == 0.5
