"""The internal API as one handler: find the call, let in who may, answer every error as a problem."""

import asyncio
from collections.abc import Callable
from functools import partial
from time import monotonic

import structlog
from aiohttp.web import BaseRequest, StreamResponse

from adapters.http.authority import Authority, bearer
from adapters.http.call import AtOnce, Call
from adapters.http.callbacks import callback_calls
from adapters.http.console import console_calls
from adapters.http.documentation import documentation_calls
from adapters.http.problem import full, invalid_config, malformed, refused
from adapters.http.quota import quota_headers
from adapters.http.services import Services
from adapters.http.sessions import Sessions
from adapters.http.table import calls_of
from adapters.web.connections import Answers
from adapters.web.heads import Direct
from adapters.web.incoming import Incoming, encoded
from adapters.web.reply import Reply
from adapters.web.room import Room
from adapters.web.routes import Routes
from adapters.web.server import HttpServer
from router.account import Account
from router.engine.trouble import described
from router.ports.store import StoreUnavailable
from router.refusal import InvalidConfig, Refusal
from router.settings import HttpSettings

_log = structlog.get_logger(__name__)

ANSWERS = Answers(malformed, full)


class App:
    """Answers requests; `stop` ends the answers that wait for events."""

    def __init__(self, services: Services, settings: HttpSettings) -> None:
        self._stopping = asyncio.Event()
        self._room = Room(settings.max_body)
        sessions = Sessions(services.admin_key)
        self._authority = Authority(services, sessions)
        calls = calls_of(services, settings.max_body, self._stopping)
        self.calls = (
            *calls,
            *documentation_calls(calls),
            *callback_calls(services, settings.max_body),
            *console_calls(services, sessions, self._authority, settings.tls is not None, self._stopping),
        )
        self._routes = Routes(self.calls)
        self._metrics = services.metrics
        self._intake = services.intake
        self._audit = services.audit

    def stop(self) -> None:
        self._stopping.set()

    async def __call__(self, request: BaseRequest) -> StreamResponse:
        started = monotonic()
        call = account = incoming = None
        try:
            call, params = self._routes.find(request)
            incoming = Incoming(request, started, params, self._room)
            if call.auth == "account":
                find = self._authority.account_or_named if call.for_admin else self._authority.account
                account = incoming.account = find(request)
            elif call.auth == "admin":
                self._authority.check_admin(request)
            if call.query is None and call.auth != "none" and "?" in request.raw_path:
                raise Refusal("invalid_request", "this call takes no query parameters")
            if call.audit is not None:
                return await self._on_record(call, call.audit, incoming, account)
            return await call.handler(incoming)
        except ConnectionError:
            raise
        except Exception as error:
            return self._failed(call, account, error)
        finally:
            if incoming is not None:
                incoming.done()

    def direct(self, request: BaseRequest) -> Direct | None:
        """How requests with the head of this one are answered without a task each, where they can be."""
        try:
            call, _ = self._routes.find(request)
            token = bearer(request)
        except Refusal:
            return None
        headers = request.headers
        if call.at_once is None or "?" in request.raw_path or "Idempotency-Key" in headers or encoded(request):
            return None
        return partial(self._at_once, call, call.at_once, token)

    def _at_once(self, call: Call, answer: AtOnce, token: str, body: bytes, told: Callable[[Reply], None]) -> bool:
        started = monotonic()
        account = None
        try:
            account = self._authority.of_token(token)
            return answer(account, body, started, partial(self._told, call, account, told))
        except Exception as error:
            told(self._failed(call, account, error))
            return True

    def _told(self, call: Call, account: Account, told: Callable[[Reply], None], answer: Reply | Refusal) -> None:
        told(answer if isinstance(answer, Reply) else self._failed(call, account, answer))

    def _failed(self, call: Call | None, account: Account | None, error: Exception) -> Reply:
        """What is said instead of what was asked for."""
        if isinstance(error, InvalidConfig):
            return invalid_config(error)
        if isinstance(error, StoreUnavailable):
            error = Refusal("store_unavailable", "the store does not answer now", retry_after=1.0)
        elif not isinstance(error, Refusal):
            _log.error("unexpected error", call=f"{call.method} {call.path}" if call else None, **described(error))
            error = Refusal("internal_error", "something went wrong here; it has been logged")
        more = b""
        if call is not None and call.submits:
            self._metrics.refused(error.code)
            if account is not None:
                more = quota_headers(self._intake.quota(account))
        return refused(error, more)

    async def _on_record(self, call: Call, action: str, incoming: Incoming, account: Account | None) -> StreamResponse:
        """Have a call done, with who asked for it, of whom, and what came of it in the record."""
        who = "admin" if account is None else f"account:{account.name}"
        subject = next(iter(incoming.params.values()), None if account is None else account.name)
        outcome = "internal_error"
        try:
            response = await call.handler(incoming)
            outcome = "done"
        except Refusal as refusal:
            outcome = refusal.code
            raise
        finally:
            self._audit.note(who, action, subject, outcome)
        await self._audit.noted()
        return response


def http_server(services: Services, settings: HttpSettings) -> HttpServer:
    """The server of the internal API, not started yet."""
    app = App(services, settings)
    return HttpServer(
        app, settings.host, settings.port, settings.tls, on_stop=app.stop, answers=ANSWERS, direct=app.direct
    )
