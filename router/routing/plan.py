"""The frozen snapshot that every decision is made from: built whole, swapped whole."""

from collections import defaultdict
from decimal import Decimal

from msgspec import Struct

from router.account import Account, Price
from router.message import Network
from router.money import Money
from router.operator import Operator, Rate
from router.routing.owners import Owners
from router.routing.prefixes import PrefixTable
from router.routing.senders import SenderRules
from router.settings import Plan, Rule, Settings


class Offer(Struct, frozen=True, gc=False):
    """What one operator asks for numbers of one prefix: its rates for the longest prefix, the newest first, then those
    for shorter ones, which stay in force until the first of these is."""

    operator: str
    rates: tuple[Rate, ...]

    def rate_at(self, at: int) -> Rate | None:
        """The rate in force at `at` (milliseconds since the epoch), None before the first."""
        for rate in self.rates:
            if rate.effective_from <= at:
                return rate
        return None


class Destination(Struct, frozen=True, gc=False):
    """All that is known of numbers of one prefix: every operator's longest match, and the network."""

    prefix: str
    offers: tuple[Offer, ...]
    network: tuple[str, str] | None


class RoutePlan:
    """Operators, rates, rules and accounts of one configuration. Nothing in it changes after it is built.

    `version` counts the plans of a running daemon from 1; `settings` is what it was built from.
    """

    def __init__(self, settings: Settings, version: int) -> None:
        self.version = version
        self.settings = settings
        self.operators: dict[str, Operator] = settings.operators
        self.accounts: dict[str, Account] = settings.accounts
        self.plans: dict[str, Plan] = settings.plans
        self.rules: tuple[Rule, ...] = settings.rules
        self.sender_rules = SenderRules(settings.sender_rules) if settings.sender_rules else None
        self.owners = Owners(settings.accounts.values())
        self._destinations = _destinations(settings.operators)
        self._prices = {account.name: _prices(account) for account in settings.accounts.values()}
        self._by_token = {
            account.token.sha256: account for account in settings.accounts.values() if account.token is not None
        }

    def destination(self, digits: str) -> Destination | None:
        """The longest prefix of `digits` that any operator has a rate for."""
        return self._destinations.longest(digits)

    def in_base(self, amount: Decimal, currency: str) -> Decimal:
        """`amount` in the base currency."""
        return amount * self.settings.currencies[currency]

    def price(self, account: str, digits: str, traffic_class: str, channel: str) -> Money | None:
        """What the account pays per part: the longest prefix that fits, there the row that says most; None for none."""
        table = self._prices.get(account)
        if table is None:
            return None
        for _, rows in table.matches(digits):
            for row in rows:
                if row.traffic_class in (None, traffic_class) and row.channel in (None, channel):
                    return Money(row.price, self.accounts[account].currency)
        return None

    def account_of(self, token_sha256: bytes) -> Account | None:
        return self._by_token.get(token_sha256)


def _destinations(operators: dict[str, Operator]) -> PrefixTable[Destination]:
    own: dict[str, dict[str, list[Rate]]] = defaultdict(lambda: defaultdict(list))
    for operator in operators.values():
        for rate in operator.rates:
            own[rate.prefix][operator.name].append(rate)
    # Shorter prefixes first, so that each one can start from what its parent already offers.
    merged: dict[str, Destination] = {}
    lengths: list[int] = []
    for prefix in sorted(own, key=len):
        if not lengths or lengths[-1] != len(prefix):
            lengths.append(len(prefix))
        parent = next(
            (
                merged[prefix[:length]]
                for length in reversed(lengths)
                if length < len(prefix) and prefix[:length] in merged
            ),
            None,
        )
        offers = {offer.operator: offer for offer in parent.offers} if parent else {}
        network = parent.network if parent else None
        for name, rates in own[prefix].items():
            rates.sort(key=lambda rate: -rate.effective_from)
            shorter = offers[name].rates if name in offers and rates[-1].effective_from > 0 else ()
            offers[name] = Offer(name, (*rates, *shorter))
            network = next((rate.network for rate in rates if rate.network), network)
        merged[prefix] = Destination(prefix, tuple(offers.values()), network)
    return PrefixTable(merged.items())


def _prices(account: Account) -> PrefixTable[list[Price]]:
    rows: dict[str, list[Price]] = defaultdict(list)
    for price in account.prices:
        rows[price.prefix].append(price)
    for prefix_rows in rows.values():
        prefix_rows.sort(key=lambda row: (row.traffic_class is None) + (row.channel is None))
    return PrefixTable(rows.items())


def network_of(codes: tuple[str, str] | None, name: str | None) -> Network | None:
    """The network as it is shown: codes from the rate cards, name from the numbering plan; None where nothing is."""
    if codes is not None:
        return Network(codes[0], codes[1], name)
    return Network(None, None, name) if name else None
