"""What changes between two configurations, for people and programs to read. Secrets are never shown."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

from msgspec import Struct

from router.routing.changes import Change, changes, text_of
from router.routing.price_changes import PriceChanges, price_changes, rate_changes
from router.settings import Rule, Settings

# What is only read when the daemon starts.
_AT_START = ("store", "http.host", "http.port", "http.tls", "http.max_body", "limits.in_memory", "tracing")


class Changed(Struct, frozen=True):
    """Something that keeps its name."""

    name: str
    changes: list[Change]


class Named(Struct, frozen=True):
    """Operators, plans or accounts."""

    added: list[str]
    removed: list[str]
    changed: list[Changed]


class RuleChange(Struct, frozen=True):
    """A rule with its place in the file, before for one that goes and after for one that comes."""

    number: int
    rule: str


class RuleChanges(Struct, frozen=True):
    """A rule that was edited or moved is removed and added; one that only got another number is neither."""

    added: list[RuleChange]
    removed: list[RuleChange]


class Difference(Struct, frozen=True):
    """From one plan to another. `binds` names the operators that stay and whose binds are built anew; `settings` are
    the keys of router.yaml and the exchange rates; `at_start` are what waits for the daemon's next start."""

    operators: Named
    binds: list[str]
    rates: list[PriceChanges]
    plans: Named
    rules: RuleChanges
    accounts: Named
    prices: list[PriceChanges]
    settings: list[Change]
    at_start: list[str]

    @property
    def empty(self) -> bool:
        return not any(self.counts().values())

    def counts(self) -> dict[str, int]:
        """How much changes of each kind, without what does not."""
        counts = {
            f"{kind}_{how}": len(getattr(named, how))
            for kind, named in (("operators", self.operators), ("plans", self.plans), ("accounts", self.accounts))
            for how in ("added", "removed", "changed")
        }
        counts["binds_rebuilt"] = len(self.binds)
        for kind, found in (("rates", self.rates), ("prices", self.prices)):
            counts |= {
                f"{kind}_{how}": sum(getattr(one, how) for one in found) for how in ("added", "removed", "changed")
            }
        counts["rules_added"], counts["rules_removed"] = len(self.rules.added), len(self.rules.removed)
        counts["settings_changed"] = len(self.settings)
        return {kind: count for kind, count in counts.items() if count}


def difference(before: Settings, after: Settings) -> Difference:
    """What `after` changes."""
    settings = list(changes(before, after, "", skip=("operators", "accounts", "plans", "rules")))
    return Difference(
        operators=_named(before.operators, after.operators, skip=("name", "rates")),
        binds=[
            name
            for name, operator in after.operators.items()
            if name in before.operators and not operator.same_binds(before.operators[name])
        ],
        rates=rate_changes(before.operators, after.operators),
        plans=_named(before.plans, after.plans, skip=("name",)),
        rules=_rules(before.rules, after.rules),
        accounts=_named(before.accounts, after.accounts, skip=("name", "prices")),
        prices=price_changes(before.accounts, after.accounts),
        settings=settings,
        at_start=[one.key for one in settings if one.key.startswith(_AT_START)],
    )


def _named(before: Mapping[str, Any], after: Mapping[str, Any], skip: tuple[str, ...]) -> Named:
    both = [(name, list(changes(before[name], after[name], "", skip))) for name in after if name in before]
    return Named(
        added=[name for name in after if name not in before],
        removed=[name for name in before if name not in after],
        changed=[Changed(name, changes) for name, changes in both if changes],
    )


def _rules(before: Sequence[Rule], after: Sequence[Rule]) -> RuleChanges:
    # Compared by their text: rules hold what cannot be hashed, and what reads the same is the same.
    old, new = [_rule_text(rule) for rule in before], [_rule_text(rule) for rule in after]
    added: list[RuleChange] = []
    removed: list[RuleChange] = []
    for kind, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            removed += [RuleChange(before[place].number, old[place]) for place in range(start, end)]
            added += [RuleChange(after[place].number, new[place]) for place in range(new_start, new_end)]
    return RuleChanges(added, removed)


def _rule_text(rule: Rule) -> str:
    return text_of(replace(rule, number=0)).removeprefix("{number: 0, ").removesuffix("}")
