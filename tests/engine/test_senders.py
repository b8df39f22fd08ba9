import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.engine.senders import check_sender
from router.operator import Addressing
from router.refusal import Refusal
from router.sender import SenderKind, sender_kind

NAME, CODE, NUMBER = SenderKind.ALPHANUMERIC, SenderKind.SHORTCODE, SenderKind.INTERNATIONAL


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        ("ACME", NAME),
        ("A", NAME),
        ("Acme Bank 24", None),  # 12
        ("Acme Bank24", NAME),
        ("é@£$Δ_ à!?", NAME),
        ("12345€", NAME),
        ("€€€€€", NAME),
        ("€€€€€a", NAME),
        ("€€€€€€", None),  # 12 septets
        ("€€€€€aa", None),
        ("+ACME", NAME),
        ("12a", NAME),
        ("123", CODE),
        ("8080", CODE),
        ("12345678", CODE),
        ("237671234567", NUMBER),
        ("+237671234567", NUMBER),
        ("+447911123456", NUMBER),
        ("+237123", None),  # too short to be one
        ("+123", None),
        ("999999999", None),  # no such country
        ("0237671234567", None),
        ("1234567890123456", None),  # neither a number nor a name
        ("+1234567890123456", None),
        ("", None),
        ("  ", None),
        ("AC\nME", None),
        ("ACME\r", None),
        ("ACME\x00", None),
        ("AC\tME", None),
        ("ACME\x1b", None),
        ("АСМЕ", None),  # Cyrillic
        ("ACME“", None),
        ("😀", None),
        ("\ud83d", None),
        ("²³4", None),
        ("٨٠٨٠", None),
    ],
)
def test_senders(sender: str, kind: SenderKind | None) -> None:
    if kind is not None:
        assert check_sender(sender) is kind
        return
    with pytest.raises(Refusal) as refused:
        check_sender(sender)
    assert (refused.value.code, refused.value.field) == ("sender_not_allowed", "from")


@given(st.text(max_size=16))
def test_anything_is_of_one_kind_or_refused(sender: str) -> None:
    try:
        kind = check_sender(sender)
    except Refusal:
        return
    assert kind is sender_kind(sender)


def test_every_kind_has_its_addressing() -> None:
    for kind in SenderKind:
        assert hasattr(Addressing(), kind.value)
