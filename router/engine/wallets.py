"""What accounts have to spend: on disk, and in memory as one whole number each.

What a message costs is taken when it is accepted, in the same transaction, and given back in that of its end where the
account's rule says so. Memory runs ahead of the disk by what is being written; both are always the sum of the entries.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from router.account import Account
from router.delivery.charging import charge_of, is_kept
from router.engine.running import Running
from router.message import FINAL, Message
from router.money import MOST_NANO, Money, from_nano, to_nano
from router.ports.clock import Clock
from router.ports.store import KEYS_KEPT, Remembered, Store, StoreUnavailable
from router.refusal import Refusal
from router.wallet import Entry, EntryKind, Tariff


class Balance(Struct, frozen=True, gc=False):
    """What an account has, in its currency; below zero what it owes."""

    account: str
    balance: Money


class Wallets:
    """`balances` are those found at the start, in nano, by account."""

    def __init__(self, store: Store, running: Running, clock: Clock, balances: dict[str, int]) -> None:
        self._store = store
        self._running = running
        self._clock = clock
        self._balances = balances
        # What is being paid in, by account: it can be spent once it is on disk.
        self._coming: dict[str, int] = {}

    def balance(self, account: str) -> int:
        """What an account has, in nano; below zero what it owes."""
        return self._balances.get(account, 0)

    def available(self, account: str) -> int | None:
        """What an account may spend at this moment, in nano; None for no limit."""
        known = self._running.plan.accounts.get(account)
        return self._room(known) if known is not None and known.wallet == "prepaid" else None

    def purse(self, account: Account) -> "Purse":
        """What a request of an account may spend, to be charged message by message. Nothing is taken by that."""
        return Purse(self._room(account), account.currency)

    def take(self, account: str, nano: int, reference: str | None = None, detail: str = "") -> Entry:
        """Take what something costs, and give the entry to store with it; `give_back` where that is refused.

        Raises Refusal `insufficient_credit`; then nothing is taken.
        """
        known = self._running.plan.accounts.get(account)
        if known is not None and nano > self._room(known):
            raise Refusal("insufficient_credit", f"the wallet has {from_nano(self.balance(account))} {known.currency}")
        return self._entry(account, EntryKind.DEBIT, -nano, reference, detail)

    def give_back(self, account: str, nano: int) -> None:
        """What was taken could not be stored: it never was."""
        self._balances[account] = self.balance(account) + nano

    async def credit(
        self,
        account: str,
        amount: Decimal,
        reference: str | None = None,
        detail: str = "",
        answer: Callable[[Balance, int], Remembered] | None = None,
    ) -> Balance | Remembered:
        """Pay in, or take out by hand (which may leave a debt); on disk when this returns. `answer` makes what is
        remembered with it, of that and the time (ms); where its key has an answer already nothing is paid, and that
        one is given.

        Raises Refusal `not_found`, `wallet_off`, `invalid_request`, `store_unavailable`.
        """
        # Whoever asked may go away meanwhile; what is on disk is in memory all the same.
        return await asyncio.shield(self._pay(account, amount, reference, detail, answer))

    async def _pay(
        self,
        account: str,
        amount: Decimal,
        reference: str | None,
        detail: str,
        answer: Callable[[Balance, int], Remembered] | None,
    ) -> Balance | Remembered:
        currency = self._keeper(account).currency
        nano = _whole(amount)
        coming = self._coming.get(account, 0)
        after = self.balance(account) + coming + nano
        if abs(after) > MOST_NANO:
            raise Refusal("invalid_request", f"no wallet holds or owes more than {from_nano(MOST_NANO):f}", "amount")
        if not self._store.healthy:
            raise _unwritable()
        told = Balance(account, Money(from_nano(after), currency))
        now = self._clock.now()
        entry = Entry(account, now, EntryKind.CREDIT if nano > 0 else EntryKind.DEBIT, nano, reference, detail)
        # What is taken out is gone at once.
        self._balances[account] = self.balance(account) + min(nano, 0)
        self._coming[account] = coming + max(nano, 0)
        paid = False
        try:
            known = await self._store.pay(entry, answer(told, now) if answer is not None else None, now - KEYS_KEPT)
            paid = known is None
        except StoreUnavailable:
            raise _unwritable() from None
        finally:
            self._coming[account] -= max(nano, 0)
            self._balances[account] += max(nano, 0) if paid else -min(nano, 0)
        return told if known is None else known

    async def entries(self, account: str, before: int | None, limit: int) -> list[Entry]:
        """The last entries of an account, newest first; only with numbers below `before` where that is given.

        Raises Refusal `not_found`, `wallet_off`, `store_unavailable`.
        """
        self._keeper(account)
        try:
            return await self._store.entries(account, before, limit)
        except StoreUnavailable:
            detail = "the wallet cannot be read at the moment; try again"
            raise Refusal("store_unavailable", detail, retry_after=1) from None

    def told(self, account: str) -> Balance:
        """The balance in the account's currency. Raises Refusal `not_found`, `wallet_off`."""
        return Balance(account, Money(from_nano(self.balance(account)), self._keeper(account).currency))

    def _keeper(self, account: str) -> Account:
        """The account of that name, if it has a wallet."""
        known = self._running.plan.accounts.get(account)
        if known is None:
            raise Refusal("not_found", f"there is no account {account!r}")
        if known.wallet == "off":
            raise Refusal("wallet_off", f"the account {account!r} has no wallet: set `wallet` in accounts.yaml")
        return known

    def settle(self, message: Message) -> None:
        """Give back what a message was charged, or take it again, as its final state and the account's rule say.

        What a prepaid wallet has not got any more is not taken again. The caller saves the message too.
        """
        if message.state not in FINAL:
            return
        name = message.account
        account = self._running.plan.accounts.get(name)
        if is_kept("submitted" if account is None else account.charge, message):
            again = message.refunded
            if account is not None:
                again = min(again, self._room(account))
            if again > 0:
                message.refunded -= again
                self._store.enter(self._entry(name, EntryKind.DEBIT, -again, message.id, message.state.value), message)
        elif message.refunded < message.charged:
            back = message.charged - message.refunded
            message.refunded = message.charged
            self._store.enter(self._entry(name, EntryKind.REFUND, back, message.id, message.state.value), message)

    def _room(self, account: Account) -> int:
        """How much more may be taken from a wallet."""
        balance = self.balance(account.name)
        return max(0, balance if account.wallet == "prepaid" else balance + MOST_NANO)

    def _entry(self, account: str, kind: EntryKind, amount: int, reference: str | None, detail: str) -> Entry:
        self._balances[account] = self.balance(account) + amount
        return Entry(account, self._clock.now(), kind, amount, reference, detail)


