"""Campaigns as the public APIs handle them: made, listed, changed, paused, cancelled. The runner sends them."""

from collections.abc import Callable, Collection

from msgspec.structs import replace

from router.book import Book
from router.gateway.campaigns import OPEN, CampaignChange, at_time, cancelled, paused, resumed
from router.gateway.records import Campaign, CampaignQuery, CampaignState, CampaignStats
from router.ports.clock import Clock
from router.ports.store import Rider
from router.refusal import Refusal

_PIECE = 1000


class Campaigns:
    """`wake` tells the runner that something is due at another time than it was."""

    def __init__(self, book: Book, clock: Clock, wake: Callable[[], None]) -> None:
        self._book = book
        self._clock = clock
        self.wake = wake

    async def create(self, campaign: Campaign) -> Campaign:
        """Make a campaign of what is given but its progress; the API fills in whom and what, with a number of the Book.
        It runs at `first`, at once where that is past. Raises Refusal `no_recipients` where it can reach nobody by
        `numbers` or `contacts`, and StoreUnavailable."""
        made = await self.prepare(campaign)
        await self._book.campaigns.add(made)
        self.wake()
        return made

    async def prepare(self, campaign: Campaign) -> Campaign:
        """What `create` makes, to be written by `record`; then `wake` is to be called."""
        now = self._clock.now()
        numbers = list(dict.fromkeys(campaign.numbers))
        contacts = await self._reached(campaign) if campaign.contacts else []
        if campaign.groups:
            reached = await self._book.contacts.reached(campaign.account, campaign.groups, campaign.by)
        elif numbers or contacts:
            reached = len(numbers) + len(contacts)
        else:
            raise Refusal("no_recipients", "none of the recipients can be reached")
        first = max(campaign.first, now)
        whole = replace(campaign, first=first, numbers=numbers, contacts=contacts, recipients=reached)
        return at_time(whole, first, now)

    def record(self, campaign: Campaign) -> Rider:
        """Write what was prepared with the answer to an idempotent request."""
        return self._book.campaigns.record(campaign)

    async def find(self, account: str, face: str, no: int) -> Campaign:
        """Raises Refusal `campaign_not_found`."""
        campaign = await self._book.campaigns.find(account, face, no)
        if campaign is None:
            raise Refusal("campaign_not_found", "there is no such campaign")
        return campaign

    async def page(self, query: CampaignQuery, offset: int, limit: int) -> tuple[list[Campaign], int]:
        """Newest first, and how many there are."""
        return await self._book.campaigns.page(query, offset, limit)

    async def stats(self, campaign: Campaign) -> CampaignStats:
        """What became of its messages so far."""
        return await self._book.campaigns.stats(campaign.no)

    async def change(self, account: str, face: str, no: int, change: CampaignChange) -> Campaign:
        """Change what is said, by whom or when (`first`) before anything was sent; `change` gives the campaign as it
        is to be and may raise Refusal. Raises Refusal `campaign_not_found`, `not_pending`."""
        now = self._clock.now()

        def whole(campaign: Campaign) -> Campaign:
            changed = change(campaign)
            return at_time(changed, changed.first, now) if changed.first != campaign.first else changed

        return await self._change(account, face, no, frozenset({"scheduled"}), whole)

    async def cancel(self, account: str, face: str, no: int, of: Collection[CampaignState] = OPEN) -> Campaign:
        """Send no more of it; what was accepted stays so. Raises Refusal `campaign_not_found`, and `not_pending` where
        its state is none of `of` (PENDING: only what has not begun)."""
        now = self._clock.now()
        return await self._change(account, face, no, of, lambda campaign: cancelled(campaign, now))

    async def pause(self, account: str, face: str, no: int) -> Campaign:
        """Hold it where it is. Raises as `cancel`."""
        return await self._change(account, face, no, OPEN - {"paused"}, paused)

    async def resume(self, account: str, face: str, no: int) -> Campaign:
        """Let a paused one go on. Raises as `cancel`."""
        now = self._clock.now()
        return await self._change(account, face, no, {"paused"}, lambda campaign: resumed(campaign, now))

    async def _change(
        self, account: str, face: str, no: int, of: Collection[CampaignState], change: CampaignChange
    ) -> Campaign:
        changed = await self._book.campaigns.change(account, face, no, of, change)
        self.wake()
        return changed

    async def _reached(self, campaign: Campaign) -> list[int]:
        """The contacts that can be reached, each address by the first that has it."""
        taken: dict[str, int] = {}
        for start in range(0, len(campaign.contacts), _PIECE):
            found = await self._book.contacts.find(campaign.account, campaign.contacts[start : start + _PIECE])
            for contact in found.values():
                address = contact.number if campaign.by == "number" else contact.email
                if address is not None and contact.status == "active":
                    taken.setdefault(address, contact.no)
        return sorted(taken.values())
