"""What a client asks for when it submits a message."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from router.message import EncodingWish, ReceiptWish, TrafficClass
from router.money import Money


class Channel(StrEnum):
    SMS = "sms"
    WHATSAPP = "whatsapp"
    VOICE = "voice"
    MMS = "mms"
    VIBER = "viber"
    EMAIL = "email"


class Submit(Struct, forbid_unknown_fields=True, gc=False):
    """One message to send: exactly one of `text` and `data`; `udh` only with `data`.

    It is at once the value the engine takes, the check of a request's shape and the source of its JSON schema.
    """

    to: Annotated[
        str, Meta(max_length=320, description="Recipient in E.164, e.g. +237670000001; on channel email an address.")
    ]
    sender: (
        Annotated[str, Meta(min_length=1, max_length=320, description="The sender; on channel email an address.")]
        | None
    ) = field(default=None, name="from")
    text: Annotated[str, Meta(min_length=1, description="Either this or `data`.")] | None = None
    data: Annotated[bytes, Meta(min_length=1, description="Binary content, base64.")] | None = None
    udh: (
        Annotated[bytes, Meta(min_length=1, max_length=140, description="User data header of `data`, base64.")] | None
    ) = None
    encoding: EncodingWish = EncodingWish.AUTO
    reference: Annotated[str, Meta(max_length=255, description="Echoed in answers and events.")] | None = None
    traffic_class: TrafficClass = field(default=TrafficClass.TRANSACTIONAL, name="class")
    channel: Channel = Channel.SMS
    expires_in: (
        Annotated[int, Meta(ge=1, le=31_536_000, description="Seconds after which it is no longer sent.")] | None
    ) = None
    send_at: Annotated[datetime, Meta(tz=True, description="Not before this time.")] | None = None
    receipts: ReceiptWish = ReceiptWish.FINAL
    plan: str | None = None
    max_price: Money | None = None
    flash: bool = False
    options: (
        Annotated[
            dict[str, Any],
            Meta(
                description="What a channel or an operator takes beside the text. On channel email: `subject`, `html` "
                "(an alternative to `text`), `reply_to` (an address), `from_name`."
            ),
        ]
        | None
    ) = None
