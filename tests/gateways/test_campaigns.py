"""Campaigns: at their time, to everybody once, whatever happens meanwhile."""

from asyncio import gather
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from msgspec.structs import replace

from router.account import RateLimit
from router.gateway.campaigns import OPEN, PENDING
from router.gateway.records import Campaign, CampaignQuery, Contact, Group
from router.refusal import Refusal
from router.settings import Limits
from router.wallet import Tariff
from tests.gateways.rig import GatewayRig, account

pytestmark = pytest.mark.end_to_end

DAY = 86_400


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    async with GatewayRig(tmp_path, account("acme", {})) as rig:
        yield rig


def number(place: int) -> str:
    return f"+23767{place:07d}"


def campaign(rig: GatewayRig, **fields: Any) -> Campaign:
    now = rig.engine_rig.clock.now()
    given = {"account": "acme", "face": "fullsms", "text": "Hello", "first": now, "created": now}
    return Campaign(rig.book.next_no(), **(given | fields))


async def filled(rig: GatewayRig, name: str, places: list[int], **fields: Any) -> Group:
    now = rig.engine_rig.clock.now()
    group = await rig.book.groups.add(Group(rig.book.next_no(), "acme", name, now, now))
    for start in range(0, len(places), 500):
        contacts = [
            Contact(rig.book.next_no(), "acme", now, now, number(place), **fields)
            for place in places[start : start + 500]
        ]
        await rig.book.contacts.put(group.no, contacts)
    return group


async def state_of(rig: GatewayRig, one: Campaign) -> Campaign:
    return await rig.campaigns.find("acme", "fullsms", one.no)


async def until(rig: GatewayRig, one: Campaign, *states: str) -> Campaign:
    """The campaign once it is in one of these states; what its operator was given is accepted meanwhile."""
    found = one

    async def there() -> bool:
        nonlocal found
        found = await state_of(rig, one)
        return found.state in states

    for _ in range(20_000):
        if await there():
            return found
        await rig.engine_rig.settle()
    raise AssertionError(found)


async def sent(rig: GatewayRig) -> Counter[str]:
    """Who was accepted, how often; from the disk."""
    rows = await rig.engine_rig.store.read(  # type: ignore[attr-defined]
        lambda connection: connection.execute("SELECT recipient FROM messages").fetchall()
    )
    return Counter(to for (to,) in rows)


async def test_at_once_to_numbers(rig: GatewayRig) -> None:
    made = await rig.campaigns.create(campaign(rig, numbers=[number(1), number(2), number(1)]))
    assert (made.state, made.recipients) == ("queued", 2)
    done = await until(rig, made, "done")
    assert (done.accepted, done.refused, done.runs, done.reason) == (2, 0, 1, None)
    assert done.started == done.ended == rig.engine_rig.clock.now()
    await rig.deliver(2)
    stats = await rig.campaigns.stats(done)
    assert (stats.total, stats.delivered, stats.queued) == (2, 2, 0)


async def test_at_its_time_and_not_before(rig: GatewayRig) -> None:
    at = rig.engine_rig.clock.now() + 3_600_000
    made = await rig.campaigns.create(campaign(rig, numbers=[number(1)], first=at))
    assert made.state == "scheduled"
    rig.move(3599)
    await rig.engine_rig.settle()
    assert (await state_of(rig, made)).state == "scheduled"
    rig.move(1)
    assert (await until(rig, made, "done")).started == at


async def test_everybody_of_several_lists_once(rig: GatewayRig) -> None:
    one = await filled(rig, "one", list(range(450)))
    other = await filled(rig, "other", list(range(300, 700)))
    made = await rig.campaigns.create(campaign(rig, groups=[one.no, other.no]))
    assert made.recipients == 700
    done = await until(rig, made, "done")
    assert (done.accepted, done.refused) == (700, 0)
    assert await sent(rig) == Counter(number(place) for place in range(700))


async def test_who_unsubscribed_is_left_out(rig: GatewayRig) -> None:
    group = await filled(rig, "one", [1, 2, 3])
    await rig.engine_rig.engine.opt_outs.unsubscribe("acme", number(2))
    made = await rig.campaigns.create(campaign(rig, groups=[group.no]))
    assert made.recipients == 2
    await until(rig, made, "done")
    assert set(await sent(rig)) == {number(1), number(3)}