class Purse:
    """What one request may spend; the messages of it are paid for in their order."""

    __slots__ = ("_currency", "_left")

    def __init__(self, left: int, currency: str) -> None:
        self._left = left
        self._currency = currency

    def charge(self, message: Message, tariff: Tariff) -> None:
        """Note on a message what it costs. Raises Refusal `insufficient_credit` where that is more than is left."""
        nano = charge_of(message, tariff)
        if nano > self._left:
            has = f"{from_nano(self._left)} {self._currency}"
            raise Refusal("insufficient_credit", f"this costs {from_nano(nano)}, and the wallet has {has} for it")
        message.charged = nano

    def pay(self, message: Message) -> None:
        """A message of the request was let pass: the ones after it cannot have that."""
        self._left -= message.charged


def _unwritable() -> Refusal:
    return Refusal("store_unavailable", "the wallet cannot be written at the moment; try again", retry_after=1)


def _whole(amount: Decimal) -> int:
    """An amount that somebody gave, in nano. Raises Refusal `invalid_request`."""
    if not amount.is_finite() or abs(amount) > from_nano(MOST_NANO):
        detail = f"an amount is between -{from_nano(MOST_NANO):f} and {from_nano(MOST_NANO):f}"
        raise Refusal("invalid_request", detail, "amount")
    nano = to_nano(amount)
    if from_nano(nano) != amount:
        raise Refusal("invalid_request", "an amount has at most 9 decimals", "amount")
    if not nano:
        raise Refusal("invalid_request", "the amount is zero", "amount")
    return nano
