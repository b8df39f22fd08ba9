"""What a Texify request says: a text as it is, or a template filled in for each recipient."""

from collections.abc import Mapping

from msgspec import Struct

from adapters.gateways.domain.keys import Caller
from adapters.gateways.texify.shapes import Value
from adapters.gateways.texify.templates import template_of
from router.book import Book
from router.gateway.records import Contact
from router.gateway.templates import of_contact, render, written
from router.refusal import Refusal

USE_TEMPLATES = "use_templates"


class Content(Struct, frozen=True, gc=False):
    """`values` fill the placeholders of `text`, before what a contact has; None where it has none to fill."""

    text: str
    values: dict[str, str] | None = None


def check(caller: Caller, message: str | None, template: str | None, sender: str | None) -> None:
    """What can be told of a request by itself. Raises Refusal `invalid_request`, `missing_scope`."""
    if (message is None) == (template is None):
        raise Refusal("invalid_request", "give either message or templateId", "message")
    if sender is None and caller.account.default_sender is None:
        raise Refusal("invalid_request", "senderId is required: the account has no default sender", "senderId")
    if template is not None and caller.scopes is not None and USE_TEMPLATES not in caller.scopes:
        raise Refusal("missing_scope", f"this key lacks the scope {USE_TEMPLATES}, which templateId needs")


async def content_of(
    book: Book, account: str, message: str | None, template: str | None, variables: Mapping[str, Value] | None
) -> Content:
    """Of a request that was checked. Raises Refusal `not_found`."""
    if message is not None:
        return Content(message)
    found = await template_of(book, account, template or "")
    return Content(found.content, written(variables or {}))


def texts_for(content: Content, recipients: Mapping[str, Contact | None]) -> list[str]:
    """The text for each recipient, in order. Raises Refusal `invalid_request`, naming the placeholder that nothing
    fills."""
    if content.values is None:
        return [content.text] * len(recipients)
    plain = None
    texts = []
    for contact in recipients.values():
        if contact is not None:
            text = _filled(content.text, of_contact(contact) | content.values)
        else:
            text = plain = plain or _filled(content.text, content.values)
        texts.append(text)
    return texts


def _filled(text: str, values: Mapping[str, str]) -> str:
    rendered = render(text, values)
    if rendered.missing:
        name = rendered.missing[0]
        raise Refusal("invalid_request", f"nothing fills the placeholder {{{{{name}}}}}", f"variables.{name}")
    if not rendered.text:
        raise Refusal("invalid_request", "the template leaves nothing to send", "variables")
    return rendered.text
