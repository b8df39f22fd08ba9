"""Requests as they are written: every field, escaped for where it stands."""

import json
from http.client import parse_headers
from io import BytesIO
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http_operator.fields import Fields, as_text, fits
from adapters.http_operator.request import header_safe, kind_of, prepare, render
from router.http_calls import (
    FIELDS,
    Batch,
    Condition,
    Each,
    Field,
    HttpRequest,
    JsonList,
    JsonObject,
    Mapped,
    QueryAuth,
)
from router.message import Encoding
from router.operator import TextRules
from router.outcome import OutcomeKind
from tests.http_operator.values import URL, operator, submission

NOW = 1_767_225_600_000


def fields(values=None, url="https://us.example/callbacks/carrier", one=None, rules=None, **changes) -> Fields:
    of = operator(text=rules or TextRules(long="payload"))
    return Fields(one or submission(**changes), of, values or {}, url, NOW)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("to", "+237670000001"),
        ("to_digits", "237670000001"),
        ("from", "ACME"),
        ("from_digits", "ACME"),
        ("text", "Hello"),
        ("text_utf16_hex", "00480065006c006c006f"),
        ("data_hex", None),
        ("data_base64", None),
        ("udh_hex", None),
        ("encoding", "gsm7"),
        ("id", "0190-id"),
        ("part", 1),
        ("parts", 1),
        ("attempt", 1),
        ("segments", 1),
        ("concat_reference", 0),
        ("reference", None),
        ("class", "transactional"),
        ("channel", "sms"),
        ("account", "acme"),
        ("plan", None),
        ("mcc", "624"),
        ("mnc", "01"),
        ("flash", False),
        ("receipts", "final"),
        ("expires_in", None),
        ("expires_at", None),
        ("created_at", "2026-01-01T00:00:00Z"),
        ("operator", "carrier"),
        ("callback_url", "https://us.example/callbacks/carrier"),
    ],
)
def test_fields(name: str, expected: object) -> None:
    assert fields().get(name) == expected


def test_every_field_can_be_read() -> None:
    for name in FIELDS:
        fields().get(name)


def test_fields_of_other_messages() -> None:
    binary = fields(text=None, data=b"\x01\xff", encoding=Encoding.BINARY, udh=b"\x03\x70\x01\x02")
    assert [binary.get(name) for name in ("data_hex", "data_base64", "udh_hex", "text")] == [
        "01ff",
        "Af8=",
        "03700102",
        None,
    ]
    late = fields(expires_at=NOW + 61_500)
    assert (late.get("expires_in"), late.get("expires_at")) == (61, "2026-01-01T00:01:01Z")
    assert fields(expires_at=NOW - 5).get("expires_in") == 1
    third = fields(number=3, total=3, concat_reference=0x1FF, rules=TextRules(long="udh16"))
    assert third.get("udh_hex") == "06080401ff0303"
    assert (
        fields(number=3, total=3, concat_reference=0x1FF, rules=TextRules(long="udh8")).get("udh_hex") == "050003ff0303"
    )
    options = fields(options={"voice": {"language": "fr"}, "list": [{"a": 1}]})
    assert options.get("options.voice.language") == "fr"
    assert options.get("options.list.0.a") == 1
    assert options.get("options.list.7.a") is None
    assert options.get("options.voice.language.more") is None


def test_own_values() -> None:
    coding = {"coding": Mapped("encoding", {"gsm7": 0, "ucs2": 2})}
    assert fields(coding).get("coding") == 0
    assert fields(coding, encoding=Encoding.UCS2).get("coding") == 2
    assert fields(coding, encoding=Encoding.BINARY).get("coding") is None


def test_the_key_is_the_same_until_there_is_an_answer() -> None:
    one = submission()
    first = fields(one=one).get("idempotency_key")
    one.attempt.outcome = OutcomeKind.UNKNOWN
    again = submission()
    again.part.attempts.insert(0, one.attempt)
    assert fields(one=again).get("idempotency_key") == first
    one.attempt.outcome = OutcomeKind.FAILED
    assert fields(one=again).get("idempotency_key") != first


@pytest.mark.parametrize(
    ("values", "given", "expected"),
    [
        ((), "x", True),
        ((), "", False),
        ((), None, False),
        (("x",), "x", True),
        (("x",), "y", False),
        (("true",), True, True),
    ],
)
def test_conditions(values, given, expected) -> None:
    assert fits(Condition("options.a", values), fields(options={"a": given})) is expected


def test_a_form_and_a_query() -> None:
    request = HttpRequest(
        (*URL, "/", Field("from"), "?v=1"),
        query=(("to", (Field("to"),)), ("ref", (Field("reference"),))),
        form=(("text", (Field("text"),)), ("x", ("a ", Field("reference"), "&b"))),
        headers=(("X-Id", (Field("id"),)), ("X-Ref", (Field("reference"),))),
    )
    prepared = prepare(request, [fields(sender="A/B c")], None, QueryAuth("key", "s&t"))
    assert prepared.url == "http://carrier.example/send/A%2FB%20c?v=1&to=%2B237670000001&key=s%26t"
    assert prepared.body == b"text=Hello&x=a+%26b"
    assert prepared.headers == {"X-Id": "0190-id", "Content-Type": "application/x-www-form-urlencoded"}


