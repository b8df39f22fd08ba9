"""Messages from handsets: find whose they are, join those that came in pieces, tell the account."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from itertools import islice
from typing import Any

from router.delivery.join import assemble, fingerprint
from router.delivery.repeats import Repeats
from router.engine.desk import Desk
from router.engine.feed import Feed
from router.engine.ids import Ids
from router.engine.ledger import Ledger
from router.engine.opt_outs import OptOuts
from router.engine.running import Running
from router.inbound import Inbound, LongMessage, Piece, Received
from router.ports.clock import Clock
from router.ports.store import Recovery, StoreUnavailable
from router.ports.watching import Metrics
from router.text.received import read_data, read_text

_CHUNK = 200
_AGAIN = 1.0
# Long messages that are looked at next, that were told last, and destinations of nobody: what memory holds at most.
_MOST = 10_000


class Inbox:
    """Pieces are kept in the store alone and looked at once they are on disk; memory knows only which to look at.

    Acknowledged is what is on disk: a piece, an event, or, where it is nobody's, that there was nothing to keep.
    """

    def __init__(
        self,
        ledger: Ledger,
        desks: dict[str, Desk],
        feed: Feed,
        running: Running,
        opt_outs: OptOuts,
        ids: Ids,
        clock: Clock,
        metrics: Metrics,
        recovery: Recovery,
        log: Any,
    ) -> None:
        self._ledger = ledger
        self._store = ledger.store
        self._desks = desks
        self._feed = feed
        self._running = running
        self._opt_outs = opt_outs
        self._ids = ids
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._touched = dict.fromkeys(recovery.joinable)
        self._oldest = recovery.oldest_piece
        self._changed = asyncio.Event()
        self._told: OrderedDict[LongMessage, tuple[int, frozenset[int]]] = OrderedDict()
        self._nobodys: set[tuple[str, str]] = set()
        self._repeats = Repeats()
        if self._touched:
            self._changed.set()

    def inbound(self, operator: str, message: Inbound, token: Any) -> None:
        """A message from a handset came in; see the port OperatorSink."""
        if self._repeats.heard(message, self._clock.now()):
            self._metrics.inbound(operator, "repeated")
        else:
            try:
                self._take(message)
            except Exception:
                # It is refused, and counts when it comes again.
                self._repeats.forget(message)
                raise
        gateway = self._desks[operator].gateway
        if gateway is not None:
            self._store.after_commit(gateway.acknowledge, (token,), True)

    def _take(self, message: Inbound) -> None:
        if message.place.total == 1:
            self._tell([message], ())
        else:
            piece = Piece(self._ids.next(self._clock.now()), message)
            self._store.keep(piece)
            self._store.after_commit(self._kept, piece)

    async def run(self) -> None:
        """Join what can be joined and give up what has waited too long, for as long as the daemon runs."""
        while True:
            try:
                async with asyncio.timeout(self._patience()):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            try:
                while self._touched:
                    await self._join()
                await self._give_up()
            except StoreUnavailable:
                await asyncio.sleep(_AGAIN)
                self._changed.set()

    def _kept(self, piece: Piece) -> None:
        # What finds no room here is joined when it has waited long enough.
        if len(self._touched) < _MOST:
            self._touched[piece.message] = None
        self._note_age(piece.inbound.received_at)
        self._changed.set()

    def _note_age(self, received_at: int | None) -> None:
        if received_at is not None and (self._oldest is None or received_at < self._oldest):
            self._oldest = received_at

    def _patience(self) -> float:
        """Seconds until the next piece has waited too long. A clock that jumps is noticed after a minute."""
        if self._oldest is None:
            return 60.0
        return min(max(0.0, (self._oldest - self._given_up()) / 1000), 60.0)

    def _given_up(self) -> int:
        """Whose first piece came at this time (ms) or before is not waited for any longer."""
        return self._clock.now() - round(self._running.plan.settings.limits.mo_join * 1000)

    async def _join(self) -> None:
        messages = list(islice(self._touched, _CHUNK))
        for message in messages:
            del self._touched[message]
        try:
            # What was told up to here must be gone, or it would be told again.
            await self._ledger.committed()
            found = await self._store.pieces(messages)
        except StoreUnavailable:
            self._touched.update(dict.fromkeys(messages))
            raise
        for pieces in found.values():
            self._assemble(pieces, -1)

    async def _give_up(self) -> None:
        given_up = self._given_up()
        if self._oldest is None or self._oldest > given_up:
            return
        await self._ledger.committed()
        while messages := await self._store.overdue(given_up, _CHUNK):
            for pieces in (await self._store.pieces(messages)).values():
                self._assemble(pieces, given_up)
            await self._ledger.committed()
        # Those that come while we ask note their own age.
        self._oldest = None
        self._note_age(await self._store.oldest_piece())

    def _assemble(self, pieces: list[Piece], given_up: int) -> None:
        assembly = assemble(pieces, given_up)
        if assembly.repeated:
            self._store.drop(assembly.repeated)
        for whole in assembly.messages:
            message = whole[0].message
            marks = frozenset([hash(fingerprint(piece.inbound)) for piece in whole])
            if len(whole) == message.total:
                self._remember(message, marks)
            elif self._was_told(message, marks, whole[0].inbound.received_at):
                self._metrics.inbound(message.operator, "repeated")
                self._store.drop(whole)
                continue
            self._tell([piece.inbound for piece in whole], whole)

    def _remember(self, message: LongMessage, marks: frozenset[int]) -> None:
        self._told[message] = self._clock.now(), marks
        self._told.move_to_end(message)
        if len(self._told) > _MOST:
            self._told.popitem(last=False)

    def _was_told(self, message: LongMessage, marks: frozenset[int], received_at: int) -> bool:
        """Whether these are pieces of a message that was told a while ago, sent again for want of an answer."""
        told_at, told = self._told.get(message, (0, frozenset()))
        return marks <= told and received_at - told_at <= self._running.plan.settings.limits.mo_join * 1000

    def _tell(self, came: Sequence[Inbound], pieces: Sequence[Piece]) -> None:
        """Log a message, with all or some of what it came in; forget the pieces that were kept of it."""
        first = came[0]
        complete = len(came) == first.place.total
        text = read_text(came)
        data, udh = read_data(came) if text is None else (None, None)
        # Without its first piece nobody knows the first word.
        account = self._running.plan.owners.find(first.to, text if first.place.number == 1 else None)
        if account is None:
            self._metrics.inbound(first.operator, "no_account")
            self._warn(first)
            if pieces:
                self._store.drop(pieces)
            return
        self._metrics.inbound(first.operator, "received" if complete else "incomplete")
        received = Received(first.operator, first.sender, first.to, text, data, udh, len(came), complete, first.media)
        if text is not None and complete:
            self._opt_outs.heard(account, first.sender, text)
        desk = self._desks.get(first.operator)
        channel = desk.operator.channel if desk is not None else "sms"
        self._feed.tell_received(account.name, received, channel, pieces, self._clock.now())

    def _warn(self, message: Inbound) -> None:
        """Once for each number that is nobody's."""
        number = message.operator, message.to
        if number not in self._nobodys and len(self._nobodys) < _MOST:
            self._nobodys.add(number)
            self._log.warning("inbound_without_account", operator=message.operator, destination=message.to)
