"""Who an account is to TextioPro, and what it has."""

from hashlib import blake2b

from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.textiopro.access import NAME
from adapters.gateways.textiopro.answers import success
from adapters.gateways.textiopro.shapes import BalanceView, Profile
from adapters.gateways.textiopro.words import microseconds
from adapters.web.reply import Reply
from router.money import from_nano


class ProfileCalls:
    def __init__(self, services: Services) -> None:
        self._wallets = services.wallets
        self._clock = services.clock

    async def balance(self, asked: Asked) -> Reply:
        """TP-41."""
        units = from_nano(self._wallets.balance(asked.caller.account.name))
        number = int(units) if units == int(units) else float(units)
        written = f"{units.normalize():f}"
        return success(BalanceView(number, "sms", written, written, None))

    async def me(self, asked: Asked) -> Reply:
        """TP-42. An account is known by its name here, so its numbers are made of that."""
        account = asked.caller.account
        profile = account.gateways[NAME].get("profile", {})
        digest = blake2b(account.name.encode(), digest_size=8).digest()
        return success(
            Profile(
                int.from_bytes(digest[:4], "big") >> 1,
                digest.hex()[:13],
                profile.get("first_name", account.name),
                profile.get("last_name", ""),
                profile.get("email", ""),
                "en",
                account.time_zone,
                microseconds(self._clock.now()),
            )
        )
