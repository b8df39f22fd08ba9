"""What the administrator puts into an account's lists and templates, which no public API can make."""

from msgspec.json import Decoder, Encoder

from adapters.http.schema.answers import ContactsView, ListView, TemplateView
from adapters.http.schema.requests import LARGEST_ID, ContactsRequest, ListRequest, NewContact, TemplateRequest
from adapters.web.incoming import Incoming, decode
from adapters.web.reply import Reply
from router.engine.directory import Directory, Entry
from router.refusal import Refusal
from router.routing.msisdn import normalise

_encode = Encoder().encode
_list = Decoder(ListRequest)
_contacts = Decoder(ContactsRequest)
_template = Decoder(TemplateRequest)


class DirectoryCalls:
    """`max_body` is in octets."""

    def __init__(self, directory: Directory, max_body: int) -> None:
        self._directory = directory
        self._max_body = max_body

    async def make_list(self, incoming: Incoming) -> Reply:
        """POST /v1/accounts/{name}/lists"""
        wanted = decode(_list, await incoming.body(self._max_body))
        made = await self._directory.make_list(
            incoming.params["name"], wanted.name, _number(wanted.id), wanted.subscribe_word
        )
        return Reply(200, _encode(ListView(made.account, made.number, made.name, made.subscribe_word)))

    async def fill_list(self, incoming: Incoming) -> Reply:
        """POST /v1/accounts/{name}/lists/{id}/contacts"""
        wanted = decode(_contacts, await incoming.body(self._max_body))
        entries = [_entry(place, contact) for place, contact in enumerate(wanted.contacts)]
        name, id = incoming.params["name"], incoming.params["id"]
        # What is no id is that of no list.
        of_list = int(id) if id.isascii() and id.isdigit() and len(id) <= len(str(LARGEST_ID)) else 0
        told = await self._directory.fill_list(name, of_list, entries)
        return Reply(200, _encode(ContactsView(name, of_list, told.added, told.known)))

    async def make_template(self, incoming: Incoming) -> Reply:
        """POST /v1/accounts/{name}/templates"""
        wanted = decode(_template, await incoming.body(self._max_body))
        name = incoming.params["name"]
        made = await self._directory.make_template(name, wanted.name, wanted.content, _number(wanted.id))
        return Reply(200, _encode(TemplateView(made.account, made.number, made.name, made.content)))


def _entry(place: int, contact: NewContact) -> Entry:
    """Raises Refusal `invalid_number`."""
    written = contact.number
    try:
        number = normalise(written if written[:1] == "+" else f"+{written}", "possible")
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.detail, f"contacts[{place}].number") from None
    return Entry(number, fields=contact.fields)


def _number(id: int | str | None) -> int:
    """An id as a number, 0 for none. Raises Refusal `invalid_request`."""
    number = int(id or 0)
    if id is not None and not 1 <= number <= LARGEST_ID:
        raise Refusal("invalid_request", f"an id is 1 to {LARGEST_ID}", "id")
    return number
