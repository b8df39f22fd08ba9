"""What machines ask without a token: alive, ready, how much."""

from collections.abc import Callable

from adapters.web.incoming import Incoming
from adapters.web.reply import Reply
from router.refusal import Refusal

METRICS_MEDIA = "text/plain; version=0.0.4; charset=utf-8"
_METRICS_HEADERS = f"Content-Type: {METRICS_MEDIA}\r\nCache-Control: no-store\r\n".encode()


class ProbeCalls:
    def __init__(self, ready: Callable[[], str | None], metrics_text: Callable[[], bytes]) -> None:
        self._ready = ready
        self._metrics_text = metrics_text

    async def alive(self, incoming: Incoming) -> Reply:
        """GET /healthz"""
        return Reply(200, b'{"status":"ok"}')

    async def ready(self, incoming: Incoming) -> Reply:
        """GET /readyz"""
        reason = self._ready()
        if reason is not None:
            raise Refusal("not_ready", reason)
        return Reply(200, b'{"status":"ready"}')

    async def metrics(self, incoming: Incoming) -> Reply:
        """GET /metrics"""
        return Reply(200, self._metrics_text(), _METRICS_HEADERS)
