"""A FullSMS request read field by field, so that everything that is wrong with it is said at once (FS-5)."""

import re
from typing import Any

from msgspec.json import Decoder

from adapters.gateways.domain.dates import local
from adapters.gateways.fullsms.errors import Invalid
from adapters.web.incoming import decode
from router.account import Account
from router.refusal import Refusal
from router.text import gsm7

_LONGEST_GSM7 = 612
_LONGEST = 268

_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)

_object = Decoder(dict[str, Any])


class Fields:
    """The fields of a JSON body; what is absent, null or an empty text is None. `errors` is what was found wrong so
    far, `check` raises it."""

    def __init__(self, body: bytes) -> None:
        """Raises Refusal `invalid_json`, `invalid_request` for what is no JSON object."""
        self._values = decode(_object, body) if body.strip() else {}
        self.errors: dict[str, str] = {}

    def value(self, name: str) -> Any:
        value = self._values.get(name)
        return None if value == "" else value

    def text(self, name: str) -> str | None:
        value = self.value(name)
        if value is not None and not isinstance(value, str):
            self.errors[name] = f"The {_words(name)} must be a string."
            return None
        return value

    def id(self, name: str) -> str | None:
        """FS-20: a text or an integer."""
        value = self.value(name)
        return str(value) if is_integer(value) else self.text(name)

    def items(self, name: str, most: int) -> list[Any]:
        """An array that is not empty and not longer than `most`."""
        value = self.value(name)
        if value is None or value == []:
            self.errors[name] = f"The {_words(name)} field is required."
        elif not isinstance(value, list):
            self.errors[name] = f"The {_words(name)} must be an array."
        elif len(value) > most:
            self.errors[name] = f"The {_words(name)} must not have more than {most} items."
        else:
            return value
        return []

    def time(self, name: str, account: Account, now: int) -> int | None:
        """FS-21: a time to come, in ms."""
        written = self.text(name)
        if written is None:
            return None
        at = _time(written, account.time_zone)
        if at is None:
            self.errors[name] = f"The {_words(name)} does not match the format Y-m-d H:i:s."
            return None
        if at <= now:
            self.errors[name] = f"The {_words(name)} must be a date after now."
            return None
        return at

    def check(self) -> None:
        """Raises Invalid."""
        if self.errors:
            raise Invalid(self.errors)


def _time(written: str, time_zone: str) -> int | None:
    try:
        return local(written, time_zone, "send_at") if _TIME.fullmatch(written) else None
    except Refusal:
        return None


def check_length(text: str) -> None:
    """FS-19. Raises Invalid on `message`."""
    most, length = (_LONGEST, len(text.encode("utf-16-le", "surrogatepass")) // 2)
    if not gsm7.missing(text):
        most, length = _LONGEST_GSM7, gsm7.septets(text)
    if length > most:
        raise Invalid({"message": f"The message must not be greater than {most} characters."})


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def of_codes(*names: str) -> Refusal:
    """What is said of a field by the OTP operations."""
    return Invalid({name: f"This {name} is invalid." for name in names})


def _words(name: str) -> str:
    return name.replace("_", " ")
