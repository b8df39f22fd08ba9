"""The page that shows an OpenAPI document to people, without any other host."""

from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path

from adapters.web.reply import Reply

_FOLDER = Path(__file__).parent / "docs"

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page(title: str, document: str) -> Reply:
    """The page of the document at the path `document`; it asks for `/docs/docs.js` and `/docs/docs.css`."""
    text = _read("index.html").decode()
    return asset(text.replace("{title}", escape(title)).replace("{document}", escape(document)).encode(), "text/html")


def listing(title: str, links: Mapping[str, str]) -> Reply:
    """A page that leads to others, by path and name."""
    rows = "".join(f'<li><a href="{escape(path)}">{escape(name)}</a></li>' for path, name in links.items())
    text = _read("list.html").decode().replace("{title}", escape(title)).replace("{links}", rows)
    return asset(text.encode(), "text/html")


def script() -> Reply:
    return asset(_read("docs.js"), "text/javascript")


def style() -> Reply:
    return asset(_read("docs.css"), "text/css")


@cache
def _read(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


def asset(content: bytes, media: str) -> Reply:
    """A file of a page, which may use nothing but its own host and no script or style that stands in the page."""
    headers = (
        f"Content-Type: {media}; charset=utf-8\r\nContent-Security-Policy: {_POLICY}\r\n"
        "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-cache\r\n"
    )
    return Reply(200, content, headers.encode())
