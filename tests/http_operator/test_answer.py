"""Answers of carriers: what each means."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http_operator.answer import STATUSES, Answered, Reader
from router.http_calls import Answer, Batch, Pick
from router.outcome import Fault, Outcome, OutcomeKind
from tests.http_operator.values import operator

JSON_ANSWER = Answer(
    check=Pick("json", ("status",)), values=("0", "ok"), id=Pick("json", ("id",)), code=Pick("json", ("error", "code"))
)
A, T, F, R, U = (
    OutcomeKind.ACCEPTED,
    OutcomeKind.THROTTLED,
    OutcomeKind.FAILED,
    OutcomeKind.REJECTED,
    OutcomeKind.UNKNOWN,
)


def outcome(answer: Answer, status: int, body: Any, headers: dict[str, str] | None = None, **link: Any) -> Outcome:
    of = operator(answer=answer, **link)
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reader(of, of.link).outcomes(Answered(status, headers or {}, octets), ["+237670000001"])[0]


@pytest.mark.parametrize(
    ("status", "body", "kind", "id"),
    [
        (200, {"status": "ok", "id": "a1"}, A, "a1"),
        (201, {"status": 0, "id": 17}, A, "17"),
        (202, {"status": "ok"}, A, None),
        (200, {"status": "ok", "id": "x" * 256}, A, None),
        (200, {"status": "ok", "id": {"no": "text"}}, A, None),
        (200, {"status": "5"}, R, None),
        (200, {"status": "no", "error": {"code": "7"}}, R, None),
        (200, {}, U, None),
        (200, [], U, None),
        (200, b"", U, None),
        (200, b"<html>", U, None),
        (200, b"[" * 100_000, U, None),
        (200, b"\xff\xfe", U, None),
    ],
)
def test_success(status: int, body: Any, kind: OutcomeKind, id: str | None) -> None:
    found = outcome(JSON_ANSWER, status, body)
    assert (found.kind, found.smsc_message_id) == (kind, id)


@pytest.mark.parametrize(
    ("answer", "body", "headers", "id"),
    [
        (Answer(id=Pick("header", word="X-Id")), b"", {"x-id": "h1"}, "h1"),
        (Answer(id=Pick("header", word="X-Id")), b"", {}, None),
        (Answer(id=Pick("regex", word=r"ID: (\w+)")), b"OK ID: r1 more", {}, "r1"),
        (Answer(id=Pick("regex", word=r"[0-9]{3}")), b"id 123", {}, "123"),
        (Answer(id=Pick("json", ("messages", "0", "id"))), {"messages": [{"id": "j1"}]}, {}, "j1"),
        (Answer(check=Pick("regex", word="^OK"), id=Pick("regex", word=r"(\d+)$")), b"OK 5", {}, "5"),
        (Answer(check=Pick("json", ("ok",))), {"ok": True}, {}, None),
    ],
)
def test_where_the_id_stands(answer: Answer, body: Any, headers: dict[str, str], id: str | None) -> None:
    found = outcome(answer, 200, body, headers)
    assert (found.kind, found.smsc_message_id) == (A, id)


@pytest.mark.parametrize(
    ("status", "kind", "fault"),
    [
        (301, R, Fault.UNCLEAR),
        (400, R, Fault.UNCLEAR),
        (401, R, Fault.ACCOUNT),
        (402, R, Fault.ACCOUNT),
        (403, R, Fault.ACCOUNT),
        (404, R, Fault.UNCLEAR),
        (408, F, Fault.OPERATOR),
        (413, R, Fault.OPERATOR),
        (418, R, Fault.UNCLEAR),
        (422, R, Fault.UNCLEAR),
        (429, T, Fault.RATE),
        (500, F, Fault.OPERATOR),
        (502, F, Fault.OPERATOR),
        (503, F, Fault.OPERATOR),
        (504, U, Fault.OPERATOR),
        (507, F, Fault.OPERATOR),
        (599, F, Fault.OPERATOR),
        (999, R, Fault.UNCLEAR),
    ],
)
def test_statuses(status: int, kind: OutcomeKind, fault: Fault) -> None:
    found = outcome(JSON_ANSWER, status, b"")
    assert (found.kind, found.fault, found.code, found.status) == (kind, fault, None, str(status))
    assert STATUSES.keys() >= {400, 401, 429, 500, 503}


@pytest.mark.parametrize(
    ("override", "kind", "fault"),
    [
        ("retry", F, Fault.OPERATOR),
        ("next", R, Fault.OPERATOR),
        ("reject", R, Fault.MESSAGE),
        ("throttle", T, Fault.RATE),
        ("account", R, Fault.ACCOUNT),
    ],
)
def test_what_the_link_says_wins(override: Any, kind: OutcomeKind, fault: Fault) -> None:
    by_code = outcome(JSON_ANSWER, 400, {"error": {"code": 21}}, codes={"21": override}, errors={400: "next"})
    assert (by_code.kind, by_code.fault, by_code.code) == (kind, fault, "21")
    by_status = outcome(JSON_ANSWER, 400, {"error": {"code": 22}}, codes={"21": "next"}, errors={400: override})
    assert (by_status.kind, by_status.fault) == (kind, fault)
    in_a_success = outcome(JSON_ANSWER, 200, {"status": "21"}, codes={"21": override})
    assert (in_a_success.kind, in_a_success.fault) == (kind, fault)


def test_words_of_the_carrier_are_not_repeated() -> None:
    """What it writes may hold the text of the message, and details are logged."""
    found = outcome(JSON_ANSWER, 400, {"error": {"code": "the text 'Hello you' is bad"}})
    assert "Hello" not in repr(found)


NUMBERS = ["+237670000001", "+237670000002", "+237670000001"]


@pytest.mark.parametrize(
    ("to", "results", "kinds"),
    [
        (None, [{"status": "ok", "id": 1}, {"status": "no"}, {"status": "ok"}], [A, R, A]),
        (None, [{"status": "ok", "id": 1}], [A, U, U]),
        (("to",), [{"to": "237670000002", "status": "ok"}, {"to": "237670000001", "status": "no"}], [R, A, U]),
        (("to",), [{"to": "+237 670000001", "status": "no"}, {"to": "237670000001", "status": "ok"}], [R, U, A]),
        (("to",), [{"to": ["odd"], "status": "ok"}, 7, None, "x"], [U, U, U]),
    ],
)
def test_results_of_a_batch(to: Any, results: list[Any], kinds: list[OutcomeKind]) -> None:
    of = operator(answer=JSON_ANSWER, batch=Batch(10, results=("results",), to=to))
    answered = Answered(200, {}, json.dumps({"results": results}).encode())
    assert [one.kind for one in Reader(of, of.link).outcomes(answered, NUMBERS)] == kinds


def test_one_answer_for_a_whole_batch() -> None:
    of = operator(answer=JSON_ANSWER, batch=Batch(10))
    for status, body, kind in ((200, {"status": "ok", "id": "b"}, A), (500, {}, F), (200, {"status": "no"}, R)):
        found = Reader(of, of.link).outcomes(Answered(status, {}, json.dumps(body).encode()), NUMBERS)
        assert [one.kind for one in found] == [kind] * 3


AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("5", 5.0),
        (" 0.5 ", 0.5),
        ("0", 0.0),
        ("999999", 3600.0),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        (format_datetime(AT + timedelta(seconds=30), usegmt=True), 30.0),
        (format_datetime(AT - timedelta(seconds=30), usegmt=True), 0.0),
    ],
)
def test_retry_after(written: str, seconds: float | None) -> None:
    assert Answered(429, {"retry-after": written}, b"").wait(AT) == seconds


@given(st.text(), st.integers(100, 599), st.binary())
def test_nothing_breaks_it(header: str, status: int, body: bytes) -> None:
    answered = Answered(status, {"retry-after": header}, body)
    wait = answered.wait(AT)
    assert wait is None or 0 <= wait <= 3600
    of = operator(answer=JSON_ANSWER, batch=Batch(2, results=("a", "*", "b"), to=("to",)))
    assert len(Reader(of, of.link).outcomes(answered, ["+1", "+2"])) == 2


KEYS = st.sampled_from(["status", "id", "error", "code", "to", "r"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
)


@pytest.mark.deep
@given(DOCUMENTS)
def test_no_document_breaks_it(document: Any) -> None:
    of = operator(answer=JSON_ANSWER, batch=Batch(2, results=("r",), to=("to",)))
    answered = Answered(200, {}, json.dumps(document).encode())
    for found in Reader(of, of.link).outcomes(answered, ["+1", "+2"]):
        assert isinstance(found, Outcome)
