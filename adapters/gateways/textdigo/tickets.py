"""TextDigo's tickets: what an account asks of people, also with a file."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import BodyPartReader
from aiohttp.http import HttpProcessingError
from aiohttp.web import BaseRequest, RequestPayloadError
from msgspec import Struct
from msgspec.json import Decoder, Encoder

from adapters.gateways.domain.answers import JSON, milliseconds_utc
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.textdigo import answers, requests
from adapters.gateways.textdigo.addresses import email
from adapters.gateways.textdigo.checking import BODY, Invalid, Problem, check, read
from adapters.web.incoming import invite
from adapters.web.reply import Reply
from router.account import Account
from router.gateway.ids import UUID
from router.gateway.records import Ticket
from router.refusal import Refusal

_encode = Encoder().encode
_ticket = Decoder(requests.TicketRequest)

_FILE = 10 * 1024 * 1024
"""Octets of a file, where the account's settings do not say otherwise."""
_FIELD = 64 * 1024
_PIECE = 256 * 1024
_PARTS = 20
_PATIENCE = 300.0
"""Seconds for a whole form."""


class _Form(Struct):
    fields: dict[str, str]
    file: str | None = None
    size: int = 0


class TicketCalls:
    def __init__(self, services: Services) -> None:
        self._book = services.book
        self._clock = services.clock

    async def open(self, asked: Asked) -> Reply:
        """TD-36."""
        wanted = read(_ticket, asked.body)
        now = self._clock.now()
        ticket = Ticket(
            self._book.next_no(), asked.caller.account.name, now, wanted.canalType.lower(), wanted.description
        )
        await self._book.tickets.add(ticket)
        answer = answers.TicketAnswer(
            UUID.write(ticket.no), wanted.canalType, wanted.description, "OPEN", milliseconds_utc(now)
        )
        return Reply(201, _encode(answer), JSON)

    async def issue(self, asked: Asked) -> Reply:
        """TD-46: the file goes to the disk as it comes."""
        account = asked.caller.account
        no = self._book.next_no()
        form = _Form({})
        try:
            await self._read(asked.raw, account, no, form)
            wanted = check(form.fields, requests.IssueRequest, "")
            address = email(wanted.email)
            now = self._clock.now()
            channel = wanted.issueCanalType.lower()
            await self._book.tickets.add(
                Ticket(no, account.name, now, channel, wanted.issueMessage, address, form.file, form.size)
            )
        except BaseException:
            if form.file is not None:
                await self._book.tickets.drop_file(no)
            raise
        answer = answers.IssueAnswer(
            UUID.write(no),
            address,
            wanted.issueCanalType,
            wanted.issueMessage,
            answers.File(form.file, form.size) if form.file is not None else None,
            "OPEN",
            milliseconds_utc(now),
        )
        return Reply(201, _encode(answer), JSON)

    async def _read(self, request: BaseRequest, account: Account, no: int, form: _Form) -> None:
        """The fields and the file of a form (RFC 7578). Raises Invalid, Refusal `file_too_large`."""
        largest: int = account.gateways["textdigo"].get("file", _FILE)
        announced = request.content_length
        if announced is not None and announced > largest + _PARTS * _FIELD:
            raise _too_large()
        if not request.content_type.startswith("multipart/"):
            raise Invalid(Problem(BODY, "format"))
        invite(request)
        try:
            async with asyncio.timeout(_PATIENCE):
                reader = await request.multipart()
                for _ in range(_PARTS):
                    part = await reader.next()
                    if part is None:
                        return
                    if not isinstance(part, BodyPartReader) or part.name is None:
                        raise Invalid(Problem(BODY, "format"))
                    if part.name == "file":
                        await self._keep(part, largest, no, form)
                    elif part.name in form.fields:
                        raise Invalid(Problem(part.name, "format"))
                    else:
                        form.fields[part.name[:100]] = await _text(part)
        except TimeoutError:
            raise Refusal("request_timeout", "the form did not come in time") from None
        except (HttpProcessingError, RequestPayloadError, ValueError, AssertionError, LookupError, RuntimeError):
            # What aiohttp raises for a form that is none.
            raise Invalid(Problem(BODY, "format")) from None
        raise Invalid(Problem(BODY, "too_long", f"{_PARTS}"))

    async def _keep(self, part: BodyPartReader, largest: int, no: int, form: _Form) -> None:
        if form.file is not None:
            raise Invalid(Problem("file", "format"))
        name = _name(part.filename)
        form.size = await self._book.tickets.keep_file(no, _pieces(part, largest))
        form.file = name
        if not form.size and not part.filename:
            # What a browser sends where no file was chosen.
            form.file = None
            await self._book.tickets.drop_file(no)


async def _pieces(part: BodyPartReader, largest: int) -> AsyncIterator[bytes]:
    size = 0
    while piece := await part.read_chunk(_PIECE):
        size += len(piece)
        if size > largest:
            raise _too_large()
        yield piece


async def _text(part: BodyPartReader) -> str:
    content = bytearray()
    while piece := await part.read_chunk(_FIELD):
        content += piece
        if len(content) > _FIELD:
            raise Invalid(Problem(str(part.name), "too_long", str(_FIELD)))
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Invalid(Problem(str(part.name), "format")) from None


def _name(given: str | None) -> str:
    """The last piece of a file's name, as text."""
    name = (given or "").replace("\\", "/").rpartition("/")[2]
    return "".join(one for one in name.encode("utf-8", "replace").decode() if one.isprintable())[:255] or "file"


def _too_large() -> Refusal:
    return Refusal("file_too_large", "the file is larger than the account may send")
