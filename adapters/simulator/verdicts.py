"""What the SMSC decides about each submit_sm: the limits of its options first, then the behaviour of the number."""

import time
from typing import Final

from adapters.simulator.behaviour import BY_ENDING, DELIVERED, Behaviour
from adapters.simulator.options import SmscOptions
from adapters.simulator.receipt_pdu import content
from adapters.smpp.constants import ESME_ROK, ESME_RTHROTTLED
from adapters.smpp.pdu import ShortMessage

_MAX_REMEMBERED: Final = 100_000


class Verdicts:
    """Remembers how fast each system_id submits, which faults were met already, and what credit is left."""

    def __init__(self, options: SmscOptions) -> None:
        self._options = options
        self._credit = options.credit
        self._throttled_until: dict[str, float] = {}
        self._faults: dict[tuple[str, bytes], int] = {}

    def on(self, system_id: str, pdu: ShortMessage) -> tuple[Behaviour, int | None]:
        """How the submit is treated, and the command_status of its answer: None for no answer."""
        options = self._options
        if options.throttle and self._too_fast(system_id):
            return DELIVERED, ESME_RTHROTTLED
        if options.refuse:
            return DELIVERED, options.refuse
        behaviour = BY_ENDING.get(pdu.destination_addr[-3:])
        if behaviour is None:
            behaviour = BY_ENDING[options.behaviour] if options.behaviour else DELIVERED
        if behaviour.times != 0 and self._meets_fault(pdu, behaviour):
            return behaviour, behaviour.status or None
        if self._credit is not None:
            if self._credit <= 0:
                return DELIVERED, options.no_credit
            self._credit -= 1
        return behaviour, ESME_ROK

    def refill(self) -> None:
        """Full credit again, as the options say."""
        self._credit = self._options.credit

    def _too_fast(self, system_id: str) -> bool:
        now = time.monotonic()
        begin = max(self._throttled_until.get(system_id, 0.0), now)
        if begin - now > 1.0:
            return True
        self._throttled_until[system_id] = begin + 1.0 / self._options.throttle
        return False

    def _meets_fault(self, pdu: ShortMessage, behaviour: Behaviour) -> bool:
        if behaviour.times is None:
            return True
        key = (pdu.destination_addr, content(pdu))
        met = self._faults.pop(key, 0)
        if met >= behaviour.times:
            return False
        if len(self._faults) >= _MAX_REMEMBERED:
            self._faults.clear()
        self._faults[key] = met + 1
        return True
