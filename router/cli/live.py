"""A view of the daemon that is drawn anew as long as somebody looks."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from router.cli.client import Unreachable
from router.cli.console import console

Draw = Callable[[Any], RenderableType]


def watch(ask: Callable[[], Any], draw: Draw, every: float, over: Callable[[Any], bool], whole: bool) -> None:
    """Show what `ask` gives each `every` seconds until it is `over`, or for ever. `whole` takes the whole screen, and
    gives it back. A daemon that does not answer is waited for, and said. Raises Refused, and Unreachable where it never
    answered."""
    answer = ask()
    with Live(draw(answer), console=console(), screen=whole, auto_refresh=False) as live:
        since: str | None = None
        while not over(answer):
            time.sleep(every)
            try:
                answer, since = ask(), None
            except Unreachable as error:
                since = since or f"{datetime.now(UTC):%H:%M:%S}Z"
                lost = Text(f"since {since} {error}; trying again", style="bold red")
                live.update(Group(draw(answer), lost), refresh=True)
                continue
            live.update(draw(answer), refresh=True)


def seconds(text: str) -> float:
    """An argument: a pause of a tenth of a second or more."""
    return max(0.1, float(text))
