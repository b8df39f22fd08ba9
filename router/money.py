"""Amounts with their currency. Never a float."""

from decimal import Decimal

from msgspec import Struct


class Money(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """An amount in one currency (ISO 4217); the scale of the amount is kept as it was written."""

    amount: Decimal
    currency: str

    def times(self, count: int) -> "Money":
        """The amount `count` times, in the same currency and scale."""
        return self if count == 1 else Money(self.amount * count, self.currency)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
