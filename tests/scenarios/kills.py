"""A daemon under full load that is killed again and again, and the account of what came of it.

Load is batches and single messages, every second one with an Idempotency-Key and repeated until it is answered;
receipts, which the SMSC sends again while they are not acknowledged; a reader of the events, and a webhook.
"""

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from aiohttp import ClientError

from adapters.simulator.smsc import Smsc
from adapters.store import event_log
from adapters.store.schema import open_reader
from router.event import EventType
from tests.processes import free_port, plain_number
from tests.scenarios.test_webhook import SECRET, Receiver
from tests.scenarios.world import FINAL, TEXT, Event, Message, World, ending, until

BATCH = 20


@dataclass
class Clients:
    """Submit until told to stop, with at most about `ahead` messages that have no final event yet."""

    world: World
    ended: Callable[[], int]
    ahead: int = 3_000
    answers: dict[int, bytes] = field(default_factory=dict)
    """The bodies of all 202, by the number of the request."""
    sent: dict[int, tuple[int, int]] = field(default_factory=dict)
    """The first number and the count of messages of each request."""
    ids: list[str] = field(default_factory=list)
    broken: int = 0
    over: bool = False
    _numbers: int = 0

    async def run(self, batching: int = 4, singly: int = 6) -> None:
        await asyncio.gather(*(self._work(BATCH) for _ in range(batching)), *(self._work(1) for _ in range(singly)))

    async def post(self, request: int, first: int, count: int) -> tuple[int, bytes, str | None]:
        """Request `request` with messages to numbers from `first` on; the answer's status, body, and whether it is a
        repeated one."""
        messages = [{"to": plain_number(first + place), "from": "ACME", "text": TEXT} for place in range(count)]
        headers = {"Idempotency-Key": f"request {request}"} if request % 2 else {}
        path, body = ("/v1/messages", messages[0]) if count == 1 else ("/v1/batches", {"messages": messages})
        async with self.world.client.post(path, json=body, headers=headers) as answer:
            return answer.status, await answer.read(), answer.headers.get("Idempotency-Replayed")

    async def _work(self, count: int) -> None:
        while not self.over:
            if len(self.ids) - self.ended() > self.ahead:
                await asyncio.sleep(0.02)
                continue
            request, first = len(self.sent), self._numbers
            self.sent[request] = first, count
            self._numbers += count
            while True:
                try:
                    status, body, _ = await self.post(request, first, count)
                except (ClientError, OSError):
                    self.broken += 1
                    await asyncio.sleep(0.02)
                    if request % 2:
                        continue
                    break
                if status == 202:
                    self.answers[request] = body
                    answer = json.loads(body)
                    self.ids += [one["id"] for one in answer.get("results", [answer])]
                    break
                assert status == 503, body


@dataclass
class Reader:
    """Reads the events by cursor through every kill; each event follows the one before."""

    world: World
    events: list[Event] = field(default_factory=list)
    ended: int = 0

    async def run(self) -> None:
        while True:
            after = len(self.events)
            try:
                async with self.world.client.get(f"/v1/events?after={after}&limit=1000&wait=1") as answer:
                    page = await answer.json(content_type=None)
            except (ClientError, OSError):
                await asyncio.sleep(0.02)
                continue
            assert answer.status == 200, page
            assert [event["seq"] for event in page["events"]] == list(range(after + 1, page["next"] + 1))
            self.events += page["events"]
            self.ended += sum(map(ending, page["events"]))


