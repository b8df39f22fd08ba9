"""FullSMS: Bearer, JSON, no prefix: /account, /messages/send and /otp."""

from collections.abc import Iterator
from functools import partial

from adapters.gateways.domain.codes import Codes
from adapters.gateways.domain.keys import Caller, Key, Keys, hashed
from adapters.gateways.domain.sending import Sending
from adapters.gateways.fullsms import shapes
from adapters.gateways.fullsms.account import AccountCalls
from adapters.gateways.fullsms.codes import CodeCalls
from adapters.gateways.fullsms.errors import refuse
from adapters.gateways.fullsms.messages import NAME, MessageCalls
from adapters.gateways.operation import Asked, Face, Operation
from adapters.gateways.services import Services
from router.account import Account
from router.refusal import Refusal

_ACCOUNT = "/account"
_SEND = "/messages/send"
_OTP = "/otp"


def fullsms(services: Services) -> Face:
    """The whole API at a glance."""
    keys = Keys(NAME, _keys_of, services.running, services.clock)
    sending = Sending(services.intake, services.book, services.clock)
    account = AccountCalls(services)
    messages = MessageCalls(services, sending)
    codes = CodeCalls(services, Codes(services.book, sending, services.clock))
    return Face(
        NAME,
        "FullSMS",
        (_ACCOUNT, "/messages", _OTP),
        (
            Operation("GET", f"{_ACCOUNT}/balance", "What the account has", account.balance, answer=shapes.Balance),
            Operation(
                "GET", f"{_ACCOUNT}/numbers", "Numbers that it may send from", account.numbers, answer=shapes.Numbers
            ),
            Operation("GET", f"{_ACCOUNT}/lists", "Lists of contacts", account.lists, answer=shapes.Lists),
            Operation(
                "GET", f"{_ACCOUNT}/senderids", "Approved sender ids", account.sender_ids, answer=shapes.SenderIds
            ),
            Operation("GET", f"{_ACCOUNT}/templates", "Templates", account.templates, answer=shapes.Templates),
            Operation(
                "POST", f"{_SEND}/to_lists", "Send to the subscribed contacts of lists", messages.to_lists,
                request=shapes.ToLists, answer=shapes.Approved,
            ),
            Operation(
                "POST", f"{_SEND}/to_numbers", "Send to up to 500 numbers", messages.to_numbers,
                request=shapes.ToNumbers, answer=shapes.ApprovedNumbers,
            ),
            Operation(
                "POST", f"{_OTP}/create", "Make and send a one-time code", codes.create,
                request=shapes.NewCode, answer=shapes.CodeMade,
            ),
            Operation(
                "POST", f"{_OTP}/verify", "Verify a code", codes.verify,
                request=shapes.TryCode, answer=shapes.CodeApproved,
            ),
            Operation(
                "POST", f"{_OTP}/cancel", "Call a code off", codes.cancel,
                request=shapes.CancelCode, answer=list[str],
            ),
            Operation(
                "GET", f"{_OTP}/search", "What became of a code", codes.search,
                query=shapes.CodeQuery, answer=shapes.CodeView,
            ),
        ),
        partial(_admit, keys),
        refuse,
        failure=shapes.Error,
        security={"token": {"type": "http", "scheme": "bearer"}},
        description="Messages to numbers and to lists, and one-time passwords.",
    )  # fmt: skip


def _keys_of(account: Account) -> Iterator[tuple[str, Key]]:
    settings = account.gateways.get(NAME)
    if settings is not None:
        yield settings["token"], Key(account.name, hashed(settings["token"]), rate=settings.get("rate"))


def _admit(keys: Keys, asked: Asked, operation: Operation) -> Caller:
    scheme, _, token = asked.raw.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Refusal("no_credentials", "the header Authorization: Bearer is missing")
    return keys.by_token(token, asked.address)
