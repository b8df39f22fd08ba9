"""Whatever stands in the files, a load ends in Settings or in ConfigErrors, and every error can be printed."""

import contextlib
import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.config_yaml import ConfigErrors, load, words
from tests.config.conftest import ENVIRON, FILES

pytestmark = pytest.mark.deep

FUZZ = int(os.environ.get("FUZZ", "60"))  # examples; more by hand
TEXT_FILES = ["router.yaml", "operators/mtn-cm.yaml", "routes.yaml", "accounts.yaml", "rates/mtn-cm.csv"]

NASTY = [
    "",
    "~",
    "-",
    "{}",
    "[]",
    "[[]]",
    "{a: {}}",
    "[~, {}, [], x]",
    "{~: ~}",
    "0",
    "-1",
    "1e999",
    ".nan",
    "9" * 400,
    "0x" + "F" * 40,
    "2027-13-45",
    "yes",
    "=",
    "<<",
    "*x",
    "&x y",
    "!x y",
    "!!binary x",
    "!!bool x",
    "!!null x",
    "!!set {a}",
    '"\\uD800"',
    '"\\UFFFFFFFF"',
    '"\\0"',
    '"${X"',
    "${EMPTY}",
    "file:",
    "file:/",
    '"file:\\uD800"',
    "sha256:",
    "whsec_",
    "whsec_é",
    "sqlite:////",
    "https://[",
    "http://a:99999999",
    "٣",
    "é" * 500,
    "|\n      x",
    "? [a]\n  : b",
    "\t",
]


def outcome(files: dict[str, str | bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        errors = []
        try:
            load(Path(folder) / "router.yaml", ENVIRON)
        except ConfigErrors as refused:
            errors = refused.errors or ["a refusal without an error"]
        assert errors == sorted(errors)
        for error in errors:
            assert error.line >= 1
            assert "\n" not in str(error)
            str(error).encode()


@pytest.mark.parametrize("file", TEXT_FILES)
@given(
    content=st.one_of(st.text(max_size=60), st.binary(max_size=60), st.text("[]{}:,-&*!|>'\"%@#? \n\tab1", max_size=60))
)
@settings(max_examples=FUZZ // 4, deadline=None)
def test_anything_for_a_file(file: str, content: str | bytes) -> None:
    outcome(FILES | {file: content})


@given(data=st.data())
@settings(max_examples=FUZZ, deadline=None)
def test_something_else_for_a_value(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(TEXT_FILES[:-1]))
    lines = FILES[file].splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    key, colon, _ = lines[number].partition(":")
    lines[number] = f"{key}{colon} {data.draw(st.sampled_from(NASTY))}"
    outcome(FILES | {file: "\n".join(lines)})


@given(data=st.data())
@settings(max_examples=FUZZ, deadline=None)
def test_something_else_within_a_line(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(TEXT_FILES))
    text = FILES[file]
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(start + 12, len(text))))
    outcome(
        FILES | {file: text[:start] + data.draw(st.one_of(st.sampled_from(NASTY), st.text(max_size=4))) + text[stop:]}
    )


KEYS = [
    "accounts",
    "plans",
    "rules",
    "currencies",
    "base",
    "EUR",
    "operators",
    "match",
    "name",
    "token",
    "prices",
    "http",
]
SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("file", TEXT_FILES[:-1])
@given(shape=st.dictionaries(st.sampled_from(KEYS), SHAPES, max_size=4))
@settings(max_examples=FUZZ // 4, deadline=None)
def test_any_shape_under_known_keys(file: str, shape: dict[str, object]) -> None:
    outcome(FILES | {file: json.dumps(shape)})


PARSERS = [
    value
    for name, value in vars(words).items()
    if callable(value) and getattr(value, "__module__", "") == words.__name__ and name != "network_of"
]


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
@given(text=st.one_of(st.text(max_size=30), st.text("0123456789.:-+/TZsmhdMiB[]*@ahtp", max_size=24)))
@settings(max_examples=100, deadline=None)
def test_words_raise_only_value_errors(parse: object, text: str) -> None:
    assert callable(parse)
    with contextlib.suppress(ValueError):
        parse(text)


@given(seconds=st.decimals("0.001", 1000, places=3), unit=st.sampled_from(["ms", "s", "m", "h"]))
def test_durations(seconds: object, unit: str) -> None:
    factor = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]
    assert words.duration(f"{seconds}{unit}") == pytest.approx(float(str(seconds)) * factor)


@given(st.datetimes(), st.sampled_from(["Z", "z", "+00:00", "-00:00"]))
def test_moments_are_milliseconds(time: datetime, zone: str) -> None:
    milliseconds = words.moment(time.isoformat(timespec="milliseconds") + zone)
    exact = time.replace(tzinfo=UTC, microsecond=time.microsecond // 1000 * 1000)
    assert (exact - words.EPOCH).total_seconds() == pytest.approx(milliseconds / 1000, abs=1e-3)


@pytest.mark.parametrize("text", ["[" * 50_000, "- " * 50_000, "{a: " * 50_000, "&a [*a]", "a: &a {a: *a}"])
def test_nesting_without_end(text: str) -> None:
    outcome(FILES | {"routes.yaml": text})
