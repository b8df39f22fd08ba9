"""The frozen snapshot that every decision is made from: built whole, swapped whole."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from router.account import Account
from router.message import Network
from router.money import Money
from router.operator import Operator
from router.routing.exchange import Exchange
from router.routing.networks import names_by_code
from router.routing.owners import Owners
from router.routing.prefixes import PrefixTable
from router.routing.quiet_hours import QuietTimes
from router.routing.rates import RateTable
from router.routing.senders import SenderRules
from router.settings import Choice, Plan, Rule, Settings


class RoutePlan:
    """Operators, rates, rules and accounts of one configuration. Nothing in it changes after it is built.

    `version` counts the plans of a daemon from 1, over its restarts; `settings` is what it was built from.
    """

    def __init__(self, settings: Settings, version: int) -> None:
        self.version = version
        self.settings = settings
        self.operators: dict[str, Operator] = settings.operators
        self.accounts: dict[str, Account] = settings.accounts
        self.plans: dict[str, Plan] = settings.plans
        self.rules: tuple[Rule, ...] = settings.rules
        self.quiet = QuietTimes(settings.quiet_hours) if settings.quiet_hours else None
        self.sender_rules = SenderRules(settings.sender_rules) if settings.sender_rules else None
        self.owners = Owners(settings.accounts.values())
        self.rates = RateTable(settings.operators.values())
        self.network_names = names_by_code(settings.operators.values()) if settings.lookup is not None else {}
        self.exchange = Exchange(settings.base_currency, settings.currencies, settings.exchange_rates)
        self._choices = {
            (plan.name, channel): _choices(plan, channel, settings.operators)
            for plan in settings.plans.values()
            for channel in {operator.channel for operator in settings.operators.values()}
        }
        self._prices: dict[tuple[str, str, str], PrefixTable[Money] | None] = {}
        self._by_token = {
            account.token.sha256: account for account in settings.accounts.values() if account.token is not None
        }

    def choices(self, plan: str, channel: str) -> Mapping[str, Choice]:
        """The operators of a channel that a plan may use."""
        return self._choices.get((plan, channel), {})

    def in_base(self, amount: Decimal, currency: str, at: int) -> Decimal:
        """`amount` in the base currency, by the exchange rate of that time (milliseconds since the epoch)."""
        return amount * self.exchange.at(at).rates[currency]

    def price(self, account: str, digits: str, traffic_class: str, channel: str) -> Money | None:
        """What the account pays per part: the longest prefix that fits, there the row that says most; None for none."""
        table = self.prices(account, traffic_class, channel)
        return None if table is None else table.longest(digits)

    def prices(self, account: str, traffic_class: str, channel: str) -> PrefixTable[Money] | None:
        """What the account pays per part for a class and a channel, by prefix; None where there is none."""
        key = (account, traffic_class, channel)
        if key not in self._prices:
            found = self.accounts.get(account)
            table = None if found is None else _prices(found, traffic_class, channel)
            self._prices[key] = table
        return self._prices[key]

    def account_of(self, token_sha256: bytes) -> Account | None:
        return self._by_token.get(token_sha256)


def _choices(plan: Plan, channel: str, operators: dict[str, Operator]) -> dict[str, Choice]:
    choices = plan.operators if plan.operators is not None else map(Choice, operators)
    return {
        choice.operator: choice
        for choice in choices
        if choice.operator in operators and operators[choice.operator].channel == channel
    }


def _prices(account: Account, traffic_class: str, channel: str) -> PrefixTable[Money] | None:
    fitting = [
        row
        for row in reversed(account.prices)
        if row.traffic_class in (None, traffic_class) and row.channel in (None, channel)
    ]
    # The row that says most comes last, and stays; of two that say as much the first one in the file.
    fitting.sort(key=lambda row: (row.traffic_class is not None) + (row.channel is not None))
    return PrefixTable((row.prefix, Money(row.price, account.currency)) for row in fitting) if fitting else None


@lru_cache(maxsize=4096)
# Most messages have one of few.
@lru_cache(maxsize=4096)
def network_of(codes: tuple[str, str] | None, name: str | None) -> Network | None:
    """The network as it is shown: codes from the rate cards, name from the numbering plan; None where nothing is."""
    if codes is not None:
        return Network(codes[0], codes[1], name)
    return Network(None, None, name) if name else None
