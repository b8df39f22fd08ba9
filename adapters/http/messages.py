"""Looking messages up and cancelling them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, ValidationError, convert
from msgspec.json import Decoder, Encoder

from adapters.http.schema.messages import MessageList, detail, view, views
from adapters.http.schema.requests import ConversionRequest, ListQuery
from adapters.web.incoming import Incoming, decode
from adapters.web.reply import Reply
from router.engine.messages import Messages
from router.ports.store import MessageFilter
from router.refusal import Refusal

_encode = Encoder().encode
_conversion_request = Decoder(ConversionRequest)
Time = Annotated[datetime, Meta(tz=True)]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class MessageCalls:
    def __init__(self, messages: Messages, max_body: int) -> None:
        self._messages = messages
        self._max_body = max_body

    async def one(self, incoming: Incoming) -> Reply:
        """GET /v1/messages/{id}"""
        message = await self._messages.find(incoming.account.name, _message_id(incoming))
        if message is None:
            raise _unknown()
        return Reply(200, _encode(detail(message)))

    async def list(self, incoming: Incoming) -> Reply:
        """GET /v1/messages"""
        query = incoming.query(ListQuery)
        cursor = None if query.cursor is None else canonical(query.cursor)
        if query.cursor is not None and cursor is None:
            raise Refusal("invalid_request", "this cursor is not one we gave", "cursor")
        wanted = MessageFilter(
            account=incoming.account.name,
            state=None if query.state is UNSET else query.state,
            to=query.to,
            sender=query.sender,
            reference=query.reference,
            # Both bounds are exclusive, of times that are kept in whole milliseconds.
            after=None if query.after is UNSET else (_time("after", query.after) - _EPOCH) // _MILLISECOND,
            before=None if query.before is UNSET else -((_EPOCH - _time("before", query.before)) // _MILLISECOND),
            cursor=cursor,
            limit=query.limit + 1,  # one more than shown tells whether there is a next page
        )
        found = await self._messages.list(wanted)
        shown = found[: query.limit]
        following = shown[-1].id if len(found) > len(shown) else None
        return Reply(200, _encode(MessageList(views(shown), following)))

    async def cancel(self, incoming: Incoming) -> Reply:
        """DELETE /v1/messages/{id}"""
        message = await self._messages.cancel(incoming.account.name, _message_id(incoming))
        return Reply(200, _encode(view(message)))

    async def convert(self, incoming: Incoming) -> Reply:
        """POST /v1/messages/{id}/conversion"""
        id = _message_id(incoming)
        reported = decode(_conversion_request, await incoming.body(self._max_body))
        at = None if reported.at is None else (reported.at - _EPOCH) // _MILLISECOND
        return Reply(200, _encode(detail(await self._messages.convert(incoming.account.name, id, at))))


def _time(name: str, text: str) -> datetime:
    try:
        return convert(text, Time)
    except ValidationError as error:
        raise Refusal("invalid_request", str(error).lower(), name) from None


def _message_id(incoming: Incoming) -> str:
    id = canonical(incoming.params["id"])
    if id is None:
        raise _unknown()
    return id


def canonical(id: str) -> str | None:
    """The id as we write it; None for what is no UUID in the usual form."""
    try:
        written = str(UUID(id))
    except ValueError:
        return None
    return written if written == id.lower() else None


def _unknown() -> Refusal:
    return Refusal("not_found", "this account has no message with this id")
