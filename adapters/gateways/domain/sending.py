"""The one way by which every public API sends."""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from router.account import Account
from router.book import Book
from router.engine.intake import Answer, Intake, Prepared
from router.engine.preparing import Via
from router.gateway.records import Send
from router.message import Message
from router.ports.clock import Clock
from router.ports.store import Rider
from router.refusal import Refusal
from router.submit import Submit

Result = Message | Refusal


class Decision(Struct, gc=False):
    """What a face makes of the results: its answer, which of the messages are sent, and what is written with them.
    `reference` and `detail` stand in the wallet's entry (see Prepared)."""

    body: bytes
    messages: list[Message]
    riders: Sequence[Rider] = ()
    reference: str | None = None
    detail: str = ""


class Sending:
    """Everything goes through the engine's intake, as what comes by the internal API."""

    def __init__(self, intake: Intake, book: Book, clock: Clock) -> None:
        self._intake = intake
        self._book = book
        self._clock = clock

    async def send(
        self,
        account: Account,
        submits: Sequence[Submit],
        via: Via,
        decide: Callable[[list[Result]], Decision],
        key: str | None = None,
        digest: bytes = b"",
    ) -> Answer:
        """Prepare all, let the face decide by the results (in order), then make durable what it sends.

        What `decide` raises has sent nothing and charged nothing; neither has a wallet that cannot pay for all. The
        same idempotency `key` and `digest` give the first answer again. Raises Refusal as Intake.prepare and
        Intake.answer do, and `insufficient_credit`.
        """

        return await self._intake.answer(account, key, digest, lambda: self.prepare(account, submits, via, decide))

    async def once(
        self, account: Account, key: str | None, digest: bytes, make: Callable[[], Awaitable[Prepared]]
    ) -> Answer:
        """Make durable what `make` prepares, once for an idempotency key; while the first request with it is not
        answered yet, the second is refused at once. Raises Refusal as Intake.answer does."""
        return await self._intake.answer(account, key, digest, make, patience=0)

    async def prepare(
        self,
        account: Account,
        submits: Sequence[Submit],
        via: Via,
        decide: Callable[[list[Result]], Decision],
    ) -> Prepared:
        """What `send` makes durable. Nothing may be awaited between this and giving it to the intake."""
        answers = await self._intake.look_up(account, submits)
        results = self._intake.prepare(account, submits, answers, via)
        try:
            for result in results:
                if isinstance(result, Refusal) and result.code == "insufficient_credit":
                    raise result
            decision = decide(results)
        except BaseException:
            self._intake.discard([result for result in results if isinstance(result, Message)])
            raise
        return Prepared(decision.messages, 200, decision.body, decision.reference, decision.detail, decision.riders)

    def record(
        self, no: int, account: Account, face: str, messages: Sequence[Message], campaign: int | None = None
    ) -> Rider:
        """That these messages, one behind the other as they were prepared, are one request to send, or one piece of a
        campaign; `no` is a number of the Book."""
        send = Send(
            no,
            account.name,
            face,
            self._clock.now(),
            messages[0].no,
            messages[-1].no,
            len(messages),
            charged=sum(message.charged for message in messages),
            parts=sum(message.segments for message in messages),
            campaign=campaign,
        )
        return self._book.sends.record(send)


def line_up(messages: Sequence[Message]) -> None:
    """Number messages that were prepared together in this order: what is one behind the other can be recorded as one
    request. Nobody knows them by their numbers yet."""
    for no, message in zip(sorted([message.no for message in messages]), messages, strict=True):
        message.no = no
