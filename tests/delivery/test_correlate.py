"""Which part a receipt is about, whatever spelling its id comes in."""

import uuid

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.delivery.correlate import (
    Match,
    attempts_under,
    best_match,
    converted_keys,
    response_key,
    unanswered,
    written_keys,
)
from router.message import Attempt, Part, State
from router.operator import IdForm, ReceiptRules
from router.outcome import OutcomeKind
from router.receipt import Receipt, ReceiptState
from tests.delivery.values import NOW, TO, message, receipt, tried

OTHER = "+237699999999"
FORMS: tuple[IdForm, ...] = ("auto", "as-is", "hex", "decimal")
TOOK, LOST = OutcomeKind.ACCEPTED, OutcomeKind.UNKNOWN


def rules(in_response: IdForm = "auto", in_receipt: IdForm = "auto") -> ReceiptRules:
    return ReceiptRules(id_in_response=in_response, id_in_receipt=in_receipt)


def delivered(*ids: str, to: str = TO) -> Receipt:
    return receipt(ReceiptState.DELIVERED, *ids, to=to)


def sent(smsc_message_id: str, to: str = TO, state: State = State.SUBMITTED, at: int = NOW) -> Match:
    attempt = tried(TOOK, smsc_message_id, at)
    part = Part(1, state, [attempt])
    return Match(message(part, to=to, id=smsc_message_id), part, attempt)


def find(about: Receipt, waiting: list[Match], by: ReceiptRules) -> Match | None:
    """As the engine does with all that the store knows: by every key, then the best."""
    keys = {*written_keys(about, by), *converted_keys(about, by)}
    found = [match for match in waiting if response_key(match.attempt.smsc_message_id or "", by.id_in_response) in keys]
    return best_match(about, found, by)


HEX64 = "f1e2d3c4" * 8
LONG_DECIMAL = "98765432109876543210987"  # 23 digits
UUID = "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"


@pytest.mark.parametrize("form_of_response", FORMS)
@pytest.mark.parametrize("form_of_receipt", FORMS)
@pytest.mark.parametrize(
    "written",
    [
        "0123456789", "0", "", "000", "1A2B3C4D", "00B8BE19", "abc", "ABC", HEX64, "0" * 64, "9" * 64, "9" * 65,
        LONG_DECIMAL, UUID, UUID.upper(), UUID.replace("-", ""), "1101c1-c9d03d-f000", "1479978899.393701000100",
        "SAR-234-5-2-1", "S2131124", " 12 ", "12\n", "0x1A", "-5", "1_000", "٣", "²", "İ", "ß", "\ud800", "é" * 64,
    ],
)  # fmt: skip
def test_an_id_repeated_byte_for_byte_is_always_found(
    written: str, form_of_response: IdForm, form_of_receipt: IdForm
) -> None:
    by = rules(form_of_response, form_of_receipt)
    match = sent(written)
    assert find(delivered(written), [match], by) is match
    assert find(delivered("other", written), [match, sent("1"), sent("2")], by) is match


@given(st.text(max_size=70), st.sampled_from(FORMS), st.sampled_from(FORMS))
def test_any_text_at_all_is_found(written: str, form_of_response: IdForm, form_of_receipt: IdForm) -> None:
    match = sent(written)
    assert find(delivered(written), [match], rules(form_of_response, form_of_receipt)) is match


@pytest.mark.parametrize(
    ("in_response", "in_receipt"),
    [
        ("1A2B3C4D", "439041101"),
        ("1a2b3c4d", "0439041101"),
        ("439041101", "1A2B3C4D"),
        ("439041101", "1a2b3c4d"),
        ("0000012345", "12345"),
        ("12345", "0000012345"),
        ("00B8BE19", "b8be19"),
        ("00b8be19", "B8BE19"),
        ("812FC7470000001B", "9308878062554710043"),
        ("0416342074", "18d0e03a"),
        (LONG_DECIMAL, f"{int(LONG_DECIMAL):X}"),
        (f"{2**200:x}", str(2**200)),
        (UUID, UUID.upper()),
        (UUID, UUID.lstrip("0")),
        (HEX64, HEX64.upper()),
        ("S2131124", "s2131124"),
    ],
)
def test_other_spellings_are_found_for_the_same_number_only(in_response: str, in_receipt: str) -> None:
    match = sent(in_response)
    assert find(delivered(in_receipt), [match], rules()) is match
    assert find(delivered(in_receipt, to=OTHER), [match], rules()) is None


