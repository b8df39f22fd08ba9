"""The sender against real servers that misbehave."""

import asyncio
import hashlib
import hmac
import itertools
import json
import random
import socket
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import connector
from aiohttp.abc import AbstractResolver, ResolveResult

from adapters.webhook import Schedule, WebhookSender, delivery
from router.account import Webhook
from router.event import EventType
from router.ports.store import StoreUnavailable
from router.refusal import Refusal
from tests.turns import until
from tests.webhook.receiver import OK, Log, Receiver, answer, receiving

TLS = Path(__file__).parent.parent / "http" / "tls"
LOOPBACK = (ip_network("127.0.0.0/8"),)
STEADY = Schedule(initial=0.001, max=0.002, patience=1e9, parked=0.002)
QUICK = Schedule(initial=0.001, max=0.005, patience=1000.0, parked=0.002)
SUBMITTED, DELIVERED, RECEIVED = EventType.SUBMITTED, EventType.DELIVERED, EventType.RECEIVED


@dataclass
class ManualClock:
    seconds: float = 1_700_000_000.0

    def now(self) -> int:
        return int(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Bench:
    log: Log = field(default_factory=Log)
    clock: ManualClock = field(default_factory=ManualClock)
    said: list[dict[str, Any]] = field(default_factory=list)

    def sender(self, schedule: Schedule = QUICK, resolver: AbstractResolver | None = None) -> WebhookSender:
        def remember(logger: object, method: str, event: dict[str, Any]) -> dict[str, Any]:
            self.said.append({"level": method, **event})
            raise structlog.DropEvent

        log = structlog.wrap_logger(None, processors=[remember], wrapper_class=structlog.make_filtering_bound_logger(0))
        return WebhookSender(self.log, self.clock, log, schedule, lambda: 1.0, resolver)

    @asynccontextmanager
    async def delivering(
        self, url: str, allowed: Any = LOOPBACK, schedule: Schedule = QUICK, resolver: Any = None, **webhook: Any
    ) -> AsyncIterator[WebhookSender]:
        sender = self.sender(schedule, resolver)
        sender.configure({"acme": hook(url, **webhook)}, self.log.cursors, allowed)
        try:
            yield sender
        finally:
            await sender.stop(1)

    def reached(self, seq: int, account: str = "acme") -> Callable[[], bool]:
        return lambda: self.log.cursors.get(account, 0) == seq

    def reasons(self) -> set[str]:
        return {line["reason"] for line in self.said if "reason" in line}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def hook(url: str, events: tuple[str, ...] = ("all",), batch: int = 3) -> Webhook:
    return Webhook(url=url, secret=b"s3cret", events=events, batch=batch)


def accepted(receiver: Receiver, failed: int) -> list[int]:
    return [seq for request in receiver.requests[failed:] for seq in request.seqs]


async def test_events_arrive_in_order_signed_and_in_batches(bench: Bench) -> None:
    await bench.log.append("acme", *[DELIVERED] * 8)
    async with receiving() as receiver, bench.delivering(receiver.url) as sender:
        await until(bench.reached(8))
        assert [request.seqs for request in receiver.requests] == [[1, 2, 3], [4, 5, 6], [7, 8]]
        assert receiver.connections == 1
        for request in receiver.requests:
            assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
            assert request.headers["webhook-timestamp"] == "1700000000"
            content = f"{request.headers['webhook-id']}.1700000000.".encode() + request.body
            expected = b64encode(hmac.new(b"s3cret", content, hashlib.sha256).digest()).decode()
            assert request.headers["webhook-signature"] == f"v1,{expected}"
            assert "cookie" not in request.headers
        await bench.log.append("acme", DELIVERED)
        await until(bench.reached(9))
        assert receiver.requests[-1].seqs == [9]
        assert {(g.name, g.labels, g.value) for g in sender.gauges()} == {
            ("webhook_backlog", ("acme",), 0),
            ("webhook_parked", ("acme",), 0),
        }


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (answer(500, b"oops"), "status 500"),
        (answer(503, b"", "Retry-After: 1"), "status 503"),
        (answer(302, b"", "Location: http://127.0.0.1:1/"), "status 302"),
        (answer(301, b"", "Location: /elsewhere"), "status 301"),
        (answer(410), "status 410"),
        (answer(304), "status 304"),
        (b"\x00\xff garbage \r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk\r\n", "the answer is not HTTP"),
        (None, "Server disconnected"),
    ],
)
async def test_whatever_is_not_2xx_is_tried_again_unchanged(bench: Bench, bad: bytes | None, reason: str) -> None:
    await bench.log.append("acme", *[DELIVERED] * 2)
    async with receiving(bad, bad, OK) as receiver, bench.delivering(receiver.url):
        await receiver.has(1)
        await bench.log.append("acme", *[DELIVERED] * 3)  # must not grow the POST that failed
        await until(bench.reached(5))
        assert [request.seqs for request in receiver.requests] == [[1, 2], [1, 2], [1, 2], [3, 4, 5]]
        ids = [request.headers["webhook-id"] for request in receiver.requests]
        assert ids[0] == ids[1] == ids[2] != ids[3]
        assert {request.path for request in receiver.requests} == {"/hook?key=hidden"}
        assert all(said.startswith(reason) for said in bench.reasons())
        assert bench.said[-1]["event"] == "webhook works again"
        assert "hidden" not in json.dumps(bench.said)
        assert "s3cret" not in json.dumps(bench.said)


