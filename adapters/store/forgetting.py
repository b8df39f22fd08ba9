"""Forgetting what the gateway domain keeps, as adapters.store.retention forgets messages; what accounts made to keep it
(contacts, groups, templates, tickets) stays."""

from apsw import Connection

from adapters.store.numbers import array, used


def forget(connection: Connection, before: int, texts_before: int, most: int) -> bool:
    """Delete at most so many of each kind that are older, and blank texts; whether there is more to do."""
    more = [
        _delete_sends(connection, before, most),
        _delete_campaigns(connection, before, most),
        _delete_oldest(connection, "codes", "expires", before, most),
        # What handsets wrote goes with its text: there is little else to it.
        _delete_oldest(connection, "inbound", "at", texts_before, most),
        _blank_campaigns(connection, texts_before, most),
        _delete_departed(connection, most),
    ]
    return any(more)


def _delete_sends(connection: Connection, before: int, most: int) -> bool:
    """A request to send is kept as long as any of its messages is."""
    return _delete(
        connection,
        "sends",
        "SELECT no FROM sends WHERE at < ? AND NOT EXISTS (SELECT 1 FROM messages WHERE no BETWEEN first AND last)"
        " LIMIT ?",
        (before, most),
    )


def _delete_campaigns(connection: Connection, before: int, most: int) -> bool:
    """One that is over is kept as long as any of its requests to send is."""
    return _delete(
        connection,
        "campaigns",
        "SELECT no FROM campaigns AS c WHERE ended < ? AND NOT EXISTS (SELECT 1 FROM sends WHERE campaign = c.no)"
        " LIMIT ?",
        (before, most),
    )


def _delete_departed(connection: Connection, most: int) -> bool:
    """Of runs of campaigns that are over."""
    campaign = 0
    while campaign := connection.execute("SELECT min(campaign) FROM departed WHERE campaign > ?", (campaign,)).get:
        running = connection.execute(
            "SELECT ifnull(json_extract(CAST(body AS TEXT), '$.runs'), 0) FROM campaigns WHERE no = ? AND ended ISNULL",
            (campaign,),
        ).get
        connection.execute(
            "DELETE FROM departed WHERE campaign = ?1 AND (run, address) IN"
            " (SELECT run, address FROM departed WHERE campaign = ?1 AND run IS NOT ?2 LIMIT ?3)",
            (campaign, running, most),
        )
        if connection.changes() == most:
            return True
    return False


def _delete_oldest(connection: Connection, table: str, time: str, before: int, most: int) -> bool:
    """Numbers grow with time: what is old stands first."""
    oldest = f"SELECT no, {time} AS time FROM {table} ORDER BY no LIMIT ?2"
    return _delete(connection, table, f"SELECT no FROM ({oldest}) WHERE time < ?1", (before, most))


def _delete(connection: Connection, table: str, doomed: str, bounds: tuple[int, int]) -> bool:
    nos = [no for (no,) in connection.execute(doomed, bounds)]
    if nos:
        connection.execute(f"DELETE FROM {table} WHERE no IN (SELECT value FROM json_each(?))", (array(nos),))
        used(connection, max(nos))
    return len(nos) == bounds[1]


def _blank_campaigns(connection: Connection, before: int, most: int) -> bool:
    """What one that is over said, and filled in, as the texts of its messages."""
    after = connection.execute("SELECT ifnull(max(value), 0) FROM marks WHERE name = 'campaign_texts_gone_to'").get
    next_ones = "SELECT ended FROM campaigns WHERE ended > ? AND ended < ? ORDER BY ended LIMIT ?"
    ends = [ended for (ended,) in connection.execute(next_ones, (after, before, most))]
    if ends:
        connection.execute(
            "UPDATE campaigns SET body ="
            " CAST(json_set(json_remove(CAST(body AS TEXT), '$.values', '$.options'), '$.text', '') AS BLOB)"
            " WHERE ended > ? AND ended <= ?",
            (after, ends[-1]),
        )
        connection.execute("INSERT OR REPLACE INTO marks VALUES ('campaign_texts_gone_to', ?)", (ends[-1],))
    return len(ends) == most
