"""What keeps an operator from carrying a message that it has a rate for. Each reason is a code of `candidates`."""

from collections.abc import Mapping
from decimal import Decimal

from router.account import Guards
from router.address import is_email
from router.message import TrafficClass
from router.money import Money
from router.refusal import Refusal
from router.routing.networks import country
from router.routing.plan import RoutePlan
from router.settings import Plan

MARGIN = "margin"
OPTED_OUT = "opted_out"
QUIET_HOURS = "quiet_hours"


def check_destination(guards: Guards, plan: RoutePlan, to: str) -> None:
    """Raises Refusal `destination_not_allowed` or `loop` where the account may not send to this number (E.164); to an
    address it may, for that is in no country."""
    if is_email(to):
        return
    if guards.countries is not None and (place := country(to)) not in guards.countries:
        where = f"numbers of {place}" if place else "a number of no country"
        raise Refusal("destination_not_allowed", f"the account may not send to {where}", "to")
    if guards.loop_guard and plan.owners.is_ours(to):
        raise Refusal("loop", "messages to this number come back to an account here", "to")


def quiet_until(plan: RoutePlan, traffic_class: str, to: str, at: int) -> int | None:
    """When a message to this number (E.164) may go that may not at `at` (both ms) for quiet hours, else None."""
    if plan.quiet is None or traffic_class != TrafficClass.MARKETING:
        return None
    return plan.quiet.until(country(to), at)


def worth(chosen: Plan, price: Money | None, rates: Mapping[str, Decimal]) -> Decimal | None:
    """What a route may cost in the base currency where the account pays `price`; None where nothing is to be guarded:
    it has no price, the plan allows a loss, or the price's currency has left the configuration. `rates` say what one
    unit of each currency is worth in the base."""
    if price is None or chosen.allow_loss:
        return None
    rate = rates.get(price.currency)
    return None if rate is None else price.amount * rate
