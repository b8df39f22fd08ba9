"""smsapi's sends and its balance."""

from adapters.gateways.domain.numbers import number_of
from adapters.gateways.domain.parameters import Parameters
from adapters.gateways.domain.sending import Decision, Result, Sending
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.smsapi import shapes
from adapters.gateways.smsapi.access import NAME
from adapters.gateways.smsapi.errors import JSON, encode
from adapters.web.reply import Reply
from router.delivery.charging import charge_of
from router.engine.preparing import Via
from router.gateway.ids import UUID
from router.message import Message
from router.money import from_nano
from router.refusal import Refusal
from router.submit import Submit
from router.wallet import Tariff

_VIA = Via(NAME, Tariff.PRICE)
_MOST = 1000
_LONGEST_SENDER = 11


class MessageCalls:
    def __init__(self, services: Services, sending: Sending) -> None:
        self._book = services.book
        self._wallets = services.wallets
        self._sending = sending

    async def send_v1(self, asked: Asked) -> Reply:
        """SA-7 to SA-11."""
        return await self._send(asked, "Message sent successfully.")

    async def send_v2(self, asked: Asked) -> Reply:
        """SA-14, SA-15."""
        return await self._send(asked, "SMS sent successfully")

    async def balance(self, asked: Asked) -> Reply:
        """SA-16."""
        account = asked.caller.account
        balance = _number(self._wallets.balance(account.name))
        data = shapes.BalanceData(balance, account.currency, balance)
        return Reply(200, encode(shapes.BalanceAnswer(True, "Balance retrieved successfully", data)), JSON)

    async def _send(self, asked: Asked, said: str) -> Reply:
        account = asked.caller.account
        given: Parameters = asked.read
        recipients = _recipients(given.text("numbers"), account.country)
        text = given.required("message_body")
        sender = given.text("sender_id")
        if sender is not None and len(sender) > _LONGEST_SENDER:
            detail = f"The sender_id must not be greater than {_LONGEST_SENDER} characters."
            raise Refusal("invalid_request", detail, "sender_id")

        def decide(results: list[Result]) -> Decision:
            messages: list[Message] = []
            for result in results:
                if isinstance(result, Refusal):
                    raise result
                messages.append(result)
            no = self._book.next_no()
            cost = sum(charge_of(message, Tariff.PRICE) for message in messages)
            left = self._wallets.balance(account.name) - sum(message.charged for message in messages)
            data = shapes.SendData(UUID.write(no), len(messages), _number(cost), _number(left))
            rider = self._sending.record(no, account, NAME, messages)
            return Decision(encode(shapes.SendAnswer(True, said, data)), messages, (rider,))

        submits = [Submit(to=to, sender=sender, text=text) for to in recipients]
        answer = await self._sending.send(account, submits, _VIA, decide)
        return Reply(answer.status, answer.body, JSON)


def _recipients(numbers: str | None, country: str | None) -> dict[str, None]:
    """SA-6, SA-9: each once, in their order. Raises Refusal `invalid_number` where one of them is none."""
    written = [one for one in (numbers or "").split(",") if one.strip()]
    if not written:
        raise Refusal("invalid_number", "there is no number", "numbers")
    if len(written) > _MOST:
        raise Refusal("invalid_request", f"The numbers must not have more than {_MOST} items.", "numbers")
    return dict.fromkeys(number_of(one, country) for one in written)


def _number(nano: int) -> float:
    return float(from_nano(nano))
