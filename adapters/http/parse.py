"""From a body to the submits it holds, in one pass where all is well."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec import DecodeError, Raw, ValidationError
from msgspec.json import Decoder
from msgspec.json import decode as decode_any
from msgspec.json import encode as encode_any

from adapters.http.schema.messages import ItemError, RefusedItem
from adapters.http.schema.requests import BatchRequest, RawBatch
from adapters.web.incoming import decode, shape_refusal
from router.refusal import Refusal
from router.submit import Channel, Submit

MOST_OPTIONS = 16 * 1024
"""Octets of JSON that `options` may take: they are kept with the message, in memory too."""

MOST_EMAIL_OPTIONS = 1024 * 1024
"""The same on channel email, where the HTML is one of them; how much of it may be sent is the engine's to say."""

DEEPEST_OPTIONS = 16

_EMAIL = Channel.EMAIL

_submit = Decoder(Submit)
_batch = Decoder(BatchRequest)
_raw_batch = Decoder(RawBatch)


def parse_submit(body: bytes) -> Submit:
    """One submit. Raises Refusal invalid_json, invalid_request."""
    submit = decode(_submit, body)
    wrong = _contradictions((submit,)).get(0)
    if wrong is not None:
        raise wrong
    return submit


def parse_batch(body: bytes) -> list[Submit | RefusedItem]:
    """The items of a batch in order, those of a wrong shape as refused. Raises Refusal invalid_json, or
    invalid_request where the batch itself is wrong."""
    try:
        submits = _batch.decode(body).messages
    except ValidationError:
        return [_parse_item(raw) for raw in decode(_raw_batch, body).messages]
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return [*decode(_batch, body).messages]  # never returns: the same error once more, as a refusal
    items: list[Submit | RefusedItem] = [*submits]
    for place, wrong in _contradictions(submits).items():
        items[place] = refused_item(wrong, submits[place].to, submits[place].reference)
    return items


def refused_item(refusal: Refusal, to: str | None, reference: str | None) -> RefusedItem:
    """How a refused message stands in the answer to its batch."""
    return RefusedItem(ItemError(refusal.code, refusal.detail), to, reference)


def _parse_item(raw: Raw) -> Submit | RefusedItem:
    try:
        submit = _submit.decode(raw)
    except ValidationError as error:
        refusal = shape_refusal(error)
        if refusal.field is not None:
            refusal = Refusal(refusal.code, f"{refusal.field}: {refusal.detail}")
        item = decode_any(raw)
        if not isinstance(item, dict):
            return refused_item(refusal, None, None)
        return refused_item(refusal, _echo(item.get("to"), 320), _echo(item.get("reference"), 255))
    except (DecodeError, UnicodeDecodeError, RecursionError):
        # What only skipping over the item let pass is an error of the whole body.
        decode(_submit, bytes(raw))
        raise
    wrong = _contradictions((submit,)).get(0)
    return submit if wrong is None else refused_item(wrong, submit.to, submit.reference)


def _echo(value: Any, longest: int) -> str | None:
    return value if isinstance(value, str) and len(value) <= longest else None


def _contradictions(submits: Sequence[Submit]) -> dict[int, Refusal]:
    """What no single field's type can say, by the place of the submit where it is wrong."""
    found = {}
    for place, submit in enumerate(submits):
        wrong = None
        if (submit.text is None) == (submit.data is None):
            wrong = Refusal("invalid_request", "give exactly one of text and data", "text")
        elif submit.udh is not None and submit.data is None:
            wrong = Refusal("invalid_request", "a udh only goes with data", "udh")
        elif "\0" in submit.to or "\0" in (submit.sender or "") or "\0" in (submit.reference or ""):
            wrong = Refusal("invalid_request", "a NUL character cannot stand in to, from or reference")
        elif submit.max_price is not None and not _sensible(submit.max_price.amount):
            wrong = Refusal("invalid_request", "this is not an amount of money", "max_price.amount")
        elif submit.options is not None:
            most = MOST_EMAIL_OPTIONS if submit.channel is _EMAIL else MOST_OPTIONS
            wrong = _options_problem(submit.options, most)
        if wrong is not None:
            found[place] = wrong
    return found


def _sensible(amount: Decimal) -> bool:
    # Beyond this, arithmetic on the amount could overflow; NaN and the infinities have no whole exponent.
    exponent = amount.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -18 and amount.adjusted() <= 18 and amount >= 0


def _options_problem(options: dict[str, Any], most: int) -> Refusal | None:
    values = 0
    level: list[Any] = [options]
    for _ in range(DEEPEST_OPTIONS + 1):
        values += len(level)
        if values > most:
            # Each is an octet at least.
            return _too_large_options(most)
        if not all(-(2**63) <= one < 2**63 for one in level if isinstance(one, int)):
            break
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        if sum(map(len, inner)) > most:
            return _too_large_options(most)
        if not inner:
            return _too_large_options(most) if len(encode_any(options)) > most else None
        level = [one for values_of in inner for one in values_of]
    return Refusal(
        "invalid_request",
        f"options hold integers of 64 bits and at most {DEEPEST_OPTIONS} levels of nesting",
        "options",
    )


def _too_large_options(most: int) -> Refusal:
    return Refusal("invalid_request", f"options take at most {most} octets", "options")
