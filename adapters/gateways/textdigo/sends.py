"""TextDigo's sends: one message by SMS, email or WhatsApp, and one SMS to many."""

from collections.abc import Sequence
from decimal import Decimal
from urllib.parse import urlsplit

from msgspec import UNSET
from msgspec.json import Decoder, Encoder

from adapters.gateways.domain.answers import JSON, milliseconds_utc
from adapters.gateways.domain.channels import active_channel, channel_by_id
from adapters.gateways.domain.sending import Decision, Result, Sending
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.textdigo import answers, requests
from adapters.gateways.textdigo.addresses import email, phone_number
from adapters.gateways.textdigo.checking import Invalid, Problem, read, read_query
from adapters.gateways.textdigo.errors import About, code_of
from adapters.gateways.textdigo.statuses import STATUS
from adapters.gateways.textdigo.templates import Templates
from adapters.web.reply import Reply
from router.account import Account, AccountChannel
from router.engine.preparing import Via
from router.gateway.ids import UUID
from router.message import Message, TrafficClass
from router.refusal import Refusal
from router.routing.route import RouteQuery, rank
from router.submit import Channel, Submit
from router.text.email import MOST
from router.text.html import readable

# An SMS has 2000 characters at most (TD-15), a WhatsApp message 4096 (TD-20), which may go by SMPP too: of two UTF-16
# units each, 33 to a part, for a pair is never cut.
VIA = Via("textdigo", parts=125)

_encode = Encoder(decimal_format="number").encode
_sms = Decoder(requests.SmsRequest)
_email = Decoder(requests.EmailRequest)
_email_template = Decoder(requests.EmailTemplateRequest)
_whatsapp = Decoder(requests.WhatsappRequest)
_whatsapp_template = Decoder(requests.WhatsappTemplateRequest)
_bulk = Decoder(requests.BulkRequest)

_CLASSES = {
    None: TrafficClass.TRANSACTIONAL,
    "TRANSACTIONAL": TrafficClass.TRANSACTIONAL,
    "MARKETING": TrafficClass.MARKETING,
}

# What one recipient of several is left out for; anything else is wrong with the request as a whole.
_OF_RECIPIENT = frozenset(
    {"unroutable", "price_too_high", "destination_not_allowed", "loop", "opted_out", "duplicate_message"}
)

# Where the engine found something wrong, in the words of the request.
_FIELDS = {"text": "message", "options.subject": "subject", "options.html": "htmlMessage", "reference": "externalId"}


