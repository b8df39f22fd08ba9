"""Who reaches a country, at what price."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.refusal import Refusal
from router.routing.coverage import Coverage, coverage
from router.routing.mcc import regions_of
from router.routing.numbering import numbering
from router.settings import Choice, ExchangeRate, Plan
from tests.routing.values import CURRENCIES, operator, plan, rate

MTN, ORANGE = ("624", "01"), ("624", "02")


def said(found: Coverage) -> dict[str, list[tuple[str | None, int, str, str]]]:
    return {
        one.operator: [
            (
                each.network and f"{each.network.mcc}{each.network.mnc}",
                each.prefixes,
                str(each.cost.min),
                str(each.cost.max),
            )
            for each in one.networks
        ]
        for one in found.operators
    }


BUILT = plan(
    operator(
        "mtn",
        rate("23767", "2", network=MTN),
        rate("237650", "3", network=MTN),
        rate("237651", "9", network=MTN, start=100),
        rate("237652", "9", network=MTN, end=50),
        rate("23769", "4", network=ORANGE),
        rate("23769", "1", network=ORANGE, start=100),
        rate("237", "8"),
        rate("", "7"),
    ),
    operator("hub", rate("", "0.001", "EUR", network=MTN), rate("", "0.002", "EUR", network=("639", "02"))),
    operator("world", rate("", "5"), rate("2", "6", start=100), rate("33", "1")),
    operator("chat", rate("23", "0"), channel="whatsapp"),
    operator("france", rate("33", "1")),
    plans={"default": Plan("default"), "few": Plan("few", operators=(Choice("world"), Choice("chat")))},
    currencies=CURRENCIES,
    exchange_rates=(ExchangeRate("EUR", CURRENCIES["EUR"] * 20, 100),),
)


def test_by_operator_and_network_the_cheapest_first() -> None:
    now = coverage(BUILT, "CM", None, 60)
    assert said(now) == {
        "chat": [(None, 1, "0 XAF", "0 XAF")],
        "hub": [("62401", 0, "0.001 EUR", "0.001 EUR")],
        "mtn": [("62401", 2, "2 XAF", "3 XAF"), ("62402", 1, "4 XAF", "4 XAF"), (None, 1, "8 XAF", "8 XAF")],
        "world": [(None, 1, "5 XAF", "5 XAF")],
    }
    assert [one.operator for one in now.operators] == ["chat", "hub", "mtn", "world"]
    assert [one.channel for one in now.operators] == ["whatsapp", "sms", "sms", "sms"]
    mtn = now.operators[2].networks[0].network
    assert mtn is not None
    assert mtn.name == "MTN Cameroon"
    assert str(now.operators[1].networks[0].base_cost.max) == "0.655957 XAF"


def test_at_another_time() -> None:
    later = coverage(BUILT, "CM", None, 100)
    assert said(later)["mtn"][:2] == [("62401", 3, "2 XAF", "9 XAF"), ("62402", 1, "1 XAF", "1 XAF")]
    assert said(later)["world"] == [(None, 1, "6 XAF", "6 XAF")]
    assert [one.operator for one in later.operators] == ["chat", "mtn", "world", "hub"]
    assert said(coverage(BUILT, "CM", None, 0))["mtn"][0] == ("62401", 3, "2 XAF", "9 XAF")


def test_of_a_plan() -> None:
    found = coverage(BUILT, "CM", "few", 0)
    assert (found.country, found.plan, set(said(found))) == ("CM", "few", {"chat", "world"})
    assert set(said(coverage(BUILT, "KE", "default", 0))) == {"mtn", "hub", "world"}
    assert coverage(plan(), "CM", None, 0).operators == []


@pytest.mark.parametrize(
    ("country", "chosen", "field"), [("XX", None, "country"), ("cm", None, "country"), ("CM", "x", "plan")]
)
def test_of_what_does_not_exist(country: str, chosen: str | None, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        coverage(BUILT, country, chosen, 0)
    assert (refused.value.code, refused.value.field) == ("invalid_request", field)


@pytest.mark.parametrize(
    ("prefix", "reached"),
    [
        ("1", {"US", "CA", "JM"}),
        ("1204", {"CA"}),
        ("1212", {"US"}),
        ("1876", {"JM"}),
        ("120455501", {"CA"}),
        ("7", {"RU", "KZ"}),
        ("79", {"RU"}),
        ("77", {"KZ"}),
        ("447781", {"GG"}),
        ("4474", {"GB"}),
        ("237", {"CM"}),
        ("23", {"CM"}),
        ("", {"US", "CA", "JM", "RU", "KZ", "GG", "GB", "CM"}),
    ],
)
def test_a_prefix_reaches_the_countries_its_numbers_are_of(prefix: str, reached: set[str]) -> None:
    built = plan(operator("a", rate(prefix, "1")))
    for country in ("US", "CA", "JM", "RU", "KZ", "GG", "GB", "CM"):
        assert bool(coverage(built, country, None, 0).operators) is (country in reached), country


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)), st.data())
def test_every_beginning_of_a_valid_number_reaches_its_region(region: str, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from((phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)))
    number = phonenumbers.example_number_for_type(region, kind)
    if number is None or phonenumbers.region_code_for_number(number) != region:
        return
    national = phonenumbers.national_significant_number(number)
    plan = numbering(str(number.country_code))
    assert plan.reaches(region, national[: data.draw(st.integers(0, len(national)))])
    if len(plan.regions) > 1:
        assert not plan.reaches(region, national + "0" * 15)


def test_mobile_country_codes_are_of_regions_that_exist() -> None:
    codes = {f"{code}": regions_of(f"{code}") for code in range(200, 800)}
    assert regions_of("624") == ("CM",)
    assert regions_of("001") == ()
    known = {region for regions in codes.values() for region in regions}
    assert not {one for one in known if len(one) != 2}
    missing = set(phonenumbers.SUPPORTED_REGIONS) - known
    assert missing <= {"AC", "TA", "BL", "MF", "BQ", "SX", "EH", "PS", "IO", "NF", "SH", "CC", "CX", "FK", "MS"}, (
        missing
    )
