"""What carriers send to us: who it is, what it says, and that nothing they send breaks it."""

import base64
import hmac
import json
from contextlib import suppress
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http_operator.callbacks import STATES, CallbackReader, Read
from adapters.http_operator.documents import MOST_ITEMS, Unreadable, read_multipart
from adapters.http_operator.genuine import Forged
from router.http_calls import Callbacks, Challenge, Fits, InboundShape, ReceiptShape, Secret, Signature, Signed
from router.inbound import Media
from router.ports.operators import Callback
from router.receipt import ReceiptState
from router.text.received import read_text

NOW = 1_767_225_600_000
HERE = Secret("query", "s3cret", "token")
RECEIPT = ReceiptShape(("status",), (("id",),), to=("to",), error=("error",), at=("at",))
INBOUND = InboundShape(("from",), ("to",), text=(("text",), ("caption",)))


def callback(body: Any = b"", *, query: dict[str, str] | None = None, **changes: Any) -> Callback:
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"method": "POST", "secret": "", "headers": {}, "peer": "192.0.2.1"}
    return Callback(**(given | {"query": {"token": "s3cret"} if query is None else query, "body": octets} | changes))


def read(body: Any = b"", rules: Callbacks | None = None, **changes: Any) -> Read:
    rules = rules or Callbacks(secret=HERE, receipts=RECEIPT, inbound=INBOUND)
    return CallbackReader("carrier", rules).read(callback(body, **changes), NOW)


# --- who it is -----------------------------------------------------------------------------------------------

BODY = b'{"id": "1", "status": "delivered"}'


def signed(algorithm: str, secret: bytes = b"k") -> bytes:
    return hmac.digest(secret, BODY, algorithm)


KEY = Signature("X-Sig", b"k", "sha256", "hex", "sha256=")
GENUINE = {"x-sig": "sha256=" + signed("sha256").hex()}


@pytest.mark.parametrize(
    ("rules", "given", "genuine"),
    [
        ({"secret": HERE}, {}, True),
        ({"secret": HERE}, {"query": {}}, False),
        ({"secret": HERE}, {"query": {"token": "S3cret"}}, False),
        ({"secret": HERE}, {"query": {"token": "s3cret\ud800"}}, False),
        ({"secret": HERE}, {"secret": "s3cret"}, False),
        ({"secret": Secret("path", "abc")}, {"secret": "abc"}, True),
        ({"secret": Secret("path", "abc")}, {"secret": ""}, False),
        ({"secret": Secret("path", "abc")}, {"secret": "abcd"}, False),
        ({"secret": Secret("header", "abc", "X-Key")}, {"headers": {"x-key": "abc"}}, True),
        ({"secret": Secret("header", "abc", "X-Key")}, {"headers": {"x-other": "abc"}}, False),
        ({"signature": KEY}, {"headers": GENUINE}, True),
        ({"signature": KEY}, {"headers": {"x-sig": GENUINE["x-sig"].upper()}}, False),
        ({"signature": KEY}, {"headers": {"x-sig": "sha256=" + signed("sha256").hex().upper()}}, True),
        ({"signature": KEY}, {"headers": {"x-sig": "sha256=" + signed("sha256", b"other").hex()}}, False),
        ({"signature": KEY}, {"headers": {"x-sig": signed("sha256").hex()}}, False),
        ({"signature": KEY}, {"headers": {"x-sig": "sha256="}}, False),
        ({"signature": KEY}, {"headers": {"x-sig": "sha256=zz"}}, False),
        ({"signature": KEY}, {}, False),
        ({"signature": KEY}, {"headers": GENUINE, "body": BODY + b" "}, False),
        (
            {"signature": Signature("X-Sig", b"k", "sha1", "base64")},
            {"headers": {"x-sig": base64.b64encode(signed("sha1")).decode()}},
            True,
        ),
        ({"signature": Signature("X-Sig", b"k", "sha512", "base64")}, {"headers": {"x-sig": "é==="}}, False),
        ({"networks": (ip_network("192.0.2.0/24"),)}, {}, True),
        ({"networks": (ip_network("192.0.2.0/24"),)}, {"peer": "::ffff:192.0.2.7"}, True),
        ({"networks": (ip_network("192.0.2.0/24"),)}, {"peer": "198.51.100.1"}, False),
        ({"networks": (ip_network("192.0.2.0/24"),)}, {"peer": "fe80::1%eth0"}, False),
        ({"networks": (ip_network("192.0.2.0/24"),)}, {"peer": ""}, False),
        ({"networks": (ip_network("192.0.2.0/24"),), "secret": HERE}, {}, True),
        ({"networks": (ip_network("192.0.2.0/24"),), "secret": HERE}, {"query": {}}, False),
        ({"networks": (ip_network("198.51.100.0/24"),), "secret": HERE}, {}, False),
        ({"signature": KEY, "secret": HERE}, {"headers": GENUINE, "query": {}}, False),
        ({"signature": KEY, "secret": HERE}, {"headers": GENUINE}, True),
    ],
)
def test_who_it_is(rules: dict[str, Any], given: dict[str, Any], genuine: bool) -> None:
    of = Callbacks(receipts=RECEIPT, **rules)
    given = {"body": BODY, **given}
    if genuine:
        assert len(read(rules=of, **given).receipts) == 1
    else:
        with pytest.raises(Forged):
            read(rules=of, **given)


