"""What must be in no output of any daemon: planted markers, and whole numbers."""

import re
from pathlib import Path

MARKERS: set[str] = set()
"""Tokens, texts and secrets that tests have handed to daemons."""

LOGS: set[Path] = set()
"""Where the processes of this run of the tests have logged."""

# A number of the country that tests send to; ids and times hold digits too, but with something else around them.
_NUMBER = re.compile(r"(?<![\w.-])\+?237[0-9]{9}(?![\w.-])")


def plant(*markers: str) -> None:
    """Have all logs searched for these at the end."""
    assert all(len(marker) > 6 for marker in markers), "a short one would be found where it is not"
    MARKERS.update(markers)


def leaks(output: str) -> list[str]:
    """The lines in which one of the markers stands, or a whole number."""
    return [line for line in output.splitlines() if _NUMBER.search(line) or any(marker in line for marker in MARKERS)]
