"""One trace for each of a share of the messages, by OpenTelemetry: from submit to final state.

A trace is made when its message has ended, of the times that the message has anyway; before that it costs nothing. Its
id is the id of the message, without the hyphens. It holds no number, no address and no text: of what an operator said
only its codes. Export goes by a thread of the library's own, from a bounded queue that drops what is too much, so a
collector that is slow or gone holds nobody up.
"""

import asyncio
import logging
import re
from textwrap import shorten
from typing import Final
from zlib import crc32

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from structlog.typing import FilteringBoundLogger

from router.message import Attempt, Message, State
from router.outcome import OutcomeKind
from router.receipt import ReceiptState
from router.settings import Tracing

_TIMEOUT: Final = 5.0
_LIBRARY: Final = "opentelemetry"
_MILLISECOND: Final = 1_000_000
_CODE: Final = re.compile(r"(?!.*[0-9]{7})[A-Za-z0-9_.-]{1,32}")
_WELL: Final = frozenset({State.DELIVERED, State.SUBMITTED})


class Traces:
    """`ended` is to be told every message that has ended; it never raises."""

    def __init__(self, settings: Tracing, version: str, log: FilteringBoundLogger) -> None:
        self._limit = round(settings.sample * 2**32)
        self._log = log
        self._ids = _MessageIds()
        exporter = OTLPSpanExporter(settings.endpoint, headers=dict(settings.headers), timeout=_TIMEOUT)
        self._provider = TracerProvider(
            id_generator=self._ids,
            resource=Resource({"service.name": "carrier-router", "service.version": version}),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
        self._tracer: Tracer = self._provider.get_tracer("carrier_router", version)
        self._said = _Said(log)
        library = logging.getLogger(_LIBRARY)
        library.addHandler(self._said)
        library.propagate = False

    def ended(self, message: Message) -> None:
        if crc32(message.id.encode()) < self._limit:
            try:
                self._trace(message)
            except Exception as error:
                self._log.error("trace_broke", message_id=message.id, error=repr(error))

    async def close(self) -> None:
        """Export what is there, as far as that is possible in a few seconds."""
        await asyncio.to_thread(self._provider.force_flush, round(_TIMEOUT * 1000))
        await asyncio.to_thread(self._provider.shutdown)
        logging.getLogger(_LIBRARY).removeHandler(self._said)

    def _trace(self, message: Message) -> None:
        self._ids.trace_id = int(message.id.replace("-", ""), 16)
        attributes: dict[str, str | int | bool] = {
            "message.id": message.id,
            "message.account": message.account,
            "message.class": message.traffic_class.value,
            "message.channel": message.channel,
            "message.encoding": message.encoding.value,
            "message.parts": len(message.parts),
            "message.state": message.state.value,
            "message.possible_duplicate": message.possible_duplicate,
        }
        if message.operator is not None:
            attributes["message.operator"] = message.operator
        whole = self._tracer.start_span(
            "message", kind=SpanKind.SERVER, start_time=message.created_at * _MILLISECOND, attributes=attributes
        )
        attempts = [(part.number, attempt) for part in message.parts for attempt in part.attempts]
        if attempts:
            first = min(attempt.at for _, attempt in attempts)
            self._child(whole, "queued", message.created_at).end(first * _MILLISECOND)
        for number, attempt in attempts:
            self._attempt(whole, number, attempt)
        if message.submitted_at is not None:
            whole.add_event("message.submitted", timestamp=message.submitted_at * _MILLISECOND)
        end = message.done_at or message.submitted_at or message.created_at
        whole.add_event(f"message.{message.state.value}", timestamp=end * _MILLISECOND)
        if message.state not in _WELL:
            whole.set_status(Status(StatusCode.ERROR, message.error.code if message.error else message.state.value))
        whole.end(end * _MILLISECOND)

    def _attempt(self, whole: Span, number: int, attempt: Attempt) -> None:
        end = attempt.answered_at if attempt.answered_at is not None else attempt.at
        span = self._child(whole, f"submit {attempt.operator}", attempt.at, SpanKind.CLIENT)
        span.set_attributes(
            {"part": number, "operator": attempt.operator, "outcome": attempt.outcome.value if attempt.outcome else ""}
        )
        if attempt.status is not None:
            span.set_attribute("status", attempt.status)
        if attempt.outcome is not OutcomeKind.ACCEPTED:
            span.set_status(Status(StatusCode.ERROR, attempt.outcome.value if attempt.outcome else "unanswered"))
        span.end(end * _MILLISECOND)
        if attempt.receipt is not None and attempt.receipt_at is not None:
            span = self._child(whole, f"receipt {attempt.operator}", end)
            span.set_attributes({"part": number, "operator": attempt.operator, "receipt": attempt.receipt.value})
            if attempt.receipt is not ReceiptState.DELIVERED:
                span.set_status(Status(StatusCode.ERROR, _code(attempt.receipt_error)))
            span.end(max(end, attempt.receipt_at) * _MILLISECOND)

    def _child(self, whole: Span, name: str, start: int, kind: SpanKind = SpanKind.INTERNAL) -> Span:
        """A span within that of the message, from `start` (ms) on."""
        within = set_span_in_context(whole)
        return self._tracer.start_span(name, context=within, kind=kind, start_time=start * _MILLISECOND)


def _code(written: str | None) -> str:
    """An operator's word for an error where it is a code; it may as well be a sentence with a number in it."""
    return written if written is not None and _CODE.fullmatch(written) else ""


class _MessageIds(RandomIdGenerator):
    """The next trace has the id that it was given."""

    trace_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id


class _Said(logging.Handler):
    """What the library says of exports that fail goes to our log."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        # Between words: a secret that is cut in two would not be known as one.
        detail = shorten(record.getMessage(), 200, placeholder=" …", break_on_hyphens=False)
        self._log.warning("traces_not_exported", detail=detail)
