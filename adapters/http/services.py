"""What the HTTP API asks of the engine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from router.account import Account
from router.event import LoggedEvent
from router.message import Message
from router.ports import BindView, MessageFilter, Metrics
from router.refusal import Refusal
from router.routing.route import Decision, RouteQuery
from router.submit import EncodingWish, Submit
from router.text.segment import Segmentation


class Prepared(Struct, frozen=True, gc=False):
    """The messages of one request, and the answer that is true once they are on disk."""

    messages: list[Message]
    status: int
    body: bytes


class Answer(Struct, frozen=True, gc=False):
    """The answer to give; `replayed` where an earlier request with the same Idempotency-Key had it."""

    status: int
    body: bytes
    replayed: bool


class OperatorView(Struct, frozen=True):
    """One operator for people: its link, its queue, its health."""

    operator: str
    channel: str
    protocol: str
    state: str
    up: bool
    queued: int
    window: int
    in_use: int
    binds: list[BindView]


class PlanView(Struct, frozen=True):
    """The running plan in short."""

    version: int
    operators: list[str]
    accounts: int
    plans: list[str]
    rules: int


class InvalidConfig(Exception):
    """The files on disk are not a plan; the running one stays. `errors` holds (file, line, detail)."""

    def __init__(self, errors: Sequence[tuple[str, int, str]]) -> None:
        super().__init__(f"{len(errors)} errors in the configuration")
        self.errors = list(errors)


class Intake(Protocol):
    def prepare(self, account: Account, submits: Sequence[Submit]) -> list[Message | Refusal]:
        """One entry per submit, in order. Raises Refusal for all of them together."""

    async def answer(self, account: Account, key: str | None, digest: bytes, make: Callable[[], Prepared]) -> Answer:
        """Run `make` once, put its messages on disk, and say its answer; under a key, say the first answer again.

        Raises what `make` raises, and Refusal idempotency_mismatch, idempotency_in_progress, store_unavailable.
        """


class Messages(Protocol):
    async def find(self, account: str, id: str) -> Message | None: ...

    async def list(self, query: MessageFilter) -> list[Message]: ...

    async def cancel(self, account: str, id: str) -> Message:
        """Raises Refusal not_found, too_late."""


class Feed(Protocol):
    async def read(self, account: str, after: int, limit: int, wait: float) -> list[LoggedEvent]:
        """Events with seq > after, in order; waits at most `wait` seconds for the first."""


class Preview(Protocol):
    def segment(self, text: str, wish: EncodingWish, operator: str | None) -> Segmentation:
        """Raises Refusal."""

    def route(self, account: Account, query: RouteQuery) -> Decision:
        """Raises Refusal, `unroutable` where there is no candidate at all."""


class Control(Protocol):
    def operators(self) -> list[OperatorView]: ...

    def pause(self, name: str) -> OperatorView:
        """Raises Refusal not_found, as the two below."""

    def resume(self, name: str) -> OperatorView: ...

    def drain(self, name: str) -> OperatorView: ...

    async def reload(self) -> PlanView:
        """Raises InvalidConfig."""

    def plan(self) -> PlanView: ...


@dataclass(frozen=True, slots=True)
class Services:
    """`ready` says why the daemon cannot take work, None while it can; `account_of` and `is_admin` know tokens."""

    intake: Intake
    messages: Messages
    feed: Feed
    preview: Preview
    control: Control
    metrics: Metrics
    ready: Callable[[], str | None]
    account_of: Callable[[str], Account | None]
    is_admin: Callable[[str], bool]
    metrics_text: Callable[[], bytes]
