"""TextDigo: HTTP Basic, JSON, everything under /api/v0."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from functools import partial

from adapters.gateways.domain.codes import Codes
from adapters.gateways.domain.keys import Caller, Key, Keys, hashed
from adapters.gateways.domain.sending import Sending
from adapters.gateways.operation import Asked, Face, Operation
from adapters.gateways.services import Services
from adapters.gateways.textdigo import answers, requests
from adapters.gateways.textdigo.account import AccountCalls
from adapters.gateways.textdigo.campaigns import CampaignCalls
from adapters.gateways.textdigo.codes import CodeCalls
from adapters.gateways.textdigo.errors import Error, refuse
from adapters.gateways.textdigo.messages import MessageCalls
from adapters.gateways.textdigo.resources import ResourceCalls
from adapters.gateways.textdigo.sends import SendCalls
from adapters.gateways.textdigo.templates import Templates
from adapters.gateways.textdigo.tickets import TicketCalls
from router.account import Account
from router.refusal import Refusal

NAME = "textdigo"
_BASE = "/api/v0"
_IMPORT = 16 * 1024 * 1024
"""Octets of ten thousand contacts with their parameters."""


def textdigo(services: Services) -> Face:
    """The whole API at a glance."""
    keys = Keys(NAME, _keys_of, services.running, services.clock)
    sending = Sending(services.intake, services.book, services.clock)
    sends = SendCalls(services, sending, Templates(services.book))
    messages = MessageCalls(services)
    account = AccountCalls(services)
    resources = ResourceCalls(services)
    tickets = TicketCalls(services)
    campaigns = CampaignCalls(services)
    codes = CodeCalls(services, Codes(services.book, sending, services.clock), sends)

    def post(path: str, summary: str, handler: object, request: object, answer: object, **more: object) -> Operation:
        return Operation("POST", f"{_BASE}{path}", summary, handler, request=request, answer=answer, **more)  # type: ignore[arg-type]

    def get(path: str, summary: str, handler: object, answer: object, query: object = None) -> Operation:
        return Operation("GET", f"{_BASE}{path}", summary, handler, answer=answer, query=query)  # type: ignore[arg-type]

    r, a = requests, answers
    return Face(
        NAME,
        "TextDigo",
        (_BASE,),
        (
            post("/sms/message", "Send an SMS", sends.sms, r.SmsRequest, a.Sent),
            post("/email/message", "Send an email", sends.email, r.EmailRequest, a.Sent),
            post("/email/template/message", "Send an email by a template", sends.email_template,
                 r.EmailTemplateRequest, a.Sent),
            post("/whatsapp-business/message", "Send a WhatsApp message", sends.whatsapp, r.WhatsappRequest, a.Sent),
            post("/whatsapp-business/template/message", "Send a WhatsApp message by a template",
                 sends.whatsapp_template, r.WhatsappTemplateRequest, a.Sent),
            post("/api-campaign/send-sms", "Send an SMS to many", sends.bulk, r.BulkRequest, a.BulkAnswer),
            get("/api-campaign/send-sms", "Send an SMS to many, by query", sends.bulk_by_query, a.BulkAnswer,
                r.BulkQuery),
            get("/message/{channel}/status/{msgId}", "What became of a message", messages.status, a.StatusAnswer),
            get("/message/sms/{msgId}", "All about an SMS", messages.details, a.SmsDetails),
            get("/integration/usage", "What was sent this month", account.usage, a.UsageAnswer),
            get("/integration/wallet", "The wallet and its last transactions", account.wallet, a.WalletAnswer),
            get("/integration/canals", "The channels", account.canals, a.CanalsAnswer, r.CanalsQuery),
            post("/integration/campaigns", "Launch a campaign", campaigns.launch, r.CampaignRequest, a.CampaignAnswer,
                 status=201),
            post("/integration/campaign-specs", "Make a template", resources.make_spec, r.SpecRequest, a.SpecAnswer,
                 status=201),
            post("/integration/campaign-profiles", "Make a contact list", resources.make_profile, r.ProfileRequest,
                 a.ProfileAnswer, status=201),
            post("/integration/campaign-profiles/{id}/contacts/import", "Put contacts into a list",
                 resources.fill_profile, r.ImportRequest, a.ImportAnswer, largest=_IMPORT),
            post("/integration/tickets", "Open a ticket", tickets.open, r.TicketRequest, a.TicketAnswer, status=201),
            post("/integration/customers", "Make a contact", resources.make_customer, r.CustomerRequest,
                 a.CustomerAnswer, status=201),
            post("/integration/groups", "Make a contact group", resources.make_group, r.GroupRequest, a.GroupAnswer,
                 status=201),
            post("/otp/sms", "Send a code by SMS", codes.by_sms, r.SmsCodeRequest, a.Sent),
            post("/otp/whatsapp", "Send a code by WhatsApp", codes.by_whatsapp, r.NumberCodeRequest, a.Sent),
            post("/whatsapp-business/otp/message", "Send a code from a WhatsApp number", codes.by_whatsapp_from,
                 r.WhatsappCodeRequest, a.Sent),
            post("/otp/email", "Send a code by email", codes.by_email, r.EmailCodeRequest, a.Sent),
            post("/otp/sms/verify", "Verify a code sent by SMS", codes.verify_sms, r.NumberVerifyRequest,
                 a.VerifyAnswer),
            post("/otp/whatsapp/verify", "Verify a code sent by WhatsApp", codes.verify_whatsapp,
                 r.NumberVerifyRequest, a.VerifyAnswer),
            post("/otp/email/verify", "Verify a code sent by email", codes.verify_email, r.EmailVerifyRequest,
                 a.VerifyAnswer),
            post("/issue", "Open a ticket, with a file", tickets.issue, r.IssueRequest, a.IssueAnswer, status=201,
                 takes=("multipart/form-data",), streamed=True),
        ),
        partial(_admit, keys),
        partial(refuse, services.clock),
        failure=Error,
        security={"login": {"type": "http", "scheme": "basic"}},
        description="SMS, email and WhatsApp, one-time passwords, campaigns, tickets.",
    )  # fmt: skip


def _keys_of(account: Account) -> Iterator[tuple[str, Key]]:
    settings = account.gateways.get(NAME)
    if settings is not None:
        yield settings["login"], Key(account.name, hashed(settings["key"]), rate=settings.get("rate"))


def _admit(keys: Keys, asked: Asked, operation: Operation) -> Caller:
    """TD-3 to TD-6."""
    scheme, _, token = asked.raw.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "basic" or not token.strip():
        raise Refusal("no_credentials", "the header Authorization with Basic credentials is missing")
    try:
        login, _, key = b64decode(token.strip(), validate=True).decode().partition(":")
    except (NotBase64, ValueError):
        login = key = ""
    return keys.by_pair(login, key, asked.address)
