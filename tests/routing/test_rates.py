"""Which rate of each operator counts: tables of the written rule, and a reference that looks at every rate."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from router.operator import Operator, Rate
from router.routing.rates import NetworkCode, RateTable
from router.routing.route import RouteQuery, rank
from router.routing.terms import Ranker
from router.settings import Choice, ExchangeRate, Plan
from tests.routing.values import CURRENCIES, operator, plan, rate, remembered

MTN, ORANGE, NEXT, OLD = ("624", "01"), ("624", "02"), ("624", "05"), ("624", "1")
NUMBER = "237670000001"


def said(table: RateTable, number: str = NUMBER, network: NetworkCode | None = None, at: int = 0) -> dict[str, str]:
    rates = table.tariff(number, network, at, CURRENCIES).rates
    return {name: str(one.price) for name, one in rates.items()}


# --- one operator, by prefixes alone -------------------------------------------------------------------------

MANY = (
    rate("", "9"),
    rate("237", "8"),
    rate("2376", "7", start=100),
    rate("23767", "6", end=50),
    rate("237670", "5", start=150, end=250),
    rate("237670", "4", start=200, end=220),
)


@pytest.mark.parametrize(
    ("at", "price", "until"),
    [
        (0, "6", 50),
        (49, "6", 50),
        (50, "8", 100),
        (99, "8", 100),
        (100, "7", 150),
        (150, "5", 200),
        (199, "5", 200),
        (200, "4", 220),
        (219, "4", 220),
        (220, "5", 250),
        (249, "5", 250),
        (250, "7", None),
    ],
)
def test_rates_come_and_go_at_their_time(at: int, price: str, until: int | None) -> None:
    built = RateTable([operator("a", *MANY)])
    tariff = built.tariff(NUMBER, None, at, CURRENCIES)
    assert str(tariff.rates["a"].price) == price
    assert (tariff.until or 10**9) <= (until or 10**9), "it may look again sooner, never later"
    assert until is None or (tariff.until or 0) > at
    assert said(RateTable([operator("a", *MANY[::-1])]), at=at) == {"a": price}, "the order of a card says nothing"


def test_nothing_before_the_first_and_nothing_after_the_last() -> None:
    table = RateTable([operator("a", rate("237", "1", start=100, end=200))])
    assert [bool(said(table, at=at)) for at in (0, 99, 100, 199, 200)] == [False, False, True, True, False]
    assert table.tariff(NUMBER, None, 0, CURRENCIES).until == 100
    assert table.tariff(NUMBER, None, 200, CURRENCIES).until is None


def test_a_number_that_nobody_has_a_rate_for() -> None:
    table = RateTable([operator("a", rate("237", "1"))])
    assert (table.longest("236700000"), table.longest(NUMBER)) == (None, "237")
    assert said(table, "236700000") == {}
    assert RateTable([]).longest(NUMBER) is None


@pytest.mark.parametrize(
    ("number", "network"),
    [
        ("237670000001", MTN),
        ("237690000001", ORANGE),
        ("237610000001", ("624", "00")),
        ("254700000001", None),
    ],
)
def test_the_network_of_the_longest_prefix_that_names_one(number: str, network: NetworkCode | None) -> None:
    table = RateTable(
        [
            operator("a", rate("", "1"), rate("237", "1", network=("624", "00")), rate("23767", "1", network=MTN)),
            operator("b", rate("2376", "1"), rate("23769", "1", network=ORANGE)),
        ]
    )
    assert table.tariff(number, None, 0, CURRENCIES).network == network


def test_of_two_that_name_networks_for_one_prefix_the_first_operator_and_the_newest_rate_do() -> None:
    one, other = operator("a", rate("237", "1", network=MTN)), operator("b", rate("237", "1", network=ORANGE))
    assert RateTable([one, other]).tariff(NUMBER, None, 0, CURRENCIES).network == MTN
    assert RateTable([other, one]).tariff(NUMBER, None, 0, CURRENCIES).network == ORANGE
    both = operator("c", rate("237", "1", network=MTN), rate("237", "1", network=ORANGE, start=5))
    assert RateTable([both]).tariff(NUMBER, None, 0, CURRENCIES).network == ORANGE


# --- one operator, by its network ----------------------------------------------------------------------------

NAMES = operator("names", rate("23767", "0", network=MTN))  # tells everybody whose 23767 is


@pytest.mark.parametrize(
    ("card", "inferred", "of_mtn", "of_orange", "of_next"),
    [
        # What the card says; the price where nobody looked, and where a lookup says MTN, Orange, a network of no card.
        ((rate("", "1", network=MTN),), "1", "1", None, None),
        ((rate("", "1", network=OLD),), None, None, None, None),
        ((rate("237", "2"),), "2", "2", "2", "2"),
        ((rate("237", "2"), rate("", "1", network=MTN)), "1", "1", "2", "2"),
        ((rate("237", "2"), rate("", "1", network=ORANGE)), "2", "2", "1", "2"),
        ((rate("23767", "3", network=MTN),), "3", "3", "3", "3"),
        ((rate("23767", "3", network=MTN), rate("", "1", network=MTN)), "3", "1", "3", "3"),
        ((rate("23767", "3", network=MTN), rate("", "1", network=ORANGE)), "3", "3", "1", "3"),
        ((rate("23767", "3", network=MTN), rate("23769", "4", network=ORANGE)), "3", "3", "4", "3"),
        (
            (rate("237", "2"), rate("23767", "3", network=MTN), rate("23769", "4", network=ORANGE)),
            "3", "3", "4", "2",
        ),
        (
            (rate("23767", "3", network=MTN), rate("23769", "4", network=ORANGE), rate("237655", "5", network=ORANGE)),
            "3", "3", "5", "3",
        ),
        (
            (rate("23767", "3", network=MTN), rate("2376700", "6"), rate("", "1", network=MTN)),
            "6", "1", "6", "6",
        ),
        ((rate("2376700", "6"), rate("", "1", network=MTN)), "1", "1", "6", "6"),
        (
            (rate("2376", "7", network=ORANGE), rate("23767", "3", network=MTN), rate("23769", "4", network=ORANGE)),
            "3", "3", "7", "3",
        ),
        ((rate("23767", "3", "EUR", network=MTN), rate("23769", "4", network=ORANGE),
          rate("237655", "0.007", "USD", network=ORANGE)), "3", "3", "0.007", "3"),
    ],
)  # fmt: skip
def test_the_rule(
    card: tuple[Rate, ...], inferred: str | None, of_mtn: str | None, of_orange: str | None, of_next: str | None
) -> None:
    for table in (RateTable([NAMES, operator("a", *card)]), RateTable([operator("a", *card[::-1]), NAMES])):
        assert said(table).get("a") == inferred
        assert said(table, network=MTN).get("a") == of_mtn
        assert said(table, network=ORANGE).get("a") == of_orange
        assert said(table, network=NEXT).get("a") == of_next


def test_a_ported_number_is_priced_by_its_new_network_from_the_day_it_has_a_price() -> None:
    table = RateTable(
        [operator("a", rate("23767", "3", network=MTN), rate("", "1", network=ORANGE, start=100, end=200))]
    )
    assert [said(table, network=ORANGE, at=at)["a"] for at in (99, 100, 199, 200)] == ["3", "1", "1", "3"]
    assert [table.tariff(NUMBER, ORANGE, at, CURRENCIES).until for at in (0, 100, 200)] == [100, 200, None]


def test_what_its_prefixes_cost_is_what_they_cost_at_that_time() -> None:
    table = RateTable(
        [
            operator(
                "a",
                rate("23767", "1", network=MTN),
                rate("23769", "9", network=ORANGE),
                rate("23769", "5", network=ORANGE, start=100, end=200),
                rate("23765", "6", network=ORANGE, start=150, end=160),
                rate("23769", "2", start=300),  # names nobody any more
            )
        ]
    )
    prices = {at: said(table, network=ORANGE, at=at)["a"] for at in (0, 100, 150, 160, 200, 300)}
    assert prices == {0: "9", 100: "5", 150: "6", 160: "5", 200: "9", 300: "1"}


def test_a_network_is_its_codes_as_text() -> None:
    table = RateTable([operator("a", rate("", "1", network=("310", "010")), rate("", "2", network=("310", "10")))])
    assert said(table, network=("310", "010")) == {"a": "1"}
    assert said(table, network=("310", "10")) == {"a": "2"}
    assert said(table, network=("310", "1")) == {}


def test_a_candidate_shows_the_network_whose_rate_it_has() -> None:
    built = plan(operator("a", rate("", "1", network=ORANGE)), operator("b", rate("", "2")))
    shown = [(one.operator, one.prefix, one.network) for one in rank(built, None, query(network=ORANGE)).candidates]
    assert [one[:2] for one in shown] == [("a", ""), ("b", "")]
    assert shown[0][2] == "62402"
    assert not isinstance(shown[1][2], str)
    assert rank(built, None, query(network=ORANGE)).network == ORANGE


# --- walking back --------------------------------------------------------------------------------------------


def query(at: int = 0, **fields: object) -> RouteQuery:
    return RouteQuery(f"+{NUMBER}", at, **fields)  # type: ignore[arg-type]


def test_those_with_a_shorter_prefix_stand_behind_those_with_a_longer_one() -> None:
    """So when nobody of the longest prefix is usable, the next shorter one has its turn."""
    built = plan(
        operator("network", rate("237670", "1")),
        operator("country", rate("237", "2")),
        operator("world", rate("", "3"), rate("2376", "2.5", end=100)),
        operator("elsewhere", rate("254", "0")),
    )
    chosen = [(one.operator, one.prefix) for one in rank(built, None, query()).candidates]
    assert chosen == [("network", "237670"), ("country", "237"), ("world", "2376")]
    assert [one.prefix for one in rank(built, None, query(at=100)).candidates] == ["237670", "237", ""]


# --- against a reference -------------------------------------------------------------------------------------

NETWORKS = (("1", "01"), ("1", "1"), ("2", "01"))
ends = st.none() | st.sampled_from((5, 10, 15, 30))
rates = st.builds(
    rate,
    st.text("12", max_size=3),
    st.sampled_from(("1", "2", "3", "1.0", "4")),
    st.sampled_from(("XAF", "EUR")),
    st.sampled_from((0, 0, 0, 5, 10, 20)),
    st.none() | st.sampled_from(NETWORKS),
    ends,
).filter(lambda one: one.effective_to is None or one.effective_to > one.effective_from)
cards = st.lists(
    st.lists(
        rates,
        max_size=9,
        unique_by=lambda one: (one.prefix or one.network, one.effective_from),
    ),
    min_size=1,
    max_size=4,
)
moments = st.sampled_from((0, 4, 5, 9, 10, 14, 15, 19, 20, 29, 30, 99))
DAY = 10
EUR = {False: Decimal("655.957"), True: Decimal(2)}


def reference(operators: list[Operator], number: str, network: NetworkCode | None, at: int) -> dict[str, Rate]:
    """The rule as it is written, one rate at a time."""

    def worth(one: Rate) -> Decimal:
        return one.price * (EUR[at >= DAY] if one.currency == "EUR" else 1)

    def reigns(one: Rate, among: tuple[Rate, ...]) -> bool:
        same = [
            other
            for other in among
            if (other.prefix, other.by_network and other.network) == (one.prefix, one.by_network and one.network)
        ]
        return one is max((other for other in same if other.in_force(at)), key=lambda o: o.effective_from, default=None)

    inferred = None
    for length in range(len(number), -1, -1):
        for each in operators:
            here = [one for one in each.rates if one.prefix == number[:length] and not one.by_network and one.network]
            inferred = inferred or next((o.network for o in sorted(here, key=lambda o: -o.effective_from)), None)
    found = {}
    for each in operators:
        # What each prefix, and each network, costs now.
        now = [one for one in each.rates if reigns(one, each.rates)]
        of = network or inferred
        by_network = next((one for one in now if one.by_network and one.network == of), None)

        def longest(those: list[Rate]) -> Rate | None:
            fitting = [one for one in those if not one.by_network and number.startswith(one.prefix)]
            return max(fitting, key=lambda one: (len(one.prefix), one.effective_from), default=None)

        if network is None:
            names = longest([one for one in now if one.network]) is not None
            chosen = longest(now) if names or by_network is None else by_network
        else:
            elsewhere = [one for one in now if one.network == network and not one.by_network]
            chosen = (
                by_network
                or longest([one for one in now if one.network == network])
                or max(elsewhere, key=worth, default=None)
                or longest([one for one in now if one.network is None])
                or longest(now)
            )
        if chosen is not None:
            found[each.name] = chosen
    return found


@pytest.mark.deep
@hypothesis_settings(max_examples=300, deadline=None)
@given(
    cards, st.lists(st.tuples(st.text("123", max_size=4), st.none() | st.sampled_from(NETWORKS), moments), max_size=12)
)
def test_against_looking_at_every_rate(of: list[list[Rate]], asked: list[tuple[str, NetworkCode | None, int]]) -> None:
    operators = [operator(f"op{index}", *card) for index, card in enumerate(of)]
    built = plan(*operators, exchange_rates=(ExchangeRate("EUR", EUR[True], DAY),))
    for number, network, at in asked:
        worth = built.exchange.at(at).rates
        tariff = built.rates.tariff(number, network, at, worth)
        expected = reference(operators, number, network, at)
        assert set(tariff.rates) == set(expected)
        for name, one in tariff.rates.items():
            other = expected[name]
            if one != other:
                # Equally dear ones of other prefixes may stand for each other.
                assert network is not None
                assert one.network == other.network == network
                assert one.price * worth[one.currency] == other.price * worth[other.currency]


@pytest.mark.deep
@hypothesis_settings(max_examples=200, deadline=None)
@given(
    cards, st.lists(st.tuples(st.text("123", min_size=1, max_size=4), st.none() | st.sampled_from(NETWORKS), moments))
)
def test_what_is_remembered_is_right_at_every_time(
    of: list[list[Rate]], asked: list[tuple[str, NetworkCode | None, int]]
) -> None:
    """A ranking that is asked for again and again, until the end of time and in its order."""
    built = plan(
        *(operator(f"op{index}", *card) for index, card in enumerate(of)),
        plans={"default": Plan("default", operators=tuple(Choice(f"op{index}") for index in range(len(of))))},
        exchange_rates=(ExchangeRate("EUR", EUR[True], DAY),),
    )
    ranker = Ranker(built)
    for number, network, at in sorted(asked, key=lambda one: one[2]):
        one = RouteQuery(f"+{number}", at, network=network)
        try:
            fresh = rank(built, None, one)
        except Exception as refused:
            with pytest.raises(type(refused), match="no operator"):
                remembered(ranker, one)
            continue
        known = remembered(ranker, one)
        assert (known.candidates, known.network, known.worth) == (fresh.candidates, fresh.network, fresh.worth)
