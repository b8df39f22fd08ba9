-- Whom accounts write to, in which groups (which are lists as well), with which templates. A value is one document (body)
-- beside the few columns that are searched. number, address: as in opted_out, of the contact's number and email address;
-- search: what it is found by, without case.
CREATE TABLE contacts (
    no      INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    number  INTEGER,
    address INTEGER,
    active  INTEGER NOT NULL,
    search  TEXT NOT NULL,
    body    BLOB NOT NULL
);
CREATE INDEX contacts_account ON contacts (account, no);
CREATE INDEX contacts_number ON contacts (account, number) WHERE number IS NOT NULL;
CREATE INDEX contacts_address ON contacts (account, address) WHERE address IS NOT NULL;

-- account is NULL while what belonged to the group is deleted bit by bit; word is what puts a handset into it.
CREATE TABLE contact_groups (
    no      INTEGER PRIMARY KEY,
    account TEXT,
    number  INTEGER NOT NULL,
    word    TEXT,
    body    BLOB NOT NULL
);
CREATE UNIQUE INDEX contact_groups_number ON contact_groups (account, number);
CREATE INDEX contact_groups_account ON contact_groups (account, no);
CREATE INDEX contact_groups_word ON contact_groups (account, word) WHERE word IS NOT NULL;

CREATE TABLE memberships (
    group_no   INTEGER NOT NULL,
    contact_no INTEGER NOT NULL,
    PRIMARY KEY (group_no, contact_no)
) WITHOUT ROWID;
CREATE INDEX memberships_contact ON memberships (contact_no, group_no);

CREATE TABLE templates (
    no      INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    number  INTEGER NOT NULL,
    body    BLOB NOT NULL
);
CREATE UNIQUE INDEX templates_number ON templates (account, number);
CREATE INDEX templates_account ON templates (account, no);

-- Lists of sends by time and by what became of their messages.
ALTER TABLE sends ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sends ADD COLUMN first INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sends ADD COLUMN last INTEGER NOT NULL DEFAULT 0;
UPDATE sends SET
    at = json_extract(CAST(body AS TEXT), '$.at'),
    first = json_extract(CAST(body AS TEXT), '$.first'),
    last = json_extract(CAST(body AS TEXT), '$.last');
DROP INDEX sends_account;
CREATE INDEX sends_account ON sends (account, face, no, at, first, last);
CREATE INDEX sends_age ON sends (at, first, last);
