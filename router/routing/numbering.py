"""The metadata of phonenumbers, compiled per country calling code.

phonenumbers is the authority on numbers, but asking it takes 20 microseconds and more. What it knows of a calling code
is compiled on first use into few regular expressions; what is unusual (a national prefix behind the calling code)
is still left to it.
"""

import re
from collections.abc import Callable
from functools import cache, partial
from typing import Final

import regex
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc

_KINDS: Final = (
    "mobile",
    "fixed_line",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "personal_number",
    "voip",
    "pager",
    "uan",
    "voicemail",
)
"""The kinds of number that phonenumbers tells apart; the commonest first, as a match is looked for in this order."""

_Match = Callable[[str], re.Match[str] | None]
_Writer = Callable[[PhoneMetadata, int], str]


class Numbering:
    """One calling code: which regions share it, and which national numbers are possible, valid or mobile there.

    `regions` are ISO codes in the order in which a number is looked for; "001" for a code of no country.
    National numbers are given as digits behind the calling code, without a national prefix. `size` is how many digits
    the code has, `country` the code as people write it; `prefixed`: people there write a national prefix, so that not
    every number is `plain`.

    `valid` says whether a national number is of a range that is in use in its region, `mobile` whether a valid one is
    (or may be) a mobile's or a pager's.
    """

    __slots__ = (
        "_beginnings",
        "_national_prefix",
        "_only_region",
        "_region_of",
        "_transforms",
        "code",
        "country",
        "lengths",
        "mobile",
        "prefixed",
        "regions",
        "size",
        "valid",
    )

    def __init__(self, code: str) -> None:
        self.code = code
        self.size = len(code)
        self.country = f"+{code}"
        self.regions: tuple[str, ...] = _CODES[code]
        self._only_region = self.regions[0] if len(self.regions) == 1 else None
        main = _metadata(code, self.regions[0])
        general = main.general_desc
        assert general is not None  # every country has one
        self.lengths = frozenset((*general.possible_length, *general.possible_length_local_only))
        prefix = main.national_prefix_for_parsing
        self._national_prefix = re.compile(prefix) if prefix else None
        self.prefixed = self._national_prefix is not None
        self._transforms = bool(main.national_prefix_transform_rule)
        self.valid: Callable[[str], bool] = partial(self._matches, {}, _valid)
        self.mobile: Callable[[str], bool] = partial(self._matches, {}, _mobile)
        self._beginnings: dict[str, regex.Pattern[str]] = {}
        self._region_of: dict[int, re.Pattern[str]] = {}

    def plain(self, national: str) -> bool:
        """Whether `national` is surely as it should be: phonenumbers would not look for a prefix to take away."""
        if self._national_prefix is None:
            return True
        match = self._national_prefix.match(national)
        if match is None:
            return True
        if match.end():
            return False
        return not self._transforms or match.lastindex is None

    def region(self, national: str) -> str | None:
        """The region a national number belongs to, None where none of those that share the code knows it."""
        if self._only_region is not None:
            return self._only_region
        length = len(national)
        pattern = self._region_of.get(length)
        if pattern is None:
            pattern = self._region_of[length] = self._compile_regions(length)
        match = pattern.match(national)
        return match.lastgroup if match else None

    def reaches(self, region: str, beginning: str) -> bool:
        """Whether a number that is valid in `region` may begin with these national digits."""
        if self._only_region is not None:
            return True
        pattern = self._beginnings.get(region)
        if pattern is None:
            metadata = _metadata(self.code, region)
            kinds = "|".join(
                description.national_number_pattern
                for kind in _KINDS
                if (description := getattr(metadata, kind)) and description.national_number_pattern
            )
            leading = f"(?={metadata.leading_digits})" if metadata.leading_digits else ""
            pattern = self._beginnings[region] = regex.compile(f"{leading}(?:{kinds})")
        return pattern.fullmatch(beginning, partial=True) is not None

    def _matches(self, compiled: dict[int, _Match], write: _Writer, national: str) -> bool:
        length = len(national)
        match = compiled.get(length)
        if match is None:
            match = compiled[length] = self._compile(write, length)
        return match(national) is not None

    def _compile(self, write: _Writer, length: int) -> _Match:
        @cache
        def of(region: str) -> _Match:
            return re.compile(write(_metadata(self.code, region), length)).match

        if self._only_region is not None:
            return of(self._only_region)

        def match(national: str) -> re.Match[str] | None:
            region = self.region(national)
            return of(region)(national) if region is not None else None

        return match

    def _compile_regions(self, length: int) -> re.Pattern[str]:
        """The first region that matches: by its leading digits where it has some, else by being valid there."""
        alternatives = []
        for region in self.regions:
            metadata = _metadata(self.code, region)
            known = f"(?:{metadata.leading_digits})" if metadata.leading_digits else _valid(metadata, length)
            alternatives.append(f"(?P<{region}>{known})")
        return re.compile("|".join(alternatives))


# --- patterns as text, for national numbers of one length -----------------------------------------------------

_NEVER: Final = "(?!)"


def _valid(metadata: PhoneMetadata, length: int) -> str:
    """Of any kind at all (what phonenumbers does not call UNKNOWN)."""
    return _general(metadata, length) + _any_of(metadata, _KINDS, length)


def _mobile(metadata: PhoneMetadata, length: int) -> str:
    """A pager's or a mobile's, where the kinds that go before these do not claim it.

    Where both have one plan, phonenumbers says FIXED_LINE_OR_MOBILE of what is a fixed line's.
    """
    mobile = "fixed_line" if metadata.same_mobile_and_fixed_line_pattern else "mobile"
    others = ("premium_rate", "toll_free", "shared_cost", "voip", "personal_number")
    return (
        f"{_general(metadata, length)}{_none_of(metadata, others, length)}"
        f"(?:{_none_of(metadata, ('uan', 'voicemail'), length)}{_any_of(metadata, (mobile,), length)}"
        f"|{_any_of(metadata, ('pager',), length)})"
    )


def _general(metadata: PhoneMetadata, length: int) -> str:
    return f"(?={_any_of(metadata, ('general_desc',), length)})"


def _any_of(metadata: PhoneMetadata, kinds: tuple[str, ...], length: int) -> str:
    descriptions: list[PhoneNumberDesc | None] = [getattr(metadata, kind) for kind in kinds]
    patterns = [
        description.national_number_pattern
        for description in descriptions
        if description and description.national_number_pattern and length in description.possible_length
    ]
    return f"(?:{'|'.join(patterns)})\\Z" if patterns else _NEVER


def _none_of(metadata: PhoneMetadata, kinds: tuple[str, ...], length: int) -> str:
    pattern = _any_of(metadata, kinds, length)
    return "" if pattern == _NEVER else f"(?!{pattern})"


def _metadata(code: str, region: str) -> PhoneMetadata:
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    assert metadata is not None  # phonenumbers has some for every region that it lists
    return metadata


_CODES: Final = {str(code): regions for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()}


@cache
def numbering(code: str) -> Numbering:
    """What is known of a country calling code, compiled once for each."""
    return Numbering(code)


class _Beginnings(dict[str, Numbering | None]):
    """Filled as they are met, with those that are some code's: at most a thousand and the codes."""

    def __missing__(self, beginning: str) -> Numbering | None:
        for length in (3, 2, 1):
            code = beginning[:length]
            if code in _CODES:
                found = self[beginning] = numbering(code)
                return found
        return None


CALLING_CODES: Final = _Beginnings()
"""The country calling code that the first three digits of an international number (or all, where there are fewer) begin
with, None where they begin with none; no code begins another."""
