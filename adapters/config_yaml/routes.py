"""routes.yaml: the plans, and the rules before them."""

from typing import Any

from adapters.config_yaml import words
from adapters.config_yaml.errors import Refused
from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import Parser, attempt, dictionary, listing, read_fields, record
from adapters.config_yaml.values import Names, flag, number, one_of, text, whole, word
from router.message import TrafficClass
from router.routing.quiet_hours import QuietTimes
from router.settings import Choice, Match, Plan, QuietHours, Rule

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_A_MONDAY = 1_767_571_200_000  # 5 January 2026
_WEEK = 7 * 86_400_000
EFFECTS = ("plan", "operators", "refuse", "sender")


def read_plans(value: Value, names: Names, operators: Names) -> dict[str, Plan]:
    """The plans by name; `names` learns them, also those with errors."""
    fields = {
        "order": one_of(("cost", "priority", "weighted", "quality")),
        "operators": lambda value: _choices(value, operators),
        "attempts": whole(1),
        "allow_loss": flag,
        "quality_band": number(0, 1),
        "max_wait": _longer_than_a_second,
    }
    plans: dict[str, Plan] = {}
    entries = value.entries()
    if not entries:
        value.fail("must have at least one plan")
    for key, child in entries:
        name = attempt(names.define, key)
        given = attempt(lambda child: _plan(child, fields), child)
        if name is not None and given is not None:
            plans[name] = Plan(name, **given)
    return plans


def _plan(value: Value, fields: dict[str, Parser[Any]]) -> dict[str, Any]:
    given = dictionary({}, fields)(value)
    if "quality_band" in given and given.get("order") != "quality":
        place = next(child for key, child in value.entries() if key.written == "quality_band")
        place.fail("goes with order: quality")
    return given


def _longer_than_a_second(value: Value) -> float:
    seconds = word(words.duration)(value)
    if seconds < 1:
        value.fail("must be at least 1s")
    return seconds


def _choices(value: Value, operators: Names) -> tuple[Choice, ...]:
    whole_choice = record(Choice, {"operator": operators.refer}, {"weight": whole(1), "priority": whole(1)})

    def choice(value: Value) -> Choice:
        return Choice(operators.refer(value)) if value.is_scalar else whole_choice(value)

    choices = listing(choice, least=1)(value)
    names = [choice.operator for choice in choices]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            value.fail(f"operator {name!r} is given twice")
    return choices


def read_quiet_hours(value: Value) -> tuple[QuietHours, ...]:
    """The quiet hours in the order of the file."""
    hours = listing(_quiet, distinct=True)(value)
    times = QuietTimes(hours)
    for country in dict.fromkeys(one.country for one in hours):
        until = times.until(country, _A_MONDAY)
        if until is not None and until - _A_MONDAY > _WEEK:
            value.fail(f"leave no time at all for {country}")
    return hours


def _quiet(value: Value) -> QuietHours:
    given = _QUIET(value)
    begins, ends = given.pop("from"), given.pop("to")
    if begins == ends:
        value.fail("from and to are the same time; a whole day is 00:00 to 24:00")
    if begins == 1440:
        value.fail("from must be before 24:00")
    if "days" in given:
        given["days"] = frozenset(DAYS.index(day) for day in given["days"])
    return QuietHours(given.pop("country"), begins, ends, **given)


_QUIET = dictionary(
    {
        "country": word(words.country),
        "from": word(words.time_of_day),
        "to": word(words.time_of_day),
        "time_zone": word(words.time_zone),
    },
    {"days": listing(one_of(DAYS), least=1, distinct=True)},
)


def read_rules(value: Value, plans: Names, operators: Names) -> tuple[Rule, ...]:
    """The rules in the order of the file, numbered from 1."""
    rules: list[Rule] = []
    for place, item in enumerate(value.items(), 1):
        given = attempt(lambda item: _rule(item, plans, operators), item)
        if given is not None:
            rules.append(Rule(place, given.pop("match", Match()), **given))
    return tuple(rules)


def _rule(value: Value, plans: Names, operators: Names) -> dict[str, Any]:
    given, sound = read_fields(
        value,
        {},
        {
            "match": record(
                _match,
                {},
                {
                    "prefix": word(words.prefix),
                    "class": lambda value: str(one_of(TrafficClass)(value)),
                    "sender": word(words.sender_pattern),
                },
            ),
            "plan": plans.refer,
            "operators": listing(operators.refer, least=1, distinct=True),
            "refuse": word(words.code),
            "sender": text,
        },
    )
    if sound and not any(effect in given for effect in EFFECTS):
        value.fail(f"a rule needs one of {', '.join(EFFECTS)}")
    if "refuse" in given and len(given.keys() & EFFECTS) > 1:
        value.fail("a rule that refuses has no other effect")
    if not sound:
        raise Refused
    return given


def _match(**given: Any) -> Match:
    if "class" in given:
        given["traffic_class"] = given.pop("class")
    return Match(**given)
