-- What each account has, in billionths of its wallet's unit, and what made it so: the balance is always the sum of the
-- account's entries. Numbers grow with time; old entries are put together into one of the kind 'carried', which has the
-- number of the last of them (see adapters/store/retention.py).
CREATE TABLE wallets (
    account TEXT PRIMARY KEY,
    balance INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE entries (
    no        INTEGER PRIMARY KEY,
    account   TEXT NOT NULL,
    at        INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    amount    INTEGER NOT NULL,
    reference TEXT,
    detail    TEXT NOT NULL
);
CREATE INDEX entries_account ON entries (account, no);
