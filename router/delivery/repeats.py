"""Messages from handsets that an operator hands over more than once, for want of an answer or by mistake."""

from collections import OrderedDict
from hashlib import blake2b

from router.inbound import Inbound

_DAY = 24 * 3600 * 1000
_MOST = 20_000


class Repeats:
    """Remembers the last messages that had an id of their own, so many and for a day at most."""

    def __init__(self) -> None:
        self._heard: OrderedDict[tuple[str, str], tuple[int, bytes]] = OrderedDict()

    def heard(self, message: Inbound, now: int) -> bool:
        """Whether it came before; if not, it has now. `now` is milliseconds since the epoch.

        An id that comes with other content, or again after a day, is in use anew.
        """
        if message.id is None:
            return False
        key = message.operator, message.id
        at, known = self._heard.get(key, (0, b""))
        content = _digest(message)
        if content == known and now - at < _DAY:
            return True
        self._heard[key] = now, content
        self._heard.move_to_end(key)
        if len(self._heard) > _MOST:
            self._heard.popitem(last=False)
        return False

    def forget(self, message: Inbound) -> None:
        """It was not taken after all."""
        if message.id is not None:
            self._heard.pop((message.operator, message.id), None)


def _digest(message: Inbound) -> bytes:
    """Without its media: their addresses may be signed anew each time."""
    names = f"{message.sender}\0{message.to}\0{message.alphabet}\0".encode("utf-8", "surrogatepass")
    return blake2b(names + message.content, digest_size=16).digest()
