"""Texify's scheduled messages: campaigns of one run."""

from collections.abc import Collection, Sequence

from msgspec import UNSET, Struct
from msgspec.json import Decoder, Encoder
from msgspec.structs import replace

from adapters.gateways.domain.answers import JSON, seconds_utc
from adapters.gateways.domain.dates import instant
from adapters.gateways.domain.numbers import number_of
from adapters.gateways.domain.sending import Sending
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.texify import shapes
from adapters.gateways.texify.content import Content, check, content_of, texts_for
from adapters.gateways.texify.messages import MOST_SEGMENTS, NAME, VIA, once
from adapters.gateways.texify.pages import Wanted
from adapters.web.incoming import decode, query_of
from adapters.web.reply import Reply
from router.account import Account
from router.engine.intake import Prepared
from router.engine.senders import sender_for
from router.gateway.campaigns import PENDING
from router.gateway.ids import HEX24
from router.gateway.records import Campaign, CampaignQuery, CampaignState, Contact
from router.gateway.templates import render
from router.message import Encoding, EncodingWish
from router.operator import TextRules
from router.refusal import Refusal
from router.submit import Channel
from router.text.segment import Segmentation, segment

_encode = Encoder().encode
_new = Decoder(shapes.ScheduledRequest)
_change = Decoder(shapes.ScheduledChange)
_RULES = TextRules()

_STATUS: dict[CampaignState, shapes.ScheduledStatus] = {
    "scheduled": "pending",
    "queued": "pending",
    "processing": "processing",
    "paused": "processing",
    "done": "sent",
    "cancelled": "cancelled",
    "failed": "failed",
}


class _Whom(Struct, gc=False):
    """Those whom a request names, in the one way that it does; `known` are the contacts that the text is tried on."""

    numbers: list[str] = []
    contacts: list[int] = []
    groups: list[int] = []
    invalid: list[str] = []
    known: dict[str, Contact | None] = {}


class ScheduledCalls:
    def __init__(self, services: Services, sending: Sending) -> None:
        self._book = services.book
        self._clock = services.clock
        self._campaigns = services.campaigns
        self._sending = sending

    async def create(self, asked: Asked) -> Reply:
        """TX-29."""
        wanted = decode(_new, asked.body)
        account = asked.caller.account
        check(asked.caller, wanted.message, wanted.templateId, wanted.senderId)
        at = self._future(wanted.scheduledFor)

        async def make() -> Prepared:
            content = await content_of(self._book, account.name, wanted.message, wanted.templateId, wanted.variables)
            whom = await self._whom(account.name, wanted)
            sender = _sender(account, wanted.senderId)
            cut = _cut(account, _sample(content, whom))
            campaign = Campaign(
                self._book.next_no(),
                account.name,
                NAME,
                self._clock.now(),
                at,
                content.text,
                values=content.values,
                sender=sender,
                tariff=VIA.tariff,
                numbers=whom.numbers,
                contacts=whom.contacts,
                groups=whom.groups,
                invalid=len(whom.invalid),
                extra={"segments": cut.count},
            )
            made = await self._campaigns.prepare(campaign)
            told = shapes.NewScheduledData(
                _data(made),
                shapes.Estimates(made.recipients, cut.count, made.recipients * cut.count, _encoding(cut)),
                whom.invalid,
            )
            body = _encode(shapes.NewScheduledAnswer("success", "Scheduled message created successfully", told))
            return Prepared([], 200, body, riders=[self._campaigns.record(made)])

        reply = await once(self._sending, asked, make)
        self._campaigns.wake()
        return reply

    async def page(self, asked: Asked) -> Reply:
        """TX-30."""
        wanted = query_of(asked.raw, shapes.ScheduledQuery, blank=False)
        cut = Wanted(wanted.page, wanted.limit)
        states = tuple(state for state, word in _STATUS.items() if word == wanted.status) or None
        query = CampaignQuery(asked.caller.account.name, NAME, states)
        found, total = await self._campaigns.page(query, cut.offset, cut.limit)
        data = [_data(campaign) for campaign in found]
        return Reply(200, _encode(shapes.ScheduledListAnswer("success", data, cut.paging(total))), JSON)

    async def one(self, asked: Asked) -> Reply:
        """TX-31."""
        found = await self._campaigns.find(asked.caller.account.name, NAME, _no(asked))
        return Reply(200, _encode(shapes.ScheduledAnswer("success", _data(found))), JSON)

    async def change(self, asked: Asked) -> Reply:
        """TX-32."""
        wanted = decode(_change, asked.body)
        account = asked.caller.account
        text, at = wanted.message, wanted.scheduledFor
        first = self._future(at) if at is not None else None
        cut = _cut(account, text) if text is not None else None
        sender = _sender(account, wanted.senderId) if wanted.senderId is not None else None

        def changed(campaign: Campaign) -> Campaign:
            if text is not None and cut is not None:
                extra = {"segments": cut.count}
                campaign = replace(campaign, text=text, values=None, template=None, extra=extra)
            return replace(campaign, first=first or campaign.first, sender=sender or campaign.sender)

        await self._campaigns.change(account.name, NAME, _no(asked), changed)
        return Reply(200, _encode(shapes.Done("success", "Scheduled message updated")), JSON)

    async def cancel(self, asked: Asked) -> Reply:
        """TX-33."""
        await self._campaigns.cancel(asked.caller.account.name, NAME, _no(asked), PENDING)
        return Reply(200, _encode(shapes.Done("success", "Scheduled message cancelled")), JSON)

    def _future(self, written: str) -> int:
        at = instant(written, "scheduledFor")
        if at <= self._clock.now():
            raise Refusal("invalid_request", "scheduledFor is not in the future", "scheduledFor")
        return at

    async def _whom(self, account: str, wanted: shapes.ScheduledRequest) -> _Whom:
        """Raises Refusal `not_found`, naming the contact or group, `no_recipients`."""
        if wanted.recipientType == "phones":
            return _phones(wanted.phones or ())
        if wanted.recipientType == "contacts":
            nos = _nos(wanted.contacts or wanted.contactIds or ())
            contacts = await self._book.contacts.find(account, list(nos.values()))
            _check_known(nos, contacts, "contact")
            known = {one.number: one for one in contacts.values() if one.number and one.status == "active"}
            return _Whom(contacts=list(nos.values()), known={**known})
        nos = _nos(wanted.groups or wanted.groupIds or ())
        _check_known(nos, await self._book.groups.find(account, list(nos.values())), "group")
        return _Whom(groups=list(nos.values()))


