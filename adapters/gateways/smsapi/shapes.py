"""smsapi's requests and answers, field by field. Requests come as query, form or JSON alike."""

from typing import Annotated

from msgspec import Meta, Struct

_Numbers = Annotated[
    str, Meta(description="Recipients, separated by commas; national ones are of the account's country.")
]
_Sender = Annotated[str, Meta(max_length=11)]


class SendV1(Struct):
    """SA-7."""

    numbers: _Numbers
    message_body: str
    username: str
    password: str
    sender_id: _Sender | None = None


class SendV2(Struct):
    """SA-14; `api_key` where there is no header X-API-Key."""

    numbers: _Numbers
    message_body: str
    sender_id: _Sender | None = None
    api_key: str | None = None


class ApiKey(Struct):
    """SA-12."""

    api_key: str | None = None


class Credentials(Struct):
    """SA-23; also as HTTP Basic, or the current API key."""

    username: str | None = None
    password: str | None = None
    api_key: str | None = None


class KeyWanted(Credentials):
    """SA-20, SA-22."""

    expiry_days: Annotated[int, Meta(ge=1, le=365)] | None = None


class Error(Struct, omit_defaults=True):
    """SA-4, SA-12, SA-15; SA-26 has `message` and `errors`, a server error `message` alone."""

    error: str | None = None
    help: str | None = None
    success: bool | None = None
    message: str | None = None
    errors: dict[str, list[str]] | None = None


class SendData(Struct):
    message_id: str
    recipients: int
    estimated_cost: float
    remaining_balance: float


class SendAnswer(Struct):
    """SA-10, SA-15."""

    success: bool
    message: str
    data: SendData


class BalanceData(Struct):
    balance: float
    currency: str
    remaining_balance: float


class BalanceAnswer(Struct):
    """SA-16."""

    success: bool
    message: str
    data: BalanceData


class KeyData(Struct):
    api_key: str
    expires_at: str | None


class KeyAnswer(Struct):
    """SA-25."""

    success: bool
    message: str
    data: KeyData


class Done(Struct):
    success: bool
    message: str
