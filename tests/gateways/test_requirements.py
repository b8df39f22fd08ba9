"""Every numbered requirement of the public APIs' contract is shown by a test that names it."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

NUMBERED = {"TD": 52, "TP": 43, "TX": 35, "SA": 26, "FS": 32, "XA": 12}
"""How many requirements each part of the contract has."""

OUTSIDE = {"SA-19"}
"""What the contract names to say that it is not part of it."""

_CITED = re.compile(r"\b(TD|TP|TX|SA|FS|XA)-(\d+)(?: to (?:\1-)?(\d+))?")


def cited_by(docstring: str) -> set[str]:
    """`TX-9, TX-12 to TX-14` are four."""
    found = set()
    for part, first, last in _CITED.findall(docstring):
        found |= {f"{part}-{number}" for number in range(int(first), int(last or first) + 1)}
    return found


@cache
def cited() -> frozenset[str]:
    found: set[str] = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found |= cited_by(ast.get_docstring(node) or "")
    return frozenset(found)


@pytest.mark.parametrize("part", NUMBERED)
def test_every_requirement_is_shown(part: str) -> None:
    every = {f"{part}-{number}" for number in range(1, NUMBERED[part] + 1)} - OUTSIDE
    known = cited()
    assert sorted(every - known, key=lambda one: int(one[3:])) == []
    assert {one for one in known if one.startswith(part)} <= every | OUTSIDE


def test_citations_are_read() -> None:
    assert cited_by("TX-9, TX-12 to TX-14; FS-1 to 2.") == {"TX-9", "TX-12", "TX-13", "TX-14", "FS-1", "FS-2"}
