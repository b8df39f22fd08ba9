"""What a configuration's rates and prices come to, number by number."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.account import Price, Token
from router.message import Network
from router.money import Money
from router.operator import Rate
from router.routing.plan import network_of
from tests.routing.values import account, operator, plan, rate

prefixes = st.text("12", max_size=4)
rates = st.lists(
    st.builds(rate, prefixes, st.sampled_from(("1", "2", "3")), start=st.sampled_from((0, 0, 10, 20))),
    max_size=12,
    unique_by=lambda one: (one.prefix, one.effective_from),
)


def in_force(rates: tuple[Rate, ...], number: str, at: int) -> Rate | None:
    """The written rule: of what is in force the longest prefix, of that the newest."""
    fitting = [one for one in rates if number.startswith(one.prefix) and one.effective_from <= at]
    return max(fitting, key=lambda one: (len(one.prefix), one.effective_from), default=None)


@given(st.lists(rates, min_size=1, max_size=4), st.text("123", max_size=6), st.sampled_from((0, 9, 10, 15, 20, 99)))
def test_every_operator_has_its_own_longest_match_in_force(cards: list[list[Rate]], number: str, at: int) -> None:
    operators = [operator(f"op{index}", *card) for index, card in enumerate(cards)]
    destination = plan(*operators).destination(number)
    found = {}
    for offer in destination.offers if destination else ():
        chosen = offer.rate_at(at)
        if chosen is not None:
            found[offer.operator] = chosen
    expected = {one.name: in_force(one.rates, number, at) for one in operators}
    assert found == {name: chosen for name, chosen in expected.items() if chosen is not None}


def test_an_announced_rate_leaves_the_shorter_prefix_in_force_until_its_day() -> None:
    card = operator("mtn", rate("237", "0.02"), rate("23767", "0.015", start=100))
    destination = plan(card).destination("237670000001")
    assert destination is not None
    (offer,) = destination.offers
    before, after = offer.rate_at(99), offer.rate_at(100)
    assert before is not None
    assert after is not None
    assert (before.price, before.prefix) == (Decimal("0.02"), "237")
    assert (after.price, after.prefix) == (Decimal("0.015"), "23767")


def test_what_is_announced_for_all_is_not_in_force_before() -> None:
    destination = plan(operator("mtn", rate("237", "0.02", start=100))).destination("237670000001")
    assert destination is not None
    assert destination.offers[0].rate_at(99) is None


def test_a_number_that_nobody_has_a_rate_for() -> None:
    assert plan(operator("mtn", rate("237", "0.02"))).destination("23670000001") is None
    assert plan().destination("237670000001") is None


@pytest.mark.parametrize(
    ("number", "network"),
    [
        ("237670000001", ("624", "01")),
        ("237690000001", ("624", "02")),
        ("237610000001", ("624", "00")),
        ("254700000001", None),
    ],
)
def test_the_network_of_the_longest_prefix_that_names_one(number: str, network: tuple[str, str] | None) -> None:
    built = plan(
        operator(
            "a", rate("", "1"), rate("237", "1", network=("624", "00")), rate("23767", "1", network=("624", "01"))
        ),
        operator("b", rate("2376", "1"), rate("23769", "1", network=("624", "02"))),
    )
    destination = built.destination(number)
    assert destination is not None
    assert destination.network == network


def test_networks_as_they_are_shown() -> None:
    assert network_of(None, None) is None
    assert network_of(None, "MTN") == Network(None, None, "MTN")
    assert network_of(("624", "01"), None) == Network("624", "01", None)
    assert network_of(("624", "01"), "MTN") == Network("624", "01", "MTN")


PRICES = (
    Price("", Decimal(9)),
    Price("237", Decimal(5)),
    Price("237", Decimal(4), traffic_class="marketing"),
    Price("237", Decimal(3), traffic_class="marketing", channel="whatsapp"),
    Price("237", Decimal(2), channel="voice"),
    Price("23767", Decimal(1), traffic_class="otp"),
)


@pytest.mark.parametrize(
    ("number", "traffic_class", "channel", "price"),
    [
        ("237690000001", "transactional", "sms", 5),
        ("237690000001", "otp", "sms", 5),
        ("237690000001", "marketing", "sms", 4),
        ("237690000001", "marketing", "whatsapp", 3),
        ("237690000001", "transactional", "voice", 2),
        ("237670000001", "otp", "sms", 1),
        ("237670000001", "otp", "voice", 1),
        ("237670000001", "marketing", "sms", 4),
        ("237670000001", "transactional", "sms", 5),
        ("254700000001", "marketing", "whatsapp", 9),
    ],
)
def test_prices_fall_back_to_shorter_prefixes(number: str, traffic_class: str, channel: str, price: int) -> None:
    built = plan(accounts=(account(prices=PRICES, currency="EUR"),))
    assert built.price("acme", number, traffic_class, channel) == Money(Decimal(price), "EUR")


def test_the_row_that_says_most_wins_wherever_it_stands() -> None:
    for prices in (PRICES, PRICES[::-1]):
        built = plan(accounts=(account(prices=prices),))
        assert built.price("acme", "23769", "marketing", "whatsapp") == Money(Decimal(3), "XAF")
        assert built.price("acme", "23769", "otp", "sms") == Money(Decimal(5), "XAF")


def test_no_price_for_whom_none_is_written() -> None:
    built = plan(accounts=(account(prices=(Price("237", Decimal(1), traffic_class="otp"),)), account("free")))
    assert built.price("acme", "237670000001", "marketing", "sms") is None
    assert built.price("acme", "25470000000", "otp", "sms") is None
    assert built.price("free", "237670000001", "otp", "sms") is None
    assert built.price("gone", "237670000001", "otp", "sms") is None


def test_amounts_in_the_base_currency_are_exact() -> None:
    built = plan()
    assert built.in_base(Decimal("0.03"), "EUR") == Decimal("19.67871")
    assert built.in_base(Decimal("0.03"), "XAF") == Decimal("0.03")


def test_accounts_are_found_by_their_token() -> None:
    one, other = account("one", token=Token(b"1")), account("other", token=Token(b"2"))
    built = plan(accounts=(one, other, account("without")))
    assert built.account_of(b"2") is other
    assert built.account_of(b"3") is None
