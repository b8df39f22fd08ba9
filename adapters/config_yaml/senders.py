"""senders.yaml: which senders countries and operators take."""

from typing import Any

from adapters.config_yaml import words
from adapters.config_yaml.errors import Refused
from adapters.config_yaml.nodes import Value
from adapters.config_yaml.shapes import attempt, listing, read_fields
from adapters.config_yaml.values import Names, one_of, text, word
from router.engine.senders import check_sender
from router.refusal import Refusal
from router.sender import SenderKind
from router.settings import SenderRule


def read_senders(value: Value, operators: Names) -> tuple[SenderRule, ...]:
    """The rules in the order of the file, numbered from 1; a file of comments has none."""
    rules: list[SenderRule] = []
    if value.is_empty:
        return ()
    for number, item in enumerate(value.items(), 1):
        given = attempt(lambda item: _rule(item, operators), item)
        if given is None:
            continue
        rule = SenderRule(number, item.place, **given)
        earlier = next((other for other in rules if _covers(other, rule)), None)
        if earlier is not None:
            item.report(f"is never reached: {earlier.place} already decides about all of it")
        rules.append(rule)
    return tuple(rules)


def _covers(earlier: SenderRule, later: SenderRule) -> bool:
    return (
        earlier.country in (None, later.country)
        and earlier.operator in (None, later.operator)
        and earlier.kind in (None, later.kind)
        and earlier.since <= later.since
    )


def _rule(value: Value, operators: Names) -> dict[str, Any]:
    given, sound = read_fields(
        value,
        {"do": one_of(("allow", "replace", "registered", "refuse"))},
        {
            "country": word(words.country),
            "operator": operators.refer,
            "kind": lambda value: str(one_of(SenderKind)(value)),
            "with": _sender,
            "registered": listing(_sender, least=1, distinct=True),
            "source": text,
            "since": word(words.moment),
        },
    )
    if not sound:
        raise Refused
    given.pop("source", None)
    for key, do in (("with", "replace"), ("registered", "registered")):
        if given["do"] == do and key not in given:
            value.fail(f"do: {do} needs {key}")
        if given["do"] != do and key in given:
            value.fail(f"{key} goes with do: {do}")
    if "with" in given:
        given["replacement"] = given.pop("with")
    if "registered" in given:
        given["registered"] = frozenset(sender.removeprefix("+") for sender in given["registered"])
    return given


def _sender(value: Value) -> str:
    sender = text(value)
    try:
        check_sender(sender)
    except Refusal as refusal:
        value.fail(refusal.detail)
    return sender
