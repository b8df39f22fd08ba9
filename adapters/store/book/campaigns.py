"""Texts to many."""

from collections.abc import Collection, Sequence
from functools import partial

from apsw import Connection
from msgspec.json import Decoder, Encoder
from msgspec.structs import replace

from adapters.store.book.departed import departed_meanwhile
from adapters.store.numbers import words
from adapters.store.sqlite import SqliteStore
from router.gateway.campaigns import CampaignChange, due_of
from router.gateway.progress import NOT_SENT, WAITING
from router.gateway.records import Campaign, CampaignQuery, CampaignState, CampaignStats
from router.message import State
from router.ports.store import Rider
from router.refusal import Refusal

_encode = Encoder().encode
_decode = Decoder(Campaign).decode

_HELD: frozenset[CampaignState] = frozenset({"paused", "cancelled"})

# Every state of a message by what a campaign's statistics count it as.
_COUNTED = dict.fromkeys(State, "sent") | {
    **dict.fromkeys(WAITING, "queued"),
    **dict.fromkeys(NOT_SENT, "failed"),
    State.DELIVERED: "delivered",
    State.UNDELIVERED: "undelivered",
    State.EXPIRED: "undelivered",
    State.REJECTED: "failed",
    State.UNKNOWN: "failed",
}


class SqliteCampaigns:
    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def record(self, campaign: Campaign) -> Rider:
        return partial(_insert, campaign=campaign)

    async def add(self, campaign: Campaign) -> None:
        await self._store.write(partial(_insert, campaign=campaign))

    async def find(self, account: str, face: str, no: int) -> Campaign | None:
        return await self._store.read(partial(_find, wanted=(no, account, face)))

    async def page(self, query: CampaignQuery, offset: int, limit: int) -> tuple[list[Campaign], int]:
        return await self._store.search(partial(_page, query=query, offset=offset, limit=limit))

    async def change(
        self, account: str, face: str, no: int, of: Collection[CampaignState], change: CampaignChange
    ) -> Campaign:
        return await self._store.write(partial(_change, wanted=(no, account, face), of=of, change=change))

    def advance(self, campaign: Campaign, due: int | None, sent_to: Sequence[tuple[int, str]] = ()) -> Rider:
        return partial(_advance, campaign=campaign, due=due, sent_to=sent_to)

    async def postpone(self, no: int, due: int) -> None:
        await self._store.write(partial(_postpone, no=no, due=due))

    async def due(self, now: int) -> Campaign | None:
        return await self._store.read(partial(_due, now=now))

    async def next_due(self) -> int | None:
        return await self._store.read(_next_due)

    async def stats(self, no: int) -> CampaignStats:
        return await self._store.search(partial(_stats, no=no))


def _insert(connection: Connection, campaign: Campaign) -> None:
    connection.execute(
        "INSERT INTO campaigns VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            campaign.no,
            campaign.account,
            campaign.face,
            campaign.state,
            due_of(campaign),
            campaign.ended,
            _encode(campaign),
        ),
    )


def _save(connection: Connection, campaign: Campaign, due: int | None) -> None:
    connection.execute(
        "UPDATE campaigns SET state = ?, due = ?, ended = ?, body = ? WHERE no = ?",
        (campaign.state, due, campaign.ended, _encode(campaign), campaign.no),
    )


def _find(connection: Connection, wanted: tuple[int, str, str]) -> Campaign | None:
    body = connection.execute("SELECT body FROM campaigns WHERE no = ? AND account = ? AND face = ?", wanted).get
    return _decode(body) if body is not None else None


def _page(connection: Connection, query: CampaignQuery, offset: int, limit: int) -> tuple[list[Campaign], int]:
    wanted = "FROM campaigns WHERE account = ? AND face = ?"
    values: list[str | int] = [query.account, query.face]
    if query.states is not None:
        wanted += " AND state IN (SELECT value FROM json_each(?))"
        values.append(words(query.states))
    total: int = connection.execute(f"SELECT count(*) {wanted}", values).get
    rows = connection.execute(f"SELECT body {wanted} ORDER BY no DESC LIMIT ? OFFSET ?", (*values, limit, offset))
    return [_decode(body) for (body,) in rows], total


def _change(
    connection: Connection, wanted: tuple[int, str, str], of: Collection[CampaignState], change: CampaignChange
) -> Campaign:
    campaign = _find(connection, wanted)
    if campaign is None:
        raise Refusal("campaign_not_found", "there is no such campaign")
    if campaign.state not in of:
        raise Refusal("not_pending", f"it is {campaign.state}")
    changed = change(campaign)
    _save(connection, changed, due_of(changed))
    return changed


def _advance(connection: Connection, campaign: Campaign, due: int | None, sent_to: Sequence[tuple[int, str]]) -> None:
    if sent_to:
        departed_meanwhile(connection, campaign, sent_to)
    body = connection.execute("SELECT body FROM campaigns WHERE no = ?", (campaign.no,)).get
    stored = _decode(body)
    if stored.state in _HELD:
        campaign = replace(campaign, state=stored.state, reason=stored.reason, ended=stored.ended)
        due = None
    _save(connection, campaign, due)


def _postpone(connection: Connection, no: int, due: int) -> None:
    connection.execute("UPDATE campaigns SET due = ? WHERE no = ? AND due IS NOT NULL", (due, no))


def _due(connection: Connection, now: int) -> Campaign | None:
    body = connection.execute("SELECT body FROM campaigns WHERE due <= ? ORDER BY due LIMIT 1", (now,)).get
    return _decode(body) if body is not None else None


def _next_due(connection: Connection) -> int | None:
    due: int | None = connection.execute("SELECT min(due) FROM campaigns WHERE due IS NOT NULL").get
    return due


def _stats(connection: Connection, no: int) -> CampaignStats:
    rows = connection.execute(
        "SELECT m.state, count(*) FROM sends AS s CROSS JOIN messages AS m ON m.no BETWEEN s.first AND s.last"
        " WHERE s.campaign = ? GROUP BY m.state",
        (no,),
    )
    counts = dict.fromkeys(("queued", "sent", "delivered", "undelivered", "failed"), 0)
    for state, count in rows:
        counts[_COUNTED[State(state)]] += count
    return CampaignStats(sum(counts.values()), **counts)
