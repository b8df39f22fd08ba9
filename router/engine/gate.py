"""What an account sent of late, for the guards that look back: velocity and duplicates. In memory only."""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from router.account import Guards, Velocity
from router.address import is_email
from router.message import Message
from router.refusal import Refusal
from router.routing.pace import Pace
from router.submit import Submit

# Of so many numbers, number prefixes and messages each account's guards know.
_MOST = 100_000


class Gate:
    """Refuses messages that come too often or twice. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._paces: dict[str, _Paces] = {}
        self._recent: dict[str, _Recent] = {}

    def admit(self, guards: Guards, message: Message, now: float) -> None:
        """Let a message pass and remember it. Raises Refusal `duplicate_message`, `rate_limited`; then nothing is."""
        recent = self._recent_of(message.account, guards.duplicates)
        if recent is not None:
            recent.check(_content(message.to, message), now)
        if guards.velocity is not None:
            self._paces_of(message.account, guards.velocity).take(message.to, now)
        if recent is not None:
            recent.note(_content(message.to, message), now)

    def check(self, guards: Guards, account: str, to: str, submit: Submit, now: float) -> None:
        """Raises Refusal as `admit` would at this moment for a message to `to` (E.164); nothing is remembered."""
        recent = self._recent_of(account, guards.duplicates)
        if recent is not None:
            recent.check(_content(to, submit), now)
        if guards.velocity is not None:
            self._paces_of(account, guards.velocity).check(to, now)

    def take_back(self, messages: Iterable[Message]) -> None:
        """Messages that were let pass could not be kept: they may come again."""
        for message in messages:
            recent = self._recent.get(message.account)
            if recent is not None:
                recent.forget(_content(message.to, message))

    def _paces_of(self, account: str, velocity: Velocity) -> "_Paces":
        paces = self._paces.get(account)
        if paces is None or paces.velocity != velocity:
            paces = self._paces[account] = _Paces(velocity)
        return paces

    def _recent_of(self, account: str, seconds: float | None) -> "_Recent | None":
        if seconds is None:
            return None
        recent = self._recent.get(account)
        if recent is None or recent.seconds != seconds:
            recent = self._recent[account] = _Recent(seconds)
        return recent


class _Paces:
    def __init__(self, velocity: Velocity) -> None:
        self.velocity = velocity
        digits = 1 + velocity.prefix_digits
        self._limits: list[tuple[str, Pace, Callable[[str], str]]] = []
        if velocity.destination is not None:
            self._limits.append(("this number", Pace(velocity.destination, _MOST), str))
        if velocity.prefix is not None:
            what = f"numbers that begin with these {velocity.prefix_digits} digits"
            self._limits.append((what, Pace(velocity.prefix, _MOST), lambda to: to if is_email(to) else to[:digits]))

    def check(self, to: str, now: float) -> None:
        for what, pace, key in self._limits:
            wait = pace.wait(key(to), now)
            if wait:
                limit = f"{pace.limit.count:g} messages in {pace.limit.seconds:g} s"
                raise Refusal("rate_limited", f"the account may send {what} {limit}; slow down", "to", wait)

    def take(self, to: str, now: float) -> None:
        self.check(to, now)
        for _, pace, key in self._limits:
            pace.take(key(to), now)


class _Recent:
    """Who got which text in the last `seconds`, as hashes."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._seen: OrderedDict[int, float] = OrderedDict()

    def check(self, content: int, now: float) -> None:
        seen = self._seen.get(content)
        if seen is not None and now - seen < self.seconds:
            detail = f"the same message went to this number less than {self.seconds:g} s ago"
            raise Refusal("duplicate_message", detail, retry_after=self.seconds - (now - seen))

    def note(self, content: int, now: float) -> None:
        seen = self._seen
        seen[content] = now
        seen.move_to_end(content)
        while len(seen) > _MOST or now - next(iter(seen.values())) >= self.seconds:
            seen.popitem(last=False)

    def forget(self, content: int) -> None:
        self._seen.pop(content, None)


def _content(to: str, given: Message | Submit) -> int:
    # Of an email most of what is read may stand in its options.
    return hash((to, given.text, given.data, given.udh, repr(given.options) if is_email(to) else None))
