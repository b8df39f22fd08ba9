"""What a FullSMS account has: its balance, numbers, lists, sender ids and templates."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TypeVar

import phonenumbers
from msgspec.json import Encoder

from adapters.gateways.domain.answers import JSON
from adapters.gateways.fullsms import shapes
from adapters.gateways.fullsms.senders import is_number
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.web.reply import Reply
from router.account import Account, OwnNumber
from router.engine.wallets import Wallets
from router.money import from_nano
from router.refusal import Refusal

_PAGE = 1000

T = TypeVar("T")

_encode = Encoder().encode


class AccountCalls:
    def __init__(self, services: Services) -> None:
        self._book = services.book
        self._wallets = services.wallets

    async def balance(self, asked: Asked) -> Reply:
        """FS-11."""
        return _said(shapes.Balance(_number(from_nano(self._wallets.balance(asked.caller.account.name)))))

    async def numbers(self, asked: Asked) -> Reply:
        """FS-12; those that cannot be sent from are not there."""
        numbers = [
            shapes.Number(own.number.removeprefix("+"), _country(own))
            for own in asked.caller.account.numbers
            if own.active
        ]
        return _said(shapes.Numbers(len(numbers), numbers))

    async def lists(self, asked: Asked) -> Reply:
        """FS-13."""
        name = asked.caller.account.name
        groups = await _every(lambda offset: self._book.groups.page(name, offset, _PAGE))
        counts = await self._book.groups.counts([group.no for group in groups], subscribed=True)
        lists = [
            shapes.List(group.number, group.name, group.subscribe_word, counts.get(group.no, 0)) for group in groups
        ]
        return _said(shapes.Lists(len(lists), lists))

    async def sender_ids(self, asked: Asked) -> Reply:
        """FS-14."""
        ids = [sender for sender in asked.caller.account.senders or () if not is_number(sender)]
        return _said(shapes.SenderIds(len(ids), ids))

    async def templates(self, asked: Asked) -> Reply:
        """FS-15; those of other channels are of no use here."""
        name = asked.caller.account.name
        found = await _every(lambda offset: self._book.templates.page(name, offset, _PAGE))
        templates = [shapes.Template(one.number, one.name, one.content) for one in found if one.channel == "sms"]
        return _said(shapes.Templates(len(templates), templates))


def check_balance(account: Account, wallets: Wallets) -> None:
    """FS-7: the balance must be over the account's minimum, where its wallet is prepaid. Raises Refusal
    `insufficient_credit`."""
    minimum = account.gateways["fullsms"].get("minimum_balance")
    if minimum is None or account.wallet != "prepaid":
        return
    if from_nano(wallets.balance(account.name)) <= minimum:
        raise balance_low(account)


def balance_low(account: Account) -> Refusal:
    minimum = account.gateways["fullsms"].get("minimum_balance", Decimal(0))
    detail = f"Balance must be over ${minimum:f} to create or schedule new campaigns or messages"
    return Refusal("insufficient_credit", detail)


async def _every(page: Callable[[int], Awaitable[tuple[list[T], int]]]) -> list[T]:
    """Everything of what is listed page by page, oldest first."""
    found: list[T] = []
    while True:
        more, total = await page(len(found))
        found += more
        if not more or len(found) >= total:
            return found[::-1]


def _country(own: OwnNumber) -> str | None:
    if own.country is not None:
        return own.country
    return phonenumbers.region_code_for_number(phonenumbers.parse(own.number))


def _number(amount: Decimal) -> int | float:
    whole = int(amount)
    return whole if whole == amount else float(amount)


def _said(answer: object) -> Reply:
    return Reply(200, _encode(answer), JSON)
