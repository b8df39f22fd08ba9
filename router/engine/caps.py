"""Operators' daily caps: counted at the claim, kept on disk with it, over when the day is."""

import asyncio
from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from router.delivery.settle import committed_to
from router.delivery.spending import Spending
from router.engine.desk import Desk
from router.engine.running import Running
from router.message import Attempt, Message, Part
from router.ports.clock import Clock
from router.ports.store import Spent, Store

# A clock that jumps is noticed after so many seconds at the latest.
_LOOK = 60.0


class TodayView(Struct, frozen=True, gc=False):
    """What an operator was given today, and what it may be given: parts, and their cost in its currency."""

    date: str
    time_zone: str
    parts: int
    spend: Decimal
    most_parts: int | None
    most_spend: Decimal | None


class CapKeeper:
    """Keeps the count of every operator that has caps; the others cost nothing here. `on_change` is told the name of
    an operator that may have become usable again."""

    def __init__(
        self, store: Store, running: Running, clock: Clock, spent: list[Spent], on_change: Callable[[str], None]
    ) -> None:
        self._store = store
        self._running = running
        self._clock = clock
        self._spent = {one.operator: one for one in spent}
        self._on_change = on_change
        self._alarms: dict[str, asyncio.TimerHandle] = {}

    def watch(self, desk: Desk) -> None:
        """Take an operator's caps as they are configured now; what was counted of today stays counted."""
        caps = desk.operator.caps
        if caps is None:
            desk.spending = None
            return
        spending = Spending(caps, self._clock.now())
        known = self._spent.get(desk.name)
        if known is not None and known.day == spending.date:
            spending.resume(known.parts, known.spend)
        desk.spending = spending
        self.look(desk)

    def claim(self, desk: Desk, message: Message, part: Part, now: int) -> bool:
        """Count a part that is about to be claimed. False where its message may not begin today any more."""
        spending = desk.spending
        if spending is None:
            return True
        spending.turn(now)
        if committed_to(message) is None:
            if not spending.take(len(message.parts), self._cost(desk, message)):
                return False
        elif part.resent:
            spending.count(1, self._cost(desk, message) / len(message.parts))
        else:
            return True
        self._keep(desk, spending)
        return True

    def refused(self, desk: Desk, message: Message, attempt: Attempt) -> None:
        """An attempt came to nothing: give back what it counted, unless the operator has something of the message."""
        spending = desk.spending
        if spending is None or committed_to(message) is not None:
            return
        was_reached = spending.reached
        spending.give_back(len(message.parts), self._cost(desk, message), attempt.at)
        self._keep(desk, spending)
        if was_reached and not spending.reached:
            asyncio.get_running_loop().call_soon(self._on_change, desk.name)

    def look(self, desk: Desk) -> None:
        """Where the cap is reached, be told when the day is over."""
        spending = desk.spending
        if spending is None or not spending.reached:
            return
        wait = (spending.today.ends - self._clock.now()) / 1000
        alarm = self._alarms.pop(desk.name, None)
        if alarm is not None:
            alarm.cancel()
        loop = asyncio.get_running_loop()
        self._alarms[desk.name] = loop.call_later(min(max(0.0, wait), _LOOK), self.check, desk)

    def check(self, desk: Desk) -> None:
        """See whether the day is over."""
        if desk.spending is None:
            return
        if desk.spending.turn(self._clock.now()):
            self._on_change(desk.name)
        else:
            self.look(desk)

    def view(self, desk: Desk) -> TodayView | None:
        spending = desk.spending
        if spending is None:
            return None
        caps = spending.caps
        spending.turn(self._clock.now())
        return TodayView(spending.date, caps.time_zone, spending.parts, spending.spend, caps.parts, caps.spend)

    def stop(self) -> None:
        for alarm in self._alarms.values():
            alarm.cancel()

    def _keep(self, desk: Desk, spending: Spending) -> None:
        spent = self._spent[desk.name] = Spent(desk.name, spending.date, spending.parts, spending.spend)
        self._store.spend(spent)

    def _cost(self, desk: Desk, message: Message) -> Decimal:
        """What the message costs there, in the operator's currency."""
        cost = message.cost
        if cost is None:
            return Decimal(0)
        currency = desk.operator.currency
        if cost.currency == currency:
            return cost.amount
        rates = self._running.plan.exchange.at(self._clock.now()).rates
        # A currency that has left the configuration is worth nothing that could be said.
        if cost.currency not in rates or currency not in rates:
            return Decimal(0)
        return cost.amount * rates[cost.currency] / rates[currency]