FORM = b"To=%2B237670000001&MessageStatus=delivered&MessageSid=SM1"
TARGET = "/callbacks/twilio?ref=7"


def over(written: bytes, *pieces: Signed, given: dict[str, Any]) -> bool:
    """Whether a callback with the signature of what is written is taken."""
    rule = Signature("X-Sig", b"k", "sha1", "base64", over=pieces)
    shape = ReceiptShape(("MessageStatus",), (("MessageSid",),))
    rules = Callbacks("https://us.example/sms", signature=rule, receipts=shape)
    signature = base64.b64encode(hmac.digest(b"k", written, "sha1")).decode()
    media = given.pop("media", "application/x-www-form-urlencoded")
    headers = {"x-sig": signature, "x-time": "17", "content-type": media}
    try:
        return len(read(rules=rules, headers=headers, target=TARGET, **given).receipts) == 1
    except Forged:
        return False


TWILIO = (Signed("url"), Signed("form"))
TIMED = (Signed("text", "v0:"), Signed("header", "X-Time"), Signed("text", ":"), Signed("body"))
URL = b"https://us.example/sms" + TARGET.encode()
BY_NAME = b"MessageSidSM1MessageStatusdeliveredTo+237670000001"


@pytest.mark.parametrize(
    ("written", "pieces", "given", "genuine"),
    [
        (URL + BY_NAME, TWILIO, {"body": FORM}, True),
        (URL + BY_NAME, TWILIO, {"body": FORM.replace(b"SM1", b"SM2")}, False),
        (URL.replace(b"7", b"8") + BY_NAME, TWILIO, {"body": FORM}, False),
        (BY_NAME, TWILIO, {"body": FORM}, False),
        (URL, TWILIO, {"body": b"\xff=\xff"}, False),
        (URL, TWILIO, {"body": FORM, "media": "application/json"}, False),
        (b"v0:17:" + FORM, TIMED, {"body": FORM}, True),
        (b"v0:18:" + FORM, TIMED, {"body": FORM}, False),
        (FORM, (Signed("body"),), {"body": FORM}, True),
        # A signature of nothing would be one of everything that is said elsewhere.
        (b"", (Signed("body"),), {"query": {"MessageStatus": "delivered", "MessageSid": "SM1"}}, False),
        (b"v0:17:", TIMED, {"query": {"MessageStatus": "delivered", "MessageSid": "SM1"}}, False),
        (URL, (Signed("url"), Signed("body")), {"query": {"MessageStatus": "sent", "MessageSid": "SM1"}}, True),
    ],
)
def test_what_a_signature_is_over(
    written: bytes, pieces: tuple[Signed, ...], given: dict[str, Any], genuine: bool
) -> None:
    assert over(written, *pieces, given=given) is genuine