def test_json_has_what_the_message_has() -> None:
    request = HttpRequest(
        URL,
        json=JsonObject(
            (
                ("to", (Field("to"),)),
                ("none", (Field("reference"),)),
                ("default", (Field("reference", "n/a"),)),
                ("parts", (Field("parts"),)),
                ("text", ("part ", Field("part"), " of ", Field("parts"))),
                ("flash", (Field("flash"),)),
                ("fixed", JsonList((1, 2.5, True, None, (Field("reference"),), ("x",)))),
                ("all", JsonList((Each("options.names", JsonObject((("name", (Field("item"),)),))),))),
                ("deep", JsonList((Each("options.people", (Field("item.name"),)),))),
                ("nothing", JsonList((Each("options.lost", (Field("item"),)),))),
            )
        ),
    )
    prepared = prepare(request, [fields(options={"names": ["a", 2], "people": [{"name": "b"}, {}]})], None)
    assert json.loads(prepared.body or b"") == {
        "to": "+237670000001",
        "default": "n/a",
        "parts": 1,
        "text": "part 1 of 1",
        "flash": False,
        "fixed": [1, 2.5, True, None, "x"],
        "all": [{"name": "a"}, {"name": 2}],
        "deep": ["b"],
        "nothing": [],
    }


def test_a_batch() -> None:
    batch = Batch(10, separator=";")
    request = HttpRequest(
        URL,
        headers=(("X-Sender", (Field("from"),)),),
        json=JsonObject(
            (
                ("all", (Field("recipients"),)),
                ("joined", ("to: ", Field("recipients_digits"))),
                ("messages", JsonList((Each("messages", JsonObject((("to", (Field("to"),)),))),))),
            )
        ),
    )
    prepared = prepare(request, [fields(), fields(to="+237670000002")], batch)
    assert json.loads(prepared.body or b"") == {
        "all": ["+237670000001", "+237670000002"],
        "joined": "to: 237670000001;237670000002",
        "messages": [{"to": "+237670000001"}, {"to": "+237670000002"}],
    }
    assert kind_of(request).same == ("from",)
    form = HttpRequest(URL, form=(("to", (Field("recipients"),)),))
    assert prepare(form, [fields(), fields(to="+237670000002")], batch).body == b"to=%2B237670000001%3B%2B237670000002"


def test_which_requests_have_a_key() -> None:
    key = (Field("idempotency_key"),)
    assert kind_of(HttpRequest(URL, headers=(("Key", key),))).key
    assert kind_of(HttpRequest(URL, json=JsonObject((("m", JsonList((Each("messages", key),))),)))).key
    assert not kind_of(HttpRequest(URL, json=JsonObject((("m", JsonList(((Field("id"),),))),)))).key


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(ANY_TEXT, ANY_TEXT)
def test_nothing_leaves_its_place(text: str, sender: str) -> None:
    """Whatever a client writes is read back from where it was put, and nowhere else."""
    request = HttpRequest(
        (*URL, "/", Field("text"), "/end"),
        query=(("text", (Field("text"),)), ("last", ("1",))),
        headers=(("X-Text", (Field("text"),)),),
        form=(("text", (Field("text"),)), ("sender", (Field("from"),)), ("last", ("1",))),
    )
    prepared = prepare(request, [fields(text=text, sender=sender)], None)
    parts = urlsplit(prepared.url)
    assert parts.netloc == "carrier.example"
    assert [unquote(piece) for piece in parts.path.split("/")[1:]] == ["send", text, "end"]
    assert parse_qsl(parts.query, keep_blank_values=True) == [("text", text), ("last", "1")]
    assert parse_qsl((prepared.body or b"").decode(), keep_blank_values=True) == [
        ("text", text),
        ("sender", sender),
        ("last", "1"),
    ]
    written = "".join(f"{name}: {value}\r\n" for name, value in prepared.headers.items()) + "\r\n"
    read = parse_headers(BytesIO(written.encode("ascii")))
    assert set(read) == set(prepared.headers)
    body = HttpRequest(URL, json=JsonObject((("text", (Field("text"),)), ("mixed", ("<", Field("text"), ">")))))
    assert json.loads(prepare(body, [fields(text=text)], None).body or b"") == {"text": text, "mixed": f"<{text}>"}


@given(ANY_TEXT)
def test_a_header_is_one_line_of_ascii(value: str) -> None:
    safe = header_safe(value)
    assert safe.isascii()
    assert safe.isprintable()


@pytest.mark.deep
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT, lambda inner: st.lists(inner)))
def test_everything_can_be_text(value: object) -> None:
    assert isinstance(as_text(value), str)
    assert isinstance(render(("<", Field("options.a"), ">"), fields(options={"a": value})), str)
