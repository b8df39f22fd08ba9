"""The difference of two configurations: nothing for the same one, exactly what was edited, and never a secret."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.account import Account, Price, RateLimit, TexifyKey, Token, Webhook
from router.operator import Operator, Rate, ReceiptRules, SmppLink, SmtpLink, TextRules, Tls
from router.receipt import ReceiptState
from router.routing.changes import Change
from router.routing.difference import Difference, difference
from router.settings import Choice, HttpSettings, Limits, Match, Plan, Rule, ServerTls, Settings

SECRET = "Zq-secret"
OTHER_SECRET = "Zq-other"

LINK = SmppLink("smsc.example", 2775, "acme", SECRET)


def rate(prefix: str, price: str = "0.02", start: int = 0) -> Rate:
    return Rate(prefix, Decimal(price), "XAF", effective_from=start)


def operator(name: str, *rates: Rate, **changes: Any) -> Operator:
    given = {"link": LINK, **changes}
    return Operator(name=name, channel="sms", protocol="smpp", currency="XAF", rates=rates, **given)


def account(name: str, *prices: Price, **changes: Any) -> Account:
    return Account(name, Token(SECRET.encode()), "XAF", prices=prices, **changes)


BASE = Settings(
    store=f"sqlite:///{SECRET}",
    operators={"mtn": operator("mtn", rate("237"), rate("23767", "0.015")), "orange": operator("orange", rate("237"))},
    accounts={
        "acme": account(
            "acme",
            Price("237", Decimal("0.03")),
            webhook=Webhook("https://x.example", SECRET.encode()),
            gateways={"texify": {"keys": (TexifyKey(SECRET),)}},
        )
    },
    plans={"default": Plan("default")},
    rules=(Rule(1, Match(prefix="23769"), operators=("orange",)), Rule(2, Match(traffic_class="otp"), plan="default")),
    base_currency="XAF",
    currencies={"XAF": Decimal(1), "EUR": Decimal("655.957")},
    http=HttpSettings(admin_token=Token(SECRET.encode())),
)


def with_operator(**changes: Any) -> Settings:
    return replace(BASE, operators={**BASE.operators, "mtn": replace(BASE.operators["mtn"], **changes)})


def with_account(**changes: Any) -> Settings:
    return replace(BASE, accounts={"acme": replace(BASE.accounts["acme"], **changes)})


def keys(found: Difference) -> list[tuple[str, str | None, str | None]]:
    things = [*found.operators.changed, *found.plans.changed, *found.accounts.changed]
    every = [*found.settings, *(change for thing in things for change in thing.changes)]
    return [(one.key, "secret", None) if one.secret else (one.key, one.before, one.after) for one in every]


def test_a_configuration_does_not_differ_from_itself() -> None:
    found = difference(BASE, replace(BASE, operators=dict(BASE.operators), currencies=dict(BASE.currencies)))
    assert found.empty
    assert found.counts() == {}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (with_operator(link=replace(LINK, password=OTHER_SECRET)), [("link.password", "secret", None)]),
        (
            with_operator(link=replace(LINK, tps=12.5, window=7)),
            [("link.window", "10", "7"), ("link.tps", "0", "12.5")],
        ),
        (with_operator(link=replace(LINK, tls=Tls(Path("/ca")))), [("link.tls", None, "{ca: /ca, verify: true}")]),
        (with_operator(link=replace(LINK, enquire_link=0.5)), [("link.enquire_link", "30", "0.5")]),
        (
            with_operator(link=SmtpLink("h", 25, password=SECRET), protocol="smtp"),
            [
                ("protocol", "smpp", "smtp"),
                (
                    "link",
                    "{host: smsc.example, port: 2775, system_id: acme, system_type: , mode: transceiver, binds: 1, "
                    "window: 10, tps: 0, enquire_link: 30, response_timeout: 60, reconnect: {initial: 1, max: 60}, "
                    "address_ran…",
                    "{host: h, port: 25, tls: false}",
                ),
            ],
        ),
        (with_operator(errors={11: "reject"}), [("errors.11", None, "reject")]),
        (with_operator(text=TextRules(language_tables=("turkish",))), [("text.language_tables", "[]", "[turkish]")]),
        (
            with_operator(receipts=ReceiptRules(words={"OK": ReceiptState.DELIVERED})),
            [("receipts.words.OK", None, "delivered")],
        ),
        (with_account(token=None), [("token", "set", None)]),
        (with_account(token=Token(b"x")), [("token", "secret", None)]),
        (with_account(webhook=None), [("webhook", "{url: https://x.example, events: [final], batch: 100}", None)]),
        (
            with_account(webhook=Webhook("https://y.example", OTHER_SECRET.encode())),
            [("webhook.url", "https://x.example", "https://y.example"), ("webhook.secret", "secret", None)],
        ),
        (
            with_account(gateways={"texify": {"keys": (TexifyKey(OTHER_SECRET),)}}),
            [("gateways.texify.keys", "secret", None)],
        ),
        (with_account(gateways={}), [("gateways.texify", "secret", None)]),
        (with_account(rate=RateLimit(5, 60)), [("rate", None, "{count: 5, seconds: 60}")]),
        (with_account(status="suspended"), [("status", "active", "suspended")]),
        (replace(BASE, store=f"sqlite:///{OTHER_SECRET}"), [("store", "secret", None)]),
        (replace(BASE, limits=Limits(queued=5)), [("limits.queued", "10000000", "5")]),
        (replace(BASE, http=HttpSettings(port=1)), [("http.port", "8080", "1"), ("http.admin_token", "set", None)]),
        (replace(BASE, currencies={"XAF": Decimal(1)}), [("currencies.EUR", "655.957", None)]),
        (
            replace(BASE, plans={"default": Plan("default", "weighted", (Choice("mtn", 2),))}),
            [("order", "cost", "weighted"), ("operators", None, "[{operator: mtn, weight: 2, priority: 1}]")],
        ),
    ],
)
def test_every_key_is_found_and_no_secret_shown(after: Settings, expected: list[Any]) -> None:
    found = difference(BASE, after)
    assert keys(found) == expected
    for one in (found, difference(after, BASE)):
        shown = msgspec.json.encode(one).decode() + repr(one)
        assert SECRET not in shown
        assert OTHER_SECRET not in shown


def test_a_long_value_is_cut() -> None:
    (change,) = difference(BASE, with_account(senders=("A" * 11,) * 1000)).accounts.changed[0].changes
    assert change.after is not None
    assert len(change.after) == 200
    assert change == Change("senders", None, change.after)


@pytest.mark.parametrize(
    ("link", "rebuilt"),
    [
        ({"window": 3, "tps": 5.0}, []),
        ({"binds": 2}, ["mtn"]),
        ({"password": OTHER_SECRET}, ["mtn"]),
        ({"host": "x"}, ["mtn"]),
        ({}, []),
    ],
)
def test_which_binds_are_built_anew(link: dict[str, Any], rebuilt: list[str]) -> None:
    assert difference(BASE, with_operator(link=replace(LINK, **link))).binds == rebuilt


def test_what_waits_for_the_next_start() -> None:
    after = replace(
        BASE,
        store="x",
        http=HttpSettings(host="::", tls=ServerTls(Path("/c"), Path("/k")), admin_token=None),
        limits=Limits(in_memory=5, queued=7),
    )
    assert difference(BASE, after).at_start == ["store", "http.host", "http.tls", "limits.in_memory"]


def test_operators_come_and_go_with_their_rates() -> None:
    after = replace(BASE, operators={"mtn": BASE.operators["mtn"], "new": operator("new", *map(rate, "123456789"))})
    found = difference(BASE, after)
    assert (found.operators.added, found.operators.removed, found.binds) == (["new"], ["orange"], [])
    assert [(one.name, one.added, one.removed, one.changed) for one in found.rates] == [
        ("orange", 0, 1, 0),
        ("new", 9, 0, 0),
    ]
    assert [one.prefix for one in found.rates[1].first] == ["1", "2", "3", "4", "5"]
    assert found.counts() == {"operators_added": 1, "operators_removed": 1, "rates_added": 9, "rates_removed": 1}


def test_rules_that_only_move_up_are_left_out() -> None:
    first, second = BASE.rules
    new = Rule(1, Match(sender="+1*"), refuse="sender_not_allowed")
    found = difference(BASE, replace(BASE, rules=(new, replace(first, number=2), replace(second, number=3)))).rules
    assert [(one.number, one.rule) for one in found.added] == [(1, "match: {sender: +1*}, refuse: sender_not_allowed")]
    assert found.removed == []
    found = difference(BASE, replace(BASE, rules=(replace(second, number=1),))).rules
    assert [(one.number, one.rule) for one in found.removed] == [(1, "match: {prefix: 23769}, operators: [orange]")]
    found = difference(BASE, replace(BASE, rules=(first, replace(second, sender="X")))).rules
    assert [one.rule for one in found.added] == ["match: {class: otp}, plan: default, sender: X"]
    assert [one.number for one in found.removed] == [2]
    # Another order is another configuration: the first rule that matches counts.
    assert not difference(BASE, replace(BASE, rules=(replace(second, number=1), replace(first, number=2)))).empty


def test_prices_of_accounts() -> None:
    after = with_account(
        prices=(Price("237", Decimal("0.04")), Price("237", Decimal("0.02"), "marketing", "sms"), Price("", Decimal(1)))
    )
    (found,) = difference(BASE, after).prices
    assert (found.name, found.added, found.removed, found.changed) == ("acme", 2, 0, 1)
    assert msgspec.to_builtins(found.first) == [
        {"prefix": "", "before": None, "after": {"amount": "1", "currency": "XAF"}},
        {
            "prefix": "237",
            "before": {"amount": "0.03", "currency": "XAF"},
            "after": {"amount": "0.04", "currency": "XAF"},
        },
        {
            "prefix": "237",
            "before": None,
            "after": {"amount": "0.02", "currency": "XAF"},
            "class": "marketing",
            "channel": "sms",
        },
    ]


def test_an_announced_rate_says_when_it_starts() -> None:
    after = with_operator(rates=(*BASE.operators["mtn"].rates, rate("237", "0.9", 1_800_000_000_000)))
    (found,) = difference(BASE, after).rates
    assert (found.added, found.changed, found.removed) == (1, 0, 0)
    assert msgspec.to_builtins(found.first[0])["effective_from"] == "2027-01-15T08:00:00Z"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, 1_800_000_000_000, {"before": None, "after": "2027-01-15T08:00:00Z"}),
        (1_800_000_000_000, None, {"before": "2027-01-15T08:00:00Z", "after": None}),
        (1_700_000_000_000, 1_800_000_000_000, {"before": "2023-11-14T22:13:20Z", "after": "2027-01-15T08:00:00Z"}),
    ],
)
def test_an_end_that_changes_is_shown(before: int | None, after: int | None, told: dict[str, Any]) -> None:
    def ending(end: int | None) -> Settings:
        return with_operator(rates=(Rate("237", Decimal("0.02"), "XAF", effective_to=end),))

    (found,) = difference(ending(before), ending(after)).rates
    assert (found.added, found.removed, found.changed) == (0, 0, 1)
    (change,) = msgspec.to_builtins(found.first)
    assert change["effective_to"] == told
    assert change["before"] == change["after"] == {"amount": "0.02", "currency": "XAF"}


def test_a_rate_that_comes_or_goes_says_when_it_ends() -> None:
    end = 1_800_000_000_000
    without, ending = with_operator(rates=()), with_operator(rates=(Rate("1", Decimal(1), "XAF", effective_to=end),))
    for before, after, key in ((without, ending, "after"), (ending, without, "before")):
        (change,) = msgspec.to_builtins(difference(before, after).rates[0].first)
        assert {name: at for name, at in change["effective_to"].items() if at} == {key: "2027-01-15T08:00:00Z"}


cards = st.dictionaries(
    st.tuples(st.text("0123456789", max_size=3), st.sampled_from([0, 1, 1_800_000_000_000])),
    st.sampled_from(["0.01", "0.02", "0.03"]),
    max_size=30,
)


@given(cards, cards, st.randoms())
def test_rates_are_counted_as_they_were_edited(before: Any, after: Any, random: Any) -> None:
    """Whatever the cards and whatever the order of their rows."""

    def with_card(card: Any) -> Settings:
        rows = [rate(prefix, price, start) for (prefix, start), price in card.items()]
        random.shuffle(rows)
        return with_operator(rates=tuple(rows))

    found = difference(with_card(before), with_card(after)).rates
    counts = (
        len(after.keys() - before.keys()),
        len(before.keys() - after.keys()),
        sum(before[key] != after[key] for key in before.keys() & after.keys()),
    )
    assert [(one.added, one.removed, one.changed) for one in found] == ([counts] if sum(counts) else [])
    for one in found:
        assert len(one.first) == min(5, sum(counts))


@given(st.lists(st.sampled_from("ABCDEF"), max_size=12), st.lists(st.sampled_from("ABCDEF"), max_size=12))
def test_rules_lead_from_one_list_to_the_other(before: list[str], after: list[str]) -> None:
    def with_rules(senders: list[str]) -> Settings:
        return replace(BASE, rules=tuple(Rule(n, Match(sender=one), refuse="no") for n, one in enumerate(senders, 1)))

    found = difference(with_rules(before), with_rules(after)).rules
    gone = {one.number for one in found.removed}
    come = {one.number for one in found.added}
    kept = [one for number, one in enumerate(before, 1) if number not in gone]
    assert kept == [one for number, one in enumerate(after, 1) if number not in come]
    assert (before == after) == (not gone and not come)
