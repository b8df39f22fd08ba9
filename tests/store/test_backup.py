"""Backups: of one moment, whole or not at all; the way back loses nothing that was there; an upgrade can be undone."""

import argparse
import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import apsw
import pytest
import structlog

from adapters.store import backup, open_book, open_store
from adapters.store.backup import back_up, restore
from adapters.store.schema import migrate, state_of, steps
from router.cli import backup as backup_command
from router.cli import migrate as migrate_command
from router.cli import restore as restore_command
from router.message import Attempt
from router.outcome import OutcomeKind
from router.ports.store import MessageFilter, Store, StoreUnavailable
from router.refusal import Refusal
from tests.store.test_earlier import EARLIER
from tests.store.values import NOW, accepted, committed, event, waiting


def quiet(what: str, done: int, total: int) -> None:
    pass


def store_at(path: Path) -> Store:
    return open_store(f"sqlite:///{path}", structlog.get_logger(), lambda seconds, size: None)


async def filled(path: Path, count: int = 3) -> None:
    """A closed database with messages 1 to `count`, the key beside it and a plan."""
    store = open_store(f"sqlite:///{path}", structlog.get_logger(), lambda seconds, size: None)
    await store.open()
    await open_book(store).open()
    await accepted(store, *(waiting(no) for no in range(1, count + 1)))
    store.append(event(1))
    await committed(store)
    await store.close()
    plans = path.parent / "plans"
    plans.mkdir()
    (plans / "000001.tar.gz").write_bytes(b"a plan")
    (plans / ".unfinished").write_bytes(b"half a plan")
    files = path.with_name(f"{path.name}.files")
    files.mkdir()
    (files / "7").write_bytes(b"a picture")


async def numbers(path: Path) -> list[int]:
    store = store_at(path)
    await store.open()
    found = [one.no for one in await store.list_messages(MessageFilter("acme", limit=9_999))]
    await store.close()
    return sorted(found)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.code


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir(mode=0o700)
    return tmp_path / "data" / "router.db"


async def test_there_and_back(path: Path, tmp_path: Path) -> None:
    await filled(path)
    made = back_up(path, path.parent / "plans", tmp_path / "b", quiet)
    assert (made.open, made.unsettled, made.last_seqs, made.schema) == (3, 0, {"acme": 1}, len(steps()))
    assert sorted(os.listdir(tmp_path / "b")) == [
        "backup.json", "plans", "router.db", "router.db.files", "router.db.key",
    ]  # fmt: skip
    assert os.listdir(tmp_path / "b" / "plans") == ["000001.tar.gz"]
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0
    assert (tmp_path / "b" / "router.db").stat().st_mode & 0o077 == 0

    other = tmp_path / "elsewhere" / "sms.db"
    restored, aside = restore(tmp_path / "b", other, other.parent / "plans", False, quiet)
    assert (restored, aside) == (made, None)
    assert await numbers(other) == [1, 2, 3]
    assert Path(f"{other}.key").read_bytes() == Path(f"{path}.key").read_bytes()
    assert (other.parent / "plans" / "000001.tar.gz").read_bytes() == b"a plan"
    assert (other.parent / "sms.db.files" / "7").read_bytes() == b"a picture"


async def test_what_is_being_sent_counts_as_unsettled(path: Path, tmp_path: Path) -> None:
    await filled(path)
    store = store_at(path)
    await store.open()
    one, two, _ = await store.list_messages(MessageFilter("acme"))
    one.parts[0].attempts.append(Attempt("mtn", NOW))
    store.claim(one)
    await committed(store)
    one.parts[0].attempts[0].outcome = OutcomeKind.UNKNOWN
    store.save(one)
    await committed(store)
    for claimed in (one, two):
        claimed.parts[0].attempts.append(Attempt("mtn", NOW))
        store.claim(claimed)
    await committed(store)
    made = back_up(path, path.parent / "plans", tmp_path / "b", quiet)
    assert (made.open, made.unsettled) == (3, 2), "one of them in a claim and by itself"
    await store.close()


async def test_files_of_tickets_go_with_it(path: Path, tmp_path: Path) -> None:
    await filled(path)
    files = Path(f"{path}.files")
    files.mkdir(exist_ok=True)
    (files / "7").write_bytes(b"a picture")
    back_up(path, path.parent / "plans", tmp_path / "b", quiet)
    other = tmp_path / "elsewhere" / "sms.db"
    restore(tmp_path / "b", other, other.parent / "plans", False, quiet)
    assert Path(f"{other}.files", "7").read_bytes() == b"a picture"
    _, aside = restore(tmp_path / "b", other, other.parent / "plans", True, quiet)
    assert aside is not None
    assert (aside / "sms.db.files" / "7").read_bytes() == b"a picture"


