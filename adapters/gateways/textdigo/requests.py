"""TextDigo's requests, field by field. They take no other fields (TD-11); optional ones may be null."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from adapters.gateways.textdigo.enumerations import (
    CampaignFrequency,
    CampaignProfileType,
    CampaignSpecType,
    CanalType,
    SmsType,
    TicketCanalType,
)

Needed = Annotated[str, Meta(min_length=1)]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]
SenderName = Annotated[str, Meta(max_length=50)]
ExternalId = Annotated[str, Meta(max_length=255)]
Subject = Annotated[str, Meta(min_length=1, max_length=998)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Code = Annotated[str, Meta(min_length=3, max_length=10)]
Id = Annotated[str, Meta(pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
Values = dict[str, str]


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


# --- account -------------------------------------------------------------------------------------------------


class CanalsQuery(Struct, forbid_unknown_fields=True):
    """TD-31."""

    type: CanalType | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


# --- resources -----------------------------------------------------------------------------------------------


class CampaignRequest(Struct, forbid_unknown_fields=True):
    """TD-32."""

    campaignSpecId: Id
    profileIds: Annotated[list[Id], Meta(min_length=1)]
    frequency: CampaignFrequency


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


class ProfileRequest(Struct, forbid_unknown_fields=True):
    """TD-34."""

    name: Name
    type: CampaignProfileType
    campaignSpecType: CampaignSpecType


class ImportedContact(Struct, forbid_unknown_fields=True):
    phoneNumber: str | None = None
    email: str | None = None
    parameters: Values | None = None


class ImportRequest(Struct, forbid_unknown_fields=True):
    """TD-35."""

    contacts: Annotated[list[ImportedContact], Meta(min_length=1, max_length=10_000)]


class TicketRequest(Struct, forbid_unknown_fields=True):
    """TD-36."""

    canalType: TicketCanalType
    description: Annotated[str, Meta(max_length=2000)] | None = None


class CustomerRequest(Struct, forbid_unknown_fields=True):
    """TD-37."""

    name: str | None = None
    phoneNumbers: list[str] | None = None
    emails: list[str] | None = None


class GroupRequest(Struct, forbid_unknown_fields=True):
    """TD-38."""

    name: Needed


class IssueRequest(Struct, forbid_unknown_fields=True):
    """TD-46, as parts of a form."""

    email: str
    issueCanalType: TicketCanalType
    issueMessage: str | None = None
    file: bytes | None = None


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
