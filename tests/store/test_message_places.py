"""The places of messages against a model: whatever is accepted, in whatever order of numbers, and deleted again, lists
and searches find all of it, once and in order."""

from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.store import lists, message_places, searching, transaction
from adapters.store.batch import Acceptance, Batch
from adapters.store.claims import Claims
from adapters.store.recovery import recover
from adapters.store.retention import Cutoffs, Progress, step
from adapters.store.schema import open_writer
from router.message import Message, State
from router.ports.store import MessageFilter, MessageSearch
from tests.store.values import NOW, message

ACCOUNTS = ("a", "b")
RECIPIENTS = ("+237670000001", "+237670000002", "one@example.com")
REFERENCES = (None, "r1", "r2")

one_message = st.tuples(
    st.integers(1, 3 * 16_384),
    st.sampled_from(ACCOUNTS),
    st.sampled_from(RECIPIENTS),
    st.sampled_from(REFERENCES),
    st.sampled_from((None, "ACME")),
)
batches = st.lists(one_message, min_size=1, max_size=7)
# A number is a time up to which all is deleted.
steps = st.lists(st.one_of(batches, batches, st.integers(1, 4 * 16_384)), max_size=12)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> apsw.Connection:
    return open_writer(tmp_path_factory.mktemp("places") / "router.db")


def store(connection: apsw.Connection, *messages: Message) -> None:
    batch = Batch()
    batch.accept(Acceptance(messages, None, lambda error: None))
    transaction.write(connection, batch, Claims(), 0)
    connection.execute("COMMIT")


def forgotten(connection: apsw.Connection, before: int) -> None:
    progress, more = Progress(0), True
    with connection:
        while more:
            progress, more = step(connection, progress, Cutoffs(before, 0, 0, 0), lambda: 0.0)


def emptied(connection: apsw.Connection) -> None:
    connection.execute("DELETE FROM messages; DELETE FROM message_places; DELETE FROM marks")


@given(steps=steps)
def test_as_the_model(connection: apsw.Connection, steps: list[list[tuple[Any, ...]] | int]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(message_places, "_RUN", 5)
        emptied(connection)
        check(connection, steps)


def check(connection: apsw.Connection, steps: list[list[tuple[Any, ...]] | int]) -> None:
    model: dict[int, Message] = {}
    for one in steps:
        if isinstance(one, int):
            forgotten(connection, NOW + one)
            model = {no: known for no, known in model.items() if no >= one}
            continue
        new = {
            no: message(no, account=account, to=to, reference=reference, sender=sender, state=State.DELIVERED)
            for no, account, to, reference, sender in one
            if no not in model
        }
        if new:
            store(connection, *new.values())
            model |= new
    newest = [model[no] for no in sorted(model, reverse=True)]

    def meeting(**wanted: str) -> list[int]:
        return [one.no for one in newest if all(getattr(one, name) == value for name, value in wanted.items())]

    for wanted in WANTED:
        for account in ACCOUNTS:
            assert listed(connection, account, wanted) == meeting(account=account, **wanted)
        for whole in (wanted, *({**wanted, "account": account} for account in ACCOUNTS)):
            assert "sender" in whole or searched(connection, whole) == meeting(**whole)
    for account in ACCOUNTS:
        mails = len(meeting(account=account, to=RECIPIENTS[2]))
        assert message_places.count_to_phones(connection, account) == len(meeting(account=account)) - mails
    left: list[int] = [no for (no,) in connection.execute("SELECT DISTINCT no FROM message_places")]
    assert set(left) <= set(model), "a place outlived its message"


WANTED: list[dict[str, str]] = [
    {},
    {"to": RECIPIENTS[0]},
    {"to": RECIPIENTS[2]},
    {"reference": "r1"},
    {"sender": "ACME"},
    {"sender": "ACME", "reference": "r2", "to": RECIPIENTS[1]},
]


def listed(connection: apsw.Connection, account: str, wanted: dict[str, str]) -> list[int]:
    """Page by page."""
    seen: list[int] = []
    cursor = None
    while page := lists.list_messages(connection, MessageFilter(account, **wanted, limit=2, cursor=cursor)):  # type: ignore[arg-type]
        seen += [one.no for one in page]
        cursor = page[-1].id
    return seen


def searched(connection: apsw.Connection, wanted: dict[str, str]) -> list[int]:
    """Page by page, over all accounts or one."""
    seen: list[int] = []
    before = None
    while True:
        page = searching.search_messages(connection, MessageSearch(**wanted, limit=3, before=before))  # type: ignore[arg-type]
        seen += [one.no for one in page.messages]
        before = page.next
        if before is None:
            return seen


def test_what_gets_its_place_during_a_list_is_found_once(
    connection: apsw.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_places, "_RUN", 4)
    emptied(connection)
    every = [message(no, reference="r", state=State.DELIVERED) for no in range(1, 12)]
    for first in range(0, 7, 2):
        store(connection, *every[first : first + 2])
    looking = message_places.look_up

    def meanwhile(connection: apsw.Connection, wanted: dict[str, str]) -> message_places.LookUp:
        found = looking(connection, wanted)
        store(connection, *every[8:])
        return found

    with monkeypatch.context() as patched:
        patched.setattr(lists, "look_up", meanwhile)
        page = lists.list_messages(connection, MessageFilter("acme", reference="r"))
    assert [one.no for one in page] == list(range(8, 0, -1))
    assert listed(connection, "acme", {"reference": "r"}) == list(range(11, 0, -1))


def test_numbers_of_deleted_messages_are_not_given_again(connection: apsw.Connection) -> None:
    """What is said of them by their numbers would hold for others."""
    emptied(connection)
    store(connection, *(message(no, state=State.DELIVERED) for no in range(1, 8)))
    forgotten(connection, 2 * NOW)
    assert not connection.execute("SELECT count(*) FROM messages").get
    assert recover(connection).last_no == 7


def test_a_commit_writes_few_pages_however_the_numbers_lie(tmp_path: Path) -> None:
    """Single submits to as many numbers: what the places take, all together, besides the messages themselves."""
    connection = open_writer(tmp_path / "router.db")

    def pages_written(first: int) -> int:
        connection.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE, True)
        for commit in range(first, first + 4096, 8):
            numbers = range(commit, commit + 8)
            store(
                connection, *(message(no, to=f"+2376{no * 2654435761 % 10**8:08}", reference=f"{no}") for no in numbers)
            )
        return int(connection.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE)[0])

    pages_written(1)
    assert pages_written(5000) < 7 * 512
