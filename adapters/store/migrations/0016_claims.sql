-- Parts that are about to be written to an operator, many in a row, until their messages are next saved
-- (see adapters/store/claims.py).
CREATE TABLE claims (
    no   INTEGER PRIMARY KEY,
    body BLOB NOT NULL
);
