"""`carrier-router backup`: a copy of everything that a daemon has on disk, while it runs."""

import argparse
from pathlib import Path
from typing import Any

from adapters.config_yaml import plans_folder
from adapters.store import path_of
from adapters.store.backup import Backup, back_up
from router.cli.offline import add_store_arguments, answer, store_in
from router.cli.progress import Bar


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "backup",
        help="copy the database, what stands beside it into a new folder",
        description="Copy the database as it is at one moment, and what stands beside it, into the folder "
        "PATH, which must not be there yet, and check every page of the copy. The daemon may run meanwhile. "
        "Configuration files, certificates and secrets are not in it.",
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="the folder to make")
    add_store_arguments(parser)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    def make() -> Backup:
        store = store_in(arguments)
        with Bar() as bar:
            return back_up(path_of(store), plans_folder(store), arguments.path, bar.show)

    def show(backup: Backup) -> None:
        print(f"{arguments.path}: {described(backup)}")

    return answer(make, show, arguments.json)


def described(backup: Backup) -> str:
    return (
        f"{backup.octets:,} octets of schema {backup.schema}, made at {backup.made_at:%Y-%m-%d %H:%M:%S}Z; "
        f"{backup.open:,} messages scheduled or queued, {backup.unsettled:,} with an operator"
    )
