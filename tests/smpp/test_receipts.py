"""Receipts as they were met: one table, then what must not be one, then chance."""
# ruff: noqa: E501 (a row of a table is one line)

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.smpp import constants as c
from adapters.smpp.pdu import DataSm, QuerySmResp, ShortMessage
from adapters.smpp.receipts import STATES, WORDS, read_query, read_receipt
from router.operator import ReceiptRules
from router.receipt import Receipt, ReceiptState

S = ReceiptState
NOW = 1_767_323_045_678
USUAL = b"id:0123456789 sub:001 dlvrd:001 submit date:2601020304 done date:2601020305 stat:DELIVRD err:000 text:Hi"


def at(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1000


def deliver(text: bytes = b"", esm_class: int = 4, tlvs=None, data_coding: int = 0, source="237670000001"):
    return ShortMessage(
        c.DELIVER_SM,
        source_addr=source,
        esm_class=esm_class,
        data_coding=data_coding,
        short_message=text,
        tlvs=tlvs or {},
    )


def read(pdu) -> Receipt:
    receipt = read_receipt(pdu, "mtn-cm", NOW)
    assert receipt is not None
    assert (receipt.operator, receipt.received_at) == ("mtn-cm", NOW)
    return receipt


ID = c.TAG_RECEIPTED_MESSAGE_ID
STATE = c.TAG_MESSAGE_STATE
ERROR = c.TAG_NETWORK_ERROR_CODE
PAYLOAD = c.TAG_MESSAGE_PAYLOAD
DONE = at(2026, 1, 2, 3, 5)

# text, ids, state, stat, err, done_at
TEXTS = [
    # as in Appendix B
    (USUAL, ("0123456789",), S.DELIVERED, "DELIVRD", "000", DONE),
    (USUAL.replace(b"text:", b"Text:"), ("0123456789",), S.DELIVERED, "DELIVRD", "000", DONE),
    (USUAL + b"\0", ("0123456789",), S.DELIVERED, "DELIVRD", "000", DONE),
    (USUAL.replace(b" text:Hi", b""), ("0123456789",), S.DELIVERED, "DELIVRD", "000", DONE),
    (USUAL.replace(b" text:Hi", b"\0"), ("0123456789",), S.DELIVERED, "DELIVRD", "000", DONE),
    (USUAL.replace(b"text:Hi", b"text:"), ("0123456789",), S.DELIVERED, "DELIVRD", "000", DONE),
    # order
    (b"sub:1 dlvrd:1 err:000 stat:DELIVRD done date:2601020305 id:77 text:x", ("77",), S.DELIVERED, "DELIVRD", "000", DONE),
    (b"id:7 sub:001 dlvrd:001 err:21b submit date:2601020304 done date:2601020305 stat:UNDELIV", ("7",), S.UNDELIVERED, "UNDELIV", "21b", DONE),
    (b"id:7 sub:001 dlvrd:001 submit date:2601020304 done date:2601020305 err:000 text: stat:DELIVRD", ("7",), S.DELIVERED, "DELIVRD", "000", DONE),
    # missing fields
    (b"id:7 submit date:2601020304 done date:2601020305 stat:EXPIRED err:001", ("7",), S.EXPIRED, "EXPIRED", "001", DONE),
    (b"id:7 stat:DELIVRD", ("7",), S.DELIVERED, "DELIVRD", None, None),
    (b"stat:DELIVRD", (), S.DELIVERED, "DELIVRD", None, None),
    (b"id:7", ("7",), S.UNKNOWN, "", None, None),
    (b"", (), S.UNKNOWN, "", None, None),
    (b"\0", (), S.UNKNOWN, "", None, None),
    (b"nothing of the kind", (), S.UNKNOWN, "", None, None),
    (b"id: sub: dlvrd: submit date: done date: stat: err: text:", (), S.UNKNOWN, "", None, None),
    (b"id: stat:DELIVRD", (), S.DELIVERED, "DELIVRD", None, None),
    (b"id: 7 stat: DELIVRD err: 1 ", ("7",), S.DELIVERED, "DELIVRD", "1", None),
    (b"id:7 done date: stat:DELIVRD err:", ("7",), S.DELIVERED, "DELIVRD", None, None),
    # the label is missing
    (b"id:7 sub:001 dlvrd:001 submit date:180903120815 done date:180903120816 DELIVRD err:000 text:EXPIRED", ("7",), S.DELIVERED, "DELIVRD", "000", at(2018, 9, 3, 12, 8, 16)),
    # without padding
    (b"id:7 sub:1 dlvrd:13 submit date:2601020304 done date:2601020305 stat:DELIVRD err:0 Text:", ("7",), S.DELIVERED, "DELIVRD", "0", DONE),
    # dates
    (b"id:7 done date:260102030506 stat:DELIVRD", ("7",), S.DELIVERED, "DELIVRD", None, at(2026, 1, 2, 3, 5, 6)),
    (b"id:7 done date:202601020305 stat:DELIVRD", ("7",), S.DELIVERED, "DELIVRD", None, DONE),
    (b"id:7 done date:20260102030506 stat:DELIVRD", ("7",), S.DELIVERED, "DELIVRD", None, at(2026, 1, 2, 3, 5, 6)),
    (b"id:7 submit date:2601020304 done date:260102030506 stat:DELIVRD err:000", ("7",), S.DELIVERED, "DELIVRD", "000", at(2026, 1, 2, 3, 5, 6)),
    (b"id:7 submit date:0000000000 done date:0000000000 stat:FAILED err:000", ("7",), S.UNDELIVERED, "FAILED", "000", None),
    (b"id:7 submit date: done date: stat:DELIVRD err:000", ("7",), S.DELIVERED, "DELIVRD", "000", None),
    (b"id:7 done date:2613320305 stat:DELIVRD", ("7",), S.DELIVERED, "DELIVRD", None, None),
    (b"id:7 done date:260230120000 stat:DELIVRD", ("7",), S.DELIVERED, "DELIVRD", None, None),
    (b"id:7 done date:26010203 stat:DELIVRD", ("7",), S.DELIVERED, "DELIVRD", None, None),
    (b"id:7 done date:yesterday stat:DELIVRD", ("7",), S.DELIVERED, "DELIVRD", None, None),
    # err is not a number
    *[
        (USUAL.replace(b"err:000", b"err:" + err), ("0123456789",), S.DELIVERED, "DELIVRD", err.decode(), DONE)
        for err in (b"0", b"0000", b"21b", b"2050", b"nul", b"null", b"...", b"002", b"DND")
    ],
    # the text is the user's
    (USUAL + b" id:666 stat:UNDELIV err:999 done date:2001010000", ("0123456789",), S.DELIVERED, "DELIVRD", "000", DONE),
    (b"id:7 stat:DELIVRD err:000 Text:\x00\x1b\x84\xd8\n\r stat:UNDELIV", ("7",), S.DELIVERED, "DELIVRD", "000", None),
    (b"id:7 stat:DELIVRD text:a text:b err:5", ("7",), S.DELIVERED, "DELIVRD", "5", None),
    (b"stat:ACCEPTD id:7 text:DLVRD TO SMSC", ("7",), S.ACCEPTED, "ACCEPTD", None, None),
    (b"text:id:7 stat:DELIVRD", ("7",), S.DELIVERED, "DELIVRD", None, None),
    # octets that are no ASCII
    (b"id:7\x84 stat:DELIVRD err:\xff\xfe", ("7\x84",), S.DELIVERED, "DELIVRD", "\xff\xfe", None),
    # ids are opaque
    *[
        (USUAL.replace(b"0123456789", smsc_id.encode()), (smsc_id,), S.DELIVERED, "DELIVRD", "000", DONE)
        for smsc_id in (
            "812FC7470000001B", "10c8f40d", "0" * 10, "f" * 32, "01234567-89ab-cdef-0123-456789abcdef", "9" * 23,
            "1101c1-c9d03d-f000", "1479978899.393701000100", "SAR-234567-2-1", "S2131124", "x" * 64, "a:b,c;d",
        )
    ],
    # labels in capitals or with an underscore
    (b"ID:7 SUBMIT DATE:2601020304 DONE DATE:2601020305 STAT:delivrd ERR:1", ("7",), S.DELIVERED, "delivrd", "1", DONE),
    (b"id:7 submit_date:2601020304 done_date:2601020305 stat:DELIVRD", ("7",), S.DELIVERED, "DELIVRD", None, DONE),
    # by commas: the first field is no word of the standard
    (b"00,2601020305,2601020304,000,237670000001,ACME,7f3a", ("7f3a",), S.UNKNOWN, "00", "000", DONE),
    # the text is half a character, has lines, or is the whole of another receipt
    (USUAL + b" \xe2\x82", ("0123456789",), S.DELIVERED, "DELIVRD", "000", DONE),
    (USUAL + b"\r\nstat:UNDELIV\nerr:999", ("0123456789",), S.DELIVERED, "DELIVRD", "000", DONE),
    (b"id:7 stat:UNDELIV err:001 text:" + USUAL, ("7",), S.UNDELIVERED, "UNDELIV", "001", DONE),
    # two words of a foreign kind
    (b"362d9701 2", (), S.UNKNOWN, "", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "ids", "state", "stat", "err", "done"), TEXTS)
def test_texts(text, ids, state, stat, err, done) -> None:
    expected = Receipt("mtn-cm", ids, state, "237670000001", NOW, stat, err, done)
    assert read(deliver(text)) == expected
    # the same in message_payload, in data_sm, and in UCS-2
    assert read(deliver(tlvs={PAYLOAD: text})) == expected
    assert read(DataSm(source_addr="237670000001", esm_class=4, tlvs={PAYLOAD: text})) == expected
    if text.isascii():
        assert read(deliver(text, data_coding=8)) == expected
        assert read(deliver(text.decode().encode("utf-16-be"), data_coding=8)) == expected


@pytest.mark.parametrize(("word", "state"), [*WORDS.items(), (b"WHATEVER", S.UNKNOWN), (b"4", S.UNKNOWN)])
def test_words(word, state) -> None:
    receipt = read(deliver(USUAL.replace(b"DELIVRD", word)))
    assert (receipt.state, receipt.stat) == (state, word.decode())


def test_the_words_of_the_standard_are_known() -> None:
    expected = {
        "DELIVRD": S.DELIVERED,
        "EXPIRED": S.EXPIRED,
        "DELETED": S.DELETED,
        "UNDELIV": S.UNDELIVERED,
        "ACCEPTD": S.ACCEPTED,
        "UNKNOWN": S.UNKNOWN,
        "REJECTD": S.REJECTED,
        "ENROUTE": S.ENROUTE,
    }
    assert {word: WORDS[word.encode()] for word in expected} == expected


@pytest.mark.parametrize("esm_class", [0x04, 0x05, 0x07, 0x84, 0x44, 0x20, 0x23])
def test_esm_class_makes_a_receipt(esm_class) -> None:
    assert read(deliver(USUAL, esm_class)).state is S.DELIVERED


def test_an_intermediate_notification_without_a_word_is_under_way() -> None:
    assert read(deliver(b"id:7", 0x20)).state is S.ENROUTE
    assert read(deliver(b"id:7 stat:ACCEPTD", 0x20)).state is S.ACCEPTED


@pytest.mark.parametrize(
    ("esm_class", "tlvs"),
    [
        (0x00, {}),
        (0x03, {}),
        (0x40, {}),
        (0x00, {STATE: b"\2"}),
        (0x00, {ID: b""}),
        (0x00, {ID: b"\0"}),
        (0x08, {ID: b"7\0"}),
        (0x10, {ID: b"7\0"}),
        (0x08, {}),
        (0x18, {}),
        (0x24, {}),
    ],
)
def test_what_is_no_receipt(esm_class, tlvs) -> None:
    assert read_receipt(deliver(USUAL, esm_class, tlvs), "mtn-cm", NOW) is None


@pytest.mark.parametrize("esm_class", [0x00, 0x03, 0x40, 0x80, 0x04])
def test_the_tlv_makes_a_receipt_where_esm_class_is_silent(esm_class) -> None:
    receipt = read(deliver(b"", esm_class, {ID: b"18d0e03a\0", STATE: b"\x02"}))
    assert receipt == Receipt("mtn-cm", ("18d0e03a",), S.DELIVERED, "237670000001", NOW)


@pytest.mark.parametrize(
    ("text", "tlvs", "ids", "state", "stat", "err"),
    [
        # TLV before text; both ids where they differ
        (b"id:0416342074 stat:UNDELIV", {ID: b"18d0e03a\0", STATE: b"\2"}, ("18d0e03a", "0416342074"), S.DELIVERED, "UNDELIV", None),
        (b"id:7 stat:DELIVRD", {ID: b"7\0"}, ("7",), S.DELIVERED, "DELIVRD", None),
        (b"id:7 stat:DELIVRD", {ID: b"7"}, ("7",), S.DELIVERED, "DELIVRD", None),
        (b"id:7 stat:DELIVRD", {ID: b""}, ("7",), S.DELIVERED, "DELIVRD", None),
        (b"id:7 stat:DELIVRD", {ID: b"8\0\0"}, ("8", "7"), S.DELIVERED, "DELIVRD", None),
        # TLVs only, whatever the text
        (b"362d9701 2", {ID: b"362d9701\0", STATE: b"\5"}, ("362d9701",), S.UNDELIVERED, "", None),
        (b"", {STATE: b"\3"}, (), S.EXPIRED, "", None),
        # a state that is unknown or empty leaves it to the text
        (b"id:7 stat:DELIVRD", {STATE: b"\x63"}, ("7",), S.DELIVERED, "DELIVRD", None),
        (b"id:7 stat:DELIVRD", {STATE: b""}, ("7",), S.DELIVERED, "DELIVRD", None),
        (b"id:7", {STATE: b"\x63"}, ("7",), S.UNKNOWN, "", None),
        # the error, if the text has none
        (b"id:7 stat:UNDELIV", {ERROR: b"\x03\x00\x1b"}, ("7",), S.UNDELIVERED, "UNDELIV", "27"),
        (b"id:7 stat:UNDELIV", {ERROR: b"027"}, ("7",), S.UNDELIVERED, "UNDELIV", "027"),
        (b"id:7 stat:UNDELIV", {ERROR: b"\x03\x01"}, ("7",), S.UNDELIVERED, "UNDELIV", "0301"),
        (b"id:7 stat:UNDELIV", {ERROR: b""}, ("7",), S.UNDELIVERED, "UNDELIV", None),
        (b"id:7 stat:UNDELIV err:5", {ERROR: b"\x03\x00\x1b"}, ("7",), S.UNDELIVERED, "UNDELIV", "5"),
        # zeros say nothing, so that they must not hide a code that does
        (b"id:7 stat:UNDELIV err:000", {ERROR: b"\x03\x00\x1b"}, ("7",), S.UNDELIVERED, "UNDELIV", "27"),
        (b"id:7 stat:UNDELIV err:0", {ERROR: b"027"}, ("7",), S.UNDELIVERED, "UNDELIV", "027"),
        (b"id:7 stat:DELIVRD err:000", {ERROR: b"\x03\x00\x00"}, ("7",), S.DELIVERED, "DELIVRD", "000"),
        (b"id:7 stat:DELIVRD err:000", {ERROR: b"000"}, ("7",), S.DELIVERED, "DELIVRD", "000"),
        (b"id:7 stat:DELIVRD err:000", {ERROR: b""}, ("7",), S.DELIVERED, "DELIVRD", "000"),
        (b"id:7 stat:DELIVRD", {ERROR: b"\x03\x00\x00"}, ("7",), S.DELIVERED, "DELIVRD", "0"),
        # the third place: in the text of the user, where no other names it
        (b"id:7 stat:UNDELIV text:err:27", {}, ("7",), S.UNDELIVERED, "UNDELIV", "27"),
        (b"id:7 stat:UNDELIV err:5 text:err:27", {}, ("7",), S.UNDELIVERED, "UNDELIV", "5"),
        # what the user wrote never joins what the TLVs say
        (b"text:id:666 stat:UNDELIV", {ID: b"7\0", STATE: b"\2"}, ("7",), S.DELIVERED, "", None),
    ],
)  # fmt: skip
def test_tlvs(text, tlvs, ids, state, stat, err) -> None:
    receipt = read(deliver(text, 4, tlvs))
    assert receipt == Receipt("mtn-cm", ids, state, "237670000001", NOW, stat, err)


@pytest.mark.parametrize(("value", "state"), STATES.items())
def test_states(value, state) -> None:
    assert read(deliver(b"", 4, {STATE: bytes([value])})).state is state


@pytest.mark.parametrize(
    ("source", "to"), [("+237670000001", "237670000001"), ("237 670-000", "237670000"), ("", ""), ("1²", "1")]
)
def test_the_number_is_digits(source, to) -> None:
    assert read(deliver(USUAL, source=source)).to == to


def test_ucs2_with_half_a_character_at_the_end() -> None:
    text = "id:7 stat:DELIVRD text:€😀".encode("utf-16-be")[:-2]
    assert read(deliver(text, data_coding=8)).smsc_message_ids == ("7",)


def test_ucs2_closed_by_one_nul() -> None:
    text = "id:7 stat:DELIVRD".encode("utf-16-be") + b"\0"
    pdu = deliver(b"", tlvs={c.TAG_MESSAGE_PAYLOAD: text}, data_coding=8)
    assert read(pdu).smsc_message_ids == ("7",)


# --- chance --------------------------------------------------------------------------------------------------

FIELDS = st.sampled_from(
    b"id:|7|sub:|dlvrd:|submit date:|done date:|2601020305|stat:|DELIVRD|err:|text:|Text:| |  |\0|,|00,|\x84".split(
        b"|"
    )
)


@given(
    st.one_of(st.binary(max_size=254), st.lists(FIELDS, max_size=30).map(b"".join)),
    st.integers(0, 255),
    st.integers(0, 255),
)
def test_any_text_is_read(text, esm_class, data_coding) -> None:
    receipt = read_receipt(deliver(text, esm_class, data_coding=data_coding), "mtn-cm", NOW)
    assert (receipt is not None) == (esm_class & 0x3C in (0x04, 0x20))


@given(
    st.dictionaries(st.sampled_from([ID, STATE, ERROR, PAYLOAD, 0x1400]), st.binary(max_size=70)),
    st.binary(max_size=40),
)
def test_any_tlvs_are_read(tlvs, text) -> None:
    assert read(deliver(text, 4, tlvs)).state in set(S)


WORD = st.binary(min_size=1, max_size=20).filter(lambda word: not any(octet in b"\0 \t\n\r\v\f:" for octet in word))


@given(WORD, WORD, WORD, st.binary(max_size=20))
def test_both_ways_of_reading_agree(smsc_id, stat, err, user_text) -> None:
    parts = [b"id:" + smsc_id, b"sub:001", b"dlvrd:001", b"submit date:2601020304", b"done date:2601020305"]
    usual = b" ".join([*parts, b"stat:" + stat, b"err:" + err, b"text:" + user_text])
    shuffled = b" ".join([b"err:" + err, *parts, b"stat:" + stat, b"text:" + user_text])
    assert read(deliver(usual)) == read(deliver(shuffled))


def test_a_long_text_is_read_in_time_that_grows_with_its_length() -> None:
    for text in (b"id:" + b" " * 60_000, b"id " * 20_000, b"text:" * 12_000, b"stat: " * 10_000, b"0," * 30_000):
        read(deliver(tlvs={PAYLOAD: text}))


# --- what an operator's own rules add ------------------------------------------------------------------------

TEXT_ONLY = ReceiptRules(text_only=True)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (USUAL, True),
        (b"id:7 stat:DELIVRD", True),
        (b"stat:DELIVRD err:000 id:7 text:hello", True),
        (b"00,260102030405,260102030405,000,1,2,7", True),
        (b"STOP", False),
        (b"my id:7 is here", False),
        (b"text: id:7 stat:DELIVRD", False),  # what the handset wrote
        (b"", False),
    ],
)
def test_a_text_alone_is_a_receipt_only_where_the_operator_says_so(text: bytes, is_one: bool) -> None:
    assert read_receipt(deliver(text, 0), "mtn-cm", NOW) is None
    receipt = read_receipt(deliver(text, 0), "mtn-cm", NOW, TEXT_ONLY)
    assert (receipt is not None) == is_one
    # An acknowledgement of a handset stays what it is.
    assert read_receipt(deliver(text, 0x08), "mtn-cm", NOW, TEXT_ONLY) is None


