"""One world per scenario: operators that misbehave on request, a daemon as a process, a client of its API."""

import asyncio
import json
import subprocess
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import ClientResponse, ClientSession, ClientTimeout, TCPConnector
from prometheus_client.parser import text_string_to_metric_families

from adapters.simulator.smsc import Smsc, SmscOptions
from tests import leaks
from tests.processes import ADMIN, TOKEN, Processes, free_port, plain_number, write_config
from tests.scenarios.disk import SmallDisk
from tests.simulator.proxy import Proxy

Event = dict[str, Any]
Message = dict[str, Any]

ACCOUNT = {"Authorization": f"Bearer {TOKEN}"}
ADMINISTRATOR = {"Authorization": f"Bearer {ADMIN}"}
TEXT = "Your code is 493027."
FINAL = {"delivered", "undelivered", "expired", "rejected", "failed", "cancelled", "unknown"}


async def until(condition: Callable[[], Any], within: float = 30.0, what: Callable[[], object] = str) -> Any:
    """What `condition` (a function, or one that gives an awaitable) gives once that is true.

    Fails after `within` seconds, with what `what` says then.
    """
    deadline = time.monotonic() + within
    while True:
        result = condition()
        if isinstance(result, Awaitable):
            result = await result
        if result:
            return result
        assert time.monotonic() < deadline, f"nothing came of it in {within} s: {what()}"
        await asyncio.sleep(0.01)


def ending(event: Event) -> bool:
    """Whether an event tells a final state."""
    return event["type"].removeprefix("message.") in FINAL


def endings(events: Iterable[Event]) -> Counter[str]:
    """How many final events each message has."""
    return Counter(event["message_id"] for event in events if ending(event))


