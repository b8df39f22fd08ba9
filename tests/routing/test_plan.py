"""What a configuration's prices and currencies come to."""

from decimal import Decimal

import pytest

from router.account import Price, Token
from router.message import Network
from router.money import Money
from router.routing.plan import network_of
from router.settings import ExchangeRate
from tests.routing.values import account, plan


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
    assert built.in_base(Decimal("0.03"), "EUR", 0) == Decimal("19.67871")
    assert built.in_base(Decimal("0.03"), "XAF", 0) == Decimal("0.03")


def test_an_exchange_rate_takes_over_at_its_time() -> None:
    later = (
        ExchangeRate("EUR", Decimal(700), 200),
        ExchangeRate("EUR", Decimal(660), 100),
        ExchangeRate("USD", Decimal(500), 200),
    )
    built = plan(exchange_rates=later)
    worths = {at: built.exchange.at(at) for at in (0, 99, 100, 199, 200, 10**15)}
    assert [str(one.rates["EUR"]) for one in worths.values()] == ["655.957", "655.957", "660", "660", "700", "700"]
    assert [int(one.rates["USD"]) for one in worths.values()] == [600, 600, 600, 600, 500, 500]
    assert [one.until for one in worths.values()] == [100, 100, 200, 200, None, None]
    assert built.in_base(Decimal(2), "EUR", 150) == 1320
    cost, base = worths[100].costs[Decimal("0.10"), "EUR"]
    assert (str(cost), str(base)) == ("0.10 EUR", "66.00 XAF")


def test_accounts_are_found_by_their_token() -> None:
    one, other = account("one", token=Token(b"1")), account("other", token=Token(b"2"))
    built = plan(accounts=(one, other, account("without")))
    assert built.account_of(b"2") is other
    assert built.account_of(b"3") is None
