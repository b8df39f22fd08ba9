"""Print the statements that make a database of the present schema with something in every table of the first ones."""

import asyncio
import sqlite3
import tempfile
from decimal import Decimal
from pathlib import Path

import structlog

from adapters.store import open_store
from router.message import Part, State
from router.outcome import OutcomeKind
from router.ports.store import Spent
from router.wallet import Entry, EntryKind
from tests.store.values import NOW, accepted, answer, event, in_doubt, message, piece, receipt, waiting


async def fill(path: Path) -> None:
    store = open_store(f"sqlite:///{path}", structlog.get_logger(), lambda seconds, size: None)
    await store.open()
    doubtful = waiting(2, parts=[in_doubt(OutcomeKind.UNKNOWN)], reference="order 2")
    await accepted(
        store,
        waiting(1),
        doubtful,
        message(3, state=State.SUBMITTED, parts=[Part(1, State.SUBMITTED)], due_at=NOW + 9),
        message(4, state=State.DELIVERED, parts=[Part(1, State.DELIVERED)], sender="ACME", text="it's “€😀”"),
        remembered=answer("key"),
    )
    store.link("mtn", "id2", doubtful, NOW)
    store.append(event(1))
    store.append(event(2))
    store.park(receipt(1))
    store.move_cursor("acme", 1)
    store.keep(piece(1))
    store.opt_out("acme", 237600000009, NOW)
    store.spend(Spent("mtn", "2025-06-15", 3, Decimal("0.06")))
    store.enter(Entry("acme", NOW, EntryKind.CREDIT, 100_000_000_000, detail="paid in"))
    store.enter(Entry("acme", NOW + 1, EntryKind.DEBIT, -20_000_000, detail="1 part"))
    await store.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "router.db")
        asyncio.run(fill(path))
        connection = sqlite3.connect(path)
        for statement in connection.iterdump():
            print(statement)
        print(f"PRAGMA user_version = {connection.execute('PRAGMA user_version').fetchone()[0]};")
        connection.close()


main()
