"""Texify: X-API-Key with scopes, JSON, everything under /api/v1."""

from collections.abc import Iterator
from functools import partial

from adapters.gateways.domain.keys import Caller, Key, Keys, end_of, hashed
from adapters.gateways.domain.sending import Sending
from adapters.gateways.operation import Asked, Face, Operation
from adapters.gateways.services import Services
from adapters.gateways.texify import shapes
from adapters.gateways.texify.balance import BalanceCalls
from adapters.gateways.texify.contacts import ContactCalls
from adapters.gateways.texify.errors import Error, refuse
from adapters.gateways.texify.messages import NAME, MessageCalls
from adapters.gateways.texify.scheduled import ScheduledCalls
from adapters.gateways.texify.templates import TemplateCalls
from router.account import Account
from router.refusal import Refusal

_BASE = "/api/v1"


def texify(services: Services) -> Face:
    """The whole API at a glance."""
    keys = Keys(NAME, _keys_of, services.running, services.clock)
    sending = Sending(services.intake, services.book, services.clock)
    messages = MessageCalls(services, sending)
    balance = BalanceCalls(services)
    contacts = ContactCalls(services)
    templates = TemplateCalls(services)
    scheduled = ScheduledCalls(services, sending)
    return Face(
        NAME,
        "Texify",
        (_BASE,),
        (
            Operation(
                "POST", f"{_BASE}/messages/send", "Send a message", messages.send, ("send_sms",),
                request=shapes.SendRequest, answer=shapes.SendAnswer,
            ),
            Operation(
                "GET", f"{_BASE}/messages", "Messages, newest first", messages.page, ("read_messages",),
                query=shapes.MessagesQuery, answer=shapes.MessagesAnswer,
            ),
            Operation(
                "GET", f"{_BASE}/messages/{{id}}", "One message with its recipients", messages.one,
                ("read_messages", "read_delivery"), answer=shapes.MessageAnswer,
            ),
            Operation(
                "GET", f"{_BASE}/balance", "Credits and what they cost", balance.show, ("read_balance",),
                answer=shapes.BalanceAnswer,
            ),
            Operation(
                "POST", f"{_BASE}/contacts", "Create a contact", contacts.create, ("manage_contacts",),
                request=shapes.ContactRequest, answer=shapes.ContactAnswer,
            ),
            Operation(
                "GET", f"{_BASE}/contacts", "Contacts, newest first", contacts.page, ("read_contacts",),
                query=shapes.ContactsQuery, answer=shapes.ContactsAnswer,
            ),
            Operation(
                "POST", f"{_BASE}/groups", "Create a group", contacts.create_group, ("manage_contacts",),
                request=shapes.GroupRequest, answer=shapes.GroupAnswer,
            ),
            Operation(
                "GET", f"{_BASE}/groups", "Groups, newest first", contacts.groups, ("read_contacts",),
                query=shapes.PageQuery, answer=shapes.GroupsAnswer,
            ),
            Operation(
                "POST", f"{_BASE}/templates", "Create a template", templates.create, ("use_templates",),
                request=shapes.TemplateRequest, answer=shapes.NewTemplateAnswer,
            ),
            Operation(
                "GET", f"{_BASE}/templates", "Templates, newest first", templates.page, ("use_templates",),
                query=shapes.PageQuery, answer=shapes.TemplatesAnswer,
            ),
            Operation(
                "POST", f"{_BASE}/templates/preview", "Fill in a text", templates.preview, ("use_templates",),
                request=shapes.PreviewRequest, answer=shapes.PreviewAnswer,
            ),
            Operation(
                "GET", f"{_BASE}/templates/{{id}}", "One template", templates.one, ("use_templates",),
                answer=shapes.TemplateAnswer,
            ),
            Operation(
                "POST", f"{_BASE}/templates/{{id}}/render", "Fill in a template", templates.render,
                ("use_templates",), request=shapes.RenderRequest, answer=shapes.RenderAnswer,
            ),
            Operation(
                "POST", f"{_BASE}/scheduled", "Schedule a message", scheduled.create, ("create_scheduled",),
                request=shapes.ScheduledRequest, answer=shapes.NewScheduledAnswer,
            ),
            Operation(
                "GET", f"{_BASE}/scheduled", "Scheduled messages, newest first", scheduled.page,
                ("read_scheduled",), query=shapes.ScheduledQuery, answer=shapes.ScheduledListAnswer,
            ),
            Operation(
                "GET", f"{_BASE}/scheduled/{{id}}", "One scheduled message", scheduled.one, ("read_scheduled",),
                answer=shapes.ScheduledAnswer,
            ),
            Operation(
                "PATCH", f"{_BASE}/scheduled/{{id}}", "Change a message that is pending", scheduled.change,
                ("create_scheduled",), request=shapes.ScheduledChange, answer=shapes.Done,
            ),
            Operation(
                "POST", f"{_BASE}/scheduled/{{id}}/cancel", "Cancel a message that is pending", scheduled.cancel,
                ("create_scheduled",), answer=shapes.Done,
            ),
        ),
        partial(_admit, keys),
        refuse,
        failure=Error,
        security={"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
        description="Messages, contacts, groups, templates and scheduled messages; each key has its scopes.",
    )  # fmt: skip


def _keys_of(account: Account) -> Iterator[tuple[str, Key]]:
    settings = account.gateways.get(NAME, {})
    for one in settings.get("keys", ()):
        expires = None if one.expires is None else end_of(one.expires)
        yield one.key, Key(account.name, hashed(one.key), frozenset(one.scopes), expires, settings.get("rate"))


def _admit(keys: Keys, asked: Asked, operation: Operation) -> Caller:
    key = asked.raw.headers.get("X-API-Key")
    if not key:
        raise Refusal("no_credentials", "the header X-API-Key is missing")
    caller = keys.by_token(key, asked.address)
    if caller.scopes is not None and not caller.scopes.intersection(operation.scopes):
        raise Refusal("missing_scope", f"this key lacks the scope {' or '.join(operation.scopes)}")
    return caller
