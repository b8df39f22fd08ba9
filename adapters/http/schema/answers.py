"""What else the internal API answers with."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from router.engine.control import OperatorView
from router.money import Money
from router.wallet import EntryKind


class EventList(Struct):
    """`next` is what to give as `after` the next time."""

    events: Annotated[
        list[Any],
        Meta(
            extra_json_schema={
                "items": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/Event"},
                        {"$ref": "#/components/schemas/ReceivedEvent"},
                    ]
                }
            }
        ),
    ]
    next: int


class AccountView(Struct):
    """`wallet` is prepaid, postpaid or off; `webhook` is whether one is set."""

    account: str
    status: str
    plan: str
    currency: str
    wallet: str
    webhook: bool


class AccountList(Struct):
    accounts: list[AccountView]


class OperatorList(Struct):
    operators: list[OperatorView]


class AuditView(Struct):
    """One control action: `who` is admin, signal or account:NAME; `outcome` is done or the code of the refusal."""

    seq: int
    time: datetime
    who: str
    action: str
    subject: str | None
    outcome: str


class AuditList(Struct):
    """`next` is what to give as `after`, or as `before`, the next time."""

    entries: list[AuditView]
    next: int


class EntryView(Struct):
    """One line of a wallet. What was taken is below zero; `reference` is the message, or the send, that it is about.
    `carried` is the sum of all older lines, which are kept as long as messages are."""

    no: int
    time: datetime
    kind: EntryKind
    amount: Money
    reference: str | None
    detail: str


class ListView(Struct, frozen=True):
    account: str
    id: int
    name: str
    subscribe_word: str | None


class ContactsView(Struct, frozen=True):
    """`added` came into the list, `known` had it already."""

    account: str
    list: int
    added: int
    known: int


class TemplateView(Struct, frozen=True):
    account: str
    id: int
    name: str
    content: str


class WalletView(Struct):
    """What an account has, and the last lines of its wallet, newest first; `next` is what to give as `before` for those
    before them, null where there are none."""

    account: str
    balance: Money
    entries: list[EntryView]
    next: int | None


class Replay(Struct):
    """The webhook is sent what comes after event `after`; `events` is how many that are."""

    account: str
    after: int
    events: int


class Health(Struct):
    status: str
