"""What a webhook of a public API is: where it is, and how what it is told is signed."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Hook:
    """`sign` gives the headers of a POST with this body; `secret` is what it signs with."""

    url: str = field(repr=False)
    secret: bytes = field(repr=False)
    sign: Callable[[bytes, bytes], dict[str, str]]

    def headers(self, body: bytes) -> dict[str, str]:
        return self.sign(self.secret, body)
