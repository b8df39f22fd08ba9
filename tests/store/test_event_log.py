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
    for seq in range(1, 8):
        event_log.append(connection, [event(seq, at=seq)])
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


def test_events_of_an_earlier_build_are_put_together(tmp_path: Path) -> None:
    """Of several accounts in turn, so many that they make several runs, and payloads of more octets than characters."""
    connection = apsw.Connection(str(tmp_path / "router.db"))
    connection.execute((Path(__file__).parent / "earlier" / "0016.sql").read_text())
    connection.execute("DELETE FROM events; DELETE FROM event_places; DELETE FROM logs")
    told: dict[str, list[LoggedEvent]] = {account: [] for account in ACCOUNTS}
    for place in range(230):
        of_account = told[ACCOUNTS[place % 7 % 3]]
        account, seq = ACCOUNTS[place % 7 % 3], len(of_account) + 1
        kind = list(EventType)[place % len(EventType)]
        of_account.append(LoggedEvent(account, seq, kind, 1_000 - place, f'{{"text":"é€😀{place}"}}'.encode()))
        row = (place + 1, account, seq, kind.value, 1_000 - place, of_account[-1].payload)
        connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.execute("INSERT INTO event_places SELECT account, seq, no FROM events WHERE no < 100")
    connection.execute("UPDATE marks SET value = 99 WHERE name = 'events_placed_to'")
    connection.close()

    connection = open_writer(tmp_path / "router.db")
    for account, of_account in told.items():
        assert event_log.read(connection, account, 0, 999) == of_account
        assert event_log.read(connection, account, 31, 5) == of_account[31:36]
    event_log.append(connection, [event(len(told["a"]) + 1, "a")])
    assert event_log.read(connection, "a", len(told["a"]) - 1, 9) == [told["a"][-1], event(len(told["a"]) + 1, "a")]
    assert connection.execute("SELECT count(*) FROM events").get < 20


def test_a_batch_of_long_events_is_cut(connection: apsw.Connection) -> None:
    connection.execute("BEGIN")
    before = connection.execute("SELECT count(*) FROM events").get
    events = [LoggedEvent("acme", seq, EventType.RECEIVED, 7, bytes([seq]) * 60_000) for seq in range(1, 9)]
    event_log.append(connection, events)
    assert event_log.read(connection, "acme", 0, 99) == events
    assert connection.execute("SELECT count(*) FROM events").get == before + 3, "three in a row, and two in the last"
    connection.execute("ROLLBACK")


def test_a_long_batch_is_cut_and_read_from_any_place(connection: apsw.Connection) -> None:
    connection.execute("BEGIN")
    events = [event(seq, at=seq) for seq in range(1, 241)]
    event_log.append(connection, events)
    for after in range(-1, 242, 7):
        for limit in (1, 49, 50, 51, 300):
            assert event_log.read(connection, "acme", after, limit) == events[max(after, 0) :][:limit]
    connection.execute("ROLLBACK")
