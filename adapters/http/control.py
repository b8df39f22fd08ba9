"""Live control of the daemon, for the administrator."""

from datetime import UTC, datetime

from msgspec import UNSET
from msgspec.json import Decoder, Encoder

from adapters.http.schema.answers import AuditList, AuditView, OperatorList
from adapters.http.schema.requests import AuditQuery, ReloadRequest
from adapters.web.incoming import Incoming, decode
from adapters.web.reply import Reply
from router.engine.audit import Audit
from router.engine.control import Control

_encode = Encoder().encode
_reload = Decoder(ReloadRequest)


class ControlCalls:
    """`max_body` is in octets."""

    def __init__(self, control: Control, audit: Audit, max_body: int) -> None:
        self._control = control
        self._audit = audit
        self._max_body = max_body

    async def operators(self, incoming: Incoming) -> Reply:
        """GET /v1/operators"""
        return Reply(200, _encode(OperatorList(self._control.operators())))

    async def pause(self, incoming: Incoming) -> Reply:
        """POST /v1/operators/{name}/pause"""
        return Reply(200, _encode(self._control.pause(incoming.params["name"])))

    async def resume(self, incoming: Incoming) -> Reply:
        """POST /v1/operators/{name}/resume"""
        return Reply(200, _encode(self._control.resume(incoming.params["name"])))

    async def drain(self, incoming: Incoming) -> Reply:
        """POST /v1/operators/{name}/drain"""
        return Reply(200, _encode(self._control.drain(incoming.params["name"])))

    async def reload(self, incoming: Incoming) -> Reply:
        """POST /v1/reload"""
        body = await incoming.body(self._max_body)
        version = decode(_reload, body).version if body else None
        return Reply(200, _encode(await self._control.reload(version=version)))

    async def plan(self, incoming: Incoming) -> Reply:
        """GET /v1/plan"""
        return Reply(200, _encode(self._control.plan()))

    async def audit(self, incoming: Incoming) -> Reply:
        """GET /v1/audit"""
        query = incoming.query(AuditQuery)
        before = None if query.before is UNSET else query.before
        found = await self._audit.read(query.after, query.limit, before)
        entries = [
            AuditView(
                one.seq, datetime.fromtimestamp(one.at / 1000, UTC), one.who, one.action, one.subject, one.outcome
            )
            for one in found
        ]
        return Reply(200, _encode(AuditList(entries, entries[-1].seq if entries else before or query.after)))
