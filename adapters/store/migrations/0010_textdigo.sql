-- What handsets wrote to accounts that have a public API; `event` is the id of the event that told it, so that twice is
-- once.
CREATE TABLE inbound (
    no      INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    at      INTEGER NOT NULL,
    event   TEXT NOT NULL UNIQUE,
    body    BLOB NOT NULL
);
CREATE INDEX inbound_account ON inbound (account, no);

-- What accounts' webhooks in the public APIs are still to be told: bodies as they are posted. Those about one thing go
-- one behind the other. Numbers are never used twice, so that a reader can go on behind the last it saw.
CREATE TABLE notices (
    no      INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    channel TEXT NOT NULL,
    about   TEXT NOT NULL,
    at      INTEGER NOT NULL,
    body    BLOB NOT NULL
);
CREATE INDEX notices_waiting ON notices (account, channel, no);

-- What accounts ask of people. A file that came with one lies in a folder beside this database, by the same number.
CREATE TABLE tickets (
    no      INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    body    BLOB NOT NULL
);
CREATE INDEX tickets_account ON tickets (account, no);
