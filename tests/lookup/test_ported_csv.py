"""The CSV of ported numbers: what it may look like, what is wrong in it and where."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.lookup import ported_csv
from adapters.lookup.ported_csv import BITS, Faults, Rows

HEAD = "number,mcc,mnc\n"


def rows_of(path: Path, content: str | bytes) -> dict[int, tuple[str, str]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rows = Rows(path)
    networks = rows.networks
    keys = [key for piece in rows.pieces() for key in piece]
    assert keys == sorted(keys)
    return {key >> BITS: networks[key & (1 << BITS) - 1] for key in keys}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (HEAD, {}),
        ("number,mcc,mnc", {}),
        ("\ufeff" + HEAD + "237670000001,624,01\n", {237670000001: ("624", "01")}),
        (HEAD + "+237670000001,624,01", {237670000001: ("624", "01")}),
        (
            HEAD + "2376700001,624,01\r\n\r\n2376700002,310,004\r\n",
            {2376700001: ("624", "01"), 2376700002: ("310", "004")},
        ),
        ('"number", "mcc", "mnc"\n"237670000001"," 624 ",\t01\n', {237670000001: ("624", "01")}),
        (HEAD + "999999999999999,624,01\n1000000,624,001\n", {999999999999999: ("624", "01"), 1000000: ("624", "001")}),
        # The same row twice says nothing new.
        (HEAD + "237670000001,624,01\n" * 3, {237670000001: ("624", "01")}),
    ],
)  # fmt: skip
def test_what_it_may_look_like(tmp_path: Path, content: str, found: dict[int, tuple[str, str]]) -> None:
    assert rows_of(tmp_path / "p.csv", content) == found


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ("", [(1, "the first line must be number,mcc,mnc")]),
        ("237670000001,624,01\n", [(1, "the first line must be number,mcc,mnc")]),
        (HEAD + "237670000001,624\n", [(2, "has 2 fields, not 3 (number,mcc,mnc)")]),
        (HEAD + "237670000001;624;01\n", [(2, "has 1 fields, not 3 (number,mcc,mnc)")]),
        (HEAD + "237670000001,624,01,x\n", [(2, "has 4 fields, not 3 (number,mcc,mnc)")]),
        (HEAD + '"237670000001,624,01\n', [(2, "has 0 fields, not 3 (number,mcc,mnc)")]),
        (HEAD + "237670000001,624,01\n\n670,624,01\n", [(4, "number: must be 7 to 15 digits, country code first")]),
        (HEAD + "0237670000001,624,01\n", [(2, "number: must be 7 to 15 digits, country code first")]),
        (HEAD + "1234567890123456,624,01\n", [(2, "number: must be 7 to 15 digits, country code first")]),
        (HEAD + "23767000000١,624,01\n", [(2, "number: must be 7 to 15 digits, country code first")]),
        (HEAD + "237670000001,62,01\n", [(2, "mcc: must be three digits")]),
        (HEAD + "237670000001,624,1\n237670000002,,\n", [
            (2, "mnc: must be two or three digits, with its zeros"), (3, "mcc: must be three digits"),
        ]),
        (HEAD + "237670000001,624,01\n237670000002,624,01\n+237670000001,624,001\n", [
            (4, "this number has another network in line 2"),
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_and_where(tmp_path: Path, content: str, faults: list[tuple[int, str]]) -> None:
    with pytest.raises(Faults) as caught:
        rows_of(tmp_path / "p.csv", content)
    assert caught.value.faults == faults


def test_lines_are_counted_over_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ported_csv, "_BLOCK", 64)
    lines = [f"2376{number:08d},624,01" for number in range(1000)]
    lines[700] = "x"
    with pytest.raises(Faults) as caught:
        rows_of(tmp_path / "p.csv", HEAD + "\n".join(lines))
    assert [fault.line for fault in caught.value.faults] == [702]


def test_only_the_first_faults_are_told(tmp_path: Path) -> None:
    with pytest.raises(Faults) as caught:
        rows_of(tmp_path / "p.csv", HEAD + "x\n" * 100_000)
    assert [fault.line for fault in caught.value.faults] == list(range(2, 22))
    with pytest.raises(Faults) as caught:
        rows_of(tmp_path / "p.csv", HEAD + "237670000001,624,01\n237670000001,624,02\n" * 1000)
    assert len(caught.value.faults) == 20


def test_more_networks_than_there_is_room_for(tmp_path: Path) -> None:
    rows = [f"2376{number:08d},{100 + number // 900},{100 + number % 900}\n" for number in range((1 << BITS) + 1)]
    assert len(rows_of(tmp_path / "p.csv", HEAD + "".join(rows[:-1]))) == 1 << BITS
    with pytest.raises(Faults) as caught:
        rows_of(tmp_path / "p.csv", HEAD + "".join(rows))
    assert "networks" in caught.value.faults[0].reason


NETWORK = st.tuples(st.from_regex(r"\A[0-9]{3}\Z"), st.from_regex(r"\A[0-9]{2,3}\Z"))


@pytest.mark.deep
@given(numbers=st.dictionaries(st.integers(10**6, 10**15 - 1), NETWORK, max_size=200), size=st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_what_goes_in_comes_out(
    tmp_path_factory: pytest.TempPathFactory, numbers: dict[int, tuple[str, str]], size: int
) -> None:
    """However it is cut into blocks and pieces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ported_csv, "_BLOCK", size * 10)
        patch.setattr(ported_csv, "_SAMPLE", 1 + size % 3)
        patch.setattr(ported_csv, "_PIECE", 1 + size)
        rows = "".join(f"{number},{mcc},{mnc}\n" for number, (mcc, mnc) in numbers.items())
        assert rows_of(tmp_path_factory.getbasetemp() / "p.csv", HEAD + rows) == numbers


@given(junk=st.binary(max_size=300), headed=st.booleans())
@settings(max_examples=150, deadline=None)
def test_anything_else_is_refused_or_read(tmp_path_factory: pytest.TempPathFactory, junk: bytes, headed: bool) -> None:
    try:
        found = rows_of(tmp_path_factory.getbasetemp() / "p.csv", HEAD.encode() * headed + junk)
    except Faults as caught:
        faults = caught.faults
        found = {}
    else:
        faults = []
    assert len(faults) <= 20
    assert headed or faults
    assert all(fault.line >= 1 for fault in faults)
    assert all(10**6 <= number < 10**15 for number in found)
