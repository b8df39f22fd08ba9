-- What an account was told together stands in one row: its seq and time are those of the last event and the newest; `heads` has
-- seq, type, time and the octets of the payload of each (see adapters/store/event_log.py).
ALTER TABLE events RENAME TO earlier_events;
DROP TABLE event_places;
CREATE TABLE events (
    no       INTEGER PRIMARY KEY,
    account  TEXT NOT NULL,
    seq      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    heads    BLOB NOT NULL,
    payloads BLOB NOT NULL
);
INSERT INTO events (account, seq, at, heads, payloads)
    SELECT account, max(seq), max(at),
        CAST(json_group_array(json_array(seq, type, at, length(payload)) ORDER BY no) AS BLOB),
        CAST(group_concat(CAST(payload AS TEXT), '' ORDER BY no) AS BLOB)
    FROM earlier_events GROUP BY no / 50, account ORDER BY no / 50, account;
DROP TABLE earlier_events;
CREATE TABLE event_places (
    account TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    no      INTEGER NOT NULL,
    PRIMARY KEY (account, seq)
) WITHOUT ROWID;
INSERT INTO event_places SELECT account, seq, no FROM events ORDER BY account, seq;
DELETE FROM marks WHERE name = 'events_placed_to';
INSERT INTO marks SELECT 'events_placed_to', max(no) FROM events HAVING count(*) > 0;
