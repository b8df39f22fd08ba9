"""One call of the internal API, and all that is said about it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp.web import StreamResponse

from adapters.web.incoming import Incoming
from adapters.web.reply import Reply
from router.account import Account
from router.refusal import Refusal

Told = Callable[[Reply | Refusal], None]

AtOnce = Callable[[Account, bytes, float, Told], bool]
"""Takes the body of a request that has no Idempotency-Key, the monotonic second it came and who is told the answer. It
awaits nothing; False, and nothing was done, where something has to be awaited."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API: how it is reached, who may, what goes in and out. Its documentation is made of this.

    `answer` is the type of a JSON answer, `media` the kind of any other; `codes` are the problems of its own,
    beside those that its `auth`, its body and its query bring; `submits` marks those that take messages; these and
    what is `keyed` take an Idempotency-Key; `audit` is the name under which whatever comes of it goes on record;
    `for_admin` lets an administrator ask in the place of an account. `at_once` does what `handler` does.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    summary: str
    handler: Callable[[Incoming], Awaitable[StreamResponse]]
    auth: Literal["none", "account", "admin"]
    answer: Any = None
    media: str = "application/json"
    status: int = 200
    request: Any = None
    body_needed: bool = True
    query: Any = None
    codes: tuple[str, ...] = ()
    submits: bool = False
    keyed: bool = False
    audit: str | None = None
    for_admin: bool = False
    at_once: AtOnce | None = None
