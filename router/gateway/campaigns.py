"""Campaigns: what is said to whom, when they run again, and what becomes of them. Times are ms, UTC."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from html import escape
from typing import Any, Final

from msgspec.structs import replace

from router.gateway.records import Campaign, CampaignState, Contact, Frequency
from router.gateway.templates import fill, of_contact
from router.refusal import Refusal
from router.zones import local

CampaignChange = Callable[[Campaign], Campaign]
"""Makes of a campaign what it is from now on; raises Refusal where it stays."""

PENDING: Final[frozenset[CampaignState]] = frozenset({"scheduled", "queued"})
"""Nothing of this run was sent yet."""

OPEN: Final[frozenset[CampaignState]] = PENDING | {"processing", "paused"}
"""Not over."""


def due_of(campaign: Campaign) -> int | None:
    """When there is next something to do for it, None where that is never or nobody knows."""
    return campaign.at if campaign.state in PENDING or campaign.state == "processing" else None


def at_time(campaign: Campaign, at: int, now: int) -> Campaign:
    """A campaign whose next run is at a time; what is past is now."""
    return replace(campaign, at=max(at, now), state="scheduled" if at > now else "queued")


def paused(campaign: Campaign) -> Campaign:
    return replace(campaign, state="paused")


def resumed(campaign: Campaign, now: int) -> Campaign:
    """It goes on where it was."""
    return at_time(campaign, campaign.at, now)


def cancelled(campaign: Campaign, now: int) -> Campaign:
    return replace(campaign, state="cancelled", ended=now)


def started(campaign: Campaign, now: int) -> Campaign:
    return replace(campaign, state="processing", started=campaign.started or now)


def failed(campaign: Campaign, reason: str, now: int) -> Campaign:
    return replace(campaign, state="failed", reason=reason, ended=now)


def run_ended(campaign: Campaign, zone: tzinfo, now: int) -> Campaign:
    """All of this run was sent: done, or waiting for its next run."""
    runs = campaign.runs + 1
    if campaign.frequency == "once":
        return replace(campaign, state="done", runs=runs, ended=now)
    at = next_run(campaign.first, campaign.frequency, zone, now)
    return replace(campaign, state="scheduled", runs=runs, cursor=0, at=at)


def next_run(first: int, frequency: Frequency, zone: tzinfo, now: int) -> int:
    """The next time after now at which what ran first at a time runs again: clocks in the zone then show the same. In a
    month without that day it is the last one. Runs that were missed are not made up for."""
    began = local(first, zone)
    number = _passed(began, local(now, zone), frequency)
    while (at := _nth(began, frequency, number)) <= now:
        number += 1
    return at


def _passed(began: datetime, now: datetime, frequency: Frequency) -> int:
    """How many runs there were at least."""
    if frequency == "monthly":
        return max(1, (now.year - began.year) * 12 + now.month - began.month - 1)
    days = (now.date() - began.date()).days
    return max(1, (days if frequency == "daily" else days // 7) - 1)


def _nth(began: datetime, frequency: Frequency, number: int) -> int:
    if frequency == "monthly":
        years, month = divmod(began.month - 1 + number, 12)
        year = began.year + years
        day = min(began.day, monthrange(year, month + 1)[1])
        at = began.replace(year=year, month=month + 1, day=day)
    else:
        at = began + timedelta(days=number * (1 if frequency == "daily" else 7))
    return round(at.timestamp() * 1000)


def content_for(campaign: Campaign, contact: Contact | None) -> tuple[str, dict[str, Any] | None]:
    """The text and the options of the message to a contact, or to somebody of whom only the address is known. Raises
    Refusal `invalid_request` where nothing is left to say."""
    if campaign.values is None:
        return campaign.text, campaign.options
    values = campaign.values if contact is None else of_contact(contact) | campaign.values
    text = fill(campaign.text, values)
    if not text:
        raise Refusal("invalid_request", "the template leaves nothing to send", "text")
    return text, _filled(campaign.options, values) if campaign.options is not None else None


def _filled(options: dict[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    safe = {name: escape(value) for name, value in values.items()} if "html" in options else values
    return {name: _inside(value, safe if name == "html" else values) for name, value in options.items()}


def _inside(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return fill(value, values)
    if isinstance(value, list):
        return [_inside(one, values) for one in value]
    if isinstance(value, dict):
        return {name: _inside(one, values) for name, one in value.items()}
    return value
