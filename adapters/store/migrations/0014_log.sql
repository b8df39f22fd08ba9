-- Events stand in the order in which they were told, so that a commit writes few pages however many accounts they are of.
-- Where each account's stand is written down for many at once; the mark 'events_placed_to' has the number up to which
-- that was done (see adapters/store/event_log.py).
ALTER TABLE events RENAME TO earlier_events;
CREATE TABLE events (
    no      INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    type    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    payload BLOB NOT NULL
);
INSERT INTO events (account, seq, type, at, payload)
    SELECT account, seq, type, at, payload
    FROM (SELECT account AS whose, seq AS place FROM earlier_events ORDER BY at, account, seq)
    CROSS JOIN earlier_events ON account = whose AND seq = place;
CREATE TABLE event_places (
    account TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    no      INTEGER NOT NULL,
    PRIMARY KEY (account, seq)
) WITHOUT ROWID;
INSERT INTO event_places SELECT account, seq, no FROM events ORDER BY account, seq;
INSERT OR REPLACE INTO marks SELECT 'events_placed_to', max(no) FROM events HAVING count(*) > 0;
DROP TABLE earlier_events;
