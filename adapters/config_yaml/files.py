"""Where a load reads the configuration files from: the disk, or a copy of what an earlier load read."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path


class Files:
    """The files of one load, by their path relative to the folder of router.yaml; router.yaml itself comes first.

    `contents` holds what was read so far, or is the copy to read from. `version` is the plan that a copy was made of.
    """

    def __init__(self, folder: Path, kept: Mapping[str, bytes] | None = None, version: int | None = None) -> None:
        self._folder = folder.absolute()
        self._kept = kept is not None
        self._version = version
        self.contents = dict(kept or {})

    def read(self, path: Path) -> bytes:
        """Raises OSError, ValueError for what is no path."""
        name = self._name(path)
        if not self._kept:
            self.contents[name] = path.read_bytes()
        elif name not in self.contents:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return self.contents[name]

    def names(self, folder: Path) -> list[str]:
        """The names of what lies in a folder. Raises as `read`."""
        if not self._kept:
            return [entry.name for entry in folder.iterdir()]
        inside = self._name(folder)
        return [name for parent, name in map(os.path.split, self.contents) if os.path.normpath(parent or ".") == inside]

    def label(self, path: Path) -> str:
        """What an error adds to the name of this file: a copy is not what lies on the disk."""
        return f" of version {self._version}" if self._kept and self._name(path) in self.contents else ""

    def _name(self, path: Path) -> str:
        return os.path.relpath(path, self._folder)
