"""Session traces as lists of steps, checked line by line.

(PEER, sequence, pdu)    the peer sends this (bytes instead of a pdu: as they are)
(WROTE, sequence, pdu)   the next thing we wrote
(EVENT, event)           the next event
(TIME, seconds)          time passes until then, with one tick
(DO, call)               call(session, now)
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

from adapters.smpp.codec import Decoder, encode
from adapters.smpp.session import Session

PEER, WROTE, EVENT, TIME, DO = "<<", ">>", "==", "at", "do"


def play(session: Session, steps: Sequence[tuple[Any, ...]], chunk: int | None = None) -> None:
    """Run the steps; nothing may be written or told beyond them. `chunk` cuts what the peer sends into pieces."""
    now = 0.0
    reader = Decoder()
    wrote: deque[tuple[int, Any]] = deque()
    told: deque[Any] = deque()

    def drain() -> None:
        wrote.extend(reader.feed(bytes(session.out)))
        session.out.clear()
        told.extend(session.events)
        session.events.clear()

    def nothing_left(step: object) -> None:
        assert not wrote, f"before {step}: also wrote {list(wrote)}"
        assert not told, f"before {step}: also told {list(told)}"

    for index, (kind, *rest) in enumerate(steps):
        where = f"step {index}: {kind} {rest}"
        if kind in (PEER, TIME, DO):
            nothing_left(where)
        match kind:
            case "<<":
                sequence, pdu = rest
                octets = pdu if isinstance(pdu, bytes) else encode(pdu, sequence)
                for at in range(0, len(octets), chunk or len(octets)):
                    session.receive(octets[at : at + (chunk or len(octets))], now)
            case "at":
                now = rest[0]
                session.tick(now)
            case "do":
                rest[0](session, now)
            case ">>":
                assert wrote, f"{where}: wrote nothing; told {list(told)}"
                assert wrote.popleft() == tuple(rest), where
            case "==":
                assert told, f"{where}: told nothing; wrote {list(wrote)}"
                assert told.popleft() == rest[0], where
        drain()
    nothing_left("the end")
