"""TextioPro's requests and answers, field by field. Requests come as query, form or JSON alike."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

Kind = Literal["plain", "voice", "mms", "whatsapp", "viber", "otp"]
Status = Literal["Queued", "Sent", "Delivered", "Undelivered", "Expired", "Rejected", "Failed"]
CampaignStatus = Literal["queued", "scheduled", "processing", "done", "cancelled", "failed"]
_Token = Annotated[str, Meta(description="The token, also in the query.")]
_Time = Annotated[str, Meta(description="YYYY-MM-DD HH:MM in the account's time zone, or RFC 3339.")]


class Nothing(Struct):
    """No parameter but the token."""

    api_token: _Token | None = None


class PageRequest(Struct):
    """TP-10."""

    api_token: _Token | None = None
    page: Annotated[int, Meta(ge=1)] = 1


class SendRequest(Struct):
    """TP-24."""

    recipient: Annotated[str, Meta(description="A number with country code; several are separated by commas.")]
    message: str
    sender_id: str | None = None
    type: Kind = "plain"
    language: str | None = None
    gender: Literal["male", "female"] | None = None
    media_url: str | None = None
    schedule_time: _Time | None = None
    dlt_template_id: str | None = None
    api_token: _Token | None = None


class CampaignRequest(Struct):
    """TP-35; `recipient` is taken for `contact_list_id` too (TP-36)."""

    contact_list_id: Annotated[str, Meta(description="The uid of a group; several are separated by commas.")]
    sender_id: str
    message: str
    type: Kind = "plain"
    schedule_time: _Time | None = None
    dlt_template_id: str | None = None
    api_token: _Token | None = None


class GroupRequest(Struct):
    """TP-18, TP-20."""

    name: str
    api_token: _Token | None = None


class ContactRequest(Struct):
    """TP-11, TP-13: and any other field of the group, in capitals."""

    PHONE: str | int
    FIRST_NAME: str | None = None
    LAST_NAME: str | None = None
    api_token: _Token | None = None


class Error(Struct):
    """TP-5."""

    status: str
    message: str


class Answer(Struct):
    """TP-6."""

    status: str
    data: Any


class Said(Struct):
    """TP-31."""

    status: str
    message: str
    data: Any


class Link(Struct):
    url: str | None
    label: str
    active: bool


class Page(Struct):
    """TP-10."""

    current_page: int
    data: list[Any]
    first_page_url: str
    first: int | None = field(name="from")
    last_page: int
    last_page_url: str
    links: list[Link]
    next_page_url: str | None
    path: str
    per_page: int
    prev_page_url: str | None
    to: int | None
    total: int


class MessageView(Struct):
    """TP-32."""

    uid: str | None
    to: str
    sender: str | None = field(name="from")
    message: str
    status: Status
    cost: str
    sms_type: Kind
    sms_count: int
    direction: Literal["outgoing", "incoming"]
    send_by: str
    created_at: str
    updated_at: str
    schedule_time: str | UnsetType = UNSET
    status_detail: str | UnsetType = UNSET


class GroupView(Struct):
    """TP-18."""

    uid: str
    name: str
    contacts_count: int
    created_at: str
    updated_at: str


class ContactView(Struct):
    """TP-16."""

    uid: str
    group_id: str
    phone: str
    status: Literal["subscribe", "unsubscribe"]
    first_name: str | None
    last_name: str | None
    custom_fields: dict[str, str]
    created_at: str
    updated_at: str


class BalanceView(Struct):
    """TP-41."""

    balance: float
    unit: str
    remaining_unit: str
    remaining_balance: str
    expired_on: str | None


class Profile(Struct):
    """TP-42."""

    id: int
    uid: str
    first_name: str
    last_name: str
    email: str
    locale: str
    timezone: str
    last_access_at: str


class Stats(Struct):
    total: int
    queued: int
    sent: int
    delivered: int
    undelivered: int
    failed: int


class CampaignView(Struct):
    """TP-37."""

    uid: str
    campaign_name: str
    status: CampaignStatus
    recipient_count: int
    contact_list_id: str
    sender_id: str | None
    sms_type: Kind
    message: str
    schedule_time: str | None
    created_at: str


class CampaignReport(CampaignView):
    """TP-40."""

    stats: Stats
    start_at: str | None
    delivery_at: str | None
