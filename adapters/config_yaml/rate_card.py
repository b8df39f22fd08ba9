"""What an operator costs: the rates in its file and the rate card (CSV) beside it."""

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from adapters.config_yaml import words
from adapters.config_yaml.currencies import Currencies
from adapters.config_yaml.errors import Refused
from adapters.config_yaml.reader import Source, Value, read_fields
from adapters.config_yaml.values import word
from router.operator import Rate

if TYPE_CHECKING:
    from _csv import Reader

T = TypeVar("T")

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
        try:
            header = [column.strip() for column in next(rows, [])]
            self._check_header(header, source)
            self._add_rows(rows, header, source)
        except csv.Error as error:
            source.report(rows.line_num, f"is not CSV: {error}")

    def _check_header(self, header: list[str], source: Source) -> None:
        for column in header:
            if column not in COLUMNS:
                source.fail(1, f"unknown column {column!r} (known: {', '.join(COLUMNS)})")
            if header.count(column) > 1:
                source.fail(1, f"column {column} is given twice")
        for column in NEEDED:
            if column not in header:
                source.fail(1, f"column {column} is missing (the first line names the columns)")

    def _add_rows(self, rows: "Reader", header: list[str], source: Source) -> None:
        width = len(header)
        # A column that the file lacks reads the empty field behind the last one.
        prefix, mcc, mnc, price, currency, effective_from = (
            header.index(column) if column in header else width for column in COLUMNS
        )
        to_prefix = remembered(words.prefix)
        to_price = remembered(words.decimal)
        to_start = remembered(lambda text: words.moment(text) if text else 0)
        to_currency = remembered(lambda text: words.currency(text) if text else self._currency)
        to_network = remembered(lambda text: words.network(text) if text else None)
        known, reason_against = self._currencies.worth, self._currencies.reason_against
        for row in rows:
            if len(row) != width:
                if row:
                    source.report(rows.line_num, f"has {len(row)} fields, the first line has {width}")
                continue
            row.append("")
            try:
                # An MCC alone names a country, no network.
                rate = Rate(
                    to_prefix(row[prefix].strip()),
                    to_price(row[price].strip()),
                    to_currency(row[currency].strip()),
                    to_network(row[mcc].strip() + row[mnc].strip() if row[mnc] else ""),
                    to_start(row[effective_from].strip()),
                )
            except ValueError as error:
                source.report(rows.line_num, str(error))
                continue
            if rate.currency not in known and rate.currency:
                reason = reason_against(rate.currency, f"{source.name}:{rows.line_num}")
                if reason:
                    source.report(rows.line_num, reason)
                known = self._currencies.worth
            self._add(rate, source, rows.line_num)

    def _add(self, rate: Rate, source: Source, line: int) -> None:
        key = (rate.prefix, rate.effective_from)
        first = self._places.setdefault(key, (source.name, line))
        if first != (source.name, line):
            start = "with the same start " if rate.effective_from else ""
            source.report(line, f"prefix {rate.prefix!r} is priced twice {start}(first in {first[0]}:{first[1]})")
        self.rates.append(rate)


def remembered(convert: Callable[[str], T]) -> Callable[[str], T]:
    """`convert` with a memory: the fields of a rate card repeat."""
    memory: dict[str, T] = {}

    def look_up(text: str) -> T:
        try:
            return memory[text]
        except KeyError:
            return memory.setdefault(text, convert(text))

    return look_up
