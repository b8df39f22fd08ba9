"""Shares of the traffic: how large they are while an operator comes back, and who is next so that they are exact."""

from collections.abc import Sequence

FIRST = 0.1
WHOLE = 60.0


def returning(seconds: float) -> float:
    """The part of its share that an operator gets `seconds` after it came back: a tenth at first, all after a minute,
    evenly growing between."""
    return min(1.0, max(FIRST, FIRST + (1.0 - FIRST) * seconds / WHOLE))


def passed_on(factors: Sequence[float]) -> list[float]:
    """Shares where the first of a row has everything, but gets only its factor (0 to 1) of it: the rest goes to the
    next. Somebody with the factor 1 takes what is left; where there is no such one, nothing is passed on."""
    shares = [0.0] * len(factors)
    left = 1.0
    for index, factor in enumerate(factors):
        shares[index] = left * factor
        left -= shares[index]
        if factor >= 1.0:
            return shares
    return normal([0.0] * len(factors))


def normal(shares: Sequence[float]) -> list[float]:
    """The same proportions with the sum 1; all to the first where there is nothing to divide."""
    total = sum(shares)
    if total <= 0.0:
        return [1.0, *([0.0] * (len(shares) - 1))]
    return [share / total for share in shares]


class Turns:
    """Who is next of a few, so that after any number of turns each had its share of them within less than one turn.

    Tijdeman's answer to the chairman assignment problem (Discrete Mathematics 32, 1980): of those whose debt is at
    least 1 / (2k - 2) the one whose debt would first reach its limit. Shares may change between turns; then nobody gets
    more than one turn beyond its due.
    """

    __slots__ = ("_debts",)

    def __init__(self, count: int) -> None:
        self._debts = [0.0] * count

    def next(self, shares: Sequence[float]) -> int:
        """The index of the one whose turn it is; nothing changes. The sum of `shares` is 1."""
        debts = self._debts
        if len(debts) == 1:
            return 0
        least = 0.5 / (len(debts) - 1)
        most = 1.0 - least
        best, soonest = -1, 0.0
        for index, share in enumerate(shares):
            if share > 0.0:
                debt = debts[index] + share
                # A little below the limit: what rounding took from the sum must not leave nobody.
                if debt >= least - 1e-9:
                    deadline = (most - debt) / share
                    if best < 0 or deadline < soonest:
                        best, soonest = index, deadline
        if best >= 0:
            return best
        # Only debts to somebody whose share has gone to nothing since.
        return max((index for index, share in enumerate(shares) if share > 0.0), key=lambda at: debts[at] + shares[at])

    def take(self, shares: Sequence[float], index: int) -> None:
        """The turn went to `index`."""
        debts = self._debts
        for place, share in enumerate(shares):
            debts[place] += share
        debts[index] -= 1.0
