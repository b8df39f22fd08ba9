"""What is taken with a message's acceptance, what is given back at its end, and what nobody ever pays."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from router.account import Account, ChargeRule, Guards, Price
from router.delivery.charging import is_kept
from router.engine.intake import Prepared
from router.engine.preparing import Via
from router.engine.wallets import Balance
from router.message import FINAL, Message, State
from router.money import MOST_NANO, NANO
from router.outcome import Outcome, OutcomeKind
from router.ports.store import KEYS_KEPT, MessageFilter, Remembered
from router.receipt import ReceiptState
from router.refusal import Refusal
from router.settings import Settings
from router.wallet import Entry, EntryKind, Tariff
from tests.engine.rig import ReceiptRules, Rig, operator, settings, wish

REJECTED = Outcome(OutcomeKind.REJECTED, status=0x0B)
UNKNOWN = Outcome(OutcomeKind.UNKNOWN)
RULES: list[ChargeRule] = ["accepted", "submitted", "delivered"]
NUMBER = "+237670000001"


def account(wallet: str = "prepaid", charge: ChargeRule = "submitted", price: str = "1.00", **more: object) -> Account:
    prices = (Price("237", Decimal(price)),)
    return Account("acme", None, "XAF", prices=prices, wallet=wallet, charge=charge, **more)  # type: ignore[arg-type]


def config(of: Account | None = None, **of_operator: object) -> Settings:
    return settings(
        operator("mtn", "0.00", on_unanswered="hold", **of_operator),
        accounts=(of or account(),),
    )


def sums(rig: Rig) -> dict[str, tuple[int, int]]:
    """The sum of the entries and the balance of each account, as they are on disk."""
    connection = apsw.Connection(str(rig.path), apsw.SQLITE_OPEN_READONLY)
    found = connection.execute(
        "SELECT account, (SELECT sum(amount) FROM entries WHERE entries.account = wallets.account), balance"
        " FROM wallets"
    ).fetchall()
    connection.close()
    return {name: (total, balance) for name, total, balance in found}


async def entries(rig: Rig) -> list[Entry]:
    """Oldest first."""
    await rig.settle()
    return (await rig.store.entries("acme", None, 1000))[::-1]


async def story(rig: Rig) -> list[tuple[str, float]]:
    return [(entry.kind.value, entry.amount / NANO) for entry in await entries(rig)]


async def fill(rig: Rig, amount: str = "10") -> None:
    await rig.engine.wallets.credit("acme", Decimal(amount))


async def refusal(rig: Rig, **fields: object) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await rig.submit(**fields)  # type: ignore[arg-type]
    return refused.value


# --- the way in ----------------------------------------------------------------------------------------------


async def test_a_message_is_paid_for_when_it_is_accepted(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        await fill(rig)
        message = await rig.submit(text="x" * 200)
        assert (message.segments, message.charged) == (2, 2 * NANO)
        last = (await entries(rig))[-1]
        assert (last.kind, last.amount, last.reference) == (EntryKind.DEBIT, -2 * NANO, message.id)
        assert rig.engine.wallets.balance("acme") == rig.engine.wallets.available("acme") == 8 * NANO
        assert sums(rig) == {"acme": (8 * NANO, 8 * NANO)}
    async with Rig(config(), tmp_path) as rig:
        assert rig.engine.wallets.balance("acme") == 8 * NANO


def remembered(told: Balance, now: int) -> Remembered:
    return Remembered(told.account, "key", b"digest", 200, str(told.balance.amount).encode(), now)


async def test_what_is_paid_with_a_key_is_paid_once(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        credit = rig.engine.wallets.credit
        told = await asyncio.gather(*(credit("acme", Decimal(7), answer=remembered) for _ in range(20)))
        assert [isinstance(one, Balance) for one in told].count(True) == 1
        assert {one.body for one in told if isinstance(one, Remembered)} == {b"7.00"}
        assert await story(rig) == [("credit", 7)]
        assert sums(rig) == {"acme": (7 * NANO, 7 * NANO)}
    async with Rig(config(), tmp_path) as rig:
        assert isinstance(await rig.engine.wallets.credit("acme", Decimal(7), answer=remembered), Remembered)
        rig.clock.move(KEYS_KEPT / 1000)
        assert isinstance(await rig.engine.wallets.credit("acme", Decimal(7), answer=remembered), Balance)
        assert sums(rig) == {"acme": (14 * NANO, 14 * NANO)}


@pytest.mark.parametrize("amount", [Decimal(5), Decimal(-5)])
async def test_what_cannot_be_written_is_not_paid(tmp_path: Path, amount: Decimal) -> None:
    """Neither now nor when the store is well again."""
    async with Rig(config(), tmp_path) as rig:
        await fill(rig)
        with rig.outage():
            for _ in range(2):  # the one that finds out, and one behind it
                with pytest.raises(Refusal) as refused:
                    await rig.engine.wallets.credit("acme", amount, answer=remembered)
                assert (refused.value.code, refused.value.retry_after) == ("store_unavailable", 1)
        await rig.until(lambda: rig.store.healthy)
        assert sums(rig) == {"acme": (10 * NANO, 10 * NANO)}
        assert rig.engine.wallets.balance("acme") == 10 * NANO
        assert isinstance(await rig.engine.wallets.credit("acme", amount, answer=remembered), Balance)
        assert rig.engine.wallets.balance("acme") == (10 + int(amount)) * NANO


async def test_whoever_asks_may_go_away_meanwhile(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        asking = asyncio.ensure_future(rig.engine.wallets.credit("acme", Decimal(5)))
        await asyncio.sleep(0)
        asking.cancel()
        await rig.until(lambda: rig.engine.wallets.balance("acme") == 5 * NANO)
        assert sums(rig) == {"acme": (5 * NANO, 5 * NANO)}


async def test_a_new_wallet_is_empty_and_refuses(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        refused = await refusal(rig)
        assert (refused.code, refused.detail) == (
            "insufficient_credit",
            "this costs 1.00, and the wallet has 0.00 XAF for it",
        )
        await rig.settle()
        assert sums(rig) == {}
        assert await rig.store.list_messages(MessageFilter("acme")) == []


async def test_it_can_be_spent_to_the_last_nano(tmp_path: Path) -> None:
    async with Rig(config(account(price="0.0000000001")), tmp_path) as rig:
        await fill(rig, "0.000000003")
        for _ in range(3):
            await rig.submit()
        assert (await refusal(rig)).code == "insufficient_credit"
        assert rig.engine.wallets.balance("acme") == 0


async def test_postpaid_may_go_below_zero(tmp_path: Path) -> None:
    async with Rig(config(account("postpaid")), tmp_path) as rig:
        await rig.submit()
        assert rig.engine.wallets.balance("acme") == -NANO
        assert rig.engine.wallets.available("acme") is None
        assert await story(rig) == [("debit", -1.0)]


async def test_postpaid_owes_no_more_than_a_wallet_can_hold(tmp_path: Path) -> None:
    async with Rig(config(account("postpaid", price="3000000000")), tmp_path) as rig:
        await rig.submit()
        assert (await refusal(rig)).code == "insufficient_credit"
        assert (await refusal(rig, text="x" * 200)).code == "insufficient_credit"
    async with Rig(config(account("postpaid", price="9" * 40)), tmp_path) as rig:
        assert (await refusal(rig)).code == "insufficient_credit"


async def test_off_records_nothing(tmp_path: Path) -> None:
    async with Rig(config(account("off")), tmp_path) as rig:
        message = await rig.submit()
        assert (message.charged, rig.engine.wallets.available("acme")) == (0, None)
        rig.operators["mtn"].answer((await rig.written("mtn"))[0], REJECTED)
        assert await story(rig) == []
        for call in (rig.engine.wallets.credit("acme", Decimal(1)), rig.engine.wallets.entries("acme", None, 1)):
            with pytest.raises(Refusal) as refused:
                await call
            assert refused.value.code == "wallet_off"


async def test_what_has_no_price_is_free(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        await rig.submit(to="+33612345678")
        assert await story(rig) == []


async def test_what_counts_by_units_costs_one_for_each_part(tmp_path: Path) -> None:
    async with Rig(config(account(price="0.05")), tmp_path) as rig:
        await fill(rig, "3.5")
        of = rig.config.accounts["acme"]
        submits = [wish(to=NUMBER, text=text) for text in ("x" * 200, "Hello", "Hello")]

        async def make() -> Prepared:
            taken = rig.engine.intake.prepare(of, submits, via=Via(tariff=Tariff.UNIT))
            assert [one.charged if isinstance(one, Message) else one.code for one in taken] == [
                2 * NANO, NANO, "insufficient_credit",
            ]  # fmt: skip
            return Prepared([one for one in taken if isinstance(one, Message)], 202, b"", "send 1", "2 messages")

        await rig.engine.intake.answer(of, None, b"", make)
        last = (await entries(rig))[-1]
        assert (last.amount, last.reference, last.detail) == (-3 * NANO, "send 1", "2 messages")


async def test_a_batch_takes_what_it_can_pay_in_its_order(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        await fill(rig, "2.5")
        answered = await rig.submit_all([wish(to=NUMBER, text=text) for text in ("a", "x" * 400, "b", "", "c")[:3]])
        assert [one.code if isinstance(one, Refusal) else one.text for one in answered] == [
            "a", "insufficient_credit", "b",
        ]  # fmt: skip
        last = (await entries(rig))[-1]
        assert (last.amount, last.reference) == (-2 * NANO, None)
        assert rig.engine.wallets.balance("acme") == NANO // 2


async def test_what_is_prepared_and_not_accepted_costs_nothing(tmp_path: Path) -> None:
    async with Rig(config(account(guards=Guards(duplicates=60.0))), tmp_path) as rig:
        await fill(rig, "1")
        of = rig.config.accounts["acme"]
        for _ in range(3):
            (taken,) = rig.engine.intake.prepare(of, [wish(to=NUMBER, text="Hello")])
            assert isinstance(taken, Message), taken.code
            rig.engine.intake.discard([taken])
        assert rig.engine.wallets.balance("acme") == NANO
        # What is refused for its price is no duplicate later.
        assert (await refusal(rig, text="x" * 200)).code == "insufficient_credit"
        await fill(rig, "1")
        await rig.submit(text="x" * 200)
        assert await story(rig) == [("credit", 1.0), ("credit", 1.0), ("debit", -2.0)]


async def test_a_refused_message_leaves_its_share_to_the_others(tmp_path: Path) -> None:
    async with Rig(config(account(guards=Guards(duplicates=60.0))), tmp_path) as rig:
        await fill(rig, "2")
        answered = await rig.submit_all([wish(to=NUMBER, text=text) for text in ("a", "a", "b")])
        assert [one.code if isinstance(one, Refusal) else one.text for one in answered] == [
            "a", "duplicate_message", "b",
        ]  # fmt: skip


async def test_who_waits_between_preparing_and_accepting_still_overdraws_nothing(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        await fill(rig, "1")
        of = rig.config.accounts["acme"]

        async def make() -> Prepared:
            (taken,) = rig.engine.intake.prepare(of, [wish(to=NUMBER, text="Hello")])
            assert isinstance(taken, Message)
            await asyncio.sleep(0)
            return Prepared([taken], 202, b"")

        answers = await asyncio.gather(
            *(rig.engine.intake.answer(of, None, b"", make) for _ in range(3)), return_exceptions=True
        )
        assert [getattr(one, "code", 202) for one in answers] == [202, "insufficient_credit", "insufficient_credit"]
        await rig.settle()
        assert sums(rig) == {"acme": (0, 0)}
        assert rig.engine.ledger.open == 1


async def test_a_repeated_request_pays_once(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        await fill(rig, "1")
        of = rig.config.accounts["acme"]

        async def make() -> Prepared:
            (taken,) = rig.engine.intake.prepare(of, [wish(to=NUMBER, text="Hello")])
            if isinstance(taken, Refusal):
                raise taken
            return Prepared([taken], 202, b"")

        answers = await asyncio.gather(*(rig.engine.intake.answer(of, "key", b"", make) for _ in range(5)))
        assert [answer.replayed for answer in answers].count(False) == 1
        assert await story(rig) == [("credit", 1.0), ("debit", -1.0)]


async def test_a_store_that_fails_has_taken_nothing(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        await fill(rig)
        with rig.outage():
            outcomes = await asyncio.gather(*(rig.submit() for _ in range(5)), return_exceptions=True)
            assert {getattr(one, "code", None) for one in outcomes} == {"store_unavailable"}
            assert rig.engine.wallets.balance("acme") == 10 * NANO
            with pytest.raises(Refusal) as refused:
                await fill(rig)
            assert refused.value.code == "store_unavailable"
        await rig.until(lambda: rig.store.healthy)
        await rig.submit()
        assert await story(rig) == [("credit", 10.0), ("debit", -1.0)]
        assert sums(rig) == {"acme": (9 * NANO, 9 * NANO)}


async def test_what_ends_before_it_is_stored_and_never_is_gives_nothing_back(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        await fill(rig)
        rig.operators["mtn"].go_down()
        with rig.outage():
            asked = asyncio.ensure_future(rig.submit())
            while not rig.engine.ledger.open:
                await asyncio.sleep(0)  # on before the commit is tried, in the same turn of the loop
            (held,) = rig.engine.ledger._held.values()
            message = held()
            cancel = rig.engine.messages.cancel("acme", message.id)
            cancel.send(None)  # at once, as far as it goes without the disk
            assert message.refunded == NANO
            with pytest.raises(Refusal):
                await asked
            assert (rig.engine.wallets.balance("acme"), rig.engine.ledger.open) == (10 * NANO, 0)
        cancel.close()
        await rig.until(lambda: rig.store.healthy)
        assert await story(rig) == [("credit", 10.0)]
        assert sums(rig) == {"acme": (10 * NANO, 10 * NANO)}


async def test_what_cannot_be_stored_costs_nothing(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        await fill(rig)
        assert (await refusal(rig, reference="\ud800")).code == "store_unavailable"
        assert await story(rig) == [("credit", 10.0)]
        assert rig.engine.wallets.balance("acme") == 10 * NANO


# --- by hand -------------------------------------------------------------------------------------------------


async def test_an_administrator_may_leave_a_debt(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        told = await rig.engine.wallets.credit("acme", Decimal("-5"))
        assert (str(told.balance), told.account) == ("-5.00 XAF", "acme")
        assert rig.engine.wallets.available("acme") == 0
        assert (await refusal(rig)).detail == "this costs 1.00, and the wallet has 0.00 XAF for it"
        await rig.submit(to="+33612345678")  # what is free adds to no debt
        assert await story(rig) == [("debit", -5.0)]


async def test_no_wallet_holds_more_than_can_be_counted(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        await fill(rig, "4e9")
        with pytest.raises(Refusal) as refused:
            await fill(rig, "0.000000001")
        assert (refused.value.code, refused.value.field) == ("invalid_request", "amount")
        assert rig.engine.wallets.balance("acme") == MOST_NANO
        gauges = {(one.name, one.labels): one.value for one in rig.engine.gauges()}
        assert gauges["wallet_balance", ("acme",)] == 4e9


# --- the end -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("receipt", "paid_by"),
    [
        (ReceiptState.DELIVERED, RULES),
        (ReceiptState.UNDELIVERED, ["accepted", "submitted"]),
        (ReceiptState.UNKNOWN, ["accepted", "submitted"]),
        (None, ["accepted"]),  # the operator refuses it
    ],
)
@pytest.mark.parametrize("rule", RULES)
async def test_what_is_not_paid_for_is_given_back(
    tmp_path: Path, rule: ChargeRule, receipt: ReceiptState | None, paid_by: Sequence[ChargeRule]
) -> None:
    of = config(account(charge=rule))
    async with Rig(of, tmp_path) as rig:
        await fill(rig)
        message = await rig.submit()
        mtn = rig.operators["mtn"]
        (submission,) = await rig.written("mtn")
        if receipt is None:
            mtn.answer(submission, REJECTED)
        else:
            mtn.receipt(NUMBER, mtn.accept(submission), receipt)
        await rig.until(lambda: message.state in FINAL)
        back = [] if rule in paid_by else [("refund", 1.0)]
        assert await story(rig) == [("credit", 10.0), ("debit", -1.0), *back]
        if back:
            last = (await entries(rig))[-1]
            assert (last.reference, last.detail) == (message.id, message.state.value)
    async with Rig(of, tmp_path, rig.clock) as rig:
        assert rig.engine.wallets.balance("acme") == (9 + len(back)) * NANO
        kept = await rig.engine.messages.find("acme", message.id)
        assert kept is not None
        assert (kept.charged, kept.refunded) == (NANO, len(back) * NANO)


@pytest.mark.parametrize("rule", RULES)
async def test_what_was_never_sent_is_given_back_by_every_rule(tmp_path: Path, rule: ChargeRule) -> None:
    async with Rig(config(account(charge=rule)), tmp_path) as rig:
        await fill(rig)
        rig.operators["mtn"].go_down()
        message = await rig.submit()
        await rig.engine.messages.cancel("acme", message.id)
        assert await story(rig) == [("credit", 10.0), ("debit", -1.0), ("refund", 1.0)]


@pytest.mark.parametrize("rule", RULES)
async def test_without_receipts_what_is_submitted_is_paid_for(tmp_path: Path, rule: ChargeRule) -> None:
    async with Rig(config(account(charge=rule)), tmp_path) as rig:
        await fill(rig)
        message = await rig.submit(receipts="none")
        rig.operators["mtn"].accept((await rig.written("mtn"))[0])
        await rig.until(lambda: message.state is State.SUBMITTED)
        assert await story(rig) == [("credit", 10.0), ("debit", -1.0)]


async def lost(rig: Rig) -> tuple[Message, str]:
    """A message whose receipt did not come in time."""
    message = await rig.submit()
    smsc_message_id = rig.operators["mtn"].accept((await rig.written("mtn"))[0])
    await rig.settle()
    rig.clock.move(100)
    rig.engine._wakeups._changed.set()
    await rig.until(lambda: message.state is State.UNKNOWN)
    return message, smsc_message_id


LATE = {"receipts": ReceiptRules(timeout=60.0)}


async def test_a_late_receipt_takes_it_again_once(tmp_path: Path) -> None:
    of = config(account(charge="delivered"), **LATE)
    async with Rig(of, tmp_path) as rig:
        await fill(rig)
        message, smsc_message_id = await lost(rig)
        assert await story(rig) == [("credit", 10.0), ("debit", -1.0), ("refund", 1.0)]
    async with Rig(of, tmp_path, rig.clock) as rig:
        for _ in range(3):
            rig.operators["mtn"].receipt(NUMBER, smsc_message_id)
            await rig.settle()
        await rig.until(lambda: rig.metrics.counted["receipt", "mtn", "duplicate"] == 2)
        assert await story(rig) == [("credit", 10.0), ("debit", -1.0), ("refund", 1.0), ("debit", -1.0)]
        assert (await entries(rig))[-1].reference == message.id


async def test_a_late_receipt_takes_no_more_than_a_prepaid_wallet_has(tmp_path: Path) -> None:
    async with Rig(config(account(charge="delivered"), **LATE), tmp_path) as rig:
        await fill(rig, "1")
        message, smsc_message_id = await lost(rig)
        await rig.engine.wallets.credit("acme", Decimal("-0.75"))
        rig.operators["mtn"].receipt(NUMBER, smsc_message_id)
        await rig.until(lambda: message.state is State.DELIVERED)
        assert (await story(rig))[-2:] == [("debit", -0.75), ("debit", -0.25)]
        assert (message.charged, message.refunded) == (NANO, 3 * NANO // 4)
        assert rig.engine.wallets.balance("acme") == 0


async def test_postpaid_pays_a_late_receipt_in_full(tmp_path: Path) -> None:
    async with Rig(config(account("postpaid", charge="delivered"), **LATE), tmp_path) as rig:
        _, smsc_message_id = await lost(rig)
        rig.operators["mtn"].receipt(NUMBER, smsc_message_id)
        await rig.until(lambda: rig.engine.wallets.balance("acme") == -NANO)


async def test_a_late_answer_is_an_acceptance_too(tmp_path: Path) -> None:
    async with Rig(config(account(charge="submitted"), **LATE), tmp_path) as rig:
        await fill(rig)
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        rig.operators["mtn"].answer(submission, UNKNOWN)
        await rig.settle()
        rig.clock.move(100)
        rig.engine._wakeups._changed.set()
        await rig.until(lambda: message.state is State.UNKNOWN)
        assert (await story(rig))[1:] == [("debit", -1.0), ("refund", 1.0)]
        rig.engine.answered_late(submission, Outcome(OutcomeKind.ACCEPTED, "late"))
        assert (await story(rig))[1:] == [("debit", -1.0), ("refund", 1.0), ("debit", -1.0)]
        rig.operators["mtn"].receipt(NUMBER, "late")
        await rig.until(lambda: message.state is State.DELIVERED)
        assert len(await entries(rig)) == 4


async def test_what_was_paid_is_given_back_where_the_wallet_is_off_by_then(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        await fill(rig)
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        rig.next_config = replace(rig.config, accounts={"acme": account("off")})
        await rig.engine.control.reload()
        rig.operators["mtn"].answer(submission, REJECTED)
        await rig.until(lambda: message.state in FINAL)
        assert await story(rig) == [("credit", 10.0), ("debit", -1.0), ("refund", 1.0)]


async def test_an_end_that_waits_for_the_disk_gives_back_once(tmp_path: Path) -> None:
    async with Rig(config(), tmp_path) as rig:
        await fill(rig)
        message = await rig.submit()
        (submission,) = await rig.written("mtn")
        with rig.outage():
            rig.operators["mtn"].answer(submission, REJECTED)
            await rig.until(lambda: not rig.store.healthy)
            assert message.state is State.REJECTED
            assert sums(rig) == {"acme": (9 * NANO, 9 * NANO)}
        await rig.until(lambda: rig.store.healthy)
        assert await story(rig) == [("credit", 10.0), ("debit", -1.0), ("refund", 1.0)]


# --- whatever happens ----------------------------------------------------------------------------------------

_WHICH = st.integers(0, 9)
_STATES = st.sampled_from([ReceiptState.DELIVERED, ReceiptState.UNDELIVERED, ReceiptState.UNKNOWN])
STEPS: dict[str, tuple[int, st.SearchStrategy[object]]] = {
    "send": (4, st.lists(st.sampled_from([1, 1, 2, 3]), min_size=1, max_size=4)),
    "accept": (5, _WHICH),
    "reject": (2, _WHICH),
    "lose": (1, _WHICH),
    "receipt": (5, st.tuples(_WHICH, _STATES)),
    "cancel": (1, _WHICH),
    "credit": (1, st.integers(1, 5)),
    "wait": (1, st.just(100)),
    "outage": (2, st.none()),
    "restart": (1, st.none()),
}
STEP = st.sampled_from([name for name, (often, _) in STEPS.items() for _ in range(often)]).flatmap(
    lambda name: st.tuples(st.just(name), STEPS[name][1])
)


class Story:
    """What happens to an account, step by step, and what it comes to."""

    def __init__(self, of: Settings, folder: Path) -> None:
        self.of = of
        self.folder = folder
        self.rig = Rig(of, folder)
        self.paid_in = 0
        self.ids: list[str] = []
        self.receipts: list[tuple[str, str]] = []
        self.outages = ExitStack()
        self.out = False

    async def tell(self, steps: Sequence[tuple[str, object]]) -> None:
        await self.rig.__aenter__()
        try:
            for what, how in steps:
                await getattr(self, what)(how)
                await self.check()
            await self.recover()
            await self.check()
        finally:
            self.outages.close()
            await self.rig.__aexit__()

    async def send(self, parts: list[int]) -> None:
        submits = [wish(to=f"+23767{len(self.ids):03d}{place:04d}", text="x" * 150 * count) for place, count in
                   enumerate(parts)]  # fmt: skip
        if self.out:
            with pytest.raises(Refusal):
                await self.rig.submit_all(submits)
            return
        answered = await self.rig.submit_all(submits)
        self.ids += [one.id for one in answered if isinstance(one, Message)]

    async def answer(self, which: int, outcome: Outcome | None) -> None:
        mtn = self.rig.operators["mtn"]
        if not mtn.written:
            return
        submission = mtn.written[which % len(mtn.written)]
        if outcome is None:
            # An id that no other run gave.
            smsc_message_id = f"{submission.message.id}-{submission.part.number}"
            mtn.accept(submission, smsc_message_id)
            self.receipts.append((submission.message.to, smsc_message_id))
        else:
            mtn.answer(submission, outcome)

    async def accept(self, which: int) -> None:
        await self.answer(which, None)

    async def reject(self, which: int) -> None:
        await self.answer(which, REJECTED)

    async def lose(self, which: int) -> None:
        await self.answer(which, UNKNOWN)

    async def receipt(self, how: tuple[int, ReceiptState]) -> None:
        which, state = how
        if self.receipts:
            self.rig.operators["mtn"].receipt(*self.receipts[which % len(self.receipts)], state)

    async def cancel(self, which: int) -> None:
        if self.ids and not self.out:
            with suppress(Refusal):  # too_late
                await self.rig.engine.messages.cancel("acme", self.ids[which % len(self.ids)])

    async def credit(self, units: int) -> None:
        if self.out:
            with pytest.raises(Refusal):
                await self.rig.engine.wallets.credit("acme", Decimal(units))
            return
        await self.rig.engine.wallets.credit("acme", Decimal(units))
        self.paid_in += units * NANO

    async def wait(self, seconds: float) -> None:
        """Beyond the time for receipts."""
        self.rig.clock.move(seconds)
        self.rig.engine._wakeups._changed.set()

    async def outage(self, _: None) -> None:
        if self.out:
            await self.recover()
            return
        self.outages.enter_context(self.rig.outage())
        self.out = True
        # One that is charged if it can be, and one that always is written, so that the outage is seen.
        for to in (NUMBER, "+33612345678"):
            with pytest.raises(Refusal):
                await self.rig.submit(to=to)

    async def recover(self) -> None:
        self.outages.close()
        self.out = False
        await self.rig.until(lambda: self.rig.store.healthy)

    async def restart(self, _: None) -> None:
        await self.recover()
        await self.rig.__aexit__()
        self.rig = Rig(self.of, self.folder, self.rig.clock)
        await self.rig.__aenter__()

    async def check(self) -> None:
        for _ in range(1 if self.out else 100):
            if not self.out:
                await self.rig.settle()
            stored = await self.rig.store.list_messages(MessageFilter("acme", limit=1000))
            total, balance = sums(self.rig).get("acme", (0, 0))
            in_memory = self.rig.engine.wallets.balance("acme")
            of_messages = self.paid_in - sum(one.charged - one.refunded for one in stored)
            if balance == of_messages == in_memory:
                break
            # What the clock set off is in memory before it is on disk, and on disk before it is read: look again.
        assert total == balance == of_messages
        assert self.out or in_memory == balance
        of = self.of.accounts["acme"]
        assert of.wallet == "postpaid" or balance >= 0
        for one in stored:
            if one.state in FINAL and not is_kept(of.charge, one):
                assert one.refunded == one.charged
            elif one.state not in FINAL or of.charge == "accepted" or of.wallet == "postpaid":
                assert one.refunded == 0


@pytest.mark.deep
@given(
    wallet=st.sampled_from(["prepaid", "postpaid"]),
    rule=st.sampled_from(RULES),
    steps=st.lists(STEP, min_size=15, max_size=25),
)
@hypothesis_settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_the_entries_are_always_the_balance(wallet: str, rule: ChargeRule, steps: list[tuple[str, object]]) -> None:
    play(wallet, rule, steps)


@pytest.mark.deep
@given(
    wallet=st.sampled_from(["prepaid", "postpaid"]),
    rule=st.sampled_from(RULES),
    steps=st.lists(STEP, min_size=40, max_size=60),
)
@hypothesis_settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_entries_are_the_balance_after_long_stories(
    wallet: str, rule: ChargeRule, steps: list[tuple[str, object]]
) -> None:
    play(wallet, rule, steps)


def play(wallet: str, rule: ChargeRule, steps: list[tuple[str, object]]) -> None:
    of = config(account(wallet, rule, price="0.7"), **LATE)
    with TemporaryDirectory() as folder:
        asyncio.run(Story(of, Path(folder)).tell([("credit", 8), *steps]))
