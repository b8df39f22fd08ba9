"""Guards as they are written: what they turn into, and what is refused."""

from decimal import Decimal

import pytest

from router.account import Guards, OptOut, RateLimit, Velocity
from router.operator import Caps
from router.settings import QuietHours
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


FRANCE = 'country: FR, from: "22:00", to: "08:00", time_zone: Europe/Paris'


def quiet(folder: Folder, *entries: str) -> Folder:
    lines = "".join(f"  - {{{entry}}}\n" for entry in entries)
    folder.files["routes.yaml"] = f"quiet_hours:\n{lines}{folder.files['routes.yaml']}"
    return folder


def test_quiet_hours(folder: Folder) -> None:
    assert folder.load().quiet_hours == ()
    whole = 'country: FR, from: "00:00", to: "24:00", time_zone: UTC, days: [sat, sun]'
    assert quiet(folder, FRANCE, whole).load().quiet_hours == (
        QuietHours("FR", 1320, 480, "Europe/Paris"),
        QuietHours("FR", 0, 1440, "UTC", frozenset({5, 6})),
    )


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("country: FR", "from is missing"),
        (FRANCE.replace("FR", "France"), "country: 'France' is not a country code"),
        (FRANCE.replace("22:00", "22"), "from: '22' is not a time of the day such as 08:00, from 00:00 to 24:00"),
        (FRANCE.replace("22:00", "25:00"), "from: '25:00' is not a time of the day"),
        (FRANCE.replace("22:00", "24:01"), "from: '24:01' is not a time of the day"),
        (FRANCE.replace("22:00", "24:00"), "from must be before 24:00"),
        (FRANCE.replace("08:00", "22:00"), "from and to are the same time; a whole day is 00:00 to 24:00"),
        (FRANCE.replace("Europe/Paris", "Paris"), "time_zone: 'Paris' is not a time zone"),
        (f"{FRANCE}, days: [sunday]", "days: 'sunday' is not one of mon, tue, wed, thu, fri, sat, sun"),
        (f"{FRANCE}, days: []", "days: must have at least 1 item"),
        (f"{FRANCE}, days: [sun, sun]", "days: 'sun' is given twice"),
        (f"{FRANCE}, class: otp", "unknown key 'class'"),
    ],
)
def test_one_mistake_of_quiet_hours_one_error(folder: Folder, entry: str, reason: str) -> None:
    errors = quiet(folder, entry).errors()
    assert errors[0].removeprefix("routes.yaml:2: ").removeprefix("quiet_hours").lstrip(".: ").startswith(reason)
    assert len(errors) == len(set(errors)) == (3 if reason == "from is missing" else 1)


def test_quiet_hours_given_twice_or_without_end(folder: Folder) -> None:
    (error,) = quiet(folder, FRANCE, FRANCE).errors()
    assert error.startswith("routes.yaml:3: quiet_hours: ")
    assert error.endswith("is given twice")
    folder.files["routes.yaml"] = str(folder.files["routes.yaml"]).replace(f"  - {{{FRANCE}}}\n", "")
    quiet(folder, FRANCE, FRANCE.replace("22:00", "07:00").replace("08:00", "23:00"))
    folder.files["routes.yaml"] = str(folder.files["routes.yaml"]).replace("quiet_hours:\ncurrencies", "currencies")
    assert folder.errors() == ["routes.yaml:2: quiet_hours: leave no time at all for FR"]
