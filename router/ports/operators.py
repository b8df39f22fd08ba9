"""What the engine and the operators' gateways ask of each other."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from msgspec import Struct

from router.inbound import Inbound
from router.message import Attempt, Message, Part
from router.operator import Operator
from router.outcome import Outcome
from router.receipt import Receipt
from router.text.segment import Segment


class Submission(Struct, gc=False):
    """One part on its way to an operator.

    `slot` is the gateway's own token for the window slot it holds; `sender` is what the recipient sees;
    `written_at` is the monotonic second of writing, set by the gateway.
    """

    message: Message
    part: Part
    attempt: Attempt
    segment: Segment
    slot: Any
    sender: str | None
    written_at: float = 0.0


class Reply(Struct, frozen=True, gc=False):
    """What an operator answered to a question: `done` when it did what it was asked; to a query its `receipt`."""

    done: bool
    receipt: Receipt | None = None


class Question(Struct, gc=False):
    """Something to ask an operator about a part that it has accepted, with the id of `attempt`.

    `answered` is called exactly once, with None where no usable answer came. `written_at` as of a Submission.
    """

    kind: Literal["query", "cancel"]
    message: Message
    attempt: Attempt
    sender: str | None
    answered: Callable[[Reply | None], None]
    written_at: float = 0.0


class BindView(Struct, frozen=True, gc=False):
    """One bind for people: `state` is connecting, bound_trx, bound_tx, bound_rx, waiting, refused (our credentials are)
    or closed; of a mail server also idle (connected when there is something to send), of an HTTP carrier also open, or
    paused (it asked us to wait). The rates are per second, over about the last ten."""

    id: str
    state: str
    window: int
    in_use: int
    last_error: str | None
    since: int
    submits_per_second: float = 0.0
    deliveries_per_second: float = 0.0


class LinkState(Struct, frozen=True, gc=False):
    """`up` while something can be submitted; `settled` once the first connection attempts, at the start or after a
    loss, have come to a result or have taken some seconds: then nothing waits for them any more."""

    up: bool
    settled: bool


class OperatorGateway(Protocol):
    """One operator's binds as one pool. Synchronous calls only buffer; bytes leave at the end of the loop turn."""

    operator: Operator

    async def start(self) -> None:
        """Begin to connect and keep the binds up; returns at once."""

    async def stop(self, timeout: float) -> None:
        """Take no more, wait for outstanding answers at most `timeout` seconds, unbind, close. What is still
        unanswered is settled as unknown before this returns."""

    def reconfigure(self, operator: Operator) -> None:
        """Take new settings of the same operator whose link did not change, from the next submission on."""

    def link(self) -> LinkState: ...

    def room(self) -> int:
        """Free window slots over all bound binds."""

    def reserve(self, like: Any | None = None) -> Any | None:
        """Take a free slot (of the least filled bind), or None. The slot is held until `release`.

        With `like`, a slot held before: one of the same bind, and None while that is full; of any where it is gone."""

    def release(self, slot: Any) -> None:
        """Give a slot back; a slot of a closed bind may be given back too."""

    def submit(self, submission: Submission) -> bool:
        """Write one part on its slot's bind. False when the bind is gone and nothing was written."""

    def ask(self, question: Question) -> bool:
        """Put a question. False when nobody can be asked now; then `answered` is not called."""

    def acknowledge(self, tokens: Sequence[Any], stored: bool) -> None:
        """Answer the operator for receipts or messages: stored, or temporarily not."""

    def views(self) -> list[BindView]: ...


class Callback(Struct, frozen=True, gc=False):
    """A request that came to /callbacks/{operator}. `secret` is the piece of the path behind the operator's name, ""
    for none; names of `headers` are in small letters; `peer` is the address of who sent it, `target` path and query as
    they were written."""

    method: str
    secret: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    peer: str
    target: str = ""


class CallbackReply(Struct, frozen=True, gc=False):
    """How it is answered. `results` are what it held, to be counted: receipt, inbound, ignored, challenge, forged,
    unreadable or not_stored."""

    status: int
    results: tuple[str, ...]
    body: bytes = b""
    media: str = "text/plain; charset=utf-8"


@runtime_checkable
class TakesCallbacks(Protocol):
    """A gateway whose operator sends receipts or messages by HTTP."""

    async def called(self, callback: Callback) -> CallbackReply:
        """Take one; what it holds is stored when this returns with a 200. One that does not show that it comes from the
        operator changes nothing. Raises nothing for what the other side sends."""


class OperatorSink(Protocol):
    """What an operator's gateway tells the engine. Every call is synchronous and returns quickly."""

    def settled(self, results: Sequence[tuple[Submission, Outcome]]) -> None:
        """The results of submissions that were written, in order; each comes exactly once, but a late answer to one
        settled as unknown may follow as `answered_late`. The slot stays held until the engine releases it."""

    def answered_late(self, submission: Submission, outcome: Outcome) -> None: ...

    def received(self, operator: str, receipts: Sequence[tuple[Receipt, Any]]) -> None:
        """Receipts in the order they came; each to be acknowledged with its token once it is stored."""

    def inbound(self, operator: str, message: Inbound, token: Any) -> None:
        """A message from a handset; to be acknowledged with the token once it is stored."""

    def link_changed(self, operator: str) -> None:
        """Binds came up or went down, or slots became free by that."""
