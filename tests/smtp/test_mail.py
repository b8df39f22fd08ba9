"""What a mail looks like on the wire, read back by the standard library's parser."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.smtp.mail import Mail, write_mail
from router.refusal import Refusal
from tests.smtp.values import ID, message

NOW = 1_767_225_607_123


def read(mail: Mail) -> EmailMessage:
    parsed = message_from_bytes(mail.content, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def checked(mail: Mail) -> EmailMessage:
    """What holds for every mail."""
    assert b"\r" not in mail.content.replace(b"\r\n", b"")
    assert b"\n" not in mail.content.replace(b"\r\n", b"")
    assert max(map(len, mail.content.split(b"\r\n"))) <= 998
    head = mail.content.partition(b"\r\n\r\n")[0]
    if not mail.utf8:
        assert mail.content.isascii()
        assert b"\0" not in mail.content
    parsed = read(mail)
    known = {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"}
    assert set(parsed.keys()) <= known | {"Content-Transfer-Encoding"}
    assert len(parsed.keys()) == len(set(parsed.keys())), head
    return parsed


def test_a_plain_one() -> None:
    mail = write_mail(message(options={"subject": "Hi"}), None, NOW)
    assert mail.content == (
        b"From: news@acme.example\r\nTo: ann@shop.example\r\nSubject: Hi\r\n"
        b"Date: Thu, 01 Jan 2026 00:00:07 +0000\r\n"
        b"Message-ID: <0190f2b3-4c5d-7e6f-8a9b-0c1d2e3f4a5b@acme.example>\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 7bit\r\nMIME-Version: 1.0\r\n\r\n'
        b"Hello\r\n"
    )
    assert (mail.sender, mail.to, mail.id, mail.utf8) == (
        "news@acme.example", "ann@shop.example", f"{ID}@acme.example", False,
    )  # fmt: skip


def test_html_is_the_second_alternative() -> None:
    options = {"html": "<p>Größe &amp; mehr</p>", "reply_to": "help@acme.example", "from_name": 'ACME, "Inc." Ж'}
    parsed = checked(write_mail(message(text="Größe", options=options), None, NOW))
    assert parsed.get_content_type() == "multipart/alternative"
    text, html = parsed.iter_parts()
    assert (text.get_content_type(), text.get_content().replace("\r\n", "\n")) == ("text/plain", "Größe\n")
    assert (html.get_content_type(), html.get_content().replace("\r\n", "\n")) == (
        "text/html",
        "<p>Größe &amp; mehr</p>\n",
    )
    assert parsed["Reply-To"].addresses[0].addr_spec == "help@acme.example"
    assert parsed["From"].addresses[0].display_name == 'ACME, "Inc." Ж'
    assert parsed["From"].addresses[0].addr_spec == "news@acme.example"


def test_the_same_id_every_time() -> None:
    assert write_mail(message(), None, NOW).id == write_mail(message(), None, NOW + 1000).id


def test_an_id_never_grows_too_long() -> None:
    domain = f"{'a' * 60}.{'b' * 60}.{'c' * 60}.example"
    mail = write_mail(message(sender=f"x@{domain}"), None, NOW)
    assert mail.id == f"{ID}@example"
    assert read(mail)["Message-ID"] == f"<{mail.id}>"
    assert write_mail(message(sender=f"x@{'b' * 55}.example"), None, NOW).id == f"{ID}@{'b' * 55}.example"


def test_the_longest_addresses() -> None:
    long = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 50}.example"
    mail = write_mail(message(to=long, sender=long, options={"reply_to": long}), None, NOW)
    parsed = checked(mail)
    assert [parsed[name].addresses[0].addr_spec for name in ("To", "From", "Reply-To")] == [long] * 3


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "é" * 50_000,
        "a\0b\x1b[31m\x7f",
        ".\n..\n.\r\n.",
        "one\rtwo\r\nthree\nfour\u2028five\x85six\x0bseven\x0ceight",
        "From the start\nFrom",
        "trailing space \n\ttab\t",
        "=20=\n=",
        "עברית العربية 😀\n" * 3000,
    ],
)
def test_texts_arrive_as_they_are(text: str) -> None:
    mail = write_mail(message(text=text, options={"html": text}), None, NOW)
    first, second = checked(mail).iter_parts()
    wanted = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    for part in (first, second):
        assert part.get_content().replace("\r\n", "\n") == wanted


@pytest.mark.parametrize("name", ["subject", "from_name"])
@pytest.mark.parametrize(
    "value",
    [
        "a\r\nBcc: eve@evil.example",
        "a\nBcc: eve@evil.example",
        "a\rBcc: eve@evil.example",
        "a\u2028Bcc: eve@evil.example",
        "a\x85Bcc: eve@evil.example",
        "a\x0bBcc: eve@evil.example",
        "a\x1cBcc: eve@evil.example",
        "a\0",
        "\n",
        "x" * 999,
    ],
)
def test_no_header_is_slipped_in(name: str, value: str) -> None:
    with pytest.raises(Refusal) as refused:
        write_mail(message(options={name: value}), None, NOW)
    assert (refused.value.code, refused.value.field) == ("invalid_request", f"options.{name}")


@pytest.mark.parametrize("value", ["a@b.example\r\nBcc: x@y.example", "a@b.example, x@y.example", "<a@b.example>", "a"])
def test_reply_to_is_one_address(value: str) -> None:
    with pytest.raises(Refusal) as refused:
        write_mail(message(options={"reply_to": value}), None, NOW)
    assert refused.value.field == "options.reply_to"


LINE = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\x85"), min_size=1, max_size=120
)


@given(LINE, LINE, st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_and_subject(subject: str, name: str, text: str) -> None:
    mail = write_mail(message(text=text, options={"subject": subject, "from_name": name}), None, NOW)
    parsed = checked(mail)
    assert " ".join(str(parsed["Subject"]).split()) == " ".join(subject.split())
    assert parsed["From"].addresses[-1].addr_spec == "news@acme.example"
    assert len(parsed["From"].addresses) == 1
    assert [one.addr_spec for one in parsed["To"].addresses] == ["ann@shop.example"]
    assert parsed.get_content().replace("\r\n", "\n").rstrip("\n") == text.replace("\r\n", "\n").replace(
        "\r", "\n"
    ).rstrip("\n")
