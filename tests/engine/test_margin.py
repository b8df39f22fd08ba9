"""No route that costs more than the account pays, unless the plan allows it."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from router.account import Account, Price
from router.operator import Rate, TextRules
from router.outcome import Outcome, OutcomeKind
from router.refusal import Refusal
from router.routing.route import RouteQuery
from router.settings import Plan, Settings
from tests.engine.rig import Rig, operator, settings

REFUSES = Outcome(OutcomeKind.REJECTED, status=0x0A, detail="not here")


def paying(*prices: Price, currency: str = "XAF") -> Account:
    return Account(name="acme", token=None, currency=currency, prices=prices)


def pays(price: str, currency: str = "XAF") -> Account:
    return paying(Price("", Decimal(price)), currency=currency)


@pytest.mark.parametrize(
    ("account", "taker"),
    [
        (pays("0.01"), None),
        (pays("0.0199999"), None),
        (pays("0.02"), "cheap"),  # what costs as much as it brings is no loss
        (pays("0.05"), "cheap"),
        (pays("0.00003", "EUR"), None),  # 0.0197 XAF
        (pays("0.00004", "EUR"), "cheap"),
        (pays("0"), None),
        (paying(Price("1", Decimal("0.01"))), "cheap"),  # no price for this number: nothing to guard
        (paying(Price("237", Decimal("0.01")), Price("", Decimal(1))), None),  # the longest prefix is the price
        (paying(Price("237", Decimal("0.05")), Price("237", Decimal("0.01"), "transactional")), None),
    ],
)
async def test_what_costs_more_than_the_account_pays_is_not_used(
    tmp_path: Path, account: Account, taker: str | None
) -> None:
    config = settings(operator("cheap", "0.02"), operator("dear", "0.06"), accounts=(account,))
    async with Rig(config, tmp_path) as rig:
        rig.operators["dear"].go_down()
        if taker is None:
            with pytest.raises(Refusal) as refused:
                await rig.submit()
            assert (refused.value.code, refused.value.field) == ("unroutable", "to")
            assert "costs more than the account pays" in refused.value.detail
        else:
            assert (await rig.submit()).operator == taker


async def test_a_plan_may_allow_a_loss(tmp_path: Path) -> None:
    plans = {"default": Plan("default"), "launch": Plan("launch", allow_loss=True)}
    async with Rig(settings(operator("a", "0.02"), accounts=(pays("0.01"),), plans=plans), tmp_path) as rig:
        with pytest.raises(Refusal, match="pays"):
            await rig.submit()
        assert (await rig.submit(plan="launch")).operator == "a"


async def test_no_failover_into_a_loss(tmp_path: Path) -> None:
    """The cheap one refuses: the dear one does not get it."""
    config = settings(operator("cheap", "0.02"), operator("dear", "0.06"), accounts=(pays("0.05"),))
    async with Rig(config, tmp_path) as rig:
        message = await rig.submit()
        (submission,) = await rig.written("cheap")
        rig.operators["cheap"].answer(submission, REFUSES)
        await rig.until(lambda: message.done_at)
        assert (message.state, message.operator, rig.operators["dear"].history) == ("rejected", "cheap", [])


async def test_more_parts_at_another_operator_may_be_a_loss(tmp_path: Path) -> None:
    """One part was sold; as UCS-2 it takes three."""
    plain = operator("ucs2", "0.02", text=TextRules(alphabet="ascii"))
    config = settings(operator("gsm", "0.01"), plain, accounts=(pays("0.05"),))
    async with Rig(config, tmp_path) as rig:
        message = await rig.submit(text="é" * 150)
        (submission,) = await rig.written("gsm")
        rig.operators["gsm"].answer(submission, REFUSES)
        await rig.until(lambda: message.done_at)
        assert rig.operators["ucs2"].history == []


async def test_a_price_in_a_currency_that_has_left_guards_nothing_any_more(tmp_path: Path) -> None:
    config = settings(operator("a", "0.02"), operator("b", "0.03"), accounts=(pays("0.0001", "EUR"),))
    async with Rig(config, tmp_path) as rig:
        message = await rig.submit()
        await rig.written("a")
        rig.next_config = replace(config, currencies={"XAF": Decimal(1)}, accounts={"acme": pays("1")})
        await rig.engine.control.reload()
        rig.operators["a"].answer(rig.operators["a"].written[0], REFUSES)
        await rig.until(lambda: message.operator == "b")


def explained(config: Settings, rig: Rig) -> list[tuple[str, bool, str | None]]:
    query = RouteQuery("+237670000001", rig.clock.now())
    decision = rig.engine.preview.route(config.accounts["acme"], query)
    return [(one.operator, one.usable, one.reason) for one in decision.candidates]


async def test_a_decision_says_so(tmp_path: Path) -> None:
    config = settings(
        operator("cheap", "0.02"), operator("dear", rates=(Rate("", Decimal(1), "EUR"),)), accounts=(pays("0.05"),)
    )
    async with Rig(config, tmp_path) as rig:
        assert explained(config, rig) == [("cheap", True, None), ("dear", False, "margin")]
        rig.operators["cheap"].go_down()
        query = RouteQuery("+237670000001", rig.clock.now())
        assert rig.engine.preview.route(config.accounts["acme"], query).operator is None
        assert rig.engine.preview.route(None, query).operator == "dear", "without an account there is no price"
        assert (await rig.submit()).operator == "cheap", "it waits where it earns"
