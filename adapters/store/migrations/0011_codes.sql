-- One-time codes. contact is NULL for one that is not pending any more.
CREATE TABLE codes (
    no      INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    face    TEXT NOT NULL,
    contact TEXT,
    expires INTEGER NOT NULL,
    body    BLOB NOT NULL
);
CREATE INDEX codes_pending ON codes (account, face, contact) WHERE contact IS NOT NULL;