@pytest.mark.parametrize(
    ("by", "in_response", "in_receipt", "found"),
    [
        (rules("hex", "decimal"), "10C8F40D", "281605133", True),
        (rules("hex", "decimal"), "10c8f40d", "0281605133", True),
        (rules("hex", "decimal"), "10C8F40D", "10c8f40d", True),  # the key is of the response's form as well
        (rules("hex", "decimal"), "10C8F40D", "281605134", False),
        (rules("decimal", "hex"), "0281605133", "10C8F40D", True),
        (rules("decimal", "hex"), "281605133", "010c8f40d", True),
        (rules("decimal", "decimal"), "0000012345", "12345", True),
        (rules("hex", "hex"), "00B8BE19", "b8be19", True),
        (rules("hex", "hex"), "00B8BE19", "12107289", False),
        (rules("as-is", "as-is"), "00B8BE19", "b8be19", False),
        (rules("as-is", "as-is"), "12", "012", False),
        (rules("as-is", "auto"), "1A", "26", False),
        (rules("decimal", "hex"), "not-a-number", "NOT-A-NUMBER", False),
    ],
)
def test_declared_conversions(by: ReceiptRules, in_response: str, in_receipt: str, found: bool) -> None:
    match = sent(in_response)
    assert find(delivered(in_receipt), [match], by) is (match if found else None)


def test_a_declared_conversion_holds_where_the_operator_writes_the_number_otherwise() -> None:
    match = sent("10C8F40D")
    assert find(delivered("281605133", to="0670000001"), [match], rules("hex", "decimal")) is match


def test_equal_bytes_to_another_number_do_not_go_before_the_declared_id_to_this_one() -> None:
    """16 in a receipt is 10 in a response; another message happens to have the id 16."""
    meant, happens = sent("10"), sent("16", OTHER)
    assert find(delivered("16"), [happens, meant], rules("hex", "decimal")) is meant
    assert find(delivered("16"), [meant, happens], rules("hex", "decimal")) is meant


@given(st.integers(0, 2**256), st.integers(0, 2**256), st.booleans(), st.integers(0, 3))
@example(26, 26, True, 0)
def test_a_number_in_another_base_matches_that_number_only(number: int, other: int, as_hex: bool, zeros: int) -> None:
    written = "0" * zeros + (f"{number:x}" if as_hex else str(number))
    if len(written) > 64:
        return
    spelled = str(number) if as_hex else f"{number:X}"
    assert find(delivered(spelled), [sent(written)], rules()) is not None or len(spelled) > 64
    if other != number and other != int(written, 16):
        assert (
            find(delivered(str(other)), [sent(f"{number:x}")], rules("hex", "decimal")) is None or len(str(other)) > 64
        )


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=12),
    st.integers(0, 300),
    st.sampled_from(("{:d}", "{:x}", "{:X}", "{:04d}", "{:04x}")),
    st.sampled_from(("{:d}", "{:x}", "{:X}", "{:06d}", "{:06x}")),
)
def test_a_guess_never_settles_another_number_nor_chooses_between_two(
    numbers: list[int], asked: int, in_response: str, in_receipt: str
) -> None:
    waiting = [sent(in_response.format(number), TO if index % 2 else OTHER) for index, number in enumerate(numbers)]
    about = delivered(in_receipt.format(asked))
    match = find(about, waiting, rules())
    if match is None or match.attempt.smsc_message_id in about.smsc_message_ids:
        return
    assert match.message.to == TO
    rivals = [one for one in waiting if one.message.to == TO and find(about, [one], rules()) is not None]
    assert rivals == [match]


def test_two_that_fit_by_guess_are_one_too_many() -> None:
    one, other = sent("1A"), sent("26a")
    assert find(delivered("26"), [one, other], rules()) is one
    rival = sent("026")
    assert find(delivered("26"), [one, rival], rules()) is None
    assert find(delivered("26"), [one, sent("26")], rules()) is not one


