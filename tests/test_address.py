"""Addresses: what is taken, what is refused, and what tells them from numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.address import bare, digits, email_address, full, is_email
from router.refusal import Refusal
from router.routing.networks import country, network_name
from router.routing.quality import destination_of
from router.routing.recipient import recipient

TAKEN = [
    ("ann@shop.example", "ann@shop.example"),
    ("Ann.B+tag@Shop.EXAMPLE", "Ann.B+tag@shop.example"),
    ("+237670000001@shop.example", "+237670000001@shop.example"),
    ("o'brien!#$%&*/=?^_`{|}~-@x.example", "o'brien!#$%&*/=?^_`{|}~-@x.example"),
    ("x@bücher.example", "x@xn--bcher-kva.example"),
    ("x@BÜCHER.example", "x@xn--bcher-kva.example"),
    ("x@xn--bcher-kva.example", "x@xn--bcher-kva.example"),
    ("δοκιμή@παράδειγμα.δοκιμή", "δοκιμή@xn--hxajbheg2az3al.xn--jxalpdlp"),
    ("x@例え。テスト", "x@xn--r8jz45g.xn--zckzah"),
    ("x@3com.example", "x@3com.example"),
    (f"{'a' * 64}@x.example", f"{'a' * 64}@x.example"),
    (f"a@{'b' * 63}.example", f"a@{'b' * 63}.example"),
]

REFUSED = [
    "",
    "ann",
    "@",
    "ann@",
    "@shop.example",
    "ann@shop",
    "ann@@shop.example",
    "ann@b@shop.example",
    "a..b@shop.example",
    ".a@shop.example",
    "a.@shop.example",
    "a b@shop.example",
    '"a b"@shop.example',
    "a(b)@shop.example",
    "a,b@shop.example",
    "a;b@shop.example",
    "a:b@shop.example",
    "a\\b@shop.example",
    "<a@shop.example>",
    "Ann <a@shop.example>",
    "a@shop.example,b@shop.example",
    "a@shop.example> NOTIFY=NEVER",
    "a@shop.example\r\nRCPT TO:<eve@evil.example>",
    "a@shop.example\nBcc: eve@evil.example",
    "a\r\n@shop.example",
    "a\0@shop.example",
    "a@shop.example\0",
    "a\u2028b@shop.example",
    "a\u00a0b@shop.example",
    "a\u202eb@shop.example",
    "a\x85b@shop.example",
    "a\ud800b@shop.example",
    "a@shop.example ",
    " a@shop.example",
    "a@[192.0.2.1]",
    "a@192.0.2.1",
    "a@-shop.example",
    "a@shop-.example",
    "a@sh_op.example",
    "a@shop..example",
    "a@.example",
    "a@shop.example.",
    "a@xn--zzzzzz.example",
    "a@\u00ad.example",
    f"{'a' * 65}@x.example",
    f"{'ä' * 33}@x.example",
    f"a@{'b' * 64}.example",
    f"a@{'b.' * 124}example",
    f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 60}.example",
    "a@" + "ü" * 100_000,
]


@pytest.mark.parametrize(("written", "normalised"), TAKEN)
def test_taken(written: str, normalised: str) -> None:
    assert email_address(written) == normalised
    assert email_address(normalised) == normalised


@pytest.mark.parametrize("written", REFUSED)
def test_refused(written: str) -> None:
    with pytest.raises(Refusal) as answer:
        recipient(written, "email", "possible")
    assert (answer.value.code, answer.value.field) == ("invalid_address", "to")
    assert answer.value.detail.isprintable()


@given(st.text(max_size=80) | st.from_regex(r"[!-~]{1,70}@[a-z.-]{1,80}", fullmatch=True))
def test_whatever_is_taken_fits_on_a_line(written: str) -> None:
    try:
        taken = email_address(written)
    except ValueError:
        return
    assert taken.isprintable()
    assert not set(taken) & set(' <>,;:"()[]\\')
    assert taken.count("@") == 1
    assert len(taken.encode()) <= 254
    assert taken.rpartition("@")[2].isascii()
    assert email_address(taken) == taken
    assert full(bare(taken)) == taken


def test_a_number_and_an_address() -> None:
    assert recipient("+237 670 000 001", "sms", "possible") == "+237670000001"
    assert (digits("+237670000001"), bare("+237670000001"), full("237670000001")) == (
        "237670000001",
        "237670000001",
        "+237670000001",
    )
    assert not is_email("+237670000001")
    # What looks like a number before the @ is none.
    address = "+237670000001@shop.example"
    assert (digits(address), bare(address), full(address)) == ("", address, address)
    assert is_email(address)
    assert (country(address), network_name(address)) == (None, None)
    assert destination_of(None, address) == destination_of(None, "x@shop.example")


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "voice", "mms", "viber"])
def test_an_address_is_for_email_only(channel: str) -> None:
    with pytest.raises(Refusal) as refused:
        recipient("ann@shop.example", channel, "possible")
    assert refused.value.code == "invalid_number"


def test_a_number_is_not_for_email() -> None:
    with pytest.raises(Refusal) as refused:
        recipient("+237670000001", "email", "possible")
    assert refused.value.code == "invalid_address"
