"""Texts with placeholders: {{name}}, with spaces inside the braces or without.

A text is filled in one pass: what is put in is not looked at again, and placeholders do not nest.
"""

import re
from collections.abc import Mapping

from msgspec import Struct

from router.gateway.records import Contact

_PLACEHOLDER = re.compile(r"\{\{ *([A-Za-z_][A-Za-z0-9_]*) *\}\}")

Value = str | int | float | bool | None


class Rendered(Struct, frozen=True, gc=False):
    """`missing` are the placeholders that nothing was there for, in the order of their first appearance; they stand in
    the text as they were written, but for spaces."""

    text: str
    missing: list[str]


def placeholders(text: str) -> list[str]:
    """The names in a text, each once, in the order of their first appearance."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(text)))


def render(text: str, values: Mapping[str, str]) -> Rendered:
    missing: dict[str, None] = {}

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        value = values.get(name)
        if value is None:
            missing[name] = None
            return f"{{{{{name}}}}}"
        return value

    return Rendered(_PLACEHOLDER.sub(fill, text), list(missing))


def fill(text: str, values: Mapping[str, str]) -> str:
    """A text for somebody of whom not everything is known: what nothing is there for is left out."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], ""), text)


def written(values: Mapping[str, Value]) -> dict[str, str]:
    """Values as they stand in a text: numbers as JSON has them; what is null is not there."""
    return {
        name: value if isinstance(value, str) else _word(value) for name, value in values.items() if value is not None
    }


def of_contact(contact: Contact) -> dict[str, str]:
    """What a contact has to fill in: its fields, and firstName, lastName, fullName, email, phoneNumber."""
    own = {
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "fullName": contact.full_name or None,
        "email": contact.email,
        "phoneNumber": contact.number,
    }
    return written(contact.fields) | {name: value for name, value in own.items() if value is not None}


def _word(value: int | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
