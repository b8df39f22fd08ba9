"""A plan's files in one archive: plan.json says what it is, then router.yaml and the other files as they were.

References (${NAME}, file:PATH) stand in it as they are written, never what they refer to. An archive is a tar.gz, so a
person can look into it.
"""

import os
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from router.ports.plans import KeptPlan

FORMAT = 1


class Damaged(Exception):
    """The archive cannot be read back; says why."""


class Label(Struct, frozen=True):
    """plan.json. `digest` is that of the files."""

    format: int
    plan: KeptPlan
    digest: str


def digest_of(contents: Mapping[str, bytes]) -> str:
    """Tells the same files with the same names from others."""
    digest = sha256()
    for name, content in sorted(contents.items()):
        digest.update(b"%d %b %d " % (len(os.fsencode(name)), os.fsencode(name), len(content)))
        digest.update(content)
    return digest.hexdigest()


def write(path: Path, label: Label, contents: Mapping[str, bytes]) -> None:
    """Write the archive, readable for us only; on disk when this returns. Raises OSError, and then there is none."""
    unfinished = path.with_name(".unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with open(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
                for name, content in (("plan.json", msgspec.json.encode(label)), *contents.items()):
                    member = tarfile.TarInfo(name)
                    member.size, member.mode, member.mtime = len(content), 0o600, int(label.plan.at.timestamp())
                    archive.addfile(member, BytesIO(content))
            file.flush()
            os.fsync(descriptor)
        os.replace(unfinished, path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_label(path: Path) -> Label:
    """What the archive is, without its files. Raises Damaged."""
    with _opened(path) as file:
        return _label(_members(file))


def read(path: Path) -> tuple[Label, dict[str, bytes]]:
    """The whole archive, checked against its digest. Raises Damaged."""
    with _opened(path) as file:
        members = _members(file)
        label = _label(members)
        contents = dict(members)
    if not contents or digest_of(contents) != label.digest:
        raise Damaged("the files are not those that were written")
    return label, contents


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise Damaged(error.strerror or "cannot be read") from None


def _members(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=file, mode="r|gz") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is None:
                    raise Damaged(f"{member.name!r} is not a file")
                yield member.name, content.read()
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError) as error:
        raise Damaged(str(error) or "ends too early") from None


def _label(members: Iterator[tuple[str, bytes]]) -> Label:
    name, content = next(members, ("", b""))
    if name != "plan.json":
        raise Damaged("does not begin with plan.json")
    try:
        kind = msgspec.json.decode(content, type=_Format).format
        if kind != FORMAT:
            raise Damaged(f"has format {kind}, of another version of carrier-router")
        return msgspec.json.decode(content, type=Label)
    except msgspec.DecodeError as error:
        raise Damaged(f"plan.json: {error}") from None


class _Format(Struct):
    format: int
