"""The command line."""

from types import ModuleType

from router.cli import check, demo, route, segment, serve, simulate

COMMANDS: tuple[ModuleType, ...] = (serve, check, route, segment, simulate, demo)
"""Each has `add_parser(subparsers)`, which names the function that runs it; in the order of --help."""
