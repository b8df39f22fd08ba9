"""One operator as the engine sees it while running: its gateway, its queue, its pace."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Literal

from router.delivery.circuit import Circuit
from router.delivery.lanes import OperatorQueue
from router.delivery.pacing import Pacer
from router.delivery.recipients import Recipients
from router.delivery.spending import Spending
from router.operator import HttpLink, Operator, SmppLink
from router.ports.operators import LinkState, OperatorGateway, Submission
from router.routing.shares import FIRST, WHOLE, returning
from router.submit import Channel

CAP_REACHED = "cap_reached"
# Alarms closer than this are one.
_SAME = 0.001


class Desk:
    """`gateway` is None once the operator has left the configuration; its queue then only empties. `leaving` is the
    link before this one, which may still have its last answers and receipts to come. `homes` are the slots that the
    parts of long messages went by, by message id: the next one goes by the same bind. `back_at` is when it could take
    traffic again after a loss (monotonic seconds), None when that is long ago."""

    def __init__(self, operator: Operator, gateway: OperatorGateway | None) -> None:
        self.name = operator.name
        self.operator = operator
        self.mails = operator.channel == Channel.EMAIL
        self.gateway = gateway
        self.leaving: OperatorGateway | None = None
        self.queue = OperatorQueue()
        self.pacer = Pacer(_tps(operator))
        self.circuit = Circuit()
        self.recipients = Recipients()
        self.spending: Spending | None = None
        self.homes: OrderedDict[str, Any] = OrderedDict()
        self.control: Literal["running", "paused", "draining"] = "running"
        self.in_flight: dict[int, Submission] = {}
        self.unusable: str | None = None
        self.back_at: float | None = None
        self._was_up = False
        self._lost = False
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0

    def refresh(self, now: float) -> bool:
        """Work out anew why this operator cannot take traffic (a code, None when it can). True when that changed.

        `now` is monotonic seconds. An operator whose binds are still being tried for the first time, or again after a
        loss, is waited for.
        """
        before = self.unusable
        if self.gateway is None:
            self.unusable = "removed"
        elif self.control != "running":
            self.unusable = self.control
        else:
            link = self.gateway.link()
            self._notice(link, now)
            self.unusable = None if link.up or not link.settled else "down"
            if self.unusable is None and self.circuit.is_open(now):
                self.unusable = "circuit_open"
            elif self.unusable is None and self.spending is not None and self.spending.reached:
                self.unusable = CAP_REACHED
        return self.unusable != before

    def _notice(self, link: LinkState, now: float) -> None:
        """Whether all binds were lost, or the circuit was open, and when that was over."""
        well = link.up and not self.circuit.tripped
        if well and self._lost:
            self.back_at = now
        self._lost = not well and (self._was_up or self._lost or link.settled)
        self._was_up = self._was_up or link.up

    def trust(self) -> None:
        """Forget what went wrong: all of the traffic at once."""
        self.circuit = Circuit()
        self.back_at = None
        self._lost = False

    def portion(self, now: float) -> float:
        """How much of its share of the traffic it gets where others could take that too: less than 1 after a loss."""
        if self.circuit.tripped:
            return FIRST
        if self.back_at is None:
            return 1.0
        if now - self.back_at >= WHOLE:
            self.back_at = None
            return 1.0
        return returning(now - self.back_at)

    def state(self) -> str:
        """In one word for people: up, connecting, down, circuit_open, cap_reached, paused, draining, drained or
        removed."""
        if self.unusable == "draining" and not self.in_flight:
            return "drained"
        if self.unusable is not None:
            return self.unusable
        return "up" if self.gateway is not None and self.gateway.link().up else "connecting"

    def reconfigure(self, operator: Operator) -> None:
        """Take new settings for the same operator; health, pace and queue stay."""
        self.operator = operator
        self.mails = operator.channel == Channel.EMAIL
        self.pacer.retune(_tps(operator))

    def wake_in(self, seconds: float, call: Callable[[], None]) -> None:
        """Have `call` run once after `seconds`; one alarm at a time, the soonest."""
        loop = asyncio.get_running_loop()
        when = loop.time() + seconds
        if self._timer is not None:
            if self._rings_at <= when + _SAME:
                return
            self._timer.cancel()

        def ring() -> None:
            self._timer = None
            call()

        # The handle itself does not always know: uvloop makes a plain one of a pause under half a millisecond.
        self._rings_at = when
        self._timer = loop.call_later(seconds, ring)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def departed(name: str) -> Desk:
    """Stands for an operator that is no longer configured, so that what waited for it can be found and moved."""
    desk = Desk(Operator(name=name, channel="sms", protocol="smpp", link=None, currency=""), None)
    desk.refresh(0.0)
    return desk


def _tps(operator: Operator) -> float:
    return operator.link.tps if isinstance(operator.link, SmppLink | HttpLink) else 0.0
