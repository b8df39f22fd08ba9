"""The configuration as it is on disk now, and the last plans that ran: the port PlanFiles."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from adapters.config_yaml.errors import ConfigErrors
from adapters.config_yaml.files import Files
from adapters.config_yaml.nodes import name_for_people
from adapters.config_yaml.router import load
from adapters.config_yaml.snapshot import FORMAT, Damaged, Label, digest_of, read, read_label, write
from router.ports.plans import KeptPlan, LoadedPlan
from router.refusal import InvalidConfig, Refusal
from router.settings import Settings

MOST_KEPT = 10

_ARCHIVE = re.compile(r"([0-9]{6,12})\.tar\.gz")


def load_now(config: Path, environ: Mapping[str, str]) -> LoadedPlan:
    """The configuration as it is on disk. Raises InvalidConfig with everything that is wrong in it."""
    return _load(config, environ, Files(config.parent))


def plans_folder(store: str) -> Path:
    """Where the plans of a daemon with this `store` are kept: beside its database."""
    return Path(store.removeprefix("sqlite:///")).parent / "plans"


class PlanHistory:
    """The port PlanFiles on a folder of archives, one for each version. `config` is the path of router.yaml; `prepare`
    does what else a plan needs before it can run, and raises InvalidConfig where that is not possible.

    Of versions with the same files in a row only the last is kept, and stands for all of them: else a reload every
    night would soon leave nothing to go back to.
    """

    def __init__(
        self,
        config: Path,
        environ: Mapping[str, str],
        folder: Path,
        prepare: Callable[[Settings], None] = lambda settings: None,
    ) -> None:
        self._config = config
        self._environ = environ
        self._folder = folder
        self._prepare = prepare

    def load(self) -> LoadedPlan:
        loaded = load_now(self._config, self._environ)
        self._prepare(loaded.settings)
        return loaded

    def starting_version(self, files: Files) -> int:
        """The version of a daemon that starts with these files: that of the last plan where it is the same one."""
        versions = self._versions()
        last = versions[-1] if versions else 0
        label = self._label(last)
        return last if label and label.digest == digest_of(files.contents) else last + 1

    def recall(self, version: int) -> LoadedPlan:
        kept = self.kept()
        standing = next((plan.version for plan in kept if plan.first <= version <= plan.version), version)
        if standing not in self._versions():
            known = ", ".join(str(plan.version) for plan in kept) or "no other"
            raise Refusal("not_found", f"version {version} is not kept, but {known}", "version")
        loaded = self._recall(standing)[1]
        self._prepare(loaded.settings)
        return loaded

    def last(self) -> tuple[KeptPlan, Settings]:
        """The last plan that ran. Raises as `recall`."""
        versions = self._versions()
        if not versions:
            raise Refusal("not_found", f"no plan is kept in {name_for_people(self._folder)}; has the daemon run?")
        plan, loaded = self._recall(versions[-1])
        return plan, loaded.settings

    def keep(self, plan: KeptPlan, files: Files) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        last = max((version for version in self._versions() if version < plan.version), default=0)
        label = self._label(last)
        digest = digest_of(files.contents)
        repeated = label is not None and label.digest == digest
        if label is not None and repeated:
            plan = msgspec.structs.replace(plan, first=label.plan.first)
        write(self._path(plan.version), Label(FORMAT, plan, digest), files.contents)
        if repeated:
            self._path(last).unlink(missing_ok=True)
        for version in self._versions()[:-MOST_KEPT]:
            self._path(version).unlink(missing_ok=True)

    def kept(self) -> list[KeptPlan]:
        labels = [self._label(version) for version in reversed(self._versions())]
        return [label.plan for label in labels if label is not None]

    def _recall(self, version: int) -> tuple[KeptPlan, LoadedPlan]:
        path = self._path(version)
        try:
            label, contents = read(path)
        except Damaged as error:
            raise InvalidConfig([(name_for_people(path), 1, f"the kept plan cannot be read: {error}")]) from None
        # router.yaml comes first, whatever its name was then.
        main = next(iter(contents))
        contents = {self._config.name: contents.pop(main), **contents}
        return label.plan, _load(self._config, self._environ, Files(self._config.parent, contents, version))

    def _label(self, version: int) -> Label | None:
        try:
            return read_label(self._path(version))
        except Damaged:
            return None

    def _versions(self) -> list[int]:
        """Of all archives, also of damaged ones: their numbers are not given again."""
        try:
            names = [_ARCHIVE.fullmatch(entry.name) for entry in self._folder.iterdir()]
        except OSError:
            return []
        return sorted(int(name[1]) for name in names if name)

    def _path(self, version: int) -> Path:
        return self._folder / f"{version:06d}.tar.gz"


def _load(config: Path, environ: Mapping[str, str], files: Files) -> LoadedPlan:
    try:
        return LoadedPlan(load(config, environ, files), files)
    except ConfigErrors as refused:
        raise InvalidConfig([(error.file, error.line, error.reason) for error in refused.errors]) from None
