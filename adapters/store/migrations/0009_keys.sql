-- Keys that accounts made for themselves, as SHA-256; one each, also after it has expired.
CREATE TABLE keys (
    account TEXT PRIMARY KEY,
    digest  BLOB NOT NULL,
    made    INTEGER NOT NULL,
    expires INTEGER
) WITHOUT ROWID;
