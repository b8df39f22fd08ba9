"""What an account has paid in and what it was charged. Amounts are whole numbers of nano, as in router.money."""

from enum import StrEnum

from msgspec import Struct


class EntryKind(StrEnum):
    CREDIT = "credit"
    DEBIT = "debit"
    REFUND = "refund"
    CARRIED = "carried"


class Entry(Struct, frozen=True, gc=False):
    """One line of an account's wallet; the sum of all of them is its balance.

    `amount` is in nano, below zero for what was taken. `reference` is the id of the message, or of the send, that it is
    about; `detail` says more, for people. `carried` stands for all the entries before it, which are not kept any more.
    `at` in ms; `no` is the store's, 0 before it has it, and grows with time.
    """

    account: str
    at: int
    kind: EntryKind
    amount: int
    reference: str | None = None
    detail: str = ""
    no: int = 0


class Tariff(StrEnum):
    """What a message is charged: PRICE is the account's price of its parts, UNIT is one unit of the wallet per part."""

    PRICE = "price"
    UNIT = "unit"
