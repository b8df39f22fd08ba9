"""TextDigo's one-time passwords, by SMS, WhatsApp and email: the service makes the code, and never says it."""

from math import ceil

from msgspec import UNSET
from msgspec.json import Decoder, Encoder

from adapters.gateways.domain.answers import JSON
from adapters.gateways.domain.codes import CodeRules, Codes, Wanted
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.textdigo import answers, requests, words
from adapters.gateways.textdigo.addresses import email, phone_number
from adapters.gateways.textdigo.checking import read
from adapters.gateways.textdigo.errors import locale_of
from adapters.gateways.textdigo.sends import (
    SendCalls,
    email_submit,
    open_channel,
    sent,
    sms_channel,
    sms_sender,
    whatsapp_channel,
)
from adapters.web.reply import Reply
from router.account import Account, AccountChannel
from router.message import TrafficClass
from router.refusal import Refusal
from router.submit import Channel, Submit

_FACE = "textdigo"

_encode = Encoder().encode
_sms = Decoder(requests.SmsCodeRequest)
_number = Decoder(requests.NumberCodeRequest)
_email = Decoder(requests.EmailCodeRequest)
_whatsapp = Decoder(requests.WhatsappCodeRequest)
_verify_number = Decoder(requests.NumberVerifyRequest)
_verify_email = Decoder(requests.EmailVerifyRequest)


class CodeCalls:
    def __init__(self, services: Services, codes: Codes, sends: SendCalls) -> None:
        self._services = services
        self._codes = codes
        self._sends = sends

    async def by_sms(self, asked: Asked) -> Reply:
        """TD-40, TD-43."""
        wanted = read(_sms, asked.body)
        account = asked.caller.account
        channel = sms_channel(account)
        to = phone_number(wanted.phoneNumber)
        submit = Submit(to=to, sender=sms_sender(account, channel, None), traffic_class=TrafficClass.OTP)
        return await self._make(asked, submit, wanted.numberOfDigits)

    async def by_whatsapp(self, asked: Asked) -> Reply:
        """TD-41: from the first active WhatsApp channel."""
        wanted = read(_number, asked.body)
        return await self._by_whatsapp(asked, open_channel(asked.caller.account, "whatsapp"), wanted.phoneNumber)

    async def by_whatsapp_from(self, asked: Asked) -> Reply:
        """TD-21."""
        wanted = read(_whatsapp, asked.body)
        channel = whatsapp_channel(asked.caller.account, wanted.whatsappBusinessPhoneNumberId)
        return await self._by_whatsapp(asked, channel, wanted.phoneNumber)

    async def _by_whatsapp(self, asked: Asked, channel: AccountChannel, number: str) -> Reply:
        submit = Submit(
            to=phone_number(number),
            sender=channel.sender,
            channel=Channel.WHATSAPP,
            traffic_class=TrafficClass.OTP,
        )
        return await self._make(asked, submit)

    async def by_email(self, asked: Asked) -> Reply:
        """TD-42."""
        wanted = read(_email, asked.body)
        channel = open_channel(asked.caller.account, "email")
        subject = words.OTP_SUBJECT.of(locale_of(asked.raw))
        submit = email_submit(channel, email(wanted.email), subject, " ", None, TrafficClass.OTP)
        return await self._make(asked, submit)

    async def _make(self, asked: Asked, submit: Submit, digits: int | None = None) -> Reply:
        """TD-43: `submit` is the message but for its text."""
        account = asked.caller.account
        rules = _rules(account, digits)
        text = words.OTP.of(locale_of(asked.raw))

        def message(code: str) -> Submit:
            submit.text = text.format(code=code, minutes=ceil(rules.life / 60))
            if submit.channel is Channel.WHATSAPP:
                # An operator of this channel may have a template of its own for codes.
                submit.options = {"code": code}
            return submit

        wanted = Wanted(submit.channel.value, submit.to, submit.sender)
        try:
            answer = await self._codes.make(
                account, rules, wanted, message, lambda code, made: sent(made, account.currency, code.expires)
            )
        except Refusal as refusal:
            raise self._sends.said(account, submit, refusal) from None
        return Reply(200, answer.body, JSON)

    async def verify_sms(self, asked: Asked) -> Reply:
        """TD-44, TD-45."""
        wanted = read(_verify_number, asked.body)
        return await self._verify(asked, "sms", phone_number(wanted.phoneNumber), wanted.otpCode)

    async def verify_whatsapp(self, asked: Asked) -> Reply:
        """TD-44, TD-45."""
        wanted = read(_verify_number, asked.body)
        return await self._verify(asked, "whatsapp", phone_number(wanted.phoneNumber), wanted.otpCode)

    async def verify_email(self, asked: Asked) -> Reply:
        """TD-44, TD-45."""
        wanted = read(_verify_email, asked.body)
        return await self._verify(asked, "email", email(wanted.email), wanted.otpCode)

    async def _verify(self, asked: Asked, channel: str, contact: str, given: str) -> Reply:
        account = asked.caller.account
        pending = await self._codes.pending(account, _FACE, channel, contact)
        code = await self._codes.verify(account, _FACE, pending.no, given)
        right = code.state == "verified"
        answer = answers.VerifyAnswer(right, UNSET if right else code.attempts - len(code.tries))
        return Reply(200, _encode(answer), JSON)


def _rules(account: Account, digits: int | None) -> CodeRules:
    """The account's, with as many digits as were asked for."""
    settings = account.gateways[_FACE].get("otp", {})
    rules = CodeRules(_FACE, **settings)
    if digits is not None:
        rules = CodeRules(_FACE, digits, rules.attempts, rules.life)
    return rules
