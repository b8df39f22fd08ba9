"""What the load consists of: message `index` has a number and a reference of its own, by which it is found again."""

from typing import Final

from router.message import EncodingWish
from router.operator import TextRules
from router.text.segment import segment

MOST: Final = 10 * 9999 * 900
"""There are no more numbers."""

LENGTHS: Final = {EncodingWish.GSM7: 90, EncodingWish.UCS2: 60}
"""What is taken where no length is asked for: one segment."""

_SAMPLES: Final = {
    EncodingWish.GSM7: "Your code is 493027. It is valid for ten minutes; do not pass it on to anyone, please. ACME ",
    EncodingWish.UCS2: "Ваш код 493027. Он действует десять минут; никому его не сообщайте. ",
}


def number(index: int) -> str:
    """In E.164, of Cameroon. The operator goes by the digit after +2376; the last three are below 900, for the
    simulator takes those above for a request to misbehave."""
    rest, last = divmod(index // 10, 900)
    return f"+2376{index % 10}{rest:04}{last:03}"


def index_of(to: str) -> int:
    """The message behind a number, with or without its plus sign."""
    digits = to[-8:]
    return (int(digits[1:5]) * 900 + int(digits[5:])) * 10 + int(digits[0])


def text(encoding: EncodingWish, length: int) -> str:
    """So many characters in this encoding."""
    sample = _SAMPLES[encoding]
    return (sample * (length // len(sample) + 1))[:length].rstrip().ljust(length, ".")


def parts(encoding: EncodingWish, length: int) -> int:
    """How many short messages such a text is."""
    return len(segment(text(encoding, length), encoding, TextRules()).segments)
