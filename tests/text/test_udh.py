import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.text import udh
from router.text.udh import Concatenation

octet = st.integers(0, 255)


def test_concat_headers_as_written_in_the_field() -> None:
    assert udh.concat8(0xA7, 3, 1) == bytes.fromhex("050003a70301")
    assert udh.concat16(0x12A7, 3, 1) == bytes.fromhex("06080412a70301")


@given(octet, st.integers(1, 255), st.data())
def test_concat8_is_read_back(reference: int, total: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, total))
    assert udh.concatenation(udh.concat8(reference, total, number)) == Concatenation(reference, total, number)


@given(st.integers(0, 65535), st.integers(1, 255), st.data())
def test_concat16_is_read_back(reference: int, total: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, total))
    expected = Concatenation(reference, total, number, wide=True)
    assert udh.concatenation(udh.concat16(reference, total, number)) == expected


@pytest.mark.parametrize(
    ("header", "elements"),
    [
        ("00", []),
        ("0605040b8423f0", [(0x05, bytes.fromhex("0b8423f0"))]),
        ("0b0504158a00000003a70201", [(0x05, bytes.fromhex("158a0000")), (0x00, bytes.fromhex("a70201"))]),
        ("027000", [(0x70, b"")]),
    ],
)
def test_elements(header: str, elements: list[tuple[int, bytes]]) -> None:
    assert udh.elements(bytes.fromhex(header)) == elements


@pytest.mark.parametrize(
    "header",
    [
        "",
        "01",  # a length with nothing behind it
        "050003a703",  # one octet short
        "050003a7030101",  # one octet too many
        "0100",  # an element without its length
        "020001",  # an element without its data
        "0500ff010203",
    ],
)
def test_headers_that_cannot_be_read(header: str) -> None:
    with pytest.raises(ValueError, match="user data header"):
        udh.elements(bytes.fromhex(header))


@pytest.mark.parametrize(
    "header",
    [
        "00",
        "0605040b8423f0",
        "050003a70001",  # a total of 0
        "050003a70300",  # number 0
        "050003a70304",  # number over the total
        "040002a703",  # the wrong length for the element
    ],
)
def test_no_concatenation_or_one_to_ignore(header: str) -> None:
    assert udh.concatenation(bytes.fromhex(header)) is None


def test_the_last_of_several_counts() -> None:
    assert udh.concatenation(bytes.fromhex("0a0003a702010003a80202")) == Concatenation(0xA8, 2, 2)
    assert udh.concatenation(bytes.fromhex("0a0003a702010003a80200")) == Concatenation(0xA7, 2, 1)


def test_split() -> None:
    assert udh.split(bytes.fromhex("050003a70301") + b"hi") == (bytes.fromhex("050003a70301"), b"hi")
    assert udh.split(b"\x00hi") == (b"\x00", b"hi")
    for broken in (b"", b"\x03ab"):
        with pytest.raises(ValueError, match="longer"):
            udh.split(broken)


@given(st.binary(max_size=40))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    try:
        header, rest = udh.split(octets)
        assert header + rest == octets
        assert sum(2 + len(data) for _, data in udh.elements(header)) == header[0]
        udh.concatenation(header)
    except ValueError:
        pass