def test_a_challenge_is_echoed_to_whoever_knows_the_word() -> None:
    rules = Callbacks(signature=KEY, challenge=Challenge("hub.verify_token", "word", "hub.challenge"), receipts=RECEIPT)
    asked = {"hub.mode": "subscribe", "hub.verify_token": "word", "hub.challenge": "123"}
    assert read(rules=rules, method="GET", query=asked).challenge == "123"
    assert len(read(rules=rules, method="GET", query=asked | {"hub.challenge": "x" * 9999}).challenge or "") == 1024
    for query in (asked | {"hub.verify_token": "other"}, {"hub.challenge": "123"}, {}):
        with pytest.raises(Forged):
            read(rules=rules, method="GET", query=query)
    with pytest.raises(Forged):
        read(rules=rules, method="POST", query=asked)


def test_where_it_reaches_us() -> None:
    def url(secret: Secret | None) -> str | None:
        return CallbackReader("c", Callbacks("https://us.example", secret, receipts=RECEIPT)).url

    assert url(Secret("path", "abc")) == "https://us.example/callbacks/c/abc"
    assert url(Secret("query", "a&c", "t")) == "https://us.example/callbacks/c?t=a%26c"
    assert url(None) == "https://us.example/callbacks/c"
    assert CallbackReader("c", Callbacks(receipts=RECEIPT)).url is None


# --- receipts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"id": "a", "status": "delivered"}, ("a", ReceiptState.DELIVERED, "", None, None)),
        ({"id": 12, "status": "DELIVRD", "to": "+237 67 00"}, ("12", ReceiptState.DELIVERED, "2376700", None, None)),
        ({"id": "a", "status": "failed", "error": 30005}, ("a", ReceiptState.UNDELIVERED, "", "30005", None)),
        ({"id": "a", "status": "odd"}, ("a", ReceiptState.UNKNOWN, "", None, None)),
        ({"id": "a", "status": 3}, ("a", ReceiptState.UNKNOWN, "", None, None)),
        ({"id": " a ", "status": " sent "}, ("a", ReceiptState.ENROUTE, "", None, None)),
        ({"to": "237670", "status": "expired"}, (None, ReceiptState.EXPIRED, "237670", None, None)),
        ({"id": "a", "status": "ok", "at": NOW}, ("a", ReceiptState.DELIVERED, "", None, NOW)),
        ({"id": "a", "status": "ok", "at": NOW / 1000}, ("a", ReceiptState.DELIVERED, "", None, NOW)),
        ({"id": "a", "status": "ok", "at": str(NOW // 1000)}, ("a", ReceiptState.DELIVERED, "", None, NOW)),
        ({"id": "a", "status": "ok", "at": "2026-01-01T00:00:00Z"}, ("a", ReceiptState.DELIVERED, "", None, NOW)),
        ({"id": "a", "status": "ok", "at": "2026-01-01 01:00:00+01:00"}, ("a", ReceiptState.DELIVERED, "", None, NOW)),
        ({"id": "a", "status": "ok", "at": "2026-01-01 00:00:00"}, ("a", ReceiptState.DELIVERED, "", None, NOW)),
        ({"id": "a", "status": "ok", "at": "yesterday"}, ("a", ReceiptState.DELIVERED, "", None, None)),
        ({"id": "a", "status": "ok", "at": 1e300}, ("a", ReceiptState.DELIVERED, "", None, None)),
        ({"id": "a", "status": "ok", "at": -5}, ("a", ReceiptState.DELIVERED, "", None, None)),
        ({"id": "a", "status": "ok", "at": True}, ("a", ReceiptState.DELIVERED, "", None, None)),
    ],
)
def test_receipts(body: dict[str, Any], expected: tuple[Any, ...]) -> None:
    (receipt,) = read(body).receipts
    found = (next(iter(receipt.smsc_message_ids), None), receipt.state, receipt.to, receipt.error, receipt.done_at)
    assert found == expected
    assert receipt.received_at == NOW


@pytest.mark.parametrize(
    "body",
    [{}, [], {"id": "a"}, {"status": "delivered"}, {"id": None, "status": "ok"}, {"id": "a\0", "status": "ok"},
     {"id": "x" * 256, "status": "ok"}, {"id": "a", "status": "x" * 65}, {"id": "a", "status": ["ok"]}, 7, "text"],
)  # fmt: skip
def test_what_is_none(body: Any) -> None:
    assert read(body) == Read([], [])


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", b'{"id": "a", "status": "ok"}'),
        ("application/vnd.x+json; charset=utf-8", b' {"id": "a", "status": "ok"}'),
        ("", b'{"id": "a", "status": "ok"}'),
        ("text/plain", b'{"id": "a", "status": "ok"}'),
        ("application/x-www-form-urlencoded", b"id=a&status=ok&id=b"),
        ("", b"id=a&status=ok&more="),
    ],
)
def test_forms_of_a_body(media: str, body: bytes) -> None:
    (receipt,) = read(body, headers={"content-type": media}).receipts
    assert receipt.smsc_message_ids == ("a",)


