"""All enabled faces on one address: whose path it is, who may, and every error in the words of its API."""

from time import monotonic

import structlog
from aiohttp.web import BaseRequest, StreamResponse

from adapters.gateways.documentation import pages
from adapters.gateways.fullsms import fullsms
from adapters.gateways.operation import Asked, Face, Operation
from adapters.gateways.services import Services
from adapters.gateways.smsapi import smsapi
from adapters.gateways.texify import texify
from adapters.gateways.textdigo import textdigo
from adapters.gateways.textiopro import textiopro
from adapters.web.connections import Answers
from adapters.web.incoming import Incoming
from adapters.web.reply import JSON_HEADERS, Reply
from adapters.web.room import Room
from adapters.web.routes import Routes
from adapters.web.server import HttpServer
from router.engine.trouble import described
from router.ports.store import StoreUnavailable
from router.refusal import Refusal
from router.settings import GatewaySettings

_log = structlog.get_logger(__name__)

_FACES = {"textdigo": textdigo, "texify": texify, "smsapi": smsapi, "textiopro": textiopro, "fullsms": fullsms}


_LONGEST_LINE = 48 * 1024
"""Octets: a thousand recipients in an address, percent-encoded."""


class _Known:
    """A face with its operations ready to be found."""

    def __init__(self, face: Face) -> None:
        self.face = face
        self.routes: Routes[Operation] = Routes(face.operations)
        self.bases = tuple(f"{base}/" for base in face.bases)


class Gateways:
    """Answers requests to the public APIs; `max_body` is in octets."""

    def __init__(self, faces: list[Face], max_body: int) -> None:
        self._known = [_Known(face) for face in faces]
        self._max_body = max_body
        self._pages = pages(faces)
        self._room = Room(max(max_body, *(one.largest or 0 for face in faces for one in face.operations)))

    async def __call__(self, request: BaseRequest) -> StreamResponse:
        path = request.path.rstrip("/")
        known = self._whose(f"{path}/")
        if known is None:
            page = self._pages.get(path) if request.method in ("GET", "HEAD") else None
            return page() if page is not None else _nowhere()
        asked = Asked(request, monotonic())
        reply = await self._answer(known, asked, path)
        if known.face.headers is not None:
            reply.add(known.face.headers(asked))
        return reply

    async def _answer(self, known: _Known, asked: Asked, path: str) -> Reply:
        request = asked.raw
        incoming = None
        try:
            operation, asked.params = known.routes.at(request.method, path)
            incoming = Incoming(request, asked.started, asked.params, self._room)
            if request.body_exists and not operation.streamed:
                asked.body = await incoming.body(operation.largest or self._max_body)
            if not operation.open:
                asked.caller = known.face.admit(asked, operation)
            return await operation.handler(asked)
        except Refusal as refusal:
            return known.face.refuse(refusal, request)
        except StoreUnavailable:
            return known.face.refuse(Refusal("store_unavailable", "try again", retry_after=1.0), request)
        except ConnectionError:
            raise
        except Exception as error:
            _log.error("unexpected error", face=known.face.name, **described(error))
            return known.face.refuse(Refusal("internal_error", "something went wrong here"), request)
        finally:
            if incoming is not None:
                incoming.done()

    def _whose(self, path: str) -> _Known | None:
        return next((known for known in self._known if path.startswith(known.bases)), None)


def _nowhere() -> Reply:
    return Reply(404, b'{"error":"not found"}', JSON_HEADERS)


def _malformed() -> Reply:
    return Reply(400, b'{"error":"this is not a well-formed HTTP/1.1 request"}', JSON_HEADERS, close=True)


def _full() -> Reply:
    return Reply(503, b'{"error":"there are too many connections"}', JSON_HEADERS + b"Retry-After: 1\r\n", close=True)


def gateways_server(services: Services, settings: GatewaySettings, max_body: int) -> HttpServer:
    """The server of the public APIs, not started yet."""
    faces = [_FACES[name](services) for name in settings.enabled if name in _FACES]
    handler = Gateways(faces, max_body)
    answers = Answers(_malformed, _full)
    return HttpServer(handler, settings.host, settings.port, answers=answers, longest_line=_LONGEST_LINE)
