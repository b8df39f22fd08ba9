"""The disk fails: submits are refused and told so, what was accepted stands, and all goes on by itself."""

import asyncio
import resource
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import pytest
from aiohttp import ClientError

from tests.processes import plain_number
from tests.scenarios.disk import SmallDisk, failing_syncs, failing_writes, slow_syncs
from tests.scenarios.world import TEXT, World, body_of, ending, endings, submissions, until

pytestmark = pytest.mark.process

WINDOW = 10

Trouble = Callable[[World], AbstractAsyncContextManager[None]]


@contextmanager
def no_writes(world: World) -> Iterator[None]:
    """No write of the daemon reaches a file within the block, not even its log."""
    pid = world.daemon.pid
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))
    try:
        yield
    finally:
        if world.daemon.poll() is None:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


@asynccontextmanager
async def file_size_limit(world: World) -> AsyncIterator[None]:
    with no_writes(world):
        yield


@asynccontextmanager
async def full(world: World) -> AsyncIterator[None]:
    assert world.disk is not None
    world.disk.fill()
    yield
    world.disk.empty()


def read_only(world: World) -> AbstractAsyncContextManager[None]:
    return failing_writes(world.daemon.pid, database(world), "EROFS")


def broken(world: World) -> AbstractAsyncContextManager[None]:
    return failing_writes(world.daemon.pid, database(world), "EIO")


def unsynced(world: World) -> AbstractAsyncContextManager[None]:
    return failing_syncs(world.daemon.pid, database(world))


def database(world: World) -> Path:
    return world.folder / "data" / "router.db"


@pytest.fixture
def small_disk(world: World) -> Iterator[SmallDisk]:
    """The world's data stands on 80 MB of its own."""
    disk = world.disk = SmallDisk(world.folder / "data", "80m")
    yield disk
    disk.close()


@dataclass
class Load:
    """Submits one message after the other on each of its connections until told to stop."""

    world: World
    connections: int = 4
    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    over: bool = False
    _next: int = 0

    async def run(self) -> None:
        await asyncio.gather(*(self._work() for _ in range(self.connections)))

    async def _work(self) -> None:
        while not self.over:
            to = plain_number(self._next)
            self._next += 1
            try:
                async with self.world.client.post("/v1/messages", json={"to": to, "from": "ACME", "text": TEXT}) as it:
                    if it.status == 202:
                        self.accepted.append((await it.json())["id"])
                        continue
                    problem = await body_of(it, 503)
            except (ClientError, OSError):
                return
            assert problem["code"] == "store_unavailable"
            assert int(it.headers["Retry-After"]) >= 1
            self.refused.append(to)
            await asyncio.sleep(0.02)


async def ready(world: World) -> bool:
    async with world.client.get("/readyz") as answer:
        return answer.status == 200


async def not_ready(world: World) -> bool:
    return not await ready(world)


@pytest.mark.parametrize("trouble", [file_size_limit, read_only, broken, unsynced])
async def test_it_recovers_by_itself(world: World, trouble: Trouble) -> None:
    await trouble_comes_and_goes(world, trouble, times=3 if trouble is file_size_limit else 1)


async def test_a_full_disk(world: World, small_disk: SmallDisk) -> None:
    await trouble_comes_and_goes(world, full, times=2)


async def trouble_comes_and_goes(world: World, trouble: Trouble, times: int) -> None:
    smsc = await world.operator(receipt_delay=0.01, resend=0.2)
    world.configure(window=WINDOW)
    await world.start()
    await world.bound()
    load = Load(world)
    loading = asyncio.create_task(load.run())
    for _ in range(times):
        enough = len(load.accepted) + 100
        await until(lambda enough=enough: len(load.accepted) > enough)
        before = len(load.refused)
        async with trouble(world):
            await until(lambda before=before: len(load.refused) > before + 10)
            assert await not_ready(world)
            answered = smsc.counts.delivered
            # What can be read is read.
            assert (await world.message(load.accepted[0]))["id"] == load.accepted[0]
            await world.events()
            if smsc.counts.deliveries > answered:
                resent = smsc.counts.resent
                await until(lambda resent=resent: smsc.counts.resent > resent)
            assert smsc.counts.delivered == answered, "a receipt that is not on disk was acknowledged"
        await until(lambda: ready(world), within=10)
    load.over = True
    await loading
    await assert_all_stands(world, load)
    assert max(submissions(smsc).values()) == 1
    assert not any(event["possible_duplicate"] for event in await world.events())
    await until(lambda: smsc.counts.dropped == 0 and smsc.counts.delivered >= len(load.accepted))
    await world.idle()
    assert await world.stop() == 0


@pytest.mark.parametrize("way", ["kill", "stop"])
async def test_an_end_on_a_full_disk_loses_nothing(world: World, way: str) -> None:
    smsc = await world.operator(receipt_delay=0.01)
    world.configure(window=WINDOW)
    await world.start()
    await world.bound()
    load = Load(world)
    loading = asyncio.create_task(load.run())
    await until(lambda: len(load.accepted) > 100)
    with no_writes(world):
        await until(lambda: len(load.refused) > 10)
        if way == "kill":
            await world.kill()
        else:
            assert await world.stop() != 0, "what could not be stored is no success"
    await loading
    await world.start()
    await assert_all_stands(world, load)
    twice = {f"+{number}" for (number, _), count in submissions(smsc).items() if count > 1}
    flagged = {event["to"] for event in await world.events() if ending(event) and event["possible_duplicate"]}
    assert twice <= flagged
    assert len(flagged) <= WINDOW