class SendCalls:
    def __init__(self, services: Services, sending: Sending, templates: Templates) -> None:
        self._services = services
        self._sending = sending
        self._templates = templates

    async def sms(self, asked: Asked) -> Reply:
        """TD-15 to TD-17."""
        wanted = read(_sms, asked.body)
        account = asked.caller.account
        channel = sms_channel(account)
        submit = Submit(
            to=phone_number(wanted.phoneNumber),
            sender=sms_sender(account, channel, wanted.senderName),
            text=wanted.message,
            reference=wanted.externalId,
            traffic_class=_CLASSES[wanted.smsType],
        )
        return Reply(200, await self.one(account, submit), JSON)

    async def email(self, asked: Asked) -> Reply:
        """TD-18."""
        wanted = read(_email, asked.body)
        if not wanted.htmlMessage and not wanted.textMessage:
            raise Invalid(Problem("htmlMessage", "required"), Problem("textMessage", "required"))
        return await self._email(asked, wanted.email, wanted.subject, wanted.textMessage, wanted.htmlMessage)

    async def email_template(self, asked: Asked) -> Reply:
        """TD-19."""
        wanted = read(_email_template, asked.body)
        template = await self._templates.email(asked.caller.account, wanted.templateId, wanted.parameters or {})
        return await self._email(asked, wanted.email, wanted.subject, template.text, template.html)

    async def _email(self, asked: Asked, to: str, subject: str, text: str | None, html: str | None) -> Reply:
        account = asked.caller.account
        channel = open_channel(account, "email")
        submit = email_submit(channel, email(to), subject, text, html)
        return Reply(200, await self.one(account, submit, "textMessage"), JSON)

    async def whatsapp(self, asked: Asked) -> Reply:
        """TD-20."""
        wanted = read(_whatsapp, asked.body)
        if not wanted.message and not wanted.mediaUrl:
            raise Invalid(Problem("message", "required"), Problem("mediaUrl", "required"))
        options = None
        if wanted.mediaUrl:
            check_url("mediaUrl", wanted.mediaUrl)
            options = {"media_url": wanted.mediaUrl}
        account = asked.caller.account
        channel = whatsapp_channel(account, wanted.whatsappBusinessPhoneNumberId)
        submit = Submit(
            to=phone_number(wanted.phoneNumber),
            sender=channel.sender,
            text=wanted.message or "",
            channel=Channel.WHATSAPP,
            options=options,
        )
        return Reply(200, await self.one(account, submit), JSON)

    async def whatsapp_template(self, asked: Asked) -> Reply:
        """TD-22."""
        wanted = read(_whatsapp_template, asked.body)
        account = asked.caller.account
        line = channel_by_id(account, "whatsapp", wanted.whatsappBusinessPhoneNumberId)
        template = await self._templates.whatsapp(account, wanted.templateId, wanted.bodyParameters or {})
        channel = whatsapp_channel(account, line.id)
        submit = Submit(
            to=phone_number(wanted.phoneNumber),
            sender=channel.sender,
            text=template.text,
            channel=Channel.WHATSAPP,
            options=template.options,
        )
        return Reply(200, await self.one(account, submit), JSON)

    async def bulk(self, asked: Asked) -> Reply:
        """TD-23, TD-25."""
        wanted = read(_bulk, asked.body)
        return await self._bulk(asked.caller.account, wanted.message, wanted.contacts, wanted.senderName)

    async def bulk_by_query(self, asked: Asked) -> Reply:
        """TD-24."""
        wanted = read_query(asked.raw.query, requests.BulkQuery)
        contacts = [written.strip() for written in wanted.contacts.split(",") if written.strip()]
        if not contacts:
            raise Invalid(Problem("contacts", "too_short", "1"))
        if len(contacts) > 1000:
            raise Invalid(Problem("contacts", "too_long", "1000"))
        return await self._bulk(asked.caller.account, wanted.message, contacts, wanted.senderName)

    async def _bulk(self, account: Account, text: str, contacts: Sequence[str], name: str | None) -> Reply:
        channel = sms_channel(account)
        sender = sms_sender(account, channel, name)
        submits: dict[str, Submit] = {}
        invalid: list[answers.InvalidContact] = []
        for written in contacts:
            try:
                to = phone_number(written)
            except Refusal as refusal:
                invalid.append(answers.InvalidContact(written, code_of(refusal)))
                continue
            if to not in submits:
                submits[to] = Submit(to=to, sender=sender, text=text)
        if not submits:
            raise Refusal("no_recipients", "none of the recipients is a phone number")
        no = self._services.book.next_no()
        id = UUID.write(no)

        def decide(results: list[Result]) -> Decision:
            messages = []
            others: Refusal | None = None
            for submit, result in zip(submits.values(), results, strict=True):
                if isinstance(result, Message):
                    messages.append(result)
                    continue
                refusal = self.said(account, submit, result)
                invalid.append(answers.InvalidContact(submit.to, code_of(refusal)))
                if refusal.code not in _OF_RECIPIENT:
                    others = others or refusal
            if not messages:
                raise others or Refusal("no_recipients", "none of the recipients can be reached")
            answer = answers.BulkAnswer(
                id,
                len(contacts),
                len(messages),
                len(invalid),
                [answers.BulkMessage(message.to, message.id) for message in messages],
                invalid,
                sum(map(amount_of, messages), Decimal(0)),
                account.currency,
            )
            rider = self._sending.record(no, account, "textdigo", messages)
            return Decision(_encode(answer), messages, (rider,), id, f"{len(messages)} sms")

        answer = await self._sending.send(account, list(submits.values()), VIA, decide)
        return Reply(200, answer.body, JSON)

    async def one(self, account: Account, submit: Submit, text_field: str = "message") -> bytes:
        """Send one message, and give the answer that says so. Raises Refusal in the words of the request, where its
        text stands in `text_field`."""

        def decide(results: list[Result]) -> Decision:
            (result,) = results
            if isinstance(result, Refusal):
                raise self.said(account, submit, result, text_field)
            return Decision(sent(result, account.currency), [result], detail=result.channel)

        answer = await self._sending.send(account, [submit], VIA, decide)
        return answer.body

    def said(self, account: Account, submit: Submit, refusal: Refusal, text_field: str = "message") -> Refusal:
        """What the engine refused, as this API says it and in its order (TD-14): whether anybody serves the recipient
        comes before the sender."""
        if refusal.code == "sender_not_allowed":
            query = RouteQuery(
                to=submit.to, at=self._services.clock.now(), traffic_class=submit.traffic_class,
                channel=submit.channel.value,
            )  # fmt: skip
            try:
                rank(self._services.running.plan, account, query)
            except Refusal as unroutable:
                if unroutable.code == "unroutable":
                    refusal = unroutable
        if refusal.code in _OF_RECIPIENT and refusal.retry_after is None:
            return About(refusal.code, submit.to)
        if refusal.code == "too_long":
            return Invalid(Problem(_field(refusal.field, text_field), "too_long"))
        if refusal.code in ("not_encodable", "invalid_request") and refusal.field is not None:
            return Invalid(Problem(_field(refusal.field, text_field), "format"))
        return refusal


