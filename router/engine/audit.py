"""The record of control actions."""

import asyncio

from router.audit import AuditEntry
from router.ports.clock import Clock
from router.ports.store import Store, StoreUnavailable
from router.refusal import Refusal

# An answer waits for its row to be on disk, but a sick store keeps nobody from pausing an operator: seconds.
_PATIENCE = 1.0
# Names come from whoever asks; this is longer than any that exists.
_LONGEST = 255


class Audit:
    """Notes what was done; the notes are kept as long as events are."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def note(self, who: str, action: str, subject: str | None, outcome: str = "done") -> None:
        """Record an action, in one transaction with what was written to the store just before."""
        shown = subject if subject is None else subject[:_LONGEST]
        self._store.audit(AuditEntry(self._clock.now(), who, action, shown, outcome))

    async def noted(self) -> None:
        """Return once every note is on disk, or after a second: a store that fails writes them when it can again."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._store.after_commit(lambda: None if done.done() else done.set_result(None))
        try:
            async with asyncio.timeout(_PATIENCE):
                await done
        except TimeoutError:
            pass

    async def read(self, after: int, limit: int, before: int | None = None) -> list[AuditEntry]:
        """Entries with seq > `after`, oldest first, or those with seq < `before`, newest first; at most `limit`. Raises
        Refusal `store_unavailable`."""
        try:
            if before is not None:
                return await self._store.last_audited(before, limit)
            return await self._store.audited(after, limit)
        except StoreUnavailable:
            detail = "the record cannot be read at the moment; try again"
            raise Refusal("store_unavailable", detail, retry_after=1) from None
