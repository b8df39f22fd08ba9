"""The description of each public API, for programs and for people."""

from collections.abc import Callable, Iterable
from functools import partial

from adapters.gateways.domain.answers import JSON
from adapters.gateways.openapi import document
from adapters.gateways.operation import Face
from adapters.web.openapi import Written
from adapters.web.page import listing, page, script, style
from adapters.web.reply import Reply


def pages(faces: Iterable[Face]) -> dict[str, Callable[[], Reply]]:
    """What stands at which path."""
    found: dict[str, Callable[[], Reply]] = {"/docs/docs.js": script, "/docs/docs.css": style}
    links = {}
    for face in faces:
        address = f"/openapi/{face.name}.json"
        found[address] = Written(partial(document, face), JSON)
        found[f"/docs/{face.name}"] = partial(page, face.title, address)
        links[f"/docs/{face.name}"] = face.title
    found["/docs"] = partial(listing, "Public APIs", links)
    return found
