"""Texify: X-API-Key with scopes, JSON, everything under /api/v1."""

from collections.abc import Iterator
from functools import partial

from adapters.gateways.domain.keys import Caller, Key, Keys, end_of, hashed
from adapters.gateways.domain.sending import Sending
from adapters.gateways.operation import Asked, Face, Operation
from adapters.gateways.services import Services
from adapters.gateways.texify import shapes
from adapters.gateways.texify.errors import Error, refuse
from adapters.gateways.texify.messages import MessageCalls
from router.account import Account
from router.refusal import Refusal

NAME = "texify"
_BASE = "/api/v1"


def texify(services: Services) -> Face:
    """The whole API at a glance."""
    keys = Keys(NAME, _keys_of, services.running, services.clock)
    messages = MessageCalls(services, Sending(services.intake, services.book, services.clock))
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
                "GET", f"{_BASE}/messages/{{id}}", "One message with its recipients", messages.one,
                ("read_messages", "read_delivery"), answer=shapes.MessageAnswer,
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
