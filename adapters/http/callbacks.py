"""What HTTP carriers send to us: handed over to the operator's gateway, which knows its own."""

from adapters.http.call import Call
from adapters.http.services import Services
from adapters.web.incoming import Incoming
from adapters.web.reply import Reply
from router.ports.operators import Callback
from router.refusal import Refusal

LARGEST = 1024 * 1024
"""Octets of a body that are read, where http.max_body does not allow less."""

_HEADERS = b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"


def callback_calls(services: Services, max_body: int) -> tuple[Call, ...]:
    """The calls for carriers. They are not described to clients."""
    limit = min(max_body, LARGEST)

    async def take(incoming: Incoming) -> Reply:
        operator = incoming.params["operator"]
        taker = services.callbacks_of(operator)
        if taker is None:
            raise Refusal("not_found", "there is nothing at this path")
        raw = incoming.raw
        body = await incoming.body(limit)
        peer = raw.transport.get_extra_info("peername") if raw.transport is not None else None
        reply = await taker.called(
            Callback(
                method=raw.method,
                secret=incoming.params.get("secret", ""),
                query=dict(reversed(list(raw.query.items()))),
                headers={name.lower(): value for name, value in reversed(list(raw.headers.items()))},
                body=body,
                peer=str(peer[0]) if peer else "",
                target=raw.raw_path,
            )
        )
        for result in reply.results:
            services.metrics.callback(operator, result)
        return Reply(reply.status, reply.body, b"Content-Type: %b\r\n%b" % (reply.media.encode(), _HEADERS))

    return tuple(
        Call(method, path, "Receipts and messages from a carrier", take, "none")
        for path in ("/callbacks/{operator}", "/callbacks/{operator}/{secret}")
        for method in ("GET", "POST")
    )
