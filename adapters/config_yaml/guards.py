"""What guards an account's traffic: keys of an account in accounts.yaml."""

from typing import Any

from adapters.config_yaml import words
from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import Parser, dictionary, listing
from adapters.config_yaml.values import flag, whole, word
from router.account import Guards, Velocity


def guards_of(given: dict[str, Any]) -> Guards | None:
    """Take the guards out of what an account gives; None where it gives none."""
    guards = Guards(**{key: given.pop(key) for key in GUARDS if key in given})
    return None if guards == Guards() else guards


def _countries(value: Value) -> frozenset[str]:
    return frozenset(listing(word(words.country), least=1, distinct=True)(value))


def _velocity(value: Value) -> Velocity:
    given = _VELOCITY(value)
    if "destination" not in given and "prefix" not in given:
        value.fail("needs destination, prefix or both, such as destination: 5/h")
    if "prefix_digits" in given and "prefix" not in given:
        value.fail("prefix_digits goes with prefix")
    return Velocity(**given)


_VELOCITY = dictionary(
    {}, {"destination": word(words.velocity), "prefix": word(words.velocity), "prefix_digits": whole(1, 15)}
)

GUARDS: dict[str, Parser[Any]] = {
    "countries": _countries,
    "velocity": _velocity,
    "duplicates": word(words.duration),
    "loop_guard": flag,
}