async def test_of_one_moment_while_the_daemon_writes(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "_PAGES", 1)
    store = store_at(path)
    await store.open()
    await accepted(store, *(waiting(no, text="x" * 160) for no in range(1, 300)))
    loop = asyncio.get_running_loop()
    later = iter(range(300, 1000))
    seen: list[int] = []

    def meanwhile(what: str, done: int, total: int) -> None:
        if what == "copying the database":
            seen.append(done)
            if len(seen) <= 20:
                asyncio.run_coroutine_threadsafe(accepted(store, waiting(next(later))), loop).result(20)

    made = await asyncio.to_thread(back_up, path, path.parent / "plans", tmp_path / "b", meanwhile)
    assert len(seen) > 20
    assert seen == sorted(seen), "it began anew"
    assert made.open == 299
    await store.close()
    restore(tmp_path / "b", tmp_path / "new" / "router.db", tmp_path / "new" / "plans", False, quiet)
    assert await numbers(tmp_path / "new" / "router.db") == list(range(1, 300))
    assert len(await numbers(path)) == 319


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
async def test_nothing_is_overwritten(path: Path, tmp_path: Path, kind: str) -> None:
    await filled(path)
    target = tmp_path / "b"
    {"file": target.touch, "folder": target.mkdir, "link": lambda: target.symlink_to("nowhere")}[kind]()
    assert refused(lambda: back_up(path, path.parent / "plans", target, quiet)) == "exists"
    assert sorted(os.listdir(tmp_path)) == ["b", "data"]


async def test_a_backup_is_whole_or_not_there(path: Path, tmp_path: Path) -> None:
    plans = path.parent / "plans"
    assert refused(lambda: back_up(path, plans, tmp_path / "b", quiet)) == "not_found"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        back_up(path, plans, tmp_path / "b", quiet)
    path.unlink()
    await filled(path, 500)
    assert refused(lambda: back_up(path, plans, tmp_path / "no" / "b", quiet)) == "not_written"

    def interrupted(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(path, plans, tmp_path / "b", interrupted)
    with path.open("r+b") as file:
        file.seek(8192 * 20)
        file.write(b"\xff" * 8192 * 5)
    with pytest.raises((Refusal, StoreUnavailable)):
        back_up(path, plans, tmp_path / "b", quiet)
    assert os.listdir(tmp_path) == ["data"]


async def test_a_restore_waits_for_no_daemon_and_deletes_nothing(path: Path, tmp_path: Path) -> None:
    plans = path.parent / "plans"
    await filled(path)
    back_up(path, plans, tmp_path / "b", quiet)
    store = store_at(path)
    await store.open()
    await accepted(store, waiting(4))
    for replace in (False, True):
        with pytest.raises(StoreUnavailable, match="in use by another daemon"):
            restore(tmp_path / "b", path, plans, replace, quiet)
    await store.close()

    assert refused(lambda: restore(tmp_path / "b", path, plans, False, quiet)) == "exists"
    assert await numbers(path) == [1, 2, 3, 4]
    Path(f"{path}-wal").write_bytes(b"left by a daemon that was killed")
    _, aside = restore(tmp_path / "b", path, plans, True, quiet)
    assert aside is not None
    assert sorted(os.listdir(aside)) == [
        "plans", "router.db", "router.db-wal", "router.db.files", "router.db.key",
    ]  # fmt: skip
    assert await numbers(path) == [1, 2, 3]
    Path(aside / "router.db-wal").unlink()
    assert await numbers(aside / "router.db") == [1, 2, 3, 4]


async def test_a_log_without_its_database_does_not_meet_another(path: Path, tmp_path: Path) -> None:
    await filled(path)
    back_up(path, path.parent / "plans", tmp_path / "b", quiet)
    new = tmp_path / "new" / "router.db"
    new.parent.mkdir()
    Path(f"{new}-wal").write_bytes(b"of another one")
    assert refused(lambda: restore(tmp_path / "b", new, new.parent / "plans", False, quiet)) == "exists"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda b: (b / "backup.json").unlink(), "not_found"),
        (lambda b: (b / "backup.json").write_text("{"), "damaged"),
        (
            lambda b: (b / "backup.json").write_text((b / "backup.json").read_text().replace(": 1,", ": 2,", 1)),
            "damaged",
        ),
        (lambda b: (b / "router.db").unlink(), "damaged"),
        (lambda b: (b / "router.db").write_bytes(b""), "damaged"),
        (lambda b: (b / "router.db").write_bytes(b"other" * 9000), "damaged"),
        (lambda b: os.truncate(b / "router.db", 8192 * 9), "damaged"),
        (lambda b: apsw.Connection(str(b / "router.db")).execute("PRAGMA user_version = 999"), "damaged"),
    ],
)
async def test_what_is_no_whole_backup_is_not_restored(
    path: Path, tmp_path: Path, spoil: Callable[[Path], object], code: str
) -> None:
    await filled(path)
    back_up(path, path.parent / "plans", tmp_path / "b", quiet)
    spoil(tmp_path / "b")
    before = path.read_bytes()
    assert refused(lambda: restore(tmp_path / "b", path, path.parent / "plans", True, quiet)) == code
    assert path.read_bytes() == before
    assert not list(path.parent.glob("replaced-*"))


