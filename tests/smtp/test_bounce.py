"""Delivery status notifications as servers write them, and whatever else may be posted in their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.smtp.bounce import MOST, read_bounce
from router.operator import ReceiptRules
from router.receipt import Receipt, ReceiptState
from tests.smtp.server import Mail, notification
from tests.smtp.values import ID

NOW = 1_767_225_607_000
RULES = ReceiptRules()

MAIL = Mail(
    "news@acme.example",
    "ann@shop.example",
    f"From: news@acme.example\r\nMessage-ID: <{ID}@acme.example>\r\n\r\nHello\r\n".encode(),
    {"RET": "HDRS", "ENVID": f"{ID}@acme.example"},
    {"NOTIFY": "SUCCESS,FAILURE", "ORCPT": "rfc822;ann@shop.example"},
    1,
)

POSTFIX = f"""\
Return-Path: <>
Received: by mail.example (Postfix)
\tid 4F2A1; Thu,  1 Jan 2026 00:00:09 +0000 (UTC)
Date: Thu,  1 Jan 2026 00:00:09 +0000 (UTC)
From: MAILER-DAEMON@mail.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: news@acme.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F2A1.1767225609/mail.example"
Content-Transfer-Encoding: 8bit

This is a MIME-encapsulated message.

--4F2A1.1767225609/mail.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

<ann@shop.example>: host mx.shop.example said: 550 5.1.1 no such user

--4F2A1.1767225609/mail.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Original-Envelope-Id: {ID}@acme.example
Reporting-MTA: dns; mail.example
X-Postfix-Queue-ID: 4F2A1
X-Postfix-Sender: rfc822; news@acme.example
Arrival-Date: Thu,  1 Jan 2026 00:00:01 +0000 (UTC)

Final-Recipient: rfc822; ann@shop.example
Original-Recipient: rfc822;ann@shop.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.shop.example
Diagnostic-Code: smtp; 550 5.1.1 no such user

--4F2A1.1767225609/mail.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <news@acme.example>
From: news@acme.example
Subject: =?utf-8?b?0J/RgNC40LLQtdGC?=
Message-ID: <{ID}@acme.example>

