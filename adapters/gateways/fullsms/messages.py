"""FullSMS's sends: to lists as a campaign, to up to 500 numbers at once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.json import Encoder

from adapters.gateways.domain.answers import JSON
from adapters.gateways.domain.numbers import number_of
from adapters.gateways.domain.sending import Decision, Result, Sending
from adapters.gateways.fullsms import shapes
from adapters.gateways.fullsms.account import balance_low, check_balance
from adapters.gateways.fullsms.checking import LONGEST, Fields, check_length, is_integer
from adapters.gateways.fullsms.errors import Invalid
from adapters.gateways.fullsms.senders import sender_of
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.web.reply import Reply
from router.account import Account
from router.engine.preparing import Via
from router.gateway.ids import UUID
from router.gateway.links import has_short_link
from router.gateway.records import Campaign
from router.gateway.templates import fill
from router.message import Message
from router.refusal import Refusal
from router.submit import Submit
from router.wallet import Tariff

NAME = "fullsms"

_VIA = Via(NAME, Tariff.PRICE)
_MOST_NUMBERS = 500
_MOST_LISTS = 1000
_BAD_NUMBER = "Given number is invalid or could not receive messages"
_NO_LIST = "List with this id could not be found"
_LARGEST_ID = 1 << 62

# What is wrong with the request, and not with one of its recipients.
_OF_ALL = frozenset({"too_long", "not_encodable", "sender_not_allowed", "invalid_request", "rate_limited"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_encode = Encoder().encode


class _Said(Struct, frozen=True, gc=False):
    """What is to be sent: `text` has placeholders where it is a template's (then `template` is its number)."""

    text: str
    sender: str
    template: int | None


class MessageCalls:
    def __init__(self, services: Services, sending: Sending) -> None:
        self._book = services.book
        self._campaigns = services.campaigns
        self._clock = services.clock
        self._wallets = services.wallets
        self._sending = sending

    async def to_lists(self, asked: Asked) -> Reply:
        """FS-17, FS-23: a campaign, which may wait for its time."""
        account = asked.caller.account
        now = self._clock.now()
        fields = Fields(asked.body)
        ids = fields.items("to_list_ids", _MOST_LISTS)
        for place, one in enumerate(ids):
            if not is_integer(one):
                fields.errors[f"to_list_ids.{place}"] = f"The to_list_ids.{place} must be an integer."
        at = fields.time("send_at", account, now)
        said = await self._said(account, fields)
        check_length(fill(said.text, {}))
        groups = await self._groups(account, ids)
        check_balance(account, self._wallets)
        campaign = Campaign(
            self._book.next_no(), account.name, NAME, now, at or now, said.text,
            values={}, sender=said.sender, groups=groups, template=said.template, longest=LONGEST,
        )  # fmt: skip
        made = await self._campaigns.create(campaign)
        return Reply(200, _encode(shapes.Approved("approved", UUID.write(made.no))), JSON)

    async def to_numbers(self, asked: Asked) -> Reply:
        """FS-18, FS-22."""
        account = asked.caller.account
        fields = Fields(asked.body)
        written = fields.items("to_numbers", _MOST_NUMBERS)
        for place, one in enumerate(written):
            if not isinstance(one, str):
                fields.errors[f"to_numbers.{place}"] = f"The to_numbers.{place} must be a string."
        at = fields.time("send_at", account, self._clock.now())
        said = await self._said(account, fields)
        text = said.text if said.template is None else fill(said.text, {})
        check_length(text)
        if not text:
            raise Invalid({"message": "The template leaves nothing to send."})
        recipients, invalid = _recipients(written)
        check_balance(account, self._wallets)
        send_at = _EPOCH + timedelta(milliseconds=at) if at is not None else None
        submits = [Submit(to=to, sender=said.sender, text=text, send_at=send_at) for to in recipients]

        def decide(results: list[Result]) -> Decision:
            messages = _messages(results, recipients, invalid)
            no = self._book.next_no()
            left_out = shapes.Invalid(len(invalid), [written[place] for place in sorted(invalid)])
            answer = shapes.ApprovedNumbers("approved", UUID.write(no), len(messages), left_out)
            return Decision(_encode(answer), messages, [self._sending.record(no, account, NAME, messages)])

        if not submits:
            raise _all_invalid(written)
        try:
            answer = await self._sending.send(account, submits, _VIA, decide)
        except Refusal as refusal:
            if refusal.code == "insufficient_credit":
                raise balance_low(account) from None
            if refusal.code == "no_recipients":
                raise _all_invalid(written) from None
            raise
        return Reply(answer.status, answer.body, JSON)

    async def _said(self, account: Account, fields: Fields) -> _Said:
        """What both sends have in common, in the order of checks: fields, `from`, template, short links. Raises Invalid
        with all that is wrong with the fields; Refusal."""
        sender, message, template = fields.text("from"), fields.text("message"), fields.id("template_id")
        if fields.value("message") is None and fields.value("template_id") is None:
            for name, other in (("message", "template id"), ("template_id", "message")):
                words = name.replace("_", " ")
                fields.errors.setdefault(name, f"The {words} field is required when {other} is not present.")
        fields.check()
        said_by = sender_of(account, sender)
        number = None
        if template is not None:
            message, number = await self._template(account, template)
        assert message is not None
        if not account.gateways[NAME].get("short_links", True) and has_short_link(message):
            raise Refusal("short_link", "the account may not send short links")
        return _Said(message, said_by, number)

    async def _template(self, account: Account, id: str) -> tuple[str, int]:
        number = int(id) if id.isascii() and id.isdigit() and len(id) <= 18 else 0
        found = await self._book.templates.numbered(account.name, number) if number else None
        if found is None or found.channel != "sms":
            raise Refusal("template_not_found", "there is no such template")
        return found.content, found.no

    async def _groups(self, account: Account, ids: Sequence[int]) -> list[int]:
        known = [id for id in ids if 0 < id < _LARGEST_ID]
        found = await self._book.groups.numbered(account.name, known)
        missing = {f"to_list_ids.{place}": _NO_LIST for place, id in enumerate(ids) if id not in found}
        if missing:
            raise Invalid(missing)
        return list(dict.fromkeys(found[id].no for id in ids))


def _recipients(written: Sequence[str]) -> tuple[dict[str, int], set[int]]:
    """Numbers in E.164, each once, with the place it was first found at; and the places of what is none."""
    found: dict[str, int] = {}
    invalid = set()
    for place, one in enumerate(written):
        try:
            found.setdefault(number_of(one), place)
        except Refusal:
            invalid.add(place)
    return found, invalid


def _messages(results: Sequence[Result], places: dict[str, int], invalid: set[int]) -> list[Message]:
    """Those that can be sent; the places of the others are added to `invalid`. Raises Refusal where nothing can."""
    messages = []
    wrong: Refusal | None = None
    for result, place in zip(results, places.values(), strict=True):
        if isinstance(result, Message):
            messages.append(result)
            continue
        invalid.add(place)
        if result.code in _OF_ALL:
            wrong = wrong or result
    if messages:
        return messages
    if wrong is not None and wrong.code in ("too_long", "not_encodable", "invalid_request"):
        raise Invalid({"message": wrong.detail})
    raise wrong or Refusal("no_recipients", "none of the numbers can be reached")


def _all_invalid(written: Sequence[Any]) -> Refusal:
    return Invalid({f"to_numbers.{place}": _BAD_NUMBER for place in range(len(written))})
