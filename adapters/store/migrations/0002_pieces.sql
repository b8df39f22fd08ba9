-- Pieces of long messages from handsets, until theirs is whole or is waited for no longer.
-- message: what the pieces of one have in common, as JSON; id: a UUIDv7, so they stand in the order they came.
CREATE TABLE pieces (
    message     BLOB NOT NULL,
    id          BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    body        BLOB NOT NULL,
    PRIMARY KEY (message, id)
) WITHOUT ROWID;
CREATE INDEX pieces_age ON pieces (received_at);
