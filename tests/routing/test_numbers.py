"""phonenumbers is the authority: what we compile from it must say the same, number by number."""

import random
from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberType, carrier

from router.refusal import Refusal
from router.routing.msisdn import Judge, normalise
from router.routing.networks import country, network_name

JUDGES: tuple[Judge, ...] = ("possible", "valid")


def ours(number: str, judge: Judge) -> str | None:
    try:
        return normalise(number, judge)
    except Refusal:
        return None


def agree(number: str) -> None:
    """On both judgements, and on the place of every number that is let through."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        assert ours(number, "possible") is ours(number, "valid") is None
        return
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    possible, valid = phonenumbers.is_possible_number(parsed), phonenumbers.is_valid_number(parsed)
    assert ours(number, "possible") == (e164 if possible else None)
    assert ours(number, "valid") == (e164 if valid else None)
    if possible or valid:
        region = phonenumbers.region_code_for_number(parsed)
        assert country(e164) == (None if region == "001" else region)
        assert (network_name(e164) or "") == carrier.name_for_number(parsed, "en")


def examples() -> Iterator[str]:
    types = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN]
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        numbers = [phonenumbers.example_number_for_type(region, kind) for kind in types]
        numbers.append(phonenumbers.invalid_example_number(region))
        for number in filter(None, numbers):
            yield phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        number = phonenumbers.example_number_for_non_geo_entity(code)
        if number:
            yield phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


EXAMPLES = sorted(set(examples()))
CODES = sorted(COUNTRY_CODE_TO_REGION_CODE)


@pytest.mark.deep
def test_every_example_of_every_region() -> None:
    assert len(EXAMPLES) > 1000
    for number in EXAMPLES:
        agree(number)


def test_a_national_prefix_behind_the_country_code() -> None:
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, regions[0])
        assert metadata is not None
        mobile = metadata.mobile.example_number if metadata.mobile else None
        if metadata.national_prefix and mobile:
            agree(f"+{code}{metadata.national_prefix}{mobile}")


@pytest.mark.deep
def test_thousands_of_neighbours_of_the_examples() -> None:
    chance = random.Random(2304)
    for _ in range(3000):
        number = chance.choice(EXAMPLES)
        kept = chance.randrange(2, len(number) + 1)
        length = len(number) + chance.choice((-2, -1, 0, 0, 0, 0, 0, 1, 2))
        agree(number[:kept] + "".join(chance.choices("0123456789", k=max(0, length - kept))))


digits = st.text(alphabet="0123456789", max_size=18)


@given(st.sampled_from(CODES), st.sampled_from(["", "0", "1", "8", "06", "15", "00"]), digits)
@settings(max_examples=500, deadline=None)
@example(54, "0", "111512345678")  # Argentina rewrites 0 11 15 to 9 11
@example(54, "", "91123456789")
@example(39, "", "06698123")  # the Vatican, inside Italy's code, with its leading zeros
@example(1, "", "5551234")  # a local number: possible only
@example(49, "", "1" * 15)  # longer than E.164, possible all the same
@pytest.mark.deep
def test_any_digits_behind_any_code(code: int, prefix: str, rest: str) -> None:
    agree(f"+{code}{prefix}{rest}")


@given(digits)
@settings(max_examples=200, deadline=None)
@pytest.mark.deep
def test_any_digits(number: str) -> None:
    agree("+" + number)


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("+237671234567", "+237671234567"),
        ("+237 671-23.45.67", "+237671234567"),
        (" +44 (0) 7911 123456 ", "+447911123456"),
        ("(+1) 202-555-0123", "+12025550123"),
        ("+39 06 698 12345", "+390669812345"),
    ],
)
@pytest.mark.parametrize("judge", JUDGES)
def test_separators_are_passed_over(written: str, e164: str, judge: Judge) -> None:
    assert normalise(written, judge) == e164


@pytest.mark.parametrize(
    ("number", "detail"),
    [
        ("", "The number is empty"),
        ("  ", "The number is empty"),
        ("-.()", "The number is empty"),
        ("+", "+ and digits only"),
        ("237671234567", "plus sign and country code are missing"),
        ("00237671234567", "plus sign and country code are missing"),
        ("671 23 45 67", "plus sign and country code are missing"),
        ("++237671234567", "+ and digits only"),
        ("+237+671234567", "+ and digits only"),
        ("+237671234567x12", "+ and digits only"),
        ("tel:+237671234567", "+ and digits only"),
        ("+2376712345/67", "+ and digits only"),
        ("+23767\u00a01234567", "+ and digits only"),
        ("+٢٣٧٦٧١٢٣٤٥٦٧", "+ and digits only"),
        ("＋237671234567", "+ and digits only"),
        ("+1800FLOWERS", "+ and digits only"),
        ("ACME", "+ and digits only"),
        ("+237671234567\x00", "+ and digits only"),
        ("+0237671234567", "No country has a code that begins +023"),
        ("+999671234567", "No country has a code that begins +999"),
        ("+210", "No country has a code that begins +210"),
        ("+237", "too short for country code +237"),
        ("+2376", "too short for country code +237"),
        ("+23767123", "too short for country code +237"),
        ("+2376712345678", "too long for country code +237"),
        ("+237" + "6" * 300, "too long for country code +237"),
    ],
)
@pytest.mark.parametrize("judge", JUDGES)
def test_refusals_say_what_is_wrong(number: str, detail: str, judge: Judge) -> None:
    with pytest.raises(Refusal) as refused:
        normalise(number, judge)
    assert (refused.value.code, refused.value.field) == ("invalid_number", "to")
    assert detail in refused.value.detail


def test_possible_is_not_valid() -> None:
    assert normalise("+237971234567", "possible") == "+237971234567"
    with pytest.raises(Refusal, match=r"of no range that is in use under country code \+237"):
        normalise("+237971234567", "valid")


def test_a_length_between_those_that_exist() -> None:
    with pytest.raises(Refusal, match=r"a length that does not exist under country code \+800|too short"):
        normalise("+8001234567", "possible")
    with pytest.raises(Refusal, match=r"a length that does not exist under country code \+43|too long"):
        normalise("+43" + "6" * 14, "possible")


@pytest.mark.parametrize(
    ("number", "region"),
    [
        ("+237671234567", "CM"),
        ("+12025550123", "US"),
        ("+14165550123", "CA"),
        ("+18765550123", "JM"),
        ("+79123456789", "RU"),
        ("+77012345678", "KZ"),
        ("+447911123456", "GG"),
        ("+447400123456", "GB"),
        ("+80012345678", None),  # freephone of no country
        ("+19995550123", None),
        ("+999", None),
        ("", None),
        ("ACME", None),
    ],
)
def test_country(number: str, region: str | None) -> None:
    assert country(number) == region


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("+237671234567", "MTN Cameroon"),
        ("+237222123456", None),  # a fixed line
        ("+12025550123", None),
        ("+80012345678", None),
        ("", None),
        ("ACME", None),
    ],
)
def test_network_name(number: str, name: str | None) -> None:
    assert network_name(number) == name
