"""What requests of the internal API hold: bodies and queries. The document of the API is made of these types."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

from router.message import EncodingWish, State, TrafficClass
from router.submit import Submit

MOST_MESSAGES = 1000
"""In one batch, and in one page of a list."""

LARGEST_ID = 2**53 - 1
"""A whole number that every JSON reader takes exactly."""


class BatchRequest(Struct, forbid_unknown_fields=True):
    """1 to 1000 messages; each is taken or refused on its own."""

    messages: Annotated[list[Submit], Meta(min_length=1, max_length=MOST_MESSAGES)]


class RawBatch(Struct, forbid_unknown_fields=True):
    """A batch whose items are looked at one by one."""

    messages: Annotated[list[Raw], Meta(min_length=1, max_length=MOST_MESSAGES)]


class SegmentRequest(Struct, forbid_unknown_fields=True):
    """How would this text be cut? Without an operator, by the standard's default alphabet.

    With `to` the answer also says which operator would carry it there, and what that would cost.
    """

    text: Annotated[str, Meta(min_length=1)]
    encoding: EncodingWish = EncodingWish.AUTO
    operator: str | None = None
    to: Annotated[str, Meta(max_length=320, description="Recipient in E.164, or an email address.")] | None = None
    sender: Annotated[str, Meta(min_length=1, max_length=320)] | None = field(default=None, name="from")
    traffic_class: TrafficClass = field(default=TrafficClass.TRANSACTIONAL, name="class")


class RouteRequest(Struct, forbid_unknown_fields=True):
    """Who would carry a message to this number?"""

    to: Annotated[str, Meta(max_length=320, description="Recipient in E.164, or an email address.")]
    sender: Annotated[str, Meta(min_length=1, max_length=320)] | None = field(default=None, name="from")
    traffic_class: TrafficClass = field(default=TrafficClass.TRANSACTIONAL, name="class")
    plan: str | None = None
    at: Annotated[datetime, Meta(tz=True, description="The time to decide for; now where absent.")] | None = None


class ReloadRequest(Struct, forbid_unknown_fields=True):
    """With a `version`, go back to that plan; the files on disk are left alone then."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 1, description="One of `kept` of GET /v1/plan.")] | None = None


class NumberRequest(Struct, forbid_unknown_fields=True):
    """A number or an email address of somebody who takes messages from an account, or does not any more."""

    number: Annotated[str, Meta(max_length=320, description="In E.164, e.g. +237670000001, or an email address.")]


class CreditRequest(Struct, forbid_unknown_fields=True):
    """What an account pays in, in its currency; below zero what is taken out, which may leave a debt."""

    amount: Annotated[Decimal, Meta(description="Not zero, with at most 9 decimals, e.g. 100.00.")]


Id = Annotated[int, Meta(ge=1, le=LARGEST_ID)] | Annotated[str, Meta(pattern=r"^[0-9]{1,16}(?![\s\S])")]
"""As a number or its digits."""

Name = Annotated[str, Meta(min_length=1, max_length=255)]


class ListRequest(Struct, forbid_unknown_fields=True):
    """A new list of contacts. With an `id` a service keeps its numbers when it moves here."""

    name: Name
    id: Annotated[Id, Meta(description="What public APIs show; any free one where absent.")] | None = None
    subscribe_word: (
        Annotated[str, Meta(min_length=1, max_length=160, description="A handset that writes it comes into the list.")]
        | None
    ) = None


class NewContact(Struct, forbid_unknown_fields=True):
    number: Annotated[str, Meta(max_length=40, description="In E.164, e.g. +237670000001.")]
    fields: Annotated[dict[str, str], Meta(description="What fills the {{placeholders}} of templates.")] = {}


class ContactsRequest(Struct, forbid_unknown_fields=True):
    """All are taken, or where one is wrong none; a number that the list has already stays as it is."""

    contacts: Annotated[list[NewContact], Meta(min_length=1, max_length=10_000)]


class TemplateRequest(Struct, forbid_unknown_fields=True):
    """A new text with {{placeholders}}."""

    name: Name
    content: Annotated[str, Meta(min_length=1)]
    id: Annotated[Id, Meta(description="What public APIs show; any free one where absent.")] | None = None


class ConversionRequest(Struct, forbid_unknown_fields=True):
    """The recipient acted on the message: used its code, followed its link."""

    at: Annotated[datetime, Meta(tz=True, description="When; now where absent.")] | None = None


def _time_meta(description: str) -> Meta:
    return Meta(description=description, extra_json_schema={"format": "date-time"})


# An optional value in a query is absent or has its type; UNSET keeps the word "null" from being read as absent.


class ListQuery(Struct, forbid_unknown_fields=True):
    state: State | UnsetType = UNSET
    to: str | None = None
    sender: str | None = field(default=None, name="from")
    reference: str | None = None
    # Read as text first: the lax reading of a query takes a plain number for a time.
    after: Annotated[str, _time_meta("Created later than this.")] | UnsetType = UNSET
    before: Annotated[str, _time_meta("Created earlier than this.")] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=MOST_MESSAGES)] = 50
    cursor: Annotated[str, Meta(description="`next` of the page before.")] | None = None


class SearchQuery(Struct, forbid_unknown_fields=True):
    """All that is given must be met exactly."""

    id: Annotated[str, Meta(max_length=64)] | None = None
    account: Annotated[str, Meta(max_length=255)] | None = None
    to: str | None = None
    reference: str | None = None
    state: State | UnsetType = UNSET
    before: Annotated[int, Meta(ge=1, le=2**63 - 1, description="`next` of the page before.")] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class EventsQuery(Struct, forbid_unknown_fields=True):
    after: Annotated[int, Meta(ge=0, le=2**63 - 1, description="The last `seq` you have.")] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    wait: Annotated[float, Meta(ge=0, le=60, description="Seconds to wait for the first event.")] = 0


class CoverageQuery(Struct, forbid_unknown_fields=True):
    country: Annotated[str, Meta(description="ISO 3166-1 alpha-2, in capitals.")]
    plan: Annotated[str, Meta(description="Only the operators of this plan.")] | None = None


class OptedOutQuery(Struct, forbid_unknown_fields=True):
    after: Annotated[str, Meta(description="`next` of the page before.")] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class WalletQuery(Struct, forbid_unknown_fields=True):
    before: Annotated[int, Meta(ge=1, le=2**63 - 1, description="`next` of the page before.")] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class StreamQuery(Struct, forbid_unknown_fields=True):
    after: Annotated[int, Meta(ge=0, le=2**63 - 1, description="As `Last-Event-ID`, which goes first.")] = 0


class AuditQuery(Struct, forbid_unknown_fields=True):
    after: Annotated[int, Meta(ge=0, le=2**63 - 1, description="The last `seq` you have.")] = 0
    before: (
        Annotated[int, Meta(ge=1, le=2**63 - 1, description="In place of `after`: those before it, newest first.")]
        | UnsetType
    ) = UNSET
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class ReplayRequest(Struct, forbid_unknown_fields=True):
    """What the webhook gets again: all events later than `after`; what is still waiting where it is absent."""

    after: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
