"""What guards an account's traffic: keys of an account in accounts.yaml."""

from typing import Any

from adapters.config_yaml import words
from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import Parser, dictionary, listing, record
from adapters.config_yaml.values import flag, one_of, text, whole, word
from router.account import Guards, OptOut, Velocity
from router.message import TrafficClass
from router.routing.opt_out import plain


def guards_of(given: dict[str, Any]) -> Guards | None:
    """Take the guards out of what an account gives; None where it gives none."""
    guards = Guards(**{key: given.pop(key) for key in GUARDS if key in given})
    return None if guards == Guards() else guards


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


def _opt_out(value: Value) -> OptOut:
    rules: OptOut = _OPT_OUT(value)
    both = rules.words & rules.back
    if both:
        value.fail(f"{min(both)!r} cannot both opt out and opt in")
    return rules


def _opt_out_word(value: Value) -> str:
    word = plain(text(value))
    if not word:
        value.fail("is no word")
    return word


def _set_of(parse: Parser[str]) -> Parser[frozenset[str]]:
    return lambda value: frozenset(listing(parse, least=1, distinct=True)(value))


_OPT_OUT = record(
    OptOut,
    {},
    {
        "words": _set_of(_opt_out_word),
        "back": _set_of(_opt_out_word),
        "classes": _set_of(lambda value: str(one_of(TrafficClass)(value))),
    },
)

GUARDS: dict[str, Parser[Any]] = {
    "countries": _set_of(word(words.country)),
    "velocity": _velocity,
    "duplicates": word(words.duration),
    "loop_guard": flag,
    "opt_out": _opt_out,
}
