"""Every call there is. Handlers are reached by this table, and the OpenAPI document is written from it."""

import asyncio

from adapters.http.accounts import AccountCalls
from adapters.http.call import Call
from adapters.http.control import ControlCalls
from adapters.http.directory import DirectoryCalls
from adapters.http.events import EventCalls
from adapters.http.messages import MessageCalls
from adapters.http.oversight import OversightCalls
from adapters.http.preview import PreviewCalls
from adapters.http.probes import METRICS_MEDIA, ProbeCalls
from adapters.http.replay import ReplayCalls
from adapters.http.schema.answers import (
    AccountList,
    AuditList,
    ContactsView,
    EventList,
    Health,
    ListView,
    OperatorList,
    Replay,
    TemplateView,
    WalletView,
)
from adapters.http.schema.messages import (
    BatchAnswer,
    MessageDetail,
    MessageList,
    MessageStory,
    MessageView,
    SearchAnswer,
)
from adapters.http.schema.requests import (
    AuditQuery,
    BatchRequest,
    ContactsRequest,
    ConversionRequest,
    CoverageQuery,
    CreditRequest,
    EventsQuery,
    ListQuery,
    ListRequest,
    NumberRequest,
    OptedOutQuery,
    ReloadRequest,
    ReplayRequest,
    RouteRequest,
    SearchQuery,
    SegmentRequest,
    StreamQuery,
    TemplateRequest,
    WalletQuery,
)
from adapters.http.services import Services
from adapters.http.submit import SubmitCalls
from adapters.http.wallets import WalletCalls
from router.engine.control import OperatorView, PlanView, ReloadView
from router.engine.opt_outs import OptedOut, Subscription
from router.engine.wallets import Balance
from router.routing.coverage import Coverage
from router.routing.route import Decision
from router.submit import Submit
from router.text.view import SegmentationView

_INTAKE = ("idempotency_mismatch", "idempotency_in_progress", "rate_limited", "queue_full", "store_unavailable")
_CONTENT = (
    "invalid_number", "invalid_address", "unroutable", "sender_not_allowed", "too_long", "not_encodable",
    "price_too_high",
    "destination_not_allowed", "loop", "opted_out", "duplicate_message",
)  # fmt: skip


