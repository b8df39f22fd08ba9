"""A database of every earlier schema opens, with all it has, and is then as a new one."""

from decimal import Decimal
from pathlib import Path

import apsw
import pytest
import structlog

from adapters.store import open_store
from router.message import Message, State
from router.outcome import OutcomeKind
from router.ports.store import Lane, LaneBacklog, MessageFilter, Spent, Store
from tests.store.values import NOW, accepted, answer, event, message, piece, receipt

EARLIER = sorted((Path(__file__).parent / "earlier").glob("*.sql"))


def store_at(path: Path) -> Store:
    return open_store(f"sqlite:///{path}", structlog.get_logger(), lambda seconds, size: None)


def schema(path: Path) -> list[tuple[str, ...]]:
    connection = apsw.Connection(str(path))
    found = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()
    found += connection.execute("PRAGMA user_version").fetchall()
    connection.close()
    return found


@pytest.mark.parametrize("statements", EARLIER, ids=lambda path: path.stem)
async def test_all_it_has_is_there(tmp_path: Path, statements: Path) -> None:
    path = tmp_path / "router.db"
    connection = apsw.Connection(str(path))
    connection.execute(statements.read_text())
    connection.close()

    store = store_at(path)
    recovery = await store.open()
    assert (recovery.last_no, recovery.last_position, recovery.last_seqs) == (4, 2, {"acme": 2})
    assert recovery.lanes == [LaneBacklog(Lane("mtn", 1, "acme"), 2)]
    assert (recovery.open_messages, recovery.next_due) == (2, NOW + 9)
    (doubtful,) = recovery.unsettled
    assert doubtful.parts[0].attempts[0].outcome is OutcomeKind.UNKNOWN
    assert recovery.parked == [receipt(1)]
    assert recovery.cursors == {"acme": 1}
    assert await store.find_linked([("mtn", "id2")]) == {("mtn", "id2"): [doubtful]}
    assert await store.events("acme", 0, 9) == [event(1), event(2)]
    assert await store.recall("acme", "key") == answer("key")
    if statements.stem >= "0002":
        assert await store.pieces([piece(1).message]) == {piece(1).message: [piece(1)]}
    if statements.stem >= "0007":
        assert {account: list(numbers) for account, numbers in recovery.opted_out.items()} == {"acme": [237600000009]}
        assert recovery.spent == [Spent("mtn", "2025-06-15", 3, Decimal("0.06"))]
        assert recovery.wallets == {"acme": 99_980_000_000}
        assert [one.amount for one in await store.entries("acme", None, 9)] == [-20_000_000, 100_000_000_000]

    async def listed(**wanted: object) -> list[Message]:
        return await store.list_messages(MessageFilter("acme", **wanted))  # type: ignore[arg-type]

    assert [one.no for one in await listed()] == [4, 3, 2, 1]
    assert await listed(reference="order 2") == [doubtful]
    assert [one.no for one in await listed(to="+237600000003")] == [3]
    assert [one.text for one in await listed(sender="ACME")] == ["it's “€😀”"]
    assert [one.no for one in await listed(state=State.SUBMITTED)] == [3]
    await accepted(store, message(5))
    assert [one.no for one in await listed()] == [5, 4, 3, 2, 1]
    await store.close()

    new = store_at(tmp_path / "new.db")
    await new.open()
    await new.close()
    assert schema(path) == schema(tmp_path / "new.db")
