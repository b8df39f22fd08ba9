"""TextioPro's sends to groups."""

from collections.abc import Sequence
from typing import Any

from adapters.gateways.domain.parameters import Parameters
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.textiopro.access import NAME
from adapters.gateways.textiopro.answers import success
from adapters.gateways.textiopro.sends import VIA, Content, channel_of, class_of, content_of, named
from adapters.gateways.textiopro.shapes import CampaignReport, CampaignStatus, CampaignView, Stats
from adapters.gateways.textiopro.words import bare, microseconds, minutes
from adapters.web.reply import Reply
from router.account import Account
from router.engine.senders import sender_for
from router.gateway.ids import HEX13
from router.gateway.records import Campaign, CampaignState
from router.message import EncodingWish
from router.money import NANO
from router.operator import TextRules
from router.refusal import Refusal
from router.submit import Channel
from router.text.segment import segment

_MOST_GROUPS = 1000

_STATUS: dict[CampaignState, CampaignStatus] = {
    "scheduled": "scheduled",
    "queued": "queued",
    "processing": "processing",
    "paused": "processing",
    "done": "done",
    "cancelled": "cancelled",
    "failed": "failed",
}


class CampaignCalls:
    def __init__(self, services: Services) -> None:
        self._book = services.book
        self._clock = services.clock
        self._running = services.running
        self._wallets = services.wallets
        self._campaigns = services.campaigns

    async def create(self, asked: Asked) -> Reply:
        """TP-35 to TP-37."""
        account = asked.caller.account
        uids = _uids(asked.read)
        now = self._clock.now()
        content = content_of(asked.read, account, now)
        groups = await self._groups(account.name, uids)
        parts = self._parts(account, content)
        cost = await self._book.contacts.reached(account.name, groups) * parts * NANO
        available = self._wallets.available(account.name)
        if available is not None and cost > available:
            raise Refusal("insufficient_credit", "the wallet cannot pay for all of it")
        campaign = Campaign(
            self._book.next_no(),
            account.name,
            NAME,
            now,
            content.send_at or now,
            content.text,
            name=f"Campaign {minutes(now, account.time_zone)}",
            options=content.options,
            sender=content.sender,
            channel=channel_of(content.kind).value,
            traffic_class=class_of(content.kind),
            tariff=VIA.tariff,
            groups=groups,
            extra={"kind": content.kind, "lists": ",".join(uids)},
        )
        made = await self._campaigns.create(campaign)
        return success(CampaignView(**_view(made, account)))

    async def one(self, asked: Asked) -> Reply:
        """TP-40."""
        account = asked.caller.account
        campaign = await self._campaigns.find(account.name, NAME, HEX13.read(asked.params["uid"]) or 0)
        counted = await self._campaigns.stats(campaign)
        stats = Stats(
            counted.total, counted.queued, counted.sent, counted.delivered, counted.undelivered, counted.failed
        )
        start = microseconds(campaign.started) if campaign.started is not None else None
        end = microseconds(campaign.ended) if campaign.ended is not None else None
        return success(CampaignReport(**_view(campaign, account), stats=stats, start_at=start, delivery_at=end))

    async def _groups(self, account: str, uids: Sequence[str]) -> list[int]:
        """Raises Refusal `group_not_found`."""
        nos = [HEX13.read(uid) or 0 for uid in uids]
        found = await self._book.groups.find(account, nos)
        if len(found) != len(nos):
            raise Refusal("group_not_found", "there is no such group")
        return nos

    def _parts(self, account: Account, content: Content) -> int:
        """How many parts a message has at least. Raises Refusal for what would be refused to everybody."""
        channel = channel_of(content.kind)
        try:
            sender_for(account, content.sender, channel.value)
        except Refusal as refusal:
            raise named(refusal, content) from None
        if channel is not Channel.SMS:
            return 1
        most = self._running.plan.settings.limits.message_parts
        return segment(content.text, EncodingWish.AUTO, TextRules(), most, account.transliterate).count


def _uids(given: Parameters) -> list[str]:
    """TP-36: the uids of the groups, each once, under either name. Raises Refusal `invalid_request`."""
    name = "recipient" if given.text("contact_list_id") is None else "contact_list_id"
    uids = dict.fromkeys(one for one in map(str.strip, (given.text(name) or "").split(",")) if one)
    if not uids:
        raise Refusal("invalid_request", "The contact_list_id field is required.", "contact_list_id")
    if len(uids) > _MOST_GROUPS:
        detail = f"The contact_list_id must not have more than {_MOST_GROUPS} groups."
        raise Refusal("invalid_request", detail, "contact_list_id")
    return list(uids)


def _view(campaign: Campaign, account: Account) -> dict[str, Any]:
    """TP-37, field by field."""
    is_scheduled = campaign.first > campaign.created
    return {
        "uid": HEX13.write(campaign.no),
        "campaign_name": campaign.name,
        "status": _STATUS[campaign.state],
        "recipient_count": campaign.recipients,
        "contact_list_id": campaign.extra["lists"],
        "sender_id": bare(campaign.sender) if campaign.sender is not None else None,
        "sms_type": campaign.extra["kind"],
        "message": campaign.text,
        "schedule_time": minutes(campaign.first, account.time_zone) if is_scheduled else None,
        "created_at": microseconds(campaign.created),
    }
