"""What the commands that need no running daemon share."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from adapters.config_yaml import ConfigErrors, store_of
from adapters.config_yaml.errors import ConfigError
from router.cli.console import working
from router.ports.store import StoreUnavailable
from router.refusal import InvalidConfig, Refusal

T = TypeVar("T", bound=msgspec.Struct)


@contextmanager
def as_config_errors() -> Iterator[None]:
    """What is wrong in a file that the daemon loads, told as what is wrong in any other."""
    try:
        yield
    except InvalidConfig as invalid:
        raise ConfigErrors([ConfigError(*error) for error in invalid.errors]) from None


def add_store_arguments(parser: argparse.ArgumentParser) -> None:
    """--config and --json, the same for every command about the database file."""
    parser.add_argument(
        "-c",
        "--config",
        type=Path,
        default=Path("config/router.yaml"),
        metavar="FILE",
        help="its `store` says where the database is, nothing else of it is read; default: %(default)s",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def store_in(arguments: argparse.Namespace) -> str:
    """The url of the store that the arguments name. Raises ConfigErrors."""
    return store_of(arguments.config, os.environ)


def answer(find: Callable[[], T], show: Callable[[T], None], as_json: bool) -> int:
    """Print what `find` gives, as JSON or by `show`; the exit code. Refusals and configuration errors go to stderr."""
    try:
        with working("reading the configuration"):
            found = find()
    except ConfigErrors as errors:
        for error in errors.errors:
            print(error, file=sys.stderr)
        return 1
    except Refusal as refusal:
        print(f"error: {refusal.code}: {refusal.detail}", file=sys.stderr)
        return 1
    except StoreUnavailable as error:
        print(f"error: store_unavailable: {error}", file=sys.stderr)
        return 1
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        show(found)
    return 0


def moment(text: str) -> int:
    """A time as an argument: RFC 3339, without a zone in UTC; milliseconds since the epoch."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2027-01-01T00:00Z") from None
    return round((at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() * 1000)
