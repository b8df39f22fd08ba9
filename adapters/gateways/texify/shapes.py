"""Texify's requests and answers, field by field."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

MOST_ITEMS = 1200
"""On one page of a list; who asks for more gets this."""

Value = str | int | float
Coding = Literal["GSM-7", "UCS-2"]
Reached = Literal["pending", "sent", "delivered", "failed"]
Field = str | int | float | bool | None
SenderId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9]{1,11}(?![\s\S])", description="Alphanumeric, at most 11 characters.")
]
Text = Annotated[str, Meta(min_length=1)]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
Page = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Limit = Annotated[int, Meta(ge=1, description=f"More than {MOST_ITEMS} is taken as {MOST_ITEMS}.")]


class Done(Struct):
    """What has nothing else to tell."""

    status: str
    message: str


# --- messages ------------------------------------------------------------------------------------------------


class SendRequest(Struct):
    """TX-9."""

    recipients: Annotated[
        list[str], Meta(min_length=1, max_length=1000, description="Phone numbers, contact ids and group ids.")
    ]
    message: Annotated[Text, Meta(description="Either this or `templateId`.")] | None = None
    templateId: str | None = None
    variables: Annotated[dict[str, Value], Meta(description="What fills the template's {{placeholders}}.")] | None = (
        None
    )
    senderId: SenderId | None = None


class Segmentation(Struct):
    encoding: Coding
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


class RecipientView(Struct):
    phoneNumber: str
    status: Reached
    deliveredAt: str | None
    creditsUsed: int
    failureReason: str | UnsetType = UNSET


class MessageData(Struct):
    _id: str
    message: str
    senderId: str | None
    encoding: Coding
    recipientCount: int
    totalCreditsUsed: int
    status: Literal["pending", "sent", "failed"]
    recipients: list[RecipientView]
    createdAt: str


class MessageAnswer(Struct):
    """TX-15."""

    status: str
    data: MessageData


class MessagesQuery(Struct):
    """TX-16."""

    page: Page = 1
    limit: Limit = 20
    status: Literal["pending", "sent", "failed"] | None = None
    dateFrom: Annotated[str, Meta(description="A day, or an RFC 3339 time.")] | None = None
    dateTo: Annotated[str, Meta(description="A day, or an RFC 3339 time.")] | None = None


class MessageItem(Struct):
    _id: str
    message: str
    recipientCount: int
    totalCreditsUsed: int
    status: Literal["pending", "sent", "failed"]
    createdAt: str


class Paging(Struct):
    page: int
    limit: int
    total: int
    pages: int


class MessagesAnswer(Struct):
    status: str
    data: list[MessageItem]
    meta: Paging


# --- balance -------------------------------------------------------------------------------------------------


class AutoTopUp(Struct):
    enabled: bool
    threshold: int
    amount: int


class Tier(Struct):
    id: str
    name: str
    credits: int
    price: int | float


class BalanceData(Struct):
    credits: int
    lowBalanceThreshold: int
    autoTopUp: AutoTopUp
    pricingTiers: list[Tier]


class BalanceAnswer(Struct):
    """TX-18."""

    status: str
    data: BalanceData


# --- contacts and groups -------------------------------------------------------------------------------------


class ContactRequest(Struct):
    """TX-19."""

    phoneNumber: Annotated[str, Meta(max_length=40)]
    firstName: Annotated[str, Meta(max_length=255)] | None = None
    lastName: Annotated[str, Meta(max_length=255)] | None = None
    email: Annotated[str, Meta(max_length=320)] | None = None
    tags: list[Annotated[str, Meta(max_length=255)]] | None = None
    groups: Annotated[list[str], Meta(description="Group ids.")] | None = None
    customFields: Annotated[dict[str, Field], Meta(description="What fills placeholders for this contact.")] | None = (
        None
    )


class ContactData(Struct):
    _id: str
    phoneNumber: str | None
    firstName: str | None
    lastName: str | None
    fullName: str
    email: str | None
    tags: list[str]
    groups: list[str]
    customFields: dict[str, Field]
    status: Literal["active", "inactive", "unsubscribed"]
    createdAt: str


class ContactAnswer(Struct):
    status: str
    message: str
    data: ContactData


class ContactsQuery(Struct):
    """TX-20."""

    page: Page = 1
    limit: Limit = 50
    status: Literal["active", "inactive", "unsubscribed"] | None = None
    search: Annotated[str, Meta(description="In names, numbers and email addresses, in any case.")] | None = None
    tags: Annotated[str, Meta(description="Any of these, with commas between them.")] | None = None
    groups: Annotated[str, Meta(description="In any of these group ids, with commas between them.")] | None = None


class ContactsData(Struct):
    pagination: Paging
    contacts: list[ContactData]


class ContactsAnswer(Struct):
    status: str
    data: ContactsData


class GroupRequest(Struct):
    """TX-21."""

    name: Name
    description: str | None = None


class GroupData(Struct):
    _id: str
    name: str
    description: str | None
    createdAt: str


class GroupAnswer(Struct):
    status: str
    message: str
    data: GroupData


class PageQuery(Struct):
    """TX-22, TX-24."""

    page: Page = 1
    limit: Limit = 50


class GroupsData(Struct):
    pagination: Paging
    groups: list[GroupData]


class GroupsAnswer(Struct):
    status: str
    data: GroupsData


# --- templates -----------------------------------------------------------------------------------------------


class TemplateRequest(Struct):
    """TX-23."""

    name: Name
    message: Text
    description: str | None = None


class TemplateData(Struct):
    _id: str
    name: str
    message: str
    description: str | None
    variables: list[str]
    createdAt: str


class TemplateAnswer(Struct):
    status: str
    data: TemplateData


class NewTemplateAnswer(Struct):
    status: str
    message: str
    data: TemplateData


class TemplatesData(Struct):
    pagination: Paging
    templates: list[TemplateData]


class TemplatesAnswer(Struct):
    """TX-24."""

    status: str
    data: TemplatesData


class PreviewRequest(Struct):
    """TX-26."""

    message: Text
    variables: dict[str, Value] | None = None


class PreviewData(Struct):
    originalMessage: str
    renderedMessage: str
    variables: list[str]
    providedVariables: list[str]
    missingVariables: list[str]
    isComplete: bool


class PreviewAnswer(Struct):
    status: str
    data: PreviewData


class RenderRequest(Struct):
    """TX-27."""

    variables: dict[str, Value] | None = None


class RenderData(Struct):
    templateId: str
    templateName: str
    originalMessage: str
    renderedMessage: str
    variables: list[str]
    providedVariables: dict[str, Value]


class RenderAnswer(Struct):
    status: str
    data: RenderData


# --- scheduled messages --------------------------------------------------------------------------------------

Ids = Annotated[list[str], Meta(max_length=10_000)]
RecipientType = Literal["phones", "contacts", "groups"]
ScheduledStatus = Literal["pending", "processing", "sent", "cancelled", "failed"]


class ScheduledRequest(Struct):
    """TX-29; of the lists that one counts which `recipientType` names."""

    recipientType: RecipientType
    scheduledFor: Annotated[str, Meta(description="An RFC 3339 time, in the future.")]
    message: Annotated[Text, Meta(description="Either this or `templateId`.")] | None = None
    templateId: str | None = None
    variables: Annotated[dict[str, Value], Meta(description="What fills the {{placeholders}}.")] | None = None
    senderId: SenderId | None = None
    phones: Ids | None = None
    contacts: Ids | None = None
    contactIds: Ids | None = None
    groups: Ids | None = None
    groupIds: Ids | None = None


class ScheduledData(Struct):
    _id: str
    message: str
    senderId: str | None
    recipientType: RecipientType
    scheduledFor: str
    status: ScheduledStatus
    estimatedRecipients: int
    estimatedCredits: int
    createdAt: str
    failureReason: str | UnsetType = UNSET


class Estimates(Struct):
    recipients: int
    segments: int
    credits: int
    encoding: Coding


class NewScheduledData(Struct):
    scheduledMessage: ScheduledData
    estimates: Estimates
    invalidPhones: list[str]


class NewScheduledAnswer(Struct):
    status: str
    message: str
    data: NewScheduledData


class ScheduledQuery(Struct):
    """TX-30."""

    page: Page = 1
    limit: Limit = 20
    status: ScheduledStatus | None = None


class ScheduledListAnswer(Struct):
    status: str
    data: list[ScheduledData]
    meta: Paging


class ScheduledAnswer(Struct):
    """TX-31."""

    status: str
    data: ScheduledData


class ScheduledChange(Struct):
    """TX-32; what is absent stays as it is."""

    message: Text | None = None
    scheduledFor: Annotated[str, Meta(description="An RFC 3339 time, in the future.")] | None = None
    senderId: SenderId | None = None
