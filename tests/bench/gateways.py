"""What a single send through each public API costs, beside one by the internal API; and how long a large one takes.

    python -m tests.bench.gateways [--messages 3000] [--rounds 3]

CPU of the daemon per message, from the request to the delivery report, the ways in turns so that a noisy machine is
noisy to all of them. Fails where a single send costs more than 1.6 times the internal one, or where 1000 recipients (as
many as one request of an API takes, where that is less) are not answered within 250 ms.
"""

import argparse
import asyncio
import base64
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from rich.console import Console
from rich.table import Table

from router.cli.bench.usage import cpu_seconds
from tests.processes import ADMIN, Processes, free_port, plain_number, write_config
from tests.scenarios.world import ACCOUNT, Samples

TEXT = "Your code is 493027. It is valid for ten minutes; do not pass it on to anyone, please. ACME"
DEARER, SLOWEST_MS = 1.6, 250.0
CONNECTIONS = 32

_CREDENTIALS = """
    wallet: prepaid
    prices: [{prefix: "", price: "0.02"}]
    default_sender: ACME
    numbers: [{number: "+441111111111", country: GB}]
    gateways:
      textdigo: {login: bench, key: key-of-textdigo}
      textiopro: {token: token-of-textiopro}
      texify: {keys: [{key: key-of-texify, scopes: [send_sms, read_messages]}]}
      smsapi: {username: bench, password: password-of-smsapi, rate: 1000000/s}
      fullsms: {token: token-of-fullsms}
"""


class Way(NamedTuple):
    """A way to send: `one` and `many` give the body for numbers."""

    path: str
    headers: dict[str, str]
    one: Callable[[str], Any]
    many: Callable[[list[str]], Any]
    most: int = 1000
    many_path: str | None = None


_BASIC = base64.b64encode(b"bench:key-of-textdigo").decode()
_SMSAPI = {"username": "bench", "password": "password-of-smsapi", "message_body": TEXT}

WAYS = {
    "internal": Way(
        "/v1/messages",
        ACCOUNT,
        lambda to: {"to": to, "from": "ACME", "text": TEXT},
        lambda to: {"messages": [{"to": one, "from": "ACME", "text": TEXT} for one in to]},
        many_path="/v1/batches",
    ),
    "texify": Way(
        "/api/v1/messages/send",
        {"X-API-Key": "key-of-texify"},
        lambda to: {"recipients": [to], "senderId": "ACME", "message": TEXT},
        lambda to: {"recipients": to, "senderId": "ACME", "message": TEXT},
    ),
    "fullsms": Way(
        "/messages/send/to_numbers",
        {"Authorization": "Bearer token-of-fullsms"},
        lambda to: {"to_numbers": [to], "from": "ACME", "message": TEXT},
        lambda to: {"to_numbers": to, "from": "ACME", "message": TEXT},
        most=500,
    ),
    "smsapi": Way(
        "/v1/sms/send",
        {},
        lambda to: {**_SMSAPI, "numbers": to},
        lambda to: {**_SMSAPI, "numbers": ", ".join(to)},
    ),
    "textiopro": Way(
        "/api/v3/sms/send",
        {"Authorization": "Bearer token-of-textiopro"},
        lambda to: {"recipient": to, "sender_id": "ACME", "type": "plain", "message": TEXT},
        lambda to: {"recipient": ",".join(to), "sender_id": "ACME", "type": "plain", "message": TEXT},
    ),
    "textdigo": Way(
        "/api/v0/sms/message",
        {"Authorization": f"Basic {_BASIC}"},
        lambda to: {"phoneNumber": to, "senderName": "ACME", "message": TEXT},
        lambda to: {"contacts": to, "senderName": "ACME", "message": TEXT},
        many_path="/api/v0/api-campaign/send-sms",
    ),
}


