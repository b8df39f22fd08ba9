"""Sending events to a webhook again."""

from collections.abc import Callable

from msgspec.json import Decoder, Encoder

from adapters.http.schema.answers import Replay
from adapters.http.schema.requests import ReplayRequest
from adapters.web.incoming import Incoming, decode
from adapters.web.reply import Reply

_MOST = 1024
_encode = Encoder().encode
_request = Decoder(ReplayRequest)


class ReplayCalls:
    """`replay` takes an account and the event to begin after; it gives where it begins and how many events that are."""

    def __init__(self, replay: Callable[[str, int | None], tuple[int, int]]) -> None:
        self._replay = replay

    async def own(self, incoming: Incoming) -> Reply:
        """POST /v1/events/replay"""
        return await self._answer(incoming, incoming.account.name)

    async def of_account(self, incoming: Incoming) -> Reply:
        """POST /v1/accounts/{name}/replay"""
        return await self._answer(incoming, incoming.params["name"])

    async def _answer(self, incoming: Incoming, account: str) -> Reply:
        wanted = decode(_request, await incoming.body(_MOST))
        return Reply(200, _encode(Replay(account, *self._replay(account, wanted.after))))
