"""What has to be done now and then: retention, and receipts that nobody asked for."""

import asyncio
from typing import Any

from router.engine.correlate import Correlator
from router.engine.running import Running
from router.ports.clock import Clock
from router.ports.store import KEYS_KEPT, Store, StoreUnavailable

_EVERY = 60.0
# Short enough to forget as much as can be sent.
_BREATH = 0.01


async def keep_house(store: Store, running: Running, correlator: Correlator, clock: Clock, log: Any) -> None:
    """Once a minute, for as long as the daemon runs; deletions go in small steps with pauses between them."""
    while True:
        await asyncio.sleep(_EVERY)
        correlator.housekeep()
        retention = running.plan.settings.retention
        now = clock.now()
        try:
            more = True
            while more:
                more = await store.purge(
                    messages_before=now - round(retention.messages * 1000),
                    events_before=now - round(retention.events * 1000),
                    text_before=now - round(retention.text * 1000),
                    keys_before=now - KEYS_KEPT,
                )
                await asyncio.sleep(_BREATH)
        except StoreUnavailable as error:
            log.warning("retention_postponed", reason=str(error))
