"""`carrier-router bench`: how much, how fast, at what cost, and whether all of it arrived, and once."""

import argparse
import sys
from pathlib import Path

from router.cli.bench.options import Refused, add_arguments, options, refuse_beside_against, whole


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
    told.add_argument(
        "--against",
        choices=("kannel",),
        help="instead: the same load through Kannel and through us in turns, where it is installed, and the ratio",
    )
    told.add_argument(
        "--rounds", type=whole(1, 100), default=3, metavar="N", help="of --against (default: %(default)s)"
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """0, or 1 where the run failed or not everything arrived once, or 2 for options that do not go together."""
    try:
        if args.against:
            refuse_beside_against(args)
            single, batches = (options(argparse.Namespace(**vars(args) | {"single": one})) for one in (True, False))
        else:
            asked = options(args)
    except Refused as refused:
        print(f"error: {refused}", file=sys.stderr)
        return 2
    # They bring clients and metrics with them; other commands must not wait for that.
    from router.cli.bench import main

    if args.against:
        return main.against(single, batches, args.rounds, args.json)
    return main.bench(asked, args.json, args.plot, args.compare)
