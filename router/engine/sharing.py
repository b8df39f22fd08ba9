"""Whose turn it is: the candidates of a message in the order of this moment."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import structs

from router.engine.desk import Desk
from router.message import Network
from router.ports.clock import Clock
from router.routing.quality import Standing, Statistics, destination_of, explained, scores
from router.routing.route import Candidate, Ranking
from router.routing.shares import Turns, normal, passed_on

T = TypeVar("T")
_IN_ORDER = ("cost", "priority")
_REMEMBERED = 10_000
_REFRESH = 1_000


class _Division:
    """The traffic of a plan among some of its operators: what share each has, for a second from `since` on (ms), and
    whose turn comes when."""

    __slots__ = ("shares", "since", "turns")

    def __init__(self, count: int) -> None:
        self.turns = Turns(count)
        self.shares: list[float] = []
        self.since: int | None = None


class Sharing:
    """Divides the traffic of a plan among those of its operators that can take it now: by weight, by quality, and so
    that one that comes back gets it little by little."""

    def __init__(self, desks: Mapping[str, Desk], statistics: Statistics, clock: Clock) -> None:
        self._desks = desks
        self._statistics = statistics
        self._clock = clock
        self._divisions: dict[tuple[Hashable, ...], _Division] = {}
        self._standings: dict[tuple[Hashable, ...], Standing] = {}
        self._turn: tuple[_Division, int] | None = None

    def in_turn(self, ranking: Ranking, to: str, but: Collection[str]) -> Iterable[Candidate]:
        """The candidates in the order to ask them; `to` is E.164, those named in `but` have no turn. These are the
        ranking's own where nobody takes turns; else whoever takes the first one that is usable says `took`."""
        candidates = ranking.candidates
        if ranking.plan.order in _IN_ORDER:
            for candidate in candidates:
                desk = self._desks.get(candidate.operator)
                if desk is not None and desk.unusable is None:
                    if desk.back_at is None and desk.circuit.open_until is None:
                        return candidates  # nearly always
                    if desk.portion(self._clock.monotonic()) >= 1.0:
                        return candidates
                    break  # the first that can take messages is still on its way back
            else:
                return candidates
        return self._ask(ranking, to, but)

    def took(self) -> None:
        """The message goes to the candidate that came last from `in_turn`."""
        if self._turn is not None:
            division, index = self._turn
            division.turns.take(division.shares, index)
            self._turn = None

    def arranged(self, ranking: Ranking, to: str, shown: Sequence[Candidate]) -> tuple[Sequence[Candidate], str | None]:
        """The candidates as they are to be shown, with what is known of their quality, and the one whose turn it is;
        see `router.routing.route.Arrange`. Nobody's turn is over by that."""
        places = [place for place, one in enumerate(shown) if one.usable]
        best = None
        if places:
            _, index = self._next(ranking, to, places)
            best = shown[places[index]].operator
        if ranking.plan.order != "quality":
            return shown, best
        destination, now = _destination(ranking, to), self._clock.now()
        standing = self._standing(ranking, destination, now)
        return [
            structs.replace(
                one,
                rank=rank,
                quality=explained(
                    destination,
                    self._statistics.sums(one.operator, destination, now),
                    standing.scores[one.operator],
                    standing.shares.get(one.operator, 0.0),
                ),
            )
            for rank, one in enumerate(sorted(shown, key=lambda one: standing.order.index(one.operator)), 1)
        ], best

    def _ask(self, ranking: Ranking, to: str, but: Collection[str]) -> Iterator[Candidate]:
        candidates = ranking.candidates
        places = []
        for place, candidate in enumerate(candidates):
            desk = self._desks.get(candidate.operator)
            if desk is not None and desk.unusable is None and candidate.operator not in but:
                places.append(place)
        others = places
        while places:
            self._turn = _, index = self._next(ranking, to, places)
            yield candidates[places[index]]
            # It cannot have this message: the turn is among the others.
            places = [*places[:index], *places[index + 1 :]]
        self._turn = None
        for place, candidate in enumerate(candidates):
            if place not in others:
                yield candidate

    def _next(self, ranking: Ranking, to: str, places: Sequence[int]) -> tuple[_Division, int]:
        """How the traffic is divided among the candidates in these places, and whose turn it is, as an index of it."""
        order = ranking.plan.order
        destination = _destination(ranking, to) if order == "quality" else ""
        key = (ranking.plan.name, destination, ranking.names, *places)
        division = self._divisions.get(key)
        if division is None:
            _make_room(self._divisions)
            division = self._divisions[key] = _Division(len(places))
        now = self._clock.now()
        if division.since is None or not division.since <= now < division.since + _REFRESH:
            division.shares = self._shares(ranking, destination, places, now)
            division.since = now
        return division, division.turns.next(division.shares)

    def _shares(self, ranking: Ranking, destination: str, places: Sequence[int], now: int) -> list[float]:
        """The share of each of the candidates in these places."""
        names = [ranking.names[place] for place in places]
        monotonic = self._clock.monotonic()
        factors = [self._desks[name].portion(monotonic) if name in self._desks else 1.0 for name in names]
        if ranking.plan.order == "weighted":
            return normal([ranking.weights[place] * factor for place, factor in zip(places, factors, strict=True)])
        if ranking.plan.order != "quality":
            return passed_on(factors)
        standing = self._standing(ranking, destination, now)
        shares = [standing.shares.get(name, 0.0) * factor for name, factor in zip(names, factors, strict=True)]
        if not any(shares):
            shares[names.index(min(names, key=standing.order.index))] = 1.0
        return normal(shares)

    def _standing(self, ranking: Ranking, destination: str, now: int) -> Standing:
        names = ranking.names
        key = (ranking.plan.name, destination, names)
        standing = self._standings.get(key)
        if standing is None:
            _make_room(self._standings)
            standing = self._standings[key] = Standing()
        usable = [name for name in names if name in self._desks and self._desks[name].unusable is None]
        if standing.due(usable, now):
            marks = scores([self._statistics.sums(name, destination, now) for name in names])
            standing.follow(names, marks, usable, ranking.plan.quality_band, now)
        return standing


def _destination(ranking: Ranking, to: str) -> str:
    return destination_of(Network(*ranking.network) if ranking.network is not None else None, to)


def _make_room(remembered: dict[tuple[Hashable, ...], T]) -> None:
    while len(remembered) >= _REMEMBERED:
        del remembered[next(iter(remembered))]