@pytest.mark.parametrize(
    "good",
    [
        answer(204),
        answer(202, b"x" * 200_000),  # longer than we care to read
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        answer(200, b"", "Set-Cookie: a=b"),
    ],
)
async def test_a_2xx_acknowledges_whatever_the_rest_looks_like(bench: Bench, good: bytes) -> None:
    await bench.log.append("acme", *[DELIVERED] * 4)
    async with receiving(good, good) as receiver, bench.delivering(receiver.url):
        await until(bench.reached(4))
        assert accepted(receiver, 0) == [1, 2, 3, 4]
        assert not any("cookie" in request.headers for request in receiver.requests)
        assert not bench.reasons()


async def test_a_2xx_whose_body_never_ends_acknowledges_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_TOTAL", 0.1)
    await bench.log.append("acme", DELIVERED)
    async with receiving(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthat is all") as receiver:
        async with bench.delivering(receiver.url):
            await until(bench.reached(1))
        assert len(receiver.requests) == 1


async def test_a_slow_receiver_is_given_up_in_time_and_slows_nobody_else(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "_TOTAL", 0.1)
    await bench.log.append("slow", DELIVERED)
    await bench.log.append("acme", *[DELIVERED] * 9)
    async with receiving(*[Receiver.HANG] * 2) as slow, receiving() as quick:
        sender = bench.sender()
        sender.configure({"slow": hook(slow.url), "acme": hook(quick.url)}, {}, LOOPBACK)
        await until(bench.reached(9))
        assert bench.log.cursors.get("slow") is None
        await until(bench.reached(1, "slow"))
        assert bench.reasons() == {"no answer in time"}
        await sender.stop(1)


async def test_nobody_listens_then_somebody_does(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    await bench.log.append("acme", *[DELIVERED] * 5)
    async with bench.delivering(f"http://127.0.0.1:{port}/"):
        await until(lambda: len(bench.said) >= 3)
        assert all("Cannot connect" in reason for reason in bench.reasons())
        receiver = Receiver()
        server = await asyncio.start_server(receiver.serve, "127.0.0.1", port)
        await until(bench.reached(5))
        assert accepted(receiver, 0) == [1, 2, 3, 4, 5]
        server.close()


async def test_tls_errors_are_failures(bench: Bench) -> None:
    await bench.log.append("acme", DELIVERED)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"this is not TLS\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with bench.delivering(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"):
        await until(bench.reasons)
        assert not bench.log.cursors
    server.close()


async def test_a_certificate_that_nobody_vouches_for_is_given_no_event(bench: Bench) -> None:
    await bench.log.append("acme", DELIVERED)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=context)
    async with bench.delivering(f"https://localhost:{server.sockets[0].getsockname()[1]}/hook?key=hidden"):
        await until(lambda: len(bench.said) >= 3)
        assert all("certificate" in reason.lower() for reason in bench.reasons())
        assert receiver.requests == []
        assert not bench.log.cursors
        assert "hidden" not in str(bench.said)
    server.close()


