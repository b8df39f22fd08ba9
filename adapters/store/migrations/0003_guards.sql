-- What each operator was given on the last day that anything was; the amount as text, for it is exact.
CREATE TABLE spent (
    operator TEXT PRIMARY KEY,
    day      TEXT NOT NULL,
    parts    INTEGER NOT NULL,
    spend    TEXT NOT NULL
) WITHOUT ROWID;

-- Numbers that want nothing from an account; E.164 digits.
CREATE TABLE opted_out (
    account TEXT NOT NULL,
    number  INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (account, number)
) WITHOUT ROWID;
