"""What accounts may ask of their messages."""

from router.delivery.settle import committed_to
from router.engine.audit import Audit
from router.engine.endings import Endings
from router.engine.ledger import Ledger
from router.engine.observing import Observer
from router.engine.questions import Questions
from router.message import Message, State
from router.ports.clock import Clock
from router.ports.store import MessageFilter, StoreUnavailable
from router.refusal import Refusal

# A client's clock may be so much ahead of ours.
_SKEW_MS = 60_000


class Messages:
    """Find, list, cancel. Every call raises Refusal `store_unavailable` when the store cannot be read."""

    def __init__(
        self,
        ledger: Ledger,
        endings: Endings,
        questions: Questions,
        observer: Observer,
        clock: Clock,
        audit: Audit,
    ) -> None:
        self._ledger = ledger
        self._questions = questions
        self._endings = endings
        self._observer = observer
        self._clock = clock
        self._audit = audit

    async def find(self, account: str, message_id: str) -> Message | None:
        """One message of the account as it stands, None where there is none."""
        message = self._ledger.find(message_id)
        if message is not None:
            return message if message.account == account else None
        try:
            found = await self._ledger.store.find(account, message_id)
        except StoreUnavailable:
            raise _unreadable() from None
        return self._ledger.resident(found) if found is not None else None

    async def list(self, query: MessageFilter) -> list[Message]:
        """The account's messages that fit, newest first."""
        try:
            return await self._ledger.store.list_messages(query)
        except StoreUnavailable:
            raise _unreadable() from None

    async def cancel(self, account: str, message_id: str) -> Message:
        """End a message of which nothing was submitted yet, or that its operator lets go. Raises Refusal `not_found` or
        `too_late`. What was tried with a message that there is goes on record."""
        message = await self.find(account, message_id)
        if message is None:
            raise Refusal("not_found", "there is no such message")
        try:
            if message.state is State.SUBMITTED:
                await self._cancel_submitted(message)
            else:
                self._cancel_waiting(message)
        except Refusal as refusal:
            self._note(message, refusal.code)
            raise
        self._note(message, "done")
        await self._ledger.committed()
        return message

    def _cancel_waiting(self, message: Message) -> None:
        if message.state not in (State.SCHEDULED, State.QUEUED):
            raise Refusal("too_late", f"the message is {message.state.value} already")
        if committed_to(message) is not None:
            raise Refusal("too_late", "the message is on its way to the operator")
        self._endings.end(message, State.CANCELLED, self._clock.now())

    async def convert(self, account: str, message_id: str, at: int | None) -> Message:
        """Note that the recipient acted on a message (an OTP was used), at a time (ms) or now; a second report changes
        nothing. Raises Refusal `not_found`, `not_submitted`, or `invalid_request` for a time that cannot be."""
        message = await self.find(account, message_id)
        if message is None:
            raise Refusal("not_found", "there is no such message")
        if message.submitted_at is None:
            raise Refusal("not_submitted", f"the message is {message.state.value}: no operator has it")
        now = self._clock.now()
        if at is not None and not message.created_at <= at <= now + _SKEW_MS:
            raise Refusal("invalid_request", "must be between the message's creation and now", "at")
        if message.converted_at is None:
            message.converted_at = now if at is None else at
            self._ledger.store.save(message)
            self._observer.converted(message)
            await self._ledger.committed()
        return message

    async def _cancel_submitted(self, message: Message) -> None:
        if not await self._questions.cancel(message):
            raise Refusal("too_late", "the message is with the operator already")
        if message.state is State.SUBMITTED:
            message.state = State.CANCELLED
            message.done_at = self._clock.now()
            self._endings.close(message, message.done_at)
        if message.state is not State.CANCELLED:
            raise Refusal("too_late", f"the message is {message.state.value} already")

    def _note(self, message: Message, outcome: str) -> None:
        self._audit.note(f"account:{message.account}", "message.cancel", message.id, outcome)


def _unreadable() -> Refusal:
    return Refusal("store_unavailable", "messages cannot be read at the moment; try again", retry_after=1)
