"""Which addresses a webhook may reach.

A target's name is the account's to choose and may change its address between two look-ups, so the check stands where
the socket is made: on the very address that will be connected to, were it written in the URL or resolved.
"""

import errno
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import AddrInfoType

Network = IPv4Network | IPv6Network

_UNICAST = IPv6Network("2000::/3")  # all that is global unicast in IPv6 (RFC 4291 section 2.4)
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last four octets


class AddressRefused(OSError):
    """The target's address is private and its network is not allowed."""

    def __init__(self, address: str) -> None:
        super().__init__(errno.EACCES, f"{address} is not a public address and not in an allowed network")


def may_reach(address: str, allowed: Sequence[Network]) -> bool:
    """True for a public unicast address and for any address in one of the `allowed` networks.

    An IPv4 address that travels inside an IPv6 one (mapped, 6to4, NAT64) is judged as what it reaches.
    """
    outer = ip_address(address)
    inner = _embedded(outer) if isinstance(outer, IPv6Address) else None
    candidates = (outer,) if inner is None else (outer, inner)
    if any(candidate in network for candidate in candidates for network in allowed):
        return True
    if inner is not None:
        return _is_public(inner)
    return _is_public(outer)


def guarded_socket(allowed: Sequence[Network]) -> Callable[[AddrInfoType], socket.socket]:
    """A socket factory for aiohttp's connector that raises AddressRefused instead of opening a way to `address`."""

    def make(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        if not may_reach(str(address[0]), allowed):
            raise AddressRefused(str(address[0]))
        return socket.socket(family, kind, protocol)

    return make


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not address.is_multicast
