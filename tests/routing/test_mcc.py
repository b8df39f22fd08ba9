"""The table of mobile country codes against a second reader, which is made of the ITU's and Wikipedia's lists."""

import phonenumbers
from mcc_mnc_lut.p1_mcc import P1_MCC

from router.routing.mcc import _REGIONS, regions_of

OURS_ALONE = {
    "222": ({"VA"}, "the Vatican has no network of its own; Italian ones serve it"),
    "242": ({"SJ"}, "Norwegian networks serve Svalbard"),
    "244": ({"AX"}, "Åland's network has a Finnish code"),
    "310": ({"PR", "VI"}, "networks of the United States serve Puerto Rico and the Virgin Islands by their own codes"),
    "338": ({"TC"}, "Turks and Caicos had networks under Jamaica's code before 376"),
    "340": ({"GF"}, "the networks of the French Antilles serve French Guiana, which got 742 later"),
    "505": ({"CX", "CC"}, "Australian networks serve Christmas Island and the Cocos Islands"),
    "604": ({"EH"}, "Moroccan networks serve Western Sahara"),
    "658": ({"AC", "TA"}, "the code is that of Saint Helena, Ascension and Tristan da Cunha together"),
}
THEIRS_ALONE = {
    "289": ({"AB"}, "Abkhazia: not assigned by the ITU, and no region of ISO 3166"),
    "995": ({"IO"}, "British Indian Ocean Territory: not assigned by the ITU"),
}


def theirs() -> dict[str, set[str]]:
    """The regions of each code; a code of several regions has several entries."""
    found: dict[str, set[str]] = {}
    for code, entries in P1_MCC.items():
        for entry in entries if isinstance(entries, list) else [entries]:
            if entry["cc2"]:
                found.setdefault(code, set()).add(entry["cc2"])
    return found


def test_every_difference_has_its_reason() -> None:
    """In both directions: none is missing, and none is listed that there is not any more."""
    second = theirs()
    codes = _REGIONS.keys() | second.keys()
    assert len(codes) > 200
    ours_alone = {code: set(regions_of(code)) - second.get(code, set()) for code in codes}
    theirs_alone = {code: second.get(code, set()) - set(regions_of(code)) for code in codes}
    assert {code: more for code, more in ours_alone.items() if more} == {
        code: more for code, (more, _) in OURS_ALONE.items()
    }
    assert {code: more for code, more in theirs_alone.items() if more} == {
        code: more for code, (more, _) in THEIRS_ALONE.items()
    }


def test_the_regions_are_those_of_numbers() -> None:
    """Coverage asks by the regions that phonenumbers knows."""
    regions = {region for regions in _REGIONS.values() for region in regions}
    assert regions - phonenumbers.SUPPORTED_REGIONS == set()
    assert phonenumbers.SUPPORTED_REGIONS - regions == {"IO"}, "without a code that the ITU assigned"


def test_codes_are_three_digits_and_unknown_ones_have_no_region() -> None:
    assert all(len(code) == 3 and code.isdigit() and code[0] in "234567" for code in _REGIONS)
    assert all(len(set(regions)) == len(regions) > 0 for regions in _REGIONS.values())
    for code in ("001", "901", "999", "62", "6240", ""):
        assert regions_of(code) == ()
