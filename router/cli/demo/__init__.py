"""`carrier-router demo`: the daemon, simulated operators and real traffic, in a temporary folder."""

import argparse


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "demo",
        help="send real traffic through a daemon with simulated operators",
        description="Start simulated operators and a daemon in a temporary folder, send messages to several "
        "countries and one by each channel, show states and receipts as they arrive, and remove everything.",
    )
    parser.add_argument("--messages", type=_count, default=300, metavar="N", help="how many to send (default: 300)")
    parser.add_argument("--stay", action="store_true", help="leave everything running until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="print only the summary, as JSON")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """0 where every accepted message came to its final state, else 1."""
    # It brings clients, servers and the simulator with it; other commands must not wait for that.
    from router.cli.demo.show import show

    return show(args.messages, args.stay, args.json)


def _count(value: str) -> int:
    count = int(value)
    if not 1 <= count <= 10_000:
        raise argparse.ArgumentTypeError("from 1 to 10000")
    return count
