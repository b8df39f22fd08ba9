"""Traces, as a collector of our own gets them: whole, of a share of the messages, and without them nothing is worse."""

import logging
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog

from adapters.config_yaml import ConfigErrors, load
from router.daemon import secrets_of
from router.message import Attempt, Message, MessageError, Part, State
from router.outcome import OutcomeKind
from router.receipt import ReceiptState
from router.settings import Tracing
from tests.processes import write_config

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra otel is not installed: no traces")

from adapters.tracing import Traces
from tests.collector import collecting

SECRETIVE = (
    "https://c.example/v1/traces?key=s3cret-key", "https://c.example/v1/traces?key=${KEY}", "https://c.example/#s3cret",
    "https://user:s3cret-key@c.example/v1/traces", "https://s3cret-key@c.example/", "https://c.example/${KEY}/v1/traces",
    "${KEY}",
)  # fmt: skip
AT = 1_767_225_600_000


def ended(number: int = 0, **fields: Any) -> Message:
    attempt = Attempt(
        "mtn", AT + 20, AT + 60, OutcomeKind.ACCEPTED, 0, "", "77", ReceiptState.DELIVERED, "000", AT + 900
    )
    usual: dict[str, Any] = {
        "state": State.DELIVERED,
        "operator": "mtn",
        "submitted_at": AT + 60,
        "done_at": AT + 900,
        "parts": [Part(1, State.DELIVERED, [attempt])],
    }
    message = Message(f"019b7a3e-4c00-7abc-8def-{number:012x}", "acme", "+237670000001", AT, text="my secret")
    for name, value in (usual | fields).items():
        setattr(message, name, value)
    return message


