"""What the administrator does with an account's numbers."""

from msgspec.json import Decoder, Encoder

from adapters.http.incoming import Incoming, decode
from adapters.http.reply import Reply
from adapters.http.schema import NumberRequest
from router.engine.opt_outs import OptOuts

_encode = Encoder().encode
_request = Decoder(NumberRequest)


class AccountCalls:
    """`max_body` is in octets."""

    def __init__(self, opt_outs: OptOuts, max_body: int) -> None:
        self._opt_outs = opt_outs
        self._max_body = max_body

    async def unsubscribe(self, incoming: Incoming) -> Reply:
        """POST /v1/accounts/{name}/unsubscribe"""
        wanted = decode(_request, await incoming.json_body(self._max_body))
        return Reply(200, _encode(await self._opt_outs.unsubscribe(incoming.params["name"], wanted.number)))

    async def subscribe(self, incoming: Incoming) -> Reply:
        """POST /v1/accounts/{name}/subscribe"""
        wanted = decode(_request, await incoming.json_body(self._max_body))
        return Reply(200, _encode(await self._opt_outs.subscribe(incoming.params["name"], wanted.number)))
