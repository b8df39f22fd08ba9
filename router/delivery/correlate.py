"""Which part a receipt is about: smsc_message_ids in their many spellings.

An operator's response may give an id in hexadecimal and its receipts the same number in decimal, with or without
leading zeros, in either case. Ids have no size limit here: Python integers do not overflow.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

from router.address import bare
from router.message import Attempt, Message, Part, State
from router.operator import IdForm, ReceiptRules
from router.outcome import OutcomeKind
from router.receipt import Receipt

_HEX = re.compile(r"[0-9a-fA-F]{1,64}")
_DECIMAL = re.compile(r"[0-9]{1,64}")


_BASES: dict[IdForm, tuple[int, ...]] = {"hex": (16,), "decimal": (10,), "auto": (10, 16), "as-is": ()}


def response_key(smsc_message_id: str, form: IdForm) -> str:
    """The key under which a part waits for its receipt, from the id in the response."""
    if form == "auto":
        return smsc_message_id.lower().lstrip("0") or "0"
    number = _number(smsc_message_id, 16 if form == "hex" else 10) if form != "as-is" else None
    return smsc_message_id if number is None else str(number)


def written_keys(receipt: Receipt, rules: ReceiptRules) -> list[str]:
    """The keys of the ids as they are written: what is equal byte for byte is always found under these."""
    return [response_key(written, rules.id_in_response) for written in receipt.smsc_message_ids]


def converted_keys(receipt: Receipt, rules: ReceiptRules) -> list[str]:
    """The keys under which the same number may wait in another spelling: as declared, or every way that fits."""
    keys: dict[str, None] = {}
    for written in receipt.smsc_message_ids:
        for base in _BASES[rules.id_in_receipt]:
            number = _number(written, base)
            if number is not None and rules.id_in_response != "as-is":
                keys[str(number)] = None
                if rules.id_in_response == "auto":
                    keys[f"{number:x}"] = None
    return list(keys)


def other_keys(receipt: Receipt) -> list[str]:
    """Where the same ids may wait under keys of another `id_in_response`: a reload may have changed it since."""
    return [response_key(written, form) for written in receipt.smsc_message_ids for form in _BASES]


def _number(written: str, base: int) -> int | None:
    return int(written, base) if (_HEX if base == 16 else _DECIMAL).fullmatch(written) else None


class Match(Struct, eq=False, gc=False):
    """One part's attempt that a receipt may be about, and the key it waits under, where that is known."""

    message: Message
    part: Part
    attempt: Attempt
    key: str | None = None


def attempts_under(message: Message, operator: str, key: str) -> list[Match]:
    """The attempts of a message at `operator` whose id gives `key`, by whatever form was configured then."""
    return [
        Match(message, part, attempt)
        for part in message.parts
        for attempt in part.attempts
        if attempt.operator == operator
        and attempt.smsc_message_id is not None
        and any(response_key(attempt.smsc_message_id, form) == key for form in _BASES)
    ]


def best_match(receipt: Receipt, found: Sequence[Match], rules: ReceiptRules) -> Match | None:
    """The one attempt this receipt is about, or None.

    Of ids to the same number the one equal byte for byte wins, then one that fits by the declared conversion; then
    the same without the number, for operators that write it otherwise; the newest open part where the operator used
    an id twice. One that fits by a guess counts only for the same number, and only if a single (open) part remains.
    """
    exact = [match for match in found if match.attempt.smsc_message_id in receipt.smsc_message_ids]
    declared = found if rules.id_in_receipt in ("hex", "decimal") else []
    for group in (_to_same_number(receipt, exact), _to_same_number(receipt, declared), exact, declared):
        if group:
            return max(group, key=lambda match: (_is_open(match.part), match.attempt.at))
    guessed = _to_same_number(receipt, found)
    still_open = [match for match in guessed if _is_open(match.part)]
    only = still_open or guessed
    return only[0] if len(only) == 1 else None


def is_certain(receipt: Receipt, match: Match) -> bool:
    """Whether `match` is an open part with an id of the receipt, byte for byte, to the same number."""
    return (
        match.attempt.smsc_message_id in receipt.smsc_message_ids
        and bare(match.message.to) == receipt.to
        and _is_open(match.part)
    )


def _to_same_number(receipt: Receipt, found: Sequence[Match]) -> list[Match]:
    return [match for match in found if bare(match.message.to) == receipt.to]


def unanswered(message: Message, operator: str) -> list[Match]:
    """The attempts of a message at `operator` whose receipt no id can find, and whose part is still open: written
    and never answered, or accepted without an id."""
    return [
        Match(message, part, attempt)
        for part in message.parts
        if _is_open(part)
        for attempt in part.attempts
        if attempt.operator == operator
        and attempt.smsc_message_id is None
        and attempt.outcome in (OutcomeKind.UNKNOWN, OutcomeKind.ACCEPTED)
    ]


def _is_open(part: Part) -> bool:
    return part.state in (State.QUEUED, State.SUBMITTED)