def multipart(*parts: tuple[str, str], edge: str = "x--Y") -> bytes:
    kind = "Content-Disposition: form-data"
    written = "".join([f"--{edge}\r\n{kind}; {head}\r\n\r\n{body}\r\n" for head, body in parts])
    return f"preamble\r\n{written}--{edge}--\r\n".encode()


MULTIPART = "multipart/form-data; charset=x; boundary="


@pytest.mark.parametrize("edge", ["x--Y", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "'()+_,./:=?"])
def test_a_form_in_several_parts(edge: str) -> None:
    body = multipart(
        ('filename="id"; name="id"', "a file"),
        ('name="id"', "a"),
        ('name="id"', "b"),
        ('name="status"\r\nContent-Type: text/plain', "delivered"),
        ('name="text"', "--x\r\n--\r\n"),
        ("", "nameless"),
        edge=edge,
    )
    (receipt,) = read(body, headers={"content-type": f'{MULTIPART}"{edge}"'}).receipts
    assert (receipt.smsc_message_ids, receipt.state) == (("a",), ReceiptState.DELIVERED)


def test_a_form_in_parts_keeps_texts_as_they_were_written() -> None:
    text = "Ünï\r\n\r\n--x \r\n"
    body = multipart(('name="from"', "+237670000001"), ('name="to"', "8080"), ('name="text"', text), edge="e")
    (message,) = read(body, headers={"content-type": f"{MULTIPART}e"}).inbound
    assert message.content.decode("utf-16-be") == text


@given(st.dictionaries(st.text(st.characters(exclude_characters='"\r\n\0'), max_size=9), st.text(), max_size=4))
def test_any_form_in_parts_is_read_as_it_was_written(fields: dict[str, str]) -> None:
    with suppress(UnicodeEncodeError):
        body = multipart(*[(f'name="{name}"', value) for name, value in fields.items()], edge="An-Edge-1")
        assert read_multipart(body, f"{MULTIPART}An-Edge-1") == fields


@given(st.binary(), st.text())
def test_no_parts_break_it(body: bytes, edge: str) -> None:
    for octets in (body, b"--e\r\n" + body, multipart(('name="a"', "b"), edge="e") + body):
        with suppress(Unreadable):
            read_multipart(octets, f"{MULTIPART}{edge}")
        with suppress(Unreadable):
            read_multipart(octets, f"{MULTIPART}e")


def test_the_receipt_of_an_email_names_its_address() -> None:
    (receipt,) = read({"id": "1", "status": "bounced", "to": "Ann@SHOP.example"}).receipts
    assert (receipt.to, receipt.state) == ("Ann@shop.example", ReceiptState.UNDELIVERED)
    assert read({"status": "bounced", "to": "ann@"}).receipts == []


def test_a_get_has_its_fields_in_the_query() -> None:
    query = {"token": "s3cret", "id": "a", "status": "ok", "to": " 237670000001"}
    (receipt,) = read(method="GET", query=query).receipts
    assert (receipt.smsc_message_ids, receipt.to) == (("a",), "237670000001")


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"\xff"),
        ("application/json", b"id=a"),
        ("application/x-www-form-urlencoded", b"\xff=\xff"),
        ("", b"&".join([b"a=b"] * 5000)),
        ("application/json", b"[" * 500_000),
        (MULTIPART, multipart(edge="e")),
        (f"{MULTIPART}e", b"no edge"),
        (f"{MULTIPART}e", multipart(('name="id"', "a"), edge="e")[:-6]),
        (f"{MULTIPART}e", multipart(*[(f'name="{one}"', "") for one in range(1100)], edge="e")),
    ],
)
def test_what_cannot_be_read(media: str, body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body, headers={"content-type": media})


