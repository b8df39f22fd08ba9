"""Bodies as large as they may be that hold nothing of use: what is refused is refused at once, whatever is in it."""

import json
from typing import Any

import pytest

from adapters.http.parse import DEEPEST_OPTIONS, MOST_OPTIONS, parse_batch, parse_submit
from router.message import EncodingWish
from router.operator import TextRules
from router.refusal import Refusal
from router.text.segment import segment

MAX_BODY = 4 * 1024 * 1024
GOOD = {"to": "+237670000001", "text": "Hello"}


def nested(levels: int, inner: Any = 1) -> Any:
    for level in range(levels):
        inner = {"a": inner} if level % 2 else [inner]
    return inner


def parsed(options: Any) -> str | None:
    """None where options are taken, else code, field and reason."""
    try:
        parse_submit(json.dumps({**GOOD, "options": options}).encode())
    except Refusal as refused:
        return f"{refused.code} {refused.field}: {refused.detail}"
    return None


@pytest.mark.parametrize("inner", [1, "x", [], {}, None])
def test_options_may_be_so_deep_and_no_deeper(inner: Any) -> None:
    is_level = isinstance(inner, list | dict)
    assert parsed({"a": nested(DEEPEST_OPTIONS - 1 - is_level, inner)}) is None
    detail = parsed({"a": nested(DEEPEST_OPTIONS - is_level, inner)})
    assert detail is not None
    assert detail.startswith("invalid_request options: ")
    assert "levels" in detail


@pytest.mark.parametrize(
    ("number", "taken"), [(2**63 - 1, True), (-(2**63), True), (2**63, False), (-(2**63) - 1, False), (10**400, False)]
)
def test_integers_are_those_that_can_be_kept(number: int, taken: bool) -> None:
    for options in ({"a": number}, {"a": [[{"b": number}]]}, {"a": [0] * 99 + [number]}):
        detail = parsed(options)
        assert (detail is None) is taken
        assert taken or "64 bits" in str(detail)


def test_options_may_take_so_many_octets_and_not_one_more() -> None:
    for value in ("x", [], 1, {}):
        fits = {"a": [value] * ((MOST_OPTIONS - 20) // (len(json.dumps(value)) + 1)), "b": ""}
        fits["b"] = "y" * (MOST_OPTIONS - len(json.dumps(fits, separators=(",", ":"))))
        assert parsed(fits) is None
        fits["b"] += "y"
        assert "octets" in str(parsed(fits))


@pytest.fixture
def uncut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails where a text comes as far as being cut."""

    def cut(*_: object) -> None:
        raise AssertionError("it was cut")

    monkeypatch.setattr("router.text.segment._segmentation", cut)


@pytest.mark.parametrize("character", ["a", "€", "ж", "ç", "👋🏽", "e\u0301", "\u0301", "ක්‍", "🇨🇲", "\0", "\u200b", "“"])
@pytest.mark.parametrize("wish", list(EncodingWish))
@pytest.mark.parametrize("transliterate", [False, True])
def test_a_text_of_megabytes_is_refused_at_once(
    character: str, wish: EncodingWish, transliterate: bool, uncut: None
) -> None:
    text = character * (MAX_BODY // len(character.encode()))
    submit = parse_submit(json.dumps({**GOOD, "text": text}, ensure_ascii=False).encode())
    assert submit.text is not None
    with pytest.raises(Refusal) as refused:
        segment(submit.text, wish, TextRules(), 10, transliterate)
    assert refused.value.code == "too_long"


@pytest.mark.deep
def test_many_texts_that_are_too_long_are_refused_with_what_they_need() -> None:
    """A thousand in one batch, each as long as what fits in GSM and twice what fits in UCS-2."""
    items = parse_batch(json.dumps({"messages": [{**GOOD, "text": "ж" * 1530}] * 1000}, ensure_ascii=False).encode())
    for item in items:
        with pytest.raises(Refusal, match="need 23 short messages; at most 10"):
            segment(item.text or "", EncodingWish.AUTO, TextRules(), 10)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a" * 1530, 10), ("a" * 160, 1), ("€" * 760, 10), ("ж" * 670, 10), ("ж" * 70, 1), ("a" * 39_015, 255)],
)
def test_what_just_fits_is_taken(text: str, parts: int) -> None:
    assert segment(text, EncodingWish.AUTO, TextRules(), parts).count == parts
    with pytest.raises(Refusal) as refused:
        segment(text + text[0], EncodingWish.AUTO, TextRules(), parts)
    assert refused.value.code == "too_long"


def test_look_alikes_that_make_it_fit_are_found() -> None:
    text = "a\u200b" * 160
    cut = segment(text, EncodingWish.AUTO, TextRules(), 1, transliterate=True)
    assert (cut.count, cut.transliterated, cut.segments[0].text) == (1, True, "a" * 160)
