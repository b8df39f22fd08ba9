import gsmcodecs  # noqa: F401 (registers its codecs)
import pytest

from router.text import gsm7, languages
from router.text.languages import IDENTIFIERS, Language
from tests.text.tables import ESC, LOCKING, SINGLE
from tests.text.test_gsm7 import BASIC, EXTENSION

NAMES = {identifier: name for name, identifier in IDENTIFIERS.items()}


def meanings(text: str, keeps_space: bool) -> dict[int, str]:
    """What the codes of a phone's table stand for."""
    return {
        code: character
        for code, character in enumerate(text)
        if character != ESC and (character != " " or (keeps_space and code == 0x20))
    }


def test_thirteen_languages_of_which_one_has_no_locking_shift() -> None:
    assert list(IDENTIFIERS.values()) == list(range(1, 14))
    assert set(SINGLE) == set(range(1, 14))
    assert set(LOCKING) == set(range(1, 14)) - {2}
    assert languages.forms("spanish") == (Language("spanish", True, False),)
    assert all(len(languages.forms(name)) == 3 for name in IDENTIFIERS if name != "spanish")


@pytest.mark.parametrize("identifier", sorted(LOCKING))
def test_locking_shift(identifier: int) -> None:
    written = languages.table(locking=identifier)
    expected = meanings(LOCKING[identifier], True)
    assert len(LOCKING[identifier]) == len(written.basic) == 128
    found = {code: one for code, one in enumerate(written.basic) if one not in (gsm7.UNASSIGNED, "\x1b")}
    assert found == expected
    assert len(set(found.values())) == len(found)  # no character twice
    assert written.basic[gsm7.ESCAPE] == "\x1b"
    # The places that every table shares: line feed, carriage return, space, digits.
    assert {0x0A, 0x0D, 0x20, *range(0x30, 0x3A)} <= {code for code in found if found[code] == BASIC[code]}
    assert written.extension == EXTENSION


@pytest.mark.parametrize("identifier", sorted(SINGLE))
def test_single_shift(identifier: int) -> None:
    written = languages.table(single=identifier)
    expected = meanings(SINGLE[identifier], False)
    assert len(SINGLE[identifier]) == 128
    assert written.extension == expected
    assert written.basic == gsm7.DEFAULT.basic
    # Every national table keeps the default extension where it stands (and the escape free for another table).
    assert EXTENSION.items() <= expected.items()
    assert gsm7.ESCAPE not in expected
    twice = sorted(character for character in set(expected.values()) if list(expected.values()).count(character) > 1)
    assert twice == ([] if identifier <= 3 else ["*", "¡"])  # so in the specification


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_every_character_both_ways_by_a_decoder_of_the_test(name: str) -> None:
    identifier = IDENTIFIERS[name]
    for language in languages.forms(name):
        table = languages.table_of(language)
        basic = meanings(LOCKING[identifier], True) if language.locking else BASIC
        behind = meanings(SINGLE[identifier], False) if language.single else EXTENSION
        assert table.characters == set(basic.values()) | set(behind.values())
        for character in table.characters:
            septets = table.encode(character)
            assert septets is not None
            if len(septets) == 1:
                assert basic[septets[0]] == character
            else:
                assert septets[0] == 0x1B
                assert behind[septets[1]] == character
                assert character not in basic.values()  # the shorter way is taken
            assert table.decode(septets) == character
        for code in range(128):
            assert table.decode(bytes([code])) == basic.get(code, "\ufffd" if code != 0x1B else " ")
            expected = " " if code == 0x1B else behind.get(code, basic.get(code, "\ufffd"))
            assert table.decode(bytes([0x1B, code])) == expected
        everything = "".join(sorted(table.characters))
        assert table.decode(table.encode(everything) or b"") == everything


@pytest.mark.parametrize("identifier", [0, 14, 127, 255])
def test_an_identifier_that_is_reserved_means_the_default(identifier: int) -> None:
    table = languages.table(identifier, identifier)
    assert (table.basic, table.extension) == (gsm7.DEFAULT.basic, gsm7.DEFAULT.extension)
    assert languages.table(locking=2).basic == gsm7.DEFAULT.basic


def test_shift_elements() -> None:
    assert languages.shifts(Language("urdu", True, False)).hex() == "24010d"
    assert languages.shifts(Language("urdu", False, True)).hex() == "25010d"
    assert languages.shifts(Language("turkish", True, True)).hex() == "240101250101"


@pytest.mark.parametrize(
    ("language", "septets", "text"),
    [
        (Language("turkish", True, False), "1b531b731b471b671b491b69", "ŞşĞğİı"),
        (Language("turkish", False, True), "1c1d0b0c4007", "ŞşĞğİı"),
        (Language("spanish", True, False), "1b411b611b091b49", "ÁáçÍ"),
        (Language("portuguese", True, False), "1b5b1b7b1b611b7f", "ÃãÂâ"),
        (Language("portuguese", False, True), "5b7b1c1d", "ÃãÂâ"),
        (Language("hindi", False, True), "2f424c5f2759", "नमस्ते"),
    ],
)
def test_known_octets(language: Language, septets: str, text: str) -> None:
    table = languages.table_of(language)
    assert table.decode(bytes.fromhex(septets)) == text
    assert table.encode(text) == bytes.fromhex(septets)


def release_18(code: bytes, locking: int, single: int) -> str | None:
    try:
        return code.decode(f"gsm23.038-{locking}-{single}")
    except UnicodeDecodeError:
        return None


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_the_tables_of_release_18_by_another_reader_of_the_specification(name: str) -> None:
    """Each cell of every table, against gsmcodecs. Where the two differ phones are built as ours is: the comma (typeset
    like an apostrophe in the specification), its misprint in Kannada, and the euro in Telugu."""
    identifier = IDENTIFIERS[name]
    differ = set()
    for code in set(range(128)) - {gsm7.ESCAPE}:
        ours = languages.table(single=identifier).extension.get(code)
        theirs = release_18(bytes([gsm7.ESCAPE, code]), 0, identifier)
        differ |= {("single", code, ours, theirs)} if ours != theirs else set()
        if name != "spanish":
            basic = languages.table(locking=identifier).basic[code]
            ours = None if basic == gsm7.UNASSIGNED else basic
            theirs = release_18(bytes([code]), identifier, 0)
            differ |= {("locking", code, ours, theirs)} if ours != theirs else set()
    known = {("locking", 0x2C, ",", "'")} if identifier > 3 else set()
    known |= {("locking", 0x24, "\u0ca1", "\u0caa")} if name == "kannada" else set()
    known |= {("single", 0x65, "€", None)} if name == "telugu" else set()
    assert differ == known
