"""The internal API as one handler: find the call, let in who may, answer every error as a problem."""

import asyncio
from time import monotonic

import structlog
from aiohttp.web import BaseRequest, StreamResponse

from adapters.http.authority import Authority
from adapters.http.call import Call
from adapters.http.callbacks import callback_calls
from adapters.http.console import console_calls
from adapters.http.documentation import documentation_calls
from adapters.http.problem import full, invalid_config, malformed, refused
from adapters.http.quota import quota_headers
from adapters.http.services import Services
from adapters.http.sessions import Sessions
from adapters.http.table import calls_of
from adapters.web.incoming import Incoming
from adapters.web.room import Room
from adapters.web.routes import Routes
from adapters.web.server import Answers, HttpServer
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
        except InvalidConfig as error:
            return invalid_config(error)
        except Refusal as refusal:
            return self._refused(call, account, refusal)
        except StoreUnavailable:
            unavailable = Refusal("store_unavailable", "the store does not answer now", retry_after=1.0)
            return self._refused(call, account, unavailable)
        except ConnectionError:
            raise
        except Exception as error:
            _log.error("unexpected error", call=f"{call.method} {call.path}" if call else None, **described(error))
            return self._refused(
                call, account, Refusal("internal_error", "something went wrong here; it has been logged")
            )
        finally:
            if incoming is not None:
                incoming.done()

    def _refused(self, call: Call | None, account: Account | None, refusal: Refusal) -> StreamResponse:
        more = b""
        if call is not None and call.submits:
            self._metrics.refused(refusal.code)
            if account is not None:
                more = quota_headers(self._intake.quota(account))
        return refused(refusal, more)

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
    return HttpServer(app, settings.host, settings.port, settings.tls, on_stop=app.stop, answers=ANSWERS)