@pytest.mark.parametrize("statements", EARLIER, ids=lambda path: path.stem)
async def test_an_upgrade_is_announced_done_and_undone(path: Path, tmp_path: Path, statements: Path) -> None:
    old = apsw.Connection(str(path))
    old.execute(statements.read_text())
    old.close()
    number = int(statements.stem)
    state = state_of(path)
    assert (state.schema, state.wanted) == (number, len(steps()))
    assert state.to_run == [step.name for step in steps()[number:]]
    back_up(path, path.parent / "plans", tmp_path / "b", quiet)

    done: list[str] = []
    migrate(path, done.append)
    assert done == state.to_run
    assert state_of(path).to_run == []
    assert await numbers(path) == [1, 2, 3, 4]

    restore(tmp_path / "b", path, path.parent / "plans", True, quiet)
    assert state_of(path) == state
    assert await numbers(path) == [1, 2, 3, 4]


# --- the commands ---


def run(command: ModuleType, *words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers(required=True))
    arguments = parser.parse_args([command.__name__.rpartition(".")[2], *words])
    code: int = arguments.func(arguments)
    return code


async def test_by_hand(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "router.yaml"
    # Nothing else of the configuration has to be right, and no secret has to be there.
    config.write_text("store: sqlite:///data/router.db\nhttp: {admin_token: '${NOT_SET}', nonsense: 1}\n")
    await filled(path)
    target = str(tmp_path / "b")
    assert run(backup_command, target, "-c", str(config)) == 0
    assert "3 messages scheduled or queued" in capsys.readouterr().out
    assert run(backup_command, target, "-c", str(config)) == 1
    assert capsys.readouterr().err.startswith("error: exists: ")
    assert run(backup_command, f"{target}2", "-c", str(config), "--json") == 0
    assert json.loads(capsys.readouterr().out)["open"] == 3

    assert run(restore_command, target, "-c", str(config)) == 1
    assert "--replace" in capsys.readouterr().err
    assert run(restore_command, target, "-c", str(config), "--replace") == 0
    assert "the log of acme ends at event 1" in capsys.readouterr().out
    assert run(restore_command, target, "-c", str(config), "--replace", "--json") == 0
    assert Path(json.loads(capsys.readouterr().out)["replaced"]).is_dir()

    store = store_at(path)
    await store.open()
    assert run(backup_command, f"{target}3", "-c", str(config)) == 0
    assert run(restore_command, target, "-c", str(config), "--replace") == 1
    assert "in use by another daemon" in capsys.readouterr().err
    await store.close()

    config.write_text("store: [1]\n")
    assert run(backup_command, f"{target}4", "-c", str(config)) == 1
    assert capsys.readouterr().err.startswith(f"{config}:1: store: must be text")


def test_migrate_by_hand(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "router.yaml"
    config.write_text("")
    ask = (migrate_command, "-c", str(config))
    assert run(*ask, "--check") == 0
    assert "not there yet" in capsys.readouterr().out
    assert run(*ask) == 1
    assert capsys.readouterr().err.startswith("error: not_found: ")
    assert not path.exists()

    old = apsw.Connection(str(path))
    old.execute(EARLIER[0].read_text())
    assert run(*ask, "--check") == 1
    assert "to run: 0002_pieces.sql" in capsys.readouterr().out
    assert run(*ask, "--check", "--json") == 1
    assert json.loads(capsys.readouterr().out)["schema"] == 1
    assert run(*ask) == 0
    assert run(*ask, "--check") == 0
    assert "to run" not in capsys.readouterr().out

    old.execute("PRAGMA user_version = 999")
    old.close()
    for words in (["--check"], []):
        assert run(*ask, *words) == 1
        assert "newer" in capsys.readouterr().err
    path.write_bytes(b"no database at all" * 500)
    assert run(*ask, "--check") == 1
    assert capsys.readouterr().err.startswith("error: store_unavailable: ")
