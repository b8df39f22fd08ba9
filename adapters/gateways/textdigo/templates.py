"""TextDigo's templates: what the channel of a campaign spec needs, filled for one message (TD-19, TD-22, TD-33).

A template is kept in the engine's words, so that a campaign can fill it as well: `content` is the text, `config` what
stands in the options of a message beside it.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from msgspec import Struct

from adapters.gateways.textdigo.checking import Invalid, Problem
from router.account import Account
from router.book import Book
from router.gateway.ids import UUID
from router.gateway.records import Template
from router.gateway.templates import render
from router.refusal import Refusal


class Filled(Struct, frozen=True, gc=False):
    """`options` are those of a WhatsApp message, `html` belongs to an email."""

    text: str
    html: str | None = None
    options: dict[str, Any] | None = None


class Templates:
    def __init__(self, book: Book) -> None:
        self._book = book

    async def email(self, account: Account, id: str, values: Mapping[str, str]) -> Filled:
        """Raises Refusal `template_not_found`, Invalid where the template says nothing."""
        template = await self._find(account, id, "email")
        html = (template.config or {}).get("html")
        safe = {name: escape(value) for name, value in values.items()}
        return Filled(render(template.content, values).text, render(html, safe).text if html else None)

    async def whatsapp(self, account: Account, id: str, values: Mapping[str, str]) -> Filled:
        """As `email`."""
        template = await self._find(account, id, "whatsapp")
        return Filled(template.content, options=whatsapp_options(template.config or {}, values))

    async def _find(self, account: Account, id: str, channel: str) -> Template:
        no = UUID.read(id)
        template = await self._book.templates.find(account.name, no) if no is not None else None
        if template is None and channel == "whatsapp":
            template = await self._book.templates.provided(account.name, channel, id)
        if template is None or template.channel != channel:
            raise Refusal("template_not_found", "there is no such template")
        if template.config is None:
            raise Invalid(Problem("templateId", "format"))
        return template


def whatsapp_options(config: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The options of a WhatsApp message by a template: its name at the provider, and its parameters in their order.

    A template that names its parameters takes the value of that name, else its own, filled with the values; one that
    does not takes all values. Names that are numbers order them.
    """
    own = dict(zip(config.get("names", ()), config.get("parameters", ()), strict=True)) or values
    names = sorted(own, key=int) if all(name.isascii() and name.isdigit() for name in own) else list(own)
    filled = [values[name] if name in values else render(own[name], values).text for name in names]
    options: dict[str, Any] = {"template": config["template"]}
    return options | {"parameters": filled} if filled else options
