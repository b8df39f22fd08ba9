"""Plans that are kept: their files come back as they were, secrets are taken anew, and nothing broken is loaded."""

import gzip
import json
import os
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.config_yaml import PlanHistory, plans_folder
from router.ports.plans import KeptPlan, LoadedPlan
from router.refusal import InvalidConfig, Refusal
from router.settings import Settings
from tests.config.conftest import ENVIRON, FILES, Folder

AT = datetime(2027, 1, 1, tzinfo=UTC)


class Kept:
    """A history over the folder's files."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        folder.load()
        self.plans = folder.path / "data" / "plans"
        self.history = PlanHistory(folder.path / "router.yaml", folder.environ, self.plans)

    def keep(self, version: int, **more: Any) -> LoadedPlan:
        self.folder.load()
        loaded = self.history.load()
        self.history.keep(KeptPlan(version, version, AT, more.pop("cause", "request"), **more), loaded.files)
        return loaded

    def price(self, price: str) -> None:
        path = self.folder.path / "rates" / "mtn-cm.csv"
        self.folder.files["rates/mtn-cm.csv"] = FILES["rates/mtn-cm.csv"].replace("0.0180", price)
        path.write_text(str(self.folder.files["rates/mtn-cm.csv"]))

    def archive(self, version: int) -> Path:
        return self.plans / f"{version:06d}.tar.gz"


@pytest.fixture
def kept(folder: Folder) -> Kept:
    return Kept(folder)


def refused(kept: Kept, version: int) -> str:
    with pytest.raises(InvalidConfig) as caught:
        kept.history.recall(version)
    ((file, line, reason),) = caught.value.errors
    assert line == 1
    assert file.endswith(f"{version:06d}.tar.gz")
    return reason


def test_it_comes_back_whatever_became_of_the_files(kept: Kept, folder: Folder) -> None:
    before = kept.keep(1).settings
    kept.price("0.5")
    assert kept.keep(2).settings != before
    for name in ("routes.yaml", "rates/mtn-cm.csv", "operators/backup.yaml"):
        (folder.path / name).unlink()
    (folder.path / "operators" / "new.yaml").write_text("nonsense: [")
    (folder.path / "router.yaml").write_text("nonsense: [")
    assert kept.history.recall(1).settings == before
    assert kept.history.last()[0] == KeptPlan(2, 2, AT, "request")


def test_nobody_else_may_read_it_and_no_reference_is_followed(kept: Kept) -> None:
    kept.keep(1)
    assert oct(os.stat(kept.archive(1)).st_mode & 0o777) == "0o600"
    assert oct(os.stat(kept.plans).st_mode & 0o777) == "0o700"
    content = gzip.decompress(kept.archive(1).read_bytes())
    for secret in [*filter(None, ENVIRON.values()), "bac-Zq11"]:
        assert secret.encode() not in content
    with tarfile.open(kept.archive(1)) as archive:
        names = archive.getnames()
    assert names[:2] == ["plan.json", "router.yaml"]
    assert sorted(names[2:]) == sorted(
        [
            "accounts.yaml",
            "routes.yaml",
            "rates/mtn-cm.csv",
            *(f"operators/{one}.yaml" for one in ("backup", "mtn-cm", "orange-cm")),
        ]
    )
    assert [path.name for path in kept.plans.iterdir()] == ["000001.tar.gz"]


def test_secrets_are_those_of_today(kept: Kept, folder: Folder) -> None:
    before = kept.keep(1).settings
    (folder.path / "operators" / "backup.secret").write_text("other\n")
    again = kept.history.recall(1).settings
    assert again != before
    assert again.operators["backup"].link.password == "other"  # type: ignore[union-attr]
    (folder.path / "operators" / "backup.secret").unlink()
    with pytest.raises(InvalidConfig) as caught:
        kept.history.recall(1)
    ((file, _, reason),) = caught.value.errors
    assert file.endswith("operators/backup.yaml of version 1")
    assert "cannot read" in reason
    assert "of version" not in reason


def test_a_folder_that_moved_is_found_where_it_is(kept: Kept, folder: Folder, tmp_path: Path) -> None:
    kept.keep(1)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("tls.crt", "tls.key", "ca.crt"):
        (moved / name).write_text("")
    (moved / "operators").mkdir()
    (moved / "operators" / "backup.secret").write_text("new-one")
    history = PlanHistory(moved / "other-name.yaml", folder.environ, kept.plans)
    settings = history.recall(1).settings
    assert settings.operators["backup"].link.password == "new-one"  # type: ignore[union-attr]
    assert settings.store.startswith(f"sqlite:///{moved}/")


def test_ten_are_kept_and_one_stands_for_those_like_it(kept: Kept) -> None:
    for version in range(1, 15):
        kept.price(f"0.{version:03d}")
        kept.keep(version)
    assert [plan.version for plan in kept.history.kept()] == list(range(14, 4, -1))
    for version in (15, 16, 17):
        kept.keep(version)
    plans = kept.history.kept()
    assert [plan.version for plan in plans] == [17, *range(13, 4, -1)]
    assert (plans[0].first, plans[1].first) == (14, 13)
    newest = kept.history.recall(17).settings
    assert all(kept.history.recall(version).settings == newest for version in (14, 15, 16))
    for unknown in (4, 1, 18, 0, -1, 10**12):
        with pytest.raises(Refusal) as caught:
            kept.history.recall(unknown)
        assert caught.value.code == "not_found"
        assert "17, 13, 12" in caught.value.detail


def test_what_a_start_is_called(kept: Kept) -> None:
    def starting() -> int:
        return kept.history.starting_version(kept.history.load().files)

    assert starting() == 1
    kept.keep(1)
    assert starting() == 1
    kept.price("0.7")
    assert starting() == 2
    kept.keep(2)
    assert starting() == 2
    # Its number is not given again, even where nothing in it can be read.
    kept.archive(2).write_bytes(b"")
    assert starting() == 3


DAMAGE = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "not compressed": lambda content: b"plan.json",
    "changed": lambda content: content[:200] + bytes([content[200] ^ 255]) + content[201:],
    "no archive in it": lambda content: gzip.compress(b"x" * 5000),
    "other files": lambda content: gzip.compress(gzip.decompress(content).replace(b",0.5,", b",0.6,")),
    "nothing but its name": lambda content: gzip.compress(gzip.decompress(content)[:1024] + b"\0" * 1024),
    "another format": lambda content: gzip.compress(gzip.decompress(content).replace(b'"format":1', b'"format":2')),
    "no label": lambda content: gzip.compress(gzip.decompress(content).replace(b"plan.json", b"plan.yaml")),
    "a label that is none": lambda content: gzip.compress(gzip.decompress(content).replace(b'"cause"', b'"xause"')),
    "no json": lambda content: gzip.compress(gzip.decompress(content).replace(b'{"format', b'["format')),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_one_is_refused_with_its_file(damage: str, kept: Kept) -> None:
    kept.keep(1)
    kept.price("0.5")
    kept.keep(2)
    path = kept.archive(2)
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    reason = refused(kept, 2)
    assert reason.startswith("the kept plan cannot be read: ")
    assert len(reason) > len("the kept plan cannot be read: ")
    if damage == "another format":
        assert "format 2" in reason
    with pytest.raises(InvalidConfig):
        kept.history.last()
    assert kept.history.recall(1).settings
    kept.price("0.6")
    kept.keep(3)
    assert [plan.version for plan in kept.history.kept() if plan.version != 2] == [3, 1]


def test_a_kept_file_that_is_a_link_or_a_folder(kept: Kept) -> None:
    kept.keep(1)
    kept.archive(1).unlink()
    kept.archive(1).mkdir()
    assert refused(kept, 1)
    assert kept.history.kept() == []


def test_names_that_are_no_versions_are_left_alone(kept: Kept) -> None:
    kept.keep(1)
    for name in ("notes.txt", "1.tar.gz", "00000a.tar.gz", "000002.tar.gz.old", ".unfinished"):
        (kept.plans / name).write_text("x")
    assert [plan.version for plan in kept.history.kept()] == [1]
    kept.price("0.5")
    kept.keep(2)
    assert not (kept.plans / ".unfinished").exists()


def test_where_nothing_can_be_written(kept: Kept) -> None:
    kept.plans.parent.mkdir(exist_ok=True)
    kept.plans.write_text("not a folder")
    with pytest.raises(OSError, match="exists"):
        kept.keep(1)
    assert kept.history.kept() == []
    with pytest.raises(Refusal) as caught:
        kept.history.last()
    assert (caught.value.code, caught.value.field) == ("not_found", None)
    assert kept.history.starting_version(kept.history.load().files) == 1


def test_a_full_disk_leaves_what_was_there(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.keep(1)
    kept.price("0.5")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        kept.keep(2)
    assert [path.name for path in kept.plans.iterdir()] == ["000001.tar.gz"]


def test_the_label_can_be_read_by_a_person(kept: Kept) -> None:
    kept.keep(7, cause="rollback", rolled_back_to=3)
    with tarfile.open(kept.archive(7)) as archive:
        label = archive.extractfile("plan.json")
        assert label is not None
        said = json.load(label)
    assert said["plan"] == {
        "version": 7, "first": 7, "at": "2027-01-01T00:00:00Z", "cause": "rollback", "rolled_back_to": 3,
    }  # fmt: skip


def test_they_lie_beside_the_database(folder: Folder) -> None:
    settings: Settings = folder.load()
    assert plans_folder(settings.store) == Path(settings.store.removeprefix("sqlite:///")).parent / "plans"
