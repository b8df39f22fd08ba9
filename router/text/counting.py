"""How long a text is on the air, once it is known how it goes there."""

from router.message import Encoding, Message
from router.text import gsm7, lookalikes


def units(message: Message) -> int:
    """Septets of a text in GSM 7-bit (two for a character of the extension table), UTF-16 code units in UCS-2. With a
    language's tables, what its extension has counts as one."""
    text = message.text or ""
    if message.encoding is not Encoding.GSM7:
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return gsm7.septets(lookalikes.replace(text) if message.transliterated else text)


def too_long(text: str, longest: tuple[int, int]) -> int | None:
    """The limit that a text is over: of septets where GSM 7-bit has all of it, else of UTF-16 code units; None where it
    is not."""
    if 2 * len(text) <= min(longest):
        # A character takes two of either at most.
        return None
    if gsm7.missing(text):
        limit, length = longest[1], len(text.encode("utf-16-le", "surrogatepass")) // 2
    else:
        limit, length = longest[0], gsm7.septets(text)
    return limit if length > limit else None
