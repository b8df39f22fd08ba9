"""Parameters from anywhere: whatever a client sends is read or refused."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import encode

from adapters.gateways.domain.parameters import Parameters, parameters
from router.refusal import Refusal

FORM = "application/x-www-form-urlencoded"
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)


def read(body: bytes, media: str | None = FORM, query: str = "") -> Mapping[str, Any]:
    request = make_mocked_request("POST", f"/x{query and '?'}{query}", {"Content-Type": media} if media else {})
    return parameters(request, body).values


@given(st.dictionaries(NAMES.filter(lambda name: not name.lstrip().startswith("{")), TEXTS, max_size=8))
def test_a_form_is_read_as_it_was_written(given: dict[str, str]) -> None:
    assert read(urlencode(given).encode()) == given


@given(st.dictionaries(NAMES, TEXTS | st.integers(-(2**53), 2**53) | st.booleans() | st.none(), max_size=8))
def test_json_is_read_whatever_it_is_called(given: dict[str, Any]) -> None:
    for media in (FORM, "application/json", "text/plain", None):
        assert read(encode(given), media) == given


@given(st.dictionaries(st.text("abc_{", min_size=1, max_size=8), TEXTS.filter(lambda text: "--x" not in text)))
def test_a_form_in_parts_is_read_as_it_was_written(given: dict[str, str]) -> None:
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in given.items()]
    body = ("".join(parts) + "--x--\r\n").encode()
    assert read(body, "multipart/form-data; boundary=x") == given


@given(TEXTS, TEXTS)
def test_the_body_wins(there: str, here: str) -> None:
    query = f"name={quote_plus(there)}&other=1"
    assert read(urlencode({"name": here}).encode(), query=query) == {"name": here, "other": "1"}


def refused(ask: Callable[[], Any]) -> tuple[str, str | None] | None:
    """The code and the field of a refusal, None where it was none and gave what it may."""
    try:
        found = ask()
    except Refusal as refusal:
        return refusal.code, refusal.field
    assert found is None or isinstance(found, str | int | Mapping)
    return None


@given(st.binary(max_size=200), st.sampled_from([FORM, "application/json", "multipart/form-data; boundary=x", None]))
def test_octets_are_read_or_refused(body: bytes, media: str | None) -> None:
    if (why := refused(partial(read, body, media))) is not None:
        assert why in {("invalid_json", None), ("invalid_request", None)}
        return
    known = Parameters(read(body, media))
    for name in known.values:
        for ask in (known.text, known.required, partial(known.whole, least=1, most=9)):
            assert refused(partial(ask, name)) in {None, ("invalid_request", name)}


PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
REFUSED = {
    "an array": (b"[1]", "application/json", "invalid_json"),
    "half an object": (b'{"a":', FORM, "invalid_json"),
    "deep": (b'{"a":' * 5000, FORM, "invalid_json"),
    "two objects": (b'{"a":1}{"b":2}', "application/json", "invalid_json"),
    "no UTF-8": (b'{"a":"\xff"}', "application/json", "invalid_json"),
    "half a pair": (b'{"a":"\\ud800"}', "application/json", "invalid_json"),
    "a form that is no UTF-8": (b"a=%ff", FORM, "invalid_request"),
    "a form of octets": (b"a=\xff", FORM, "invalid_request"),
    "parts without a boundary": (b"--x\r\n", "multipart/form-data", "invalid_request"),
    "parts without an end": (b"--x\r\n\r\n", "multipart/form-data; boundary=x", "invalid_request"),
    "parts of octets": (PART + b"\xff\r\n--x--", "multipart/form-data; boundary=x", "invalid_request"),
    "many": (b"&".join(b"a%d=1" % n for n in range(1001)), FORM, "invalid_request"),
    "many in JSON": (encode({f"a{n}": 1 for n in range(1001)}), FORM, "invalid_request"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused(case: str) -> None:
    body, media, code = REFUSED[case]
    with pytest.raises(Refusal) as raised:
        read(body, media)
    assert raised.value.code in (code, "invalid_request")


@pytest.mark.parametrize("body", [b"", b"  ", b"\r\n", b"{}", b"&", b"=", b"a"])
def test_next_to_nothing_is_read(body: bytes) -> None:
    assert set(read(body)) <= {"", "a"}


def test_the_last_of_one_name_counts() -> None:
    assert read(b"a=1&a=2", query="b=1&b=2") == {"a": "2", "b": "2"}


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "x"), (" x ", " x "), (7, "7"), (-7, "-7"), ("", None), (None, None), (10**30, str(10**30))],
)
def test_texts(value: Any, text: str | None) -> None:
    assert Parameters({"a": value}).text("a") == text


@pytest.mark.parametrize("value", [True, False, 1.5, [], ["x"], {}, {"a": 1}])
def test_what_is_no_text(value: Any) -> None:
    with pytest.raises(Refusal) as raised:
        Parameters({"a": value}).text("a")
    assert raised.value.detail == "The a must be a string."
