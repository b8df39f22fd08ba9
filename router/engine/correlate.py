"""Receipts in: find the part each one is about, store what it says, then acknowledge it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from router.address import bare, full
from router.delivery.correlate import (
    Match,
    attempts_under,
    best_match,
    converted_keys,
    is_certain,
    other_keys,
    response_key,
    written_keys,
)
from router.delivery.receipts import Reading, apply_receipt
from router.engine.desk import Desk
from router.engine.endings import Endings
from router.engine.ledger import Ledger
from router.engine.observing import Observer
from router.engine.trouble import described
from router.message import Attempt, Message, Part, State
from router.outcome import Outcome, OutcomeKind
from router.ports.clock import Clock
from router.ports.store import StoreUnavailable
from router.ports.watching import Metrics
from router.receipt import Receipt

# Looking a member up in its enumeration takes longer than comparing it.
_DUPLICATE, _FINAL = Reading.DUPLICATE, Reading.FINAL
_OPEN = (State.QUEUED, State.SCHEDULED)
# How long a receipt may come before the answer to its submit_sm before it counts as unmatched.
_EARLY_MS = 600_000


class Correlator:
    """Every receipt counts: by id in memory, by id in the store, by the number of one unanswered part, else parked."""

    def __init__(
        self,
        ledger: Ledger,
        desks: dict[str, Desk],
        endings: Endings,
        clock: Clock,
        metrics: Metrics,
        observer: Observer,
        accepted_late: Callable[[Message, Part, Attempt, Outcome], None],
        log: Any,
    ) -> None:
        self._ledger = ledger
        self._store = ledger.store
        self._desks = desks
        self._endings = endings
        self._clock = clock
        self._metrics = metrics
        self._observer = observer
        self._accepted_late = accepted_late
        self._log = log
        self._missed: list[tuple[Receipt, Any]] = []
        self._looking = False
        self._tasks: set[asyncio.Task[None]] = set()

    def received(self, operator: str, receipts: Sequence[tuple[Receipt, Any]]) -> None:
        """Receipts came in; see the port OperatorSink. Those about parts in memory are applied at once; what the others
        are about is looked for, and they are acknowledged after that. One that breaks is refused, and takes no other
        along."""
        desk = self._desks[operator]
        heard: list[tuple[Match, Receipt]] = []
        duplicates = 0
        stored = []
        for receipt, token in receipts:
            try:
                match = self._at_hand(desk, receipt)
                if match is None:
                    self._missed.append((receipt, token))
                    continue
                if self._apply(desk, match, receipt) is _DUPLICATE:
                    duplicates += 1
                else:
                    heard.append((match, receipt))
            except Exception as error:
                self._broke(operator, error)
                self.refuse(operator, token)
            else:
                stored.append(token)
        if stored:
            self.acknowledge(operator, stored)
        if self._missed and not self._looking:
            self._looking = True
            task = asyncio.get_running_loop().create_task(self._look_up())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._observer.receipts(operator, "matched", heard, duplicates)

    def acknowledge(self, operator: str, tokens: Sequence[Any]) -> None:
        """Answer the operator for what came, once all that was written so far is on disk."""
        self._store.after_commit(self._answer, self._desks[operator], tokens, True)

    def refuse(self, operator: str, token: Any) -> None:
        """What came could not be dealt with: the operator shall send it again."""
        self._answer(self._desks[operator], (token,), False)

    def told(self, desk: Desk, match: Match, receipt: Receipt) -> None:
        """The operator said on our asking what a receipt would have said."""
        self._apply_one(desk, match, receipt, "queried")

    def accepted(self, desk: Desk, matches: Sequence[Match], now: int) -> None:
        """Parts were accepted: their receipts are expected under these ids, and may have come already."""
        ledger, form = self._ledger, desk.operator.receipts.id_in_response
        early = bool(ledger.parked)
        for match in matches:
            try:
                written = match.attempt.smsc_message_id
                if written is None:
                    # Nothing will ever match by id; the number may still tell.
                    self.unanswered(desk, match.message)
                    continue
                key = response_key(written, form)
                ledger.await_receipt(desk.name, key, match, now)
                if early:
                    self._place_early(desk, ledger.parked.under(desk.name, key))
            except Exception as error:
                self._log.error("answer_broke", message_id=match.message.id, **described(error))

    def unanswered(self, desk: Desk, message: Message) -> None:
        """Only its number can tell which receipt is about a part of `message`; it may have come already."""
        self._ledger.note_unanswered(desk.name, message)
        self._place_early(desk, self._ledger.parked.about(desk.name, bare(message.to)))

    def recover(self, receipts: list[Receipt]) -> None:
        """Take up the receipts that were parked before a restart."""
        for receipt in receipts:
            desk = self._desks.get(receipt.operator)
            if desk is not None:
                self._ledger.parked.add(receipt, self._all_keys(desk, receipt))
                self._place_early(desk, [receipt])

    def housekeep(self) -> None:
        """Count the parked receipts that nobody asked for."""
        for receipt in self._ledger.parked.expire(self._clock.now() - _EARLY_MS):
            self._metrics.receipts(receipt.operator, "unmatched", 1)

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _look_up(self) -> None:
        """Find in the store what memory does not know; all that missed meanwhile goes in one read, or two."""
        try:
            while self._missed:
                batch, self._missed = self._missed, []
                # What memory has let go of may have been linked a moment ago.
                await self._ledger.committed()
                # Nearly always an id is found under its own key; whatever else it may mean are many.
                unsure = await self._look_under(self._written_keys, self._place_surely, batch)
                await self._look_under(self._all_keys, self._place, unsure)
        finally:
            self._looking = False

    async def _look_under(
        self,
        keys_of: Callable[[Desk, Receipt], list[str]],
        place: Callable[[Desk, Receipt, list[Match]], bool],
        batch: Sequence[tuple[Receipt, Any]],
    ) -> list[tuple[Receipt, Any]]:
        """Have `place` deal with what waits under such keys, for each receipt; those that it left alone are given back,
        all others answered."""
        if not batch:
            return []
        keyed = [(receipt, token, keys_of(self._desks[receipt.operator], receipt)) for receipt, token in batch]
        try:
            linked = await self._store.find_linked(
                list({(receipt.operator, key) for receipt, _, keys in keyed for key in keys})
            )
        except StoreUnavailable:
            for receipt, token in batch:
                self.refuse(receipt.operator, token)
            return []
        stored: dict[str, list[Any]] = {}
        left: list[tuple[Receipt, Any]] = []
        numbers_left: set[str] = set()
        for receipt, token, keys in keyed:
            desk = self._desks[receipt.operator]
            try:
                # What is said of one message counts in its order.
                if receipt.to in numbers_left or not place(desk, receipt, self._waiting(desk, keys, linked)):
                    left.append((receipt, token))
                    numbers_left.add(receipt.to)
                    continue
            except Exception as error:
                self._broke(receipt.operator, error)
                self.refuse(receipt.operator, token)
                continue
            stored.setdefault(receipt.operator, []).append(token)
        for operator, tokens in stored.items():
            self.acknowledge(operator, tokens)
        return left

    def _waiting(self, desk: Desk, keys: list[str], linked: dict[tuple[str, str], list[Message]]) -> list[Match]:
        """What waits under one of these keys, in memory or in the store."""
        found: dict[int, Match] = {}
        for key in keys:
            # Memory may have learnt the id while the store was read.
            learnt = self._ledger.awaiting(desk.name, key)
            if learnt is not None:
                found[id(learnt.attempt)] = learnt
            for stored in linked.get((desk.name, key), ()):
                for match in attempts_under(self._ledger.resident(stored), desk.name, key):
                    found.setdefault(id(match.attempt), match)
        return list(found.values())

    def _place_surely(self, desk: Desk, receipt: Receipt, found: list[Match]) -> bool:
        """Apply a receipt to the open part with just this id and number; what another key has is older, or a guess."""
        match = best_match(receipt, found, desk.operator.receipts)
        if match is None or not is_certain(receipt, match):
            return False
        self._apply_one(desk, match, receipt, "matched")
        return True

    def _place(self, desk: Desk, receipt: Receipt, found: list[Match]) -> bool:
        match = best_match(receipt, found, desk.operator.receipts) or self._by_number(desk, receipt)
        if match is not None:
            self._apply_one(desk, match, receipt, "matched")
            return True
        self._ledger.park(receipt, self._all_keys(desk, receipt))
        if not desk.in_flight:
            # Nothing is under way that it could be early for.
            self._metrics.receipts(desk.name, "unmatched", 1)
            self._log.warning("receipt_unmatched", operator=desk.name, ids=list(receipt.smsc_message_ids))
        return True

    def _place_early(self, desk: Desk, receipts: list[Receipt]) -> None:
        """Apply those parked receipts whose part is known by now."""
        for receipt in receipts:
            # The one before may have shown what this one is about, and settled it.
            if receipt in self._ledger.parked:
                match = self._by_id(desk, receipt, self._all_keys(desk, receipt)) or self._by_number(desk, receipt)
                if match is not None:
                    self._ledger.unpark(receipt)
                    self._apply_one(desk, match, receipt, "early")

    def _at_hand(self, desk: Desk, receipt: Receipt) -> Match | None:
        """The part in memory that a receipt is about beyond doubt; all else is weighed against what the store knows."""
        rules = desk.operator.receipts
        for written in receipt.smsc_message_ids:
            match = self._ledger.awaiting(desk.name, response_key(written, rules.id_in_response))
            # Nearly always id and number are equal as they are written.
            if match is not None and match.attempt.smsc_message_id == written and bare(match.message.to) == receipt.to:
                return match
        if rules.id_in_receipt in ("hex", "decimal"):
            return self._by_id(desk, receipt, converted_keys(receipt, rules))
        return None

    def _by_id(self, desk: Desk, receipt: Receipt, keys: list[str]) -> Match | None:
        """The part in memory that waits under one of these keys."""
        rules = desk.operator.receipts
        for key in keys:
            match = self._ledger.awaiting(desk.name, key)
            if match is not None and best_match(receipt, [match], rules) is not None:
                return match
        return None

    def _by_number(self, desk: Desk, receipt: Receipt) -> Match | None:
        """The only unanswered part for this number, if there is just one and nothing else is under way to it."""
        to = full(receipt.to)
        waiting = self._ledger.unanswered(desk.name, to)
        # What was written later than the receipt came is not what it is about.
        found = [match for match in waiting if match.attempt.at <= receipt.received_at]
        if len({id(match.part) for match in found}) != 1:
            return None
        if any(submission.message.to == to for submission in desk.in_flight.values()):
            return None
        return max(found, key=lambda one: one.attempt.at)

    def _apply_one(self, desk: Desk, match: Match, receipt: Receipt, result: str) -> None:
        """As `_apply`, and count it as `result`."""
        if self._apply(desk, match, receipt) is _DUPLICATE:
            self._observer.receipts(desk.name, result, (), 1)
        else:
            self._observer.receipts(desk.name, result, ((match, receipt),))

    def _apply(self, desk: Desk, match: Match, receipt: Receipt) -> Reading:
        """Store and tell what a receipt says of its part."""
        message, attempt = match.message, match.attempt
        if attempt.smsc_message_id is None:
            # Found by its number: what has a receipt was accepted, and under this id the next one comes.
            taken = Outcome(OutcomeKind.ACCEPTED, next(iter(receipt.smsc_message_ids), None))
            self._accepted_late(message, match.part, attempt, taken)
        was = message.state
        reading = apply_receipt(message, match.part, attempt, receipt)
        if reading is _FINAL:  # nearly always
            if was in _OPEN:
                self._ledger.open -= 1
            key = match.key
            if key is None and attempt.smsc_message_id is not None:
                key = response_key(attempt.smsc_message_id, desk.operator.receipts.id_in_response)
            if key is not None:
                self._ledger.forget_receipt(desk.name, key)
            self._endings.close(message, receipt.received_at)
        elif reading is not _DUPLICATE:
            self._store.save(message)
        return reading

    def _broke(self, operator: str, error: Exception) -> None:
        self._log.error("receipt_broke", operator=operator, **described(error))

    def _answer(self, desk: Desk, tokens: Sequence[Any], stored: bool) -> None:
        gateway = desk.gateway or desk.leaving
        if gateway is not None:
            gateway.acknowledge(tokens, stored)

    def _written_keys(self, desk: Desk, receipt: Receipt) -> list[str]:
        return written_keys(receipt, desk.operator.receipts)

    def _all_keys(self, desk: Desk, receipt: Receipt) -> list[str]:
        rules = desk.operator.receipts
        return list(
            dict.fromkeys([*written_keys(receipt, rules), *converted_keys(receipt, rules), *other_keys(receipt)])
        )
