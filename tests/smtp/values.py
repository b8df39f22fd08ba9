"""Values for tests of mail."""

from typing import Any

from router.message import Attempt, Message, Part
from router.operator import Operator, SmtpLink, TextRules
from router.ports.operators import Submission
from router.text.segment import Segment

ID = "0190f2b3-4c5d-7e6f-8a9b-0c1d2e3f4a5b"


def operator(port: int = 1, *, link_changes: dict[str, Any] | None = None, **changes: Any) -> Operator:
    link = SmtpLink(**({"host": "127.0.0.1", "port": port} | (link_changes or {})))
    given = {"name": "mail", "channel": "email", "protocol": "smtp", "currency": "XAF", "text": TextRules(long="whole")}
    return Operator(**(given | {"link": link} | changes))


def message(to: str = "ann@shop.example", text: str = "Hello", **fields: Any) -> Message:
    given = {"id": ID, "account": "acme", "created_at": 0, "sender": "news@acme.example", "channel": "email"}
    return Message(**(given | {"to": to, "text": text, "parts": [Part(1)]} | fields))


def submission(to: str = "ann@shop.example", text: str = "Hello", *, slot: Any = None, **fields: Any) -> Submission:
    one = message(to, text, **fields)
    return Submission(one, one.parts[0], Attempt("mail", 0), Segment(b"", len(text), text), slot, one.sender)