class Samples:
    """One scrape of /metrics."""

    def __init__(self, text: str) -> None:
        self._samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def total(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels; the name goes without carrier_router_."""
        return sum(
            sample.value
            for sample in self._samples
            if sample.name == f"carrier_router_{name}" and labels.items() <= sample.labels.items()
        )


class World:
    """Everything ends with the block. `smscs` run in this process and can be looked into; the daemon is a child."""

    def __init__(self, folder: Path, processes: Processes) -> None:
        self.folder = folder
        self.processes = processes
        self.http = free_port()
        self.smscs: dict[str, Smsc] = {}
        self.proxies: dict[str, Proxy] = {}
        self.ports: dict[str, int] = {}
        self.config = folder / "router.yaml"
        self.disk: SmallDisk | None = None
        self._numbers = 0
        leaks.plant(TEXT)
        self.daemon: subprocess.Popen[bytes]
        self.client: ClientSession

    async def __aenter__(self) -> "World":
        self.client = ClientSession(
            f"http://127.0.0.1:{self.http}",
            headers=ACCOUNT,
            timeout=ClientTimeout(60),
            connector=TCPConnector(limit=0),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.close()
        for proxy in self.proxies.values():
            await proxy.stop()
        for smsc in self.smscs.values():
            await smsc.stop()

    # --- the operators and the daemon ---

    async def operator(self, name: str = "mtn", proxied: bool = False, **options: Any) -> Smsc:
        """An SMSC that listens, behind a proxy or not; each one added is dearer than those before it."""
        smsc = self.smscs[name] = Smsc(SmscOptions(system_id="acme", password="secret", **options))
        port = await smsc.start(port=free_port())
        if proxied:
            proxy = self.proxies[name] = Proxy(port)
            port = await proxy.start(free_port())
        self.ports[name] = port
        return smsc

    async def return_of(self, name: str) -> None:
        """An SMSC that was stopped listens again."""
        await self.smscs[name].start(port=self.ports[name])

    def configure(self, **settings: Any) -> None:
        """Write the files for all operators there are; see write_config."""
        write_config(self.folder, self.http, self.ports, **settings)

    async def start(self) -> None:
        """A daemon that is ready, on the same data each time."""
        self.daemon = await self.processes.daemon(self.config, self.http, self.within)

    @property
    def within(self) -> Sequence[str]:
        """What a daemon is run by, to see its disk."""
        return () if self.disk is None else self.disk.within

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        return await asyncio.to_thread(self.processes.stop, self.daemon)

    async def kill(self) -> None:
        """SIGKILL."""
        self.daemon.kill()
        await asyncio.to_thread(self.daemon.wait, 10)

    def log(self) -> list[dict[str, Any]]:
        """What the daemon has logged so far."""
        lines = (self.folder / "daemon.log").read_text().splitlines()
        return [json.loads(line) for line in lines]

    # --- the client ---

    async def submit(self, to: str, text: str = TEXT, **fields: Any) -> Message:
        """One message that has to be taken."""
        async with self.client.post("/v1/messages", json={"to": to, "from": "ACME", "text": text, **fields}) as answer:
            return await body_of(answer, 202)

    async def batch(self, messages: list[dict[str, Any]]) -> list[Message]:
        """Messages that all have to be taken."""
        async with self.client.post("/v1/batches", json={"messages": messages}) as answer:
            taken = await body_of(answer, 202)
        assert taken["accepted"] == len(messages), taken
        results: list[Message] = taken["results"]
        return results

    async def message(self, id: str) -> Message:
        async with self.client.get(f"/v1/messages/{id}") as answer:
            return await body_of(answer, 200)

    async def send(self, count: int, **fields: Any) -> list[str]:
        """Submit so many messages, each to a number of its own; their ids."""
        messages = [{"to": self.number(), "from": "ACME", "text": TEXT, **fields} for _ in range(count)]
        return [one["id"] for one in await self.batch(messages)]

    async def delivered(self, ids: Iterable[str]) -> list[Event]:
        """The final events of these messages: each has one, it is `delivered`, and whatever an SMSC saw more than once
        says that it may be double."""
        wanted = set(ids)
        events = [one for one in await self.ended(wanted) if one["message_id"] in wanted and ending(one)]
        assert endings(events) == dict.fromkeys(wanted, 1)
        assert {event["state"] for event in events} == {"delivered"}
        numbers = Counter(
            number for smsc in self.smscs.values() for number, _ in submissions(smsc, accepted=True).elements()
        )
        for event in events:
            parts = event["segments"]
            assert numbers[event["to"][1:]] in range(parts, parts + (parts if event["possible_duplicate"] else 0) + 1)
        return events

    def number(self) -> str:
        """One that no message of this world went to before."""
        self._numbers += 1
        return plain_number(self._numbers)

    async def messages(self) -> list[Message]:
        """All messages of the account, newest first."""
        found: list[Message] = []
        query = "limit=1000"
        while True:
            async with self.client.get(f"/v1/messages?{query}") as answer:
                page = await body_of(answer, 200)
            found += page["messages"]
            if page["next"] is None:
                return found
            query = f"limit=1000&cursor={page['next']}"

    async def events(self, after: int = 0) -> list[Event]:
        """All events that can be read now."""
        found: list[Event] = []
        while True:
            async with self.client.get(f"/v1/events?after={after}&limit=1000") as answer:
                page = await body_of(answer, 200)
            if not page["events"]:
                return found
            found += page["events"]
            after = page["next"]

    async def ended(self, ids: Iterable[str], within: float = 60.0) -> list[Event]:
        """All events, once each of these messages has a final one."""
        wanted = set(ids)
        found: list[Event] = []
        deadline = time.monotonic() + within
        after = 0
        while wanted:
            async with self.client.get(f"/v1/events?after={after}&limit=1000&wait=1") as answer:
                page = await body_of(answer, 200)
            found += page["events"]
            after = page["next"]
            wanted -= {event["message_id"] for event in page["events"] if ending(event)}
            assert time.monotonic() < deadline, f"{len(wanted)} did not end, one of them {await self._one_of(wanted)}"
        return found + await self.events(after)

    async def operators(self) -> dict[str, dict[str, Any]]:
        async with self.client.get("/v1/operators", headers=ADMINISTRATOR) as answer:
            return {view["operator"]: view for view in (await body_of(answer, 200))["operators"]}

    async def bound(self, name: str = "mtn") -> None:
        """Wait until all binds of an operator are up."""
        await until(lambda: self._is_bound(name))

    async def metrics(self) -> Samples:
        async with self.client.get("/metrics") as answer:
            assert answer.status == 200
            text = await answer.text()
        assert not leaks.leaks(text)
        return Samples(text)

    async def idle(self) -> None:
        """Wait until no window slot is held and nothing is queued."""
        await until(self._is_idle)

    async def _is_idle(self) -> bool:
        samples = await self.metrics()
        return samples.total("window_in_use") == samples.total("queue_messages") == 0

    async def _is_bound(self, name: str) -> bool:
        return all(bind["state"].startswith("bound") for bind in (await self.operators())[name]["binds"])

    async def _one_of(self, ids: set[str]) -> Message | None:
        return await self.message(next(iter(ids))) if ids else None


async def body_of(answer: ClientResponse, status: int) -> Any:
    """The JSON of an answer that has to have this status."""
    assert answer.status == status, await answer.text()
    return await answer.json(content_type=None)


def submissions(smsc: Smsc, accepted: bool = False) -> Counter[tuple[str, bytes]]:
    """How often each content was submitted to each number, as the SMSC saw it, or only what it did not refuse."""
    return Counter((one.destination, one.content) for one in smsc.submitted if not (accepted and one.status))
