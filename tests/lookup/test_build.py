"""The file that is searched: made in a process of its own, whole or not at all."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import structlog

from adapters.lookup import build as building
from adapters.lookup.build import build, check, ensure_built, up_to_date
from adapters.lookup.index import Index, stamp_of, write
from router.refusal import InvalidConfig
from router.settings import TableLookup

HEAD = "number,mcc,mnc\n"
LOG = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(50))


@pytest.fixture
def table(tmp_path: Path) -> TableLookup:
    table = TableLookup(tmp_path / "ported.csv", tmp_path / "data" / "ported.csv.table")
    table.file.write_text(HEAD + "237670000001,624,02\n237690000001,624,01\n")
    return table


def test_it_is_made_once(table: TableLookup, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_built(table, LOG)
    index = Index(table.index)
    assert (index.rows, index.find(237670000001), index.find(237670000002)) == (2, ("624", "02"), None)
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("nothing changed"))
        ensure_built(table, LOG)
    table.file.write_text(HEAD + "237670000001,624,01\n")
    ensure_built(table, LOG)
    # Whoever has the old one open goes on with it.
    assert index.find(237670000001) == ("624", "02")
    assert Index(table.index).find(237670000001) == ("624", "01")
    assert [path.name for path in table.index.parent.iterdir()] == ["ported.csv.table"]


@pytest.mark.deep
def test_a_bad_file_leaves_the_old_table(table: TableLookup) -> None:
    ensure_built(table, LOG)
    old = table.index.read_bytes()
    table.file.write_text(HEAD + "237670000001,624,01\nx\n")
    for refuse in (lambda: ensure_built(table, LOG), lambda: check(table)):
        with pytest.raises(InvalidConfig) as caught:
            refuse()
        assert caught.value.errors == [(str(table.file), 3, "has 1 fields, not 3 (number,mcc,mnc)")]
    assert table.index.read_bytes() == old


def test_a_check_writes_nothing(table: TableLookup) -> None:
    check(table)
    assert not table.index.parent.exists()
    ensure_built(table, LOG)
    check(table)


def test_a_file_that_is_gone(table: TableLookup) -> None:
    table.file.unlink()
    for refuse in (lambda: ensure_built(table, LOG), lambda: check(table)):
        with pytest.raises(InvalidConfig) as caught:
            refuse()
        assert caught.value.errors == [(str(table.file), 1, "cannot be read: No such file or directory")]


def test_a_folder_that_cannot_be_written(table: TableLookup) -> None:
    table.index.parent.write_text("a file, not a folder")
    with pytest.raises(InvalidConfig) as caught:
        ensure_built(table, LOG)
    assert "cannot be loaded" in caught.value.errors[0][2]


def test_a_loader_that_dies(table: TableLookup, monkeypatch: pytest.MonkeyPatch) -> None:
    popen = subprocess.Popen

    def die(_: list[str], **options: Any) -> subprocess.Popen[bytes]:
        return popen(["sh", "-c", "kill -9 $$"], **options)

    monkeypatch.setattr(building.subprocess, "Popen", die)
    with pytest.raises(InvalidConfig) as caught:
        ensure_built(table, LOG)
    assert caught.value.errors == [(str(table.file), 1, "could not be loaded: the loader ended with -9")]
    assert not up_to_date(table)


@pytest.mark.process
@pytest.mark.parametrize("damage", [b"", b"x", b"x" * 4096, None])
def test_a_damaged_table_is_made_anew(table: TableLookup, damage: bytes | None) -> None:
    ensure_built(table, LOG)
    whole = table.index.read_bytes()
    table.index.write_bytes(whole[:-1] if damage is None else damage)
    with pytest.raises(ValueError, match=r"table|empty"):
        Index(table.index)
    ensure_built(table, LOG)
    assert table.index.read_bytes() == whole


def test_a_file_that_changes_while_it_is_read(table: TableLookup, monkeypatch: pytest.MonkeyPatch) -> None:
    stamps = iter([b"1" * 32, b"2" * 32])
    monkeypatch.setattr(building, "stamp_of", lambda _: next(stamps))
    assert build(table.file, table.index) == {"faults": [(1, "was changed while it was read; load again")]}
    assert not table.index.exists()


def test_what_a_dead_loader_left_is_swept_in_the_end(table: TableLookup) -> None:
    table.index.parent.mkdir()
    old, new = (table.index.with_name(f"{table.index.name}.{number}.tmp") for number in (1, 2))
    old.write_bytes(b"")
    new.write_bytes(b"")
    os.utime(old, (0, 0))
    write(table.index, stamp_of(table.file), [], [])
    assert (old.exists(), new.exists(), Index(table.index).rows) == (False, True, 0)
    assert Index(table.index).find(237670000001) is None


def test_progress_is_told(
    table: TableLookup, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(building, "_EVERY", -1.0)
    build(table.file, table.index)
    assert capsys.readouterr().out == '{"rows": 2, "share": 1.0}\n'
