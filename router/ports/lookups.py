"""What the engine asks of those who know the network of a number."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class Found(Struct, frozen=True, gc=False):
    """What one source says of a number: the network (MCC, MNC) that has it today; or why that is not known, as a code;
    or neither, where the source has nothing to say of this number."""

    network: tuple[str, str] | None = None
    error: str | None = None


class NumberLookup(Protocol):
    """A source that knows which network a number is with. Numbers are E.164 with their plus sign.

    `name` is how it is called in explanations and metrics, `budget` the seconds that `ask` may take at most.
    """

    name: str
    budget: float

    def known(self, number: str) -> Found | None:
        """What can be said at once, in microseconds; None where it has to be asked for."""

    async def ask(self, numbers: Sequence[str]) -> dict[str, Found]:
        """What is found out about each number within the budget; one that takes longer has the error `lookup_timeout`.
        Raises nothing for what the other side does."""

    async def close(self) -> None:
        """No more will be asked; whoever still waits for an answer gets it within the budget."""
