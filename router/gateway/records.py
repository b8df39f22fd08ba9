"""What the gateway domain keeps. `no` is the number of a thing, one sequence for all of them; times are ms, UTC."""

from msgspec import Struct


class Send(Struct, frozen=True, omit_defaults=True, gc=False):
    """One request to send by a public API: its messages are those of the account numbered `first` to `last`.

    `charged` is what the wallet was charged in all, in 10**-9 units; `campaign` is the number of the campaign that it
    is a piece of.
    """

    no: int
    account: str
    face: str
    at: int
    first: int
    last: int
    count: int
    charged: int = 0
    campaign: int | None = None


class IssuedKey(Struct, frozen=True, gc=False):
    """A key that an account made for itself, by the SHA-256 of its secret; it opens nothing from `expires` on."""

    account: str
    digest: bytes
    made: int
    expires: int | None = None
