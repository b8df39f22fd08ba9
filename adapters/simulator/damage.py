"""PDUs as only some operators write them: functions from the octets of a PDU to other ones, its framing intact."""

from collections.abc import Callable

Damage = Callable[[bytes], bytes]

_SOURCE_ADDR = 16 + 3
"""Where it begins in a deliver_sm with an empty service_type (SMPP 3.4 section 4.6.1)."""


def cut_short(octets: bytes) -> bytes:
    """The last octet is missing: the NUL of a response's id, or what sm_length counts on."""
    return _framed(octets[:-1])


def stray_nul(octets: bytes) -> bytes:
    """A NUL that belongs to nothing stands at the end; for an error response it is a body."""
    return _framed(octets + b"\0")


def odd_tlvs(octets: bytes) -> bytes:
    """Two TLVs more: one that nobody knows, and one of length zero."""
    return _framed(octets + b"\x17\x77\0\3odd" + b"\x17\x78\0\0")


def long_source(octets: bytes) -> bytes:
    """A deliver_sm whose source_addr is longer than the 20 characters of section 5.2.8."""
    end = octets.index(b"\0", _SOURCE_ADDR)
    return _framed(octets[:end] + b"@messages.example.net" + octets[end:])


def _framed(octets: bytes) -> bytes:
    return len(octets).to_bytes(4) + octets[4:]