--4F2A1.1767225609/mail.example--
"""


def receipts(raw: str | bytes, rules: ReceiptRules = RULES) -> list[Receipt]:
    return read_bounce(raw.encode() if isinstance(raw, str) else raw, "mail", NOW, rules)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_what_postfix_writes(ends: str) -> None:
    (receipt,) = receipts(POSTFIX.replace("\n", ends))
    assert receipt == Receipt(
        "mail", (f"{ID}@acme.example",), ReceiptState.UNDELIVERED, "ann@shop.example", NOW, "FAILED", "5.1.1"
    )


@pytest.mark.parametrize(
    ("action", "status", "state", "error"),
    [
        ("delivered", "2.0.0", ReceiptState.DELIVERED, None),
        ("Delivered", "2.1.5 (ok)", ReceiptState.DELIVERED, None),
        ("relayed", "2.0.0", ReceiptState.ACCEPTED, "2.0.0"),
        ("expanded", "2.0.0", ReceiptState.ACCEPTED, "2.0.0"),
        ("delayed", "4.4.1", ReceiptState.ENROUTE, "4.4.1"),
        ("failed", "5.7.1", ReceiptState.UNDELIVERED, "5.7.1"),
        ("failed", "4.4.7", ReceiptState.EXPIRED, "4.4.7"),
        ("failed", "5.4.7", ReceiptState.EXPIRED, "5.4.7"),
        ("failed", "what", ReceiptState.UNDELIVERED, None),
    ],
)
def test_actions(action: str, status: str, state: ReceiptState, error: str | None) -> None:
    (receipt,) = receipts(notification(MAIL, action, status))
    assert (receipt.state, receipt.error, receipt.stat) == (state, error, action.upper())
    assert receipt.done_at == 1_767_225_607_000
    assert receipt.smsc_message_ids == (f"{ID}@acme.example",)


def test_the_operators_own_meaning_of_a_word() -> None:
    rules = ReceiptRules(words={"RELAYED": ReceiptState.DELIVERED})
    (receipt,) = receipts(notification(MAIL, "relayed", "2.0.0"), rules)
    assert receipt.state is ReceiptState.DELIVERED


def test_no_envelope_id() -> None:
    """A server without DSN on the way: only the headers that came back tell."""
    raw = POSTFIX.replace(f"Original-Envelope-Id: {ID}@acme.example\n", "").replace("Original-Recipient", "X-Nothing")
    (receipt,) = receipts(raw)
    assert (receipt.smsc_message_ids, receipt.to) == ((f"{ID}@acme.example",), "ann@shop.example")


def test_the_whole_mail_came_back() -> None:
    raw = POSTFIX.replace(f"Original-Envelope-Id: {ID}@acme.example\n", "")
    (receipt,) = receipts(
        raw.replace("text/rfc822-headers", "message/rfc822").replace(
            "\n\n--4F2A1.1767225609/mail.example--", "\n\nHello\n\n--4F2A1.1767225609/mail.example--"
        )
    )
    assert receipt.smsc_message_ids == (f"{ID}@acme.example",)


def test_several_recipients() -> None:
    block = "Final-Recipient: rfc822; Bob@SHOP.example\nAction: delivered\nStatus: 2.0.0\n\n"
    raw = POSTFIX.replace(
        "\n--4F2A1.1767225609/mail.example\nContent-Description: Undelivered",
        f"\n{block}\n--4F2A1.1767225609/mail.example\nContent-Description: Undelivered",
    )
    assert [(one.to, one.state.value) for one in receipts(raw)] == [
        ("ann@shop.example", "undelivered"),
        ("Bob@shop.example", "delivered"),
    ]


def test_addresses_of_rfc_6533() -> None:
    raw = POSTFIX.replace("rfc822;ann@", "utf-8;анна@").replace(
        "message/delivery-status", "message/global-delivery-status"
    )
    (receipt,) = receipts(raw)
    assert receipt.to == "анна@shop.example"


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("Action: failed", "Action: exploded"),
        ("Action: failed\n", ""),
        ("message/delivery-status", "text/plain"),
        (ID, "nothing here"),
        ("rfc822;", "x400;"),
        ("ann@shop.example", "not an address"),
        ("multipart/report", "text/plain"),
        ("boundary=", "border="),
        ("Content-Type: multipart", "Content-Sort: multipart"),
    ],
)
def test_what_says_nothing(was: str, becomes: str) -> None:
    raw = POSTFIX.replace(was, becomes)
    assert raw != POSTFIX
    if was == "rfc822;":
        raw = raw.replace("rfc822; ", "x400; ")
    assert receipts(raw) == []


def test_too_large() -> None:
    assert receipts(POSTFIX + "x" * MOST) == []


@given(st.binary(max_size=4000))
def test_any_octets(raw: bytes) -> None:
    assert receipts(raw) == []


@given(st.data())
def test_damage(data: st.DataObject) -> None:
    raw = bytearray(POSTFIX.encode())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw) - 1))
        length = data.draw(st.integers(0, 40))
        raw[at : at + length] = data.draw(st.binary(max_size=40))
    for receipt in receipts(bytes(raw)):
        assert receipt.to.isprintable()
        assert all(one.isprintable() and len(one) <= 320 for one in receipt.smsc_message_ids)
        assert receipt.stat.isprintable()


HEADER = st.sampled_from(
    ["Content-Type", "Original-Envelope-Id", "Final-Recipient", "Action", "Status", "Message-ID", "Last-Attempt-Date"]
)


@given(st.lists(st.tuples(HEADER, st.text(max_size=60)), max_size=8))
def test_any_fields(fields: list[tuple[str, str]]) -> None:
    block = "".join(f"{name}: {value}\n" for name, value in fields)
    raw = POSTFIX.replace("Action: failed\n", f"Action: failed\n{block}")
    for receipt in receipts(raw.encode("utf-8", "surrogatepass")):
        assert receipt.to.isprintable()


@pytest.mark.deep
def test_boxes_in_boxes() -> None:
    raw = "".join(f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(5000))
    assert receipts(raw) == []
