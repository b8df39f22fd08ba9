"""Amounts with their currency, and their exact form as whole numbers. Never a float."""

from decimal import ROUND_CEILING, Context, Decimal

from msgspec import Struct

NANO = 1_000_000_000
"""So many nano are one unit."""

MOST_NANO = 4_000_000_000 * NANO
"""No wallet holds, or owes, more; two of them fit in 64 bits."""

_EXACT = Context(prec=100)
_CENT = Decimal("0.01")


class Money(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """An amount in one currency (ISO 4217); the scale of the amount is kept as it was written."""

    amount: Decimal
    currency: str

    def times(self, count: int) -> "Money":
        """The amount `count` times, in the same currency and scale."""
        return self if count == 1 else Money(self.amount * count, self.currency)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def to_nano(amount: Decimal) -> int:
    """An amount in nano; what is finer than that is rounded up."""
    return int(amount.scaleb(9, _EXACT).to_integral_value(ROUND_CEILING, _EXACT))


def from_nano(nano: int) -> Decimal:
    """The amount of so many nano, exactly, with as many decimals as it needs and at least two."""
    amount = Decimal(nano).scaleb(-9, _EXACT)
    cents = amount.quantize(_CENT, context=_EXACT)
    return cents if cents == amount else amount.normalize(_EXACT)