class Bench:
    """A daemon under load; `pid` is its process."""

    def __init__(self, session: ClientSession, http: str, gateways: str, pid: int) -> None:
        self._session = session
        self._http = http
        self._gateways = gateways
        self._pid = pid
        self._next = 0
        self._ended = 0

    def _numbers(self, count: int) -> list[str]:
        numbers = [plain_number(number % 800_000) for number in range(self._next, self._next + count)]
        self._next += count
        return numbers

    async def _post(self, way: str, path: str, body: Any) -> None:
        base = self._http if way == "internal" else self._gateways
        async with self._session.post(base + path, json=body, headers=WAYS[way].headers) as answer:
            text = await answer.text()
            assert answer.status in (200, 202), f"{way}: {answer.status} {text}"

    async def single(self, way: str, count: int) -> float:
        """Microseconds of CPU per message."""
        waiting = iter(self._numbers(count))
        before = cpu_seconds(self._pid)
        await asyncio.gather(*(self._work(way, waiting) for _ in range(CONNECTIONS)))
        await self._all_end(count)
        return (cpu_seconds(self._pid) - before) / count * 1e6

    async def _work(self, way: str, numbers: Iterator[str]) -> None:
        for number in numbers:
            await self._post(way, WAYS[way].path, WAYS[way].one(number))

    async def many(self, way: str) -> float:
        """Milliseconds until the largest request is answered."""
        numbers = self._numbers(WAYS[way].most)
        body = WAYS[way].many(numbers)
        began = time.perf_counter()
        await self._post(way, WAYS[way].many_path or WAYS[way].path, body)
        took = (time.perf_counter() - began) * 1000
        await self._all_end(len(numbers))
        return took

    async def _all_end(self, count: int) -> None:
        self._ended += count
        while True:
            async with self._session.get(f"{self._http}/metrics") as answer:
                if Samples(await answer.text()).total("messages_final_total") >= self._ended:
                    return
            await asyncio.sleep(0.1)


async def run(messages: int, rounds: int) -> list[str]:
    """Prints what it finds; gives what was not as it has to be."""
    with tempfile.TemporaryDirectory() as folder, Processes() as processes:
        http, gateways, smsc = free_port(), free_port(), free_port()
        router = f"gateways: {{listen: 127.0.0.1:{gateways}}}"
        config = write_config(Path(folder), http, {"mtn": smsc}, window=500, account=_CREDENTIALS, router=router)
        processes.simulator(smsc, "--receipt-delay", "0.01")
        daemon = await processes.daemon(config, http)
        timeout, connector = ClientTimeout(120), TCPConnector(limit=0)
        async with ClientSession(timeout=timeout, connector=connector) as session:
            url = f"http://127.0.0.1:{http}"
            credit = {"amount": "1000000"}
            admin = {"Authorization": f"Bearer {ADMIN}"}
            async with session.post(f"{url}/v1/accounts/acme/credit", json=credit, headers=admin) as answer:
                assert answer.status == 200, await answer.text()
            bench = Bench(session, url, f"http://127.0.0.1:{gateways}", daemon.pid)
            costs: dict[str, list[float]] = {way: [] for way in WAYS}
            times: dict[str, list[float]] = {way: [] for way in WAYS}
            for turn in range(rounds + 1):
                for way in WAYS:
                    cost, took = await bench.single(way, messages), await bench.many(way)
                    if turn:  # the first one warms up
                        costs[way].append(cost)
                        times[way].append(took)
                print(f"round {turn} of {rounds}", file=sys.stderr, flush=True)
    return _told(costs, times)


def _told(costs: dict[str, list[float]], times: dict[str, list[float]]) -> list[str]:
    table = Table(title="a single send, and the largest request")
    for head in ("way", "µs of CPU", "ratio", "recipients", "answered in ms"):
        table.add_column(head, justify="left" if head == "way" else "right")
    wrong = []
    for way, cost in costs.items():
        ratio = median(one / internal for one, internal in zip(cost, costs["internal"], strict=True))
        took = min(times[way])
        table.add_row(way, f"{median(cost):.0f}", f"{ratio:.2f}", str(WAYS[way].most), f"{took:.0f}")
        if ratio > DEARER:
            wrong.append(f"a single send by {way} costs {ratio:.2f} times the internal one")
        if took > SLOWEST_MS:
            wrong.append(f"{WAYS[way].most} recipients by {way} took {took:.0f} ms")
    Console().print(table)
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=3000, help="single sends of each way and round")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    wrong = asyncio.run(run(arguments.messages, arguments.rounds))
    for one in wrong:
        print(one, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
