"""Parameters of a request wherever its client put them: in the query, or in a body that is a form (of either kind) or
JSON."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp.web import BaseRequest
from msgspec.json import Decoder

from adapters.web.forms import MOST_FIELDS, multipart_fields
from adapters.web.incoming import decode
from router.refusal import Refusal

LARGEST = 512 * 1024
"""Octets of a body with parameters: what is parsed in a moment, and holds ten thousand numbers."""

_WHOLE = 18
"""Digits of a whole number, at most."""

_object = Decoder(dict[str, Any])


class Parameters:
    """By name. What is absent, null or an empty text is None, as for the frameworks these APIs were written in."""

    __slots__ = ("values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def text(self, name: str) -> str | None:
        """A text; a whole number is one too. Raises Refusal `invalid_request`."""
        value = self.values.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise Refusal("invalid_request", f"The {name} must be a string.", name)
        return value

    def required(self, name: str) -> str:
        """A text that is not blank. Raises Refusal `invalid_request`."""
        value = self.text(name)
        if value is None or not value.strip():
            raise Refusal("invalid_request", f"The {name} field is required.", name)
        return value

    def whole(self, name: str, least: int, most: int) -> int | None:
        """A whole number, also one that is written as a text. Raises Refusal `invalid_request`."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            digits = value.strip().removeprefix("-")
            if digits.isascii() and digits.isdigit() and len(digits) <= _WHOLE:
                value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Refusal("invalid_request", f"The {name} must be an integer.", name)
        if value < least:
            raise Refusal("invalid_request", f"The {name} must be at least {least}.", name)
        if value > most:
            raise Refusal("invalid_request", f"The {name} must not be greater than {most}.", name)
        return value


def parameters(request: BaseRequest, body: bytes) -> Parameters:
    """Those of the query and of the body, which wins. A body that begins with a brace is JSON, whatever it is called:
    clients send JSON as a form. Raises Refusal `invalid_json`, `invalid_request`."""
    values: dict[str, Any] = dict(request.query.items())
    content = body.strip()
    if content:
        media = request.headers.get("Content-Type", "")
        if media.lower().startswith("multipart/form-data"):
            values.update(_parts(body, media))
        elif content.startswith(b"{") or "json" in media.lower():
            given = decode(_object, content)
            values.update(given)
        else:
            values.update(_form(content))
    if len(values) > MOST_FIELDS:
        raise Refusal("invalid_request", f"a request has at most {MOST_FIELDS} parameters")
    return Parameters(values)


def _parts(body: bytes, media: str) -> dict[str, str]:
    try:
        return multipart_fields(body, media)
    except ValueError:
        raise Refusal("invalid_request", "the form cannot be read") from None


def _form(content: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(content.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError:
        raise Refusal("invalid_request", "the form is not UTF-8") from None
    except ValueError:
        raise Refusal("invalid_request", f"a request has at most {MOST_FIELDS} parameters") from None
