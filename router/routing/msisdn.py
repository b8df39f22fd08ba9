"""Phone numbers in E.164 form, judged as phonenumbers judges them."""

from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException, ValidationResult

from router.refusal import Refusal
from router.routing.numbering import CALLING_CODES

Judge = Literal["possible", "valid"]

_SHORTEST, _LONGEST = 7, 15
"""Digits of a number in E.164, country code included."""

_SEPARATORS = str.maketrans("", "", " -.()")


def normalise(number: str, judge: Judge) -> str:
    """`number` in E.164 with its plus sign; spaces, hyphens, dots and parentheses in it are passed over.

    `possible` asks whether the length fits the country's plan, `valid` whether the range is in use.
    Raises Refusal `invalid_number` for the field `to`, with what is wrong.
    """
    digits = number[1:]
    if not (number[:1] == "+" and digits.isdigit() and digits.isascii()):
        digits = _digits(number)
        number = "+" + digits
    plan = CALLING_CODES[digits[:3]]
    if plan is None:
        raise _refused(_nobodys(digits))
    national = digits[plan.size :]
    if plan.prefixed and not plan.plain(national):
        return _ask(digits, judge)
    if not (len(national) in plan.lengths if judge == "possible" else plan.valid(national)):
        raise _refused(_why(digits, judge))
    return number


def claimed(address: str, is_international: bool) -> str | None:
    """The E.164 form of an address that somebody else wrote, or None where it may as well be something else.

    An address said to be international, or written with + or 00, is one if its length is any country's at all; of
    other digits the plan decides, as `normalise` does for `possible`.
    """
    digits = address.removeprefix("+")
    is_international = is_international or digits is not address
    if digits.startswith("00"):
        digits, is_international = digits[2:], True
    if not (digits.isascii() and digits.isdigit() and _SHORTEST <= len(digits) <= _LONGEST) or digits[0] == "0":
        return None
    if is_international:
        return "+" + digits
    try:
        return normalise("+" + digits, "possible")
    except Refusal:
        return None


def _digits(number: str) -> str:
    bare = number.translate(_SEPARATORS)
    if not bare.strip():
        raise _refused("The number is empty; write it as +<country code><number>")
    digits = bare.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise _refused("A number is + and digits only; write it as +<country code><number>")
    if digits == bare:
        raise _refused("The plus sign and country code are missing; write it as +<country code><number>")
    return digits


def _ask(digits: str, judge: Judge) -> str:
    """The authority's own word, for numbers it may read differently from how they are written."""
    try:
        number = phonenumbers.parse("+" + digits, None)
    except NumberParseException:
        raise _refused(_why(digits, judge)) from None
    right = phonenumbers.is_possible_number if judge == "possible" else phonenumbers.is_valid_number
    if not right(number):
        raise _refused(_why(digits, judge))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


# --- what is wrong -------------------------------------------------------------------------------------------

_POSSIBLE = (ValidationResult.IS_POSSIBLE, ValidationResult.IS_POSSIBLE_LOCAL_ONLY)


def _why(digits: str, judge: Judge) -> str:
    """What is wrong with a number that was judged wrong; its country calling code is known."""
    plan = CALLING_CODES[digits[:3]]
    code = plan.code if plan else ""
    try:
        verdict = phonenumbers.is_possible_number_with_reason(phonenumbers.parse("+" + digits, None))
    except NumberParseException as error:
        short = error.error_type in (NumberParseException.TOO_SHORT_NSN, NumberParseException.TOO_SHORT_AFTER_IDD)
        verdict = ValidationResult.TOO_SHORT if short else ValidationResult.TOO_LONG
    if verdict == ValidationResult.TOO_SHORT:
        return f"The number is too short for country code +{code}"
    if verdict == ValidationResult.TOO_LONG:
        return f"The number is too long for country code +{code}"
    if judge == "valid" and verdict in _POSSIBLE:
        return f"The number is of no range that is in use under country code +{code}"
    return f"The number has a length that does not exist under country code +{code}"


def _nobodys(digits: str) -> str:
    return f"No country has a code that begins +{digits[:3]}; write the number as +<country code><number>"


def _refused(detail: str) -> Refusal:
    return Refusal("invalid_number", detail, "to")
