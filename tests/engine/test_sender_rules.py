"""Which senders countries and operators take."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from router.account import Account
from router.outcome import Outcome, OutcomeKind
from router.refusal import Refusal
from router.routing.route import RouteQuery
from router.settings import Match, Rule, SenderRule, Settings
from tests.engine.rig import ManualClock, Rig, operator, settings

CM, US = "+237670000001", "+12125550123"
NOT_HERE = Outcome(OutcomeKind.REJECTED, status=0x0A, detail="not here")
NOW = ManualClock().ms


def rule(do: Any, number: int = 1, **fields: Any) -> SenderRule:
    return SenderRule(number, f"senders.yaml:{number}", do, **fields)


def config(*rules: SenderRule, routes: tuple[Rule, ...] = (), default_sender: str | None = None) -> Settings:
    account = Account(name="acme", token=None, currency="XAF", default_sender=default_sender)
    both = operator("cheap", "0.01"), operator("dear", "0.02")
    return replace(settings(*both, accounts=(account,), rules=routes), sender_rules=rules)


def registered(*senders: str) -> frozenset[str]:
    return frozenset(senders)


@pytest.mark.parametrize(
    ("rules", "fields", "expected"),
    [
        # (operator, sender that is sent) or the rule that refuses
        ([rule("refuse", country="US")], {"sender": "ACME"}, ("cheap", "ACME")),
        ([rule("refuse", country="CM")], {"sender": "ACME"}, 1),
        ([rule("refuse", kind="alphanumeric")], {"sender": "ACME"}, 1),
        ([rule("refuse", kind="alphanumeric")], {"sender": "8080"}, ("cheap", "8080")),
        ([rule("refuse", kind="shortcode")], {"sender": "8080"}, 1),
        ([rule("refuse", kind="international")], {"sender": "+237670000009"}, 1),
        ([rule("refuse", kind="alphanumeric")], {}, ("cheap", None)),
        ([rule("refuse")], {}, 1),
        ([rule("refuse", operator="cheap")], {"sender": "ACME"}, ("dear", "ACME")),
        ([rule("refuse", operator="cheap"), rule("refuse", 2, operator="dear")], {"sender": "ACME"}, 1),
        ([rule("allow", operator="dear"), rule("refuse", 2)], {"sender": "ACME"}, ("dear", "ACME")),
        ([rule("registered", registered=registered("ACME"))], {"sender": "ACME"}, ("cheap", "ACME")),
        ([rule("registered", registered=registered("ACME"))], {"sender": "acme"}, 1),
        ([rule("registered", registered=registered("ACME"))], {}, 1),
        ([rule("registered", registered=registered("237670000009"))], {"sender": "+237670000009"},
         ("cheap", "+237670000009")),
        ([rule("registered", operator="cheap", registered=registered("X"))], {"sender": "ACME"}, ("dear", "ACME")),
        ([rule("replace", replacement="20880")], {"sender": "ACME"}, ("cheap", "20880")),
        ([rule("replace", replacement="20880")], {}, ("cheap", "20880")),
        ([rule("replace", operator="dear", replacement="20880")], {"sender": "ACME"}, ("cheap", "ACME")),
        ([rule("refuse", since=NOW + 1)], {"sender": "ACME"}, ("cheap", "ACME")),
        ([rule("refuse", since=NOW)], {"sender": "ACME"}, 1),
        ([rule("refuse", since=NOW + 1), rule("replace", 2, replacement="1")], {"sender": "ACME"}, ("cheap", "1")),
    ],
)  # fmt: skip
async def test_the_first_rule_that_fits_decides(
    tmp_path: Path, rules: list[SenderRule], fields: dict[str, Any], expected: Any
) -> None:
    async with Rig(config(*rules), tmp_path) as rig:
        if isinstance(expected, int):
            with pytest.raises(Refusal) as refused:
                await rig.submit(CM, **fields)
            assert (refused.value.code, refused.value.field) == ("sender_not_allowed", "from")
            assert f"rule {expected} of the senders (senders.yaml:{expected})" in refused.value.detail
        else:
            await rig.submit(CM, **fields)
            (submission,) = await rig.written(expected[0])
            assert submission.sender == expected[1]


async def test_each_operator_shows_its_own_sender(tmp_path: Path) -> None:
    async with Rig(config(rule("replace", operator="cheap", replacement="20880")), tmp_path) as rig:
        message = await rig.submit(CM, sender="ACME")
        (submission,) = await rig.written("cheap")
        assert (submission.sender, message.sender, message.sent_as) == ("20880", "ACME", "20880")
        rig.operators["cheap"].answer(submission, NOT_HERE)
        (submission,) = await rig.written("dear")
        assert (submission.sender, message.sent_as) == ("ACME", None)


async def test_no_failover_to_who_does_not_take_the_sender(tmp_path: Path) -> None:
    async with Rig(config(rule("refuse", operator="dear")), tmp_path) as rig:
        message = await rig.submit(CM, sender="ACME")
        (submission,) = await rig.written("cheap")
        rig.operators["cheap"].answer(submission, NOT_HERE)
        await rig.until(lambda: message.done_at)
        assert (message.state, rig.operators["dear"].history) == ("rejected", [])


@pytest.mark.parametrize(("shown", "expected"), [("20880", ("cheap", "20880")), ("ACME", ("dear", "ACME"))])
async def test_the_sender_of_a_route_is_what_is_judged(tmp_path: Path, shown: str, expected: tuple[str, str]) -> None:
    routes = (Rule(1, Match("237"), sender=shown),)
    rules = rule("refuse", operator="cheap", kind="alphanumeric")
    async with Rig(config(rules, routes=routes), tmp_path) as rig:
        await rig.submit(CM, sender="+237670000009")
        (submission,) = await rig.written(expected[0])
        assert submission.sender == expected[1]


async def test_a_decision_says_which_operators_take_the_sender(tmp_path: Path) -> None:
    rules = (
        rule("registered", country="CM", operator="cheap", registered=registered("ACME")),
        rule("refuse", 2, country="CM", operator="dear", kind="alphanumeric"),
    )
    settings = config(*rules, default_sender="OTHER")
    async with Rig(settings, tmp_path) as rig:
        account = settings.accounts["acme"]

        def reasons(**fields: Any) -> list[str | None]:
            decision = rig.engine.preview.route(account, RouteQuery(CM, NOW, **fields))
            return [candidate.reason for candidate in decision.candidates]

        assert reasons(sender="ACME") == [None, "sender_refused"]
        assert reasons(sender="8080") == ["sender_not_registered", None]
        assert reasons() == ["sender_not_registered", "sender_refused"], "the account's default sender"
        with pytest.raises(Refusal, match="rule 1 of the senders"):
            await rig.submit(CM)


async def test_a_rule_that_begins_meanwhile_holds_for_what_is_moved(tmp_path: Path) -> None:
    async with Rig(config(rule("replace", since=NOW + 60_000, replacement="20880")), tmp_path) as rig:
        message = await rig.submit(CM, sender="ACME")
        (submission,) = await rig.written("cheap")
        assert submission.sender == "ACME"
        rig.clock.move(60)
        rig.operators["cheap"].answer(submission, NOT_HERE)
        (submission,) = await rig.written("dear")
        assert (submission.sender, message.sent_as) == ("20880", "20880")
