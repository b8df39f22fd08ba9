"""How an HTTP carrier is spoken to, as data: requests with placeholders, and where answers and callbacks hold what.

A `Way` leads through a document: keys from the top, a place in a list by its number, `*` for every one of its items.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, NamedTuple, TypeAlias

from router.receipt import ReceiptState

Way: TypeAlias = tuple[str, ...]

MESSAGES = "messages"
"""What a JSON body repeats a shape for in a batch."""

FIELDS = {
    "to": "the recipient in E.164",
    "to_digits": "the same without its plus sign",
    "from": "the sender as the recipient sees it",
    "from_digits": "the same without a plus sign",
    "text": "the text of the message, or of this part of it",
    "text_utf16_hex": "the same in UTF-16BE, hexadecimal",
    "data_hex": "binary content, hexadecimal",
    "data_base64": "binary content, base64",
    "udh_hex": "the user data header with its length octet, hexadecimal",
    "encoding": "gsm7, ucs2 or binary",
    "id": "our id of the message",
    "part": "the number of this part, from 1",
    "parts": "how many parts the message has",
    "attempt": "which attempt at this part this is, from 1",
    "segments": "how many short messages it is on the air",
    "concat_reference": "what the parts of a long message have in common, 0 for none",
    "reference": "the client's own reference",
    "class": "otp, transactional or marketing",
    "channel": "sms, whatsapp, voice, mms, viber or email",
    "account": "who submitted it",
    "plan": "the plan that the client asked for",
    "mcc": "the mobile country code of its network",
    "mnc": "the mobile network code",
    "flash": "true or false",
    "receipts": "which receipts are wanted: final, all or none",
    "expires_in": "the seconds until it is of no use any more",
    "expires_at": "the same as a time in RFC 3339",
    "created_at": "when it was submitted, in RFC 3339",
    "operator": "the name of this operator",
    "idempotency_key": "a UUID, the same whenever the same request is sent again",
    "callback_url": "where receipts and messages from handsets are taken",
}
"""What a placeholder may name. Also `options.NAME` for what the client gave as options, and the link's own values."""

BATCH_FIELDS = {
    "recipients": "all recipients of a batch in E.164",
    "recipients_digits": "the same without plus signs",
}
ITEM = "item"
"""Inside of a shape that is repeated: the item that it stands for."""
MESSAGE_ID = "smsc_message_id"
"""In a request for a status or to cancel: the provider's id of the message."""


# --- requests ------------------------------------------------------------------------------------------------


class Field(NamedTuple):
    """A placeholder: `name` is of FIELDS or below; `default` stands where the message has no such thing."""

    name: str
    default: str | None = None


Template: TypeAlias = tuple[str | Field, ...]
"""Pieces of text and placeholders between them. One that is a single placeholder leaves out what it is the value of
where it has nothing and no default."""


@dataclass(frozen=True, slots=True)
class JsonObject:
    """One of which all members are left out is left out too."""

    members: tuple[tuple[str, "Json"], ...]


@dataclass(frozen=True, slots=True)
class JsonList:
    items: tuple["Json", ...]


@dataclass(frozen=True, slots=True)
class Each:
    """In a list: `shape` once for every item of what `of` names (MESSAGES or a field that holds a list)."""

    of: str
    shape: "Json"


Json: TypeAlias = Template | JsonObject | JsonList | Each | int | float | bool | None
"""A template that is a single placeholder becomes what the message has: a text, number, boolean or list; any other
a text."""


