"""TextDigo's requests and answers, field by field. Requests take no other fields (TD-11); optional ones may be null."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

Needed = Annotated[str, Meta(min_length=1)]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]
SenderName = Annotated[str, Meta(max_length=50)]
ExternalId = Annotated[str, Meta(max_length=255)]
Subject = Annotated[str, Meta(min_length=1, max_length=998)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Code = Annotated[str, Meta(min_length=3, max_length=10)]
Id = Annotated[str, Meta(pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
Values = dict[str, str]

SmsType = Literal["TRANSACTIONAL", "MARKETING"]
MessageType = Literal["sms", "email", "whatsapp"]
Status = Literal["SENT", "DELIVERED", "UNDELIVERED", "FAILED"]
CampaignSpecType = Literal["SMS", "EMAIL", "WHATSAPP"]
CanalType = Literal["SMS", "EMAIL", "WHATSAPP", "VOICE"]
TicketCanalType = Literal["SMS", "WHATSAPP", "EMAIL"]
CampaignProfileType = Literal["MANUAL", "FILE", "API", "CUSTOMERS"]
CampaignFrequency = Literal["ONCE", "DAILY", "WEEKLY", "MONTHLY"]


# --- sends ---------------------------------------------------------------------------------------------------


class SmsRequest(Struct, forbid_unknown_fields=True):
    """TD-15."""

    phoneNumber: str
    message: Text
    senderName: SenderName | None = None
    smsType: SmsType | None = None
    externalId: ExternalId | None = None


class EmailRequest(Struct, forbid_unknown_fields=True):
    """TD-18."""

    email: str
    subject: Subject
    htmlMessage: str | None = None
    textMessage: str | None = None


class EmailTemplateRequest(Struct, forbid_unknown_fields=True):
    """TD-19."""

    email: str
    subject: Subject
    templateId: Needed
    parameters: Values | None = None


class WhatsappRequest(Struct, forbid_unknown_fields=True):
    """TD-20."""

    whatsappBusinessPhoneNumberId: Needed
    phoneNumber: str
    message: Annotated[str, Meta(max_length=4096)] | None = None
    mediaUrl: str | None = None


class WhatsappCodeRequest(Struct, forbid_unknown_fields=True):
    """TD-21."""

    whatsappBusinessPhoneNumberId: Needed
    phoneNumber: str


class WhatsappTemplateRequest(Struct, forbid_unknown_fields=True):
    """TD-22."""

    whatsappBusinessPhoneNumberId: Needed
    phoneNumber: str
    templateId: Needed
    bodyParameters: Values | None = None


class BulkRequest(Struct, forbid_unknown_fields=True):
    """TD-23."""

    message: Text
    contacts: Annotated[list[str], Meta(min_length=1, max_length=1000)]
    senderName: SenderName | None = None


class BulkQuery(Struct, forbid_unknown_fields=True):
    """TD-24."""

    message: Text
    contacts: str
    senderName: SenderName | None = None


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


class CanalsQuery(Struct, forbid_unknown_fields=True):
    """TD-31."""

    type: CanalType | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


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


class CampaignRequest(Struct, forbid_unknown_fields=True):
    """TD-32."""

    campaignSpecId: Id
    profileIds: Annotated[list[Id], Meta(min_length=1)]
    frequency: CampaignFrequency


class CampaignAnswer(Struct):
    """TD-32."""

    id: str
    campaignSpecId: str
    profileIds: list[str]
    frequency: CampaignFrequency
    status: str
    createdAt: str


class SmsConfig(Struct, forbid_unknown_fields=True):
    """TD-33."""

    message: Text
    senderName: SenderName | None = None


class EmailConfig(Struct, forbid_unknown_fields=True):
    """TD-33."""

    subject: Subject
    htmlMessage: str | None = None
    textMessage: str | None = None


class WhatsappConfig(Struct, forbid_unknown_fields=True):
    """TD-33."""

    whatsappBusinessPhoneNumberId: Needed
    templateId: Needed
    bodyParameters: Values | None = None


class SpecRequest(Struct, forbid_unknown_fields=True):
    """TD-33."""

    name: Name
    type: CampaignSpecType
    config: dict[str, Any] | None = None


class SpecAnswer(Struct):
    """TD-33."""

    id: str
    name: str
    type: CampaignSpecType
    config: dict[str, Any] | None
    createdAt: str


class ProfileRequest(Struct, forbid_unknown_fields=True):
    """TD-34."""

    name: Name
    type: CampaignProfileType
    campaignSpecType: CampaignSpecType


class ProfileAnswer(Struct):
    """TD-34."""

    id: str
    name: str
    type: CampaignProfileType
    campaignSpecType: CampaignSpecType
    contactCount: int
    createdAt: str


class ImportedContact(Struct, forbid_unknown_fields=True):
    phoneNumber: str | None = None
    email: str | None = None
    parameters: Values | None = None


class ImportRequest(Struct, forbid_unknown_fields=True):
    """TD-35."""

    contacts: Annotated[list[ImportedContact], Meta(min_length=1, max_length=10_000)]


class InvalidEntry(Struct):
    index: int
    errorCode: str


class ImportAnswer(Struct):
    """TD-35."""

    total: int
    imported: int
    duplicates: int
    invalid: list[InvalidEntry]


class TicketRequest(Struct, forbid_unknown_fields=True):
    """TD-36."""

    canalType: TicketCanalType
    description: Annotated[str, Meta(max_length=2000)] | None = None


class TicketAnswer(Struct):
    """TD-36."""

    id: str
    canalType: TicketCanalType
    description: str | None
    status: str
    createdAt: str


class CustomerRequest(Struct, forbid_unknown_fields=True):
    """TD-37."""

    name: str | None = None
    phoneNumbers: list[str] | None = None
    emails: list[str] | None = None


class CustomerAnswer(Struct):
    """TD-37."""

    id: str
    name: str | None
    phoneNumbers: list[str]
    emails: list[str]
    createdAt: str


class GroupRequest(Struct, forbid_unknown_fields=True):
    """TD-38."""

    name: Needed


class GroupAnswer(Struct):
    """TD-38."""

    id: str
    name: str
    createdAt: str


class IssueRequest(Struct, forbid_unknown_fields=True):
    """TD-46, as parts of a form."""

    email: str
    issueCanalType: TicketCanalType
    issueMessage: str | None = None
    file: bytes | None = None


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


class SmsCodeRequest(Struct, forbid_unknown_fields=True):
    """TD-40."""

    phoneNumber: str
    numberOfDigits: Annotated[int, Meta(ge=4, le=8)] | None = None


class NumberCodeRequest(Struct, forbid_unknown_fields=True):
    """TD-41."""

    phoneNumber: str


class EmailCodeRequest(Struct, forbid_unknown_fields=True):
    """TD-42."""

    email: str


class NumberVerifyRequest(Struct, forbid_unknown_fields=True):
    """TD-44."""

    phoneNumber: str
    otpCode: Code


class EmailVerifyRequest(Struct, forbid_unknown_fields=True):
    """TD-44."""

    email: str
    otpCode: Code


class VerifyAnswer(Struct):
    """TD-45."""

    verified: bool
    attemptsLeft: int | UnsetType = UNSET


# --- webhooks ------------------------------------------------------------------------------------------------


class Report(Struct):
    """TD-49."""

    msgId: str
    sender: str | None = field(name="from")
    status: Status
    partCount: int
    amount: Decimal
    operator: str | None
    externalId: str | None
    currency: str
    subject: str
    type: str


class ReceivedMedia(Struct):
    url: str
    mimeType: str


class ReceivedMessage(Struct):
    """TD-50."""

    event: str
    type: str
    lineId: str
    phoneNumber: str
    chatId: str
    message: str
    medias: list[ReceivedMedia]
