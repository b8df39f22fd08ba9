"""Messages of all accounts, for the administrator."""

from collections.abc import Callable

from msgspec import UNSET
from msgspec.json import Encoder

from adapters.http.messages import canonical
from adapters.http.schema.messages import SearchAnswer, found, story
from adapters.http.schema.requests import SearchQuery
from adapters.web.incoming import Incoming
from adapters.web.reply import Reply
from router.engine.oversight import Oversight
from router.engine.timeline import timeline
from router.ports.store import MessageSearch
from router.ports.watching import WebhookView
from router.refusal import Refusal

_encode = Encoder().encode


class OversightCalls:
    """`webhook_of` says how far an account's webhook has come."""

    def __init__(self, oversight: Oversight, webhook_of: Callable[[str], WebhookView | None]) -> None:
        self._oversight = oversight
        self._webhook_of = webhook_of

    async def search(self, incoming: Incoming) -> Reply:
        """GET /v1/admin/messages"""
        query = incoming.query(SearchQuery)
        wanted = MessageSearch(
            id=query.id,
            account=query.account,
            to=query.to,
            reference=query.reference,
            state=None if query.state is UNSET else query.state,
            before=None if query.before is UNSET else query.before,
            limit=query.limit,
        )
        page = await self._oversight.search(wanted)
        return Reply(200, _encode(SearchAnswer([found(message) for message in page.messages], page.next)))

    async def one(self, incoming: Incoming) -> Reply:
        """GET /v1/admin/messages/{id}"""
        id = canonical(incoming.params["id"])
        message = None if id is None else await self._oversight.find(id)
        if message is None:
            raise Refusal("not_found", "there is no message with this id")
        events = await self._oversight.events_of(message)
        return Reply(200, _encode(story(message, timeline(message, events, self._webhook_of(message.account)))))
