"""Whom a request is for where numbers, contacts and groups may be given side by side."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from adapters.gateways.domain.numbers import number_of
from router.book import Book
from router.gateway.records import Contact
from router.refusal import Refusal

MOST = 10_000
"""Recipients of one request, when its groups are unfolded."""

_PIECE = 1000
_LONGEST_PHONE = 15
_SEPARATORS = str.maketrans("", "", " \t-.()")


class Recipients(Struct, gc=False):
    """Numbers in E.164, each once, with the contact that each was found by; `invalid` is what reaches nobody, a number
    as it was written."""

    found: dict[str, Contact | None]
    invalid: list[str]


async def recipients_of(
    book: Book, account: str, written: Sequence[str], no_of: Callable[[str], int | None], field: str
) -> Recipients:
    """Phones, contacts and groups, mixed freely: what begins with a plus sign or has up to 15 digits and nothing else
    is a phone; `no_of` reads any other as the id of a contact or a group. Groups stand for those whom they reach.

    Raises Refusal `not_found`, naming what is none of these; `invalid_request` for too many; StoreUnavailable.
    """
    ids = {one: no_of(one) for one in written if not _is_phone(one)}
    nos = [no for no in ids.values() if no is not None]
    contacts = await book.contacts.find(account, nos) if nos else {}
    groups = await book.groups.find(account, nos) if len(contacts) < len(nos) else {}
    told = Recipients({}, [])
    for one in written:
        if one not in ids:
            try:
                told.found.setdefault(number_of(one), None)
            except Refusal:
                told.invalid.append(one)
            continue
        no = ids[one] or 0
        if no in contacts:
            _take(told, contacts[no], one)
        elif no in groups:
            await _unfold(told, book, account, no, field)
        else:
            raise Refusal("not_found", f"there is no contact or group {one[:64]!r}", field)
    return told


def _is_phone(written: str) -> bool:
    bare = written.translate(_SEPARATORS)
    return bare[:1] == "+" or (bare.isascii() and bare.isdigit() and len(bare) <= _LONGEST_PHONE)


def _take(told: Recipients, contact: Contact, written: str) -> None:
    if contact.number is None or contact.status != "active":
        told.invalid.append(contact.number or written)
    elif told.found.get(contact.number) is None:
        told.found[contact.number] = contact


async def _unfold(told: Recipients, book: Book, account: str, group: int, field: str) -> None:
    after: int | None = 0
    while after is not None:
        piece = await book.contacts.audience(account, (group,), after, _PIECE)
        for contact in piece.contacts:
            assert contact.number is not None
            if told.found.get(contact.number) is None:
                told.found[contact.number] = contact
        if len(told.found) > MOST:
            raise Refusal("invalid_request", f"these are more than {MOST} recipients: schedule it instead", field)
        after = piece.next
