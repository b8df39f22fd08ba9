"""Which currencies there are and what they are worth."""

from decimal import Decimal

from adapters.config_yaml import words
from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import attempt, dictionary, listing
from adapters.config_yaml.values import word
from router.settings import ExchangeRate

NO_CURRENCY = "XXX"  # ISO 4217: nobody named one


class Currencies:
    """The table of routes.yaml. Without it, the only currency that the operators name is the base.

    `worth` is one unit of each in the base currency, `later` what replaces that at its time.
    """

    def __init__(self) -> None:
        self.base = ""
        self.worth: dict[str, Decimal] = {}
        self.later: list[ExchangeRate] = []
        self._given = False
        self._readable = True
        self._first_place = ""

    def read(self, value: Value) -> None:
        """Take the table `{base: XAF, EUR: "655.957"}`; `EUR: [{rate: "655.957"}, {rate: "656.2", from: 2027-01-01}]`
        is a rate that changes."""
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
            code, rates = attempt(word(words.currency), key), attempt(_rates, child)
            if code is None:
                self._readable = False
                continue
            # Known even where its rate is wrong: one mistake, one error.
            rates = rates or {0: Decimal(1)}
            self.worth[code] = rates.pop(0)
            self.later += [ExchangeRate(code, worth, start) for start, worth in sorted(rates.items())]
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


def _rates(value: Value) -> dict[int, Decimal]:
    """What a currency is worth, by the moment that this begins; 0 for always."""
    if value.is_scalar:
        return {0: word(words.positive)(value)}
    given = listing(dictionary({"rate": word(words.positive)}, {"from": word(words.moment)}), least=1)(value)
    rates = {one.get("from", 0): one["rate"] for one in given}
    if len(rates) < len(given):
        value.fail("two rates begin at the same time")
    if 0 not in rates:
        value.fail("needs one rate without from, which holds until the first of the others")
    return rates
