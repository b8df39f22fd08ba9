"""Values for tests of the operator side."""

from typing import Any

from router.message import Attempt, Encoding, Message, Part
from router.operator import Operator, Reconnect, SmppLink
from router.ports.operators import Submission
from router.text.segment import Segment


def link(port: int = 1, **changes: Any) -> SmppLink:
    given = {"host": "127.0.0.1", "port": port, "system_id": "acme", "password": "secret"}
    return SmppLink(**(given | {"reconnect": Reconnect(0.01, 0.05)} | changes))


def operator(port: int = 1, *, link_changes: dict[str, Any] | None = None, **changes: Any) -> Operator:
    given = {"name": "mtn", "channel": "sms", "protocol": "smpp", "currency": "XAF"}
    return Operator(**(given | {"link": link(port, **(link_changes or {}))} | changes))


def submission(
    to: str = "+237670000000",
    payload: bytes = b"hello",
    *,
    number: int = 1,
    total: int = 1,
    sender: str | None = "ACME",
    encoding: Encoding = Encoding.GSM7,
    slot: Any = None,
    written_at: float = 0.0,
    **fields: Any,
) -> Submission:
    parts = [Part(one) for one in range(1, total + 1)]
    message = Message("id", "acme", to, 0, sender, encoding=encoding, parts=parts, segments=total, **fields)
    attempt = Attempt("mtn", 0)
    segment = Segment(payload, len(payload), None)
    return Submission(message, parts[number - 1], attempt, segment, slot, sender, written_at)
