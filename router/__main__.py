"""`carrier-router` and `python -m router`: from arguments to an exit code."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

COMMANDS = (
    "serve", "check", "route", "coverage", "segment", "send", "status", "events", "messages", "operators", "account",
    "audit", "reload", "backup", "restore", "migrate", "simulate", "demo", "bench",
)  # fmt: skip
"""Each is a module of router.cli with `add_parser(subparsers)`, which names the function that runs it; in the order of
--help."""


def parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The arguments of these commands. Only their modules are imported: one command does not wait for the others."""
    parser = argparse.ArgumentParser(
        prog="carrier-router",
        description="An SMS routing engine: durable intake, least-cost routing, SMPP operators, receipts as events.",
    )
    parser.add_argument("--version", action="version", version=f"carrier-router {version('carrier-router')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in names:
        import_module(f"router.cli.{name}").add_parser(commands)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command. Exit code 0, 1 where something was refused, 2 for wrong usage."""
    given = sys.argv[1:] if argv is None else argv
    named = given[:1] if given and given[0] in COMMANDS else COMMANDS
    arguments = parser(named).parse_args(given)
    try:
        code: int = arguments.func(arguments)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        sys.stderr.close()
        code = 0
    return code


if __name__ == "__main__":
    sys.exit(main())
