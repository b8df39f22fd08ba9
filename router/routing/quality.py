"""How well operators deliver to a network, as a score; what orders them under `order: quality`.

The score of an operator for a network is a product of three factors in [0, 1] over the last quarter of an hour:

    delivery   = (good + 20 * usual) / (good + bad + 20)
    acceptance = (accepted + 20) / (accepted + refused + 20)
    promptness = 1 - 0.2 * slow / (ended + 20)

`good` are the receipts that say delivered, `bad` all other final ones and the missing ones; a conversion that came, or
that was to be expected and did not come, counts three times beside them: a receipt is what the operator says, a
conversion is what the recipient did. The 20 are a Beta prior: few samples move a score little, and who has none stands
where all operators of the network together are, but at 0.8 at least. So one whose bad times are forgotten is tried
again, and a newcomer too, whom the lower bound of a confidence interval (0) would never let in. `slow` are the receipts
later than half a minute.

Receipts are missing against a baseline: the best share of receipts that this operator ever gave for this network in a
minute (its lower bound, fading by half in six hours). A network that gives no receipts, or an operator that never gives
any for it, has a baseline under a tenth, and its silence says nothing. Conversions are expected against the best
operator of the network, and only of the messages of those accounts that report any.

All of it is in memory only: a restart begins with no samples. Times are milliseconds since the epoch.
"""

from collections import OrderedDict
from collections.abc import Sequence
from math import log, sqrt

from msgspec import Struct

from router.message import Network
from router.receipt import ReceiptState
from router.routing.numbering import CALLING_CODES

_MINUTE = 60_000
_MINUTES = 15
_RIPE = 120_000
_HALVED = 6 * 3_600_000
_SCARCE = 0.1
_REPORTS = 24 * 3_600_000
_SLOW = 30.0
_PRIOR, _USUAL = 20.0, 0.8
_CONVERSION = 3.0
_SLOWNESS = 0.2
_PROBES = 0.02
_POINTS_PER_MINUTE = 0.2
_STEP = 15_000
_REFRESH = 1_000


def destination_of(network: Network | None, to: str) -> str:
    """What statistics are kept for: the network where its codes are known ("624-01"), else the country ("+237").
    `to` is E.164."""
    if network is not None and network.mcc is not None:
        return f"{network.mcc}-{network.mnc or ''}"
    if "@" in to:
        return "+"
    code = CALLING_CODES[to[1:4]]
    return code.country if code is not None else "+"


class _Minute:
    """What became of the parts that were submitted in one minute. `delays` counts receipts by their delay, in steps of
    five per cent from half a second."""

    __slots__ = ("accepted", "conversions", "delays", "delivered", "failed", "hoped", "refused", "slow", "unknown")

    def __init__(self) -> None:
        self.accepted = self.refused = self.delivered = self.failed = self.unknown = self.slow = 0
        self.hoped = self.conversions = 0
        self.delays: dict[int, int] = {}


class _Series:
    __slots__ = ("minutes", "peak", "peak_at")

    def __init__(self) -> None:
        self.minutes: dict[int, _Minute] = {}
        self.peak = 0.0
        self.peak_at = 0

    def baseline(self, at: int) -> float:
        return self.peak * float(0.5 ** (max(0, at - self.peak_at) / _HALVED))

    def forget(self, number: int) -> None:
        """Only the last minutes up to this one stay; the clock may also have been set back."""
        for old in [old for old in self.minutes if not number - _MINUTES < old <= number + 1]:
            minute = self.minutes.pop(old)
            best, at = _at_least(_answers(minute), minute.accepted), (old + 1) * _MINUTE
            if best >= self.baseline(at):
                self.peak, self.peak_at = best, at


class Sums(Struct, frozen=True, gc=False):
    """The last quarter of an hour of one operator and network, in parts. `missing` receipts are fewer than the baseline
    had; `hoped` are the parts that a conversion may be reported for; `baseline` is a share of the accepted."""

    accepted: int = 0
    refused: int = 0
    delivered: int = 0
    failed: int = 0
    unknown: int = 0
    missing: float = 0.0
    slow: int = 0
    hoped: int = 0
    conversions: int = 0
    baseline: float = 0.0


