"""Which rates of operators and prices of accounts differ."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from heapq import nsmallest
from itertools import chain
from typing import Any, TypeVar

from msgspec import UNSET, Struct, UnsetType, field

from router.account import Account, Price
from router.money import Money
from router.operator import Operator, Rate

SHOWN_PRICES = 5
"""Of each operator or account; the others are counted."""

T = TypeVar("T")


class Ends(Struct, frozen=True):
    """When a rate ends, before and after; null is never, or no rate."""

    before: datetime | None
    after: datetime | None


class PriceChange(Struct, frozen=True, omit_defaults=True):
    """A rate or a price per part; null is absent. Where both are the same, something else of the row changed.
    `effective_to` is absent where neither rate ends."""

    prefix: str
    before: Money | None
    after: Money | None
    network: str | UnsetType = UNSET
    effective_from: datetime | UnsetType = UNSET
    effective_to: Ends | UnsetType = UNSET
    traffic_class: str | UnsetType = field(default=UNSET, name="class")
    channel: str | UnsetType = UNSET


class PriceChanges(Struct, frozen=True):
    """The rates of an operator or the prices of an account: how many changed, and the first few by prefix."""

    name: str
    added: int
    removed: int
    changed: int
    first: list[PriceChange]


def rate_changes(before: Mapping[str, Operator], after: Mapping[str, Operator]) -> list[PriceChanges]:
    """What changes in the rates of the operators."""
    return _changes(before, after, _rates_of, _rate_key, _rate_place, _rate_change)


def price_changes(before: Mapping[str, Account], after: Mapping[str, Account]) -> list[PriceChanges]:
    """What changes in the prices of the accounts."""
    return _changes(before, after, _prices_of, _price_key, _price_place, _price_change)


def _changes(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    rows_of: Callable[[Any], Sequence[T]],
    key_of: Callable[[T], Hashable],
    place_of: Callable[[T], tuple[Any, ...]],
    shown: Callable[[Any, Any, T | None, T | None], PriceChange],
) -> list[PriceChanges]:
    """By name, for those with any change; those that come or go count with all they have."""
    found = []
    for name in {**before, **after}:
        one, other = before.get(name), after.get(name)
        gone, come = _unlike(rows_of(one) if one else (), rows_of(other) if other else ())
        left = {key_of(row): row for row in gone}
        pairs: list[tuple[T | None, T]] = [(left.pop(key_of(row), None), row) for row in come]
        added = [(row, None, row) for old, row in pairs if old is None]
        changed = [(row, old, row) for old, row in pairs if old is not None and old != row]
        removed = [(row, row, None) for row in left.values()]
        if added or changed or removed:
            first = nsmallest(SHOWN_PRICES, chain(added, changed, removed), key=lambda change: place_of(change[0]))
            shown_first = [shown(one, other, old, new) for _, old, new in first]
            found.append(PriceChanges(name, len(added), len(removed), len(changed), shown_first))
    return found


def _unlike(before: Sequence[T], after: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    """Both without most of what they share: rate cards have a million rows, of which a few change."""
    if len(before) == len(after):
        pairs = [(old, new) for old, new in zip(before, after, strict=True) if old is not new and old != new]
        return [old for old, _ in pairs], [new for _, new in pairs]
    least = min(len(before), len(after))
    start = next((place for place in range(least) if before[place] != after[place]), least)
    end = next((place for place in range(least - start) if before[-1 - place] != after[-1 - place]), least - start)
    return before[start : len(before) - end], after[start : len(after) - end]


def _rates_of(operator: Operator) -> Sequence[Rate]:
    return operator.rates


def _rate_key(rate: Rate) -> Hashable:
    # A rate of a prefix may name a network beside it, which is no part of what it is for. Most rates have nothing but
    # a prefix, and a million tuples are too many.
    network = None if rate.prefix else rate.network
    return (rate.prefix, network, rate.effective_from) if network or rate.effective_from else rate.prefix


def _rate_place(rate: Rate) -> tuple[Any, ...]:
    return rate.prefix, rate.network or (), rate.effective_from


def _rate_change(_: object, __: object, before: Rate | None, after: Rate | None) -> PriceChange:
    row = after or before
    assert row is not None
    ends = Ends(_end(before), _end(after))
    return PriceChange(
        prefix=row.prefix,
        before=Money(before.price, before.currency) if before else None,
        after=Money(after.price, after.currency) if after else None,
        network="".join(row.network) if row.network else UNSET,
        effective_from=datetime.fromtimestamp(row.effective_from / 1000, UTC) if row.effective_from else UNSET,
        effective_to=ends if ends.before or ends.after else UNSET,
    )


def _end(rate: Rate | None) -> datetime | None:
    if rate is None or rate.effective_to is None:
        return None
    return datetime.fromtimestamp(rate.effective_to / 1000, UTC)


def _prices_of(account: Account) -> Sequence[Price]:
    return account.prices


def _price_key(price: Price) -> Hashable:
    return price.prefix, price.traffic_class, price.channel


def _price_place(price: Price) -> tuple[Any, ...]:
    return price.prefix, price.traffic_class or "", price.channel or ""


def _price_change(
    account: Account | None, later: Account | None, before: Price | None, after: Price | None
) -> PriceChange:
    row = after or before
    assert row is not None
    return PriceChange(
        prefix=row.prefix,
        before=Money(before.price, account.currency) if before and account else None,
        after=Money(after.price, later.currency) if after and later else None,
        traffic_class=row.traffic_class or UNSET,
        channel=row.channel or UNSET,
    )
