"""A simulated HTTP carrier: messages one by one or in batches, callbacks, a status to ask for, and the faults of
`http_behaviour`.

POST /messages takes `{"to", "from", "text", "callback_url"?, "data"?}`, which may stand in the query as well (also of a
GET or PUT), and answers `{"id", "to", "status"}`; POST /batches takes `{"messages": [...]}` and answers
`{"messages": [...]}`; GET /messages/{id} tells its `status`, DELETE lets go of one that has not arrived (409 else);
POST /token gives tokens to whoever has the client's credentials. Callbacks are `{"id", "to", "status", "error"?, "at"}`
and, from handsets, `{"from", "to", "text"}`, signed in X-Signature with HMAC-SHA256.
"""

import asyncio
import hmac
import json
import secrets
import ssl
import time
from base64 import b64decode
from collections import Counter, OrderedDict
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import unquote_plus

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from msgspec import Struct

from adapters.simulator.http_behaviour import BY_HTTP_ENDING, DELIVERED, HttpBehaviour, HttpReply

_LEAD: Final = 0.05
"""Seconds by which a callback comes before its answer, where it does."""
_REMEMBERED: Final = 100_000
_NO_ANSWER: Final = 3600.0


@dataclass(slots=True)
class CarrierOptions:
    """May be changed while the carrier runs. Delays are seconds.

    token: the bearer token of requests, None for any; client_id and client_secret: who gets tokens at /token, which
    live token_life and come after token_delay. secret: what callbacks are signed with. callback: where they go when the
    message says nothing. late: how much later the answer or the callback comes where the behaviour says late. resend:
    until a callback that was not answered with 2xx is sent again, at most `tries` times. behaviour: the ending that
    holds for numbers with none of their own. all_or_none: a batch with a message that is refused is refused as a whole.
    keep: remember what came.
    """

    token: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    token_life: float = 3600.0
    token_delay: float = 0.0
    secret: str = "carrier-secret"
    callback: str | None = None
    response_delay: float = 0.0
    receipt_delay: float = 0.05
    late: float = 3.0
    resend: float = 1.0
    tries: int = 20
    behaviour: str = ""
    all_or_none: bool = False
    keep: bool = True


class Taken(Struct):
    """One message as it came. `id` is "" for one that was not taken; `status` is that of the answer, 0 for none."""

    request: dict[str, Any]
    headers: dict[str, str]
    id: str
    status: int

    @property
    def to(self) -> str:
        return str(self.request.get("to", ""))


class CarrierCounts(Struct):
    """What happened since the start. `delivered` are callbacks answered with 2xx, `refused_callbacks` all others."""

    requests: int = 0
    accepted: int = 0
    refused: int = 0
    unanswered: int = 0
    replayed: int = 0
    cancelled: int = 0
    unauthorized: int = 0
    token_requests: int = 0
    tokens: int = 0
    callbacks: int = 0
    delivered: int = 0
    refused_callbacks: int = 0


