"""Values for tests of HTTP carriers."""

from typing import Any

from router.http_calls import Answer, HttpRequest
from router.message import Attempt, Encoding, Message, Network, Part
from router.operator import HttpLink, Operator, TextRules
from router.ports.operators import Submission
from router.text.segment import Segment

URL = ("http://carrier.example/send",)


def link(**changes: Any) -> HttpLink:
    given = {"host": "carrier.example", "port": 80, "secure": False, "requests": (HttpRequest(URL),)}
    return HttpLink(**(given | changes))


def operator(**changes: Any) -> Operator:
    errors = changes.pop("errors", {})
    text = changes.pop("text", TextRules(long="payload"))
    return Operator("carrier", "sms", "http", link(**changes), "XAF", errors=errors, text=text)


def submission(
    to: str = "+237670000001",
    text: str | None = "Hello",
    *,
    number: int = 1,
    total: int = 1,
    sender: str | None = "ACME",
    data: bytes = b"",
    **fields: Any,
) -> Submission:
    parts = [Part(one) for one in range(1, total + 1)]
    attempt = Attempt("carrier", 0)
    parts[number - 1].attempts.append(attempt)
    given = {
        "network": Network("624", "01"),
        "encoding": Encoding.GSM7,
        "parts": parts,
        "created_at": 1_767_225_600_000,
    }
    message = Message(**(given | {"id": "0190-id", "account": "acme", "to": to, "sender": sender} | fields))
    return Submission(message, parts[number - 1], attempt, Segment(data, 1, text), None, sender)


__all__ = ["URL", "Answer", "link", "operator", "submission"]
