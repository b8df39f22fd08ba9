"""smsapi: a password at /v1, API keys at /api/v2 that the account makes itself; parameters in query, form or JSON."""

from adapters.gateways.domain.issued import IssuedKeys
from adapters.gateways.domain.parameters import LARGEST
from adapters.gateways.domain.sending import Sending
from adapters.gateways.operation import Face, Operation
from adapters.gateways.services import Services
from adapters.gateways.smsapi import shapes
from adapters.gateways.smsapi.access import NAME, Access
from adapters.gateways.smsapi.errors import refuse
from adapters.gateways.smsapi.keys import KeyCalls
from adapters.gateways.smsapi.messages import MessageCalls
from adapters.gateways.smsapi.pages import Pages

_V2 = "/api/v2"
_TAKES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
_KEYS = ("/api/generate-key", "/api/revoke-key", "/api/regenerate-key")


def smsapi(services: Services) -> Face:
    """The whole API at a glance."""
    issued = IssuedKeys(services.book, services.clock)
    access = Access(services, issued)
    messages = MessageCalls(services, Sending(services.intake, services.book, services.clock))
    keys = KeyCalls(issued)
    pages = Pages(lambda: face)
    face = Face(
        NAME,
        "smsapi",
        ("/v1", _V2, "/api/oauth2-callback", *_KEYS),
        (
            Operation(
                "POST", "/v1/sms/send", "Send a message, with username and password", messages.send_v1,
                largest=LARGEST, takes=_TAKES, request=shapes.SendV1, answer=shapes.SendAnswer,
            ),
            Operation(
                "GET", "/v1/sms/send", "Send a message, with username and password", messages.send_v1,
                largest=LARGEST, query=shapes.SendV1, answer=shapes.SendAnswer,
            ),
            Operation("GET", _V2, "This description", pages.description, open=True),
            Operation("GET", "/api/oauth2-callback", "Where a sign-in comes back to", pages.callback, open=True),
            Operation(
                "GET", f"{_V2}/sms/send", "Send a message, with an API key", messages.send_v2,
                largest=LARGEST, query=shapes.SendV2, answer=shapes.SendAnswer,
            ),
            Operation(
                "POST", f"{_V2}/sms/send", "Send a message, with an API key", messages.send_v2,
                largest=LARGEST, takes=_TAKES, request=shapes.SendV2, answer=shapes.SendAnswer,
            ),
            Operation(
                "GET", f"{_V2}/account/balance", "What the account has", messages.balance,
                largest=LARGEST, query=shapes.ApiKey, answer=shapes.BalanceAnswer,
            ),
            Operation(
                "POST", "/api/generate-key", "Make an API key, where there is none", keys.generate,
                largest=LARGEST, takes=_TAKES, request=shapes.KeyWanted, answer=shapes.KeyAnswer,
            ),
            Operation(
                "POST", "/api/revoke-key", "End the API key", keys.revoke,
                largest=LARGEST, takes=_TAKES, request=shapes.Credentials, answer=shapes.Done,
            ),
            Operation(
                "POST", "/api/regenerate-key", "Make an API key in place of the one there is", keys.regenerate,
                largest=LARGEST, takes=_TAKES, request=shapes.KeyWanted, answer=shapes.KeyAnswer,
            ),
        ),
        access.admit,
        refuse,
        failure=shapes.Error,
        security={
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "parameter": {"type": "apiKey", "in": "query", "name": "api_key"},
            "password": {"type": "http", "scheme": "basic"},
        },
        description="Messages by user name and password, or by an API key that the account makes for itself.",
        headers=access.headers,
    )  # fmt: skip
    return face
