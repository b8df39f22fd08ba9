"""TextioPro's groups of contacts."""

from msgspec.structs import replace

from adapters.gateways.domain.parameters import Parameters
from adapters.gateways.operation import Asked
from adapters.gateways.services import Services
from adapters.gateways.textiopro.answers import success
from adapters.gateways.textiopro.pages import PER_PAGE, Wanted
from adapters.gateways.textiopro.shapes import GroupView
from adapters.gateways.textiopro.words import microseconds
from adapters.web.reply import Reply
from router.book import Book
from router.gateway.ids import HEX13
from router.gateway.records import Group
from router.refusal import Refusal

_LONGEST_NAME = 255


class GroupCalls:
    def __init__(self, services: Services) -> None:
        self._book = services.book
        self._clock = services.clock

    async def create(self, asked: Asked) -> Reply:
        """TP-18."""
        now = self._clock.now()
        name = _name(asked.read)
        group = Group(self._book.next_no(), asked.caller.account.name, name, now, now)
        return success(_view(await self._book.groups.add(group), 0))

    async def create_or_list(self, asked: Asked) -> Reply:
        """TP-23: with a name it is a new group, without one the list."""
        return await (self.create if "name" in asked.read.values else self.page)(asked)

    async def show(self, asked: Asked) -> Reply:
        """TP-19."""
        return await self._told(await group_of(self._book, asked))

    async def rename(self, asked: Asked) -> Reply:
        """TP-20."""
        group = await group_of(self._book, asked)
        changed = replace(group, name=_name(asked.read), updated=self._clock.now())
        await self._book.groups.save(changed)
        return await self._told(changed)

    async def delete(self, asked: Asked) -> Reply:
        """TP-21."""
        await self._book.groups.delete(await group_of(self._book, asked))
        return success("null")

    async def page(self, asked: Asked) -> Reply:
        """TP-22."""
        wanted = Wanted(asked)
        groups, total = await self._book.groups.page(asked.caller.account.name, wanted.offset, PER_PAGE)
        counts = await self._book.groups.counts([group.no for group in groups])
        return success(wanted.cut([_view(group, counts[group.no]) for group in groups], total))

    async def _told(self, group: Group) -> Reply:
        counts = await self._book.groups.counts([group.no])
        return success(_view(group, counts[group.no]))


async def group_of(book: Book, asked: Asked) -> Group:
    """The group in the path of a request. Raises Refusal `group_not_found`."""
    no = HEX13.read(asked.params["group"])
    found = await book.groups.find(asked.caller.account.name, [no]) if no is not None else {}
    if no not in found:
        raise Refusal("group_not_found", "there is no such group")
    return found[no]


def _name(given: Parameters) -> str:
    if not isinstance(given.values.get("name", ""), str):
        raise Refusal("invalid_request", "The name must be a string.", "name")
    name = given.required("name").strip()
    if len(name) > _LONGEST_NAME:
        raise Refusal("invalid_request", f"The name must not be greater than {_LONGEST_NAME} characters.", "name")
    return name


def _view(group: Group, count: int) -> GroupView:
    return GroupView(HEX13.write(group.no), group.name, count, microseconds(group.created), microseconds(group.updated))