async def test_a_slow_disk_holds_up_answers_only(world: World) -> None:
    """Each sync takes a tenth of a second: batches grow, what needs no disk answers as ever, nothing is refused."""
    await world.operator(receipt_delay=0.01)
    world.configure(window=WINDOW)
    await world.start()
    await world.bound()
    load = Load(world, connections=100)
    took: list[float] = []
    async with slow_syncs(world.daemon.pid, database(world), 0.1):
        loading = asyncio.create_task(load.run())
        while len(load.accepted) < 500:
            began = asyncio.get_running_loop().time()
            assert await ready(world)
            took.append(asyncio.get_running_loop().time() - began)
            await asyncio.sleep(0.01)
        load.over = True
        await loading
        assert not load.refused
        samples = await world.metrics()
        assert samples.total("store_commit_seconds_sum") / samples.total("store_commit_seconds_count") > 0.1
        assert median(took) < 0.05
    await assert_all_stands(world, load)


@pytest.mark.parametrize("trouble", ["full", "read-only"])
async def test_a_start_on_such_a_disk_is_refused_and_changes_nothing(
    world: World, small_disk: SmallDisk, trouble: str
) -> None:
    ids = await prepared(world)
    if trouble == "full":
        small_disk.fill()
    else:
        small_disk.read_only(True)
    before = (small_disk.path / "router.db").read_bytes()
    code, said = await refused_start(world)
    assert code == 1
    assert "store_unavailable" in said
    assert "router.db" in said
    assert ("needs more room" if trouble == "full" else "that can be written") in said
    assert (small_disk.path / "router.db").read_bytes() == before
    if trouble == "full":
        small_disk.empty()
    else:
        small_disk.read_only(False)
    await world.start()
    assert {one["id"] for one in await world.messages()} == set(ids)


async def test_a_start_on_a_damaged_file_says_what_to_do_and_leaves_it_alone(world: World) -> None:
    ids = await prepared(world)
    with damaged(database(world)) as octets:
        code, said = await refused_start(world)
        assert code == 1
        assert "router.db" in said
        assert "malformed" in said
        assert "backup" in said
        assert database(world).read_bytes() == octets
    await world.start()
    assert {one["id"] for one in await world.messages()} == set(ids)


async def test_a_file_that_is_damaged_while_the_daemon_runs(world: World) -> None:
    """What needs the damaged pages is refused, nothing is made up, and when they are whole again all goes on."""
    await prepared(world)
    await world.start()
    await world.bound()
    load = Load(world)
    with damaged(database(world)):
        loading = asyncio.create_task(load.run())
        await until(lambda: load.refused)
        await until(lambda: not_ready(world))
        async with world.client.get("/v1/messages?limit=100") as answer:
            assert (await body_of(answer, 503))["code"] == "store_unavailable"
    await until(lambda: ready(world), within=10)
    await until(lambda: len(load.accepted) > 50)
    load.over = True
    await loading
    await assert_all_stands(world, load)
    assert await world.stop() == 0


async def prepared(world: World) -> list[str]:
    """Some messages that were delivered, and a daemon that has stopped."""
    await world.operator(receipt_delay=0.01)
    world.configure(window=WINDOW)
    await world.start()
    await world.bound()
    ids = [(await world.submit(plain_number(100_000 + place)))["id"] for place in range(100)]
    await world.ended(ids)
    await world.idle()
    assert await world.stop() == 0
    return ids


async def refused_start(world: World) -> tuple[int, str]:
    """Exit code and words of a daemon that does not start."""
    log = world.folder / "refused.log"
    child = world.processes.start("serve", "-c", str(world.config), log=log, within=world.within)
    try:
        code = await asyncio.to_thread(child.wait, 20)
    except subprocess.TimeoutExpired:
        pytest.fail("it started")
    return code, log.read_text()


@contextmanager
def damaged(file: Path, page: int = 8192) -> Iterator[bytes]:
    """Flip bits in all pages but the first, and back where nobody has written since; gives the damaged octets."""
    whole = file.read_bytes()
    bad = whole[:page] + bytes(octet ^ 0xA5 for octet in whole[page:])
    with file.open("r+b") as opened:
        opened.write(bad)
    try:
        yield bad
    finally:
        with file.open("r+b") as opened:
            now = opened.read()
            for at in range(page, len(whole), page):
                if now[at : at + page] == bad[at : at + page]:
                    opened.seek(at)
                    opened.write(whole[at : at + page])


async def assert_all_stands(world: World, load: Load) -> None:
    everything = await world.messages()
    ids = {one["id"] for one in everything}
    assert set(load.accepted) <= ids
    assert not {one["to"] for one in everything} & set(load.refused), "refused, and yet taken"
    events = await world.ended(ids)
    assert endings(events) == dict.fromkeys(ids, 1)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert {event["state"] for event in events if ending(event)} == {"delivered"}
