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
