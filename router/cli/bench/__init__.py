"""`carrier-router bench`: how much, how fast, at what cost, and whether all of it arrived, and once."""

import argparse
import sys
from pathlib import Path

from router.cli.bench.options import Refused, add_arguments, options


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "bench",
        help="measure a daemon under load, from submit to event",
        description="Run a daemon, a simulated operator, a load generator and an event sink as processes on this "
        "machine, measure throughput, CPU per message, latency and memory, and check that every message came to the "
        "operator once and every final event to the sink once: exit 1 where not.",
    )
    add_arguments(parser)
    told = parser.add_argument_group("results")
    told.add_argument("--json", type=Path, metavar="FILE", help="write everything there, - for standard output")
    told.add_argument("--plot", type=Path, metavar="FILE.png", help="draw throughput and latency (needs matplotlib)")
    told.add_argument("--compare", type=Path, metavar="OTHER.json", help="print the ratios to an earlier --json")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """0, or 1 where the run failed or not everything arrived once, or 2 for options that do not go together."""
    try:
        asked = options(args)
    except Refused as refused:
        print(f"error: {refused}", file=sys.stderr)
        return 2
    # It brings clients and metrics with it; other commands must not wait for that.
    from router.cli.bench.main import bench

    return bench(asked, args.json, args.plot, args.compare)