async def test_a_certificate_of_another_name_is_given_no_event(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody we trust vouches for it, but not for the host that the account has named."""
    monkeypatch.setattr(connector, "_SSL_CONTEXT_VERIFIED", ssl.create_default_context(cafile=TLS / "ca.pem"))
    await bench.log.append("acme", DELIVERED)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with bench.delivering(f"https://hook.example:{port}/", resolver=Names(iter(()))):
        await until(lambda: len(bench.said) >= 3)
        assert all("certificate" in reason.lower() for reason in bench.reasons())
        assert receiver.requests == []
        assert not bench.log.cursors
    async with bench.delivering(f"https://localhost:{port}/", resolver=Names(iter(()))):
        await until(bench.reached(1))
    server.close()


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(8))
async def test_whatever_a_receiver_does_it_gets_every_event_and_in_order(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Refusals of every kind, answers that never come, restarts and events that come meanwhile, in any order."""
    monkeypatch.setattr(delivery, "_TOTAL", 0.05)
    chance = random.Random(seed)
    bad = [answer(500), answer(302, b"", "Location: /"), answer(404), b"garbage\r\n\r\n", None, Receiver.HANG]
    answers = [OK if chance.random() < 0.4 else chance.choice(bad) for _ in range(60)]
    async with receiving(*answers) as receiver:
        while len(bench.log.events.get("acme", ())) < 60 or bench.log.backlog("acme"):
            async with bench.delivering(receiver.url, batch=chance.randint(1, 5), schedule=STEADY):
                for _ in range(chance.randint(1, 4)):
                    had = len(receiver.requests)
                    if len(bench.log.events.get("acme", ())) < 60:
                        await bench.log.append("acme", *[DELIVERED] * chance.randint(1, 6))
                    await until(lambda had=had: len(receiver.requests) > had or not bench.log.backlog("acme"))
    said = itertools.chain(answers, itertools.repeat(OK))
    told = [one.seqs for one, answered in zip(receiver.requests, said, strict=False) if answered == OK]
    seen = 0
    for seqs in told:
        assert seqs == list(range(seqs[0], seqs[-1] + 1))
        assert seqs[0] <= seen + 1, "an event was skipped"
        seen = max(seen, seqs[-1])
    assert seen == len(bench.log.events["acme"])


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://localhost:{port}/"]
)
async def test_private_targets_are_refused_before_anything_is_sent(bench: Bench, url: str) -> None:
    await bench.log.append("acme", DELIVERED)
    async with receiving() as receiver, bench.delivering(url.format(port=receiver.port), allowed=()):
        await until(lambda: len(bench.said) >= 3)
        assert receiver.connections == 0
        assert all("not a public address" in reason for reason in bench.reasons())


@pytest.mark.parametrize("url", ["http://2130706433:{port}/", "http://127.1:{port}/", "http://0x7f000001:{port}/"])
async def test_odd_spellings_of_private_addresses_do_not_slip_through(bench: Bench, url: str) -> None:
    await bench.log.append("acme", DELIVERED)
    async with receiving() as receiver, bench.delivering(url.format(port=receiver.port), allowed=()):
        await until(lambda: len(bench.said) >= 2)
        assert receiver.connections == 0