async def test_contacts_who_are_active_each_number_once(rig: GatewayRig) -> None:
    now = rig.engine_rig.clock.now()
    nos = []
    for to, active in ((number(1), True), (number(1), True), (number(2), False), (None, True), (number(3), True)):
        contact = Contact(rig.book.next_no(), "acme", now, now, to, active=active, email="a@example.org")
        group = await rig.book.groups.add(Group(rig.book.next_no(), "acme", "g", now, now))
        await rig.book.contacts.put(group.no, [contact], "email")
        nos.append(contact.no)
    made = await rig.campaigns.create(campaign(rig, contacts=nos))
    assert made.recipients == 2
    assert (await until(rig, made, "done")).accepted == 2
    assert await sent(rig) == Counter({number(1): 1, number(3): 1})


async def test_placeholders_are_filled_from_contacts(rig: GatewayRig) -> None:
    group = await filled(rig, "one", [1], first_name="Awa", fields={"city": "Douala", "age": 7})
    text = "Hi {{firstName}} {{lastName}}of {{city}}, {{ age }}: {{code}}"
    made = await rig.campaigns.create(campaign(rig, groups=[group.no], text=text, values={"code": "X", "city": "Buea"}))
    await until(rig, made, "done")
    (submission,) = await rig.engine_rig.written("mtn")
    assert submission.message.text == "Hi Awa of Buea, 7: X"


async def test_braces_are_braces_where_nothing_is_to_be_filled(rig: GatewayRig) -> None:
    made = await rig.campaigns.create(campaign(rig, numbers=[number(1)], text="{{x}}"))
    await until(rig, made, "done")
    assert (await rig.engine_rig.written("mtn"))[0].message.text == "{{x}}"


async def test_nothing_left_to_say_is_sent_to_nobody(rig: GatewayRig) -> None:
    made = await rig.campaigns.create(campaign(rig, numbers=[number(1)], text="{{x}}", values={}))
    ended = await until(rig, made, "failed")
    assert (ended.accepted, ended.refused, ended.reason) == (0, 1, "invalid_request")


async def test_nobody_who_could_be_sent_to(tmp_path: Path) -> None:
    """It failed, and says why; where it reached anybody it is done."""
    async with GatewayRig(tmp_path, account("acme", {}), prefix="237") as rig:
        made = await rig.campaigns.create(campaign(rig, numbers=["+447700900123"]))
        ended = await until(rig, made, "failed")
        assert (ended.refused, ended.reason, ended.runs) == (1, "unroutable", 1)
        made = await rig.campaigns.create(campaign(rig, numbers=["+447700900123", number(1)]))
        done = await until(rig, made, "done")
        assert (done.accepted, done.refused, done.reason) == (1, 1, None)


async def test_the_account_may_not_any_more(tmp_path: Path) -> None:
    async with GatewayRig(tmp_path, account("acme", {})) as rig:
        at = rig.engine_rig.clock.now() + 1000
        made = await rig.campaigns.create(campaign(rig, numbers=[number(1)], first=at))
    async with GatewayRig(tmp_path, account("acme", {}, status="suspended")) as rig:
        rig.move(1)
        ended = await until(rig, made, "failed")
        assert (ended.accepted, ended.reason) == (0, "account_suspended")


@pytest.mark.parametrize(
    ("frequency", "days"), [("daily", [1, 2, 3]), ("weekly", [7, 14, 21]), ("monthly", [31, 59, 90])]
)
async def test_again_and_again(rig: GatewayRig, frequency: Any, days: list[int]) -> None:
    first = rig.engine_rig.clock.now()
    made = await rig.campaigns.create(campaign(rig, numbers=[number(1)], frequency=frequency))
    for runs, day in enumerate(days, 1):
        while (now := await state_of(rig, made)).runs < runs:
            await rig.engine_rig.settle()
        assert (now.state, now.accepted, now.at) == ("scheduled", runs, first + day * DAY * 1000)
        rig.move((now.at - rig.engine_rig.clock.now()) / 1000)
    await rig.campaigns.cancel("acme", "fullsms", made.no)


async def test_too_little_credit_ends_it_and_nothing_of_that_page_was_sent(tmp_path: Path) -> None:
    async with GatewayRig(tmp_path, account("acme", {}, wallet="prepaid")) as rig:
        await rig.engine_rig.engine.wallets.credit("acme", Decimal(300))
        group = await filled(rig, "one", list(range(450)))
        made = await rig.campaigns.create(campaign(rig, groups=[group.no], tariff=Tariff.UNIT))
        ended = await until(rig, made, "failed")
        assert (ended.reason, ended.accepted, ended.charged) == ("insufficient_credit", 200, 200 * 10**9)
        assert rig.engine_rig.engine.wallets.balance("acme") == 100 * 10**9
        assert sum((await sent(rig)).values()) == 200