@dataclass(frozen=True, slots=True)
class Condition:
    """The field has one of these values, written as text; none given for any at all."""

    field: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """`url` begins with a text of scheme, host and port at least. At most one of `json` and `form` is set."""

    url: Template
    method: Literal["GET", "POST", "PUT", "DELETE"] = "POST"
    query: tuple[tuple[str, Template], ...] = ()
    headers: tuple[tuple[str, Template], ...] = ()
    json: JsonObject | JsonList | None = None
    form: tuple[tuple[str, Template], ...] | None = None
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Mapped:
    """A value of the link's own: what stands in `words` for the text of `field`."""

    field: str
    words: dict[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class BasicAuth:
    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HeaderAuth:
    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class QueryAuth:
    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OAuth2:
    """Client credentials (RFC 6749 section 4.4). `credentials`: in the Authorization header or in the body."""

    token_url: str
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    scope: str | None = None
    audience: str | None = None
    credentials: Literal["header", "body"] = "header"


Auth: TypeAlias = BasicAuth | HeaderAuth | QueryAuth | OAuth2 | None


# --- answers -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pick:
    """One value of an answer: at a way in its JSON, in a header, or by a regular expression (its first group)."""

    kind: Literal["json", "header", "regex"]
    way: Way = ()
    word: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A success has a status of `statuses` (both ends included) and, with `check`, a value there: one of `values`, or
    where there are none any that is not empty, false or null. `own_id` is the id under which receipts come, where that
    is one of ours."""

    statuses: tuple[tuple[int, int], ...] = ((200, 299),)
    check: Pick | None = None
    values: tuple[str, ...] = ()
    id: Pick | None = None
    own_id: Template | None = None
    code: Pick | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to `most` messages in one call; the first waits `wait` seconds for others. `results` leads to one result for
    each, by the number at `to` or in their order; without it the one answer is for all. `separator` stands between
    recipients in text."""

    most: int
    wait: float = 0.02
    results: Way | None = None
    to: Way | None = None
    separator: str = ","


# --- callbacks -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Secret:
    """A word that only the provider knows, in a header, the query, or behind the operator's name in the path."""

    place: Literal["header", "query", "path"]
    value: str = field(repr=False)
    name: str = ""


class Signed(NamedTuple):
    """A piece of what a signature is over.

    `text` is `word` itself, `header` the value of the header that it names; `url` is the whole address that was called,
    `form` the names and values of a form in the order of the names, `body` the octets.
    """

    kind: Literal["text", "header", "url", "form", "body"]
    word: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """An HMAC (RFC 2104) of what `over` names, one piece after the other, in a header behind `prefix`."""

    header: str
    secret: bytes = field(repr=False)
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    over: tuple[Signed, ...] = (Signed("body"),)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A GET by which the provider asks whether the address is ours: where the query's `token` is `secret`, it is
    answered with its `answer`."""

    token: str
    secret: str = field(repr=False)
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Fits:
    """At `way` stands one of these values, written as text; none given for anything at all."""

    way: Way
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiptShape:
    """Where a receipt has what. What is not found in an item is looked for in what it stands in, then in the query.
    `states` are the provider's words in small letters; None for those that say nothing. `id` are ways of which the
    first that leads anywhere counts. `at` is when it ended, in seconds or milliseconds since 1970 or RFC 3339."""

    state: Way
    id: tuple[Way, ...] = ()
    items: Way = ()
    when: tuple[Fits, ...] = ()
    states: dict[str, ReceiptState | None] = field(default_factory=dict)
    to: Way | None = None
    error: Way | None = None
    at: Way | None = None


@dataclass(frozen=True, slots=True)
class InboundShape:
    """As ReceiptShape, of a message from a handset. `text` are ways of which the first that leads to a text counts, and
    `data` leads to octets in hexadecimal or base64; `recipient` is where no way says who it was for. `id` are ways
    to what the provider calls the message, by which it is told once though it came twice."""

    sender: Way
    to: Way | None = None
    recipient: str = ""
    text: tuple[Way, ...] = ()
    data: Way | None = None
    data_form: Literal["hex", "base64"] = "hex"
    items: Way = ()
    when: tuple[Fits, ...] = ()
    media_id: tuple[Way, ...] = ()
    media_url: tuple[Way, ...] = ()
    media_type: tuple[Way, ...] = ()
    id: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What the provider sends to /callbacks/{operator}: at least one of `secret`, `signature` and `networks` tells that
    it is the provider. `public_url` is where it reaches us. `answer` is the body of a 200."""

    public_url: str | None = None
    secret: Secret | None = None
    signature: Signature | None = None
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    challenge: Challenge | None = None
    receipts: ReceiptShape | None = None
    inbound: InboundShape | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class StatusCall:
    """Asks the provider what became of a message; `receipt` says where the answer has it."""

    request: HttpRequest
    receipt: ReceiptShape


@dataclass(frozen=True, slots=True)
class CancelCall:
    """Asks the provider to deliver a message no more; of `answer` the success says that it does not."""

    request: HttpRequest
    answer: Answer


def fields_of(template: Template) -> Iterable[Field]:
    return (piece for piece in template if isinstance(piece, Field))
