"""FullSMS's requests and answers, field by field. Requests are read by `checking`, which says all that is wrong."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

_From = Annotated[str, Meta(description="A number of the account, or one of its approved sender ids.")]
_SendAt = Annotated[str, Meta(description="YYYY-MM-DD HH:MM:SS in the account's time zone; at once where absent.")]
_Message = Annotated[
    str, Meta(description="Up to 612 characters of GSM 03.38, else up to 268; required without `template_id`.")
]
_TemplateId = Annotated[str | int, Meta(description="Required without `message`, and used where both are given.")]


class Error(Struct, omit_defaults=True):
    """FS-2 to FS-7."""

    message: str
    status_code: int
    status: str | None = None
    reason: str | None = None
    code: int | None = None
    errors: dict[str, list[str]] | None = None


class Balance(Struct):
    """FS-11."""

    balance: int | float


class Number(Struct):
    number: str
    country: str | None


class Numbers(Struct):
    """FS-12."""

    total_numbers: int
    numbers: list[Number]


class List(Struct):
    list_id: int
    name: str
    subscribe_word: str | None
    subscribed_contacts: int


class Lists(Struct):
    """FS-13."""

    total_lists: int
    lists: list[List]


class SenderIds(Struct):
    """FS-14."""

    total_senderids: int
    senderids: list[str]


class Template(Struct):
    template_id: int
    name: str
    content: str


class Templates(Struct):
    """FS-15."""

    total_templates: int
    templates: list[Template]


class ToLists(Struct):
    """FS-17."""

    to_list_ids: list[int]
    from_: _From = field(name="from")
    message: _Message | None = None
    template_id: _TemplateId | None = None
    send_at: _SendAt | None = None


class ToNumbers(Struct):
    """FS-18."""

    to_numbers: Annotated[list[str], Meta(min_length=1, max_length=500)]
    from_: _From = field(name="from")
    message: _Message | None = None
    template_id: _TemplateId | None = None
    send_at: _SendAt | None = None


class Approved(Struct):
    """FS-17."""

    status: Literal["approved"]
    campaign_id: str


class Invalid(Struct):
    count: int
    numbers: list[Any]


class ApprovedNumbers(Struct):
    """FS-18."""

    status: Literal["approved"]
    campaign_id: str
    total_sent: int
    invalid: Invalid


class NewCode(Struct):
    """FS-24."""

    to_number: str
    from_: _From = field(name="from")
    brand: Annotated[str, Meta(description="Up to 50 characters of GSM 03.38, else up to 12.")] | None = None


CodeStatus = Literal["in_progress", "approved", "failed", "canceled", "expired"]


class CodeMade(Struct):
    """FS-24."""

    status: Literal["approved"]
    otp_id: str
    otp_status: CodeStatus


class TryCode(Struct):
    """FS-26."""

    otp_id: str
    code: int | str


class CodeApproved(Struct):
    """FS-26."""

    status: Literal["approved"]


class CancelCode(Struct):
    """FS-28."""

    otp_id: str


class CodeQuery(Struct):
    """FS-29."""

    otp_id: str


class Check(Struct):
    date: str
    code: int
    status: Literal["valid", "invalid"]


class CodeView(Struct):
    """FS-29."""

    uuid: str
    status: CodeStatus
    destination: str
    sender_value: str
    brand: str
    created: str = field(name="created at")
    created_at: str
    last_check_at: str | None
    checks: list[Check]
