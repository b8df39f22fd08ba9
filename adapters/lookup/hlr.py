"""The port NumberLookup over an HTTP provider that asks the home location register, or says it does."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from adapters.lookup.answer import LARGEST, Unreadable, read_network
from adapters.lookup.breaker import Breaker
from router.ports.clock import Clock
from router.ports.lookups import Found
from router.routing.networks import country
from router.settings import HlrLookup

_REMEMBERED = 200_000  # numbers, about 60 MB
_WAITING = 20  # questions that may wait for one in flight, or are late anyway

_NOTHING = Found()
_UNKNOWN = Found(error="lookup_unknown")
_TIMEOUT = Found(error="lookup_timeout")
_FAILED = Found(error="lookup_failed")
_UNREADABLE = Found(error="lookup_unreadable")
_UNAVAILABLE = Found(error="lookup_unavailable")
_BUSY = Found(error="lookup_busy")

# What a provider says about the number, not about itself.
_NOT_FOUND = frozenset({400, 404, 410, 422})


class HlrProvider:
    """One provider; its cache and what is known of its health end with it. Used from one event loop."""

    name = "hlr"

    def __init__(self, settings: HlrLookup, clock: Clock, log: Any) -> None:
        self.settings = settings
        self.budget = settings.timeout
        self._clock = clock
        self._log = log
        self._countries = frozenset(settings.countries) if settings.countries is not None else None
        self._cache: OrderedDict[str, tuple[float, Found]] = OrderedDict()
        self._breaker = Breaker()
        self._slots = asyncio.Semaphore(settings.in_flight)
        self._asking: dict[str, asyncio.Task[Found]] = {}
        self._session: ClientSession | None = None

    def known(self, number: str) -> Found | None:
        if self._countries is not None and country(number) not in self._countries:
            return _NOTHING
        cached = self._cache.get(number)
        now = self._clock.monotonic()
        if cached is not None and now < cached[0]:
            return cached[1]
        return _UNAVAILABLE if self._breaker.refuses(now) else None

    async def ask(self, numbers: Sequence[str]) -> dict[str, Found]:
        answered: dict[str, Found] = {}
        tasks: dict[str, asyncio.Task[Found]] = {}
        for number in numbers:
            task = self._asking.get(number)
            if task is None and len(self._asking) >= self.settings.in_flight * _WAITING:
                answered[number] = _BUSY
                continue
            tasks[number] = task or self._begin(number)
        if tasks:
            # Whoever asked first set the time: a second one waits no longer. Nobody's going away ends another's wait.
            await asyncio.wait(tasks.values(), timeout=self.budget)
        for number, task in tasks.items():
            answered[number] = task.result() if task.done() and not task.cancelled() else _TIMEOUT
        return answered

    async def close(self) -> None:
        if self._asking:
            await asyncio.wait(self._asking.values(), timeout=self.budget)
        for task in list(self._asking.values()):
            task.cancel()
        if self._session is not None:
            await self._session.close()

    def _begin(self, number: str) -> asyncio.Task[Found]:
        task = asyncio.get_running_loop().create_task(self._question(number))
        self._asking[number] = task
        task.add_done_callback(lambda _: self._asking.pop(number, None))
        return task

    async def _question(self, number: str) -> Found:
        admitted = False
        try:
            async with asyncio.timeout(self.budget), self._slots:
                admitted = self._breaker.admit(self._clock.monotonic())
                if not admitted:
                    return _UNAVAILABLE
                found = await self._fetch(number)
        except TimeoutError:
            return self._failed(_TIMEOUT) if admitted else _TIMEOUT
        except Unreadable:
            return self._failed(_UNREADABLE)
        except asyncio.CancelledError:
            if admitted:
                self._breaker.failed(self._clock.monotonic())
            raise
        except Exception as error:
            # ClientError and OSError are the other side's; anything else must not stop a message either.
            if not isinstance(error, ClientError | OSError | ValueError):
                self._log.error("lookup_broken", source=self.name, error=type(error).__name__)
            return self._failed(_FAILED)
        if self._breaker.succeeded():
            self._log.info("lookup_available", source=self.name)
        self._remember(number, found)
        return found

    async def _fetch(self, number: str) -> Found:
        """One question. Raises Unreadable, and what the client raises."""
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(limit=self.settings.in_flight),
                cookie_jar=DummyCookieJar(),
                timeout=ClientTimeout(total=None),
                auto_decompress=False,  # a small answer must not become a large one
                headers={
                    "User-Agent": "carrier-router",
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",
                    **dict(self.settings.headers),
                },
            )
        url = self.settings.url.replace("{number}", number[1:])
        async with self._session.get(url, allow_redirects=False) as response:
            if response.status in _NOT_FOUND:
                return _UNKNOWN
            if not 200 <= response.status < 300:
                raise ClientError
            network = read_network(await _body(response), self.settings.mcc, self.settings.mnc)
        return _UNKNOWN if network is None else Found(network)

    def _failed(self, found: Found) -> Found:
        if self._breaker.failed(self._clock.monotonic()):
            self._log.warning("lookup_unavailable", source=self.name, reason=found.error)
        return found

    def _remember(self, number: str, found: Found) -> None:
        age = self.settings.cache if found.network is not None else self.settings.negative
        self._cache[number] = (self._clock.monotonic() + age, found)
        self._cache.move_to_end(number)
        if len(self._cache) > _REMEMBERED:
            self._cache.popitem(last=False)


async def _body(response: ClientResponse) -> bytes:
    """The answer, or as much of it as is enough to refuse it."""
    body = b""
    while len(body) <= LARGEST:
        piece = await response.content.read(LARGEST)
        if not piece:
            break
        body += piece
    return body
