"""A child of the bench that is told things by lines, and tells how far it is by lines of JSON."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from router.cli import children

Told = TypeVar("Told")


class Talker(Generic[Told]):
    """`heard` is the last line it wrote, None before the first."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, told: type[Told]) -> None:
        self.process = process
        self.heard: Told | None = None
        self._log = log
        self._decoder = msgspec.json.Decoder(told)
        self._news = asyncio.Condition()
        self._silent = False

    @property
    def last(self) -> Told:
        """The last line. Raises Failed where the child has ended, or has not said a word."""
        if self._silent or self.heard is None:
            raise self._failed("ended")
        return self.heard

    def say(self, what: object) -> None:
        """A line of JSON, or octets as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write((what if isinstance(what, bytes) else msgspec.json.encode(what)) + b"\n")

    async def wait(self, until: Callable[[Told], bool]) -> None:
        """Until it has said so. Raises Failed where it ends, or says nothing of the kind for a while."""
        try:
            async with asyncio.timeout(children.START), self._news:
                while self.heard is None or not until(self.heard):
                    if self._silent:
                        raise self._failed("ended")
                    await self._news.wait()
        except TimeoutError:
            raise self._failed("does not answer") from None

    async def follow(self) -> None:
        """Reads what it says, until cancelled."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.heard = self._decoder.decode(line)
            async with self._news:
                self._news.notify_all()
        self._silent = True
        async with self._news:
            self._news.notify_all()

    def _failed(self, what: str) -> children.Failed:
        return children.Failed(f"{self._log.stem} {what}:\n{children.last_words(self._log)}")


@asynccontextmanager
async def talker(
    log: Path, module: str, *arguments: str, told: type[Told], setup: object = None
) -> AsyncIterator[Talker[Told]]:
    """A child that has said its first word; its errors go to a log with its name. Raises Failed."""
    async with children.python(module, *arguments, log=log, talks=True) as process:
        child = Talker(process, log, told)
        following = asyncio.create_task(child.follow())
        try:
            if setup is not None:
                child.say(setup)
            await child.wait(lambda told: True)
            yield child
        finally:
            following.cancel()
