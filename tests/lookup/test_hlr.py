"""An HLR provider over real sockets: what it answers, and what happens where it does not."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.lookup import hlr
from router.ports.lookups import Found, NumberLookup
from tests.engine.rig import ManualClock
from tests.lookup.contract import CM, OTHER, PORTED, NumberLookupContract, look
from tests.lookup.provider import LOG, FakeProvider, answer, network


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with FakeProvider() as provider:
        provider.networks[PORTED[1:]] = ("624", "02")
        yield provider


@pytest.fixture
async def source(provider: FakeProvider) -> AsyncIterator[NumberLookup]:
    source = provider.source()
    yield source
    await source.close()


class TestHlrProvider(NumberLookupContract):
    """What the contract asks of it."""


async def test_what_is_written_to_it(provider: FakeProvider) -> None:
    source = provider.source(
        url=f"http://127.0.0.1:{provider.port}/v1/%2B{{number}}?fields=network",
        headers=(("Authorization", "Bearer s"),),
    )
    provider.reply = lambda _: network("624", "02")
    assert await look(source, PORTED) == CM
    await source.close()
    (head,) = provider.heads
    assert head.startswith("GET /v1/%2B237670000001?fields=network HTTP/1.1\r\n")
    assert "Authorization: Bearer s\r\n" in head
    assert "Accept-Encoding: identity\r\n" in head


BROKEN: list[tuple[bytes | None, str]] = [
    (answer("", "500 Internal Server Error"), "lookup_failed"),
    (answer("{}", "503 Service Unavailable"), "lookup_failed"),
    (answer("{}", "429 Too Many Requests"), "lookup_failed"),
    (answer("{}", "401 Unauthorized"), "lookup_failed"),
    (answer("", "302 Found", "Location: http://169.254.169.254/\r\n"), "lookup_failed"),
    (b"", "lookup_failed"),
    (b"HTTP/1.1 200 OK\r\nContent-Le", "lookup_failed"),
    (answer('{"result": {"mcc": "624", "mnc": "02"}}')[:-9], "lookup_failed"),
    (b"SSH-2.0-OpenSSH_9.6\r\n", "lookup_failed"),
    (b"\x00" * 10_000, "lookup_failed"),
    (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 100_000 + b"\r\n\r\n", "lookup_failed"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", "lookup_failed"),
    (answer("<html>"), "lookup_unreadable"),
    (answer('{"result": {"mcc": "624", "mnc": 2}}'), "lookup_unreadable"),
    (answer("[" * 60_000), "lookup_unreadable"),
    (answer(" " * 10_000_000 + "{}"), "lookup_unreadable"),
    (answer(gzip.compress(b'{"result": null}'), headers="Content-Encoding: gzip\r\n"), "lookup_unreadable"),
    (answer('{"result": null}'), "lookup_unknown"),
    (answer("", "404 Not Found"), "lookup_unknown"),
    (answer("no such number", "422 Unprocessable Content"), "lookup_unknown"),
]


@pytest.mark.parametrize(("octets", "error"), BROKEN)
async def test_what_is_no_network(provider: FakeProvider, octets: bytes, error: str) -> None:
    source = provider.source()
    provider.reply = lambda _: octets
    assert await look(source, PORTED) == Found(error=error)
    # Only what was said of the number is remembered.
    assert (source.known(PORTED) is None) == (error != "lookup_unknown")
    await source.close()


@given(junk=st.binary(max_size=300), place=st.integers(0, 120))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_damaged_answers(provider: FakeProvider, junk: bytes, place: int) -> None:
    whole = network("624", "02")
    provider.reply = lambda _: whole[:place] + junk + whole[place:]
    source = provider.source(timeout=0.2)
    found = await look(source, PORTED)
    assert (found.network is None) != (found.error is None)
    await source.close()


async def test_nobody_is_there(provider: FakeProvider) -> None:
    settings = provider.settings()
    await provider.__aexit__()
    source = hlr.HlrProvider(settings, ManualClock(), LOG)
    assert await look(source, PORTED) == Found(error="lookup_failed")
    await source.close()
    await provider.__aenter__()


async def test_silence_costs_the_budget_and_no_more(provider: FakeProvider) -> None:
    source = provider.source(timeout=0.5, in_flight=2)
    provider.reply = lambda number: None if number != OTHER[1:] else network("624", "01")
    numbers = [OTHER, *(f"+23767000{number:04d}" for number in range(1000, 1039))]
    # Two at a time, each with a budget of its own, would take as long again.
    async with asyncio.timeout(5):
        answered = await source.ask(numbers)
    assert answered.pop(OTHER) == Found(("624", "01"))
    assert set(answered.values()) == {Found(error="lookup_timeout")}
    await source.close()


async def test_so_many_at_a_time(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hlr, "_WAITING", 2)
    source = provider.source(in_flight=3)
    provider.held.clear()
    asked = asyncio.ensure_future(source.ask([f"+23767000{number:04d}" for number in range(10)]))
    async with asyncio.timeout(10):
        while provider.open < 3:
            await asyncio.sleep(0)
    # A number that is being asked for is not asked for twice.
    again = asyncio.ensure_future(source.ask([asked_first := f"+{provider.asked[0]}"]))
    await asyncio.sleep(0)
    provider.held.set()
    answered = await asked
    assert (await again)[asked_first] == answered[asked_first]
    assert provider.most_open == 3
    assert [found.error for found in answered.values()].count("lookup_busy") == 4
    assert len(provider.asked) == 6
    await source.close()


async def test_answers_are_remembered_for_their_age(provider: FakeProvider) -> None:
    clock = ManualClock()
    source = provider.source(clock, cache=100.0, negative=10.0)
    for _ in range(3):
        assert await look(source, PORTED) == CM
        assert await look(source, OTHER) == Found(error="lookup_unknown")
    assert len(provider.asked) == 2
    clock.move(11)
    provider.networks[OTHER[1:]] = ("624", "01")
    assert source.known(PORTED) == CM
    assert await look(source, OTHER) == Found(("624", "01"))
    clock.move(90)
    assert source.known(PORTED) is None
    await source.close()


async def test_the_cache_is_bounded(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hlr, "_REMEMBERED", 5)
    source = provider.source()
    numbers = [f"+23767000{number:04d}" for number in range(20)]
    for number in numbers:
        await source.ask((number,))
    assert [number for number in numbers if source.known(number) is not None] == numbers[-5:]
    await source.close()


async def test_only_the_countries_that_it_is_for(provider: FakeProvider) -> None:
    source = provider.source(countries=("CM",))
    assert source.known(PORTED) is None
    assert source.known("+33612345678") == Found()
    assert source.known("+80012345678") == Found()
    assert provider.asked == []
    await source.close()


@pytest.mark.parametrize("reply", [lambda _: b"", lambda _: answer("?"), lambda _: answer("", "500 Oh")])
async def test_the_circuit(provider: FakeProvider, reply: Callable[[str], bytes]) -> None:
    clock = ManualClock()
    source = provider.source(clock)
    provider.reply = reply
    for _ in range(5):
        assert (await look(source, PORTED)).error in ("lookup_failed", "lookup_unreadable")
    assert source.known(PORTED) == Found(error="lookup_unavailable")
    assert source.known("+237670000009") == Found(error="lookup_unavailable")
    # (The client asks once more where a connection was closed: it may have been an old one.)
    asked = len(provider.asked)
    assert await source.ask((PORTED,)) == {PORTED: Found(error="lookup_unavailable")}
    assert len(provider.asked) == asked
    # One is asked after a while, and tells for all.
    clock.move(10)
    numbers = [PORTED, OTHER, "+237670000003"]
    assert [found.error for found in (await source.ask(numbers)).values()].count("lookup_unavailable") == 2
    assert len(set(provider.asked[asked:])) == 1
    assert source.known(OTHER) == Found(error="lookup_unavailable")
    clock.move(10)
    provider.reply = None
    assert await look(source, PORTED) == CM
    assert (await look(source, OTHER)).error == "lookup_unknown"
    # What is remembered is told whatever the circuit is.
    provider.reply = reply
    for number in range(5):
        await look(source, f"+23767000111{number}")
    assert source.known(PORTED) == CM
    assert source.known("+237670000009") == Found(error="lookup_unavailable")
    await source.close()


async def test_unknown_numbers_open_no_circuit(provider: FakeProvider) -> None:
    source = provider.source()
    for number in range(30):
        assert (await look(source, f"+23767000{number + 1000}")).error == "lookup_unknown"
    await source.close()


async def test_whoever_goes_away_ends_nobody_elses_wait(provider: FakeProvider) -> None:
    source = provider.source()
    provider.held.clear()
    first = asyncio.ensure_future(source.ask((PORTED,)))
    second = asyncio.ensure_future(source.ask((PORTED,)))
    async with asyncio.timeout(10):
        while not provider.open:
            await asyncio.sleep(0)
    first.cancel()
    provider.held.set()
    assert (await second)[PORTED] == CM
    await source.close()


async def test_closing_waits_for_the_answers(provider: FakeProvider) -> None:
    source = provider.source()
    provider.held.clear()
    asked = asyncio.ensure_future(source.ask((PORTED,)))
    async with asyncio.timeout(10):
        while not provider.open:
            await asyncio.sleep(0)
    closing = asyncio.ensure_future(source.close())
    await asyncio.sleep(0)
    provider.held.set()
    await closing
    assert (await asked)[PORTED] == CM
