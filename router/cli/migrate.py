"""`carrier-router migrate`: bring a database to this program's schema, or say what that would do."""

import argparse
import sys
from typing import Any

from adapters.store import path_of
from adapters.store.schema import SchemaState, migrate, state_of
from router.cli.offline import add_store_arguments, answer, store_in
from router.cli.progress import Bar
from router.refusal import Refusal


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "migrate",
        help="bring the database to this program's schema, as a start would",
        description="Bring the database to the schema of this program, while no daemon has it. A start does the same; "
        "done beforehand it keeps nobody waiting. There is no way back but a backup.",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="change nothing, say what would be done: exit code 0 where that is nothing, else 1. A daemon may run",
    )
    add_store_arguments(parser)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    states: list[SchemaState] = []

    def find() -> SchemaState:
        path = path_of(store_in(arguments))
        states.append(state_of(path))
        if states[0].schema is None and not arguments.check:
            raise Refusal("not_found", f"there is no database at {path}; a start makes one")
        if not arguments.check:
            with Bar() as bar:
                migrate(path, bar.show)
            states.append(state_of(path))
        return states[-1]

    code = answer(find, show, arguments.json)
    return code or (0 if _fits(states[-1]) else 1)


def show(state: SchemaState) -> None:
    if state.schema is None:
        print(f"{state.file}: not there yet; a start makes it with schema {state.wanted}")
        return
    print(f"{state.file}: schema {state.schema}, this program wants {state.wanted}")
    if state.schema > state.wanted:
        print("error: the database is of a newer program: run that one, or restore a backup", file=sys.stderr)
    for step in state.to_run:
        print(f"  to run: {step}")


def _fits(state: SchemaState) -> bool:
    return state.schema in (None, state.wanted)
