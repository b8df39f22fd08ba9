"""The national language shift tables of GSM 7-bit (3GPP TS 23.038, 6.2.1.2 and annex A).

A locking shift puts a language's own 128 characters in place of the default alphabet, a single shift its own
characters behind the escape. Either is announced by an element of the user data header (TS 23.040, 9.2.3.24.15
and 9.2.3.24.16), and lasts for one short message.
"""

from functools import cache

from msgspec import Struct

from router.text import gsm7

SINGLE_SHIFT = 0x24
LOCKING_SHIFT = 0x25

IDENTIFIERS = {
    "turkish": 1,
    "spanish": 2,
    "portuguese": 3,
    "bengali": 4,
    "gujarati": 5,
    "hindi": 6,
    "kannada": 7,
    "malayalam": 8,
    "oriya": 9,
    "punjabi": 10,
    "tamil": 11,
    "telugu": 12,
    "urdu": 13,
}
"""By the name in the configuration (TS 23.038, 6.2.1.2.4)."""


class Language(Struct, frozen=True, gc=False):
    """Which tables of which language a text is written with."""

    name: str
    single: bool
    locking: bool


def forms(name: str) -> tuple[Language, ...]:
    """The ways to use a language's tables. Spanish has no locking shift."""
    if name not in _LOCKING:
        return (Language(name, single=True, locking=False),)
    return (
        Language(name, single=True, locking=True),
        Language(name, single=True, locking=False),
        Language(name, single=False, locking=True),
    )


def shifts(language: Language) -> bytes:
    """The elements of a user data header that announce the tables, three octets for each."""
    identifier = IDENTIFIERS[language.name]
    single = bytes((SINGLE_SHIFT, 1, identifier)) if language.single else b""
    return single + bytes((LOCKING_SHIFT, 1, identifier)) if language.locking else single


@cache
def table(locking: int = 0, single: int = 0) -> gsm7.Table:
    """The alphabet under these identifiers of shift elements. One that is 0, or reserved, or of a language without
    such a table means the default (TS 23.040, 9.2.3.24.15: it is to be ignored)."""
    basic, extension = gsm7.DEFAULT.basic, gsm7.DEFAULT.extension
    if locking in _NAMES and _NAMES[locking] in _LOCKING:
        basic = "".join(_cells(_NAMES[locking], _LOCKING))
    if single in _NAMES:
        cells = _cells(_NAMES[single], _SINGLE)
        extension = {code: cell for code, cell in enumerate(cells) if cell not in (gsm7.UNASSIGNED, "\x1b")}
    return gsm7.Table(basic, extension)


def table_of(language: Language) -> gsm7.Table:
    identifier = IDENTIFIERS[language.name]
    return table(identifier if language.locking else 0, identifier if language.single else 0)


# --- the tables ----------------------------------------------------------------------------------------------
# A row is a column of the specification's table: the codes x0 to xF. A cell is the character, or two hexadecimal
# digits within the language's page of Unicode, or four for another page; `..` is unassigned. The single shift tables
# of the languages of India and Pakistan share their first row and the Latin capitals of the last four.

_NAMES = {identifier: name for name, identifier in IDENTIFIERS.items()}
_PAGES = {
    "bengali": 0x0900,
    "gujarati": 0x0A00,
    "hindi": 0x0900,
    "kannada": 0x0C00,
    "malayalam": 0x0D00,
    "oriya": 0x0B00,
    "punjabi": 0x0A00,
    "tamil": 0x0B00,
    "telugu": 0x0C00,
    "urdu": 0x0600,
}
_NAMED = {"LF": "\n", "CR": "\r", "FF": "\f", "SP": " ", "ES": "\x1b", "..": gsm7.UNASSIGNED}


def _cells(name: str, tables: dict[str, str]) -> list[str]:
    """The 128 characters of one table."""
    page = _PAGES.get(name, 0)
    cells = tables[name].split()
    if len(cells) == 48:
        cells = [*_FIRST.split(), *cells, *_LAST.split()]
    return [_character(cell, page) for cell in cells]


def _character(cell: str, page: int) -> str:
    if len(cell) == 1:
        return cell
    return _NAMED.get(cell) or chr(int(cell, 16) + (page if len(cell) == 2 else 0))


