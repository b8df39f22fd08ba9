"""The API key that an account makes for itself, one at a time."""

from adapters.gateways.domain.answers import seconds_utc
from adapters.gateways.domain.issued import IssuedKeys
from adapters.gateways.operation import Asked
from adapters.gateways.smsapi import shapes
from adapters.gateways.smsapi.errors import JSON, encode
from adapters.web.reply import Reply
from router.gateway.records import IssuedKey

_LONGEST = 365


class KeyCalls:
    def __init__(self, issued: IssuedKeys) -> None:
        self._issued = issued

    async def generate(self, asked: Asked) -> Reply:
        """SA-20."""
        secret, key = await self._issued.generate(asked.caller.account.name, _days(asked))
        return _told(secret, key, "generated")

    async def regenerate(self, asked: Asked) -> Reply:
        """SA-22."""
        secret, key = await self._issued.regenerate(asked.caller.account.name, _days(asked))
        return _told(secret, key, "regenerated")

    async def revoke(self, asked: Asked) -> Reply:
        """SA-21."""
        await self._issued.revoke(asked.caller.account.name)
        return Reply(200, encode(shapes.Done(True, "API key revoked successfully")), JSON)


def _days(asked: Asked) -> int | None:
    """SA-26."""
    days: int | None = asked.read.whole("expiry_days", 1, _LONGEST)
    return days


def _told(secret: str, key: IssuedKey, what: str) -> Reply:
    data = shapes.KeyData(secret, seconds_utc(key.expires) if key.expires is not None else None)
    return Reply(200, encode(shapes.KeyAnswer(True, f"API key {what} successfully", data)), JSON)
