"""The line of messages in memory for one operator: classes before one another, accounts in turn."""

from collections import OrderedDict, deque
from collections.abc import Callable

from router.message import Message, TrafficClass

RANKS: dict[TrafficClass, int] = {name: rank for rank, name in enumerate(TrafficClass)}

# Of 21 turns while all wait: 16 otp, 4 transactional, 1 marketing. First comes first, nobody starves.
_SHARES = (16, 4, 1)


class Line:
    """Messages of one account and one class, in order of their position.

    `stored` counts those that wait behind in the store only, `cursor` is the last position taken from there or
    added here, `loading` holds while more are on their way.
    """

    __slots__ = ("account", "cursor", "loading", "messages", "rank", "stored")

    def __init__(self, account: str, rank: int) -> None:
        self.account = account
        self.rank = rank
        self.messages: deque[Message] = deque()
        self.stored = 0
        self.cursor = 0
        self.loading = False


class OperatorQueue:
    """What waits for one operator: urgent first (returned and begun messages), then the classes by their shares,
    and within a class the accounts in turn."""

    def __init__(self) -> None:
        self.lines: dict[tuple[int, str], Line] = {}
        self._urgent: OrderedDict[str, Message] = OrderedDict()
        self._turns: tuple[deque[Line], ...] = tuple(deque() for _ in _SHARES)
        self._credit = list(_SHARES)
        self._resident = 0

    def __len__(self) -> int:
        """Messages in memory."""
        return self._resident + len(self._urgent)

    @property
    def urgent(self) -> int:
        """How many go before all lines."""
        return len(self._urgent)

    def line(self, rank: int, account: str) -> Line:
        key = (rank, account)
        line = self.lines.get(key)
        if line is None:
            line = self.lines[key] = Line(account, rank)
        return line

    def push(self, line: Line, message: Message) -> None:
        """Add at the end of its line."""
        if not line.messages:
            self._turns[line.rank].append(line)
        line.messages.append(message)
        self._resident += 1

    def push_urgent(self, message: Message) -> None:
        """Put a message that was taken out and has to go on before all lines, behind other such; twice is once."""
        self._urgent[message.id] = message

    def pop(self) -> tuple[Message, Line | None] | None:
        """The next message and the line it stood in (None for an urgent one), or None when memory holds none."""
        if self._urgent:
            return self._urgent.popitem(last=False)[1], None
        turns = self._next_turns()
        if turns is None:
            return None
        line = turns.popleft()
        message = line.messages.popleft()
        if line.messages:
            turns.append(line)
        self._resident -= 1
        return message, line

    def withdraw(self, line: Line, first: int, count: int, leaves: Callable[[Message], bool]) -> int:
        """Ask `leaves` of `count` messages of a line from index `first` on; those it says True for leave, the rest keep
        their order. How many stay."""
        messages = line.messages
        count = min(count, len(messages) - first)
        if count <= 0:
            return 0
        messages.rotate(-first)
        stay = [message for message in [messages.popleft() for _ in range(count)] if not leaves(message)]
        messages.extendleft(reversed(stay))
        messages.rotate(first)
        self._resident -= count - len(stay)
        if not messages:
            self._turns[line.rank].remove(line)
        return len(stay)

    def withdraw_urgent(self, leaves: Callable[[Message], bool]) -> None:
        """As `withdraw`, for all urgent messages."""
        for message in list(self._urgent.values()):
            if leaves(message):
                self._urgent.pop(message.id, None)

    def _next_turns(self) -> deque[Line] | None:
        credit = self._credit
        first = -1
        for rank, turns in enumerate(self._turns):
            if turns:
                if credit[rank] > 0:
                    credit[rank] -= 1
                    return turns
                if first < 0:
                    first = rank
        if first < 0:
            return None
        credit[:] = _SHARES
        credit[first] -= 1
        return self._turns[first]

    def count(self, rank: int) -> int:
        """Messages of a class that wait, in memory and in the store; urgent ones count with their class."""
        urgent = sum(1 for message in self._urgent.values() if RANKS[message.traffic_class] == rank)
        return urgent + sum(len(line.messages) + line.stored for line in self.lines.values() if line.rank == rank)

    def first_position(self) -> int | None:
        """The lowest position of all messages in memory, None when there are none."""
        heads = [line.messages[0].position or 0 for line in self.lines.values() if line.messages]
        heads.extend(message.position or 0 for message in self._urgent.values())
        return min(heads, default=None)

    def oldest(self) -> int | None:
        """When the oldest message in memory was created (ms), None when there is none."""
        heads = [line.messages[0].created_at for line in self.lines.values() if line.messages]
        heads.extend(message.created_at for message in self._urgent.values())
        return min(heads, default=None)
