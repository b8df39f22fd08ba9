-- Requests to send by the public APIs; their messages are numbered first to last.
CREATE TABLE sends (
    no      INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    face    TEXT NOT NULL,
    body    BLOB NOT NULL
);
CREATE INDEX sends_account ON sends (account, face, no);