def sms_channel(account: Account) -> AccountChannel:
    return open_channel(account, "sms")


def sms_sender(account: Account, channel: AccountChannel, name: str | None) -> str | None:
    """TD-16; None for the account's default sender."""
    return name or (channel.sender if account.default_sender is None else None)


def open_channel(account: Account, type: str) -> AccountChannel:
    """The account's active channel of a type. Raises About `channel_off`."""
    try:
        return active_channel(account, type)
    except Refusal as refusal:
        raise About(refusal.code, type) from None


def whatsapp_channel(account: Account, id: str) -> AccountChannel:
    """The channel that a whatsappBusinessPhoneNumberId names. Raises Refusal `line_not_found`, About `channel_off`."""
    channel = channel_by_id(account, "whatsapp", id)
    if not channel.active:
        raise About("channel_off", channel.type)
    return channel


def email_submit(
    channel: AccountChannel,
    to: str,
    subject: str,
    text: str | None,
    html: str | None,
    traffic_class: TrafficClass = TrafficClass.TRANSACTIONAL,
) -> Submit:
    """An email; where it has no text, its text is what can be read of its HTML."""
    options = {"subject": subject, "html": html} if html else {"subject": subject}
    # What is too large is refused by the engine, unread.
    written = text or (readable(html) if html and len(html) <= MOST else " ")
    return Submit(
        to=to,
        sender=channel.sender,
        text=written,
        channel=Channel.EMAIL,
        traffic_class=traffic_class,
        options=options,
    )


def check_url(field: str, url: str) -> None:
    """Raises Invalid for what is no http or https address."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable() and " " not in url
    except ValueError:
        sound = False
    if not sound:
        raise Invalid(Problem(field, "format"))


def amount_of(message: Message) -> Decimal:
    """What the account pays for all parts of a message."""
    return message.price.amount if message.price is not None else Decimal(0)


def sent(message: Message, currency: str, expires: int | None = None) -> bytes:
    """The answer to a send of one message; `expires` is when the code in it does."""
    is_email = message.channel == "email"
    subject = message.options.get("subject") if message.options else None
    answer = answers.Sent(
        message.id,
        message.channel,  # type: ignore[arg-type]
        STATUS[message.state],
        message.to,
        message.sender,
        amount_of(message),
        currency,
        message.reference,
        milliseconds_utc(message.created_at),
        UNSET if is_email else message.segments,
        str(subject) if is_email else UNSET,
        milliseconds_utc(expires) if expires is not None else UNSET,
    )
    return _encode(answer)


def _field(engines: str | None, text_field: str) -> str:
    return text_field if engines in (None, "text") else _FIELDS.get(engines or "", engines or "")