def test_of_those_that_fit_by_guess_the_open_one() -> None:
    done, waits = sent("1A", state=State.DELIVERED), sent("026")
    assert find(delivered("26"), [done, waits], rules()) is waits
    assert find(delivered("26"), [done], rules()) is done, "a duplicate still finds its part"


def test_an_id_that_was_used_again_means_the_newest_open_part() -> None:
    old, new = sent("5", at=NOW), sent("5", at=NOW + 1)
    assert find(delivered("5"), [old, new], rules()) is new
    assert find(delivered("5"), [new, old], rules()) is new
    closed = sent("5", at=NOW + 2, state=State.DELIVERED)
    assert find(delivered("5"), [closed, new], rules()) is new
    elsewhere = sent("5", OTHER, at=NOW + 9)
    assert find(delivered("5"), [elsewhere, new], rules()) is new
    assert find(delivered("5", to="2541"), [elsewhere, new], rules()) is elsewhere


def test_the_id_in_the_tlv_goes_before_the_one_in_the_text() -> None:
    assert written_keys(delivered("18D0E03A", "0416342074"), rules()) == ["18d0e03a", "416342074"]


def test_no_id_finds_nothing() -> None:
    assert written_keys(delivered(), rules()) == []
    assert converted_keys(delivered(), rules()) == []
    assert best_match(delivered(), [], rules()) is None
    assert find(delivered(), [sent(""), sent("1")], rules()) is None


@pytest.mark.parametrize("written", ["", "x" * 64, "-1", "1.5", " 1", "1 ", "٣", "0x1f", "9" * 65, UUID])
def test_what_is_no_number_is_converted_to_nothing(written: str) -> None:
    for form in FORMS:
        assert converted_keys(delivered(written), rules("auto", form)) == []


def test_no_size_of_number_is_too_large() -> None:
    assert response_key("f" * 64, "hex") == str(2**256 - 1)
    assert response_key("9" * 64, "decimal") == "9" * 64
    assert response_key("9" * 400, "auto") == "9" * 400


def test_attempts_under_a_key_are_those_of_the_operator_with_that_id() -> None:
    attempts = [tried(TOOK, "0A"), tried(TOOK, "a", operator="other"), tried(LOST), tried(TOOK, "b")]
    one = message(Part(1, State.SUBMITTED, attempts), Part(2, State.SUBMITTED, [tried(TOOK, "a")]))
    found = attempts_under(one, "mtn", "a")
    assert [(match.part.number, match.attempt.smsc_message_id) for match in found] == [(1, "0A"), (2, "a")]
    # As it would have been kept by a declared form of hex.
    assert [match.attempt.smsc_message_id for match in attempts_under(one, "mtn", "10")] == ["0A", "a"]


@pytest.mark.parametrize(
    ("attempt", "state", "counts"),
    [
        (tried(LOST), State.QUEUED, True),
        (tried(LOST), State.SUBMITTED, True),
        (tried(TOOK), State.SUBMITTED, True),
        (tried(TOOK, "id"), State.SUBMITTED, False),
        (tried(None), State.QUEUED, False),
        (tried(OutcomeKind.REJECTED), State.QUEUED, False),
        (tried(OutcomeKind.FAILED), State.QUEUED, False),
        (tried(LOST, operator="other"), State.QUEUED, False),
        *((tried(LOST), state, False) for state in State if state not in (State.QUEUED, State.SUBMITTED)),
    ],
)
def test_what_no_id_can_find(attempt: Attempt, state: State, counts: bool) -> None:
    found = unanswered(message(Part(1, state, [attempt])), "mtn")
    assert [match.attempt for match in found] == ([attempt] if counts else [])


@given(st.uuids())
def test_uuids_that_differ_by_one_bit_never_meet(one: uuid.UUID) -> None:
    waiting = [sent(uuid.UUID(int=one.int ^ 1).hex), sent(one.hex)]
    assert find(delivered(one.hex.upper()), waiting, rules()) is waiting[1]
