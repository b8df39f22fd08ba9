"""What the administrator asks about accounts, and does with their numbers."""

from collections.abc import Callable, Iterable

from msgspec import UNSET
from msgspec.json import Decoder, Encoder

from adapters.http.schema.answers import AccountList, AccountView
from adapters.http.schema.requests import NumberRequest, OptedOutQuery
from adapters.web.incoming import Incoming, decode
from adapters.web.reply import Reply
from router.account import Account
from router.engine.opt_outs import OptOuts

_encode = Encoder().encode
_request = Decoder(NumberRequest)


class AccountCalls:
    """`max_body` is in octets."""

    def __init__(self, accounts: Callable[[], Iterable[Account]], opt_outs: OptOuts, max_body: int) -> None:
        self._accounts = accounts
        self._opt_outs = opt_outs
        self._max_body = max_body

    async def list(self, incoming: Incoming) -> Reply:
        """GET /v1/accounts"""
        views = [
            AccountView(one.name, one.status, one.plan, one.currency, one.wallet, one.webhook is not None)
            for one in self._accounts()
        ]
        return Reply(200, _encode(AccountList(views)))

    async def opted_out(self, incoming: Incoming) -> Reply:
        """GET /v1/accounts/{name}/opt-outs"""
        wanted = incoming.query(OptedOutQuery)
        after = None if wanted.after is UNSET else wanted.after
        return Reply(200, _encode(self._opt_outs.page(incoming.params["name"], after, wanted.limit)))

    async def unsubscribe(self, incoming: Incoming) -> Reply:
        """POST /v1/accounts/{name}/unsubscribe"""
        wanted = decode(_request, await incoming.body(self._max_body))
        return Reply(200, _encode(await self._opt_outs.unsubscribe(incoming.params["name"], wanted.number)))

    async def subscribe(self, incoming: Incoming) -> Reply:
        """POST /v1/accounts/{name}/subscribe"""
        wanted = decode(_request, await incoming.body(self._max_body))
        return Reply(200, _encode(await self._opt_outs.subscribe(incoming.params["name"], wanted.number)))
