-- A message is one document (body, JSON of the whole value) beside the few columns that are searched.
-- live: 1 open (queued or scheduled), 2 unsettled, 3 both; NULL for the history, which no start has to look at.
CREATE TABLE messages (
    no        INTEGER PRIMARY KEY,
    id        BLOB NOT NULL,
    account   TEXT NOT NULL,
    recipient TEXT NOT NULL,
    sender    TEXT,
    reference TEXT,
    rank      INTEGER NOT NULL,
    state     TEXT NOT NULL,
    operator  TEXT NOT NULL,
    position  INTEGER,
    due_at    INTEGER,
    live      INTEGER,
    body      BLOB NOT NULL
);
CREATE UNIQUE INDEX messages_id ON messages (account, id);
CREATE INDEX messages_ready ON messages (operator, rank, account, position) WHERE position IS NOT NULL;
CREATE INDEX messages_due ON messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_live ON messages (live) WHERE live IS NOT NULL;

-- Keys come from outside and need not be text; they are kept as bytes.
CREATE TABLE links (
    operator TEXT NOT NULL,
    key      BLOB NOT NULL,
    no       INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (operator, key, no)
) WITHOUT ROWID;
CREATE INDEX links_message ON links (no);

CREATE TABLE events (
    account TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    type    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (account, seq)
) WITHOUT ROWID;

-- How far each account's log has come, so that seq grows on when all its events are gone.
CREATE TABLE logs (
    account  TEXT PRIMARY KEY,
    last_seq INTEGER NOT NULL
) WITHOUT ROWID;

-- rowid tables: the oldest rows come first, so retention needs no index on time.
CREATE TABLE remembered (
    account TEXT NOT NULL,
    key     BLOB NOT NULL,
    digest  BLOB NOT NULL,
    status  INTEGER NOT NULL,
    body    BLOB NOT NULL,
    at      INTEGER NOT NULL,
    UNIQUE (account, key)
);
CREATE TABLE parked (
    receipt     BLOB NOT NULL UNIQUE,
    received_at INTEGER NOT NULL
);

CREATE TABLE cursors (
    reader TEXT PRIMARY KEY,
    seq    INTEGER NOT NULL
) WITHOUT ROWID;

-- Progress the store keeps for itself.
CREATE TABLE marks (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
