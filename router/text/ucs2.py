"""UCS-2 as it goes on the air (3GPP TS 23.038, 6.2.3): UTF-16BE, so that emoji travel as surrogate pairs."""

HIGH_SURROGATES = bytes(range(0xD8, 0xDC))
"""What the first octet of a surrogate pair's first half can be."""


def encode(text: str) -> bytes | None:
    """`text` in UTF-16BE, two octets per code unit, or None when it holds half a surrogate pair."""
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError:
        return None


def units(text: str) -> int:
    """How many UTF-16 code units `text` takes; half a surrogate pair counts one."""
    return len(text) + sum([character > "\uffff" for character in text])


def decode(octets: bytes) -> str:
    """The text of UTF-16BE `octets`; what cannot be read becomes U+FFFD. Never raises."""
    return octets.decode("utf-16-be", "replace")
