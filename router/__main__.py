"""`carrier-router` and `python -m router`: from arguments to an exit code."""

import argparse
import sys
from importlib.metadata import version

from router.cli.commands import COMMANDS


def parser() -> argparse.ArgumentParser:
    """The arguments of every command."""
    parser = argparse.ArgumentParser(
        prog="carrier-router",
        description="An SMS routing engine: durable intake, least-cost routing, SMPP operators, receipts as events.",
    )
    parser.add_argument("--version", action="version", version=f"carrier-router {version('carrier-router')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command. Exit code 0, 1 where something was refused, 2 for wrong usage."""
    arguments = parser().parse_args(argv)
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
