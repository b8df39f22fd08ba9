"""FullSMS's one-time passwords: integers of six digits, three tries, ten minutes."""

from datetime import UTC, datetime
from typing import Any

from msgspec.json import Encoder

from adapters.gateways.domain.answers import JSON
from adapters.gateways.domain.codes import CodeRules, Codes, Wanted
from adapters.gateways.domain.numbers import number_of
from adapters.gateways.fullsms import shapes
from adapters.gateways.fullsms.account import balance_low, check_balance
from adapters.gateways.fullsms.checking import Fields, is_integer, of_codes
from adapters.gateways.fullsms.messages import NAME
from adapters.gateways.fullsms.senders import sender_of
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.web.reply import Reply
from router.account import Account
from router.gateway.codes import state_of
from router.gateway.ids import UUID
from router.gateway.records import Code
from router.message import Message, TrafficClass
from router.refusal import Refusal
from router.submit import Submit
from router.text import gsm7

_DIGITS = 6
_ATTEMPTS = 3
_LIFE = 600.0
_PAUSE = 30.0
_MOST = 100
_LONGEST_BRAND_GSM7 = 50
_LONGEST_BRAND = 12
# What nobody means as a code; longer ones are not kept as a try.
_MOST_DIGITS = 18

_STATUS: dict[str, shapes.CodeStatus] = {
    "pending": "in_progress",
    "verified": "approved",
    "failed": "failed",
    "cancelled": "canceled",
    "replaced": "canceled",
    "expired": "expired",
}

_OK = b'["ok"]'

_encode = Encoder().encode


class CodeCalls:
    def __init__(self, services: Services, codes: Codes) -> None:
        self._clock = services.clock
        self._wallets = services.wallets
        self._codes = codes

    async def create(self, asked: Asked) -> Reply:
        """FS-24, FS-31."""
        account = asked.caller.account
        fields = Fields(asked.body)
        to, sender, brand = (fields.text(name) for name in ("to_number", "from", "brand"))
        wrong = dict.fromkeys(fields.errors)
        number = _number(to)
        if number is None:
            wrong["to_number"] = None
        if brand is not None and not _fits(brand):
            wrong["brand"] = None
        if wrong or number is None:
            raise of_codes(*wrong)
        sender = sender_of(account, sender)
        check_balance(account, self._wallets)
        settings = account.gateways[NAME].get("otp", {})
        rules = CodeRules(NAME, _DIGITS, _ATTEMPTS, settings.get("life", _LIFE), _PAUSE, settings.get("active", _MOST))
        wanted = Wanted("sms", number, sender, brand or "")

        def submit(digits: str) -> Submit:
            return Submit(to=number, sender=sender, text=_text(digits, brand), traffic_class=TrafficClass.OTP)

        try:
            answer = await self._codes.make(account, rules, wanted, submit, _made)
        except Refusal as refusal:
            raise _in_its_words(refusal, account, rules) from None
        return Reply(answer.status, answer.body, JSON)

    async def verify(self, asked: Asked) -> Reply:
        """FS-25 to FS-27."""
        fields = Fields(asked.body)
        id, given = fields.text("otp_id"), _given(fields.value("code"))
        if id is None or given is None:
            raise of_codes(*(name for name, value in (("otp_id", id), ("code", given)) if value is None))
        code = await self._codes.verify(asked.caller.account, NAME, _no(id), given)
        if code.state != "verified":
            raise of_codes("code")
        return Reply(200, _encode(shapes.CodeApproved("approved")), JSON)

    async def cancel(self, asked: Asked) -> Reply:
        """FS-28."""
        id = Fields(asked.body).text("otp_id")
        if id is None:
            raise of_codes("otp_id")
        await self._codes.cancel(asked.caller.account, NAME, _no(id))
        return Reply(200, _OK, JSON)

    async def search(self, asked: Asked) -> Reply:
        """FS-29, FS-30."""
        id = asked.raw.query.get("otp_id")
        if not id:
            raise of_codes("otp_id")
        code = await self._codes.find(asked.caller.account, NAME, _no(id))
        checks = [
            shapes.Check(_written(one.at), int(one.code), "valid" if one.right else "invalid") for one in code.tries
        ]
        created = _written(code.created)
        view = shapes.CodeView(
            UUID.write(code.no),
            _STATUS[state_of(code, self._clock.now())],
            code.contact.removeprefix("+"),
            (code.sender or "").removeprefix("+"),
            code.brand,
            created,
            created,
            checks[-1].date if checks else None,
            checks,
        )
        return Reply(200, _encode(view), JSON)


def _text(digits: str, brand: str | None) -> str:
    return f"Your {brand} verification code is {digits}." if brand else f"Your verification code is {digits}."


def _made(code: Code, message: Message) -> bytes:
    return _encode(shapes.CodeMade("approved", UUID.write(code.no), "in_progress"))


def _in_its_words(refusal: Refusal, account: Account, rules: CodeRules) -> Refusal:
    """What kept a code from being sent."""
    if refusal.code == "insufficient_credit":
        return balance_low(account)
    if refusal.code == "too_many_codes":
        said = f"You can create up-to {rules.most} concurrent active OTP_IDs"
        return Refusal(refusal.code, said, retry_after=refusal.retry_after)
    if refusal.field == "to" and refusal.code != "rate_limited":
        return of_codes("to_number")
    return refusal


def _number(written: str | None) -> str | None:
    if written is None:
        return None
    try:
        return number_of(written)
    except Refusal:
        return None


def _fits(brand: str) -> bool:
    return len(brand) <= (_LONGEST_BRAND if gsm7.missing(brand) else _LONGEST_BRAND_GSM7) and brand.isprintable()


def _given(value: Any) -> str | None:
    """A code as it is compared and kept: a whole number, also one that is written as a text; None for anything else."""
    if isinstance(value, str):
        digits = value.strip()
        value = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else None
    return str(value) if is_integer(value) and 0 <= value < 10**_MOST_DIGITS else None


def _no(id: str) -> int:
    """0, which nothing has, for what is no id."""
    return UUID.read(id) or 0


def _written(at: int) -> str:
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
