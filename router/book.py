"""What the gateway domain asks of the store: what accounts keep with us beside their messages.

Calls that read or write raise StoreUnavailable. What belongs to another account is not found. A write is on disk when
its call returns; a Rider is written by the Store with the messages it goes with, or not at all.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol

from router.gateway.campaigns import CampaignChange
from router.gateway.codes import Change
from router.gateway.progress import Progress
from router.gateway.records import (
    Address,
    Audience,
    Campaign,
    CampaignQuery,
    CampaignState,
    CampaignStats,
    Code,
    Contact,
    ContactQuery,
    Group,
    InboundMessage,
    IssuedKey,
    Notice,
    Send,
    SendQuery,
    Template,
    Ticket,
    Traffic,
)
from router.message import Message
from router.ports.store import Rider


class Sends(Protocol):
    """What was sent by which request."""

    def record(self, send: Send) -> Rider: ...

    async def find(self, account: str, face: str, no: int) -> Send | None: ...

    async def page(self, query: SendQuery, offset: int, limit: int) -> tuple[list[Send], int]:
        """Newest first, and how many there are."""

    async def progress(self, sends: Sequence[Send]) -> dict[int, Progress]:
        """How far each has come, by its number; absent where retention took its messages."""

    async def messages(self, send: Send) -> list[Message]:
        """As they stand on disk, in the order in which they were given."""

    async def by_id(self, account: str, ids: Sequence[str]) -> dict[str, Message]:
        """The account's messages with these ids, as they stand on disk; absent where there is none."""

    async def first_messages(self, sends: Sequence[Send]) -> dict[int, Message]:
        """The first message of each send, by the number of the send; absent where retention took it."""


class KeysOfAccounts(Protocol):
    """Keys that accounts made for themselves, one each; `found` are those there were when the Book was opened."""

    found: list[IssuedKey]

    async def put(self, key: IssuedKey) -> None:
        """In place of the account's one."""

    async def remove(self, account: str) -> None: ...


class Contacts(Protocol):
    """Whom accounts write to. Groups that are given are the account's."""

    async def add(self, contact: Contact, groups: Sequence[int] = (), unique_in: int | None = None) -> None:
        """Raises Refusal `duplicate_contact` where its number is known already: to the account, or to the group
        `unique_in`; `group_not_found` where a group is gone by now."""

    async def put(self, group: int, contacts: Sequence[Contact], by: Address = "number") -> int:
        """Those whose address the group does not have yet, and how many these were. Raises Refusal
        `group_not_found`."""

    async def save(self, contact: Contact, unique_in: int) -> None:
        """A contact as it is now. Raises Refusal `duplicate_contact` where another one in this group has its number,
        `contact_not_found` where it is gone by now."""

    async def delete(self, contact: Contact) -> None: ...

    async def find(self, account: str, nos: Sequence[int]) -> dict[int, Contact]: ...

    async def in_group(self, group: int, no: int) -> Contact | None: ...

    async def page(self, query: ContactQuery, offset: int, limit: int) -> tuple[list[Contact], int]:
        """Newest first, and how many there are."""

    async def groups_of(self, nos: Sequence[int]) -> dict[int, list[int]]:
        """The groups of each contact, in the order in which they were made; absent where there is none."""

    async def audience(
        self,
        account: str,
        groups: Sequence[int],
        after: int,
        limit: int,
        by: Address = "number",
        of_run: tuple[int, int] | None = None,
    ) -> Audience:
        """Those of the next `limit` contacts behind `after` (0 for the first) that are reached: active, with an address
        that is not on the account's opt-out list. An address that several of them have is reached once: in a run of a
        campaign (its number, how many runs were before) also where the contact by which it was reached is gone."""

    async def reached(self, account: str, groups: Sequence[int], by: Address = "number") -> int:
        """How many `audience` gives in all."""


class Groups(Protocol):
    """Groups of contacts, which are lists as well."""

    async def add(self, group: Group) -> Group:
        """With its number. Raises Refusal `number_taken`."""

    async def save(self, group: Group) -> None:
        """A group as it is now. Raises Refusal `group_not_found` where it is gone by now."""

    async def delete(self, group: Group) -> None:
        """The group, and those of its contacts that are in no other."""

    async def find(self, account: str, nos: Sequence[int]) -> dict[int, Group]: ...

    async def numbered(self, account: str, numbers: Sequence[int]) -> dict[int, Group]:
        """By the numbers that they have in the account."""

    async def page(self, account: str, offset: int, limit: int) -> tuple[list[Group], int]:
        """Newest first, and how many there are."""

    async def counts(self, nos: Sequence[int], subscribed: bool = False) -> dict[int, int]:
        """How many contacts each has; only those who can be written to where `subscribed`."""

    async def with_word(self, account: str, word: str) -> list[Group]:
        """Those whose subscribe word this is, in any case."""