_FIRST = "@ £ $ ¥ ¿ \" ¤ % & ' FF * + .. - /"
_LAST = """
    | A B C D E F G H I J K L M N O
    P Q R S T U V W X Y Z .. .. .. .. ..
    .. .. .. .. .. € .. .. .. .. .. .. .. .. .. ..
    .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. ..
"""
# Kannada 24 is U+0CA1 (the specification's listing has U+0CAA, which is 3D, a second time).
_LOCKING = {
    "turkish": r"""
        @ £ $ ¥ € é ù ı ò Ç LF Ğ ğ CR Å å
        Δ _ Φ Γ Λ Ω Π Ψ Σ Θ Ξ ES Ş ş ß É
        SP ! " # ¤ % & ' ( ) * + , - . /
        0 1 2 3 4 5 6 7 8 9 : ; < = > ?
        İ A B C D E F G H I J K L M N O
        P Q R S T U V W X Y Z Ä Ö Ñ Ü §
        ç a b c d e f g h i j k l m n o
        p q r s t u v w x y z ä ö ñ ü à
    """,
    "portuguese": r"""
        @ £ $ ¥ ê é ú í ó ç LF Ô ô CR Á á
        Δ _ ª Ç À ∞ ^ \ € Ó | ES Â â Ê É
        SP ! " # º % & ' ( ) * + , - . /
        0 1 2 3 4 5 6 7 8 9 : ; < = > ?
        Í A B C D E F G H I J K L M N O
        P Q R S T U V W X Y Z Ã Õ Ú Ü §
        ~ a b c d e f g h i j k l m n o
        p q r s t u v w x y z ã õ ` ü à
    """,
    "bengali": r"""
        81 82 83 85 86 87 88 89 8A 8B LF 8C .. CR .. 8F
        90 .. .. 93 94 95 96 97 98 99 9A ES 9B 9C 9D 9E
        SP ! 9F A0 A1 A2 A3 A4 ) ( A5 A6 , A7 . A8
        0 1 2 3 4 5 6 7 8 9 : ; .. AA AB ?
        AC AD AE AF B0 .. B2 .. .. .. B6 B7 B8 B9 BC BD
        BE BF C0 C1 C2 C3 C4 .. .. C7 C8 .. .. CB CC CD
        CE a b c d e f g h i j k l m n o
        p q r s t u v w x y z D7 DC DD F0 F1
    """,
    "gujarati": r"""
        81 82 83 85 86 87 88 89 8A 8B LF 8C 8D CR .. 8F
        90 91 .. 93 94 95 96 97 98 99 9A ES 9B 9C 9D 9E
        SP ! 9F A0 A1 A2 A3 A4 ) ( A5 A6 , A7 . A8
        0 1 2 3 4 5 6 7 8 9 : ; .. AA AB ?
        AC AD AE AF B0 .. B2 B3 .. B5 B6 B7 B8 B9 BC BD
        BE BF C0 C1 C2 C3 C4 C5 .. C7 C8 C9 .. CB CC CD
        D0 a b c d e f g h i j k l m n o
        p q r s t u v w x y z E0 E1 E2 E3 F1
    """,
    "hindi": r"""
        01 02 03 05 06 07 08 09 0A 0B LF 0C 0D CR 0E 0F
        10 11 12 13 14 15 16 17 18 19 1A ES 1B 1C 1D 1E
        SP ! 1F 20 21 22 23 24 ) ( 25 26 , 27 . 28
        0 1 2 3 4 5 6 7 8 9 : ; 29 2A 2B ?
        2C 2D 2E 2F 30 31 32 33 34 35 36 37 38 39 3C 3D
        3E 3F 40 41 42 43 44 45 46 47 48 49 4A 4B 4C 4D
        50 a b c d e f g h i j k l m n o
        p q r s t u v w x y z 72 7B 7C 7E 7F
    """,
    "kannada": r"""
        .. 82 83 85 86 87 88 89 8A 8B LF 8C .. CR 8E 8F
        90 .. 92 93 94 95 96 97 98 99 9A ES 9B 9C 9D 9E
        SP ! 9F A0 A1 A2 A3 A4 ) ( A5 A6 , A7 . A8
        0 1 2 3 4 5 6 7 8 9 : ; .. AA AB ?
        AC AD AE AF B0 B1 B2 B3 .. B5 B6 B7 B8 B9 BC BD
        BE BF C0 C1 C2 C3 C4 .. C6 C7 C8 .. CA CB CC CD
        D5 a b c d e f g h i j k l m n o
        p q r s t u v w x y z D6 E0 E1 E2 E3
    """,
    "malayalam": r"""
        .. 02 03 05 06 07 08 09 0A 0B LF 0C .. CR 0E 0F
        10 .. 12 13 14 15 16 17 18 19 1A ES 1B 1C 1D 1E
        SP ! 1F 20 21 22 23 24 ) ( 25 26 , 27 . 28
        0 1 2 3 4 5 6 7 8 9 : ; .. 2A 2B ?
        2C 2D 2E 2F 30 31 32 33 34 35 36 37 38 39 .. 3D
        3E 3F 40 41 42 43 44 .. 46 47 48 .. 4A 4B 4C 4D
        57 a b c d e f g h i j k l m n o
        p q r s t u v w x y z 60 61 62 63 79
    """,
    "oriya": r"""
        01 02 03 05 06 07 08 09 0A 0B LF 0C .. CR .. 0F
        10 .. .. 13 14 15 16 17 18 19 1A ES 1B 1C 1D 1E
        SP ! 1F 20 21 22 23 24 ) ( 25 26 , 27 . 28
        0 1 2 3 4 5 6 7 8 9 : ; .. 2A 2B ?
        2C 2D 2E 2F 30 .. 32 33 .. 35 36 37 38 39 3C 3D
        3E 3F 40 41 42 43 44 .. .. 47 48 .. .. 4B 4C 4D
        56 a b c d e f g h i j k l m n o
        p q r s t u v w x y z 57 60 61 62 63
    """,
    "punjabi": r"""
        01 02 03 05 06 07 08 09 0A .. LF .. .. CR .. 0F
        10 .. .. 13 14 15 16 17 18 19 1A ES 1B 1C 1D 1E
        SP ! 1F 20 21 22 23 24 ) ( 25 26 , 27 . 28
        0 1 2 3 4 5 6 7 8 9 : ; .. 2A 2B ?
        2C 2D 2E 2F 30 .. 32 33 .. 35 36 .. 38 39 3C ..
        3E 3F 40 41 42 .. .. .. .. 47 48 .. .. 4B 4C 4D
        51 a b c d e f g h i j k l m n o
        p q r s t u v w x y z 70 71 72 73 74
    """,
    "tamil": r"""
        .. 82 83 85 86 87 88 89 8A .. LF .. .. CR 8E 8F
        90 .. 92 93 94 95 .. .. .. 99 9A ES .. 9C .. 9E
        SP ! 9F .. .. .. A3 A4 ) ( .. .. , .. . A8
        0 1 2 3 4 5 6 7 8 9 : ; A9 AA .. ?
        .. .. AE AF B0 B1 B2 B3 B4 B5 B6 B7 B8 B9 .. ..
        BE BF C0 C1 C2 .. .. .. C6 C7 C8 .. CA CB CC CD
        D0 a b c d e f g h i j k l m n o
        p q r s t u v w x y z D7 F0 F1 F2 F9
    """,
    "telugu": r"""
        01 02 03 05 06 07 08 09 0A 0B LF 0C .. CR 0E 0F
        10 .. 12 13 14 15 16 17 18 19 1A ES 1B 1C 1D 1E
        SP ! 1F 20 21 22 23 24 ) ( 25 26 , 27 . 28
        0 1 2 3 4 5 6 7 8 9 : ; .. 2A 2B ?
        2C 2D 2E 2F 30 31 32 33 .. 35 36 37 38 39 .. 3D
        3E 3F 40 41 42 43 44 .. 46 47 48 .. 4A 4B 4C 4D
        55 a b c d e f g h i j k l m n o
        p q r s t u v w x y z 56 60 61 62 63
    """,
    "urdu": r"""
        27 22 28 7B 80 7E A6 2A C2 7F LF 79 7D CR 7A 7C
        2B 2C 81 84 83 85 86 87 2D 2E 2F ES 8C 88 89 8A
        SP ! 8F 8D 30 31 91 93 ) ( 99 32 , 96 . 98
        0 1 2 3 4 5 6 7 8 9 : ; 9A 33 34 ?
        35 36 37 38 39 41 42 A9 AA AB AF B3 B1 44 45 46
        BA BB BC 48 C4 D5 C1 BE 21 CC D0 D2 4D 50 4F 57
        54 a b c d e f g h i j k l m n o
        p q r s t u v w x y z 55 51 53 56 70
    """,
}
_SINGLE = {
    "turkish": r"""
        .. .. .. .. .. .. .. .. .. .. FF .. .. .. .. ..
        .. .. .. .. ^ .. .. .. .. .. .. ES .. .. .. ..
        .. .. .. .. .. .. .. .. { } .. .. .. .. .. \
        .. .. .. .. .. .. .. .. .. .. .. .. [ ~ ] ..
        | .. .. .. .. .. .. Ğ .. İ .. .. .. .. .. ..
        .. .. .. Ş .. .. .. .. .. .. .. .. .. .. .. ..
        .. .. .. ç .. € .. ğ .. ı .. .. .. .. .. ..
        .. .. .. ş .. .. .. .. .. .. .. .. .. .. .. ..
    """,
    "spanish": r"""
        .. .. .. .. .. .. .. .. .. ç FF .. .. .. .. ..
        .. .. .. .. ^ .. .. .. .. .. .. ES .. .. .. ..
        .. .. .. .. .. .. .. .. { } .. .. .. .. .. \
        .. .. .. .. .. .. .. .. .. .. .. .. [ ~ ] ..
        | Á .. .. .. .. .. .. .. Í .. .. .. .. .. Ó
        .. .. .. .. .. Ú .. .. .. .. .. .. .. .. .. ..
        .. á .. .. .. € .. .. .. í .. .. .. .. .. ó
        .. .. .. .. .. ú .. .. .. .. .. .. .. .. .. ..
    """,
    "portuguese": r"""
        .. .. .. .. .. ê .. .. .. ç FF Ô ô .. Á á
        .. .. Φ Γ ^ Ω Π Ψ Σ Θ .. ES .. .. .. Ê
        .. .. .. .. .. .. .. .. { } .. .. .. .. .. \
        .. .. .. .. .. .. .. .. .. .. .. .. [ ~ ] ..
        | À .. .. .. .. .. .. .. Í .. .. .. .. .. Ó
        .. .. .. .. .. Ú .. .. .. .. .. Ã Õ .. .. ..
        .. Â .. .. .. € .. .. .. í .. .. .. .. .. ó
        .. .. .. .. .. ú .. .. .. .. .. ã õ .. .. â
    """,
    "bengali": r"""
        < = > ¡ ^ ¡ _ # * E6 E7 ES E8 E9 EA EB
        EC ED EE EF DF E0 E1 E2 { } E3 F2 F3 F4 F5 \
        F6 F7 F8 F9 FA .. .. .. .. .. .. .. [ ~ ] ..
    """,
    "gujarati": r"""
        < = > ¡ ^ ¡ _ # * 0964 0965 ES E6 E7 E8 E9
        EA EB EC ED EE EF .. .. { } .. .. .. .. .. \
        .. .. .. .. .. .. .. .. .. .. .. .. [ ~ ] ..
    """,
    "hindi": r"""
        < = > ¡ ^ ¡ _ # * 64 65 ES 66 67 68 69
        6A 6B 6C 6D 6E 6F 51 52 { } 53 54 58 59 5A \
        5B 5C 5D 5E 5F 60 61 62 63 70 71 .. [ ~ ] ..
    """,
    "kannada": r"""
        < = > ¡ ^ ¡ _ # * 0964 0965 ES E6 E7 E8 E9
        EA EB EC ED EE EF DE F1 { } F2 .. .. .. .. \
        .. .. .. .. .. .. .. .. .. .. .. .. [ ~ ] ..
    """,
    "malayalam": r"""
        < = > ¡ ^ ¡ _ # * 0964 0965 ES 66 67 68 69
        6A 6B 6C 6D 6E 6F 70 71 { } 72 73 74 75 7A \
        7B 7C 7D 7E 7F .. .. .. .. .. .. .. [ ~ ] ..
    """,
    "oriya": r"""
        < = > ¡ ^ ¡ _ # * 0964 0965 ES 66 67 68 69
        6A 6B 6C 6D 6E 6F 5C 5D { } 5F 70 71 .. .. \
        .. .. .. .. .. .. .. .. .. .. .. .. [ ~ ] ..
    """,
    "punjabi": r"""
        < = > ¡ ^ ¡ _ # * 0964 0965 ES 66 67 68 69
        6A 6B 6C 6D 6E 6F 59 5A { } 5B 5C 5E 75 .. \
        .. .. .. .. .. .. .. .. .. .. .. .. [ ~ ] ..
    """,
    "tamil": r"""
        < = > ¡ ^ ¡ _ # * 0964 0965 ES E6 E7 E8 E9
        EA EB EC ED EE EF F3 F4 { } F5 F6 F7 F8 FA \
        .. .. .. .. .. .. .. .. .. .. .. .. [ ~ ] ..
    """,
    "telugu": r"""
        < = > ¡ ^ ¡ _ # * .. .. ES 66 67 68 69
        6A 6B 6C 6D 6E 6F 58 59 { } 78 79 7A 7B 7C \
        7D 7E 7F .. .. .. .. .. .. .. .. .. [ ~ ] ..
    """,
    "urdu": r"""
        < = > ¡ ^ ¡ _ # * 00 01 ES F0 F1 F2 F3
        F4 F5 F6 F7 F8 F9 0C 0D { } 0E 0F 10 11 12 \
        13 14 1B 1F 40 52 58 6B 6C 72 73 CD [ ~ ] D4
    """,
}
