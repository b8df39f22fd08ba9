"""A secret beside the database, so that a copy of the database alone does not give away what was hashed with it."""

import os
from pathlib import Path
from secrets import token_bytes

from router.ports.store import StoreUnavailable

_OCTETS = 32


def secret_beside(path: Path) -> bytes:
    """What stands in the file PATH.key, which is made where it is missing; only its owner may read it. Raises
    StoreUnavailable."""
    file = Path(f"{path}.key")
    try:
        if not file.exists():
            _make(file)
        secret = file.read_bytes()
    except OSError as error:
        raise StoreUnavailable(f"{file}: {error.strerror}; it has to be readable by the daemon's user") from error
    if len(secret) != _OCTETS:
        detail = "restore it from a backup; without it move it away, and codes that were sent are not valid any more"
        raise StoreUnavailable(f"{file} does not have {_OCTETS} octets; {detail}")
    return secret


def _make(file: Path) -> None:
    """Whole or not at all, also when the machine stops in between."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as writing:
        writing.write(token_bytes(_OCTETS))
        writing.flush()
        os.fsync(writing.fileno())
    draft.rename(file)
