"""Texify's requests and answers, field by field."""

from typing import Any

from msgspec import Struct


class SendRequest(Struct):
    """TX-9."""

    recipients: list[str]
    message: str | None = None
    templateId: str | None = None
    variables: dict[str, str | int | float] = {}
    senderId: str | None = None


class Segmentation(Struct):
    encoding: str
    segments: int
    charCount: int


class SendResult(Struct):
    messageId: str
    recipientCount: int
    invalidPhones: list[str]
    creditsUsed: int
    segmentation: Segmentation


class SendData(Struct):
    batches: int
    totalRecipientCount: int
    totalCreditsUsed: int
    results: list[SendResult]


class SendAnswer(Struct):
    """TX-12."""

    status: str
    message: str
    data: SendData


class RecipientView(Struct, omit_defaults=True):
    phoneNumber: str
    status: str
    deliveredAt: str | None
    creditsUsed: int
    failureReason: str | None = None


class MessageData(Struct):
    _id: str
    message: str
    senderId: str | None
    encoding: str
    recipientCount: int
    totalCreditsUsed: int
    status: str
    recipients: list[RecipientView]
    createdAt: str


class MessageAnswer(Struct):
    """TX-15."""

    status: str
    data: MessageData


Variables = dict[str, Any]
