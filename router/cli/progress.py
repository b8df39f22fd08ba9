"""A bar for what takes longer than a second."""

import sys
import time
from contextlib import AbstractContextManager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

_PATIENCE = 1.0


class Bar(AbstractContextManager["Bar"]):
    """On stderr, where that is a terminal; nothing is drawn before a second has passed."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
            console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty(),
        )  # fmt: skip
        self._task = self._bars.add_task("", total=None)
        self._began = time.monotonic()
        self._drawn = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._bars.stop()

    def show(self, what: str, done: int = 0, total: int = 0) -> None:
        """What is done at the moment, and how much of how much of it; a total of 0 is not known."""
        self._bars.update(self._task, description=what, completed=done, total=total or None)
        if not self._drawn and time.monotonic() - self._began > _PATIENCE:
            self._bars.start()
            self._drawn = True
