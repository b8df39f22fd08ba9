"""What a server sends back about a mail that it took: a delivery status notification (RFC 3464), as receipts.

Pure: octets and the time in, receipts out. What comes is hostile; whatever is not understood gives no receipt.
"""

import re
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from email.policy import compat32
from email.utils import parsedate_to_datetime
from typing import Final

from router.address import email_address
from router.operator import ReceiptRules
from router.receipt import Receipt, ReceiptState

MOST: Final = 1024 * 1024
"""Octets of a notification; the headers of the mail come back with it, and perhaps all of it."""

_MOST_RECIPIENTS: Final = 100
_LONGEST: Final = 320

_STATES: Final = {
    "delivered": ReceiptState.DELIVERED,
    # Those two left the part of the world that tells: nobody will say that they arrived.
    "relayed": ReceiptState.ACCEPTED,
    "expanded": ReceiptState.ACCEPTED,
    "delayed": ReceiptState.ENROUTE,
    "failed": ReceiptState.UNDELIVERED,
}
_STATUS: Final = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\S)")
_EXPIRED: Final = re.compile(r"[45]\.4\.7")
_ID: Final = re.compile(r"<([^<>\s]{1,320})>")
_REPORT: Final = "message/delivery-status"
_GLOBAL: Final = b"message/global-delivery-status"
"""The same for addresses beyond ASCII (RFC 6533), of which the library knows nothing."""
_RETURNED: Final = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")


def read_bounce(raw: bytes, operator: str, now: int, rules: ReceiptRules) -> list[Receipt]:
    """The receipts in a notification, one for each recipient; none where it is no notification about a mail of ours.

    Their ids are the ENVID and the Message-ID that the mail went out with, `stat` is the Action in capitals (which the
    operator's `words` may give another meaning), `error` the enhanced status code of what did not arrive.
    """
    if len(raw) > MOST:
        return []
    try:
        mail = message_from_bytes(raw.replace(_GLOBAL, _REPORT.encode()), policy=compat32)
        return list(_receipts(list(mail.walk()), operator, now, rules))
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        # The library stumbles over some of what is not a mail at all.
        return []


def _receipts(parts: list[Message], operator: str, now: int, rules: ReceiptRules) -> Iterator[Receipt]:
    report = next((part for part in parts if part.get_content_type() == _REPORT), None)
    blocks = report.get_payload() if report is not None else None
    found = [block for block in blocks if isinstance(block, Message)] if isinstance(blocks, list) else []
    if len(found) < 2:
        return
    about_all, recipients = found[0], found[1 : 1 + _MOST_RECIPIENTS]
    ids = tuple(dict.fromkeys(_ids(about_all, parts)))
    if not ids:
        return
    for block in recipients:
        action = _field(block, "Action").lower()
        stat = action.upper()
        state = rules.words.get(stat) or _STATES.get(action)
        to = _recipient(block)
        if state is None or to is None:
            continue
        written = _STATUS.match(_field(block, "Status"))
        status = written[1] if written else None
        if state is ReceiptState.UNDELIVERED and status is not None and _EXPIRED.fullmatch(status):
            state = ReceiptState.EXPIRED
        error = status if state is not ReceiptState.DELIVERED else None
        yield Receipt(operator, ids, state, to, now, stat[:32], error, _time(_field(block, "Last-Attempt-Date")))


def _ids(about_all: Message, parts: list[Message]) -> Iterator[str]:
    """What the mail was known by, the most trustworthy first."""
    envelope = _field(about_all, "Original-Envelope-Id")
    if envelope and " " not in envelope:
        yield envelope.strip("<>")
    for part in parts:
        if part.get_content_type() in _RETURNED:
            content = part.get_payload()
            for headers in content if isinstance(content, list) else [_headers(content)]:
                found = _ID.search(_field(headers, "Message-ID")) if isinstance(headers, Message) else None
                if found:
                    yield found[1]


def _headers(content: object) -> Message:
    """A text that holds only headers."""
    text = content if isinstance(content, str) else ""
    return message_from_bytes(text.encode("utf-8", "surrogateescape"), policy=compat32)


def _recipient(block: Message) -> str | None:
    """Whom it was for, as we wrote it; the server may have sent it on to another."""
    for name in ("Original-Recipient", "Final-Recipient"):
        kind, _, address = _field(block, name).partition(";")
        if kind.strip().lower() in ("rfc822", "utf-8"):
            try:
                return email_address(address.strip().strip("<>"))
            except ValueError:
                continue
    return None


def _field(block: Message, name: str) -> str:
    """A field on one line without what makes it longer than it should be; "" where it is not there."""
    value = next((str(value) for key, value in block.raw_items() if key.lower() == name.lower()), "")
    text = value[: 4 * _LONGEST].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(_printable(text).split())[:_LONGEST]


def _printable(characters: Iterable[str]) -> str:
    return "".join(one if one.isprintable() else " " for one in characters)


def _time(written: str) -> int | None:
    """Milliseconds since the epoch, None where it is no time."""
    try:
        return int(parsedate_to_datetime(written).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