class Storm:
    """`async with Storm(world, smsc, receiver, in_doubt)`: the load runs; `in_doubt` is window x binds."""

    def __init__(self, world: World, smsc: Smsc, receiver: Receiver, in_doubt: int) -> None:
        self.world = world
        self.smsc = smsc
        self.receiver = receiver
        self.in_doubt = in_doubt
        self.reader = Reader(world)
        self.clients = Clients(world, lambda: self.reader.ended)
        self.kills: list[int] = []
        """How much the SMSC had been submitted at each kill."""
        self._reading: asyncio.Task[None]
        self._submitting: asyncio.Task[None]
        self._checked = 0
        self._cursor = 0

    async def __aenter__(self) -> "Storm":
        self._reading = asyncio.create_task(self.reader.run())
        self._submitting = asyncio.create_task(self.clients.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in (self._reading, self._submitting):
            task.cancel()
        await asyncio.gather(self._reading, self._submitting, return_exceptions=True)
        await self.receiver.close()

    async def kill(self) -> None:
        """kill -9, look at what is on disk, start again."""
        await self.world.kill()
        self.kills.append(len(self.smsc.submitted))
        self._look()
        await self.world.start()
        for task in (self._reading, self._submitting):
            assert not task.done() or not task.exception(), task.exception()

    async def calm(self) -> None:
        """No new messages; those that wait for an answer get one."""
        self.clients.over = True
        await self._submitting

    def _look(self) -> None:
        """All that was answered with 202 is in the file as the kill left it, and so is how far the webhook was."""
        ids, self._checked = self.clients.ids[self._checked :], len(self.clients.ids)
        file = self.world.folder / "data" / "router.db"
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            for id in ids:
                found = "SELECT 1 FROM messages WHERE account = 'acme' AND id = ?"
                row = connection.execute(found, (bytes.fromhex(id.replace("-", "")),)).fetchone()
                assert row, f"message {id} was taken and is lost"
            row = connection.execute("SELECT seq FROM cursors WHERE reader = 'acme'").fetchone()
            cursor = row[0] if row else 0
            told = max((event["seq"] for event in self.receiver.events), default=0)
        finally:
            connection.close()
        with closing(open_reader(file)) as reader:
            passed = event_log.read(reader, "acme", told, max(cursor - told, 0))
        assert {event.type for event in passed} <= {EventType.SUBMITTED}, "the webhook was never told"
        assert cursor >= self._cursor, "it went back"
        self._cursor = cursor

    async def settled(self, within: float) -> "Toll":
        """Wait until every message has ended and every receipt has come, and say what it was."""
        await until(self._all_ended, within, lambda: f"{len(self.clients.ids)} taken, {self.reader.ended} ended")
        counts = self.smsc.counts
        await until(lambda: counts.delivered >= counts.accepted, within, lambda: counts)
        messages = await self.world.messages()
        events = await self.world.events()
        await until(lambda: self.receiver.events and self.receiver.events[-1]["seq"] >= _last_final(events))
        submitted = Counter(one.destination for one in self.smsc.submitted)
        return Toll(self, messages, events, {f"+{to}": count for to, count in submitted.items() if count > 1})

    async def _all_ended(self) -> bool:
        for state in ("queued", "submitted"):
            async with self.world.client.get(f"/v1/messages?state={state}&limit=1") as answer:
                if (await answer.json())["messages"]:
                    return False
        return True


def _last_final(events: list[Event]) -> int:
    return max((event["seq"] for event in events if ending(event)), default=0)


@dataclass
class Toll:
    """`twice` is how often the SMSC had what it had more than once."""

    storm: Storm
    messages: list[Message]
    events: list[Event]
    twice: dict[str, int]

    def __post_init__(self) -> None:
        self.final = {event["message_id"]: event for event in self.events if ending(event)}
        self.ends: dict[str, tuple[str, ...]] = {}
        for event in filter(ending, self.events):
            self.ends[event["message_id"]] = (*self.ends.get(event["message_id"], ()), event["state"])

    def to(self, condition: Callable[[Event], Any]) -> set[str]:
        """The numbers whose final event is so."""
        return {event["to"] for event in self.final.values() if condition(event)}

    @property
    def lost(self) -> set[str]:
        """What was answered with 202 and is not there, or has not ended."""
        ended = {one["id"] for one in self.messages if one["state"] in FINAL}
        return set(self.storm.clients.ids) - ended

    def check(self, on_unanswered: str) -> None:
        """The promises."""
        storm, clients = self.storm, self.storm.clients
        ids = [one["id"] for one in self.messages]
        assert not self.lost
        assert self.ends.keys() == set(ids), "every message ends"
        # Where kill follows kill, receipts may come when nobody waits any more: a true end follows `unknown` then.
        assert {ends for ends in self.ends.values() if len(ends) > 1} <= {("unknown", "delivered")}, "and ends once"
        assert {id: event["state"] for id, event in self.final.items()} == {
            one["id"]: one["state"] for one in self.messages
        }
        assert max(Counter(one["to"] for one in self.messages).values()) == 1, "a repeated key made a second message"
        assert set(range(1, max(clients.answers), 2)) <= clients.answers.keys(), "a key was never answered"

        # No event is missing, changed or out of order, neither to the reader nor at the webhook.
        assert [event["seq"] for event in self.events] == list(range(1, len(self.events) + 1))
        assert self.events[: len(storm.reader.events)] == storm.reader.events
        told = list({event["seq"]: event for event in storm.receiver.events}.values())
        assert told == [event for event in self.events if ending(event)]
        assert not storm.receiver.wrong

        # What the operator has twice is told, and bounded by the windows that were open at the kills.
        assert self.to(lambda event: event["state"] not in ("delivered", "unknown")) == set()
        flagged = self.to(lambda event: event["possible_duplicate"])
        unknown = self.to(lambda event: event["state"] == "unknown")
        in_doubt = len(storm.kills) * storm.in_doubt
        if on_unanswered == "resend":
            assert self.twice.keys() <= flagged
            assert len(flagged) <= in_doubt
            assert unknown <= flagged
            for kill, doubles in enumerate(accumulate(self.doubles())):
                assert doubles <= kill * storm.in_doubt
        else:
            assert not self.twice
            assert not flagged
            assert len(unknown) <= in_doubt
            had = {f"+{one.destination}" for one in storm.smsc.submitted}
            assert not unknown & had, "its receipt was not counted"

    def doubles(self) -> list[int]:
        """How many submissions were not the first of their message, before the first kill and after each."""
        seen: set[str] = set()
        found = []
        ends = [*self.storm.kills, len(self.storm.smsc.submitted)]
        for begin, end in zip([0, *ends], ends, strict=False):
            numbers = [one.destination for one in self.storm.smsc.submitted[begin:end]]
            found.append(sum(1 for number in numbers if number in seen or seen.add(number)))  # type: ignore[func-returns-value]
        return found

    def table(self) -> list[tuple[str, int]]:
        counts = self.storm.smsc.counts
        return [
            ("kills survived", len(self.storm.kills)),
            ("requests cut off by a kill", self.storm.clients.broken),
            ("messages accepted (202 seen)", len(self.storm.clients.ids)),
            ("messages in the store", len(self.messages)),
            ("lost", len(self.lost)),
            ("submitted twice", sum(self.doubles())),
            ("most of that allowed", len(self.storm.kills) * self.storm.in_doubt),
            (
                "submitted twice, not flagged",
                len(self.twice.keys() - self.to(lambda event: event["possible_duplicate"])),
            ),
            ("flagged possible_duplicate", len(self.to(lambda event: event["possible_duplicate"]))),
            ("ended unknown", len(self.to(lambda event: event["state"] == "unknown"))),
            ("unknown for a while", sum(len(ends) > 1 for ends in self.ends.values())),
            ("receipts sent again", counts.resent),
            ("events", len(self.events)),
            ("webhook events, final", len({event["seq"] for event in self.storm.receiver.events})),
            ("webhook events sent again", len(self.storm.receiver.events) - sum(map(len, self.ends.values()))),
        ]


async def storm(world: World, *, window: int, binds: int, on_unanswered: str) -> Storm:
    """A world set up for it: an SMSC, a webhook, a daemon that is ready."""
    smsc = await world.operator(receipt_delay=0.15, resend=0.5)
    receiver = Receiver(free_port())
    hook = f"{{url: 'http://127.0.0.1:{receiver.port}/hook', secret: {SECRET}, events: [final], batch: 20}}"
    world.configure(
        window=window,
        binds=binds,
        operator=f"receipts: {{timeout: 20s}}\non_unanswered: {on_unanswered}",
        account=f"    webhook: {hook}",
        router="webhooks: {allow: [127.0.0.0/8]}",
    )
    await receiver.open()
    await world.start()
    return Storm(world, smsc, receiver, window * binds)
