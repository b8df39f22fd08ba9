"""Whom the run of a campaign has reached by contacts that are gone since: somebody else with the same address is not
written to again."""

from collections.abc import Sequence

from apsw import Connection

from adapters.store.numbers import array
from router.gateway.records import Campaign
from router.routing.opt_out import list_key

COLUMNS = {"number": "number", "email": "address"}
"""Of a contact, by what it is reached by."""

_UNDER_WAY = (
    "SELECT no, ifnull(json_extract(body, '$.runs'), 0) AS run, json_extract(body, '$.cursor') AS cursor,"
    " json_extract(body, '$.groups') AS groups, json_extract(body, '$.by') AS reached_by"
    " FROM (SELECT no, CAST(body AS TEXT) AS body FROM campaigns WHERE account = ?1"
    " AND state IN ('processing', 'paused'))"
)
_DEPART = (
    "INSERT OR IGNORE INTO departed"
    " SELECT p.no, p.run, iif(p.reached_by = 'email', c.address, c.number) AS reached"
    f" FROM ({_UNDER_WAY}) AS p CROSS JOIN contacts AS c"
    " WHERE c.no IN (SELECT value FROM json_each(?2)) AND c.no <= p.cursor AND reached NOTNULL"
    " AND c.active AND EXISTS (SELECT 1 FROM memberships WHERE contact_no = c.no"
    " AND group_no IN (SELECT value FROM json_each(p.groups)))"
)


def depart(connection: Connection, nos: Sequence[int]) -> None:
    """Before these contacts of one account go, leave a group, or get another address."""
    account = connection.execute("SELECT account FROM contacts WHERE no = ?", (nos[0],)).get
    if account is not None:
        connection.execute(_DEPART, (account, array(nos)))


def departed_meanwhile(connection: Connection, campaign: Campaign, sent_to: Sequence[tuple[int, str]]) -> None:
    """Of the contacts (number of the Book, address) that a page of a campaign goes to, those that went after it was
    read."""
    wanted = {(no, list_key(address)) for no, address in sent_to}
    there = connection.execute(
        f"SELECT no, {COLUMNS[campaign.by]} FROM contacts WHERE no IN (SELECT value FROM json_each(?))",
        (array(no for no, _ in sent_to),),
    )
    gone = wanted.difference(there)
    rows = [(campaign.no, campaign.runs, address) for _, address in gone]
    connection.executemany("INSERT OR IGNORE INTO departed VALUES (?, ?, ?)", rows)