@dataclass
class Names(AbstractResolver):
    """Says another address at each look-up, as a rebinding attacker's name server does."""

    addresses: Iterator[list[str]]

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in next(self.addresses, ["127.0.0.1"])
        ]

    async def close(self) -> None: ...


async def test_a_name_that_points_inside_is_refused_at_the_connection(bench: Bench) -> None:
    await bench.log.append("acme", DELIVERED)
    names = Names(iter([["10.0.0.1", "127.0.0.1"]]))
    async with (
        receiving() as receiver,
        bench.delivering(f"http://hook.example:{receiver.port}/", allowed=(), resolver=names),
    ):
        await until(lambda: len(bench.said) >= 3)
        assert receiver.connections == 0
        assert all("not a public address" in reason for reason in bench.reasons())


async def test_a_name_in_an_allowed_network_is_reached(bench: Bench) -> None:
    await bench.log.append("acme", DELIVERED)
    async with (
        receiving() as receiver,
        bench.delivering(f"http://hook.example:{receiver.port}/", resolver=Names(iter(()))),
    ):
        await until(bench.reached(1))
        assert receiver.requests[0].headers["host"] == f"hook.example:{receiver.port}"


@pytest.mark.parametrize(
    ("wishes", "sent"),
    [
        (("final",), [2, 5]),
        (("submitted",), [1, 3]),
        (("received",), [4]),
        (("submitted", "received"), [1, 3, 4]),
        (("all",), [1, 2, 3, 4, 5, 6]),
        ((), []),
    ],
)
async def test_only_wanted_events_are_sent_and_the_cursor_passes_the_others(
    bench: Bench, wishes: tuple[str, ...], sent: list[int]
) -> None:
    await bench.log.append("acme", SUBMITTED, EventType.FAILED, SUBMITTED, RECEIVED, DELIVERED)
    if "all" in wishes:
        await bench.log.append("acme", SUBMITTED)
    async with receiving() as receiver, bench.delivering(receiver.url, events=wishes):
        await until(bench.reached(len(bench.log.events["acme"])))
        assert accepted(receiver, 0) == sent


async def test_it_goes_on_from_the_cursor(bench: Bench) -> None:
    await bench.log.append("acme", *[DELIVERED] * 6)
    bench.log.cursors["acme"] = 4
    async with receiving() as receiver, bench.delivering(receiver.url):
        await until(bench.reached(6))
        assert accepted(receiver, 0) == [5, 6]


async def test_after_72_hours_it_is_parked_and_nothing_is_skipped(bench: Bench) -> None:
    await bench.log.append("acme", *[DELIVERED] * 4, at=bench.clock.now())
    async with receiving(*[answer(500)] * 8) as receiver, bench.delivering(receiver.url) as sender:
        await receiver.has(4)
        assert {g.name: g.value for g in sender.gauges()} == {"webhook_backlog": 4, "webhook_parked": 0}
        bench.clock.seconds += 2000  # more than the patience of this schedule
        await receiver.has(7)
        assert {g.name: g.value for g in sender.gauges()} == {"webhook_backlog": 4, "webhook_parked": 1}
        assert [line["event"] for line in bench.said].count("webhook parked") == 1
        await until(bench.reached(4))
        assert accepted(receiver, 8) == [1, 2, 3, 4]
        assert {g.value for g in sender.gauges()} == {0}


async def test_a_restart_does_not_begin_the_72_hours_anew(bench: Bench) -> None:
    await bench.log.append("acme", DELIVERED, at=bench.clock.now() - 2_000_000)
    async with receiving(*[answer(500)] * 9) as receiver, bench.delivering(receiver.url) as sender:
        await receiver.has(5)
        assert {g.name: g.value for g in sender.gauges()} == {"webhook_backlog": 1, "webhook_parked": 1}
        # It came up after days: the first tries are at growing pauses, as if nothing had been.
        pauses = [said["retry_in"] for said in bench.said if said["event"] == "webhook failed"]
        assert [said["event"] for said in bench.said].index("webhook parked") == 3, pauses


