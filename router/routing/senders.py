"""Which senders countries and operators take: allowed, replaced, registered only or refused, by rules that are data."""

from collections.abc import Iterable

from msgspec import Struct

from router.sender import sender_kind
from router.settings import SenderRule

NOT_REGISTERED = "sender_not_registered"
REFUSED = "sender_refused"

_REMEMBERED = 20_000


class Ruling(Struct, frozen=True, gc=False):
    """What becomes of a sender at an operator: it goes as `sent_as`, or for `reason` not at all, by this rule."""

    rule: SenderRule
    sent_as: str | None = None
    reason: str | None = None

    @property
    def detail(self) -> str:
        """For the one whose sender it is."""
        rule = self.rule
        kind = f"{rule.kind} senders" if rule.kind else "senders"
        where = " ".join(
            part for part in (rule.country and f"in {rule.country}", rule.operator and f"at {rule.operator}") if part
        )
        what = f"only registered {kind} go" if self.reason == NOT_REGISTERED else f"no {kind} go"
        return f"rule {rule.number} of the senders ({rule.place}): {what}{f' {where}' if where else ''}"


class SenderRules:
    """The rules in file order: the first that is in force and fits country, operator and kind decides."""

    def __init__(self, rules: Iterable[SenderRule]) -> None:
        self._rules = tuple(rules)
        self._known: dict[tuple[str | None, str, str | None], tuple[SenderRule, ...]] = {}  # by sender, not kind

    def judge(self, country: str | None, operator: str, sender: str | None, at: int) -> Ruling | None:
        """None where the sender goes as it is. `country` is the recipient's; `at` is milliseconds since the epoch."""
        key = (country, operator, sender)
        rules = self._known.get(key)
        if rules is None:
            kind = sender_kind(sender).value if sender is not None else None
            rules = tuple(rule for rule in self._rules if _fits(rule, country, operator, kind))
            if len(self._known) < _REMEMBERED:
                self._known[key] = rules
        for rule in rules:
            if rule.since <= at:
                return _apply(rule, sender)
        return None


def _fits(rule: SenderRule, country: str | None, operator: str, kind: str | None) -> bool:
    return (
        rule.country in (None, country)
        and rule.operator in (None, operator)
        and (rule.kind is None or rule.kind == kind)
    )


def _apply(rule: SenderRule, sender: str | None) -> Ruling | None:
    match rule.do:
        case "replace":
            return Ruling(rule, sent_as=rule.replacement)
        case "registered":
            if sender is not None and sender.removeprefix("+") in rule.registered:
                return None
            return Ruling(rule, reason=NOT_REGISTERED)
        case "refuse":
            return Ruling(rule, reason=REFUSED)
        case _:
            return None