class Statistics:
    """What operators did for the messages to each network, over the last 15 minutes, by the time of submission.

    At most `most` pairs of operator and network are kept; those that were used longest ago leave first.
    """

    def __init__(self, most: int = 5_000) -> None:
        self._most = most
        self._series: OrderedDict[tuple[str, str], _Series] = OrderedDict()
        self._reporting: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._series)

    def accepted(self, operator: str, destination: str, account: str | None, at: int, count: int = 1) -> None:
        """The operator took so many parts; `account` is given with those that complete a message."""
        minute = self._minute(operator, destination, at)
        minute.accepted += count
        if account is not None and at - self._reporting.get(account, -_REPORTS) < _REPORTS:
            minute.hoped += count

    def refused(self, operator: str, destination: str, at: int) -> None:
        """The operator did not take a part that another one might take."""
        self._minute(operator, destination, at).refused += 1

    def ended(
        self, operator: str, destination: str, state: ReceiptState, accepted_at: int, at: int, count: int = 1
    ) -> None:
        """So many final receipts came at `at` for parts that were accepted at `accepted_at`."""
        minute = self._known(operator, destination, accepted_at)
        if minute is None:
            return
        if state is ReceiptState.DELIVERED:
            minute.delivered += count
        elif state is ReceiptState.UNKNOWN:
            minute.unknown += count
        else:
            minute.failed += count
        seconds = (at - accepted_at) / 1000
        if seconds > _SLOW:
            minute.slow += count
        step = delay_step(seconds)
        minute.delays[step] = minute.delays.get(step, 0) + count

    def converted(self, operator: str, destination: str, account: str, accepted_at: int, at: int) -> None:
        """The account reports that the recipient acted on a message that was accepted at `accepted_at`."""
        self._reporting[account] = max(at, self._reporting.get(account, at))
        minute = self._known(operator, destination, accepted_at)
        if minute is not None:
            minute.conversions += 1
            # The account's first report: until now nobody hoped.
            minute.hoped = max(minute.hoped, minute.conversions)

    def sums(self, operator: str, destination: str, now: int) -> Sums:
        series = self._series.get((operator, destination))
        if series is None:
            return Sums()
        series.forget(now // _MINUTE)
        baseline = series.baseline(now)
        accepted = refused = delivered = failed = unknown = slow = hoped = conversions = 0
        ripe = answers = 0
        for number, minute in series.minutes.items():
            accepted += minute.accepted
            refused += minute.refused
            delivered += minute.delivered
            failed += minute.failed
            unknown += minute.unknown
            slow += minute.slow
            if (number + 1) * _MINUTE + _RIPE <= now:
                # Younger ones may still have theirs.
                ripe += minute.accepted
                answers += _answers(minute)
                hoped += minute.hoped
                conversions += minute.conversions
                baseline = max(baseline, _at_least(_answers(minute), minute.accepted))
        if baseline < _SCARCE:
            baseline = 0.0
        missing = max(0.0, baseline * ripe - answers)
        return Sums(accepted, refused, delivered, failed, unknown, missing, slow, hoped, conversions, baseline)

    def delays(self, operator: str, destination: str, now: int) -> dict[int, int]:
        """How many receipts came after which delay; the keys are those of `delay_step`."""
        series = self._series.get((operator, destination))
        counts: dict[int, int] = {}
        for minute in () if series is None else series.minutes.values():
            for step, count in minute.delays.items():
                counts[step] = counts.get(step, 0) + count
        return counts

    def _minute(self, operator: str, destination: str, at: int) -> _Minute:
        key = (operator, destination)
        series = self._series.get(key)
        number = at // _MINUTE
        minute = series.minutes.get(number) if series is not None else None
        if minute is not None:
            return minute
        if series is None:
            series = self._series[key] = _Series()
            if len(self._series) > self._most:
                self._series.popitem(last=False)
        else:
            # Once a minute is often enough to know which were used longest ago.
            self._series.move_to_end(key)
        series.forget(number)
        minute = series.minutes[number] = _Minute()
        return minute

    def _known(self, operator: str, destination: str, at: int) -> _Minute | None:
        series = self._series.get((operator, destination))
        return None if series is None else series.minutes.get(at // _MINUTE)


class Quality(Struct, frozen=True, gc=False):
    """Why an operator stands where it does under `order: quality`: its `score` and its `share` of the messages to
    `network`, and what the score is made of, in parts of the last 15 minutes."""

    network: str
    score: float
    share: float
    accepted: int
    refused: int
    delivered: int
    failed: int
    unknown: int
    missing: int
    conversions: int


def delay_step(seconds: float) -> int:
    """The delay's step of five per cent: 0 begins at half a second, -1 ends there."""
    return int(log(max(seconds, 0.01) * 2.0) / _FIVE_PER_CENT // 1)


def delay_of(step: int) -> float:
    """Where a step begins, in seconds."""
    return float(0.5 * 1.05**step)


_FIVE_PER_CENT = log(1.05)


def score(sums: Sums, conversions: float, usual: float = _USUAL) -> float:
    """In [0, 1], as this module says; `conversions` is the share of messages that a conversion is expected for."""
    good, bad = _evidence(sums, conversions)
    ended = sums.delivered + sums.failed + sums.unknown
    delivery = (good + _PRIOR * usual) / (good + bad + _PRIOR)
    acceptance = (sums.accepted + _PRIOR) / (sums.accepted + sums.refused + _PRIOR)
    promptness = 1.0 - _SLOWNESS * sums.slow / (ended + _PRIOR)
    return float(delivery * acceptance * promptness)


def _evidence(sums: Sums, conversions: float) -> tuple[float, float]:
    expected = conversions * sums.hoped
    came = min(float(sums.conversions), expected)
    good = sums.delivered + _CONVERSION * came
    return good, sums.failed + sums.unknown + sums.missing + _CONVERSION * (expected - came)


def explained(network: str, sums: Sums, mark: float, share: float) -> Quality:
    return Quality(
        network,
        round(mark, 4),
        round(share, 4),
        sums.accepted,
        sums.refused,
        sums.delivered,
        sums.failed,
        sums.unknown,
        round(sums.missing),
        sums.conversions,
    )


def scores(table: Sequence[Sums]) -> list[float]:
    """The scores of all operators for one network: what conversions to expect is what the best of them has."""
    conversions = max((_at_least(min(sums.conversions, sums.hoped), sums.hoped) for sums in table), default=0.0)
    evidence = [_evidence(sums, conversions) for sums in table]
    good, bad = sum(one[0] for one in evidence), sum(one[1] for one in evidence)
    usual = max(_USUAL, (good + _PRIOR * _USUAL) / (good + bad + _PRIOR))
    return [score(sums, conversions, usual) for sums in table]


def in_order(names: Sequence[str], marks: Sequence[float], band: float) -> list[str]:
    """Names by their marks, best first; those within `band` of the best keep the order given (by cost), and so do
    equal ones."""
    best = max(marks, default=0.0)
    ranked = sorted(
        zip(names, marks, range(len(names)), strict=True),
        key=lambda one: (0.0, one[2]) if one[1] >= best - band else (best - one[1], one[2]),
    )
    return [name for name, _, _ in ranked]


class Standing:
    """The shares that operators have of the messages to one network under one plan; they follow the scores slowly.

    The first in order gets everything but two per cent, which the others share evenly, so that they can show that they
    are better now. At most 20 points a minute change hands, except that an operator which cannot take any gives all of
    its share to the first at once.
    """

    __slots__ = ("_changed_at", "_next", "_usable", "order", "scores", "shares")

    def __init__(self) -> None:
        self.order: list[str] = []
        self.scores: dict[str, float] = {}
        self.shares: dict[str, float] = {}
        self._usable: Sequence[str] = ()
        self._changed_at = 0
        self._next = 0

    def due(self, usable: Sequence[str], now: int) -> bool:
        """Whether it is to be worked out anew: a second has passed (or the clock was set back), or others can take
        messages than before."""
        return usable != self._usable or not self._next - _REFRESH <= now < self._next

    def follow(
        self, names: Sequence[str], marks: Sequence[float], usable: Sequence[str], band: float, now: int
    ) -> None:
        """Take new scores of the operators `names` (in order of cost), of whom `usable` can take messages now."""
        self.order = in_order(names, marks, band)
        self.scores = dict(zip(names, marks, strict=True))
        able = [name for name in self.order if name in usable]
        target = _target(able)
        shares = {name: self.shares.get(name, 0.0) for name in able}
        if not any(shares.values()):
            shares = target
        else:
            shares[able[0]] += 1.0 - sum(shares.values())
            step = _POINTS_PER_MINUTE * min(max(0, now - self._changed_at), _STEP) / _MINUTE
            farthest = max(abs(target[name] - share) for name, share in shares.items())
            portion = min(1.0, step / farthest) if farthest > 0.0 else 1.0
            shares = {name: share + (target[name] - share) * portion for name, share in shares.items()}
        self.shares = shares
        self._usable = usable
        self._changed_at = now
        self._next = now + _REFRESH


def _target(able: Sequence[str]) -> dict[str, float]:
    if len(able) < 2:
        return dict.fromkeys(able, 1.0)
    return {able[0]: 1.0 - _PROBES, **dict.fromkeys(able[1:], _PROBES / (len(able) - 1))}


def _answers(minute: _Minute) -> int:
    return minute.delivered + minute.failed + minute.unknown


def _at_least(good: int, count: int) -> float:
    """The lower bound of a share that was seen `good` times of `count` (Wilson, 95 %); chance makes it no larger."""
    if not count:
        return 0.0
    share, z = min(1.0, good / count), 1.96
    middle = share + z * z / (2 * count)
    spread = z * sqrt(share * (1.0 - share) / count + z * z / (4 * count * count))
    return float(max(0.0, (middle - spread) / (1.0 + z * z / count)))