async def test_a_receiver_that_is_down_for_a_day(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pause of the real schedule, with the clock moved by hand: two hundred events, none lost, in order."""
    slept: list[float] = []
    real_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if not seconds:
            return await real_sleep(0)
        slept.append(seconds)
        bench.clock.seconds += seconds
        if len(slept) % 10 == 0 and len(bench.log.events["acme"]) < 200:
            await bench.log.append("acme", *[DELIVERED] * 20, at=bench.clock.now())
        return await real_sleep(0)

    monkeypatch.setattr(delivery.asyncio, "sleep", sleep)
    started = bench.clock.seconds
    await bench.log.append("acme", *[DELIVERED] * 20, at=bench.clock.now())
    downs = 9 + (86_400 - 1023) // 600 + 2
    bad = [answer(500), answer(302, b"", "Location: http://127.0.0.1:1/"), b"garbage\r\n\r\n", None, answer(404)]
    async with receiving(*[bad[n % len(bad)] for n in range(downs)]) as receiver:
        async with bench.delivering(receiver.url, schedule=Schedule(), batch=50) as sender:
            await until(bench.reached(200))
            assert {g.value for g in sender.gauges()} == {0}
        assert bench.clock.seconds - started >= 86_400
        assert slept[:11] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600]
        assert set(slept[10:]) == {600}
        assert [seq for request in receiver.requests[downs:] for seq in request.seqs] == list(range(1, 201))
        # Each try carried the very same events.
        assert {request.body for request in receiver.requests[:downs]} == {receiver.requests[0].body}
        assert not any(said["event"] == "webhook parked" for said in bench.said)


async def test_a_replay_ends_the_pause_of_a_parked_webhook(bench: Bench) -> None:
    patient = Schedule(initial=0.001, max=0.002, patience=10.0, parked=3600.0)
    await bench.log.append("acme", *[DELIVERED] * 4, at=0)
    async with receiving(*[answer(500)] * 2) as receiver, bench.delivering(receiver.url, schedule=patient) as sender:
        await until(lambda: any(said["event"] == "webhook parked" for said in bench.said))
        assert sender.replay("acme", None) == (0, 4)
        await until(bench.reached(4))
        assert accepted(receiver, 2) == [1, 2, 3, 4]
        assert {g.value for g in sender.gauges()} == {0}


async def test_a_replay_from_an_event_sends_all_that_followed_again_in_order(bench: Bench) -> None:
    await bench.log.append("acme", *[DELIVERED] * 7)
    async with receiving() as receiver, bench.delivering(receiver.url) as sender:
        await until(bench.reached(7))
        assert sender.replay("acme", 2) == (2, 5)
        assert bench.log.cursors["acme"] == 2, "also a restart goes on from there"
        await until(bench.reached(7))
        assert accepted(receiver, 0) == [1, 2, 3, 4, 5, 6, 7, 3, 4, 5, 6, 7]
        assert sender.replay("acme", 7) == (7, 0)


async def test_a_replay_while_a_post_is_under_way_loses_no_event(bench: Bench) -> None:
    await bench.log.append("acme", *[DELIVERED] * 6)
    async with receiving(OK, Receiver.HANG) as receiver, bench.delivering(receiver.url) as sender:
        await receiver.has(2)
        assert sender.replay("acme", 1) == (1, 5)
        await until(bench.reached(6))
        assert accepted(receiver, 0) == [1, 2, 3, 4, 5, 6, 2, 3, 4, 5, 6]


@pytest.mark.deep
async def test_a_replay_skips_nothing_and_needs_a_webhook(bench: Bench) -> None:
    await bench.log.append("acme", *[DELIVERED] * 4)
    async with receiving(*[Receiver.HANG]) as receiver, bench.delivering(receiver.url) as sender:
        await receiver.has(1)
        for account, after, code in (("acme", 1, "invalid_request"), ("nobody", None, "not_found")):
            with pytest.raises(Refusal) as refused:
                sender.replay(account, after)
            assert refused.value.code == code


@pytest.mark.parametrize("inside", ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "0.0.0.0"])
async def test_a_name_that_turns_private_after_a_check_is_refused(bench: Bench, inside: str) -> None:
    """Whoever looked the name up beforehand saw another address; what counts is the one that is connected to."""
    await bench.log.append("acme", DELIVERED)
    names = Names(iter([["203.0.113.9"], [inside]]))
    assert [one["host"] for one in await names.resolve("hook.example")] == ["203.0.113.9"]
    async with (
        receiving() as receiver,
        bench.delivering(f"http://hook.example:{receiver.port}/", allowed=(), resolver=names),
    ):
        await until(lambda: len(bench.said) >= 3)
        assert receiver.connections == 0
        assert all("not a public address" in reason for reason in bench.reasons())


async def test_the_store_may_fail_meanwhile(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_STORE_PAUSE", 0.001)
    bench.log.fail_reads += [RuntimeError("a bug"), StoreUnavailable()]
    await bench.log.append("acme", DELIVERED)
    async with receiving() as receiver, bench.delivering(receiver.url):
        await until(bench.reached(1))
        assert accepted(receiver, 0) == [1]


async def test_a_reload_changes_only_what_changed(bench: Bench) -> None:
    await bench.log.append("same", DELIVERED)
    await bench.log.append("moved", DELIVERED)
    await bench.log.append("gone", DELIVERED)
    async with receiving() as old, receiving() as new:
        sender = bench.sender()
        sender.configure({name: hook(old.url) for name in ("same", "moved", "gone")}, {}, LOOPBACK)
        await until(lambda: len(bench.log.cursors) == 3)
        tasks = {task.get_name(): task for task in asyncio.all_tasks()}
        sender.configure({"same": hook(old.url), "moved": hook(new.url), "added": hook(new.url)}, {}, LOOPBACK)
        assert {g.labels[0] for g in sender.gauges()} == {"same", "moved", "added"}
        for account in ("same", "moved", "gone", "added"):
            await bench.log.append(account, DELIVERED)
        await until(lambda: bench.log.cursors == {"same": 2, "moved": 2, "gone": 1, "added": 1})
        assert tasks["webhook same"] in asyncio.all_tasks()
        assert tasks["webhook moved"].cancelled()
        assert sorted(json.loads(r.body)["events"][0]["account"] for r in new.requests) == ["added", "moved"]
        sender.configure({"same": hook(old.url)}, {}, ())  # loopback is no longer allowed
        await bench.log.append("same", DELIVERED)
        await until(bench.reasons)
        assert bench.log.cursors["same"] == 2
        await sender.stop(1)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("webhook")]


async def test_a_stop_lets_the_post_under_way_finish(bench: Bench) -> None:
    await bench.log.append("acme", *[DELIVERED] * 6)
    release = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"]}")
        await release.wait()
        writer.write(OK)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    sender = bench.sender()
    sender.configure({"acme": hook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")}, {}, LOOPBACK)
    await until(lambda: any(d.posting for d, _ in sender._running.values()))
    stopping = asyncio.create_task(sender.stop(5))
    await asyncio.sleep(0)
    release.set()
    await stopping
    assert bench.log.cursors == {"acme": 3}
    server.close()


async def test_a_stop_does_not_wait_for_a_receiver_that_hangs(bench: Bench) -> None:
    await bench.log.append("acme", DELIVERED)
    await bench.log.append("idle")
    async with receiving(Receiver.HANG) as receiver:
        sender = bench.sender()
        sender.configure({"acme": hook(receiver.url), "idle": hook(receiver.url)}, {}, LOOPBACK)
        await receiver.has(1)
        async with asyncio.timeout(1):
            await sender.stop(0.01)
        assert not bench.log.cursors
