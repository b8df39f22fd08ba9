"""What can be read of an HTML document without showing it.

For the text of an email that came as HTML alone. One pass, in time that grows with the length: the parser of the
standard library takes hours for some documents.
"""

import re
from html import unescape
from typing import Final

_NAME: Final = re.compile(r"/?[A-Za-z][A-Za-z0-9]*")
_SPACES: Final = re.compile(r"\s+")
_LINES: Final = re.compile(r"\n{3,}")

_BLOCKS: Final = frozenset(
    (
        *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2"),
        *("h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "td", "th", "tr"),
        "ul",
    )
)
# What is not shown, and what ends that where its own end may be left out.
_HIDDEN: Final = {
    "head": ("/head", "body"),
    "script": ("/script",),
    "style": ("/style",),
    "template": ("/template",),
    "title": ("/title",),
}


def readable(html: str) -> str:
    """The text between the tags, a line for each block; never empty, for a mail needs a text."""
    first, *pieces = html.split("<")
    found = [_SPACES.sub(" ", first)]
    ends: tuple[str, ...] = ()
    in_comment = False
    for piece in pieces:
        if in_comment or (not ends and piece.startswith("!--")):
            _, closed, text = piece.partition("-->")
            in_comment = not closed
            found.append(text)
            continue
        tag, closed, text = piece.partition(">")
        name = _NAME.match(tag)
        if not closed or (name is None and tag[:1] not in ("!", "?")):
            # A sign of comparison, not a tag.
            found.append("" if ends else f"<{piece}")
            continue
        word = name[0].lower() if name is not None else ""
        if ends and word not in ends:
            continue
        ends = _HIDDEN.get(word, ())
        if word.removeprefix("/") in _BLOCKS:
            found.append("\n")
        if not ends:
            found.append(text if word == "pre" else _SPACES.sub(" ", text))
    lines = (line.strip(" ") for line in _plain("".join(found)).split("\n"))
    return _LINES.sub("\n\n", "\n".join(lines)).strip() or " "


def _plain(text: str) -> str:
    try:
        return unescape(text)
    except ValueError:  # a number of thousands of digits, where a character should be
        return text
