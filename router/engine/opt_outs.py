"""Numbers and addresses that want nothing from an account: on disk, and in memory as eight octets each.

A number stands there as itself, an address as a hash that no number can be.
"""

from array import array
from bisect import bisect_left, bisect_right

from msgspec import Struct

from router.account import Account
from router.address import is_email
from router.engine.ledger import Ledger
from router.engine.running import Running
from router.ports.clock import Clock
from router.refusal import Refusal
from router.routing.opt_out import ADDRESSES, holds_for, list_key, wants_out
from router.routing.recipient import channel_of, recipient

_NOBODY = array("Q")


class Subscription(Struct, frozen=True, gc=False):
    """Whether a number, or an address, takes messages from an account."""

    account: str
    number: str
    subscribed: bool


class OptedOut(Struct, frozen=True, gc=False):
    """A page of an account's opt-out list, in order of the digits; `count` is how many numbers the whole list has,
    `next` what to give as `after` for the page behind this one, null where it is the last. Email addresses on it are
    only counted: it holds hashes of them."""

    account: str
    count: int
    numbers: list[str]
    next: str | None
    addresses: int = 0


class OptOuts:
    """`lists` are the numbers found at the start, sorted, by account."""

    def __init__(self, ledger: Ledger, running: Running, clock: Clock, lists: "dict[str, array[int]]") -> None:
        self._ledger = ledger
        self._running = running
        self._clock = clock
        self._lists = lists

    def __bool__(self) -> bool:
        """Whether any number is on any list."""
        return bool(self._lists)

    def heard(self, account: Account, sender: str, text: str) -> None:
        """A handset wrote to an account: keep its list where this is a word of it. `sender` is in E.164 if a number."""
        rules = account.guards.opt_out if account.guards is not None else None
        number = list_key(sender)
        if rules is None or number is None:
            return
        out = wants_out(rules, text)
        if out is not None:
            self._set(account.name, number, out)

    def refuses(self, account: str, to: str, traffic_class: str) -> bool:
        """Whether a number (E.164) has opted out of such messages from an account."""
        numbers = self._lists.get(account)
        if not numbers:
            return False
        number = list_key(to)
        listed = number is not None and _place(numbers, number)[1]
        return listed and holds_for(self._running.plan.accounts.get(account), traffic_class)

    def page(self, account: str, after: str | None, limit: int) -> OptedOut:
        """The numbers on an account's list behind `after` (E.164). Raises Refusal `not_found`, `invalid_request`."""
        self._check(account)
        numbers = self._lists.get(account, _NOBODY)
        first = 0
        if after is not None:
            number = None if is_email(after) else list_key(after)
            if number is None:
                raise Refusal("invalid_request", "this is no number in E.164", "after")
            first = bisect_right(numbers, number)
        end = bisect_left(numbers, ADDRESSES)
        shown = [f"+{number}" for number in numbers[first : min(first + limit, end)]]
        return OptedOut(account, end, shown, shown[-1] if first + limit < end else None, len(numbers) - end)

    async def unsubscribe(self, account: str, number: str) -> Subscription:
        """Put a number or an address on an account's list, on disk when this returns. Raises Refusal `not_found`,
        `invalid_number`, `invalid_address`, `store_unavailable`."""
        return await self._ask(account, number, True)

    async def subscribe(self, account: str, number: str) -> Subscription:
        """Take a number off an account's list, as `unsubscribe`."""
        return await self._ask(account, number, False)

    async def _ask(self, account: str, number: str, out: bool) -> Subscription:
        self._check(account)
        try:
            to = recipient(number, channel_of(number), self._running.plan.settings.limits.numbers)
        except Refusal as refusal:
            raise Refusal(refusal.code, refusal.detail, "number") from None
        if not self._ledger.store.healthy:
            raise Refusal("store_unavailable", "the list cannot be written at the moment; try again", retry_after=1)
        key = list_key(to)
        assert key is not None
        self._set(account, key, out)
        await self._ledger.committed()
        return Subscription(account, to, not out)

    def _check(self, account: str) -> None:
        if account not in self._running.plan.accounts:
            raise Refusal("not_found", f"there is no account {account!r}")

    def _set(self, account: str, number: int, out: bool) -> None:
        numbers = self._lists.get(account) or array("Q")
        place, there = _place(numbers, number)
        if out and not there:
            numbers.insert(place, number)
            self._lists[account] = numbers
            self._ledger.store.opt_out(account, number, self._clock.now())
        elif there and not out:
            del numbers[place]
            self._ledger.store.opt_in(account, number)


def _place(numbers: "array[int]", number: int) -> tuple[int, bool]:
    """Where a number stands or would stand, and whether it does."""
    place = bisect_left(numbers, number)
    return place, place < len(numbers) and numbers[place] == number