async def test_it_waits_where_its_account_may_not_submit_more(tmp_path: Path) -> None:
    async with GatewayRig(tmp_path, account("acme", {}, rate=RateLimit(10, 1.0))) as rig:
        group = await filled(rig, "one", list(range(37)))
        made = await rig.campaigns.create(campaign(rig, groups=[group.no]))
        while (await state_of(rig, made)).state != "done":
            rig.move(1)
            await rig.engine_rig.settle()
        assert await sent(rig) == Counter(number(place) for place in range(37))


async def test_it_leaves_half_of_the_queue_to_everybody_else(tmp_path: Path) -> None:
    async with GatewayRig(tmp_path, account("acme", {}), limits=Limits(queued=100)) as rig:
        rig.engine_rig.operators["mtn"].window = 0
        group = await filled(rig, "one", list(range(170)))
        made = await rig.campaigns.create(campaign(rig, groups=[group.no]))
        while (await state_of(rig, made)).accepted < 50:
            await rig.engine_rig.settle()
        rig.move(30)
        await rig.engine_rig.settle()
        assert (await state_of(rig, made)).accepted == 50
        rig.engine_rig.operators["mtn"].window = 1000
        rig.engine_rig.operators["mtn"].come_up()
        while (await state_of(rig, made)).state != "done":
            await rig.deliver(0)
            rig.move(1)
        assert await sent(rig) == Counter(number(place) for place in range(170))


async def test_it_waits_while_the_store_cannot_write(rig: GatewayRig) -> None:
    group = await filled(rig, "one", list(range(50)))
    at = rig.engine_rig.clock.now() + 1000
    made = await rig.campaigns.create(campaign(rig, groups=[group.no], first=at))
    with rig.engine_rig.outage():
        rig.move(1)
        await rig.engine_rig.until(lambda: not rig.engine_rig.store.healthy)
    done = await until(rig, made, "done")
    assert (done.accepted, await sent(rig)) == (50, Counter(number(place) for place in range(50)))


async def test_pause_and_resume(rig: GatewayRig) -> None:
    at = rig.engine_rig.clock.now() + 60_000
    made = await rig.campaigns.create(campaign(rig, numbers=[number(1)], first=at))
    assert (await rig.campaigns.pause("acme", "fullsms", made.no)).state == "paused"
    rig.move(3600)
    await rig.engine_rig.settle()
    assert not await sent(rig)
    assert (await rig.campaigns.resume("acme", "fullsms", made.no)).state == "queued"
    await until(rig, made, "done")
    assert await sent(rig) == {number(1): 1}


async def test_what_is_under_way_stops_where_it_is(rig: GatewayRig) -> None:
    """Pause comes between the pages; whoever is left gets it when it goes on."""
    group = await filled(rig, "one", list(range(1000)))
    made = await rig.campaigns.create(campaign(rig, groups=[group.no]))
    while not (await state_of(rig, made)).accepted:
        await rig.engine_rig.settle()
    held = await rig.campaigns.pause("acme", "fullsms", made.no)
    for _ in range(5):
        await rig.engine_rig.settle()
    now = await state_of(rig, made)
    assert now.state == "paused"
    assert held.accepted <= now.accepted < 1000
    await rig.campaigns.resume("acme", "fullsms", made.no)
    await until(rig, made, "done")
    assert await sent(rig) == Counter(number(place) for place in range(1000))


async def half_way(rig: GatewayRig, *groups: Group, **fields: Any) -> Campaign:
    """A campaign to groups that is paused after its first page."""
    rig.engine_rig.operators["mtn"].window = 0
    made = await rig.campaigns.create(campaign(rig, groups=[group.no for group in groups], **fields))
    while not (await state_of(rig, made)).accepted:
        await rig.engine_rig.settle()
    await rig.campaigns.pause("acme", "fullsms", made.no)
    for _ in range(5):  # what was under way comes to its end
        await rig.engine_rig.settle()
    return made


async def first_of(rig: GatewayRig, group: Group, count: int) -> list[Contact]:
    """The oldest contacts of a group."""
    return (await rig.book.contacts.audience("acme", [group.no], 0, count)).contacts