def calls_of(services: Services, max_body: int, stopping: asyncio.Event) -> tuple[Call, ...]:
    """The calls of the API, wired to the engine."""
    submit = SubmitCalls(services.intake, services.metrics, max_body)
    messages = MessageCalls(services.messages, max_body)
    events = EventCalls(services.feed, stopping)
    preview = PreviewCalls(services.preview, max_body)
    control = ControlCalls(services.control, services.audit, max_body)
    replay = ReplayCalls(services.replay)
    accounts = AccountCalls(services.accounts, services.opt_outs, max_body)
    oversight = OversightCalls(services.oversight, services.webhook_of)
    wallets = WalletCalls(services.wallets, max_body)
    directory = DirectoryCalls(services.directory, max_body)
    probes = ProbeCalls(services.ready, services.metrics_text)
    return (
        Call(
            "POST", "/v1/messages", "Submit one message", submit.one, "account",
            request=Submit, status=202, answer=MessageView, submits=True,
            codes=(*_CONTENT, "insufficient_credit", *_INTAKE), at_once=submit.one_at_once,
        ),
        Call(
            "POST", "/v1/batches", "Submit up to 1000 messages", submit.batch, "account",
            request=BatchRequest, status=202, answer=BatchAnswer, submits=True, codes=_INTAKE,
        ),
        Call(
            "GET", "/v1/messages", "List messages, newest first", messages.list, "account",
            query=ListQuery, answer=MessageList, codes=("store_unavailable",),
        ),
        Call(
            "GET", "/v1/messages/{id}", "One message with its parts and attempts", messages.one, "account",
            answer=MessageDetail, codes=("not_found", "store_unavailable"),
        ),
        Call(
            "DELETE", "/v1/messages/{id}", "Cancel what was not submitted yet", messages.cancel, "account",
            answer=MessageView, codes=("not_found", "too_late", "store_unavailable"),
        ),
        Call(
            "POST", "/v1/messages/{id}/conversion", "Report that the recipient acted on a message", messages.convert,
            "account", request=ConversionRequest, answer=MessageDetail,
            codes=("not_found", "not_submitted", "store_unavailable"),
        ),
        Call(
            "GET", "/v1/events", "Events of this account, by long poll", events.page, "account",
            query=EventsQuery, answer=EventList, codes=("store_unavailable",),
        ),
        Call(
            "GET", "/v1/events/stream", "Events as Server-Sent Events, resumed by Last-Event-ID", events.stream,
            "account", query=StreamQuery, media="text/event-stream", codes=("store_unavailable",),
        ),
        Call(
            "POST", "/v1/segment", "How a text would be cut into segments", preview.segment, "account", for_admin=True,
            request=SegmentRequest, answer=SegmentationView,
            codes=(
                "not_encodable", "too_long", "invalid_number", "invalid_address", "unroutable", "sender_not_allowed",
            ),
        ),
        Call(
            "POST", "/v1/route", "Which operator would carry a message, and why", preview.route, "account",
            for_admin=True,
            request=RouteRequest, answer=Decision,
            codes=(
                "invalid_number", "invalid_address", "unroutable", "sender_not_allowed", "destination_not_allowed",
                "loop",
            ),
        ),
        Call(
            "GET", "/v1/operators", "Links, binds, windows, queues and health", control.operators, "admin",
            answer=OperatorList,
        ),
        Call(
            "POST", "/v1/operators/{name}/pause", "Submit nothing more to an operator", control.pause, "admin",
            answer=OperatorView, codes=("not_found",), audit="operator.pause",
        ),
        Call(
            "POST", "/v1/operators/{name}/resume", "Submit to an operator again", control.resume, "admin",
            answer=OperatorView, codes=("not_found",), audit="operator.resume",
        ),
        Call(
            "POST", "/v1/operators/{name}/drain", "Finish what an operator has, give it nothing new", control.drain,
            "admin", answer=OperatorView, codes=("not_found",), audit="operator.drain",
        ),
        Call(
            "POST", "/v1/reload", "Load the files anew, all or nothing, or go back to a kept plan", control.reload,
            "admin", request=ReloadRequest, body_needed=False, answer=ReloadView,
            codes=("invalid_config", "not_found"), audit="plan.reload",
        ),
        Call("GET", "/v1/plan", "The running plan, and those to go back to", control.plan, "admin", answer=PlanView),
        Call(
            "GET", "/v1/admin/messages", "Search the messages of all accounts, newest first", oversight.search, "admin",
            query=SearchQuery, answer=SearchAnswer, codes=("store_unavailable",),
        ),
        Call(
            "GET", "/v1/admin/messages/{id}", "One message of any account, with its content and its timeline",
            oversight.one, "admin", answer=MessageStory, codes=("not_found", "store_unavailable"),
            audit="message.read",
        ),
        Call("GET", "/v1/accounts", "The accounts there are", accounts.list, "admin", answer=AccountList),
        Call(
            "GET", "/v1/accounts/{name}/opt-outs", "The numbers on an account's opt-out list, in their order",
            accounts.opted_out, "admin", query=OptedOutQuery, answer=OptedOut, codes=("not_found",),
        ),
        Call(
            "POST", "/v1/accounts/{name}/unsubscribe", "Put a number or an address on an account's opt-out list",
            accounts.unsubscribe, "admin", request=NumberRequest, answer=Subscription,
            codes=("not_found", "invalid_number", "invalid_address", "store_unavailable"), audit="account.unsubscribe",
        ),
        Call(
            "POST", "/v1/accounts/{name}/subscribe", "Take a number or an address off an account's opt-out list",
            accounts.subscribe, "admin", request=NumberRequest, answer=Subscription,
            codes=("not_found", "invalid_number", "invalid_address", "store_unavailable"), audit="account.subscribe",
        ),
        Call(
            "POST", "/v1/accounts/{name}/credit", "Pay into an account's wallet, or take out of it", wallets.credit,
            "admin", request=CreditRequest, answer=Balance, keyed=True,
            codes=("not_found", "wallet_off", "idempotency_mismatch", "store_unavailable"),
            audit="account.credit",
        ),
        Call(
            "GET", "/v1/accounts/{name}/wallet", "What an account has, and what made it so, newest first",
            wallets.wallet, "admin", query=WalletQuery, answer=WalletView,
            codes=("not_found", "wallet_off", "store_unavailable"),
        ),
        Call(
            "POST", "/v1/accounts/{name}/lists", "Make a list of contacts for an account", directory.make_list, "admin",
            request=ListRequest, answer=ListView, codes=("not_found", "number_taken", "store_unavailable"),
            audit="account.list",
        ),
        Call(
            "POST", "/v1/accounts/{name}/lists/{id}/contacts", "Put contacts into a list of an account",
            directory.fill_list, "admin", request=ContactsRequest, answer=ContactsView,
            codes=("not_found", "invalid_number", "store_unavailable"), audit="account.contacts",
        ),
        Call(
            "POST", "/v1/accounts/{name}/templates", "Make a template for an account", directory.make_template,
            "admin", request=TemplateRequest, answer=TemplateView,
            codes=("not_found", "number_taken", "store_unavailable"), audit="account.template",
        ),
        Call(
            "GET", "/v1/coverage", "Who reaches a country, which of its networks, at what price", preview.coverage,
            "admin", query=CoverageQuery, answer=Coverage,
        ),
        Call(
            "POST", "/v1/events/replay", "Send the own webhook what waits, or all since an event again", replay.own,
            "account", request=ReplayRequest, answer=Replay, codes=("not_found",), audit="webhook.replay",
        ),
        Call(
            "POST", "/v1/accounts/{name}/replay", "Send a webhook what waits, or all since an event again",
            replay.of_account, "admin", request=ReplayRequest, answer=Replay, codes=("not_found",),
            audit="webhook.replay",
        ),
        Call(
            "GET", "/v1/audit", "Who has steered what: every control action", control.audit, "admin",
            query=AuditQuery, answer=AuditList, codes=("store_unavailable",),
        ),
        Call("GET", "/healthz", "The daemon is alive", probes.alive, "none", answer=Health),
        Call("GET", "/readyz", "The daemon takes work", probes.ready, "none", answer=Health, codes=("not_ready",)),
        Call("GET", "/metrics", "Metrics for Prometheus", probes.metrics, "none", media=METRICS_MEDIA),
    )  # fmt: skip