def values(span: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


async def test_a_message_is_one_trace_with_all_of_its_times() -> None:
    async with collecting() as (collector, endpoint):
        traces = Traces(Tracing(endpoint, 1.0, (("X-Key", "k-1"),)), "0", structlog.get_logger())
        message = ended()
        traces.ended(message)
        await traces.close()
        spans = collector.of(message.id)
        assert list(spans) == ["queued", "submit mtn", "receipt mtn", "message"]
        assert collector.headers["X-Key"] == "k-1"
        whole = spans.pop("message")
        assert {span.parent_span_id for span in spans.values()} == {whole.span_id}
        assert whole.parent_span_id == b""
        spans["message"] = whole
        times = {
            name: ((span.start_time_unix_nano // 10**6) - AT, (span.end_time_unix_nano // 10**6) - AT)
            for name, span in spans.items()
        }
        assert times == {"message": (0, 900), "queued": (0, 20), "submit mtn": (20, 60), "receipt mtn": (60, 900)}
        assert [event.name for event in whole.events] == ["message.submitted", "message.delivered"]
        assert values(whole) == {
            "message.id": message.id,
            "message.account": "acme",
            "message.class": "transactional",
            "message.channel": "sms",
            "message.encoding": "gsm7",
            "message.parts": 1,
            "message.state": "delivered",
            "message.possible_duplicate": False,
            "message.operator": "mtn",
        }
        told = str(collector.spans)
        assert "my secret" not in told
        assert "237670000001" not in told


async def test_what_went_wrong_is_an_error_with_its_codes() -> None:
    refused = Attempt("mtn", AT + 20, AT + 60, OutcomeKind.REJECTED, 11, "invalid destination")
    lost = Attempt("orange", AT + 70, None)
    undelivered = Attempt(
        "orange", AT + 80, AT + 90, OutcomeKind.ACCEPTED, 0, "", "7", ReceiptState.UNDELIVERED, "011", AT + 99
    )
    message = ended(
        state=State.REJECTED,
        error=MessageError("rejected_by_operator", "no", "0x0000000B"),
        submitted_at=None,
        parts=[Part(1, State.REJECTED, [refused, lost]), Part(2, State.UNDELIVERED, [undelivered])],
    )
    never = ended(1, state=State.EXPIRED, operator=None, submitted_at=None, parts=[Part(1, State.EXPIRED)])
    async with collecting() as (collector, endpoint):
        traces = Traces(Tracing(endpoint, 1.0), "0", structlog.get_logger())
        traces.ended(message)
        traces.ended(never)
        await traces.close()
        spans = collector.of(message.id)
        assert spans["message"].status.message == "rejected_by_operator"
        assert spans["submit mtn"].status.message == "rejected"
        assert values(spans["submit mtn"])["status"] == 11
        assert [one.status.message for one in collector.spans if one.name == "submit orange"] == ["unanswered", ""]
        assert spans["receipt orange"].status.message == "011"
        assert list(collector.of(never.id)) == ["message"]


@pytest.mark.parametrize("told", ["+237670000001", "670000001", "ann@shop.example", "pay 12 to my secret shop"])
async def test_nothing_that_an_operator_says_in_words_is_exported(told: str) -> None:
    detail = f"550 5.1.1 <ann@shop.example> +237670000001: my secret: {told}"
    attempts = [
        Attempt("mx", AT + 20, AT + 60, OutcomeKind.REJECTED, "550", detail),
        Attempt("mx", AT + 70, AT + 80, OutcomeKind.UNKNOWN, None, detail),
        Attempt("mx", AT + 90, AT + 95, OutcomeKind.ACCEPTED, 0, detail, told, ReceiptState.REJECTED, told, AT + 99),
    ]
    message = ended(
        state=State.REJECTED,
        sender="ann@shop.example",
        reference=told,
        error=MessageError("rejected_by_operator", detail, told),
        parts=[Part(1, State.REJECTED, attempts)],
    )
    async with collecting() as (collector, endpoint):
        traces = Traces(Tracing(endpoint, 1.0), "0", structlog.get_logger())
        traces.ended(message)
        await traces.close()
    assert len(collector.spans) == 6
    exported = collector.raw.decode("latin-1")
    assert "rejected_by_operator" in exported
    for word in (told, "670000001", "shop", "secret", "5.1.1"):
        assert word not in exported


async def test_what_the_library_says_is_cut_between_words_so_that_no_piece_of_a_secret_is_left() -> None:
    secret = "s3cret-of-the-collector"
    with structlog.testing.capture_logs() as lines:
        traces = Traces(Tracing("http://127.0.0.1:9/v1/traces"), "0", structlog.get_logger())
        for before in range(170, 201):
            logging.getLogger("opentelemetry.exporter").warning("%s %s", "x" * before, secret)
        await traces.close()
    details = [line["detail"] for line in lines]
    assert len(details) == 31
    assert max(map(len, details)) <= 200
    assert all(secret in detail or "s3" not in detail for detail in details)
    assert any(secret in detail for detail in details)


def test_what_the_headers_hold_is_hidden_in_the_log(tmp_path: Path) -> None:
    given = "{endpoint: 'http://127.0.0.1:4318/', headers: {authorization: 'Bearer ${KEY}', x-empty: ' '}}"
    settings = load(write_config(tmp_path, 8080, {"mtn": 1}, router=f"tracing: {given}"), {"KEY": "s3cret-key"})
    assert secrets_of(settings)[-1] == "s3cret-key"


async def test_a_share_of_the_messages() -> None:
    async with collecting() as (collector, endpoint):
        for share, least, most in ((0.0, 0, 0), (0.25, 150, 350), (1.0, 1000, 1000)):
            collector.spans.clear()
            traces = Traces(Tracing(endpoint, share), "0", structlog.get_logger())
            for number in range(1000):
                # Of so few that none is dropped: each is one span.
                traces.ended(ended(number, submitted_at=None, state=State.EXPIRED, parts=[Part(1, State.EXPIRED)]))
            await traces.close()
            assert least <= len(collector.spans) <= most


def test_without_the_extra_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_config(tmp_path, 8080, {"mtn": 1}, router="tracing: {endpoint: 'http://127.0.0.1:4318/v1/traces'}")
    assert load(config, {}).tracing == Tracing("http://127.0.0.1:4318/v1/traces")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    with pytest.raises(ConfigErrors) as refused:
        load(config, {})
    (error,) = refused.value.errors
    assert error.reason == "tracing: needs an extra: pip install 'carrier-router[otel]'"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("{}", "endpoint"),
        ("{endpoint: 'ftp://a/b'}", "http"),
        ("{endpoint: 'http://a/b', sample: 2}", "out of range (0 to 1)"),
        ("{endpoint: 'http://a/b', headers: {'a b': c}}", "not the name of a header"),
        ("{endpoint: 'http://a/b', rate: 1}", "unknown key"),
        *((f"{{endpoint: '{where}'}}", "what is secret goes into tracing.headers") for where in SECRETIVE),
    ],
)
def test_refusals(tmp_path: Path, given: str, reason: str) -> None:
    with pytest.raises(ConfigErrors) as refused:
        load(write_config(tmp_path, 8080, {"mtn": 1}, router=f"tracing: {given}"), {"KEY": "s3cret-key"})
    (error,) = refused.value.errors
    assert error.file.endswith("router.yaml")
    assert error.line > 1
    assert reason in error.reason
    assert "s3cret" not in error.reason
