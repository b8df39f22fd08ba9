"""What the engine asks of the configuration's files and of the plans that were kept."""

from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

from msgspec import Struct

from router.settings import Settings

Cause = Literal["start", "signal", "request", "rollback"]


class KeptPlan(Struct, frozen=True, gc=False):
    """A plan that ran. Its files were also those of every version from `first` on; `cause` is what made it run: a
    start of the daemon, SIGHUP (signal), POST /v1/reload (request), or the same with the version to go back to."""

    version: int
    first: int
    at: datetime
    cause: Cause
    rolled_back_to: int | None = None


class LoadedPlan(NamedTuple):
    """What the files say, checked; `files` is a copy of them for `PlanFiles.keep`."""

    settings: Settings
    files: Any


class PlanFiles(Protocol):
    """The configuration files as they are now, and those of the last plans. Every call blocks while it reads or writes.

    Secrets are never kept, only where they are found; a plan that is recalled takes them anew.
    """

    def load(self) -> LoadedPlan:
        """Raises InvalidConfig with everything that is wrong in the files."""

    def recall(self, version: int) -> LoadedPlan:
        """Raises Refusal `not_found` for a version that is not kept, InvalidConfig where it does not load any more."""

    def keep(self, plan: KeptPlan, files: Any) -> None:
        """Keep a plan that runs now, on disk when this returns, and forget the oldest beyond ten. Raises OSError."""

    def kept(self) -> list[KeptPlan]:
        """The newest first, without what cannot be read."""
