"""Scores from what was seen, and shares that follow them slowly. The clock is an argument."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.message import Network
from router.receipt import ReceiptState
from router.routing.quality import (
    Standing,
    Statistics,
    Sums,
    delay_of,
    delay_step,
    destination_of,
    in_order,
    score,
    scores,
)

MINUTE = 60_000
NOW = 1_767_225_600_000
CM = "624-01"


def feed(
    statistics: Statistics,
    operator: str,
    count: int,
    delivered: float = 1.0,
    failed: float = 0.0,
    at: int = NOW,
    seconds: float = 3.0,
    destination: str = CM,
    account: str = "acme",
) -> None:
    """`count` parts within a minute, of which these shares are answered; the rest stays silent."""
    for number in range(count):
        accepted_at = at + number * MINUTE // count
        statistics.accepted(operator, destination, account, accepted_at)
        if number < round(count * (delivered + failed)):
            state = ReceiptState.DELIVERED if number < round(count * delivered) else ReceiptState.UNDELIVERED
            statistics.ended(operator, destination, state, accepted_at, accepted_at + round(seconds * 1000))


def mark(statistics: Statistics, operator: str, now: int, destination: str = CM) -> float:
    return scores([statistics.sums(operator, destination, now)])[0]


# --- score ---------------------------------------------------------------------------------------------------


def test_who_has_no_samples_stands_in_the_middle() -> None:
    assert score(Sums(), 0.0) == pytest.approx(0.8)
    assert mark(Statistics(), "nobody", NOW) == pytest.approx(0.8)


counts = st.integers(0, 5000)
sums = st.builds(
    Sums, counts, counts, counts, counts, counts, st.floats(0, 5000), counts, counts, counts, st.floats(0, 1)
).map(lambda one: one if one.slow <= one.delivered + one.failed + one.unknown else Sums(one.accepted, one.refused))


@given(sums, st.floats(0, 1))
def test_a_score_is_a_share(one: Sums, conversions: float) -> None:
    assert 0.0 < score(one, conversions) <= 1.0


@given(counts, counts, counts)
def test_success_never_lowers_and_failure_never_raises_it(delivered: int, failed: int, refused: int) -> None:
    def of(delivered: int, failed: int, refused: int) -> float:
        return score(Sums(delivered + failed, refused, delivered, failed), 0.0)

    here = of(delivered, failed, refused)
    assert of(delivered + 1, failed, refused) >= here - 1e-12
    assert of(delivered, failed + 1, refused) <= here
    assert of(delivered, failed, refused + 1) <= here


@given(st.integers(1, 20), st.booleans())
def test_few_samples_mean_little(count: int, good: bool) -> None:
    one = Sums(count, 0, count, 0) if good else Sums(count, 0, 0, count)
    assert abs(score(one, 0.0) - 0.8) <= 0.8 * count / (count + 20) + 1e-9


BETTER: list[tuple[str, Sums, Sums]] = [
    ("receipts", Sums(100, 0, 95, 5), Sums(100, 0, 70, 30)),
    ("refusals", Sums(100, 0, 95, 5), Sums(100, 30, 95, 5)),
    ("silence below the baseline", Sums(100, 0, 95, 5), Sums(100, 0, 60, 0, 0, 40.0)),
    ("latency", Sums(100, 0, 100), Sums(100, 0, 100, slow=80)),
    ("the operator does not know", Sums(100, 0, 100), Sums(100, 0, 60, 0, 40)),
    ("conversions beside the same receipts",
     Sums(100, 0, 90, 10, 0, 0, 0, 100, 50), Sums(100, 0, 90, 10, 0, 0, 0, 100, 5)),
    ("conversions against better receipts",
     Sums(100, 0, 80, 20, 0, 0, 0, 100, 50), Sums(100, 0, 100, 0, 0, 0, 0, 100, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("what", "better", "worse"), BETTER, ids=[one[0] for one in BETTER])
def test_better_is_more(what: str, better: Sums, worse: Sums) -> None:
    above, below = scores([better, worse])
    assert above > below


def test_conversions_that_nobody_reports_are_not_missed() -> None:
    assert scores([Sums(100, 0, 100, hoped=100)]) == scores([Sums(100, 0, 100)])


def test_a_newcomer_stands_where_the_others_are_but_not_below_the_middle() -> None:
    well, newcomer = scores([Sums(1000, 0, 950, 50), Sums()])
    assert newcomer == pytest.approx(well, abs=0.01)
    badly, newcomer = scores([Sums(1000, 0, 300, 700), Sums()])
    assert newcomer == pytest.approx(0.8)
    assert badly < 0.35


# --- statistics ----------------------------------------------------------------------------------------------


def test_a_network_without_receipts_sinks_nobody() -> None:
    statistics = Statistics()
    for minute in range(15):
        feed(statistics, "mtn", 100, delivered=0.0, at=NOW + minute * MINUTE)
        assert mark(statistics, "mtn", NOW + (minute + 1) * MINUTE) == pytest.approx(0.8)
    assert statistics.sums("mtn", CM, NOW + 15 * MINUTE).missing == 0


def test_an_operator_that_falls_silent_where_it_answered_before_sinks() -> None:
    statistics = Statistics()
    for minute in range(10):
        feed(statistics, "mtn", 100, delivered=0.9, failed=0.1, at=NOW + minute * MINUTE)
    before = mark(statistics, "mtn", NOW + 12 * MINUTE)
    for minute in range(10, 25):
        feed(statistics, "mtn", 100, delivered=0.0, at=NOW + minute * MINUTE)
    assert before > 0.85
    assert mark(statistics, "mtn", NOW + 27 * MINUTE) < 0.1
    # It has been so for a day: it is how it is.
    for minute in range(25 * 60, 25 * 60 + 15):
        feed(statistics, "mtn", 100, delivered=0.0, at=NOW + minute * MINUTE)
    assert mark(statistics, "mtn", NOW + (25 * 60 + 15) * MINUTE) > 0.6


def test_receipts_that_may_still_come_are_not_missing() -> None:
    statistics = Statistics()
    for minute in range(5):
        feed(statistics, "mtn", 100, at=NOW + minute * MINUTE)
    now = NOW + 8 * MINUTE
    before = mark(statistics, "mtn", now)
    feed(statistics, "mtn", 500, delivered=0.0, at=now)
    assert mark(statistics, "mtn", now + MINUTE) == before
    assert mark(statistics, "mtn", now + 4 * MINUTE) < before


def test_what_is_older_than_a_quarter_of_an_hour_is_forgotten() -> None:
    statistics = Statistics()
    feed(statistics, "mtn", 50, delivered=0.0, failed=1.0)
    assert mark(statistics, "mtn", NOW + 5 * MINUTE) < 0.3
    later = statistics.sums("mtn", CM, NOW + 17 * MINUTE)
    assert (later.accepted, later.failed, later.missing) == (0, 0, 0)


def test_a_receipt_counts_for_the_minute_of_its_part() -> None:
    statistics = Statistics()
    statistics.accepted("mtn", CM, "acme", NOW)
    statistics.ended("mtn", CM, ReceiptState.DELIVERED, NOW, NOW + 10 * MINUTE)
    found = statistics.sums("mtn", CM, NOW + 10 * MINUTE)
    assert (found.accepted, found.delivered, found.slow) == (1, 1, 1)
    # Of what nobody knows any more nothing is counted.
    statistics.ended("mtn", CM, ReceiptState.DELIVERED, NOW - 20 * MINUTE, NOW + 10 * MINUTE)
    statistics.ended("other", CM, ReceiptState.DELIVERED, NOW, NOW)
    assert statistics.sums("mtn", CM, NOW + 10 * MINUTE) == found
    assert len(statistics) == 1


def test_memory_is_bounded_and_who_was_used_longest_ago_leaves() -> None:
    statistics = Statistics(most=3)
    # Which was used longest ago is known to the minute.
    for minute, destination in enumerate(("a", "b", "c", "a", "d")):
        statistics.accepted("mtn", destination, "acme", NOW + minute * MINUTE)
    assert [one for one in "abcd" if statistics.sums("mtn", one, NOW + 4 * MINUTE).accepted] == ["a", "c", "d"]


def test_a_clock_that_is_set_back_loses_samples_but_not_its_way() -> None:
    statistics = Statistics()
    feed(statistics, "mtn", 30, at=NOW)
    feed(statistics, "mtn", 30, at=NOW - 600 * MINUTE)
    assert statistics.sums("mtn", CM, NOW - 599 * MINUTE).accepted == 30


def test_only_accounts_that_report_conversions_are_expected_to() -> None:
    statistics = Statistics()
    statistics.converted("mtn", CM, "acme", NOW, NOW)
    feed(statistics, "mtn", 40, account="acme")
    feed(statistics, "mtn", 40, account="silent")
    assert statistics.sums("mtn", CM, NOW + 5 * MINUTE).hoped == 40


def test_an_operator_that_invents_receipts_loses_to_one_whose_recipients_act() -> None:
    statistics = Statistics()
    statistics.converted("honest", CM, "acme", NOW, NOW)
    for minute in range(10):
        at = NOW + minute * MINUTE
        feed(statistics, "honest", 50, delivered=0.8, failed=0.2, at=at)
        feed(statistics, "liar", 50, at=at, seconds=0.1)
        for _ in range(30):
            statistics.converted("honest", CM, "acme", at, at + 5_000)
    now = NOW + 12 * MINUTE
    honest, liar = scores([statistics.sums(name, CM, now) for name in ("honest", "liar")])
    assert honest > 0.8 > 0.6 > liar


@given(st.floats(0.01, 10_000))
def test_delays_fall_into_their_step(seconds: float) -> None:
    step = delay_step(seconds)
    assert delay_of(step) <= seconds * 1.000001
    assert seconds <= delay_of(step + 1) * 1.000001
    assert (step < 0) == (seconds < 0.5)


@pytest.mark.parametrize(
    ("network", "to", "name"),
    [
        (Network("624", "01"), "+237670000001", "624-01"),
        (Network("310", "410"), "+12025550123", "310-410"),
        (Network("624"), "+237670000001", "624-"),
        (Network(name="MTN"), "+237670000001", "+237"),
        (None, "+237670000001", "+237"),
        (None, "+12025550123", "+1"),
        (None, "+999", "+"),
    ],
)
def test_the_network_or_else_the_country(network: Network | None, to: str, name: str) -> None:
    assert destination_of(network, to) == name


# --- order and shares ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marks", "band", "order"),
    [
        ([0.8, 0.8, 0.8], 0.0, "abc"),
        ([0.7, 0.9, 0.8], 0.0, "bca"),
        ([0.86, 0.9, 0.8], 0.05, "abc"),
        ([0.84, 0.9, 0.86], 0.05, "bca"),
        ([0.1, 0.9, 0.1], 1.0, "abc"),
    ],
)
def test_cost_within_a_band_of_quality(marks: list[float], band: float, order: str) -> None:
    assert "".join(in_order("abc", marks, band)) == order


def follow(standing: Standing, marks: Callable[[int], list[float]], seconds: int, start: int = NOW) -> None:
    names = list("abc")
    for second in range(seconds):
        standing.follow(names, marks(second), names, 0.0, start + second * 1000)
        assert sum(standing.shares.values()) == pytest.approx(1.0)


def test_at_first_the_best_has_all_but_the_probes() -> None:
    standing = Standing()
    standing.follow(list("abc"), [0.5, 0.9, 0.7], list("abc"), 0.0, NOW)
    assert standing.shares == pytest.approx({"b": 0.98, "c": 0.01, "a": 0.01})


def test_shares_move_twenty_points_a_minute_at_most_and_come_all_the_way() -> None:
    standing = Standing()
    standing.follow(list("abc"), [0.9, 0.5, 0.5], list("abc"), 0.0, NOW)
    before = dict(standing.shares)
    for second in range(1, 400):
        standing.follow(list("abc"), [0.5, 0.9, 0.5], list("abc"), 0.0, NOW + second * 1000)
        assert max(abs(standing.shares[name] - before[name]) for name in "abc") <= 0.2 / 60 + 1e-9
        before = dict(standing.shares)
        if second == 60:
            assert standing.shares["a"] == pytest.approx(0.78, abs=0.01)
    assert standing.shares == pytest.approx({"b": 0.98, "c": 0.01, "a": 0.01})


def test_after_a_silence_nothing_jumps() -> None:
    standing = Standing()
    standing.follow(list("ab"), [0.9, 0.5], list("ab"), 0.0, NOW)
    standing.follow(list("ab"), [0.5, 0.9], list("ab"), 0.0, NOW + 3_600_000)
    assert standing.shares["a"] >= 0.98 - 0.05 - 1e-9


def test_who_cannot_take_any_gives_all_to_the_best_at_once_and_comes_back_slowly() -> None:
    standing, marks = Standing(), [0.9, 0.8, 0.5]
    standing.follow(list("abc"), marks, list("abc"), 0.0, NOW)
    standing.follow(list("abc"), marks, list("bc"), 0.0, NOW)
    assert standing.shares["b"] == pytest.approx(0.99)
    assert "a" not in standing.shares
    standing.follow(list("abc"), marks, list("abc"), 0.0, NOW + 1000)
    assert standing.shares["a"] == pytest.approx(0.2 / 60)
    standing.follow(list("abc"), marks, [], 0.0, NOW + 2000)
    assert standing.shares == {}


def test_it_is_worked_out_anew_once_a_second_or_when_others_are_usable() -> None:
    standing = Standing()
    assert standing.due(["a"], NOW)
    standing.follow(["a"], [0.9], ["a"], 0.0, NOW)
    assert [standing.due(["a"], NOW + later) for later in (0, 999, 1000, -1)] == [False, False, True, True]
    assert standing.due([], NOW)


marks_of_three = st.lists(st.floats(0, 1), min_size=3, max_size=3)


@given(
    st.lists(
        st.tuples(marks_of_three, st.sets(st.sampled_from("abc"), min_size=1), st.integers(0, 100_000)), min_size=1
    )
)
def test_shares_always_make_one_whole(steps: list[tuple[list[float], set[str], int]]) -> None:
    standing, now = Standing(), NOW
    for marks, usable, later in steps:
        now += later
        able = sorted(usable)
        standing.follow(list("abc"), marks, able, 0.1, now)
        assert sorted(standing.shares) == able
        assert sum(standing.shares.values()) == pytest.approx(1.0)
        assert all(share >= -1e-9 for share in standing.shares.values())
