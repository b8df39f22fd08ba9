"""TextioPro: the same calls under two bases, with a token among the parameters of one and a Bearer under the other."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, NamedTuple

from adapters.gateways.domain.parameters import LARGEST
from adapters.gateways.domain.sending import Sending
from adapters.gateways.operation import Asked, Face, Operation
from adapters.gateways.services import Services
from adapters.gateways.textiopro import shapes
from adapters.gateways.textiopro.access import HTTP, NAME, V3, Access
from adapters.gateways.textiopro.campaigns import CampaignCalls
from adapters.gateways.textiopro.contacts import ContactCalls
from adapters.gateways.textiopro.errors import refuse
from adapters.gateways.textiopro.groups import GroupCalls
from adapters.gateways.textiopro.messages import MessageCalls
from adapters.gateways.textiopro.profile import ProfileCalls
from adapters.gateways.textiopro.sends import SendCalls
from adapters.web.reply import Reply

_Method = Literal["GET", "POST", "PATCH", "DELETE"]
_TAKES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")


class _Call(NamedTuple):
    """One call under both bases; `http` and `v3` are its methods there, None where it is not."""

    http: _Method | None
    v3: _Method | None
    path: str
    summary: str
    handler: Callable[[Asked], Awaitable[Reply]]
    request: Any = shapes.Nothing
    answer: Any = shapes.Answer


def textiopro(services: Services) -> Face:
    """The whole API at a glance."""
    access = Access(services)
    sends = SendCalls(services, Sending(services.intake, services.book, services.clock))
    campaigns = CampaignCalls(services)
    messages = MessageCalls(services)
    groups = GroupCalls(services)
    contacts = ContactCalls(services)
    profile = ProfileCalls(services)
    group, contact = shapes.GroupRequest, shapes.ContactRequest
    one, all_of = "contacts/{group}", shapes.PageRequest
    calls = (
        _Call("POST", "POST", f"{one}/store", "Add a contact to a group", contacts.create, contact),
        _Call("POST", "POST", f"{one}/search/{{uid}}", "One contact", contacts.one),
        _Call("PATCH", "PATCH", f"{one}/update/{{uid}}", "Change a contact", contacts.update, contact),
        _Call("DELETE", "DELETE", f"{one}/delete/{{uid}}", "Delete a contact", contacts.delete),
        _Call("POST", "POST", f"{one}/all", "The contacts of a group", contacts.page, all_of),
        _Call(None, "POST", "contacts", "Make a group", groups.create, group),
        _Call(None, "GET", "contacts", "The groups", groups.page, all_of),
        _Call("POST", None, "contacts", "Make a group, or without a name list them", groups.create_or_list, group),
        _Call("POST", "POST", f"{one}/show", "One group", groups.show),
        _Call("PATCH", "PATCH", one, "Rename a group", groups.rename, group),
        _Call("DELETE", "DELETE", one, "Delete a group", groups.delete),
        _Call("POST", "POST", "sms/send", "Send a message", sends.send, shapes.SendRequest, shapes.Said),
        _Call("GET", None, "sms/send", "Send a message", sends.send, shapes.SendRequest, shapes.Said),
        _Call("POST", "POST", "sms/campaign", "Send to groups", campaigns.create, shapes.CampaignRequest),
        _Call("POST", "GET", "campaign/{uid}/view", "One campaign", campaigns.one),
        _Call("POST", "GET", "sms/{uid}", "One message, sent or received", messages.one),
        _Call("POST", "GET", "sms", "All messages", messages.page, all_of),
        _Call("POST", "GET", "balance", "What the account has", profile.balance),
        _Call("POST", "GET", "me", "Who the account is", profile.me),
    )
    bases = ((HTTP, [(call.http, call) for call in calls]), (V3, [(call.v3, call) for call in calls]))
    return Face(
        NAME,
        "TextioPro",
        (HTTP, V3),
        tuple(_operation(base, method, call) for base, listed in bases for method, call in listed if method),
        access.admit,
        refuse,
        failure=shapes.Error,
        security={
            "token": {"type": "http", "scheme": "bearer", "description": f"Under {V3}."},
            "parameter": {"type": "apiKey", "in": "query", "name": "api_token", "description": f"Under {HTTP}."},
        },
        description="Messages of six types, contacts in groups, campaigns.",
    )


def _operation(base: str, method: _Method, call: _Call) -> Operation:
    path = f"{base}/{call.path}"
    if method == "GET":
        return Operation(method, path, call.summary, call.handler, query=call.request, answer=call.answer)
    return Operation(
        method, path, call.summary, call.handler,
        largest=LARGEST, takes=_TAKES, request=call.request, answer=call.answer,
    )  # fmt: skip
