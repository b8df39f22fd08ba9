"""How operators write message ids."""

from enum import StrEnum


class IdForm(StrEnum):
    """How a message id, a number inside the SMSC, is written."""

    DECIMAL = "decimal"
    """Ten digits."""
    HEX = "hex"
    LOWER = "lower"
    """Hexadecimal in small letters."""
    UUID = "uuid"
    PADDED = "padded"
    """Twenty digits, zeros in front."""
    STRIPPED = "stripped"
    """Decimal without zeros in front."""
    DOTTED = "dotted"
    """Two numbers with a point between them, as from a clock."""
    FOREIGN = "foreign"
    """An id that has nothing to do with the message's own."""
    NONE = "none"
    """Not written at all."""


def written_id(number: int, form: IdForm) -> str:
    """The id `number` as the operator would write it."""
    match form:
        case IdForm.DECIMAL:
            return f"{number:010d}"
        case IdForm.HEX:
            return f"{number:08X}"
        case IdForm.LOWER:
            return f"{number:08x}"
        case IdForm.PADDED:
            return f"{number:020d}"
        case IdForm.STRIPPED:
            return str(number)
        case IdForm.DOTTED:
            return f"{number // 1000}.{number % 1000:03d}701000100"
        case IdForm.FOREIGN:
            return f"mc-{number:x}"
        case IdForm.NONE:
            return ""
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
