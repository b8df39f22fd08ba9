"""Rules, candidates, their order; what the engine picks and what it explains are the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from router.engine.choosing import Chooser
from router.engine.desk import Desk
from router.engine.running import Running
from router.engine.sharing import Sharing
from router.message import Message
from router.refusal import Refusal
from router.routing.plan import RoutePlan
from router.routing.quality import Statistics
from router.routing.route import Ranking, RouteQuery, decide, rank
from router.routing.terms import Ranker
from router.settings import Choice, Match, Plan, Rule
from tests.engine.rig import ManualClock
from tests.routing.values import account, operator, plan, rate, remembered

NUMBER = "+237670000001"


def query(**fields: Any) -> RouteQuery:
    return RouteQuery(**{"to": NUMBER, "at": 0, **fields})


def names(ranking: Ranking) -> list[str]:
    assert [one.rank for one in ranking.candidates] == list(range(1, len(ranking.candidates) + 1))
    return [one.operator for one in ranking.candidates]


def simple(*costs: tuple[str, str], **fields: Any) -> RoutePlan:
    return plan(*(operator(name, rate("", cost)) for name, cost in costs), **fields)


def refusal(built: RoutePlan, **fields: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        rank(built, fields.pop("account", None), query(**fields))
    return refused.value


# --- order ---------------------------------------------------------------------------------------------------


def test_the_cheapest_first_in_the_base_currency() -> None:
    built = plan(
        operator("euro", rate("", "0.00003", "EUR")),
        operator("franc", rate("", "0.02")),
        operator("dollar", rate("", "0.00003", "USD")),
    )
    ranking = rank(built, None, query())
    assert names(ranking) == ["dollar", "euro", "franc"]
    best = ranking.candidates[0]
    assert (str(best.cost), str(best.base_cost)) == ("0.00003 USD", "0.01800 XAF")


def test_ties_on_cost_go_by_priority_then_name() -> None:
    choices = (Choice("d", priority=2), Choice("c", priority=1), Choice("b", priority=2), Choice("a", priority=3))
    built = simple(*((name, "1") for name in "dcba"), plans={"default": Plan("default", operators=choices)})
    assert names(rank(built, None, query())) == ["c", "b", "d", "a"]


def test_equal_amounts_of_different_scale_or_currency_are_a_tie() -> None:
    built = plan(operator("z", rate("", "0.10")), operator("a", rate("", "0.1")), operator("m", rate("", "0.100")))
    assert names(rank(built, None, query())) == ["a", "m", "z"]


def test_order_priority_goes_by_priority_then_cost_then_name() -> None:
    choices = (Choice("dear", priority=1), Choice("b", priority=2), Choice("a", priority=2), Choice("low", priority=2))
    plans = {"default": Plan("default", "priority", choices)}
    built = simple(("dear", "9"), ("b", "2"), ("a", "2"), ("low", "1"), plans=plans)
    assert names(rank(built, None, query())) == ["dear", "low", "a", "b"]


# --- candidates ----------------------------------------------------------------------------------------------


def test_a_plan_names_its_operators_or_takes_all_of_the_channel() -> None:
    built = plan(
        operator("a", rate("", "1")),
        operator("b", rate("", "2")),
        operator("chat", rate("", "0"), channel="whatsapp"),
        plans={"default": Plan("default"), "one": Plan("one", operators=(Choice("b"), Choice("chat")))},
    )
    assert names(rank(built, None, query())) == ["a", "b"]
    assert names(rank(built, None, query(plan="one"))) == ["b"]
    assert names(rank(built, None, query(channel="whatsapp"))) == ["chat"]
    assert names(rank(built, None, query(channel="whatsapp", plan="one"))) == ["chat"]
    assert refusal(built, channel="voice").code == "unroutable"


def test_a_shorter_prefix_of_another_operator_takes_part() -> None:
    built = plan(
        operator("all", rate("", "1")), operator("country", rate("237", "2")), operator("net", rate("23767", "3"))
    )
    ranking = rank(built, None, query())
    assert [(one.operator, one.prefix) for one in ranking.candidates] == [
        ("all", ""),
        ("country", "237"),
        ("net", "23767"),
    ]
    assert names(rank(built, None, query(to="+254700000001"))) == ["all"]


@pytest.mark.parametrize(
    ("built", "fields"),
    [
        (plan(), {}),
        (plan(operator("a", rate("254", "1"))), {}),
        (plan(operator("a", rate("237", "1", start=5))), {"at": 4}),
        (simple(("a", "1"), plans={"default": Plan("default", operators=())}), {}),
        (simple(("a", "1"), rules=(Rule(1, Match(), operators=("gone",)),)), {}),
        (simple(("a", "1"), ("b", "1"), rules=(Rule(1, Match(), operators=("b",), plan="p"),),
                plans={"p": Plan("p", operators=(Choice("a"),))}), {}),
    ],
)  # fmt: skip
def test_unroutable(built: RoutePlan, fields: dict[str, Any]) -> None:
    refused = refusal(built, **fields)
    assert (refused.code, refused.field) == ("unroutable", "to")


# --- rules and plans -----------------------------------------------------------------------------------------

CHEAP_AND_DEAR = (("a", "1"), ("b", "2"))


@pytest.mark.parametrize(
    ("match", "fields", "holds"),
    [
        (Match(), {}, True),
        (Match(prefix="237"), {}, True),
        (Match(prefix="237670000001"), {}, True),
        (Match(prefix="2376700000012"), {}, False),
        (Match(prefix="254"), {}, False),
        (Match(traffic_class="otp"), {}, False),
        (Match(traffic_class="otp"), {"traffic_class": "otp"}, True),
        (Match(sender="ACME"), {"sender": "ACME"}, True),
        (Match(sender="ACME"), {"sender": "ACME2"}, False),
        (Match(sender="ACME"), {"sender": "acme"}, False),
        (Match(sender="ACME"), {}, False),
        (Match(sender="AC*"), {"sender": "ACME"}, True),
        (Match(sender="AC*"), {"sender": "AC"}, True),
        (Match(sender="AC*"), {"sender": "A"}, False),
        (Match(sender="+1*"), {"sender": "+12025550123"}, True),
        (Match(sender="*"), {"sender": "x"}, True),
        (Match(sender="*"), {}, False),
        (Match("237", "otp", "ACME"), {"traffic_class": "otp", "sender": "ACME"}, True),
        (Match("237", "otp", "ACME"), {"traffic_class": "otp", "sender": "OTHER"}, False),
        (Match("237", "otp", "ACME"), {"sender": "ACME"}, False),
        (Match("238", "otp", "ACME"), {"traffic_class": "otp", "sender": "ACME"}, False),
    ],
)
def test_a_rule_matches_when_all_of_it_holds(match: Match, fields: dict[str, Any], holds: bool) -> None:
    built = simple(*CHEAP_AND_DEAR, rules=(Rule(1, match, operators=("b",)),))
    ranking = rank(built, None, query(**fields))
    assert names(ranking) == (["b"] if holds else ["a", "b"])
    assert (ranking.rule is not None) is holds


def test_the_first_rule_that_matches_and_only_that() -> None:
    rules = (
        Rule(1, Match(prefix="254"), refuse="blocked"),
        Rule(2, Match(prefix="237"), sender="20880"),
        Rule(3, Match(prefix="23767"), operators=("b",)),
        Rule(4, Match(prefix="237670000001"), refuse="blocked"),
    )
    ranking = rank(simple(*CHEAP_AND_DEAR, rules=rules), None, query())
    assert ranking.rule is rules[1]
    assert names(ranking) == ["a", "b"]


def test_a_rule_refuses_with_its_code_before_anything_else() -> None:
    built = plan(rules=(Rule(7, Match(), refuse="sender_not_allowed", plan="nope"),))
    refused = refusal(built, plan="nope")
    assert refused.code == "sender_not_allowed"
    assert "rule 7" in refused.detail


def test_a_rule_s_plan_goes_before_the_message_s_before_the_account_s() -> None:
    plans = {name: Plan(name, operators=(Choice(name),)) for name in ("default", "by_rule", "asked", "own")}
    built = simple(
        *((name, "1") for name in plans),
        plans=plans,
        rules=(Rule(1, Match(traffic_class="otp"), plan="by_rule"),),
    )
    own = account(plan="own")
    assert rank(built, None, query()).plan.name == "default"
    assert rank(built, own, query()).plan.name == "own"
    assert rank(built, own, query(plan="asked")).plan.name == "asked"
    assert rank(built, own, query(plan="asked", traffic_class="otp")).plan.name == "by_rule"


@pytest.mark.parametrize("fields", [{"plan": "nope"}, {"account": account(plan="nope")}])
def test_an_unknown_plan(fields: dict[str, Any]) -> None:
    refused = refusal(simple(("a", "1")), **fields)
    assert (refused.code, refused.field) == ("invalid_request", "plan")
    assert "'nope'" in refused.detail


def test_a_rule_restricts_and_the_plan_orders() -> None:
    built = simple(("a", "1"), ("b", "2"), ("c", "3"), rules=(Rule(1, Match(), operators=("c", "b")),))
    assert names(rank(built, None, query())) == ["b", "c"]


# --- the ranker's memory -------------------------------------------------------------------------------------


def test_rates_change_at_their_time_through_the_memory() -> None:
    built = plan(
        operator("a", rate("", "3"), rate("", "1", start=100)), operator("b", rate("", "2"), rate("", "4", start=200))
    )
    ranker = Ranker(built)
    seen = [names(remembered(ranker, query(at=at)))[0] for at in (0, 99, 100, 101, 199, 200, 10**15)]
    assert seen == ["b", "b", "a", "a", "a", "a", "a"]
    assert remembered(ranker, query(at=200)).candidates[1].base_cost.amount == 4


def test_what_is_remembered_is_the_same_object() -> None:
    ranker = Ranker(simple(*CHEAP_AND_DEAR))
    assert remembered(ranker, query()) is remembered(ranker, query(to="+254700000001"))


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.routing.terms._RANKINGS", 4)
    monkeypatch.setattr("router.routing.terms._TERMS", 4)
    ranker = Ranker(plan(operator("a", *(rate(str(number), "1") for number in range(10, 30)))))
    for number in range(10, 30):
        remembered(ranker, query(to=f"+{number}0000", sender=f"S{number}"))
        assert len(ranker._known) <= 4
        assert len(ranker._terms) <= 4


operators = st.lists(
    st.tuples(
        st.sampled_from(("sms", "sms", "voice")),
        st.lists(
            st.builds(
                rate,
                st.text("12", max_size=3),
                st.sampled_from(("1", "1.0", "2", "3")),
                st.sampled_from(("XAF", "EUR")),
                st.sampled_from((0, 0, 10, 20)),
            ),
            max_size=5,
            unique_by=lambda one: (one.prefix, one.effective_from),
        ),
    ),
    min_size=1,
    max_size=5,
)
some_names = st.lists(st.sampled_from([f"op{index}" for index in range(5)]), unique=True, max_size=4)
plans = st.builds(
    Plan,
    st.just("x"),
    st.sampled_from(("cost", "priority", "quality")),
    st.none()
    | some_names.map(
        lambda them: tuple(Choice(name, 1 + len(name) % 3, 1 + index % 2) for index, name in enumerate(them))
    ),
)
rules = st.lists(
    st.tuples(
        st.builds(
            Match,
            st.none() | st.text("12", max_size=2),
            st.none() | st.sampled_from(("otp", "marketing")),
            st.none() | st.sampled_from(("A", "A*")),
        ),
        st.none() | st.sampled_from(("default", "other")),
        st.none() | some_names.map(tuple),
        st.sampled_from((None, None, None, "blocked")),
    ),
    max_size=4,
)
queries = st.lists(
    st.builds(
        RouteQuery,
        st.text("123", min_size=1, max_size=5).map("+".__add__),
        st.integers(0, 30),
        st.none() | st.sampled_from(("A", "AB", "B")),
        st.sampled_from(("otp", "transactional", "marketing")),
        st.sampled_from(("sms", "sms", "voice", "viber")),
        st.none() | st.sampled_from(("default", "other", "nope")),
    ),
    max_size=25,
).map(lambda them: sorted(them, key=lambda one: one.at))


def said(ask: Any) -> Any:
    try:
        return ask()
    except Refusal as refused:
        return refused.code, refused.detail


@hypothesis_settings(max_examples=150)
@given(operators, plans, plans, rules, queries)
@pytest.mark.deep
def test_the_ranker_says_what_rank_says(
    of: list[Any], default: Plan, other: Plan, ruled: list[Any], asked: list[RouteQuery]
) -> None:
    built = plan(
        *(operator(f"op{index}", *card, channel=channel) for index, (channel, card) in enumerate(of)),
        plans={"default": default, "other": Plan("other", other.order, other.operators)},
        rules=tuple(
            Rule(number, match, name, only, refuse) for number, (match, name, only, refuse) in enumerate(ruled, 1)
        ),
    )
    ranker = Ranker(built)
    for one in asked:
        known, fresh = said(lambda one=one: remembered(ranker, one)), said(lambda one=one: rank(built, None, one))
        if isinstance(fresh, Ranking):
            assert (known.plan, known.rule, known.network, known.candidates) == (
                fresh.plan,
                fresh.rule,
                fresh.network,
                fresh.candidates,
            )
        else:
            assert known == fresh


# --- explained -----------------------------------------------------------------------------------------------

states = st.dictionaries(st.sampled_from([f"op{index}" for index in range(5)]), st.sampled_from(("down", "paused")))


@given(operators, plans, states, st.text("123", min_size=1, max_size=5))
@pytest.mark.deep
def test_what_is_explained_is_what_the_engine_picks(
    of: list[Any], default: Plan, down: dict[str, str], number: str
) -> None:
    built = plan(
        *(operator(f"op{index}", *card, channel=channel) for index, (channel, card) in enumerate(of)),
        plans={"default": default},
    )
    desks = {name: Desk(one, None) for name, one in built.operators.items()}
    for name, desk in desks.items():
        desk.unusable = down.get(name)
    clock = ManualClock()
    chooser = Chooser(Running(built), desks, Sharing(desks, Statistics(), clock))
    message = Message(id="m", account="acme", to=f"+{number}", created_at=0, text="x")
    ranking = said(lambda: chooser.rank(message, 15))
    explained = said(lambda: decide(built, None, query(to=f"+{number}", at=15), down.get, None))
    if not isinstance(ranking, Ranking):
        assert explained == ranking
        return
    chosen = chooser.choose(message, ranking, 15)
    assert chosen is not None
    picked = chosen[0]
    assert [one.operator for one in explained.candidates] == names(ranking)
    for one in explained.candidates:
        assert (one.usable, one.reason) == (one.operator not in down, down.get(one.operator))
    if explained.operator is None:
        assert all(one.operator in down for one in ranking.candidates)
        assert picked is ranking.candidates[0], "it waits for the best one"
    else:
        assert picked.operator == explained.operator


def test_a_decision_tells_rule_plan_and_network() -> None:
    built = plan(
        operator("a", rate("237", "1", network=("624", "01"))), rules=(Rule(1, Match("254")), Rule(2, Match("237")))
    )
    decision = decide(built, None, query(), lambda _: None, "MTN")
    assert (decision.operator, decision.rule, decision.plan) == ("a", 2, "default")
    assert decision.network is not None
    assert (decision.network.mcc, decision.network.mnc, decision.network.name) == ("624", "01", "MTN")
