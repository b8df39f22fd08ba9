"""Forms in several parts."""

import re
from typing import Final

MOST_FIELDS: Final = 1000

_BOUNDARY: Final = re.compile(r';\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_NAME: Final = re.compile(rb'^content-disposition:[^\r\n]{0,1000}?;[ \t]*name="([^"\r\n]{0,1000})"', re.I | re.M)
_FILE: Final = re.compile(rb"^content-disposition:[^\r\n]{0,1000}?;[ \t]*filename\*?=", re.I | re.M)


def multipart_fields(body: bytes, media: str, errors: str = "strict") -> dict[str, str]:
    """The first of each name (RFC 7578), without files; `media` is the whole Content-Type, `errors` says what to do
    about octets that are no UTF-8. Raises ValueError for what is no such form, or has more than MOST_FIELDS."""
    found = _BOUNDARY.search(media)
    if found is None:
        raise ValueError("there is no boundary")
    edge = b"\r\n--" + (found[1] or found[2]).encode("utf-8", "surrogateescape")
    pieces = (b"\r\n" + body).split(edge, MOST_FIELDS + 1)
    fields: dict[str, str] = {}
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return fields
        head, _, content = piece.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if name is not None and not _FILE.search(head):
            fields.setdefault(name[1].decode("utf-8", errors), content.decode("utf-8", errors))
    raise ValueError("it has no end, or too many fields")
