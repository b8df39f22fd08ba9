"""Where tables are printed."""

import sys

from rich.console import Console

_WIDE = 240  # columns where the output is not a terminal: nothing is cut or folded


def console() -> Console:
    """Standard output, as wide as the terminal."""
    return Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
