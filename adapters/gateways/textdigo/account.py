"""TextDigo's account: its usage, its wallet, its channels."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from msgspec.json import Encoder

from adapters.gateways.domain.answers import JSON, milliseconds_utc
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.textdigo import answers, requests
from adapters.gateways.textdigo.checking import read_query
from adapters.gateways.textdigo.enumerations import CanalType
from adapters.gateways.textdigo.statuses import STATUS
from adapters.web.reply import Reply
from router.account import AccountChannel
from router.money import from_nano
from router.wallet import Entry, EntryKind

_encode = Encoder(decimal_format="number").encode
_TRANSACTIONS = 50
_NAMED: tuple[CanalType, ...] = ("SMS", "EMAIL", "WHATSAPP", "VOICE")


class AccountCalls:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def usage(self, asked: Asked) -> Reply:
        """TD-29: of the calendar month, UTC."""
        account = asked.caller.account.name
        start, end = _month(self._services.clock.now())
        sent: Counter[str] = Counter()
        delivered: Counter[str] = Counter()
        failed: Counter[str] = Counter()
        parts = 0
        for traffic in await self._services.book.usage.since(account, start):
            channel = traffic.channel
            status = STATUS[traffic.state]
            sent[channel] += traffic.messages
            if status == "DELIVERED":
                delivered[channel] += traffic.messages
            elif status != "SENT":
                failed[channel] += traffic.messages
            if channel == "sms":
                parts += traffic.parts
        codes, verified = await self._services.book.usage.codes(account, "textdigo", start)

        def of(channel: str) -> answers.ChannelUsage:
            return answers.ChannelUsage(sent[channel], delivered[channel], failed[channel])

        answer = answers.UsageAnswer(
            answers.Period(milliseconds_utc(start), milliseconds_utc(end)),
            answers.SmsUsage(sent["sms"], delivered["sms"], failed["sms"], parts),
            of("email"),
            of("whatsapp"),
            answers.CodeUsage(codes, verified),
            answers.Quota(None, sent.total(), None),
        )
        return Reply(200, _encode(answer), JSON)

    async def wallet(self, asked: Asked) -> Reply:
        """TD-30; an account that has no wallet has nothing in it."""
        account = asked.caller.account
        balance, entries = Decimal(0), []
        if account.wallet != "off":
            wallets = self._services.wallets
            balance = from_nano(wallets.balance(account.name))
            entries = await wallets.entries(account.name, None, _TRANSACTIONS)
        transactions = [_transaction(entry, account.currency) for entry in entries]
        return Reply(200, _encode(answers.WalletAnswer(balance, account.currency, transactions)), JSON)

    async def canals(self, asked: Asked) -> Reply:
        """TD-31; channels of types that TextDigo has no word for are not shown (XA-12)."""
        query = read_query(asked.raw.query, requests.CanalsQuery)
        types = _NAMED if query.type is None else (query.type,)
        canals = [_canal(channel) for channel in asked.caller.account.channels if channel.type.upper() in types]
        answer = answers.CanalsAnswer(canals[: query.limit], len(canals), query.limit)
        return Reply(200, _encode(answer), JSON)


def _month(now: int) -> tuple[int, int]:
    """The first and the last millisecond of the calendar month."""
    first = datetime.fromtimestamp(now / 1000, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    next_one = (first + timedelta(days=31)).replace(day=1)
    return round(first.timestamp() * 1000), round(next_one.timestamp() * 1000) - 1


def _transaction(entry: Entry, currency: str) -> answers.Transaction:
    kind: Literal["CREDIT", "DEBIT", "REFUND"]
    kind = "REFUND" if entry.kind is EntryKind.REFUND else "CREDIT" if entry.amount > 0 else "DEBIT"
    return answers.Transaction(
        str(entry.no),
        kind,
        from_nano(abs(entry.amount)),
        currency,
        entry.reference,
        entry.detail or entry.kind.value,
        milliseconds_utc(entry.at),
    )


def _canal(channel: AccountChannel) -> answers.Canal:
    type: CanalType = channel.type.upper()  # type: ignore[assignment]
    return answers.Canal(channel.id, type, channel.name, "ACTIVE" if channel.active else "INACTIVE")
