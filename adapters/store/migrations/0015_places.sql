-- An index over recipients, references and senders takes a page to be written for nearly every message. Where the messages
-- with each of them stand is written down for many at once instead; the mark 'messages_placed_to' has the number up to
-- which that was done (see adapters/store/message_places.py). Blocks and fields are as written there.
DROP INDEX messages_recipient;
DROP INDEX messages_reference;
DROP INDEX messages_sender;
CREATE TABLE message_places (
    account TEXT NOT NULL,
    field   INTEGER NOT NULL,
    block   INTEGER NOT NULL,
    value   TEXT NOT NULL,
    no      INTEGER NOT NULL,
    PRIMARY KEY (account, field, block, value, no)
) WITHOUT ROWID;
INSERT INTO message_places
    SELECT account, 0 AS field, no >> 14 AS block, recipient AS value, no FROM messages
    UNION ALL
    SELECT account, 1, no >> 14, reference, no FROM messages WHERE reference IS NOT NULL
    UNION ALL
    SELECT account, 2, no >> 14, sender, no FROM messages WHERE sender IS NOT NULL
    ORDER BY account, field, block, value, no;
INSERT OR REPLACE INTO marks SELECT 'messages_placed_to', max(no) FROM messages HAVING count(*) > 0;
