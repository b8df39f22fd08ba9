"""What a plan changes, as tables for a person."""

from collections.abc import Iterable
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from router.money import Money
from router.routing.changes import Change
from router.routing.difference import Difference, Named
from router.routing.price_changes import Ends, PriceChange, PriceChanges


def show_difference(found: Difference, console: Console) -> None:
    """Only what changes is shown; where nothing does, one line says so."""
    if found.empty:
        console.print("nothing changes")
        return
    rows = [
        *_things("operator", found.operators, found.binds),
        *_things("plan", found.plans),
        *(("rule", str(one.number), "removed", one.rule, "") for one in found.rules.removed),
        *(("rule", str(one.number), "added", "", one.rule) for one in found.rules.added),
        *_things("account", found.accounts),
        *(("setting", "", *_values(one, found.at_start)) for one in found.settings),
    ]
    if rows:
        console.print(_table(("", "name", "change", "before", "after"), rows))
    if found.rates:
        console.print(_prices("operator", found.rates))
    if found.prices:
        console.print(_prices("account", found.prices))


Row = tuple[str, ...]


def _things(kind: str, found: Named, binds: Iterable[str] = ()) -> Iterable[Row]:
    for name in found.added:
        yield kind, name, "added", "", ""
    for name in found.removed:
        yield kind, name, "removed", "", ""
    for thing in found.changed:
        for one in thing.changes:
            yield kind, thing.name, *_values(one)
    for name in binds:
        yield kind, name, "binds", "", "all built anew"


def _values(change: Change, at_start: Iterable[str] = ()) -> Row:
    key = f"{change.key} (at the next start)" if change.key in at_start else change.key
    if change.secret:
        return key, "(secret)", "changed"
    return key, *("-" if value is None else value for value in (change.before, change.after))


def _prices(kind: str, found: list[PriceChanges]) -> Table:
    rows: list[Row] = []
    for one in found:
        counts = ((one.changed, "changed"), (one.added, "added"), (one.removed, "removed"))
        rows.append((one.name, ", ".join(f"{count} {what}" for count, what in counts if count), "", ""))
        for price in one.first:
            ends = price.effective_to or Ends(None, None)
            rows.append(("", _what(price), _cost(price.before, ends.before), _cost(price.after, ends.after)))
        left = one.changed + one.added + one.removed - len(one.first)
        if left:
            rows.append(("", f"and {left} more", "", ""))
    return _table((kind, "rates per part" if kind == "operator" else "prices per part", "before", "after"), rows)


def _what(price: PriceChange) -> str:
    """What the price is for; the fields that are absent are not said."""
    more = [value for value in (price.network, price.traffic_class, price.channel) if value]
    start = f"from {price.effective_from:%Y-%m-%d %H:%M}Z" if price.effective_from else ""
    return " ".join([price.prefix or ("" if price.network else "(all)"), *more, start]).strip()


def _cost(amount: Money | None, end: datetime | None) -> str:
    if amount is None:
        return "-"
    return str(amount) if end is None else f"{amount} until {end:%Y-%m-%d %H:%M}Z"


def _table(heads: tuple[str, ...], rows: list[Row]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
