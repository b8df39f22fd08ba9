"""Texify's contacts and groups."""

from collections.abc import Sequence

from msgspec.json import Decoder, Encoder

from adapters.gateways.domain.answers import JSON, seconds_utc
from adapters.gateways.domain.numbers import number_of
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.texify import shapes
from adapters.gateways.texify.pages import Wanted
from adapters.web.incoming import decode, query_of
from adapters.web.reply import Reply
from router.address import email_address
from router.gateway.ids import HEX24
from router.gateway.records import Contact, ContactQuery, Group
from router.refusal import Refusal

_encode = Encoder().encode
_contact = Decoder(shapes.ContactRequest)
_group = Decoder(shapes.GroupRequest)


class ContactCalls:
    def __init__(self, services: Services) -> None:
        self._book = services.book
        self._clock = services.clock

    async def create(self, asked: Asked) -> Reply:
        """TX-19."""
        wanted = decode(_contact, asked.body)
        account = asked.caller.account.name
        now = self._clock.now()
        contact = Contact(
            self._book.next_no(),
            account,
            now,
            now,
            _number(wanted.phoneNumber),
            _email(wanted.email),
            wanted.firstName or None,
            wanted.lastName or None,
            wanted.customFields or {},
            list(dict.fromkeys(wanted.tags or ())),
        )
        groups = await self._groups_of(account, wanted.groups or ())
        await self._book.contacts.add(contact, groups)
        # Whether it has opted out is known there.
        made = await self._book.contacts.find(account, (contact.no,))
        (shown,) = await self._shown([made.get(contact.no, contact)])
        return Reply(200, _encode(shapes.ContactAnswer("success", "Contact created successfully", shown)), JSON)

    async def page(self, asked: Asked) -> Reply:
        """TX-20."""
        wanted = query_of(asked.raw, shapes.ContactsQuery, blank=False)
        cut = Wanted(wanted.page, wanted.limit)
        query = ContactQuery(
            asked.caller.account.name,
            tuple(HEX24.read(one) or 0 for one in _words(wanted.groups)) if wanted.groups is not None else None,
            tuple(_words(wanted.tags)) if wanted.tags is not None else None,
            wanted.status,
            wanted.search,
        )
        contacts, total = await self._book.contacts.page(query, cut.offset, cut.limit)
        data = shapes.ContactsData(cut.paging(total), await self._shown(contacts))
        return Reply(200, _encode(shapes.ContactsAnswer("success", data)), JSON)

    async def create_group(self, asked: Asked) -> Reply:
        """TX-21."""
        wanted = decode(_group, asked.body)
        now = self._clock.now()
        account = asked.caller.account.name
        group = Group(self._book.next_no(), account, wanted.name, now, now, description=wanted.description)
        made = await self._book.groups.add(group)
        return Reply(200, _encode(shapes.GroupAnswer("success", "Group created", _group_data(made))), JSON)

    async def groups(self, asked: Asked) -> Reply:
        """TX-22."""
        wanted = query_of(asked.raw, shapes.PageQuery, blank=False)
        cut = Wanted(wanted.page, wanted.limit)
        groups, total = await self._book.groups.page(asked.caller.account.name, cut.offset, cut.limit)
        data = shapes.GroupsData(cut.paging(total), [_group_data(group) for group in groups])
        return Reply(200, _encode(shapes.GroupsAnswer("success", data)), JSON)

    async def _groups_of(self, account: str, ids: Sequence[str]) -> list[int]:
        nos = {id: HEX24.read(id) or 0 for id in ids}
        found = await self._book.groups.find(account, list(nos.values())) if nos else {}
        for id, no in nos.items():
            if no not in found:
                raise Refusal("not_found", f"there is no group {id[:64]!r}", "groups")
        return list(found)

    async def _shown(self, contacts: Sequence[Contact]) -> list[shapes.ContactData]:
        groups = await self._book.contacts.groups_of([contact.no for contact in contacts])
        return [_contact_data(contact, groups.get(contact.no, ())) for contact in contacts]


def _number(written: str) -> str:
    try:
        return number_of(written)
    except Refusal as refusal:
        raise Refusal("invalid_number", refusal.detail, "phoneNumber") from None


def _email(written: str | None) -> str | None:
    if not written:
        return None
    try:
        return email_address(written)
    except ValueError as error:
        raise Refusal("invalid_request", str(error), "email") from None


def _words(written: str) -> list[str]:
    return [word for one in written.split(",") if (word := one.strip())]


def _contact_data(contact: Contact, groups: Sequence[int]) -> shapes.ContactData:
    return shapes.ContactData(
        HEX24.write(contact.no),
        contact.number,
        contact.first_name,
        contact.last_name,
        contact.full_name,
        contact.email,
        contact.tags,
        [HEX24.write(no) for no in groups],
        contact.fields,
        contact.status,
        seconds_utc(contact.created),
    )


def _group_data(group: Group) -> shapes.GroupData:
    return shapes.GroupData(HEX24.write(group.no), group.name, group.description, seconds_utc(group.created))
