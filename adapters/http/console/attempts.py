"""How often somebody may try a token that is wrong."""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

FREE = 5
"""Wrong tokens in a row that cost nothing."""

EACH = 10.0
"""Seconds after which one more may be tried."""

_MOST = 10_000


class Attempts:
    """By the address of who asks; of IPv6 by its network of 64 bits, for one machine has as many addresses as it likes.
    `now` is in monotonic seconds."""

    def __init__(self) -> None:
        # When the address will have been forgiven everything; one more wrong token puts that off by EACH.
        self._forgiven: OrderedDict[str, float] = OrderedDict()

    def wait(self, peer: str, now: float) -> float:
        """Seconds until this address may try again, 0 where it may."""
        return max(0.0, self._forgiven.get(_network(peer), now) - now - (FREE - 1) * EACH)

    def wrong(self, peer: str, now: float) -> None:
        """It has shown a wrong token."""
        name = _network(peer)
        self._forgiven[name] = max(now, self._forgiven.pop(name, now)) + EACH
        if len(self._forgiven) > _MOST:
            self._forgiven.popitem(last=False)


def _network(peer: str) -> str:
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return address.exploded[:19]
    return peer
