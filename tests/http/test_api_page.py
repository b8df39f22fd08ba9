"""docs/API.md says what the daemon does: its calls, its codes, its signature."""

import re
import time
from typing import Any

from adapters.http.problem import KINDS
from adapters.webhook.signing import headers
from tests.http.test_openapi import document  # noqa: F401 (a fixture)
from tests.processes import ROOT

PAGE = (ROOT / "docs" / "API.md").read_text(encoding="utf-8")


async def test_every_call_is_in_the_table(document: dict[str, Any]) -> None:  # noqa: F811
    told = [
        f"| `{method.upper()} {path}` | {next(iter((call.get('security') or [['-']])[0]))} | {call['summary']} |"
        for path, methods in document["paths"].items()
        for method, call in methods.items()
    ]
    assert re.findall(r"^\| `[A-Z]+ /.*$", PAGE, re.MULTILINE) == told


def test_every_code_is_in_the_table() -> None:
    assert re.findall(r"^\| `(\w+)` \| (\d+) \| .+ \|$", PAGE, re.MULTILINE) == [
        (code, str(kind.status)) for code, kind in KINDS.items()
    ]


def test_what_it_shows_believes_us_and_nobody_else() -> None:
    program: dict[str, Any] = {}
    exec(PAGE.partition("```python\n")[2].partition("```")[0], program)  # our own page
    now = time.time_ns() // 1_000_000
    body = b'{"events":[]}'
    signed = headers(body, b"secret", now)
    is_ours = program["is_ours"]
    assert is_ours(b"secret", signed, body)
    assert not is_ours(b"another", signed, body)
    assert not is_ours(b"secret", signed, body + b" ")
    assert not is_ours(b"secret", headers(body, b"secret", now - 600_000), body)
