"""Texify's templates."""

from msgspec.json import Decoder, Encoder

from adapters.gateways.domain.answers import JSON, seconds_utc
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.texify import shapes
from adapters.gateways.texify.pages import Wanted
from adapters.web.incoming import decode, query_of
from adapters.web.reply import Reply
from router.book import Book
from router.gateway.ids import HEX24
from router.gateway.records import Template
from router.gateway.templates import placeholders, render, written
from router.refusal import Refusal

_encode = Encoder().encode
_template = Decoder(shapes.TemplateRequest)
_preview = Decoder(shapes.PreviewRequest)
_render = Decoder(shapes.RenderRequest)


class TemplateCalls:
    def __init__(self, services: Services) -> None:
        self._book = services.book
        self._clock = services.clock

    async def create(self, asked: Asked) -> Reply:
        """TX-23."""
        wanted = decode(_template, asked.body)
        template = Template(
            self._book.next_no(),
            asked.caller.account.name,
            wanted.name,
            wanted.message,
            self._clock.now(),
            description=wanted.description,
        )
        made = await self._book.templates.add(template)
        answer = shapes.NewTemplateAnswer("success", "Template created successfully", _data(made))
        return Reply(200, _encode(answer), JSON)

    async def page(self, asked: Asked) -> Reply:
        """TX-24."""
        wanted = query_of(asked.raw, shapes.PageQuery, blank=False)
        cut = Wanted(wanted.page, wanted.limit)
        templates, total = await self._book.templates.page(asked.caller.account.name, cut.offset, cut.limit)
        data = shapes.TemplatesData(cut.paging(total), [_data(template) for template in templates])
        return Reply(200, _encode(shapes.TemplatesAnswer("success", data)), JSON)

    async def one(self, asked: Asked) -> Reply:
        """TX-25."""
        found = await template_of(self._book, asked.caller.account.name, asked.params["id"])
        return Reply(200, _encode(shapes.TemplateAnswer("success", _data(found))), JSON)

    async def preview(self, asked: Asked) -> Reply:
        """TX-26."""
        wanted = decode(_preview, asked.body)
        given = wanted.variables or {}
        rendered = render(wanted.message, written(given))
        data = shapes.PreviewData(
            wanted.message,
            rendered.text,
            placeholders(wanted.message),
            list(given),
            rendered.missing,
            not rendered.missing,
        )
        return Reply(200, _encode(shapes.PreviewAnswer("success", data)), JSON)

    async def render(self, asked: Asked) -> Reply:
        """TX-27."""
        wanted = decode(_render, asked.body) if asked.body.strip() else shapes.RenderRequest()
        found = await template_of(self._book, asked.caller.account.name, asked.params["id"])
        given = wanted.variables or {}
        data = shapes.RenderData(
            asked.params["id"],
            found.name,
            found.content,
            render(found.content, written(given)).text,
            placeholders(found.content),
            given,
        )
        return Reply(200, _encode(shapes.RenderAnswer("success", data)), JSON)


async def template_of(book: Book, account: str, id: str) -> Template:
    """The template of an id. Raises Refusal `not_found`."""
    no = HEX24.read(id)
    found = await book.templates.find(account, no) if no is not None else None
    if found is None:
        raise Refusal("not_found", "there is no such template")
    return found


def _data(template: Template) -> shapes.TemplateData:
    return shapes.TemplateData(
        HEX24.write(template.no),
        template.name,
        template.content,
        template.description,
        placeholders(template.content),
        seconds_utc(template.created),
    )
