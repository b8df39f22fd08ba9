import io
import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from adapters.logs import Cleaner, configure, mask
from router.message import State
from router.settings import LogSettings

NUMBER = "+237670000001"
MASKED = "+2376******01"
UUID7 = "0190a1b2-1234-7abc-8def-123456789012"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def start(format: str = "json", level: str = "info", secrets: tuple[str, ...] = ()) -> io.StringIO:
    stream = io.StringIO()
    configure(LogSettings(level=level, format=format), stream, secrets)
    return stream


def clean(secrets: tuple[str, ...] = (), **fields: object) -> dict[str, object]:
    return dict(Cleaner(secrets)(None, "info", {"event": "e", **fields}))


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        (NUMBER, MASKED),
        ("237670000001", "2376******01"),
        ("+12025550123", "+1202*****23"),
        ("0670000001", "0670****01"),
        ("6700001", "6700*01"),
        ("+237 6 70-00.00 (01)", MASKED),
    ],
)
def test_a_masked_number_keeps_its_ends(number: str, masked: str) -> None:
    assert mask(number) == masked


@pytest.mark.parametrize("key", ["to", "from_", "sender", "number", "source", "destination", "Source-Addr", "msisdn"])
def test_numbers_are_masked_by_key_even_when_short_or_an_integer(key: str) -> None:
    for value in (NUMBER, "6700001", 237670000001, [NUMBER]):
        shown = json.dumps(clean(**{key: value}))
        assert "*" in shown
        assert "70000" not in shown


@pytest.mark.parametrize(("key", "value"), [("sender", "ACME"), ("to", "8080"), ("number", 3), ("from_", None)])
def test_what_is_no_phone_number_stays_readable_under_those_keys(key: str, value: object) -> None:
    assert clean(**{key: value})[key] == value


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"no route for {NUMBER}", f"no route for {MASKED}"),
        ("no route for 237670000001.", "no route for 2376******01."),
        ("/v1/messages?to=%2B237670000001&limit=5", "/v1/messages?to=%2B2376******01&limit=5"),
        ("tel:237670000001,237670000002", "tel:2376******01,2376******02"),
        ("call +237 6 70 00 00 01 now", f"call {MASKED} now"),
        ("+1 (202) 555-0123", "+1202*****23"),
        (f"message {UUID7} moved", f"message {UUID7} moved"),
        (f"{UUID7}", f"{UUID7}"),
        (f"digest {SHA256}", f"digest {SHA256}"),
        (f"to {NUMBER} id {UUID7}", f"to {MASKED} id {UUID7}"),
        ("10.0.0.1:54321 seq 4294967", "10.0.0.1:54321 seq 4294967"),
        ("2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05.123456Z"),
        ("status 0x0000000B after 60000 ms", "status 0x0000000B after 60000 ms"),
        ("[fe80::1]:2775", "[fe80::1]:2775"),
    ],
)
def test_numbers_in_sentences_are_masked_and_ids_are_not(said: str, shown: str) -> None:
    assert clean(reason=said)["reason"] == shown
    assert Cleaner(())(None, "info", {"event": said})["event"] == shown


def test_ids_counts_and_times_stay() -> None:
    fields = {
        "message_id": UUID7,
        "smsc_message_id": "1234567890123",
        "seq": 1234567890123,
        "port": 2775,
        "at": 1730000000000,
        "seconds": 0.25,
        "state": State.QUEUED,
        "path": Path("/etc/router.yaml"),
        "when": datetime(2026, 1, 2, tzinfo=UTC),
        "ready": True,
    }
    assert clean(**fields) == {"event": "e", **fields, "path": "/etc/router.yaml"}


@pytest.mark.parametrize(
    "key",
    ["text", "data", "password", "token", "secret", "Authorization", "body", "payload", "admin_token", "API-Key"],
)
def test_content_and_credentials_are_dropped_at_any_depth(key: str) -> None:
    shown = json.dumps(clean(**{key: "marker-7f3", "nested": {"deep": [{key: "marker-7f3"}]}}))
    assert "marker-7f3" not in shown


class Carrier(Struct):
    text: str


