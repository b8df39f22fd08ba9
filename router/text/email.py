"""What an email carries: its text is the message's, everything else stands in the message's options."""

from typing import Any

from msgspec import Struct

from router.address import email_address
from router.refusal import Refusal

MOST = 256 * 1024
"""Octets of text, HTML and subject together in UTF-8: they are kept with the message, in memory too."""

_LINE = 255
"""Characters of what stands in one header of an email, but for its subject: that may be as long as a line can be
(RFC 5322 section 2.1.1)."""
_SUBJECT = 998


class Email(Struct, frozen=True, gc=False):
    """`text` and, where there is one, its `html` alternative. `from_name` stands before the sender's address."""

    text: str
    subject: str | None = None
    html: str | None = None
    reply_to: str | None = None
    from_name: str | None = None


def email_of(text: str, options: dict[str, Any] | None) -> Email:
    """The email that a message is. Options that mean nothing to an email are left alone.

    Raises Refusal `invalid_request` or `too_long` for the option, `not_encodable` for half of a surrogate pair.
    """
    given = options or {}
    email = Email(
        text,
        subject=_line(given, "subject", _SUBJECT),
        html=_text(given, "html"),
        reply_to=_address(given, "reply_to"),
        from_name=_line(given, "from_name"),
    )
    size = 0
    for field, content in (("text", text), ("options.html", email.html), ("options.subject", email.subject)):
        try:
            size += len((content or "").encode())
        except UnicodeEncodeError:
            raise Refusal("not_encodable", "The text holds half of a surrogate pair", field) from None
        if size > MOST:
            raise Refusal("too_long", f"Text, HTML and subject have more than {MOST} octets in UTF-8", field)
    return email


def _text(options: dict[str, Any], name: str) -> str | None:
    value = options.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise Refusal("invalid_request", "this option of an email is text, and not empty", f"options.{name}")
    return value


def _line(options: dict[str, Any], name: str, most: int = _LINE) -> str | None:
    value = _text(options, name)
    if value is not None and (len(value) > most or not _one_line(value)):
        # Whatever ends a line, in any script, could begin another header.
        detail = f"this is one line of at most {most} characters, without control characters"
        raise Refusal("invalid_request", detail, f"options.{name}")
    return value


def _one_line(value: str) -> bool:
    return len(value.splitlines()) == 1 and not any(one < " " or "\x7f" <= one <= "\x9f" for one in value)


def _address(options: dict[str, Any], name: str) -> str | None:
    value = _text(options, name)
    if value is None:
        return None
    try:
        return email_address(value)
    except ValueError as error:
        raise Refusal("invalid_request", f"this is not an address: {error}", f"options.{name}") from None
