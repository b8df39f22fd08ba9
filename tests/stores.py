"""Databases at our schema, made once for a process: most tests open one and have no interest in how it came to be."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.store.schema import open_writer


def place(path: Path) -> None:
    """An empty database where there is none yet."""
    if not path.exists():
        path.write_bytes(_empty())


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "router.db"
        open_writer(path).close()
        return path.read_bytes()