@dataclass
class Plain:
    text: str


@pytest.mark.parametrize("value", [Carrier("marker-7f3"), Plain("marker-7f3"), b"marker-7f3", object()])
def test_objects_and_bytes_are_named_not_shown(value: object) -> None:
    assert "marker-7f3" not in json.dumps(clean(message=value, several=[value], mapped={"a": value}))


@pytest.mark.parametrize("format", ["json", "console"])
def test_a_registered_secret_appears_nowhere(format: str) -> None:
    secret = "p+ss.w(rd/237670000001"
    stream = start(format, secrets=(secret, "", "abc"))
    log = structlog.get_logger()
    log.warning(f"refused {secret}", url=f"https://u:{secret}@host/", nested={"a": [secret]}, error=ValueError(secret))
    logging.getLogger("aiohttp.server").error("failed for %s", secret)
    try:
        raise RuntimeError(secret)
    except RuntimeError:
        log.exception("broken", why=secret)
        logging.getLogger("asyncio").exception("broken")
    written = stream.getvalue()
    assert "p+ss" not in written
    assert "2376" not in written
    assert written.count("[redacted]") >= 7
    assert "RuntimeError" in written
    assert "abc" not in Cleaner(("abc",))(None, "info", {"event": "x"})


def test_json_is_one_object_a_line_with_the_usual_head() -> None:
    stream = start()
    structlog.get_logger().info("bind is up", operator="mtn-cm", detail="two\nlines \ud800 é")
    logging.getLogger("aiohttp.access").warning("slow %s", NUMBER)
    try:
        raise ValueError("bad")
    except ValueError:
        structlog.get_logger().exception("failed")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [list(line)[:3] for line in lines] == [
        ["timestamp", "level", "event"],
        ["timestamp", "level", "logger"],
        ["timestamp", "level", "event"],
    ]
    assert lines[0]["detail"] == "two\nlines \\ud800 é"
    assert datetime.fromisoformat(lines[0]["timestamp"]).utcoffset() is not None
    assert lines[0]["timestamp"].endswith("Z")
    assert lines[1]["event"] == f"slow {MASKED}"
    assert lines[1]["logger"] == "aiohttp.access"
    assert "ValueError: bad" in lines[2]["exception"]


def test_a_console_line_cannot_be_forged_or_steer_the_terminal() -> None:
    stream = start("console")
    structlog.get_logger().info("refused\n2026 [error] forged", reason="\x1b[2J", other="a\r\nb")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_the_level_holds_for_both_ways_and_may_change() -> None:
    stream = start(level="warning")
    log = structlog.get_logger()
    log.info("a")
    logging.getLogger("x").info("b")
    log.warning("c")
    logging.getLogger("x").warning("d")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["c", "d"]
    again = start(level="debug")
    log.debug("e %d", 5)
    logging.getLogger("x").info("f")
    assert [json.loads(line)["event"] for line in again.getvalue().splitlines()] == ["e 5", "f"]


def test_warnings_come_through_the_same_chain() -> None:
    stream = start()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn(f"odd {NUMBER}", stacklevel=1)
    assert MASKED in stream.getvalue()
    assert NUMBER not in stream.getvalue()


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.builds(object),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(), st.dictionaries(st.text(max_size=8), JSON_LIKE, max_size=4))
@pytest.mark.deep
def test_nothing_that_is_logged_can_break_the_line(said: str, fields: dict[str, object]) -> None:
    for format in ("json", "console"):
        stream = start(format, secrets=("secret",))
        logger = structlog.get_logger()
        logger.info(said, **{key: value for key, value in fields.items() if key not in ("event", "self")})
        written = stream.getvalue()
        assert written.endswith("\n")
        assert written.count("\n") == 1 or "exception" in fields or "stack" in fields
        if format == "json":
            json.loads(written)


@pytest.mark.parametrize("format", ["json", "console"])
def test_a_log_that_cannot_be_written_stops_nobody(format: str) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    configure(LogSettings(level="info", format=format), Full(), ())
    structlog.get_logger().error("e", a=1)
    logging.getLogger("other").error("e")
