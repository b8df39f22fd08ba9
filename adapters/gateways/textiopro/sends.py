"""TextioPro's one way to send, in its six types."""

from adapters.gateways.domain.answers import JSON
from adapters.gateways.domain.numbers import number_of
from adapters.gateways.domain.parameters import Parameters
from adapters.gateways.domain.sending import Decision, Result, Sending
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.textiopro.access import NAME
from adapters.gateways.textiopro.answers import encode
from adapters.gateways.textiopro.content import Content, content_of, named, submit_of
from adapters.gateways.textiopro.errors import said
from adapters.gateways.textiopro.shapes import MessageView, Said
from adapters.gateways.textiopro.views import sent
from adapters.gateways.textiopro.words import bare, microseconds
from adapters.web.reply import Reply
from router.account import Account
from router.engine.preparing import Via
from router.message import Message
from router.refusal import Refusal
from router.wallet import Tariff

_VIA = Via(NAME, Tariff.UNIT)
_MOST = 1000
_SHOWN = 40
_SAID = "Your message was successfully delivered"


class SendCalls:
    def __init__(self, services: Services, sending: Sending) -> None:
        self._clock = services.clock
        self._sending = sending

    async def send(self, asked: Asked) -> Reply:
        """TP-24 to TP-34."""
        account = asked.caller.account
        given: Parameters = asked.read
        written = given.required("recipient")
        content = content_of(given, account, self._clock.now())
        recipients = _recipients(written)
        submits = [submit_of(content, to) for to in recipients.values() if isinstance(to, str)]

        def decide(results: list[Result]) -> Decision:
            found = iter(results)
            told = [next(found) if isinstance(to, str) else to for to in recipients.values()]
            messages = [result for result in told if isinstance(result, Message)]
            if not messages:
                assert isinstance(told[0], Refusal)
                raise named(told[0], content)
            views = [self._view(account, content, *one) for one in zip(recipients, told, strict=True)]
            answer = Said("success", _SAID, views if "," in written else views[0])
            return Decision(encode(answer), messages)

        answer = await self._sending.send(account, submits, _VIA, decide)
        return Reply(answer.status, answer.body, JSON)

    def _view(self, account: Account, content: Content, written: str, result: Result) -> MessageView:
        if isinstance(result, Message):
            return sent(result, account.time_zone)
        now = microseconds(self._clock.now())
        sender = content.sender or account.default_sender
        return MessageView(
            None,
            bare(written),
            bare(sender) if sender is not None else None,
            content.text,
            "Rejected",
            "0",
            content.kind,
            0,
            "outgoing",
            "api",
            now,
            now,
            status_detail=said(named(result, content)),
        )


def _recipients(written: str) -> dict[str, str | Refusal]:
    """Each number once as it was written, with what it is in E.164 or why it is none. Raises Refusal
    `invalid_request`."""
    items = [one for one in map(str.strip, written.split(",")) if one]
    if not items:
        raise Refusal("invalid_request", "The recipient field is required.", "recipient")
    if len(items) > _MOST:
        raise Refusal("invalid_request", f"The recipient must not have more than {_MOST} numbers.", "recipient")
    found: dict[str, str | Refusal] = {}
    seen = set()
    for one in items:
        try:
            to = number_of(one)
        except Refusal:
            found[one] = Refusal("invalid_number", f"Invalid phone number: {one[:_SHOWN]}", "recipient")
            continue
        if to not in seen:
            seen.add(to)
            found[one] = to
    return found
