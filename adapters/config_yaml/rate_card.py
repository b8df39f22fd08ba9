"""What an operator costs: the rates in its file and the rate card (CSV) beside it."""

import csv
import io
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

COLUMNS = ("prefix", "mcc", "mnc", "price", "currency", "effective_from")
NEEDED = ("prefix", "price")


class RateCard:
    """The rates of one operator as they gather. A rate that names no currency has the card's, "" for the base."""

    def __init__(self, currency: str, currencies: Currencies) -> None:
        self.rates: list[Rate] = []
        self._currency = currency
        self._currencies = currencies
        self._places: dict[tuple[str, int], tuple[str, int]] = {}

    def add_inline(self, value: Value) -> None:
        """A rate of the operator's own file."""
        given, sound = read_fields(
            value,
            {"prefix": word(words.prefix), "price": word(words.decimal)},
            {
                "network": word(words.network),
                "currency": self._currencies.refer,
                "effective_from": word(words.moment),
            },
        )
        if not sound:
            raise Refused
        rate = Rate(
            given["prefix"],
            given["price"],
            given.get("currency", self._currency),
            given.get("network"),
            given.get("effective_from", 0),
        )
        self._add(rate, value.source, value.line)

    def add_file(self, source: Source, named_by: Value) -> None:
        """A CSV file with a header; its columns may stand in any order, `prefix` and `price` are needed."""
        rows = csv.reader(io.StringIO(source.text(named_by), newline=""), strict=True)
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
        for name in NEEDED:
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
        self._add(rate, source, line)

    def _add(self, rate: Rate, source: Source, line: int) -> None:
        key = (rate.prefix, rate.effective_from)
        first = self._places.setdefault(key, (source.name, line))
        if first != (source.name, line):
            start = "with the same start " if rate.effective_from else ""
            source.report(line, f"prefix {rate.prefix!r} is priced twice {start}(first in {first[0]}:{first[1]})")
        self.rates.append(rate)


class Columns:
    """Where a rate card has its fields, and what they mean. `rate` runs a million times in one load."""

    def __init__(self, names: list[str], currency: str) -> None:
        self.width = len(names)
        # A column that the card lacks reads the empty field that is put behind the last one.
        self._prefix, self._mcc, self._mnc, self._price, self._currency, self._start = (
            names.index(column) if column in names else self.width for column in COLUMNS
        )
        self._prices = Remembered(words.decimal)
        self._currencies = Remembered(words.currency, {"": currency})
        self._starts = Remembered(words.moment, {"": 0})
        self._networks = Remembered(words.network_of)

    def rate(self, row: list[str]) -> Rate:
        """Raises ValueError."""
        return Rate(
            words.prefix(row[self._prefix].strip()),
            self._prices[row[self._price].strip()],
            self._currencies[row[self._currency].strip()],
            self._networks[row[self._mcc].strip(), row[self._mnc].strip()],
            self._starts[row[self._start].strip()],
        )

    def reasons(self, row: list[str]) -> list[str]:
        """Everything that is wrong with a row that `rate` refuses."""
        found = []
        checks: list[tuple[str, Callable[[], object]]] = [
            ("prefix", lambda: words.prefix(row[self._prefix].strip())),
            ("mcc, mnc", lambda: self._networks[row[self._mcc].strip(), row[self._mnc].strip()]),
            ("price", lambda: self._prices[row[self._price].strip()]),
            ("currency", lambda: self._currencies[row[self._currency].strip()]),
            ("effective_from", lambda: self._starts[row[self._start].strip()]),
        ]
        for name, check in checks:
            try:
                check()
            except ValueError as error:
                found.append(f"{name}: {error}")
        return found


class Remembered(dict[H, T]):
    """What `convert` makes of a key, made once: the fields of a rate card repeat."""

    def __init__(self, convert: Callable[[H], T], known: Mapping[H, T] | None = None) -> None:
        super().__init__(known or {})
        self._convert = convert

    def __missing__(self, key: H) -> T:
        value = self[key] = self._convert(key)
        return value
