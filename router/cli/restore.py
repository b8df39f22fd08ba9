"""`carrier-router restore`: put a backup in the place of the database."""

import argparse
from pathlib import Path
from typing import Any

from msgspec import Struct

from adapters.config_yaml import plans_folder
from adapters.store import path_of
from adapters.store.backup import Backup, restore
from router.cli.backup import described
from router.cli.offline import add_store_arguments, answer, store_in
from router.cli.progress import Bar


class Restored(Struct, frozen=True):
    """`replaced` is the folder that has what was there before."""

    backup: Backup
    replaced: str | None


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "restore",
        help="put a backup in the place of the database",
        description="Check the backup in the folder PATH and put it where the configuration says the database is. No "
        "daemon may have that. What was scheduled or queued when the backup was made is sent when a daemon starts, "
        "also what was sent since.",
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="a folder that `backup` made")
    parser.add_argument(
        "--replace", action="store_true", help="where a database is there, move it into a folder beside it first"
    )
    add_store_arguments(parser)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    def put() -> Restored:
        store = store_in(arguments)
        with Bar() as bar:
            backup, aside = restore(arguments.path, path_of(store), plans_folder(store), arguments.replace, bar.show)
        return Restored(backup, str(aside) if aside else None)

    def show(restored: Restored) -> None:
        print(f"restored: {described(restored.backup)}")
        for account, seq in sorted(restored.backup.last_seqs.items()):
            print(f"  the log of {account} ends at event {seq}: who polls it goes on from there, not from a later one")
        if restored.replaced is not None:
            print(f"what was there before is in {restored.replaced}")

    return answer(put, show, arguments.json)