class Templates(Protocol):
    async def add(self, template: Template) -> Template:
        """With its number. Raises Refusal `number_taken`."""

    async def find(self, account: str, no: int) -> Template | None: ...

    async def numbered(self, account: str, number: int) -> Template | None:
        """By the number that it has in the account."""

    async def provided(self, account: str, channel: str, name: str) -> Template | None:
        """The newest for a channel of which `template` in its config, its name at the provider, is this."""

    async def page(self, account: str, offset: int, limit: int) -> tuple[list[Template], int]:
        """Newest first, and how many there are."""


class Codes(Protocol):
    """One-time codes of an account in one public API."""

    def record(self, code: Code) -> Rider:
        """A new code; a pending one for the same contact on the same channel is replaced by it."""

    async def find(self, account: str, face: str, no: int) -> Code | None: ...

    async def pending(self, account: str, face: str, channel: str, contact: str) -> Code | None:
        """That of a contact, which may have expired."""

    async def active(
        self, account: str, face: str, now: int, besides: Collection[tuple[str, str]] = ()
    ) -> tuple[int, int | None]:
        """How many are pending and have not expired, but for those of some channels and contacts, and when the first of
        them will."""

    async def change(self, account: str, face: str, no: int, change: Change) -> Code | None:
        """A code after `change`, read and written in one transaction; None where there is none. What `change` raises
        is raised here, and the code stays."""


class Campaigns(Protocol):
    """Texts to many."""

    def record(self, campaign: Campaign) -> Rider:
        """A new one."""

    async def add(self, campaign: Campaign) -> None: ...

    async def find(self, account: str, face: str, no: int) -> Campaign | None: ...

    async def page(self, query: CampaignQuery, offset: int, limit: int) -> tuple[list[Campaign], int]:
        """Newest first, and how many there are."""

    async def change(
        self, account: str, face: str, no: int, of: Collection[CampaignState], change: CampaignChange
    ) -> Campaign:
        """A campaign after `change`, read and written in one transaction. Raises Refusal `campaign_not_found`;
        `not_pending` where its state is none of these; and what `change` raises."""

    def advance(self, campaign: Campaign, due: int | None, sent_to: Sequence[tuple[int, str]] = ()) -> Rider:
        """How far it has come, which is due again at a time. Where somebody paused or cancelled it meanwhile, that
        stays. `sent_to` are the contacts (numbers and addresses) of groups that were sent to with this, where the run
        goes on: for the case that they are gone by now."""

    async def postpone(self, no: int, due: int) -> None:
        """It goes on at a time, unless somebody paused or cancelled it meanwhile."""

    async def due(self, now: int) -> Campaign | None:
        """The one that has been due for longest."""

    async def next_due(self) -> int | None: ...

    async def stats(self, no: int) -> CampaignStats:
        """This may take long; nothing else waits for it."""


class Inbound(Protocol):
    """What handsets wrote to accounts that have a public API."""

    async def find(self, account: str, no: int) -> InboundMessage | None: ...

    async def page(self, account: str, offset: int, limit: int) -> tuple[list[InboundMessage], int]:
        """Newest first, and how many there are."""


class History(Protocol):
    """What an account sent to phones and heard from them, as one list."""

    async def sent(self, account: str, no: int) -> Message | None:
        """By the store's number."""

    async def page(self, account: str, offset: int, limit: int) -> tuple[list[Message | InboundMessage], int]:
        """Newest first, and how many there are."""


class Notices(Protocol):
    """What webhooks of the public APIs are still to be told."""

    async def follow(self, reader: str, seq: int, inbound: Sequence[InboundMessage], notices: Sequence[Notice]) -> None:
        """Keep what the events up to `seq` of an account's log say, and that the reader has come so far."""

    async def waiting(self, account: str, channel: str, after: int, limit: int) -> list[Notice]:
        """Those with numbers above `after`, oldest first."""

    async def done(self, nos: Sequence[int]) -> None:
        """These were told, or are not worth it any more."""


class Tickets(Protocol):
    async def keep_file(self, no: int, pieces: AsyncIterator[bytes]) -> int:
        """Keep the file of a ticket to be added, and give its octets. What `pieces` raises is raised here, and nothing
        is kept then."""

    async def drop_file(self, no: int) -> None:
        """The ticket of this file is not added after all."""

    async def add(self, ticket: Ticket) -> None: ...

    async def page(self, account: str, offset: int, limit: int) -> tuple[list[Ticket], int]:
        """Newest first, and how many there are."""


class Usage(Protocol):
    async def since(self, account: str, at: int) -> list[Traffic]:
        """What the account sent from a time (ms) on. This may take long; nothing else waits for it."""

    async def codes(self, account: str, face: str, at: int) -> tuple[int, int]:
        """How many one-time codes were made from a time (ms) on, and how many of these were verified."""


class Book(Protocol):
    """Everything, by what it is about. `next_no` gives numbers, each once, also over a restart. `secret` is what hashes
    of one-time codes are keyed with; it is not in the database."""

    secret: bytes

    sends: Sends
    keys: KeysOfAccounts
    contacts: Contacts
    groups: Groups
    templates: Templates
    campaigns: Campaigns
    codes: Codes
    inbound: Inbound
    history: History
    notices: Notices
    tickets: Tickets
    usage: Usage

    async def open(self) -> None:
        """After the store is open."""

    def next_no(self) -> int: ...
