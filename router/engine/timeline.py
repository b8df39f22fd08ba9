"""One message's life as a list of moments, for the person who has to explain it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from router.event import LoggedEvent
from router.message import FINAL, SOURCES, Attempt, Message, Part
from router.outcome import shown_status
from router.ports.watching import WebhookView

Kind = Literal["accepted", "routed", "attempt", "answer", "receipt", "ended", "waiting", "event", "webhook"]


class Moment(Struct, frozen=True, gc=False):
    """Something that happened to a message; `time` is null for what is so now. `state` is the word of its kind: the
    outcome of an attempt, the state of a receipt or of the message, `sent`, `waits` or `none` of a webhook."""

    time: datetime | None
    kind: Kind
    text: str
    part: int | None = None
    operator: str | None = None
    state: str | None = None


def timeline(message: Message, events: Iterable[LoggedEvent], webhook: WebhookView | None) -> list[Moment]:
    """In the order of time; what is so now comes last. `events` are those told about the message, as far as they are
    kept."""
    found = [*_life(message), *_told(message, events, webhook)]
    # Equal times stay in the order of causes.
    past = sorted((one for one in found if one.time is not None), key=lambda one: one.time or _NEVER)
    return past + [one for one in found if one.time is None]


_NEVER = datetime.max.replace(tzinfo=UTC)


def _life(message: Message) -> Iterator[Moment]:
    count = len(message.parts) or message.segments
    said = f"Accepted from {message.account}, {message.traffic_class.value}, {count} part{'s' if count != 1 else ''}"
    yield Moment(_time(message.created_at), "accepted", f"{said} of {message.encoding.value}")
    if message.operator is not None or message.network is not None:
        yield Moment(_time(message.created_at), "routed", "; ".join(_way(message)), operator=message.operator)
    for part in message.parts:
        for attempt in part.attempts:
            yield from _attempt(part, attempt)
    if message.state in FINAL and message.done_at is not None:
        error = message.error
        why = "" if error is None else f": {error.code}, {error.detail}"
        yield Moment(_time(message.done_at), "ended", f"{message.state.value}{why}", state=message.state.value)
    elif message.waiting_for is not None:
        until = "" if message.due_at is None else f", until {_time(message.due_at):%Y-%m-%d %H:%M:%S}Z at the latest"
        yield Moment(None, "waiting", f"Waits: {message.waiting_for}{until}", state=message.state.value)
    else:
        yield Moment(None, "waiting", f"It is {message.state.value}", state=message.state.value)


def _way(message: Message) -> Iterator[str]:
    network = message.network
    if network is not None:
        code = "-".join(filter(None, (network.mcc, network.mnc)))
        name = " ".join(filter(None, (network.name, code))) or "not known"
        source = message.looked_up
        how = "by its prefix" if source in (None, "prefix") else f"found by {source}"
        if source not in SOURCES and source not in (None, "prefix"):
            how = f"by its prefix, for the look-up said {source}"
        yield f"Network {name}, {how}"
    if message.operator is not None:
        cost = "" if message.cost is None else f" at {message.cost}"
        yield f"goes by {message.operator}{cost}"
    if message.plan is not None:
        yield f"plan {message.plan}, as asked"
    if message.sent_as is not None:
        yield f"sent as {message.sent_as}"
    if message.refused_by:
        yield f"given back by {', '.join(message.refused_by)}"
    if message.slow_at:
        yield f"waited too long at {', '.join(message.slow_at)}"


def _attempt(part: Part, attempt: Attempt) -> Iterator[Moment]:
    operator = attempt.operator
    yield Moment(_time(attempt.at), "attempt", f"Given to {operator}", part.number, operator)
    if attempt.outcome is not None:
        told = [attempt.outcome.value]
        status = shown_status(attempt.status)
        if status is not None:
            told.append(f"status {status}")
        if attempt.smsc_message_id is not None:
            told.append(f"id {attempt.smsc_message_id}")
        if attempt.detail:
            told.append(attempt.detail)
        # An attempt in doubt has an outcome and no answer.
        at = attempt.at if attempt.answered_at is None else attempt.answered_at
        yield Moment(_time(at), "answer", ", ".join(told), part.number, operator, attempt.outcome.value)
    if attempt.receipt is not None and attempt.receipt_at is not None:
        error = f", err {attempt.receipt_error}" if attempt.receipt_error is not None else ""
        word = attempt.receipt.value
        yield Moment(_time(attempt.receipt_at), "receipt", f"{word}{error}", part.number, operator, word)


def _told(message: Message, events: Iterable[LoggedEvent], webhook: WebhookView | None) -> Iterator[Moment]:
    for event in events:
        yield Moment(_time(event.at), "event", f"Event {event.seq} {event.type} told to {message.account}")
        if webhook is None:
            continue
        if event.type not in webhook.types:
            text, state = f"Event {event.seq} is of a type that the webhook does not get", "none"
        elif event.seq <= webhook.cursor:
            text, state = f"Event {event.seq} was acknowledged by the webhook", "sent"
        else:
            behind = "failed for long and is tried now and then" if webhook.parked else f"{webhook.backlog} events wait"
            text, state = f"Event {event.seq} waits for the webhook ({behind})", "waits"
        yield Moment(None, "webhook", text, state=state)


def _time(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
