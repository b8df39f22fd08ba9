"""The demo as a client: submits over HTTP, and follows the accounts' events by cursor."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from aiohttp import ClientError, ClientSession, ClientTimeout
from prometheus_client.parser import text_string_to_metric_families

from router.cli.children import Failed
from router.cli.demo.board import Board
from router.cli.demo.messages import Planned
from router.cli.demo.world import World

SPREAD = 4.0
"""Seconds over which the submits are spread."""

_OUTAGE = (1.0, 2.0)  # when the outage begins, and how long it lasts
_BATCH = 25


def deadline(messages: int) -> float:
    """Seconds from the first submit to the last final state; a few hundred messages take about ten."""
    return 45.0 + messages / 50


class Request(NamedTuple):
    account: str
    path: str
    body: dict[str, Any]


def requests(messages: list[Planned]) -> Iterator[Request]:
    """One-time codes each by itself, as they come in life; the rest in batches."""
    batches: dict[str, list[dict[str, Any]]] = {}
    for account, submit in messages:
        if submit.get("class") == "otp":
            yield Request(account, "/v1/messages", submit)
            continue
        batch = batches.setdefault(account, [])
        batch.append(submit)
        if len(batch) == _BATCH:
            yield Request(account, "/v1/batches", {"messages": batches.pop(account)})
    for account, batch in batches.items():
        yield Request(account, "/v1/batches", {"messages": batch})


class Traffic:
    """`run` sends everything and ends when all that was accepted is final, or at the deadline."""

    def __init__(self, here: World, board: Board) -> None:
        self._here = here
        self._board = board
        self._started = time.monotonic()
        self._complete = asyncio.Event()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    async def run(self, messages: list[Planned]) -> None:
        """Raises Failed where the daemon ends or answers what it should not."""
        daemon = self._here.daemon
        patience = deadline(len(messages))
        try:
            async with (
                ClientSession(self._here.url, timeout=ClientTimeout(total=patience)) as session,
                asyncio.TaskGroup() as group,
            ):
                working = [group.create_task(self._follow(session, account)) for account in self._here.tokens]
                working.append(group.create_task(self._outage()))
                working.append(group.create_task(self._send(session, messages)))
                waiting = {group.create_task(self._complete.wait()), group.create_task(daemon.wait())}
                await asyncio.wait(waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                for task in (*working, *waiting):
                    task.cancel()
        except* ClientError as errors:
            raise Failed(f"{errors.exceptions[0]}\n{self._here.last_words()}") from None
        if daemon.returncode is not None:
            raise Failed(f"the daemon ended with {daemon.returncode}:\n{self._here.last_words()}")

    async def _outage(self) -> None:
        begin, lasting = _OUTAGE
        await asyncio.sleep(begin)
        async with self._here.outage():
            await asyncio.sleep(lasting)

    async def _send(self, session: ClientSession, messages: list[Planned]) -> None:
        planned = list(requests(messages))
        async with asyncio.TaskGroup() as group:
            for index, request in enumerate(planned):
                await asyncio.sleep(self._started + SPREAD * index / len(planned) - time.monotonic())
                group.create_task(self._post(session, request))

    async def _post(self, session: ClientSession, request: Request) -> None:
        async with session.post(
            request.path, json=request.body, headers=self._here.bearer(request.account)
        ) as response:
            answer = await response.json(content_type=None)
        if response.status == 202:
            results = answer.get("results", [answer])
        elif response.status == 422:
            results = [{"error": answer}]
        else:
            raise Failed(f"POST {request.path} was answered with {response.status}: {answer}")
        for result in results:
            self._board.answered(result)
        self._settle()

    async def _follow(self, session: ClientSession, account: str) -> None:
        after = 0
        while True:
            query = {"after": str(after), "limit": "500", "wait": "5"}
            async with session.get("/v1/events", params=query, headers=self._here.bearer(account)) as response:
                response.raise_for_status()
                page = await response.json()
            for event in page["events"]:
                self._board.event(event)
            after = page["next"]
            self._settle()

    def _settle(self) -> None:
        if self._board.done:
            self._complete.set()


async def attempts(here: World) -> dict[str, dict[str, int]]:
    """How many submits of parts came to what, by operator, as /metrics tells it."""
    async with ClientSession(here.url) as session, session.get("/metrics") as response:
        text = await response.text()
    found: dict[str, dict[str, int]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "carrier_router_parts_submitted_total":
                found.setdefault(sample.labels["operator"], {})[sample.labels["outcome"]] = int(sample.value)
    return found
