"""What TextioPro shows of messages, sent and received."""

from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.textiopro.answers import success
from adapters.gateways.textiopro.pages import PER_PAGE, Wanted
from adapters.gateways.textiopro.shapes import MessageView
from adapters.gateways.textiopro.views import received, sent
from adapters.gateways.textiopro.words import message_no
from adapters.web.reply import Reply
from router.gateway.records import InboundMessage
from router.message import Message
from router.refusal import Refusal


class MessageCalls:
    def __init__(self, services: Services) -> None:
        self._book = services.book
        self._current = services.current

    async def one(self, asked: Asked) -> Reply:
        """TP-38."""
        account = asked.caller.account
        named = message_no(asked.params["uid"])
        found: Message | InboundMessage | None = None
        if named is not None:
            no, was_received = named
            book = self._book
            found = await (book.inbound.find if was_received else book.history.sent)(account.name, no)
        if found is None:
            raise Refusal("not_found", "Message not found")
        return success(self._view(found, account.time_zone))

    async def page(self, asked: Asked) -> Reply:
        """TP-39."""
        account = asked.caller.account
        wanted = Wanted(asked)
        messages, total = await self._book.history.page(account.name, wanted.offset, PER_PAGE)
        return success(wanted.cut([self._view(one, account.time_zone) for one in messages], total))

    def _view(self, message: Message | InboundMessage, time_zone: str) -> MessageView:
        return received(message) if isinstance(message, InboundMessage) else sent(self._current(message), time_zone)
