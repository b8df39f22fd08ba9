"""TextDigo's answers, field by field."""

from decimal import Decimal
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from adapters.gateways.textdigo.enumerations import (
    CampaignFrequency,
    CampaignProfileType,
    CampaignSpecType,
    CanalType,
    MessageType,
    SmsType,
    Status,
    TicketCanalType,
)

# --- sends ---------------------------------------------------------------------------------------------------


class Sent(Struct):
    """TD-17, TD-43; `partCount` of an email is not there, `subject` only of one."""

    msgId: str
    type: MessageType
    status: Status
    to: str
    sender: str | None = field(name="from")
    amount: Decimal
    currency: str
    externalId: str | None
    createdAt: str
    partCount: int | UnsetType = UNSET
    subject: str | UnsetType = UNSET
    expiresAt: str | UnsetType = UNSET


class BulkMessage(Struct):
    phoneNumber: str
    msgId: str


class InvalidContact(Struct):
    phoneNumber: str
    errorCode: str


class BulkAnswer(Struct):
    """TD-25."""

    campaignId: str
    total: int
    accepted: int
    rejected: int
    messages: list[BulkMessage]
    invalidContacts: list[InvalidContact]
    amount: Decimal
    currency: str


# --- what became of them -------------------------------------------------------------------------------------


class StatusAnswer(Struct):
    """TD-26."""

    msgId: str
    channel: MessageType
    status: Status
    externalId: str | None
    updatedAt: str


class SmsDetails(Struct):
    """TD-27."""

    msgId: str
    type: MessageType
    status: Status
    to: str
    sender: str | None = field(name="from")
    partCount: int
    amount: Decimal
    currency: str
    externalId: str | None
    createdAt: str
    message: str
    smsType: SmsType
    operator: str | None
    sentAt: str | None
    deliveredAt: str | None
    failureReason: str | None


# --- account -------------------------------------------------------------------------------------------------


class Period(Struct):
    start: str = field(name="from")
    to: str


class SmsUsage(Struct):
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    parts: int = 0


class ChannelUsage(Struct):
    sent: int = 0
    delivered: int = 0
    failed: int = 0


class CodeUsage(Struct):
    sent: int
    verified: int


class Quota(Struct):
    limit: int | None
    used: int
    remaining: int | None


class UsageAnswer(Struct):
    """TD-29."""

    period: Period
    sms: SmsUsage
    email: ChannelUsage
    whatsapp: ChannelUsage
    otp: CodeUsage
    quota: Quota


class Transaction(Struct):
    id: str
    type: Literal["CREDIT", "DEBIT", "REFUND"]
    amount: Decimal
    currency: str
    reference: str | None
    description: str
    createdAt: str


class WalletAnswer(Struct):
    """TD-30."""

    balance: Decimal
    currency: str
    transactions: list[Transaction]


class Canal(Struct):
    id: str
    type: CanalType
    name: str
    status: Literal["ACTIVE", "INACTIVE"]


class CanalsAnswer(Struct):
    """TD-31."""

    items: list[Canal]
    total: int
    limit: int


# --- resources -----------------------------------------------------------------------------------------------


class CampaignAnswer(Struct):
    """TD-32."""

    id: str
    campaignSpecId: str
    profileIds: list[str]
    frequency: CampaignFrequency
    status: str
    createdAt: str


class SpecAnswer(Struct):
    """TD-33."""

    id: str
    name: str
    type: CampaignSpecType
    config: dict[str, Any] | None
    createdAt: str


class ProfileAnswer(Struct):
    """TD-34."""

    id: str
    name: str
    type: CampaignProfileType
    campaignSpecType: CampaignSpecType
    contactCount: int
    createdAt: str


class InvalidEntry(Struct):
    index: int
    errorCode: str


class ImportAnswer(Struct):
    """TD-35."""

    total: int
    imported: int
    duplicates: int
    invalid: list[InvalidEntry]


class TicketAnswer(Struct):
    """TD-36."""

    id: str
    canalType: TicketCanalType
    description: str | None
    status: str
    createdAt: str


class CustomerAnswer(Struct):
    """TD-37."""

    id: str
    name: str | None
    phoneNumbers: list[str]
    emails: list[str]
    createdAt: str


class GroupAnswer(Struct):
    """TD-38."""

    id: str
    name: str
    createdAt: str


class File(Struct):
    name: str
    size: int


class IssueAnswer(Struct):
    """TD-46."""

    id: str
    email: str
    issueCanalType: TicketCanalType
    issueMessage: str | None
    file: File | None
    status: str
    createdAt: str


# --- one-time passwords --------------------------------------------------------------------------------------


class VerifyAnswer(Struct):
    """TD-45."""

    verified: bool
    attemptsLeft: int | UnsetType = UNSET
