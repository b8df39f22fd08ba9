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
