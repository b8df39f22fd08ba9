"""Every command of the command line; importing one alone does not bring the others."""

from types import ModuleType

from router.cli import (
    account,
    audit,
    backup,
    bench,
    check,
    coverage,
    demo,
    events,
    messages,
    migrate,
    operators,
    reload,
    restore,
    route,
    segment,
    send,
    serve,
    simulate,
    status,
)

COMMANDS: tuple[ModuleType, ...] = (
    serve, check, route, coverage, segment, send, status, events, messages, operators, account, audit, reload, backup,
    restore, migrate, simulate, demo, bench,
)  # fmt: skip
"""Each has `add_parser(subparsers)`, which names the function that runs it; in the order of --help."""
