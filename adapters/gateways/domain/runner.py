"""Sends campaigns at their time, page by page.

A page's messages and how far the campaign has come with them are one transaction, so that a stop at any moment sends
nobody twice and leaves nobody out. What is due is read from the store; nothing of a campaign is held between two pages,
and the one that is due for longest has the next page.
"""

import asyncio

from msgspec import Struct
from msgspec.structs import replace
from structlog.typing import FilteringBoundLogger

from adapters.gateways.domain.sending import Decision, Result, Sending
from router.account import Account
from router.book import Book
from router.engine.intake import Intake
from router.engine.preparing import Via
from router.engine.running import Running
from router.engine.trouble import described
from router.gateway.campaigns import PENDING, content_for, due_of, failed, run_ended, started
from router.gateway.records import Campaign, Contact
from router.message import Message
from router.ports.clock import Clock
from router.ports.store import Rider, StoreUnavailable
from router.refusal import Refusal
from router.submit import Channel, Submit
from router.text.counting import too_long
from router.zones import zone

# Recipients of a page: of those that were given one by one as many as a request has; lists give way more often.
_GIVEN = 1000
_PAGE = 200
# Of the room in the queue, and of what its account may submit, a campaign leaves this part to everybody else.
_SHARE = 2
# Up to so many seconds a campaign waits for a single recipient whom it may not write to yet.
_PATIENCE = 60.0
# A clock that jumps is noticed after a minute at the latest.
_LOOK = 60.0
_AGAIN = 1.0


class _Recipient(Struct, gc=False):
    """`behind` is the cursor once it was sent to."""

    to: str
    contact: Contact | None
    behind: int


class _Page(Struct, gc=False):
    recipients: list[_Recipient]
    behind: int
    last: bool


