"""The log of events against a model of it: whatever is told, forgotten and told again, each account reads what is
there, in order, from any place."""

from collections import Counter
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.store import event_log
from adapters.store.schema import open_writer
from router.event import EventType, LoggedEvent
from tests.store.values import event

ACCOUNTS = ("a", "b", "c")

# Batches of (account, time), and times before which all is forgotten.
told = st.lists(st.tuples(st.sampled_from(ACCOUNTS), st.integers(0, 40)), min_size=1, max_size=9)
steps = st.lists(st.one_of(told, st.integers(0, 41)), max_size=25)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> apsw.Connection:
    return open_writer(tmp_path_factory.mktemp("log") / "router.db")


@given(steps=steps)
def test_as_the_model(connection: apsw.Connection, steps: list[list[tuple[str, int]] | int]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(event_log, "_RUN", 4)
        connection.execute("BEGIN")
        try:
            check(connection, steps)
        finally:
            connection.execute("ROLLBACK")


def check(connection: apsw.Connection, steps: list[list[tuple[str, int]] | int]) -> None:
    model: list[LoggedEvent] = []
    last: Counter[str] = Counter()
    for step in steps:
        if isinstance(step, int):
            while event_log.forget(connection, step, 3):
                pass
            left = {
                (one.account, one.seq) for account in ACCOUNTS for one in event_log.read(connection, account, 0, 99)
            }
            gone = [one for one in model if (one.account, one.seq) not in left]
            assert all(one.at < step for one in gone)
            if all(one.at < step for one in model):
                assert not left
            model = [one for one in model if (one.account, one.seq) in left]
        else:
            batch = []
            for account, at in step:
                last[account] += 1
                batch.append(event(last[account], account, at=at))
            event_log.append(connection, batch)
            model += batch
        for account in ACCOUNTS:
            mine = [one for one in model if one.account == account]
            for after in (0, last[account] // 2, last[account]):
                wanted = [one for one in mine if one.seq > after]
                assert event_log.read(connection, account, after, 99) == wanted
                assert event_log.read(connection, account, after, 2) == wanted[:2]
    assert dict(connection.execute("SELECT account, last_seq FROM logs")) == last


def test_old_ones_go_in_the_order_they_were_told(connection: apsw.Connection) -> None:
    connection.execute("BEGIN")
    event_log.append(connection, [event(seq, at=seq) for seq in range(1, 8)])
    assert event_log.forget(connection, 6, 3)
    assert [one.seq for one in event_log.read(connection, "acme", 0, 9)] == [4, 5, 6, 7]
    assert not event_log.forget(connection, 6, 3)
    assert [one.seq for one in event_log.read(connection, "acme", 0, 9)] == [6, 7]
    connection.execute("ROLLBACK")


def test_a_commit_writes_few_pages_however_many_accounts_there_are(tmp_path: Path) -> None:
    assert pages_written(tmp_path / "many.db", 100) < 1.5 * pages_written(tmp_path / "one.db", 1)


def pages_written(path: Path, accounts: int) -> int:
    """By twenty commits of a hundred events, each account in turn, after the places of as many more."""
    connection = open_writer(path)
    last = [0] * accounts
    for commit in range(30):
        if commit == 10:
            connection.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE, True)
        batch = []
        for place in range(100):
            account = place % accounts
            last[account] += 1
            batch.append(LoggedEvent(f"account-{account}", last[account], EventType.DELIVERED, 0, bytes(400)))
        connection.execute("BEGIN")
        event_log.append(connection, batch)
        connection.execute("COMMIT")
    return int(connection.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE)[0])