def _phones(written: Sequence[str]) -> _Whom:
    whom = _Whom()
    for one in written:
        try:
            whom.known[number_of(one)] = None
        except Refusal:
            whom.invalid.append(one)
    whom.numbers = list(whom.known)
    return whom


def _nos(ids: Sequence[str]) -> dict[str, int]:
    """Numbers by id, 0 for what is no id. Raises Refusal `no_recipients`."""
    if not ids:
        raise Refusal("no_recipients", "there is nobody to send to")
    return {id: HEX24.read(id) or 0 for id in ids}


def _check_known(nos: dict[str, int], found: Collection[int], what: str) -> None:
    for id, no in nos.items():
        if no not in found:
            raise Refusal("not_found", f"there is no {what} {id[:64]!r}", f"{what}s")


def _sender(account: Account, wanted: str | None) -> str | None:
    """Raises Refusal `sender_not_allowed`."""
    try:
        return sender_for(account, wanted, Channel.SMS.value)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.detail, "senderId") from None


def _sample(content: Content, whom: _Whom) -> str:
    """The text that is estimated by: that of the first recipient, where it is known who that is. Raises Refusal
    `invalid_request` where it is known already that something is left to fill in."""
    texts = texts_for(content, whom.known)
    if texts:
        return texts[0]
    return content.text if content.values is None else render(content.text, content.values).text


def _cut(account: Account, text: str) -> Segmentation:
    """Raises Refusal `too_long`, `not_encodable`."""
    try:
        return segment(text, EncodingWish.AUTO, _RULES, MOST_SEGMENTS, account.transliterate)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.detail, "message") from None


def _encoding(cut: Segmentation) -> shapes.Coding:
    return "GSM-7" if cut.encoding is Encoding.GSM7 else "UCS-2"


def _no(asked: Asked) -> int:
    return HEX24.read(asked.params["id"]) or 0


def _data(campaign: Campaign) -> shapes.ScheduledData:
    kind: shapes.RecipientType = "phones" if campaign.numbers else "contacts" if campaign.contacts else "groups"
    return shapes.ScheduledData(
        HEX24.write(campaign.no),
        campaign.text,
        campaign.sender,
        kind,
        seconds_utc(campaign.first),
        _STATUS[campaign.state],
        campaign.recipients,
        campaign.recipients * int(campaign.extra["segments"]),
        seconds_utc(campaign.created),
        campaign.reason or UNSET,
    )
