"""What can be asked of the bench."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from router.cli.bench.messages import LENGTHS, MOST, parts
from router.message import EncodingWish
from router.settings import Limits

_MESSAGES: Final = 50_000
_CONNECTIONS: Final = {True: 32, False: 8}  # single submits need more of them to be under way at once


class Refused(Exception):
    """These options do not go together."""


class Options(msgspec.Struct, frozen=True):
    """One run. `batch` 1 are single submits; `rate` 0 is as fast as it goes; `at` 0 is no second leg; `seconds` 0 is
    until all messages are sent."""

    batch: int
    connections: int
    messages: int
    seconds: float
    rate: float
    at: float
    encoding: EncodingWish
    length: int
    operators: int
    accounts: int
    events: str
    window: int
    binds: int
    patience: float
    smsc: str
    folder: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    load = parser.add_argument_group("load")
    kind = load.add_mutually_exclusive_group()
    kind.add_argument("--single", action="store_true", help="one message a request")
    kind.add_argument("--batch", type=whole(2, 1000), metavar="N", help="N messages a request (default: 100)")
    load.add_argument(
        "--connections", type=whole(1, 2000), metavar="N", help="keep-alive connections (default: 8, single 32)"
    )
    load.add_argument("--messages", type=whole(1, MOST), metavar="N", help=f"how many to send (default: {_MESSAGES})")
    load.add_argument("--seconds", type=positive, default=0.0, metavar="S", help="or for how long")
    load.add_argument(
        "--rate",
        type=positive,
        default=0.0,
        metavar="N",
        help="offer N messages a second, whatever the answers do; latency counts from when a request was due",
    )
    load.add_argument(
        "--at",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="find the most first, then offer this share of it, e.g. 0.8",
    )
    load.add_argument("--encoding", choices=sorted(LENGTHS), default="gsm7", help="of the texts (default: %(default)s)")
    load.add_argument("--length", type=whole(1, 1500), metavar="N", help="characters (default: one segment)")
    setup = parser.add_argument_group("set-up")
    setup.add_argument("--operators", type=whole(1, 10), default=1, metavar="N", help="default: %(default)s")
    setup.add_argument("--accounts", type=whole(1, 100), default=1, metavar="N", help="default: %(default)s")
    setup.add_argument(
        "--events",
        choices=("webhook", "poll", "stream"),
        default="webhook",
        help="how events are delivered (default: %(default)s)",
    )
    setup.add_argument(
        "--window",
        type=whole(1, 10_000),
        default=500,
        metavar="N",
        help="unanswered requests on each bind, submits one way and receipts the other (default: %(default)s)",
    )
    setup.add_argument(
        "--binds", type=whole(1, 100), default=1, metavar="N", help="of each operator (default: %(default)s)"
    )
    setup.add_argument(
        "--smsc",
        default="--receipt-delay 0.01",
        metavar="OPTIONS",
        help="of `simulate smsc` (default: '%(default)s'); a misbehaviour there should make the run fail",
    )
    setup.add_argument(
        "--folder", type=Path, help="where the data is written: a folder on the disk in question (default: temporary)"
    )
    setup.add_argument(
        "--patience",
        type=positive,
        default=30.0,
        metavar="S",
        help="how long nothing may move before the rest counts as missing (default: %(default)s)",
    )


def options(arguments: argparse.Namespace) -> Options:
    """Raises Refused."""
    given = arguments
    if given.messages and given.seconds:
        raise Refused("give --messages or --seconds, not both")
    if given.rate and given.at:
        raise Refused("give --rate or --at, not both")
    if given.folder is not None and not given.folder.is_dir():
        raise Refused(f"there is no folder {given.folder}")
    encoding = EncodingWish(given.encoding)
    length = given.length or LENGTHS[encoding]
    if parts(encoding, length) > Limits().message_parts:
        raise Refused(f"{length} characters of {encoding.value} are too many for one message")
    return Options(
        batch=1 if given.single else given.batch or 100,
        connections=given.connections or _CONNECTIONS[given.single],
        messages=given.messages or (MOST if given.seconds else _MESSAGES),
        seconds=given.seconds,
        rate=given.rate,
        at=given.at,
        encoding=encoding,
        length=length,
        operators=given.operators,
        accounts=given.accounts,
        events=given.events,
        window=given.window,
        binds=given.binds,
        patience=given.patience,
        smsc=given.smsc,
        folder=None if given.folder is None else str(given.folder),
    )


def refuse_beside_against(arguments: argparse.Namespace) -> None:
    """Raises Refused where something was asked for that a comparison in turns has no place for."""
    beside = {"single": False, "rate": 0.0, "at": 0.0, "accounts": 1, "plot": None, "compare": None}
    for name, default in beside.items():
        if getattr(arguments, name) != default:
            raise Refused(f"--{name} does not go with --against")


def whole(low: int, high: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"from {low} to {high}")
        return value

    convert.__name__ = "whole number"
    return convert


def positive(text: str) -> float:
    value = float(text)
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def share(text: str) -> float:
    value = positive(text)
    if value > 1:
        raise argparse.ArgumentTypeError("must be above 0 and at most 1")
    return value
