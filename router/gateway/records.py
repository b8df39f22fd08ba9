"""What the gateway domain keeps. `no` is the number of a thing, one sequence for all of them; times are ms, UTC."""

from typing import Any, Literal

from msgspec import Struct

from router.gateway.progress import Progress
from router.inbound import Media
from router.message import State, TrafficClass
from router.wallet import Tariff


class Send(Struct, frozen=True, omit_defaults=True, gc=False):
    """One request to send by a public API: its messages are those of the account numbered `first` to `last`.

    `charged` is what the wallet was charged in all, in 10**-9 units, `parts` how many short messages they were when
    they were accepted; `campaign` is the number of the campaign that it is a piece of.
    """

    no: int
    account: str
    face: str
    at: int
    first: int
    last: int
    count: int
    charged: int = 0
    parts: int = 0
    campaign: int | None = None


class IssuedKey(Struct, frozen=True, gc=False):
    """A key that an account made for itself, by the SHA-256 of its secret; it opens nothing from `expires` on."""

    account: str
    digest: bytes
    made: int
    expires: int | None = None


class SendQuery(Struct, frozen=True, omit_defaults=True, gc=False):
    """Which sends of an account by one API: `since` and `until` are times, both inclusive; what is None is not
    asked."""

    account: str
    face: str
    since: int | None = None
    until: int | None = None
    progress: Progress | None = None


Status = Literal["active", "inactive", "unsubscribed"]
Address = Literal["number", "email"]


class Contact(Struct, frozen=True, omit_defaults=True, gc=False):
    """Somebody whom an account writes to. `number` is E.164 with its plus sign; `fields` fill placeholders.

    `opted_out` is read from the account's opt-out list, for the number, or the email address where there is none; it is
    not kept with the contact.
    """

    no: int
    account: str
    created: int
    updated: int
    number: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    fields: dict[str, str | int | float | bool | None] = {}
    tags: list[str] = []
    active: bool = True
    opted_out: bool = False

    @property
    def status(self) -> Status:
        if self.opted_out:
            return "unsubscribed"
        return "active" if self.active else "inactive"

    @property
    def full_name(self) -> str:
        return " ".join(name for name in (self.first_name, self.last_name) if name)


class Group(Struct, frozen=True, omit_defaults=True, gc=False):
    """A group of contacts, or a list: the same thing.

    `number` is what an API knows it by whose ids are small integers, one per account; 0 has the Book choose it. A
    handset that writes the `subscribe_word` is put into it. `source` is where its contacts come from and `channel` what
    it is for, in the words of the API that asks for them.
    """

    no: int
    account: str
    name: str
    created: int
    updated: int
    number: int = 0
    description: str | None = None
    subscribe_word: str | None = None
    source: str | None = None
    channel: str | None = None


class Template(Struct, frozen=True, omit_defaults=True, gc=False):
    """A text with {{placeholders}}; `number` as a Group's. Where `channel` is not sms, `config` has what that needs
    beside the text, its texts with placeholders too."""

    no: int
    account: str
    name: str
    content: str
    created: int
    number: int = 0
    description: str | None = None
    channel: str = "sms"
    config: dict[str, Any] | None = None


class ContactQuery(Struct, frozen=True, omit_defaults=True, gc=False):
    """Which contacts of an account: those that are in any of the `groups`, have any of the `tags`, are of this status
    and have `search` in their name, number or email (in any case); what is None is not asked."""

    account: str
    groups: tuple[int, ...] | None = None
    tags: tuple[str, ...] | None = None
    status: Status | None = None
    search: str | None = None


class Audience(Struct, frozen=True, gc=False):
    """A piece of those whom groups reach; `next` is what to ask for the piece after it, None where it was the last. A
    piece may be empty and not the last."""

    contacts: list[Contact]
    next: int | None


CodeState = Literal["pending", "verified", "failed", "cancelled", "replaced"]


class Try(Struct, frozen=True, gc=False):
    """What somebody gave as a code; `at` in ms."""

    at: int
    code: str
    right: bool


class Code(Struct, frozen=True, omit_defaults=True, gc=False):
    """A one-time code that was sent to a contact (a number in E.164 or an address), kept as a keyed hash only.

    It may be tried `attempts` times until `expires` (ms); `tries` are those that were made. `sender` and `brand` are
    what the message showed.
    """

    no: int
    account: str
    face: str
    channel: str
    contact: str
    digest: bytes
    created: int
    expires: int
    attempts: int
    state: CodeState = "pending"
    tries: list[Try] = []
    sender: str | None = None
    brand: str = ""


