"""What an operator costs: the rates in its file and the rate card (CSV) beside it."""

import csv
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

from adapters.config_yaml import words
from adapters.config_yaml.currencies import Currencies
from adapters.config_yaml.errors import Refused
from adapters.config_yaml.nodes import Source, Value
from adapters.config_yaml.shapes import read_fields
from adapters.config_yaml.values import word
from router.operator import Rate

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)

COLUMNS = ("prefix", "mcc", "mnc", "price", "currency", "effective_from", "effective_to")
FOR_WHAT = "give a prefix, or a network by its MCC and MNC"


class RateCard:
    """The rates of one operator as they gather. A rate that names no currency has the card's, "" for the base."""

    def __init__(self, currency: str, currencies: Currencies) -> None:
        self.rates: list[Rate] = []
        self._currency = currency
        self._currencies = currencies
        # By prefix, or network, and start: where it stands, as a line of the rate card or as file:line.
        self._places: dict[Hashable, int | str] = {}

    def add_inline(self, value: Value) -> None:
        """A rate of the operator's own file."""
        given, sound = read_fields(
            value,
            {"price": word(words.decimal)},
            {
                "prefix": word(words.prefix),
                "network": word(words.network),
                "currency": self._currencies.refer,
                "effective_from": word(words.moment),
                "effective_to": word(words.moment),
            },
        )
        if sound and "prefix" not in given and "network" not in given:
            value.fail(FOR_WHAT)
        start, end = given.get("effective_from", 0), given.get("effective_to")
        if sound and end is not None and end <= start:
            value.fail(_backwards("effective_to"))
        if not sound:
            raise Refused
        rate = Rate(
            given.get("prefix", ""),
            given["price"],
            given.get("currency", self._currency),
            given.get("network"),
            start,
            end,
        )
        first = self._places.setdefault(_key(rate), value.place)
        if first != value.place:
            value.source.report(value.line, f"{_twice(rate)} (first in {first})")
        self.rates.append(rate)

    def add_file(self, source: Source, named_by: Value) -> None:
        """A CSV file with a header; its columns may stand in any order, what is needed is `price`, and `prefix` or
        `mcc` and `mnc`."""
        with source.lines(named_by) as lines:
            rows = csv.reader(lines, strict=True)
            line = 1
            try:
                columns = self._columns(next(rows, []), source)
                for row in rows:
                    # A field in quotes may span lines: what counts is where the row begins.
                    line, begin = rows.line_num, line + 1
                    if row:
                        self._add_row(row, columns, source, begin)
            except csv.Error as error:
                source.report(line + 1, f"is not CSV: {error}")

    def _columns(self, header: list[str], source: Source) -> "Columns":
        names = [name.strip() for name in header]
        for name in names:
            if name not in COLUMNS:
                source.fail(1, f"unknown column {name!r} (known: {', '.join(COLUMNS)})")
            if names.count(name) > 1:
                source.fail(1, f"column {name} is given twice")
        networks = "mcc" in names and "mnc" in names
        for name in ("price",) if networks else ("prefix", "price"):
            if name not in names:
                source.fail(1, f"column {name} is missing (the first line names the columns)")
        return Columns(names, self._currency)

    def _add_row(self, row: list[str], columns: "Columns", source: Source, line: int) -> None:
        if len(row) != columns.width:
            source.report(line, f"has {len(row)} fields, the first line has {columns.width}")
            return
        row.append("")
        try:
            rate = columns.rate(row)
        except ValueError:
            for reason in columns.reasons(row):
                source.report(line, reason)
            return
        if rate.currency and rate.currency not in self._currencies.worth:
            unknown = self._currencies.reason_against(rate.currency, f"{source.name}:{line}")
            if unknown:
                source.report(line, f"currency: {unknown}")
        first = self._places.setdefault(_key(rate), line)
        if first != line:
            place = first if isinstance(first, str) else f"{source.name}:{first}"
            source.report(line, f"{_twice(rate)} (first in {place})")
        self.rates.append(rate)


def _key(rate: Rate) -> Hashable:
    """What may be priced once only; for most rates the prefix itself, for there are millions of them."""
    if rate.by_network:
        return rate.network, rate.effective_from
    return (rate.prefix, rate.effective_from) if rate.effective_from else rate.prefix


def _twice(rate: Rate) -> str:
    what = f"network {'-'.join(rate.network)}" if rate.network and rate.by_network else f"prefix {rate.prefix!r}"
    return f"{what} is priced twice{' with the same start' if rate.effective_from else ''}"


def _backwards(key: str) -> str:
    return f"{key}: must be later than effective_from"


class Columns:
    """Where a rate card has its fields, and what they mean. `rate` runs a million times in one load."""

    def __init__(self, names: list[str], currency: str) -> None:
        self.width = len(names)
        # A column that the card lacks reads the empty field that is put behind the last one.
        self._prefix, self._mcc, self._mnc, self._price, self._currency, self._start, self._end = (
            names.index(column) if column in names else self.width for column in COLUMNS
        )
        self._prices = Remembered(words.decimal)
        self._currencies = Remembered(words.currency, {"": currency})
        self._starts = Remembered(words.moment, {"": 0})
        self._ends: Remembered[str, int | None] = Remembered(words.moment, {"": None})
        self._networks = Remembered(words.network_of)

    def rate(self, row: list[str]) -> Rate:
        """Raises ValueError."""
        prefix = words.prefix(row[self._prefix].strip())
        network = self._networks[row[self._mcc].strip(), row[self._mnc].strip()]
        if not prefix and network is None:
            self._check_for_what(row)
        start, end = self._starts[row[self._start].strip()], self._ends[row[self._end].strip()]
        if end is not None and end <= start:
            raise ValueError(_backwards("effective_to"))
        return Rate(
            prefix,
            self._prices[row[self._price].strip()],
            self._currencies[row[self._currency].strip()],
            network,
            start,
            end,
        )

    def _check_for_what(self, row: list[str]) -> None:
        """An empty prefix stands for all numbers, unless something speaks of a network."""
        if self._prefix == self.width or row[self._mcc].strip():
            raise ValueError(FOR_WHAT)

    def reasons(self, row: list[str]) -> list[str]:
        """Everything that is wrong with a row that `rate` refuses."""
        found = []
        checks: list[tuple[str, Callable[[], object]]] = [
            ("prefix", lambda: words.prefix(row[self._prefix].strip())),
            ("mcc, mnc", lambda: self._networks[row[self._mcc].strip(), row[self._mnc].strip()]),
            ("price", lambda: self._prices[row[self._price].strip()]),
            ("currency", lambda: self._currencies[row[self._currency].strip()]),
            ("effective_from", lambda: self._starts[row[self._start].strip()]),
            ("effective_to", lambda: self._ends[row[self._end].strip()]),
        ]
        for name, check in checks:
            try:
                check()
            except ValueError as error:
                found.append(f"{name}: {error}")
        if not found:
            # Every field is right by itself.
            try:
                self.rate(row)
            except ValueError as error:
                found.append(str(error))
        return found


class Remembered(dict[H, T]):
    """What `convert` makes of a key, made once: the fields of a rate card repeat."""

    def __init__(self, convert: Callable[[H], T], known: Mapping[H, T] | None = None) -> None:
        super().__init__(known or {})
        self._convert = convert

    def __missing__(self, key: H) -> T:
        value = self[key] = self._convert(key)
        return value
