"""Which currencies there are and what they are worth."""

from decimal import Decimal

from adapters.config_yaml import words
from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import attempt
from adapters.config_yaml.values import word

NO_CURRENCY = "XXX"  # ISO 4217: nobody named one


class Currencies:
    """The table of routes.yaml. Without it, the only currency that the operators name is the base.

    `worth` is one unit of each in the base currency.
    """

    def __init__(self) -> None:
        self.base = ""
        self.worth: dict[str, Decimal] = {}
        self._given = False
        self._readable = True
        self._first_place = ""

    def read(self, value: Value) -> None:
        """Take the table `{base: XAF, EUR: "655.957"}`."""
        self._given = True
        entries = attempt(Value.entries, value)
        if entries is None:
            self._readable = False
            return
        base = None
        for key, child in entries:
            if key.written == "base":
                base = attempt(word(words.currency), child)
                continue
            code, worth = attempt(word(words.currency), key), attempt(word(words.positive), child)
            if code is None:
                self._readable = False
            else:
                # Known even where its rate is wrong: one mistake, one error.
                self.worth[code] = worth or Decimal(1)
        if base is None:
            value.report("needs a base, such as base: XAF")
            self._readable = False
        elif base in self.worth:
            value.report(f"{base} is the base and needs no exchange rate")
        else:
            self.base = base
            self.worth[base] = Decimal(1)

    def unreadable(self) -> None:
        """The table could not be read, so no currency is called unknown."""
        self._given = True
        self._readable = False

    def close(self) -> None:
        """The operators are read: without a table, what they named is all there is."""
        if not self._given and not self.base:
            self.base, self.worth = NO_CURRENCY, {NO_CURRENCY: Decimal(1)}
        self._given = True

    def reason_against(self, code: str, place: str) -> str | None:
        """Why this code cannot stand at this place; None where it can."""
        if code in self.worth or (self._given and not self._readable):
            return None
        if self._given:
            return f"no exchange rate for currency {code} in routes.yaml"
        if self.base:
            return (
                f"currency {code} beside {self.base} of {self._first_place}: "
                "give the exchange rates as `currencies` in routes.yaml"
            )
        self.base, self.worth, self._first_place = code, {code: Decimal(1)}, place
        return None

    def refer(self, value: Value) -> str:
        """The parser of a currency code."""
        code = word(words.currency)(value)
        reason = self.reason_against(code, value.place)
        if reason:
            value.fail(reason)
        return code