class InboundMessage(Struct, frozen=True, omit_defaults=True, gc=False):
    """What a handset wrote to an account: `event` is the id of the event that told it, `to` is as the operator sent it,
    `sender` in E.164 where it is a number. `text` is None for what is no text."""

    no: int
    account: str
    at: int
    event: str
    channel: str
    to: str
    sender: str
    text: str | None
    segments: int = 1
    operator: str | None = None
    media: Media | None = None


class Notice(Struct, frozen=True, gc=False):
    """What a webhook of a public API is to be told, as it is posted: since `at`, to the address for `channel`. Notices
    with the same `about` go one behind the other."""

    account: str
    channel: str
    about: str
    at: int
    body: bytes
    no: int = 0


class Ticket(Struct, frozen=True, omit_defaults=True, gc=False):
    """What an account asks of people: on which `channel` it is to be answered, and the name and octets of a file that
    came with it."""

    no: int
    account: str
    created: int
    channel: str
    text: str | None = None
    email: str | None = None
    file: str | None = None
    size: int = 0


class Traffic(Struct, frozen=True, gc=False):
    """How many messages are alike in these, and how many parts they have together."""

    channel: str
    state: State
    messages: int
    parts: int


CampaignState = Literal["scheduled", "queued", "processing", "paused", "done", "cancelled", "failed"]
Frequency = Literal["once", "daily", "weekly", "monthly"]


class Campaign(Struct, frozen=True, omit_defaults=True, gc=False):
    """A text to many, at a time. Whom it goes to is one of `numbers` (E.164, or email addresses), `contacts`, `groups`.

    `first` is the time of its first run, `at` of the next, or of the one under way. `values` fill the placeholders in
    `text` and in the texts of `options`, before what a contact has; what nothing fills is left out. Where `values` is
    None braces are just braces. `by` is what contacts are reached by. `recipients` is how many it reached when it was
    made, `invalid` how many it was asked for and cannot reach. Nobody gets a text longer than `longest` (septets where
    GSM 7-bit has it, else UTF-16 code units); `parts` is as Via's. `label` and `extra` are for the API that made it to
    keep what it shows.

    From `state` on it is how far it has come, over all runs: this run's page ended at `cursor`, `accepted` messages
    were charged `charged` (10**-9 units) together, `refused` recipients could not be sent to. `reason` is the code of
    the Refusal that ended a failed one, or of the first one so far where nobody was sent to yet. `ended` is when it was
    done, cancelled or failed.
    """

    no: int
    account: str
    face: str
    created: int
    first: int
    text: str
    name: str = ""
    values: dict[str, str] | None = None
    options: dict[str, Any] | None = None
    sender: str | None = None
    channel: str = "sms"
    traffic_class: TrafficClass = TrafficClass.TRANSACTIONAL
    tariff: Tariff = Tariff.PRICE
    by: Address = "number"
    numbers: list[str] = []
    contacts: list[int] = []
    groups: list[int] = []
    template: int | None = None
    frequency: Frequency = "once"
    recipients: int = 0
    invalid: int = 0
    longest: tuple[int, int] | None = None
    parts: int = 0
    label: str = ""
    extra: dict[str, Any] = {}

    at: int = 0
    state: CampaignState = "scheduled"
    cursor: int = 0
    runs: int = 0
    accepted: int = 0
    refused: int = 0
    charged: int = 0
    reason: str | None = None
    started: int | None = None
    ended: int | None = None


class CampaignQuery(Struct, frozen=True, gc=False):
    """Which campaigns of an account by one API; what is None is not asked."""

    account: str
    face: str
    states: tuple[CampaignState, ...] | None = None


class CampaignStats(Struct, frozen=True, gc=False):
    """What became of a campaign's messages that retention left. `queued` are not given to an operator yet;
    `undelivered` holds the expired; `failed` are the rejected, the cancelled, those that no operator was given and
    those of which nobody knows."""

    total: int = 0
    queued: int = 0
    sent: int = 0
    delivered: int = 0
    undelivered: int = 0
    failed: int = 0
