"""Events to the accounts' own servers: signed, in order, at least once."""

from adapters.webhook.delivery import EventSource
from adapters.webhook.schedule import Schedule
from adapters.webhook.sender import WebhookSender

__all__ = ["EventSource", "Schedule", "WebhookSender"]
