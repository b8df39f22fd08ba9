"""One message by each channel, as the API tells of it: who was asked to carry it, and its events."""

from collections import defaultdict
from typing import Any

from aiohttp import ClientSession
from rich.table import Table

from router.cli.demo.configuration import protocol
from router.cli.demo.messages import CHANNELS, HOTEL
from router.cli.demo.world import World

_ORDER = [planned.submit.get("channel", "sms") for planned in CHANNELS]


async def told(here: World) -> list[dict[str, Any]]:
    """By channel: operator, recipient, attempts, and the types of its events in their order."""
    async with ClientSession(here.url, headers=here.bearer(HOTEL), raise_for_status=True) as session:
        async with session.get("/v1/events", params={"limit": "1000"}) as response:
            page = await response.json()
        events: defaultdict[str, list[str]] = defaultdict(list)
        for event in page["events"]:
            events[event["message_id"]].append(event["type"])
        rows = []
        for id, types in events.items():
            async with session.get(f"/v1/messages/{id}") as response:
                rows.append(_row(await response.json(), types))
    return sorted(rows, key=lambda row: _ORDER.index(row["channel"]))


def _row(message: dict[str, Any], events: list[str]) -> dict[str, Any]:
    attempts = [
        {
            "operator": attempt["operator"],
            "protocol": protocol(attempt["operator"]),
            "outcome": attempt["outcome"],
            "status": attempt["status"],
        }
        for part in message["parts"]
        for attempt in part["attempts"]
    ]
    return {
        "channel": message["channel"],
        "operator": message["operator"],
        "to": message["to"],
        "attempts": attempts,
        "events": events,
    }


def failover(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The first message that one operator refused and another took."""
    return next((row for row in rows if len({attempt["operator"] for attempt in row["attempts"]}) > 1), None)


def table(rows: list[dict[str, Any]]) -> Table:
    """A message a line; of what failed over, an attempt a line."""
    title = "one message by each channel"
    shown = Table(title=title, min_width=len(title))
    for name in ("channel", "to", "attempts", "events"):
        shown.add_column(name)
    for row in rows:
        attempts = "\n".join(_attempt(attempt) for attempt in row["attempts"])
        events = "\n".join(event.removeprefix("message.") for event in row["events"])
        shown.add_row(row["channel"], row["to"], attempts, events)
    return shown


def _attempt(attempt: dict[str, Any]) -> str:
    status = f" {attempt['status']}" if attempt["status"] and attempt["outcome"] != "accepted" else ""
    return f"{attempt['operator']} ({attempt['protocol']}): {attempt['outcome'] or 'no answer yet'}{status}"
