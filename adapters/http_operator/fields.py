"""What placeholders stand for: every field of a message on its way to an operator. Pure."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import msgspec

from router.http_calls import Condition, Mapped
from router.message import Encoding, Message
from router.operator import Operator
from router.outcome import OutcomeKind
from router.ports.operators import Submission
from router.text import udh


class Fields:
    """The fields of one submission. `now` is milliseconds since the epoch, `callback_url` where receipts go."""

    __slots__ = ("_callback_url", "_now", "_operator", "_values", "submission")

    def __init__(
        self, submission: Submission, operator: Operator, values: dict[str, Mapped], callback_url: str | None, now: int
    ) -> None:
        self.submission = submission
        self._operator = operator
        self._values = values
        self._callback_url = callback_url
        self._now = now

    def get(self, name: str) -> Any:
        """What the message has of this name, None where it has nothing."""
        mapped = self._values.get(name)
        if mapped is not None:
            return mapped.words.get(as_text(self.get(mapped.field)))
        if name.startswith("options."):
            return follow_options(self.submission.message.options, name.split(".")[1:])
        if name == "callback_url":
            return self._callback_url
        if name == "operator":
            return self._operator.name
        if name == "udh_hex":
            header = header_of(self.submission, self._operator.text.long)
            return header.hex() if header else None
        if name == "expires_in":
            until = self.submission.message.expires_at
            return max((until - self._now) // 1000, 1) if until is not None else None
        return _READ[name](self.submission)


def fits(condition: Condition, fields: Fields) -> bool:
    """Whether the message is one of those a request is for."""
    value = fields.get(condition.field)
    if not condition.values:
        return value is not None and value != ""
    return value is not None and as_text(value) in condition.values


def as_text(value: Any) -> str:
    """A value where text is wanted: a list with commas between its items, nothing as nothing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join([as_text(one) for one in value])
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    return str(value)


def follow_options(value: Any, way: Sequence[str]) -> Any:
    """The value at the end of the way, None where it leads nowhere."""
    for key in way:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isascii() and key.isdigit() and len(key) < 6 and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def header_of(submission: Submission, long: str) -> bytes | None:
    """The user data header of a part (3GPP TS 23.040, 9.2.3.24), None where it needs none."""
    message = submission.message
    own = message.udh[1:] if message.udh else b""
    total = len(message.parts)
    if total == 1:
        return bytes((len(own),)) + own if own else None
    number, reference = submission.part.number, message.concat_reference
    if long == "udh16":
        header = udh.concat16(reference & 0xFFFF, total, number)
    else:
        header = udh.concat8(reference & 0xFF, total, number)
    return bytes((header[0] + len(own),)) + header[1:] + own


def _time(at: int | None) -> str | None:
    """RFC 3339 of milliseconds since the epoch."""
    if at is None:
        return None
    return datetime.fromtimestamp(at // 1000, UTC).isoformat().replace("+00:00", "Z")


def _attempt(submission: Submission) -> int:
    """How many attempts at this part there were, with this one."""
    return max(len(submission.part.attempts), 1)


def _key(submission: Submission) -> str:
    """The same as long as nobody knows what became of the attempts before: an answer makes the next one another."""
    answered = sum(
        one is not submission.attempt and one.outcome not in (None, OutcomeKind.UNKNOWN)
        for one in submission.part.attempts
    )
    return str(uuid5(NAMESPACE_URL, f"{submission.message.id}/{submission.part.number}/{answered}"))


def _binary(submission: Submission) -> bytes | None:
    return submission.segment.payload if submission.message.encoding is Encoding.BINARY else None


def _hex(octets: bytes | None) -> str | None:
    return octets.hex() if octets is not None else None


def _base64(octets: bytes | None) -> str | None:
    return b64encode(octets).decode() if octets is not None else None


def _utf16(text: str | None) -> str | None:
    return text.encode("utf-16-be").hex() if text is not None else None


def _of_message(read: Callable[[Message], Any]) -> Callable[[Submission], Any]:
    return lambda submission: read(submission.message)


_READ: Final[dict[str, Callable[[Submission], Any]]] = {
    "to": _of_message(lambda message: message.to),
    "to_digits": _of_message(lambda message: message.to.removeprefix("+")),
    "from": lambda submission: submission.sender,
    "from_digits": lambda submission: submission.sender.removeprefix("+") if submission.sender else None,
    "text": lambda submission: submission.segment.text,
    "text_utf16_hex": lambda submission: _utf16(submission.segment.text),
    "data_hex": lambda submission: _hex(_binary(submission)),
    "data_base64": lambda submission: _base64(_binary(submission)),
    "encoding": _of_message(lambda message: message.encoding.value),
    "id": _of_message(lambda message: message.id),
    "part": lambda submission: submission.part.number,
    "parts": _of_message(lambda message: len(message.parts)),
    "attempt": _attempt,
    "segments": _of_message(lambda message: message.segments),
    "concat_reference": _of_message(lambda message: message.concat_reference),
    "reference": _of_message(lambda message: message.reference),
    "class": _of_message(lambda message: message.traffic_class.value),
    "channel": _of_message(lambda message: message.channel),
    "account": _of_message(lambda message: message.account),
    "plan": _of_message(lambda message: message.plan),
    "mcc": _of_message(lambda message: message.network.mcc if message.network else None),
    "mnc": _of_message(lambda message: message.network.mnc if message.network else None),
    "flash": _of_message(lambda message: message.flash),
    "receipts": _of_message(lambda message: message.receipts.value),
    "expires_at": _of_message(lambda message: _time(message.expires_at)),
    "created_at": _of_message(lambda message: _time(message.created_at)),
    "idempotency_key": _key,
}
