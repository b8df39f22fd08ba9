"""A message as the mail that goes to a server: its envelope and its octets (RFC 5321, 5322, 2045 to 2047, 6532)."""

import re
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from msgspec import Struct

from router.address import is_email
from router.message import Message
from router.text.email import Email, email_of

_LONGEST_ID: Final = 100
"""Characters of an ENVID (RFC 3461 section 4.4); a Message-ID of ours is one too."""

_POLICY: Final = policy.SMTP.clone(cte_type="7bit")

_PLAIN: Final = re.compile(r"[\t\n\r -~]*")
"""What may go without an encoding, where its lines are short. The encoding that costs least is looked for in Python,
so a large text in another script gets base64 unseen."""
_LARGE: Final = 16 * 1024


class Mail(Struct, frozen=True, gc=False):
    """`id` is the Message-ID without its angle brackets; `utf8`: one of the addresses is not ASCII (RFC 6531)."""

    sender: str
    to: str
    id: str
    content: bytes
    utf8: bool


def write_mail(message: Message, sender: str | None, now: int) -> Mail:
    """The mail for a message of channel email; `now` (ms) is for its Date. `sender` is what a rule put in the place of
    its own, and counts where it is an address.

    A message that is sent again has the same Message-ID, so that mailboxes can tell. Raises ValueError or Refusal for
    what no mail can carry.
    """
    from_address = sender if sender is not None and is_email(sender) else message.sender
    if from_address is None or not is_email(from_address):
        raise ValueError("an email needs an address as its sender")
    email = email_of(message.text or "", message.options)
    utf8 = not (from_address + message.to + (email.reply_to or "")).isascii()
    id = f"{message.id}@{_id_domain(from_address)}"
    written = EmailMessage(_POLICY.clone(utf8=utf8))
    written["From"] = _address(from_address, email.from_name)
    written["To"] = _address(message.to)
    if email.reply_to is not None:
        written["Reply-To"] = _address(email.reply_to)
    if email.subject is not None:
        written["Subject"] = email.subject
    written["Date"] = format_datetime(datetime.fromtimestamp(now // 1000, UTC))
    written["Message-ID"] = f"<{id}>"
    _put_content(written, email)
    return Mail(from_address, message.to, id, written.as_bytes(), utf8)


def _address(address: str, name: str | None = None) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name or "", local, domain)


def _id_domain(address: str) -> str:
    """The sender's domain, or as much of it from the right as an id has room for."""
    domain = address.rpartition("@")[2]
    while len(domain) > _LONGEST_ID - len("00000000-0000-0000-0000-000000000000@"):
        domain = domain.partition(".")[2]
    return domain


def _put_content(written: EmailMessage, email: Email) -> None:
    written.set_content(email.text, cte=_encoding(email.text))
    if email.html is not None:
        written.add_alternative(email.html, subtype="html", cte=_encoding(email.html))


def _encoding(text: str) -> str | None:
    """How a text is encoded, None for what the library chooses."""
    return None if _PLAIN.fullmatch(text) or (len(text) < _LARGE and text.isprintable()) else "base64"
