"""What the SMSC knows of the messages it took, for those who ask (query_sm) or change their mind (cancel_sm)."""

import time
from collections import OrderedDict
from typing import Final

from adapters.simulator.receipt_pdu import STATES
from adapters.smpp.constants import (
    ESME_RCANCELFAIL,
    ESME_RQUERYFAIL,
    STATE_DELETED,
    STATE_DELIVERED,
    STATE_ENROUTE,
)
from adapters.smpp.pdu import CancelSm, QuerySm, QuerySmResp, ShortMessage

_REMEMBERED: Final = 100_000


class Record:
    """One message; `ended_at` is when its end is known here (monotonic seconds), `stat` what the end is."""

    __slots__ = ("cancelled", "ended_at", "stat", "submit")

    def __init__(self, submit: ShortMessage, ended_at: float, stat: str | None) -> None:
        self.submit = submit
        self.ended_at = ended_at
        self.stat = stat
        self.cancelled = False


class Records:
    """By the id in the response, the newest so many."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, Record] = OrderedDict()

    def add(self, message_id: str, record: Record) -> None:
        self._records[message_id] = record
        if len(self._records) > _REMEMBERED:
            self._records.popitem(last=False)

    def forget(self) -> None:
        """Know nothing of what came so far."""
        self._records.clear()

    def query(self, pdu: QuerySm) -> QuerySmResp:
        record = self._records.get(pdu.message_id)
        if record is None or record.submit.source_addr != pdu.source_addr:
            return QuerySmResp(ESME_RQUERYFAIL)
        if record.cancelled:
            state = STATE_DELETED
        elif record.ended_at > time.monotonic():
            return QuerySmResp(0, pdu.message_id, "", STATE_ENROUTE)
        else:
            state = STATES[record.stat] if record.stat is not None else STATE_DELIVERED
        return QuerySmResp(0, pdu.message_id, time.strftime("%y%m%d%H%M%S000+", time.gmtime()), state)

    def cancel(self, pdu: CancelSm) -> int:
        """The command_status of the answer; what has not ended yet ends here, without a receipt."""
        record = self._records.get(pdu.message_id)
        if (
            record is None
            or (record.submit.source_addr, record.submit.destination_addr) != (pdu.source_addr, pdu.destination_addr)
            or record.cancelled
            or record.ended_at <= time.monotonic()
        ):
            return ESME_RCANCELFAIL
        record.cancelled = True
        return 0
