"""Texify's balance: credits are whole units of the wallet."""

from decimal import Decimal

from msgspec.json import Encoder

from adapters.gateways.domain.answers import JSON
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.texify import shapes
from adapters.web.reply import Reply
from router.money import NANO

_encode = Encoder().encode


class BalanceCalls:
    def __init__(self, services: Services) -> None:
        self._wallets = services.wallets

    async def show(self, asked: Asked) -> Reply:
        """TX-18."""
        account = asked.caller.account
        settings = account.gateways["texify"]
        top_up = settings.get("auto_top_up", {})
        balance = self._wallets.balance(account.name)
        data = shapes.BalanceData(
            balance // NANO if balance >= 0 else -(-balance // NANO),
            settings.get("low_balance", 0),
            shapes.AutoTopUp(top_up.get("enabled", False), top_up.get("threshold", 0), top_up.get("amount", 0)),
            [
                shapes.Tier(tier["id"], tier["name"], tier["credits"], _number(tier["price"]))
                for tier in settings.get("tiers", ())
            ],
        )
        return Reply(200, _encode(shapes.BalanceAnswer("success", data)), JSON)


def _number(amount: Decimal) -> int | float:
    return int(amount) if amount == int(amount) else float(amount)
