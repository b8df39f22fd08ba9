"""What of a message's text and options an email carries."""

from typing import Any

import pytest

from router.refusal import Refusal
from router.text.email import MOST, Email, email_of


def test_nothing_but_a_text() -> None:
    assert email_of("Hello", None) == email_of("Hello", {}) == Email("Hello")


def test_everything() -> None:
    options = {
        "subject": "Ваш заказ",
        "html": "<p>\nHé</p>",
        "reply_to": "Help@ACME.example",
        "from_name": "Магазин",
        "dlt_entity_id": 17,
    }
    assert email_of("Hello", options) == Email("Hello", "Ваш заказ", "<p>\nHé</p>", "Help@acme.example", "Магазин")


@pytest.mark.parametrize("name", ["subject", "html", "reply_to", "from_name"])
@pytest.mark.parametrize("value", [1, 1.5, True, [], ["a"], {"a": 1}, ""])
def test_options_are_text(name: str, value: Any) -> None:
    with pytest.raises(Refusal) as refused:
        email_of("Hello", {name: value})
    assert (refused.value.code, refused.value.field) == ("invalid_request", f"options.{name}")


def test_no_more_than_can_be_kept() -> None:
    assert email_of("x" * (MOST - 10), {"html": "y" * 10})
    for text, options, field in (
        ("x" * (MOST + 1), None, "text"),
        ("é" * (MOST // 2 + 1), None, "text"),
        ("x" * (MOST - 10), {"html": "y" * 11}, "options.html"),
        ("x" * (MOST - 10), {"html": "y" * 10, "subject": "s"}, "options.subject"),
    ):
        with pytest.raises(Refusal) as refused:
            email_of(text, options)
        assert (refused.value.code, refused.value.field) == ("too_long", field)


@pytest.mark.parametrize(
    ("text", "options"), [("\ud800", None), ("a", {"html": "\ud800"}), ("a", {"subject": "\ud800"})]
)
def test_half_of_a_pair(text: str, options: dict[str, Any] | None) -> None:
    with pytest.raises(Refusal) as refused:
        email_of(text, options)
    assert refused.value.code == "not_encodable"
