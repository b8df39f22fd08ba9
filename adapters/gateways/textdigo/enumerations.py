"""TextDigo's words for what there are only some of; those that the document names but does not list are TD-39."""

from typing import Literal

SmsType = Literal["TRANSACTIONAL", "MARKETING"]
MessageType = Literal["sms", "email", "whatsapp"]
Status = Literal["SENT", "DELIVERED", "UNDELIVERED", "FAILED"]
CampaignSpecType = Literal["SMS", "EMAIL", "WHATSAPP"]
CanalType = Literal["SMS", "EMAIL", "WHATSAPP", "VOICE"]
TicketCanalType = Literal["SMS", "WHATSAPP", "EMAIL"]
CampaignProfileType = Literal["MANUAL", "FILE", "API", "CUSTOMERS"]
CampaignFrequency = Literal["ONCE", "DAILY", "WEEKLY", "MONTHLY"]
