"""Did everything arrive, and once? Pure."""

from collections.abc import Iterable

import msgspec

from router.cli.bench.messages import index_of, number
from router.cli.bench.sink import Seen

_EXAMPLES = 3


class Fault(msgspec.Struct, frozen=True):
    """`count` messages with one thing wrong, a few of them by number."""

    what: str
    count: int
    examples: list[str]

    def __str__(self) -> str:
        more = " ..." if self.count > len(self.examples) else ""
        return f"{self.what}: {self.count}" + (f" ({', '.join(self.examples)}{more})" if self.examples else "")


def counted(lines: Iterable[str], most: int) -> bytearray:
    """By index, how many submit_sm of each message the simulator took or left unanswered, from its file of submits;
    all indexes are below `most`. Raises IndexError, ValueError for a number that none of them has."""
    counts = bytearray(most)
    for line in lines:
        to, _, status = line.rstrip("\n").partition(" ")
        if status in ("0", "-"):
            index = index_of(to)
            if counts[index] < 255:
                counts[index] += 1
    return counts


def faults(accepted: bytearray, parts: int, submits: bytearray, seen: Seen, refused: int) -> list[Fault]:
    """What is not as it must be. `accepted` has a 1 at the index of each message that was accepted, each of `parts`
    short messages; `submits` is how often the simulator had each."""
    missing: list[int] = []
    doubled: list[int] = []
    silent: list[int] = []
    repeated: list[int] = []
    strange: list[int] = []
    size = max(len(accepted), len(submits), len(seen.times))
    padded = [octets.ljust(size, b"\0") for octets in (accepted, submits, seen.times)]
    for index, (was_accepted, short_messages, events) in enumerate(zip(*padded, strict=True)):
        if not was_accepted:
            if short_messages or events:
                strange.append(index)
            continue
        if short_messages != parts:
            (missing if short_messages < parts else doubled).append(index)
        if events != 1:
            (repeated if events else silent).append(index)
    found = [
        Fault(what, len(indexes), [number(index) for index in indexes[:_EXAMPLES]])
        for what, indexes in (
            ("missing at the operator", missing),
            ("doubled at the operator", doubled),
            ("without a final event", silent),
            ("with more than one final event", repeated),
            ("never accepted, but sent or told", strange),
        )
        if indexes
    ]
    others = {"refused": refused, "events without our reference": seen.strange}
    others |= {f"ended as {state}": count for state, count in seen.states.items() if state != "delivered"}
    return found + [Fault(what, count, []) for what, count in others.items() if count]