def test_states_of_its_own() -> None:
    shape = ReceiptShape(("s",), (("id",),), states={"8": None, "1": ReceiptState.DELIVERED, "read": None})
    rules = Callbacks(secret=HERE, receipts=shape)
    assert [one.state for one in read({"id": "a", "s": 1}, rules).receipts] == [ReceiptState.DELIVERED]
    assert read({"id": "a", "s": "8"}, rules).receipts == []
    assert read({"id": "a", "s": "READ"}, rules).receipts == []
    assert {word.lower() for word in STATES} == set(STATES)


NESTED = {
    "entry": [
        {"id": "e1", "changes": [{"value": {"meta": {"phone": "49"}, "statuses": [{"id": "a", "s": "sent"}]}}]},
        {"id": "e2", "changes": [{"value": {"statuses": [{"id": "b", "s": "read"}, {"id": "c", "s": "failed"}]}}, {}]},
        {"changes": [{"value": {"meta": {"phone": "50"}, "messages": [{"from": "1", "body": "hi"}, {"from": "2"}]}}]},
        7,
    ]
}


def test_lists_within_lists() -> None:
    way = ("entry", "*", "changes", "*", "value")
    rules = Callbacks(
        secret=HERE,
        receipts=ReceiptShape(("s",), (("id",),), (*way, "statuses", "*")),
        inbound=InboundShape(("from",), ("meta", "phone"), text=(("body",),), items=(*way, "messages", "*")),
    )
    found = read(NESTED, rules)
    assert [one.smsc_message_ids[0] for one in found.receipts] == ["a", "b", "c"]
    assert [(one.sender, one.to, read_text([one])) for one in found.inbound] == [("1", "50", "hi")]


def test_only_so_many_items_are_taken() -> None:
    rules = Callbacks(secret=HERE, receipts=ReceiptShape(("s",), (("id",),), ("*",)))
    body = [{"id": str(number), "s": "ok"} for number in range(MOST_ITEMS + 5)]
    assert len(read(body, rules).receipts) == MOST_ITEMS


# --- messages from handsets ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "sender", "to", "text"),
    [
        ({"from": "237670000001", "to": "8080", "text": "héllo 🌍"}, "+237670000001", "8080", "héllo 🌍"),
        ({"from": "+237670000001", "to": "+49", "text": ""}, "+237670000001", "+49", ""),
        ({"from": "00237670000001", "to": "1", "text": "x"}, "+237670000001", "1", "x"),
        ({"from": 237670000001, "to": 8080, "text": 5}, "+237670000001", "8080", "5"),
        ({"from": "0670000001", "to": "1", "text": "x"}, "0670000001", "1", "x"),
        ({"from": "ACME", "to": "1", "text": None, "caption": "see"}, "ACME", "1", "see"),
        ({"from": "8080", "to": "1", "text": "\x00\r\n"}, "8080", "1", "\x00\r\n"),
    ],
)
def test_messages(body: dict[str, Any], sender: str, to: str, text: str) -> None:
    (message,) = read(body).inbound
    assert (message.sender, message.to, read_text([message])) == (sender, to, text)


@pytest.mark.parametrize(
    ("body", "id"),
    [
        ({"id": "m-1"}, "m-1"),
        ({"id": 7, "no": "x"}, "7"),
        ({"no": " 08 "}, "08"),
        ({"id": "", "no": "n"}, "n"),
        ({"id": None}, None),
        ({"id": {"a": 1}}, None),
        ({"id": "a\0b"}, None),
        ({}, None),
    ],
)
def test_the_provider_s_id_of_a_message(body: dict[str, Any], id: str | None) -> None:
    shape = InboundShape(("from",), ("to",), text=(("text",),), data=("bin",), id=(("id",), ("no",)))
    rules = Callbacks(secret=HERE, inbound=shape)
    for content in ({"text": "x"}, {"bin": "00ff"}):
        (message,) = read({"from": "1", "to": "2", **content, **body}, rules).inbound
        assert message.id == id