@pytest.mark.parametrize("gone", ["contacts", "again", "numbers", "group"])
async def test_who_was_reached_by_a_contact_that_is_gone(rig: GatewayRig, gone: str) -> None:
    """Deleted, deleted and put in again, given another number, or taken away with its group while it runs: nobody else
    with the number is written to again, and nobody is left out."""
    one = await filled(rig, "one", list(range(450)))
    other = await filled(rig, "other", list(range(450)))
    made = await half_way(rig, one, other)
    contacts = await first_of(rig, one, 300)
    everybody = Counter(number(place) for place in range(450))
    match gone:
        case "contacts":
            await gather(*map(rig.book.contacts.delete, contacts))
        case "again":
            await gather(*map(rig.book.contacts.delete, contacts))
            third = replace(contacts[0], no=rig.book.next_no())
            await rig.book.contacts.put(other.no, [third])
            await rig.book.contacts.put(one.no, [replace(one, no=rig.book.next_no()) for one in contacts])
        case "numbers":
            moved = [replace(contact, number=number(1000 + place)) for place, contact in enumerate(contacts)]
            await gather(*(rig.book.contacts.save(contact, one.no) for contact in moved))
            reached = (await state_of(rig, made)).accepted
            everybody.update(number(1000 + place) for place in range(reached, 300))
        case "group":
            await rig.book.groups.delete(one)
    await rig.campaigns.resume("acme", "fullsms", made.no)
    await until(rig, made, "done")
    assert await sent(rig) == everybody
    while await rig.engine_rig.store.purge(0, 0, 0, 0):  # type: ignore[attr-defined]
        pass
    assert await departed(rig) == 0


async def departed(rig: GatewayRig) -> int:
    return await rig.engine_rig.store.read(  # type: ignore[attr-defined, no-any-return]
        lambda connection: connection.execute("SELECT count(*) FROM departed").get
    )


async def test_a_contact_that_goes_while_its_page_is_sent(rig: GatewayRig) -> None:
    """Between the moment that the page was read and the moment that it is on disk."""
    one = await filled(rig, "one", list(range(250)))
    other = await filled(rig, "other", list(range(250)))
    read = rig.book.contacts.audience

    async def late(*wanted: Any) -> Any:
        page = await read(*wanted)
        for contact in page.contacts[:3]:
            await rig.book.contacts.delete(contact)
        return page

    rig.book.contacts.audience = late  # type: ignore[method-assign]
    made = await rig.campaigns.create(campaign(rig, groups=[one.no, other.no]))
    await until(rig, made, "done")
    assert await sent(rig) == Counter(number(place) for place in range(250))


async def test_the_next_run_is_to_everybody_again(rig: GatewayRig) -> None:
    one = await filled(rig, "one", list(range(150)))
    other = await filled(rig, "other", list(range(150)))
    made = await half_way(rig, one, other, frequency="daily")
    for contact in await first_of(rig, one, 20):
        await rig.book.contacts.delete(contact)
    await rig.campaigns.resume("acme", "fullsms", made.no)
    while (await state_of(rig, made)).runs < 1:
        await rig.engine_rig.settle()
    assert await sent(rig) == Counter(number(place) for place in range(150))
    while await rig.engine_rig.store.purge(0, 0, 0, 0):  # type: ignore[attr-defined]
        pass
    assert await departed(rig) == 0
    rig.move(DAY)
    while (await state_of(rig, made)).runs < 2:
        await rig.engine_rig.settle()
    assert await sent(rig) == Counter({number(place): 2 for place in range(150)})


async def test_cancel(rig: GatewayRig) -> None:
    at = rig.engine_rig.clock.now() + 60_000
    made = await rig.campaigns.create(campaign(rig, numbers=[number(1)], first=at))
    ended = await rig.campaigns.cancel("acme", "fullsms", made.no, PENDING)
    assert (ended.state, ended.ended) == ("cancelled", rig.engine_rig.clock.now())
    rig.move(3600)
    await rig.engine_rig.settle()
    assert not await sent(rig)
    for call in (rig.campaigns.cancel, rig.campaigns.pause, rig.campaigns.resume):
        with pytest.raises(Refusal) as refused:
            await call("acme", "fullsms", made.no)
        assert refused.value.code == "not_pending"


