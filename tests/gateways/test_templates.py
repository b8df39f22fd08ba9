"""Placeholders: one pass, no nesting, nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.gateway.records import Contact
from router.gateway.templates import of_contact, placeholders, render, written

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)


@given(
    pieces=st.lists(st.tuples(st.text(st.characters(exclude_characters="{}")), NAMES)),
    values=st.dictionaries(NAMES, st.text()),
)
def test_filled_in(pieces, values) -> None:
    """TX-28: what is there is put in as it is, what is missing stays as {{name}}."""
    text = "".join(f"{before}{{{{ {name} }}}}" for before, name in pieces)
    rendered = render(text, values)
    assert rendered.text == "".join(before + values.get(name, f"{{{{{name}}}}}") for before, name in pieces)
    names = list(dict.fromkeys(name for _, name in pieces))
    assert placeholders(text) == names
    assert rendered.missing == [name for name in names if name not in values]


@given(text=st.text("{}ab_ 1\t\n") | st.text())
def test_any_text_is_a_template(text) -> None:
    names = placeholders(text)
    assert render(text, dict.fromkeys(names, "")).missing == []
    assert render(text, {}).missing == names
    if not names:
        assert render(text, {"a": "x"}).text == text


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{a}}", "1"),
        ("{{  a  }}", "1"),
        ("{{{a}}}", "{1}"),
        ("{{{{a}}}}", "{{1}}"),
        ("{{a}", "{{a}"),
        ("{a}}", "{a}}"),
        ("{{a b}}", "{{a b}}"),
        ("{{\ta}}", "{{\ta}}"),
        ("{{1a}}", "{{1a}}"),
        ("{{é}}", "{{é}}"),
        ("{{}}", "{{}}"),
        ("{{A}}", "{{A}}"),
        ("{{b}}{{a}}", "{{a}}1"),
    ],
)
def test_what_is_a_placeholder(text, filled) -> None:
    """TX-28."""
    assert render(text, {"a": "1", "b": "{{a}}"}).text == filled


def test_values() -> None:
    given = {"a": "x", "b": 5, "c": 2.5, "d": True, "e": False, "f": None, "g": 10**20, "h": ""}
    assert written(given) == {
        "a": "x", "b": "5", "c": "2.5", "d": "true", "e": "false", "g": "100000000000000000000", "h": "",
    }  # fmt: skip


def test_a_contact_fills_in() -> None:
    """TX-11."""
    contact = Contact(
        1, "acme", 0, 0, "+237670000001", None, "Ada", None, {"city": "Douala", "firstName": "x", "n": None}
    )
    assert of_contact(contact) == {
        "firstName": "Ada", "fullName": "Ada", "phoneNumber": "+237670000001", "city": "Douala",
    }  # fmt: skip
