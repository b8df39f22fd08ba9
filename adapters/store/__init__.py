"""The Store port on databases."""

import time
from collections.abc import Callable
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from adapters.store.sqlite import SqliteStore
from router.ports import Store

_SQLITE = "sqlite:///"


def open_store(
    url: str,
    log: FilteringBoundLogger,
    on_commit: Callable[[float, int], None],
    monotonic: Callable[[], float] = time.monotonic,
) -> Store:
    """The store that `url` names, not yet opened: sqlite:///relative/path or sqlite:////absolute/path.

    `on_commit` is told each commit's duration in seconds and its number of writes. Raises ValueError for any other url.
    """
    path = url.removeprefix(_SQLITE)
    if path in (url, ""):
        scheme = url.partition(":")[0]
        raise ValueError(f"no store for {scheme!r}: sqlite:///PATH is what there is")
    return SqliteStore(Path(path), log, on_commit, monotonic)
