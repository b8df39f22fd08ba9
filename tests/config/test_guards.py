"""Guards as they are written: what they turn into, and what is refused."""

from decimal import Decimal

import pytest

from router.account import Guards, OptOut, RateLimit, Velocity
from router.operator import Caps
from tests.config.conftest import Folder


def of_plain(folder: Folder, written: str) -> Guards | None:
    folder.replace("accounts.yaml", "  - name: plain\n", f"  - name: plain\n    {written}\n")
    return folder.load().accounts["plain"].guards


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("countries: [CM, FR]", Guards(countries=frozenset({"CM", "FR"}))),
        ("velocity: {destination: 5/h}", Guards(velocity=Velocity(RateLimit(5.0, 3600.0)))),
        (
            "velocity: {destination: 20/d, prefix: 1000/m, prefix_digits: 9}",
            Guards(velocity=Velocity(RateLimit(20.0, 86_400.0), RateLimit(1000.0, 60.0), 9)),
        ),
        ("velocity: {prefix: 10/s}", Guards(velocity=Velocity(None, RateLimit(10.0, 1.0), 7))),
        ("duplicates: 60s", Guards(duplicates=60.0)),
        ("loop_guard: true", Guards(loop_guard=True)),
        ("loop_guard: false", None),
        ("opt_out: {}", Guards(opt_out=OptOut())),
        (
            "opt_out: {words: [STOP, Arrêt, 停止], back: [' Start  again!'], classes: [marketing]}",
            Guards(
                opt_out=OptOut(
                    frozenset({"stop", "arret", "停止"}), frozenset({"start again"}), frozenset({"marketing"})
                )
            ),
        ),
        ("status: active", None),
    ],
)
def test_guards_of_an_account(folder: Folder, written: str, expected: Guards | None) -> None:
    assert of_plain(folder, written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{parts: 100000}", Caps(100_000)),
        ('{spend: "1000.00"}', Caps(None, Decimal("1000.00"))),
        ('{spend: "1000.00", parts: 5, time_zone: Africa/Douala}', Caps(5, Decimal(1000), "Africa/Douala")),
    ],
)
def test_caps_of_an_operator(folder: Folder, written: str, expected: Caps) -> None:
    assert folder.load().operators["orange-cm"].caps is None
    folder.replace("operators/orange-cm.yaml", "operator: orange-cm\n", f"operator: orange-cm\ncaps: {written}\n")
    assert folder.load().operators["orange-cm"].caps == expected


@pytest.mark.parametrize("written", [True, False])
def test_a_plan_may_allow_a_loss(folder: Folder, written: bool) -> None:
    assert not folder.load().plans["default"].allow_loss
    folder.replace("routes.yaml", "attempts: 3", f"allow_loss: {str(written).lower()}")
    assert folder.load().plans["default"].allow_loss is written


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("countries: CM", "countries: must be a list, not a single value"),
        ("countries: []", "countries: must have at least 1 item"),
        ("countries: [CMR]", "countries: 'CMR' is not a country code such as CM (ISO 3166, two capital letters)"),
        ("countries: [cm]", "countries: 'cm' is not a country code"),
        ("countries: [CM, CM]", "countries: 'CM' is given twice"),
        ("velocity: 5/h", "velocity: must be a mapping of keys, not a single value"),
        ("velocity: {}", "velocity: needs destination, prefix or both, such as destination: 5/h"),
        ("velocity: {prefix_digits: 7}", "velocity: needs destination, prefix or both"),
        ("velocity: {destination: 5/h, prefix_digits: 7}", "velocity: prefix_digits goes with prefix"),
        ("velocity: {destination: 5}", "velocity.destination: '5' is not a rate of whole messages such as 5/h"),
        ("velocity: {destination: 0.5/h}", "velocity.destination: '0.5/h' is not a rate of whole messages"),
        ("velocity: {destination: 0/h}", "velocity.destination: '0/h' is not a rate of whole messages"),
        ("velocity: {destination: 5/w}", "velocity.destination: '5/w' is not a rate of whole messages"),
        ("velocity: {prefix: 5/h, prefix_digits: 0}", "velocity.prefix_digits: 0 is out of range (1 to 15)"),
        ("velocity: {prefix: 5/h, prefix_digits: 16}", "velocity.prefix_digits: 16 is out of range (1 to 15)"),
        ("velocity: {number: 5/h}", "velocity: unknown key 'number'"),
        ("duplicates: true", "duplicates: 'true' is not a duration such as 500ms, 30s, 10m, 72h or 7d"),
        ("duplicates: 0s", "duplicates: 0s must be longer than nothing"),
        ("opt_out: true", "opt_out: must be a mapping of keys, not a single value"),
        ("opt_out: {words: STOP}", "opt_out.words: must be a list, not a single value"),
        ("opt_out: {words: []}", "opt_out.words: must have at least 1 item"),
        ("opt_out: {words: [STOP, stop]}", "opt_out.words: 'stop' is given twice"),
        ("opt_out: {words: ['!']}", "opt_out.words: is no word"),
        ("opt_out: {words: [GO], back: [go]}", "opt_out: 'go' cannot both opt out and opt in"),
        ("opt_out: {classes: [otps]}", "opt_out.classes: 'otps' is not one of otp, transactional, marketing"),
        ("opt_out: {word: [STOP]}", "opt_out: unknown key 'word', did you mean 'words'?"),
        ("loop_guard: 1", "loop_guard: must be true or false, without quotes"),
    ],
)
def test_one_mistake_of_an_account_one_error(folder: Folder, written: str, reason: str) -> None:
    text = folder.files["accounts.yaml"]
    assert isinstance(text, str)
    folder.replace("accounts.yaml", "  - name: plain\n", f"  - name: plain\n    {written}\n")
    (error,) = folder.errors()
    assert error.startswith(f"accounts.yaml:{text.count(chr(10)) + 1}: accounts.{reason}")


@pytest.mark.parametrize(
    ("file", "old", "new", "error"),
    [
        (
            "routes.yaml",
            "attempts: 3",
            "allow_loss: 1",
            "routes.yaml:6: plans.default.allow_loss: must be true or false, without quotes",
        ),
        *(
            ("operators/orange-cm.yaml", "operator: orange-cm\n", f"operator: orange-cm\ncaps: {caps}\n", error)
            for caps, error in (
                ("100", "operators/orange-cm.yaml:2: caps: must be a mapping of keys"),
                ("{}", "operators/orange-cm.yaml:2: caps: needs parts, spend or both"),
                ("{time_zone: UTC}", "operators/orange-cm.yaml:2: caps: needs parts, spend or both"),
                ("{parts: 0}", "operators/orange-cm.yaml:2: caps.parts: 0 is out of range (at least 1)"),
                ("{parts: '1'}", "operators/orange-cm.yaml:2: caps.parts: must be a whole number, without quotes"),
                ("{spend: 0}", "operators/orange-cm.yaml:2: caps.spend: 0 must be more than zero"),
                ("{spend: -1}", "operators/orange-cm.yaml:2: caps.spend: -1 must not be negative"),
                (
                    "{parts: 1, time_zone: Here}",
                    "operators/orange-cm.yaml:2: caps.time_zone: 'Here' is not a time zone",
                ),
                ("{messages: 1}", "operators/orange-cm.yaml:2: caps: unknown key 'messages'"),
            )
        ),
    ],
)
def test_one_mistake_one_error(folder: Folder, file: str, old: str, new: str, error: str) -> None:
    folder.replace(file, old, new)
    (only,) = folder.errors()
    assert only.startswith(error)
