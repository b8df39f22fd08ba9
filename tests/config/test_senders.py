"""Sender rules as they are written."""

import pytest

from router.settings import SenderRule
from tests.config.conftest import Folder

RULES = """\
# which senders arrive where
- {country: US, kind: alphanumeric, do: refuse, source: "carriers", since: 2027-01-01}
- {country: IN, operator: backup, kind: alphanumeric, do: registered, registered: [ACME, "+441111111111"]}
- {country: IN, operator: mtn-cm, do: allow}
- {country: IN, do: replace, with: "20880"}
- {operator: mtn-cm, kind: shortcode, do: refuse}
"""


def written(folder: Folder, rules: str = RULES) -> Folder:
    folder.replace("router.yaml", "routes: routes.yaml\n", "routes: routes.yaml\nsenders: senders.yaml\n")
    folder.files["senders.yaml"] = rules
    return folder


def test_rules_as_written(folder: Folder) -> None:
    place = f"{folder.path}/senders.yaml"
    assert written(folder).load().sender_rules == (
        SenderRule(1, f"{place}:2", "refuse", "US", None, "alphanumeric", since=1_798_761_600_000),
        SenderRule(
            2, f"{place}:3", "registered", "IN", "backup", "alphanumeric", None, frozenset({"ACME", "441111111111"})
        ),
        SenderRule(3, f"{place}:4", "allow", "IN", "mtn-cm"),
        SenderRule(4, f"{place}:5", "replace", "IN", replacement="20880"),
        SenderRule(5, f"{place}:6", "refuse", None, "mtn-cm", "shortcode"),
    )


@pytest.mark.parametrize("rules", ["", "# none yet\n", "[]\n"])
def test_no_rules_yet(folder: Folder, rules: str) -> None:
    assert written(folder, rules).load().sender_rules == ()


def test_without_the_key_there_are_none(folder: Folder) -> None:
    folder.files["senders.yaml"] = "nonsense: ["
    assert folder.load().sender_rules == ()


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("{country: US}", "do is missing"),
        ("{country: US, do: block}", "do: 'block' is not one of allow, replace, registered, refuse"),
        ("{country: USA, do: refuse}", "country: 'USA' is not a country code"),
        ("{operator: nobody, do: refuse}", "operator: unknown operator 'nobody'"),
        ("{kind: name, do: refuse}", "kind: 'name' is not one of alphanumeric, shortcode, international"),
        ("{do: replace}", "do: replace needs with"),
        ("{do: registered}", "do: registered needs registered"),
        ("{do: registered, registered: []}", "registered: must have at least 1 item"),
        ("{do: registered, registered: [A, A]}", "registered: 'A' is given twice"),
        ("{do: refuse, registered: [A]}", "registered goes with do: registered"),
        ("{do: allow, with: A}", "with goes with do: replace"),
        ("{do: replace, with: ABCDEFGHIJKL}", "with: A name as sender takes at most 11 GSM 7-bit characters"),
        ('{do: replace, with: "ABCDEFGHIJ€"}', "with: A name as sender takes at most 11 GSM 7-bit characters"),
        ('{do: replace, with: "+999123456789"}', "with: As a sender this is no possible number"),
        ("{do: refuse, since: soon}", "since: 'soon' is not a date"),
        ("{do: refuse, source: []}", "source: must be text, not a list"),
        ("{do: refuse, reason: x}", "unknown key 'reason'"),
        ("refuse", "must be a mapping of keys, not a single value"),
    ],
)
def test_one_mistake_one_error(folder: Folder, rule: str, reason: str) -> None:
    (error,) = written(folder, f"# a list\n- {rule}\n").errors()
    assert error.startswith(f"senders.yaml:2: {reason}")


@pytest.mark.parametrize(
    ("earlier", "later", "hidden"),
    [
        ("country: US", "country: US", True),
        ("country: US", "country: US, kind: shortcode", True),
        ("country: US", "country: US, operator: mtn-cm", True),
        ("operator: mtn-cm", "country: US, operator: mtn-cm, kind: shortcode", True),
        ("since: 2026-01-01", "country: US, since: 2026-06-01", True),
        ("country: US, since: 2027-01-01", "country: US, since: 2026-01-01", False),
        ("country: US, kind: shortcode", "country: US", False),
        ("country: US", "country: CA", False),
        ("country: US, kind: shortcode", "country: US, kind: alphanumeric", False),
        ("country: US, operator: mtn-cm", "country: US, operator: backup", False),
    ],
)
def test_a_rule_that_is_never_reached(folder: Folder, earlier: str, later: str, hidden: bool) -> None:
    written(folder, f"- {{{earlier}, do: allow}}\n- {{{later}, do: refuse}}\n")
    if hidden:
        (error,) = folder.errors()
        assert error.startswith("senders.yaml:2: is never reached: ")
    else:
        assert len(folder.load().sender_rules) == 2


def test_a_file_that_is_not_there_or_no_list(folder: Folder) -> None:
    written(folder, "senders: []\n")
    assert folder.errors() == ["senders.yaml:1: must be a list, not a mapping"]
    folder.files["senders.yaml"] = None
    (error,) = folder.errors()
    assert "senders: cannot read senders.yaml" in error