class CampaignRunner:
    def __init__(self, intake: Intake, book: Book, running: Running, clock: Clock, log: FilteringBoundLogger) -> None:
        self._intake = intake
        self._book = book
        self._running = running
        self._clock = clock
        self._log = log
        self._sending = Sending(intake, book, clock)
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """After the engine and the book."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Before the engine."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def wake(self) -> None:
        """Something is due at another time than it was."""
        self._awake.set()

    async def _run(self) -> None:
        while True:
            self._awake.clear()
            try:
                campaign = await self._book.campaigns.due(self._clock.now())
                if campaign is not None:
                    await self._step(campaign)
                    continue
                due = await self._book.campaigns.next_due()
                pause = None if due is None else min((due - self._clock.now()) / 1000, _LOOK)
            except StoreUnavailable:
                pause = _AGAIN
            except Exception as error:
                self._log.error("campaigns_stuck", **described(error))
                pause = _AGAIN
            if pause is None or pause > 0:
                try:
                    async with asyncio.timeout(pause):
                        await self._awake.wait()
                except TimeoutError:
                    pass

    async def _step(self, campaign: Campaign) -> None:
        try:
            await self._go_on(campaign)
        except Refusal as refusal:
            if refusal.code == "store_unavailable":
                raise StoreUnavailable(refusal.detail) from None
            if refusal.code in ("campaign_not_found", "not_pending"):
                return  # somebody was quicker: it is not to be sent any more
            if refusal.retry_after is not None:
                wait = round(max(_AGAIN, refusal.retry_after) * 1000)
                await self._book.campaigns.postpone(campaign.no, self._clock.now() + wait)
                return
            await self._fail(campaign, refusal.code)
        except StoreUnavailable:
            raise
        except Exception as error:
            self._log.error("campaign_failed", campaign=campaign.no, **described(error))
            await self._fail(campaign, "internal_error")

    async def _go_on(self, campaign: Campaign) -> None:
        """Send the next page. Raises Refusal where it cannot be sent."""
        account = self._running.plan.accounts.get(campaign.account)
        if account is None or account.status != "active":
            raise Refusal("account_suspended", "the account is not active")
        if campaign.state in PENDING:
            # From here on nobody changes what it says, so what is sent is what was read.
            now = self._clock.now()
            campaign = await self._book.campaigns.change(
                campaign.account, campaign.face, campaign.no, PENDING, lambda found: started(found, now)
            )
        page = await self._page(campaign, self._size(account, campaign))
        await self._send(account, campaign, page)

    async def _fail(self, campaign: Campaign, reason: str) -> None:
        now = self._clock.now()
        self._log.warning("campaign_ended", campaign=campaign.no, account=campaign.account, reason=reason)
        try:
            await self._book.campaigns.change(
                campaign.account,
                campaign.face,
                campaign.no,
                PENDING | {"processing"},
                lambda found: failed(found, reason, now),
            )
        except Refusal:
            pass  # it was paused or cancelled meanwhile; a paused one fails when it goes on

    def _size(self, account: Account, campaign: Campaign) -> int:
        """How many recipients may be taken now. Raises Refusal `queue_full`."""
        size = _PAGE if campaign.groups else _GIVEN
        room = self._running.plan.settings.limits.queued // _SHARE - self._intake.waiting
        if room <= 0:
            raise Refusal("queue_full", "too many messages wait already", retry_after=_AGAIN)
        quota = self._intake.quota(account)
        if quota is not None:
            room = min(room, max(1, int(quota.left) // _SHARE))
        return min(size, room)

    async def _page(self, campaign: Campaign, size: int) -> _Page:
        cursor = campaign.cursor
        if campaign.groups:
            piece = await self._book.contacts.audience(
                campaign.account, campaign.groups, cursor, size, campaign.by, (campaign.no, campaign.runs)
            )
            behind = piece.next or max([cursor, *(contact.no for contact in piece.contacts)])
            recipients = [_Recipient(_address(campaign, contact), contact, contact.no) for contact in piece.contacts]
            return _Page(recipients, behind, piece.next is None)
        if campaign.contacts:
            nos = campaign.contacts[cursor : cursor + size]
            found = await self._book.contacts.find(campaign.account, nos)
            recipients = [
                _Recipient(_address(campaign, found[no]), found[no], cursor + place)
                for place, no in enumerate(nos, 1)
                if no in found and found[no].status == "active" and _address(campaign, found[no])
            ]
            return _Page(recipients, cursor + len(nos), cursor + len(nos) >= len(campaign.contacts))
        numbers = campaign.numbers[cursor : cursor + size]
        recipients = [_Recipient(to, None, cursor + place) for place, to in enumerate(numbers, 1)]
        return _Page(recipients, cursor + len(numbers), cursor + len(numbers) >= len(campaign.numbers))

    async def _send(self, account: Account, campaign: Campaign, page: _Page) -> None:
        """Raises Refusal as Sending.send does."""
        submits = []
        sent_to = []
        reason = campaign.reason
        for recipient in page.recipients:
            try:
                submits.append(_submit(campaign, recipient))
                sent_to.append(recipient)
            except Refusal as refusal:
                reason = reason or refusal.code

        def decide(results: list[Result]) -> Decision:
            taken = _until_wait(results)
            self._intake.discard([result for result in results[taken:] if isinstance(result, Message)])
            if not taken and results:
                assert isinstance(results[0], Refusal)
                raise results[0]
            messages = [result for result in results[:taken] if isinstance(result, Message)]
            whole = taken == len(results)
            behind = page.behind if whole else sent_to[taken - 1].behind
            refused = sum(1 for one in page.recipients if one.behind <= behind) - len(messages)
            codes = (result.code for result in results[:taken] if isinstance(result, Refusal))
            further = replace(
                campaign,
                cursor=behind,
                accepted=campaign.accepted + len(messages),
                refused=campaign.refused + refused,
                charged=campaign.charged + sum(message.charged for message in messages),
                reason=None if campaign.accepted or messages else reason or next(codes, None),
            )
            return self._decision(account, further, messages, sent_to[:taken], page.last and whole)

        await self._sending.send(account, submits, Via(campaign.face, campaign.tariff, parts=campaign.parts), decide)

    def _decision(
        self, account: Account, further: Campaign, messages: list[Message], sent_to: list[_Recipient], last: bool
    ) -> Decision:
        now = self._clock.now()
        due: int | None = now
        contacts: list[tuple[int, str]] = []
        if last:
            further = run_ended(further, zone(account.time_zone), now)
            due = due_of(further)
        elif further.groups:
            contacts = [(one.contact.no, one.to) for one in sent_to if one.contact is not None]
        riders: list[Rider] = [self._book.campaigns.advance(further, due, contacts)]
        if messages:
            no = self._book.next_no()
            riders.append(self._sending.record(no, account, further.face, messages, further.no))
        return Decision(b"", messages, riders, detail=f"campaign {further.name}".rstrip())


def _submit(campaign: Campaign, recipient: _Recipient) -> Submit:
    """Raises Refusal where the recipient's own text is none, or too long."""
    text, options = content_for(campaign, recipient.contact)
    if campaign.longest is not None and too_long(text, campaign.longest) is not None:
        raise Refusal("too_long", "what is filled in makes the text too long", "text")
    return Submit(
        to=recipient.to,
        sender=campaign.sender,
        text=text,
        options=options,
        traffic_class=campaign.traffic_class,
        channel=Channel(campaign.channel),
    )


def _address(campaign: Campaign, contact: Contact) -> str:
    return (contact.number if campaign.by == "number" else contact.email) or ""


def _until_wait(results: list[Result]) -> int:
    """How many results come before the first recipient for whom it is worth waiting."""
    for place, result in enumerate(results):
        if isinstance(result, Refusal) and result.code == "rate_limited" and (result.retry_after or 0) <= _PATIENCE:
            return place
    return len(results)
