"""What a carrier sends to us: is it the carrier, and what does it say. Pure: values in, values out.

All of it is hostile until it has shown where it comes from; and also then it may be anything.
"""

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote_plus

from msgspec import Struct

from adapters.http_operator.documents import FORM, find, items, media_of, read_form, read_json, read_multipart, text_of
from adapters.http_operator.genuine import Forged, check_sender, check_signature, is_same
from router.address import email_address
from router.http_calls import Callbacks, Fits, InboundShape, ReceiptShape, Way
from router.inbound import Inbound, Media
from router.ports.operators import Callback
from router.receipt import Receipt, ReceiptState
from router.text.received import UCS2

_LONGEST_ID: Final = 255
_LONGEST_WORD: Final = 64
_LONGEST_ADDRESS: Final = 320
_LONGEST_ECHO: Final = 1024
_LONGEST_LINK: Final = 2048
_NO_MEDIA: Final = Media()
_NUMBER: Final = re.compile(r"\+?([1-9][0-9]{6,14})")
_LAST_MS: Final = 253_402_300_799_000  # the year 9999

STATES: Final[dict[str, ReceiptState | None]] = {
    **dict.fromkeys(("delivered", "delivrd", "read", "seen", "opened", "success", "ok"), ReceiptState.DELIVERED),
    **dict.fromkeys(
        ("undelivered", "undeliv", "undeliverable", "failed", "failure", "bounced", "error"), ReceiptState.UNDELIVERED
    ),
    **dict.fromkeys(("expired", "ttl_expired"), ReceiptState.EXPIRED),
    **dict.fromkeys(("rejected", "rejectd", "blocked", "refused"), ReceiptState.REJECTED),
    **dict.fromkeys(("deleted", "canceled", "cancelled"), ReceiptState.DELETED),
    **dict.fromkeys(("accepted", "acceptd", "acked", "submitted"), ReceiptState.ACCEPTED),
    **dict.fromkeys(
        ("enroute", "sent", "sending", "queued", "buffered", "pending", "scheduled", "processing"),
        ReceiptState.ENROUTE,
    ),
}
"""What providers commonly say, in small letters; any other word is unknown."""


class Read(Struct, frozen=True):
    """What a callback holds; `challenge` is what has to be echoed."""

    receipts: list[Receipt]
    inbound: list[Inbound]
    challenge: str | None = None


class CallbackReader:
    """Reads the callbacks of one operator."""

    def __init__(self, operator: str, rules: Callbacks) -> None:
        self._operator = operator
        self._rules = rules
        self.answer = rules.answer.encode()
        self.url = _url(operator, rules)

    def read(self, callback: Callback, now: int) -> Read:
        """What it says at `now` (milliseconds since the epoch). Raises Forged, Unreadable."""
        rules = self._rules
        challenge = rules.challenge
        if challenge is not None and callback.method == "GET" and challenge.token in callback.query:
            check_sender(callback, rules)
            if not is_same(callback.query[challenge.token], challenge.secret):
                raise Forged
            return Read([], [], callback.query.get(challenge.answer, "")[:_LONGEST_ECHO])
        check_sender(callback, rules)
        check_signature(callback, rules)
        document = _document(callback)
        scopes = (document, callback.query) if document is not None else (callback.query,)
        receipts = self._receipts(scopes, now)
        # What is no list may be one or the other only.
        alone = receipts and rules.inbound is not None and not rules.inbound.items
        return Read(receipts, [] if alone else self._inbound(scopes, now))

    def _receipts(self, whole: tuple[Any, ...], now: int) -> list[Receipt]:
        shape = self._rules.receipts
        if shape is None:
            return []
        found = [read_receipt(shape, scopes, self._operator, now) for scopes in _things(whole, shape.items, shape.when)]
        return [receipt for receipt in found if receipt is not None]

    def _inbound(self, whole: tuple[Any, ...], now: int) -> list[Inbound]:
        shape = self._rules.inbound
        if shape is None:
            return []
        found = [_message(shape, scopes, self._operator, now) for scopes in _things(whole, shape.items, shape.when)]
        return [message for message in found if message is not None]


def read_receipt(
    shape: ReceiptShape, scopes: Sequence[Any], operator: str, now: int, ids: tuple[str, ...] = (), to: str = ""
) -> Receipt | None:
    """The receipt that stands there, None where there is none; `ids` and `to` are what is known of it beforehand."""
    word = text_of(find(scopes, shape.state), _LONGEST_WORD)
    if word is None:
        return None
    word = word.strip()
    state = _state(word, shape)
    if state is None:
        return None
    if not ids:
        ids = next((one for way in shape.id if (one := _ids(find(scopes, way)))), ())
    if not to and shape.to is not None:
        to = _recipient(text_of(find(scopes, shape.to), _LONGEST_ADDRESS) or "")
    if not ids and not to:
        return None
    error = text_of(find(scopes, shape.error), _LONGEST_WORD) if shape.error is not None else None
    return Receipt(
        operator=operator,
        smsc_message_ids=ids,
        state=state,
        to=to,
        received_at=now,
        stat=_printable(word),
        error=_printable(error) if error else None,
        done_at=_moment(find(scopes, shape.at)) if shape.at is not None else None,
    )


