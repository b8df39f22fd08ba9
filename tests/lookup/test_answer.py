"""What a provider may answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.lookup.answer import LARGEST, Unreadable, read_network

CM = ("624", "01")


@pytest.mark.parametrize(
    ("body", "mcc", "mnc", "found"),
    [
        ('{"mcc": "624", "mnc": "01"}', "mcc", "mnc", CM),
        ('{"mcc": 624, "mnc": "01"}', "mcc", "mnc", CM),
        ('{"result": {"mcc": "310", "mnc": "004"}}', "result.mcc", "result.mnc", ("310", "004")),
        ('{"results": [{}, {"imsi": "62401"}]}', "results.1.imsi", None, CM),
        ('[{"network": 310004}]', "0.network", None, ("310", "004")),
        ('{"mcc": null, "mnc": null}', "mcc", "mnc", None),
        ('{"mcc": "624", "mnc": null}', "mcc", "mnc", None),
        ('{"mcc": "624", "mnc": ""}', "mcc", "mnc", None),
        ('{"network": "624"}', "network", None, None),
        ("{}", "mcc", "mnc", None),
        ("[]", "0.mcc", "0.mnc", None),
        ('{"result": "absent"}', "result.mcc", "result.mnc", None),
        ('{"result": {"0": {"mcc": "624", "mnc": "01"}}}', "result.0.mcc", "result.0.mnc", CM),
    ],
)
def test_networks(body: str, mcc: str, mnc: str | None, found: tuple[str, str] | None) -> None:
    assert read_network(body.encode(), mcc.split("."), mnc.split(".") if mnc else None) == found


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        '{"mcc": "624", "mnc": "01"',
        '"624"',
        "624",
        "null",
        '{"mcc": "624", "mnc": 1}',  # 01 or 001?
        '{"mcc": true, "mnc": "01"}',
        '{"mcc": "62", "mnc": "01"}',
        '{"mcc": "024", "mnc": "01"}',
        '{"mcc": "624", "mnc": "0001"}',
        '{"mcc": "624", "mnc": "0x"}',
        '{"mcc": "６２４", "mnc": "01"}',
        '{"mcc": ["624"], "mnc": "01"}',
        '{"mcc": {}, "mnc": "01"}',
        '{"mcc": -624, "mnc": "01"}',
        '{"mcc": 1e400, "mnc": "01"}',
        '{"mcc": 624.0, "mnc": "01"}',
        '{"mcc": "\\ud800", "mnc": "01"}',
        '{"mcc": "624\\n", "mnc": "01"}',
        "[" * 50_000 + "]" * 50_000,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        '{"mcc": "624", "mnc": "01"}' + " " * LARGEST,
    ],
)
def test_what_is_no_answer(body: str) -> None:
    with pytest.raises(Unreadable):
        read_network(body.encode(), ["mcc"], ["mnc"])


def test_octets_that_are_no_text() -> None:
    with pytest.raises(Unreadable):
        read_network(b'{"mcc": "\xff\xfe", "mnc": "01"}', ["mcc"], ["mnc"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["mcc", "mnc", "0", "a"]), inner),
    max_leaves=12,
)
WAY = st.lists(st.sampled_from(["mcc", "mnc", "0", "1", "a", "-1", "²"]), min_size=1, max_size=3)


def check(body: bytes, mcc: list[str], mnc: list[str] | None) -> None:
    try:
        found = read_network(body, mcc, mnc)
    except Unreadable:
        return
    if found is not None:
        country, network = found
        assert len(country) == 3
        assert len(network) in (2, 3)
        assert (country + network).isascii()
        assert (country + network).isdigit()


@given(document=JSON, mcc=WAY, mnc=st.none() | WAY)
def test_any_document(document: object, mcc: list[str], mnc: list[str] | None) -> None:
    check(json.dumps(document).encode(), mcc, mnc)


@given(body=st.binary(max_size=200), mnc=st.none() | WAY)
def test_any_octets(body: bytes, mnc: list[str] | None) -> None:
    check(body, ["mcc"], mnc)
