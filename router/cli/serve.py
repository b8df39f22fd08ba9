"""`carrier-router serve`: the daemon."""

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "serve",
        help="run the daemon",
        description="Run the daemon in the foreground until SIGTERM or SIGINT; SIGHUP loads the configuration anew.",
    )
    parser.add_argument("-c", "--config", type=Path, default=Path("config/router.yaml"), help="default: %(default)s")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    # The daemon brings every adapter with it; other commands must not wait for that.
    from router.daemon import serve

    return serve(arguments.config)
