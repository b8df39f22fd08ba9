"""TextDigo's campaigns: a template to contact lists, launched at once (TD-32)."""

from typing import Any

from msgspec.json import Decoder, Encoder

from adapters.gateways.domain.answers import JSON, milliseconds_utc
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.textdigo import answers, requests
from adapters.gateways.textdigo.checking import Invalid, Problem, read
from adapters.gateways.textdigo.sends import VIA, open_channel, sms_sender, whatsapp_channel
from adapters.gateways.textdigo.templates import whatsapp_options
from adapters.web.reply import Reply
from router.account import Account
from router.engine.senders import sender_for
from router.gateway.ids import UUID
from router.gateway.records import Campaign, Group, Template
from router.refusal import Refusal

_encode = Encoder().encode
_campaign = Decoder(requests.CampaignRequest)


class CampaignCalls:
    def __init__(self, services: Services) -> None:
        self._book = services.book
        self._clock = services.clock
        self._campaigns = services.campaigns

    async def launch(self, asked: Asked) -> Reply:
        """TD-32."""
        wanted = read(_campaign, asked.body)
        account = asked.caller.account
        template = await self._template(account, wanted.campaignSpecId)
        groups = await self._groups(account, wanted.profileIds)
        for index, group in enumerate(groups):
            if (group.channel or "sms") != template.channel:
                raise Invalid(Problem(f"profileIds.{index}", "enum", template.channel.upper()))
        if not template.content:
            raise Invalid(Problem("campaignSpecId", "format"))
        sender, options = _said(account, template)
        sender_for(account, sender, template.channel)  # may it be used at all
        now = self._clock.now()
        campaign = Campaign(
            self._book.next_no(),
            account.name,
            "textdigo",
            now,
            now,
            template.content,
            template.name,
            values={},
            options=options,
            sender=sender,
            channel=template.channel,
            by="email" if template.channel == "email" else "number",
            groups=list(dict.fromkeys(group.no for group in groups)),
            template=template.no,
            parts=VIA.parts,
            frequency=wanted.frequency.lower(),  # type: ignore[arg-type]
        )
        await self._campaigns.create(campaign)
        answer = answers.CampaignAnswer(
            UUID.write(campaign.no),
            wanted.campaignSpecId,
            wanted.profileIds,
            wanted.frequency,
            "RUNNING",
            milliseconds_utc(now),
        )
        return Reply(201, _encode(answer), JSON)

    async def _template(self, account: Account, id: str) -> Template:
        no = UUID.read(id)
        template = await self._book.templates.find(account.name, no) if no is not None else None
        if template is None:
            raise Refusal("template_not_found", "there is no such template")
        return template

    async def _groups(self, account: Account, ids: list[str]) -> list[Group]:
        """In the order of the ids."""
        nos = [UUID.read(id) for id in ids]
        found = await self._book.groups.find(account.name, [no for no in nos if no is not None])
        groups = [found[no] for no in nos if no in found]
        if len(groups) < len(ids):
            raise Refusal("group_not_found", "there is no such list")
        return groups


def _said(account: Account, template: Template) -> tuple[str | None, dict[str, Any] | None]:
    """By whom, and the options of its messages; their placeholders are filled for each contact. Raises About
    `channel_off`, Refusal `line_not_found`."""
    config = template.config or {}
    match template.channel:
        case "email":
            return open_channel(account, "email").sender, config
        case "whatsapp":
            return whatsapp_channel(account, config["line"]).sender, whatsapp_options(config, {})
    return sms_sender(account, open_channel(account, "sms"), config.get("sender")), None
