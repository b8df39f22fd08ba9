"""One-time codes: made, sent, verified. What they are is decided by router.gateway.codes."""

import asyncio
from collections.abc import Callable
from functools import partial
from math import ceil
from secrets import randbelow
from typing import NamedTuple

from msgspec import Struct

from adapters.gateways.domain.sending import Decision, Result, Sending
from router.account import Account
from router.book import Book
from router.engine.intake import Answer
from router.engine.preparing import Via
from router.gateway.codes import cancelled, digest_of, tried
from router.gateway.records import Code
from router.message import Message
from router.ports.clock import Clock
from router.refusal import Refusal
from router.submit import Submit
from router.wallet import Tariff


class CodeRules(Struct, frozen=True, gc=False):
    """How a public API has its codes. `life` is in seconds. Within `pause` seconds there is no second code for a
    contact; after them it takes the place of the first. An account has at most `most` that can be verified."""

    face: str
    digits: int = 6
    attempts: int = 5
    life: float = 600.0
    pause: float = 0.0
    most: int | None = None


class Wanted(Struct, frozen=True, gc=False):
    """A code to be made for a contact; `sender` and `brand` are kept with it."""

    channel: str
    contact: str
    sender: str | None = None
    brand: str = ""


class _Slot(NamedTuple):
    """What there is one pending code for."""

    account: str
    face: str
    channel: str
    contact: str


class Codes:
    def __init__(self, book: Book, sending: Sending, clock: Clock) -> None:
        self._book = book
        self._sending = sending
        self._clock = clock
        # Of the APIs that have a pause or a maximum: who is being made a code for, and of these who may have one, which
        # is on its way to the disk.
        self._making: set[_Slot] = set()
        self._granted: set[_Slot] = set()
        self._ended = asyncio.Event()

    async def make(
        self,
        account: Account,
        rules: CodeRules,
        wanted: Wanted,
        submit: Callable[[str], Submit],
        answer: Callable[[Code, Message], bytes],
    ) -> Answer:
        """Make a code, send what `submit` says of it, and keep its hash in the same transaction; `answer` gives the
        body. Raises Refusal `code_too_soon`, `too_many_codes`, and as Sending.send."""
        if not rules.pause and rules.most is None:
            return await self._send(account, rules, wanted, submit, answer)
        slot = _Slot(account.name, rules.face, wanted.channel, wanted.contact)
        if slot in self._making:
            raise _too_soon(rules.pause or 1.0)
        self._making.add(slot)
        try:
            if not await self._replaces(slot, rules.pause) and rules.most is not None:
                await self._grant(slot, rules.most)
            return await self._send(account, rules, wanted, submit, answer)
        finally:
            self._making.discard(slot)
            if slot in self._granted:
                self._granted.discard(slot)
                self._ended.set()
                self._ended = asyncio.Event()

    async def _send(
        self,
        account: Account,
        rules: CodeRules,
        wanted: Wanted,
        submit: Callable[[str], Submit],
        answer: Callable[[Code, Message], bytes],
    ) -> Answer:
        code, digits = self._new(account, rules, wanted)
        decide = partial(self._decide, code=code, answer=answer)
        via = Via(rules.face, Tariff.PRICE, confidential=True)
        return await self._sending.send(account, [submit(digits)], via, decide)

    async def verify(self, account: Account, face: str, no: int, given: str) -> Code:
        """The code after a try with what somebody gave: `verified` where it was right. One transaction for each try.

        Raises Refusal `code_not_found`, `code_not_active`, `code_failed`.
        """
        now = self._clock.now()
        return _there(
            await self._book.codes.change(
                account.name, face, no, lambda code: tried(code, given, self._book.secret, now)
            )
        )

    async def cancel(self, account: Account, face: str, no: int) -> Code:
        """Raises Refusal `code_not_found`, `code_not_active`."""
        now = self._clock.now()
        return _there(await self._book.codes.change(account.name, face, no, lambda code: cancelled(code, now)))

    async def find(self, account: Account, face: str, no: int) -> Code:
        """Raises Refusal `code_not_found`."""
        return _there(await self._book.codes.find(account.name, face, no))

    async def pending(self, account: Account, face: str, channel: str, contact: str) -> Code:
        """The code that a contact may still give. Raises Refusal `code_not_found`."""
        code = _there(await self._book.codes.pending(account.name, face, channel, contact))
        if code.expires <= self._clock.now():
            raise _nowhere()
        return code

    async def _replaces(self, slot: _Slot, pause: float) -> bool:
        """Whether the contact has a code already, whose place the new one takes. Raises Refusal `code_too_soon`."""
        now = self._clock.now()
        before = await self._book.codes.pending(*slot)
        if before is None or before.expires <= now:
            return False
        wait = (before.created - now) / 1000 + pause
        if wait > 0:
            raise _too_soon(wait)
        return True

    async def _grant(self, slot: _Slot, most: int) -> None:
        """Wait until it is certain whether there may be one code more: one on its way may yet be refused.

        Raises Refusal `too_many_codes`.
        """
        while True:
            now, ended = self._clock.now(), self._ended
            count, soonest = await self._book.codes.active(slot.account, slot.face, now, self._on_the_way(slot))
            if count >= most:
                wait = (soonest - now) / 1000 if soonest is not None else 1.0
                raise Refusal("too_many_codes", f"{most} codes are active already", retry_after=wait)
            # What has ended since, also what began since, may be in no count: then it is counted anew.
            if self._ended is ended:
                if count + len(self._on_the_way(slot)) < most:
                    self._granted.add(slot)
                    return
                await ended.wait()

    def _on_the_way(self, slot: _Slot) -> set[tuple[str, str]]:
        """The channels and contacts of the account's codes in the same API that are."""
        return {(one.channel, one.contact) for one in self._granted if one[:2] == slot[:2]}

    def _new(self, account: Account, rules: CodeRules, wanted: Wanted) -> tuple[Code, str]:
        """The code as it is kept, and its digits; the first is no zero, for some clients take it for a number."""
        least: int = 10 ** (rules.digits - 1)
        digits = str(least + randbelow(9 * least))
        no, now = self._book.next_no(), self._clock.now()
        code = Code(
            no=no,
            account=account.name,
            face=rules.face,
            channel=wanted.channel,
            contact=wanted.contact,
            digest=digest_of(self._book.secret, no, digits),
            created=now,
            expires=now + ceil(rules.life * 1000),
            attempts=rules.attempts,
            sender=wanted.sender,
            brand=wanted.brand,
        )
        return code, digits

    def _decide(self, results: list[Result], code: Code, answer: Callable[[Code, Message], bytes]) -> Decision:
        (result,) = results
        if isinstance(result, Refusal):
            raise result
        return Decision(answer(code, result), [result], [self._book.codes.record(code)])


def _there(code: Code | None) -> Code:
    if code is None:
        raise _nowhere()
    return code


def _nowhere() -> Refusal:
    return Refusal("code_not_found", "there is no such code")


def _too_soon(wait: float) -> Refusal:
    return Refusal("code_too_soon", "a code was sent to this contact just now", retry_after=wait)
