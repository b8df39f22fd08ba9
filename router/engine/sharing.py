"""Whose turn it is: the candidates of a message in the order of this moment."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import structs

from router.engine.desk import Desk
from router.ports import Clock
from router.routing.quality import Standing, Statistics, destination_of, explained, scores
from router.routing.route import Candidate, Ranking
from router.routing.shares import Turns, normal, passed_on

T = TypeVar("T")
_REMEMBERED = 10_000


class Sharing:
    """Divides the traffic of a plan among those of its operators that can take it now: by weight, by quality, and so
    that one that comes back gets it little by little."""

    def __init__(self, desks: Mapping[str, Desk], statistics: Statistics, clock: Clock) -> None:
        self._desks = desks
        self._statistics = statistics
        self._clock = clock
        self._turns: dict[tuple[str, ...], Turns] = {}
        self._standings: dict[tuple[str, ...], Standing] = {}
        self._turn: tuple[Turns, list[float], int] | None = None

    def in_turn(self, ranking: Ranking, to: str, but: Collection[str]) -> Iterable[Candidate]:
        """The candidates in the order to ask them; `to` is E.164, those named in `but` have no turn. Whoever takes the
        first one that is usable says `took`."""
        self._turn = None
        if ranking.plan.order in ("cost", "priority") and not self._is_returning(ranking):
            return ranking.candidates
        return self._ask(ranking, to, but)

    def took(self) -> None:
        """The message goes to the candidate that came last from `in_turn`."""
        if self._turn is not None:
            turns, shares, index = self._turn
            turns.take(shares, index)
            self._turn = None

    def arranged(self, ranking: Ranking, to: str, shown: Sequence[Candidate]) -> tuple[Sequence[Candidate], str | None]:
        """The candidates as they are to be shown, with what is known of their quality, and the one whose turn it is;
        see `router.routing.route.Arrange`. Nobody's turn is over by that."""
        able = [one for one in shown if one.usable]
        if ranking.plan.order == "quality":
            destination = _destination(ranking, to)
            standing = self._standing(ranking, destination)
            able = _by(standing.order, able)
            now = self._clock.now()
            shown = [
                structs.replace(
                    one,
                    rank=place,
                    quality=explained(
                        destination,
                        self._statistics.sums(one.operator, destination, now),
                        standing.scores[one.operator],
                        standing.shares.get(one.operator, 0.0),
                    ),
                )
                for place, one in enumerate(_by(standing.order, shown), 1)
            ]
        if not able:
            return shown, None
        turns, shares = self._shares(ranking, to, able)
        return shown, able[turns.next(shares)].operator

    def _is_returning(self, ranking: Ranking) -> bool:
        """Whether the first that can take messages is still on its way back."""
        for candidate in ranking.candidates:
            desk = self._desks.get(candidate.operator)
            if desk is not None and desk.unusable is None:
                return desk.portion(self._clock.monotonic()) < 1.0
        return False

    def _ask(self, ranking: Ranking, to: str, but: Collection[str]) -> Iterator[Candidate]:
        able: list[Candidate] = []
        others: list[Candidate] = []
        for candidate in ranking.candidates:
            desk = self._desks.get(candidate.operator)
            usable = desk is not None and desk.unusable is None and candidate.operator not in but
            (able if usable else others).append(candidate)
        if ranking.plan.order == "quality":
            able = _by(self._standing(ranking, _destination(ranking, to)).order, able)
        while able:
            turns, shares = self._shares(ranking, to, able)
            index = turns.next(shares)
            self._turn = turns, shares, index
            yield able[index]
            # It cannot have this message: the turn is among the others.
            del able[index]
        self._turn = None
        yield from others

    def _shares(self, ranking: Ranking, to: str, able: Sequence[Candidate]) -> tuple[Turns, list[float]]:
        """The turns of these operators, and the share that each of them has now."""
        plan = ranking.plan
        now = self._clock.monotonic()
        factors = [self._desks[one.operator].portion(now) if one.operator in self._desks else 1.0 for one in able]
        if plan.order == "weighted":
            weights = ranking.weights
            # `rank` is the place in the ranking, of which `able` are some.
            shares = normal([weights[one.rank - 1] * factor for one, factor in zip(able, factors, strict=True)])
        elif plan.order == "quality":
            standing = self._standing(ranking, _destination(ranking, to))
            part = standing.shares
            shares = normal([part.get(one.operator, 0.0) * factor for one, factor in zip(able, factors, strict=True)])
        else:
            shares = passed_on(factors)
        key = (plan.name, *(one.operator for one in able))
        if plan.order == "quality":
            key = (_destination(ranking, to), *sorted(key))
        turns = self._turns.get(key)
        if turns is None:
            _make_room(self._turns)
            turns = self._turns[key] = Turns(len(able))
        return turns, shares

    def _standing(self, ranking: Ranking, destination: str) -> Standing:
        names = [one.operator for one in ranking.candidates]
        key = (ranking.plan.name, destination, *names)
        standing = self._standings.get(key)
        if standing is None:
            _make_room(self._standings)
            standing = self._standings[key] = Standing()
        usable = [name for name in names if name in self._desks and self._desks[name].unusable is None]
        now = self._clock.now()
        if standing.due(usable, now):
            marks = scores([self._statistics.sums(name, destination, now) for name in names])
            standing.follow(names, marks, usable, ranking.plan.quality_band, now)
        return standing


def _destination(ranking: Ranking, to: str) -> str:
    mcc, mnc = ranking.network or (None, None)
    return destination_of(mcc, mnc, to)


def _by(order: Sequence[str], candidates: Sequence[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda one: order.index(one.operator))


def _make_room(remembered: dict[tuple[str, ...], T]) -> None:
    while len(remembered) >= _REMEMBERED:
        del remembered[next(iter(remembered))]
