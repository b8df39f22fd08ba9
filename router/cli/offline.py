"""What the commands that need no running daemon share."""

import sys
from collections.abc import Callable
from typing import TypeVar

import msgspec

from adapters.config_yaml import ConfigErrors
from router.refusal import Refusal

T = TypeVar("T", bound=msgspec.Struct)


def answer(find: Callable[[], T], show: Callable[[T], None], as_json: bool) -> int:
    """Print what `find` gives, as JSON or by `show`; the exit code. Refusals and configuration errors go to stderr."""
    try:
        found = find()
    except ConfigErrors as errors:
        for error in errors.errors:
            print(error, file=sys.stderr)
        return 1
    except Refusal as refusal:
        print(f"error: {refusal.code}: {refusal.detail}", file=sys.stderr)
        return 1
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        show(found)
    return 0
