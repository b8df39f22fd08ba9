"""Where tables are printed, and how long things take."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

_WIDE = 240  # columns where the output is not a terminal: nothing is cut or folded
_SOON = 0.4  # seconds; what is done by then needs no bar


def console() -> Console:
    """Standard output, as wide as the terminal."""
    return Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on the terminal that something goes on, once it takes a while; nobody knows how long it will."""
    if not sys.stderr.isatty():
        yield
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(what, total=None)
    starter = Timer(_SOON, bar.start)
    starter.daemon = True
    starter.start()
    try:
        yield
    finally:
        starter.cancel()
        starter.join()
        bar.stop()
