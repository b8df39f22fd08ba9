"""Recipients as clients of the public APIs write them."""

import phonenumbers

from router.refusal import Refusal
from router.routing.msisdn import normalise

_SEPARATORS = str.maketrans("", "", " \t-.()")
_LONGEST = 40


def number_of(written: str, country: str | None = None) -> str:
    """A number in E.164 with its plus sign. With a country (ISO 3166) a national number is one of that country, and
    what begins with a plus sign, or makes no sense there, is international; without, it is international with or
    without its plus sign. Raises Refusal `invalid_number`."""
    bare = written.translate(_SEPARATORS)
    digits = bare.removeprefix("+")
    if len(written) > _LONGEST or not (digits.isascii() and digits.isdigit()):
        raise Refusal("invalid_number", "this is not a phone number", "to")
    if country is not None and bare is digits:
        national = _national(bare, country)
        if national is not None:
            return national
    return normalise("+" + digits, "possible")


def _national(digits: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