def _url(operator: str, rules: Callbacks) -> str | None:
    """Where the carrier reaches us, None where that is not configured."""
    if rules.public_url is None:
        return None
    url = f"{rules.public_url}/callbacks/{operator}"
    secret = rules.secret
    if secret is not None and secret.place == "path":
        return f"{url}/{secret.value}"
    if secret is not None and secret.place == "query":
        return f"{url}?{quote_plus(secret.name)}={quote_plus(secret.value)}"
    return url


# --- what it says --------------------------------------------------------------------------------------------


def _document(callback: Callback) -> Any:
    """The body as what it is, by its first octet where nobody says; None for none. Raises Unreadable."""
    body = callback.body
    if not body.strip():
        return None
    media = media_of(callback.headers)
    if media == "multipart/form-data":
        return read_multipart(body, callback.headers["content-type"])
    if media.endswith("json") or (media != FORM and body.lstrip()[:1] in b"{["):
        return read_json(body)
    return read_form(body)


def _things(whole: tuple[Any, ...], way: Sequence[str], when: tuple[Fits, ...]) -> list[tuple[Any, ...]]:
    """The items at the way that fit, each with what it stands in, the query last."""
    found = [(*scopes, *whole[1:]) for scopes in items(whole[0], tuple(way))] if way else [whole]
    return [scopes for scopes in found if all(_fits(scopes, one) for one in when)]


def _fits(scopes: Sequence[Any], rule: Fits) -> bool:
    found = find(scopes, rule.way)
    if not rule.values:
        return found is not None
    return text_of(found) in rule.values


def _state(word: str, shape: ReceiptShape) -> ReceiptState | None:
    """None for a word that says nothing."""
    small = word.lower()
    if small in shape.states:
        return shape.states[small]
    return STATES.get(small, ReceiptState.UNKNOWN)


def _ids(found: Any) -> tuple[str, ...]:
    written = text_of(found, _LONGEST_ID)
    written = written.strip() if written is not None else ""
    return (written,) if written and "\0" not in written else ()


def _message(shape: InboundShape, scopes: Sequence[Any], operator: str, now: int) -> Inbound | None:
    sender = _address(find(scopes, shape.sender))
    to = _address(find(scopes, shape.to)) if shape.to is not None else None
    to = to or shape.recipient
    if not sender or not to:
        return None
    id = next((one for way in shape.id for one in _ids(find(scopes, way))), None)
    data = _octets(find(scopes, shape.data), shape.data_form) if shape.data is not None else None
    if data:
        return Inbound(operator, _as_e164(sender), to, now, data, None, id=id)
    text = _first(scopes, shape.text)
    media = Media(
        _first(scopes, shape.media_id, _LONGEST_ID),
        _first(scopes, shape.media_url, _LONGEST_LINK),
        _first(scopes, shape.media_type, _LONGEST_ID),
    )
    if text is None and media == _NO_MEDIA:
        return None
    octets = (text or "").encode("utf-16-be", "replace")
    return Inbound(
        operator, _as_e164(sender), to, now, octets, UCS2, media=None if media == _NO_MEDIA else media, id=id
    )


def _first(scopes: Sequence[Any], ways: tuple[Way, ...], most: int | None = None) -> str | None:
    """The first text that one of the ways leads to."""
    for way in ways:
        found = text_of(find(scopes, way)) if most is None else text_of(find(scopes, way), most)
        if found is not None:
            return found
    return None


def _address(found: Any) -> str | None:
    written = text_of(found, _LONGEST_ADDRESS)
    if written is None:
        return None
    # A plus sign that nobody encoded is a space in a form.
    if written[:1] == " " and written[1:2].isdigit():
        written = "+" + written[1:]
    return _printable(written.strip())


def _as_e164(sender: str) -> str:
    number = _NUMBER.fullmatch(sender.removeprefix("00") if sender.startswith("00") else sender)
    return f"+{number[1]}" if number else sender


def _octets(found: Any, form: str) -> bytes | None:
    written = text_of(found)
    if not written:
        return None
    try:
        return bytes.fromhex(written) if form == "hex" else b64decode(written, validate=True)
    except (ValueError, BadBase64):
        return None


def _moment(found: Any) -> int | None:
    """Milliseconds since the epoch of seconds or milliseconds since 1970, or of a time in words; else None."""
    if isinstance(found, str):
        try:
            found = float(found) if _is_number(found) else _parsed(found)
        except ValueError:
            return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    milliseconds = found * 1000 if abs(found) < 100_000_000_000 else found
    return round(milliseconds) if 0 < milliseconds <= _LAST_MS else None


def _is_number(written: str) -> bool:
    return re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", written) is not None


def _parsed(written: str) -> float:
    time = datetime.fromisoformat(written)
    return (time if time.tzinfo is not None else time.replace(tzinfo=UTC)).timestamp()


def _recipient(written: str) -> str:
    """A number's digits, or an email address as messages have it; "" for neither."""
    if "@" not in written:
        return _digits(written)[:20]
    try:
        return email_address(written.strip())
    except ValueError:
        return ""


def _digits(written: str) -> str:
    return "".join([one for one in written if one.isascii() and one.isdigit()])


def _printable(written: str) -> str:
    return "".join([one for one in written if one.isprintable()])
