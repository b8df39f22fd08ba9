"""What a simulated SMSC saw, for those who look at it."""

from msgspec import Struct

from adapters.simulator.receipt_pdu import content
from adapters.smpp.pdu import ShortMessage


class Submitted(Struct):
    """One submit_sm as it came, on connection number `link`. `at` is seconds since the epoch; `status` is the answer,
    None where none is given; `message_id` is the id in the response."""

    at: float
    system_id: str
    sequence: int
    pdu: ShortMessage
    status: int | None
    message_id: str
    link: int = 0

    @property
    def source(self) -> str:
        return self.pdu.source_addr

    @property
    def destination(self) -> str:
        return self.pdu.destination_addr

    @property
    def content(self) -> bytes:
        """short_message or message_payload, with its user data header."""
        return content(self.pdu)


class Counts(Struct):
    """What happened since the start. `unanswered` counts submits that get no answer, `deliveries` every deliver_sm
    written, `delivered` those answered with 0, `dropped` those refused for good; `ignored` are PDUs read while mute,
    `ignored_submits` the submits of them; `binds_refused` are also those met with silence, `idle` sessions ended for
    it."""

    connections: int = 0
    binds: int = 0
    binds_refused: int = 0
    idle: int = 0
    submits: int = 0
    accepted: int = 0
    refused: int = 0
    unanswered: int = 0
    cut: int = 0
    deliveries: int = 0
    delivered: int = 0
    resent: int = 0
    dropped: int = 0
    enquire_links: int = 0
    queries: int = 0
    cancels: int = 0
    bad: int = 0
    ignored: int = 0
    ignored_submits: int = 0
