"""What keeps an operator from carrying a message that it has a rate for. Each reason is a code of `candidates`."""

from decimal import Decimal

from router.money import Money
from router.routing.plan import RoutePlan
from router.settings import Plan

MARGIN = "margin"


def worth(plan: RoutePlan, chosen: Plan, price: Money | None) -> Decimal | None:
    """What a route may cost in the base currency where the account pays `price`; None where nothing is to be guarded:
    it has no price, the plan allows a loss, or the price's currency has left the configuration."""
    if price is None or chosen.allow_loss or price.currency not in plan.settings.currencies:
        return None
    return plan.in_base(price.amount, price.currency)


def earns(base_cost: Money, pays: Decimal | None, parts: int) -> bool:
    """Whether `parts` parts cost no more than what the account pays for them; `pays` as `worth` says it."""
    return pays is None or base_cost.amount * parts <= pays