def test_binary_messages_and_fixed_recipients() -> None:
    rules = Callbacks(secret=HERE, inbound=InboundShape(("from",), recipient="8080", data=("bin",), text=(("text",),)))
    (message,) = read({"from": "1", "bin": "00ff"}, rules).inbound
    assert (message.content, message.alphabet, message.to) == (b"\x00\xff", None, "8080")
    (message,) = read({"from": "1", "bin": "zz", "text": "x"}, rules).inbound
    assert read_text([message]) == "x"
    assert read({"from": "1", "bin": "zz"}, rules) == Read([], [])


def test_kinds_are_told_apart_by_data() -> None:
    rules = Callbacks(
        secret=HERE,
        receipts=ReceiptShape(("status",), (("id",),), when=(Fits(("type",), ("dlr", "2")),)),
        inbound=InboundShape(("from",), ("to",), text=(("text",),), when=(Fits(("text",)),)),
    )
    assert len(read({"type": "dlr", "id": "a", "status": "ok"}, rules).receipts) == 1
    assert len(read({"type": 2, "id": "a", "status": "ok"}, rules).receipts) == 1
    both = {"type": "mo", "id": "a", "status": "received", "from": "1", "to": "2", "text": "hi"}
    assert [len(each) for each in (read(both, rules).receipts, read(both, rules).inbound)] == [0, 1]


# --- whatever comes ------------------------------------------------------------------------------------------

ALL = Callbacks(
    secret=HERE,
    receipts=ReceiptShape(
        ("status",), (("id",), ("a", "0")), ("a", "*"), (Fits(("b",)),), {}, ("to",), ("e",), ("at",)
    ),
    inbound=InboundShape(("from",), ("to",), "1", (("text",),), ("data",), "base64", ("a", "*", "*")),
)
KEYS = st.sampled_from(["a", "b", "id", "status", "to", "e", "at", "from", "text", "data"])
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | st.text() | st.sampled_from(["ok", "delivered", "1e400"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)


@given(DOCUMENTS)
def test_no_document_breaks_it(document: Any) -> None:
    for rules in (ALL, None):
        found = read(document, rules)
        for message in found.inbound:
            read_text([message])


@given(st.binary(), st.text(), st.text(), st.dictionaries(st.text(), st.text()))
def test_no_octets_break_it(body: bytes, media: str, signature: str, query: dict[str, str]) -> None:
    headers = {"content-type": media, "x-sig": signature}
    with suppress(Unreadable):
        read(body, ALL, headers=headers)
    for rules in (Callbacks(signature=KEY, receipts=RECEIPT), Callbacks(secret=HERE, receipts=RECEIPT)):
        with suppress(Unreadable), pytest.raises(Forged):
            read(body, rules, headers=headers, query=query)


@given(st.dictionaries(KEYS, st.text()))
def test_forms_are_read_as_they_were_written(form: dict[str, str]) -> None:
    found = read(
        urlencode(form, errors="replace").encode(), headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert len(found.receipts) + len(found.inbound) <= 1


def test_media_beside_a_text_or_alone() -> None:
    shape = InboundShape(
        ("from",), ("to",), text=(("caption",),), media_id=(("img", "id"), ("doc", "id")), media_type=(("img", "type"),)
    )
    rules = Callbacks(secret=HERE, inbound=shape)
    (message,) = read(
        {"from": "1", "to": "2", "caption": "see", "img": {"id": "m1", "type": "image/png"}}, rules
    ).inbound
    assert (read_text([message]), message.media) == ("see", Media("m1", None, "image/png"))
    (message,) = read({"from": "1", "to": "2", "doc": {"id": 5}}, rules).inbound
    assert (read_text([message]), message.media) == ("", Media("5"))
    assert read({"from": "1", "to": "2"}, rules) == Read([], [])