async def test_change_before_it_begins(rig: GatewayRig) -> None:
    at = rig.engine_rig.clock.now() + 60_000
    made = await rig.campaigns.create(campaign(rig, numbers=[number(1)], first=at))
    change = lambda one: replace(one, text="Later", first=at + 60_000)  # noqa: E731
    changed = await rig.campaigns.change("acme", "fullsms", made.no, change)
    assert (changed.text, changed.at, changed.state) == ("Later", at + 60_000, "scheduled")
    rig.move(60)
    await rig.engine_rig.settle()
    assert not await sent(rig)
    rig.move(60)
    await until(rig, made, "done")
    assert (await rig.engine_rig.written("mtn"))[0].message.text == "Later"
    with pytest.raises(Refusal) as refused:
        await rig.campaigns.change("acme", "fullsms", made.no, change)
    assert refused.value.code == "not_pending"


async def test_nobody_else_finds_it(rig: GatewayRig) -> None:
    made = await rig.campaigns.create(campaign(rig, numbers=[number(1)], first=2**45))
    for account_, face in (("other", "fullsms"), ("acme", "texify")):
        with pytest.raises(Refusal) as refused:
            await rig.campaigns.find(account_, face, made.no)
        assert refused.value.code == "campaign_not_found"
        with pytest.raises(Refusal):
            await rig.campaigns.cancel(account_, face, made.no)
        assert await rig.campaigns.page(CampaignQuery(account_, face), 0, 10) == ([], 0)
    assert await rig.campaigns.page(CampaignQuery("acme", "fullsms", tuple(OPEN)), 0, 10) == ([made], 1)
    assert await rig.campaigns.page(CampaignQuery("acme", "fullsms", ("done",)), 0, 10) == ([], 0)


async def test_nobody_to_send_to(rig: GatewayRig) -> None:
    with pytest.raises(Refusal) as refused:
        await rig.campaigns.create(campaign(rig))
    assert refused.value.code == "no_recipients"
    empty = await filled(rig, "empty", [])
    done = await until(rig, await rig.campaigns.create(campaign(rig, groups=[empty.no])), "done")
    assert (done.recipients, done.accepted) == (0, 0)


async def test_a_stop_at_any_page(tmp_path: Path) -> None:
    """Stopped and started again and again, it sends to everybody once."""
    everybody = Counter(number(place) for place in range(1100))
    async with GatewayRig(tmp_path, account("acme", {})) as rig:
        group = await filled(rig, "one", list(range(1100)))
        made = await rig.campaigns.create(campaign(rig, groups=[group.no]))
    for run in range(200):
        async with GatewayRig(tmp_path, account("acme", {})) as rig:
            for _ in range(run % 4):
                await rig.engine_rig.settle()
            if (await state_of(rig, made)).state == "done":
                break
    assert await counted(tmp_path) == everybody


async def test_a_crash_after_any_commit(tmp_path: Path) -> None:
    """What is on disk at any moment goes on to everybody once: the files of each moment are opened as by the next run
    of the daemon."""
    everybody = Counter(number(place) for place in range(900))
    moments: list[Path] = []

    class Crashing(GatewayRig):
        async def __aenter__(self) -> GatewayRig:
            self.engine_rig.metrics.commit = self.commit  # type: ignore[method-assign]
            return await super().__aenter__()

        def commit(self, seconds: float, size: int) -> None:
            folder = tmp_path / f"moment {len(moments)}"
            folder.mkdir()
            for path in tmp_path.glob("router.db*"):
                if path.suffix != ".db-shm":
                    copy(path, folder / path.name)
            moments.append(folder)

    async with Crashing(tmp_path, account("acme", {})) as rig:
        one = await filled(rig, "one", list(range(500)))
        other = await filled(rig, "other", list(range(400, 900)))
        before = len(moments)
        made = await rig.campaigns.create(campaign(rig, groups=[one.no, other.no]))
        await until(rig, made, "done")
        after = len(moments)
    progress = set()
    for moment in moments[before:after]:
        async with GatewayRig(moment, account("acme", {})) as rig:
            progress.add((await state_of(rig, made)).accepted)
            done = await until(rig, made, "done")
            assert (done.accepted, done.refused, done.runs) == (900, 0, 1)
            assert await sent(rig) == everybody
    assert len(progress) >= 3


async def counted(folder: Path) -> Counter[str]:
    async with GatewayRig(folder, account("acme", {})) as rig:
        return await sent(rig)
