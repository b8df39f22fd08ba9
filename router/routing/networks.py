"""Which country and which mobile network a number was given out in, as far as phonenumbers knows.

A number that was ported keeps the name of its first network.
"""

from collections.abc import Iterable

import phonenumbers
from phonenumbers.carrierdata import CARRIER_DATA

from router.operator import Operator
from router.routing.numbering import CALLING_CODES, Numbering
from router.routing.prefixes import PrefixTable


def country(e164: str) -> str | None:
    """The region of a normalised number (ISO 3166-1 alpha-2), None for numbers of no country or of no known one, and
    for an address."""
    plan, national = _placed(e164)
    region = plan.region(national) if plan else None
    return None if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else region


def network_name(e164: str) -> str | None:
    """The name, in English, of the mobile network that a normalised number's range was given to."""
    plan = CALLING_CODES[e164[1:4]] if "@" not in e164 else None
    names = _NAMES.get(plan.code) if plan is not None else None
    if plan is None or names is None:
        return None
    national = e164[1 + plan.size :]
    name = names.longest(national)
    return name if name and plan.mobile(national) else None


def range_name(prefix: str) -> str | None:
    """The name, in English, of the mobile network that all numbers of an international prefix were given to."""
    plan, national = _placed(f"+{prefix}")
    names = _NAMES.get(plan.code) if plan else None
    return names.longest(national) if names else None


def names_by_code(operators: Iterable[Operator]) -> dict[tuple[str, str], str]:
    """A name for each network that a rate of a prefix names: the one that phonenumbers has for the prefix."""
    names: dict[tuple[str, str], str] = {}
    for operator in operators:
        for rate in operator.rates:
            if rate.network is not None and rate.network not in names and rate.prefix:
                name = range_name(rate.prefix)
                if name:
                    names[rate.network] = name
    return names


def _placed(e164: str) -> tuple[Numbering | None, str]:
    plan = CALLING_CODES[e164[1:4]] if "@" not in e164 else None
    return plan, e164[1 + plan.size :] if plan is not None else ""


def _names_by_calling_code() -> dict[str, PrefixTable[str]]:
    names: dict[str, dict[str, str]] = {}
    for prefix, by_language in CARRIER_DATA.items():
        plan = CALLING_CODES[prefix[:3]]
        if plan and "en" in by_language:
            names.setdefault(plan.code, {})[prefix[len(plan.code) :]] = by_language["en"]
    return {code: PrefixTable(of_code.items()) for code, of_code in names.items()}


_NAMES = _names_by_calling_code()