class HttpCarrier:
    """Start it and look at `messages`, `counts` and `most_at_once`, the greatest number of requests at a time.
    `cancel_refused`: nothing can be taken back."""

    def __init__(self, options: CarrierOptions | None = None) -> None:
        self.options = options or CarrierOptions()
        self.counts = CarrierCounts()
        self.messages: list[Taken] = []
        self.cancel_refused = False
        self.at_once = 0
        self.most_at_once = 0
        self._next_id = secrets.randbelow(1_000_000_000)
        self._faults: Counter[str] = Counter()
        self._answers: OrderedDict[str, web.Response] = OrderedDict()
        self._states: OrderedDict[str, str] = OrderedDict()
        self._tokens: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self._session: ClientSession | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> int:
        """Listen, and return the port. Raises OSError."""
        app = web.Application(client_max_size=16 * 1024 * 1024)
        for method in ("GET", "POST", "PUT"):
            app.router.add_route(method, "/messages", self._one)
        app.router.add_get("/messages/{id}", self._status)
        app.router.add_delete("/messages/{id}", self._cancel)
        app.router.add_post("/batches", self._batch)
        app.router.add_post("/token", self._token)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=tls)
        await site.start()
        self._session = ClientSession(timeout=ClientTimeout(total=30))
        found: int = self._runner.addresses[0][1]
        return found

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def revoke(self) -> None:
        """No token that was given out holds any more."""
        self._tokens.clear()

    # --- calls ---------------------------------------------------------------------------------------------------

    async def _one(self, request: web.Request) -> web.StreamResponse:
        return await self._watched(request, self._take_one)

    async def _batch(self, request: web.Request) -> web.StreamResponse:
        return await self._watched(request, self._take_batch)

    async def _watched(self, request: web.Request, take: Any) -> web.StreamResponse:
        self.counts.requests += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if not self._may(request):
                self.counts.unauthorized += 1
                return web.json_response({"code": "unauthorized"}, status=401)
            try:
                document = await request.json() if request.can_read_body else dict(request.query)
            except ValueError:
                document = None
            if not isinstance(document, dict):
                return web.json_response({"code": "no_json"}, status=400)
            if self.options.response_delay:
                await asyncio.sleep(self.options.response_delay)
            answer: web.StreamResponse = await take(request, document)
            return answer
        finally:
            self.at_once -= 1

    async def _take_one(self, request: web.Request, document: dict[str, Any]) -> web.StreamResponse:
        key = request.headers.get("Idempotency-Key")
        if key is not None and key in self._answers:
            self.counts.replayed += 1
            if self._behaviour(document).conflict:
                return web.json_response({"code": "conflict"}, status=409)
            known = self._answers[key]
            return web.Response(body=known.body, status=known.status, content_type="application/json")
        behaviour = self._behaviour(document)
        if self._is_faulty(behaviour, document):
            return await self._fault(request, document, behaviour, key)
        answer = self._accept(request, document, behaviour)
        response = web.json_response(answer, status=200)
        self._remember(key, response)
        if behaviour.receipt_first:
            await asyncio.sleep(_LEAD)
        if behaviour.late:
            await asyncio.sleep(self.options.late)
        return response

    async def _take_batch(self, request: web.Request, document: dict[str, Any]) -> web.StreamResponse:
        """Faults of single messages stand in their results; what has no answer leaves none to the whole batch."""
        results = []
        if self.options.all_or_none and any(self._behaviour(one).status == 400 for one in document.get("messages", [])):
            self.counts.refused += 1
            return web.json_response({"code": "invalid_request"}, status=400)
        for one in document.get("messages", []):
            behaviour = self._behaviour(one)
            if not self._is_faulty(behaviour, one):
                results.append(self._accept(request, one, behaviour))
            elif behaviour.fault is HttpReply.STATUS and behaviour.status < 500:
                self._note(request, one, "", behaviour.status)
                self.counts.refused += 1
                results.append({"to": one.get("to"), "status": "rejected", "code": behaviour.code})
            else:
                return await self._fault(request, one, behaviour, None)
        return web.json_response({"messages": results})

    async def _status(self, request: web.Request) -> web.StreamResponse:
        if not self._may(request):
            return web.json_response({"code": "unauthorized"}, status=401)
        state = self._states.get(request.match_info["id"])
        if state is None:
            return web.json_response({"code": "not_found"}, status=404)
        return web.json_response({"id": request.match_info["id"], "status": state})

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        id = request.match_info["id"]
        if not self._may(request):
            return web.json_response({"code": "unauthorized"}, status=401)
        if self._states.get(id) != "sent" or self.cancel_refused:
            return web.json_response({"code": "too_late"}, status=409)
        self._states[id] = "cancelled"
        self.counts.cancelled += 1
        return web.json_response({"id": id, "status": "cancelled"})

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        self.counts.token_requests += 1
        await asyncio.sleep(self.options.token_delay)
        given = (form.get("client_id"), form.get("client_secret"))
        header = request.headers.get("Authorization", "")
        if header.startswith("Basic "):
            login, _, password = b64decode(header.removeprefix("Basic ")).decode().partition(":")
            given = (unquote_plus(login), unquote_plus(password))
        options = self.options
        if given != (options.client_id, options.client_secret) or form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "invalid_client"}, status=401)
        self.counts.tokens += 1
        token = secrets.token_urlsafe(24)
        self._tokens[token] = time.monotonic() + options.token_life
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": options.token_life})

    def _may(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.options.client_id is not None:
            return self._tokens.get(given, 0.0) > time.monotonic()
        return self.options.token is None or given == self.options.token

    # --- messages ------------------------------------------------------------------------------------------------

    def _behaviour(self, document: dict[str, Any]) -> HttpBehaviour:
        ending = str(document.get("to", ""))[-3:]
        return BY_HTTP_ENDING.get(ending) or BY_HTTP_ENDING.get(self.options.behaviour) or DELIVERED

    def _is_faulty(self, behaviour: HttpBehaviour, document: dict[str, Any]) -> bool:
        if behaviour.times == 0:
            return False
        message = f"{document.get('to')} {document.get('text')}"
        if behaviour.times is not None and self._faults[message] >= behaviour.times:
            return False
        self._faults[message] += 1
        return True

    async def _fault(
        self, request: web.Request, document: dict[str, Any], behaviour: HttpBehaviour, key: str | None
    ) -> web.StreamResponse:
        answer = None
        if behaviour.taken:
            answer = self._accept(request, document, behaviour)
            self._remember(key, web.json_response(answer))
        else:
            self._note(request, document, "", behaviour.status)
        if behaviour.fault is HttpReply.SILENCE:
            self.counts.unanswered += 1
            await asyncio.sleep(_NO_ANSWER)
        if behaviour.fault in (HttpReply.CUT, HttpReply.SILENCE):
            self.counts.unanswered += 1
            return _cut(request)
        if behaviour.fault is HttpReply.GARBAGE:
            return web.Response(text="<html>It works!</html>", content_type="text/html")
        if behaviour.fault is HttpReply.HALF:
            body = json.dumps(answer).encode()
            response = web.StreamResponse(headers={"Content-Length": str(len(body))})
            await response.prepare(request)
            await response.write(body[: len(body) // 2])
            return _cut(request)
        if not behaviour.taken:
            self.counts.refused += 1
        headers = {
            "Retry-After": formatdate(time.time() + 1, usegmt=True) if behaviour.wait == "date" else behaviour.wait
        }
        if behaviour.status == 301:
            headers = {"Location": "/elsewhere"}
        return web.json_response(
            {"status": "rejected", "code": behaviour.code} if behaviour.code else {"status": "error"},
            status=behaviour.status,
            headers={name: value for name, value in headers.items() if value},
        )

    def _accept(self, request: web.Request, document: dict[str, Any], behaviour: HttpBehaviour) -> dict[str, Any]:
        self._next_id += 1
        id = f"c-{self._next_id:010d}"
        self._note(request, document, id, 200)
        self.counts.accepted += 1
        self._states[id] = "sent"
        if len(self._states) > _REMEMBERED:
            self._states.popitem(last=False)
        self._begin(self._tell(id, document, behaviour))
        answer = {"id": id, "to": document.get("to"), "status": "accepted"}
        if behaviour.no_id:
            del answer["id"]
        return answer

    def _note(self, request: web.Request, document: dict[str, Any], id: str, status: int) -> None:
        if self.options.keep:
            self.messages.append(Taken(document, dict(request.headers), id, status))

    def _remember(self, key: str | None, response: web.Response) -> None:
        if key is not None:
            self._answers[key] = response
            if len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)

    # --- callbacks -----------------------------------------------------------------------------------------------

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, id: str, document: dict[str, Any], behaviour: HttpBehaviour) -> None:
        options = self.options
        if not behaviour.receipt_first:
            await asyncio.sleep(options.late if behaviour.receipt_late else options.receipt_delay)
        if self._states.get(id) == "cancelled":
            return
        if behaviour.receipts:
            self._states[id] = behaviour.receipts[-1]
        else:
            self._states[id] = "delivered"
        url = document.get("callback_url") or options.callback
        if not url:
            return
        to = document.get("to")
        base = {"id": id, "to": to, "error": behaviour.error or None, "at": time.time()}
        for state in behaviour.forged:
            await self._call(url, base | {"status": state}, secret="not-the-secret", tries=1)
        if behaviour.broken:
            await self._call(url, None, tries=1)
        for state in behaviour.receipts:
            for _ in range(behaviour.copies):
                await self._call(url, base | {"status": state})
        if behaviour.reply:
            await self.send_from_handset(url, str(to), str(document.get("from") or "8080"), behaviour.reply)

    async def send_from_handset(self, url: str, sender: str, to: str, text: str) -> bool:
        """Whether it was taken."""
        return await self._call(url, {"from": sender, "to": to, "text": text})

    async def _call(
        self, url: str, document: dict[str, Any] | None, secret: str | None = None, tries: int | None = None
    ) -> bool:
        assert self._session is not None
        options = self.options
        body = b"\xff{not JSON" if document is None else json.dumps(document).encode()
        signature = hmac.digest((secret or options.secret).encode(), body, "sha256").hex()
        headers = {"Content-Type": "application/json", "X-Signature": f"sha256={signature}"}
        for turn in range(tries or options.tries):
            if turn:
                await asyncio.sleep(options.resend)
            self.counts.callbacks += 1
            try:
                async with self._session.post(url, data=body, headers=headers) as response:
                    if 200 <= response.status < 300:
                        self.counts.delivered += 1
                        return True
            except (ClientError, TimeoutError):
                pass
            self.counts.refused_callbacks += 1
        return False


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
