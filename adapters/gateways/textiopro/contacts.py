"""TextioPro's contacts; each belongs to a group."""

import re
from typing import Any

from msgspec.structs import replace

from adapters.gateways.domain.numbers import number_of
from adapters.gateways.domain.parameters import Parameters
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.textiopro.answers import success
from adapters.gateways.textiopro.groups import group_of
from adapters.gateways.textiopro.pages import PER_PAGE, Wanted
from adapters.gateways.textiopro.shapes import ContactView
from adapters.gateways.textiopro.words import bare, microseconds
from adapters.web.reply import Reply
from router.gateway.ids import HEX13
from router.gateway.records import Contact, ContactQuery, Group
from router.refusal import Refusal

_DELETED = "Le contact a été supprimé."
_FIELD = re.compile(r"[A-Z][A-Z0-9_]{0,49}")
_LONGEST = 255
_MOST = 50
_SHOWN = 40
_NOT_FIELDS = frozenset({"PHONE", "PAGE", "FIRST_NAME", "LAST_NAME"})


class ContactCalls:
    def __init__(self, services: Services) -> None:
        self._book = services.book
        self._clock = services.clock

    async def create(self, asked: Asked) -> Reply:
        """TP-11."""
        group = await group_of(self._book, asked)
        now = self._clock.now()
        contact = _changed(Contact(self._book.next_no(), group.account, now, now), asked.read, now)
        await self._book.contacts.add(contact, [group.no], unique_in=group.no)
        return await self._told(group, contact)

    async def one(self, asked: Asked) -> Reply:
        """TP-12."""
        group = await group_of(self._book, asked)
        return success(_view(await self._contact(asked, group), group))

    async def update(self, asked: Asked) -> Reply:
        """TP-13."""
        group = await group_of(self._book, asked)
        contact = _changed(await self._contact(asked, group), asked.read, self._clock.now())
        await self._book.contacts.save(contact, unique_in=group.no)
        return await self._told(group, contact)

    async def delete(self, asked: Asked) -> Reply:
        """TP-14."""
        group = await group_of(self._book, asked)
        await self._book.contacts.delete(await self._contact(asked, group))
        return success(_DELETED)

    async def page(self, asked: Asked) -> Reply:
        """TP-15."""
        group = await group_of(self._book, asked)
        wanted = Wanted(asked)
        query = ContactQuery(group.account, (group.no,))
        contacts, total = await self._book.contacts.page(query, wanted.offset, PER_PAGE)
        return success(wanted.cut([_view(contact, group) for contact in contacts], total))

    async def _contact(self, asked: Asked, group: Group) -> Contact:
        no = HEX13.read(asked.params["uid"])
        found = await self._book.contacts.in_group(group.no, no) if no is not None else None
        if found is None:
            raise Refusal("contact_not_found", "there is no such contact")
        return found

    async def _told(self, group: Group, contact: Contact) -> Reply:
        # Whether its number has opted out is known there.
        return success(_view(await self._book.contacts.in_group(group.no, contact.no) or contact, group))


def _changed(contact: Contact, given: Parameters, now: int) -> Contact:
    """A contact with what a request says of it; field names in any case. Raises Refusal `invalid_request`,
    `invalid_number`."""
    fields = {name.upper(): value for name, value in given.values.items()}
    written = Parameters(fields).required("PHONE").strip()
    try:
        number = number_of(written)
    except Refusal:
        raise Refusal("invalid_number", f"Invalid phone number: {written[:_SHOWN]}", "PHONE") from None
    kept = dict(contact.fields)
    for name, value in fields.items():
        if name not in _NOT_FIELDS and _FIELD.fullmatch(name):
            kept[name] = _text(name, value)
    if len(kept) > _MOST:
        raise Refusal("invalid_request", f"A contact has at most {_MOST} fields.")
    return replace(
        contact,
        number=number,
        first_name=_text("FIRST_NAME", fields["FIRST_NAME"]) if "FIRST_NAME" in fields else contact.first_name,
        last_name=_text("LAST_NAME", fields["LAST_NAME"]) if "LAST_NAME" in fields else contact.last_name,
        fields={name: value for name, value in kept.items() if value},
        updated=now,
    )


def _text(name: str, value: Any) -> str | None:
    """Raises Refusal `invalid_request`."""
    text = Parameters({name: value}).text(name)
    if text is not None and len(text) > _LONGEST:
        raise Refusal("invalid_request", f"The {name} must not be greater than {_LONGEST} characters.", name)
    return text


def _view(contact: Contact, group: Group) -> ContactView:
    fields = {"FIRST_NAME": contact.first_name, "LAST_NAME": contact.last_name, **contact.fields}
    return ContactView(
        HEX13.write(contact.no),
        HEX13.write(group.no),
        bare(contact.number or ""),
        "subscribe" if contact.status == "active" else "unsubscribe",
        contact.first_name,
        contact.last_name,
        {name: str(value) for name, value in fields.items() if value is not None},
        microseconds(contact.created),
        microseconds(contact.updated),
    )