def test_an_operators_own_words() -> None:
    rules = ReceiptRules(words={"SENT": S.ACCEPTED, "DELIVRD": S.ACCEPTED})
    for word, state in (
        (b"SENT", S.ACCEPTED),
        (b"sent", S.ACCEPTED),
        (b"DELIVRD", S.ACCEPTED),
        (b"EXPIRED", S.EXPIRED),
    ):
        receipt = read_receipt(deliver(b"id:7 stat:" + word), "mtn-cm", NOW, rules)
        assert receipt is not None
        assert (receipt.state, receipt.stat) == (state, word.decode())


@pytest.mark.parametrize(
    ("pdu", "state", "error", "done"),
    [
        (QuerySmResp(0, "A1", "260102030405000+", 2, 0), S.DELIVERED, None, at(2026, 1, 2, 3, 4, 5)),
        (QuerySmResp(0, "A1", "2601020304", 5, 27), S.UNDELIVERED, "27", at(2026, 1, 2, 3, 4)),
        (QuerySmResp(0, "A1", "", 1, 0), S.ENROUTE, None, None),
        (QuerySmResp(0, "A1", "nonsense", 77, 255), S.UNKNOWN, "255", None),
    ],
)
def test_the_answer_to_a_query(pdu: QuerySmResp, state: S, error: str | None, done: int | None) -> None:
    assert read_query(pdu, "mtn-cm", "2376", NOW) == Receipt(
        "mtn-cm", ("A1",), state, "2376", NOW, error=error, done_at=done
    )
    assert read_query(QuerySmResp(0x67, "A1", "", 2), "mtn-cm", "2376", NOW) is None
