"""The table of mobile country codes."""

import phonenumbers

from router.routing.mcc import _REGIONS, regions_of


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
