-- Lists by number, reference, sender or state. An index over all of a table's numbers takes a page to be written for
-- each message, once it is large; one that begins with the block of 16384 messages only ever grows at its end, and a
-- list looks into each block (see adapters/store/lists.py). Most messages are delivered and are found without.
CREATE INDEX messages_recipient ON messages (account, no >> 14, recipient);
CREATE INDEX messages_reference ON messages (account, no >> 14, reference) WHERE reference IS NOT NULL;
CREATE INDEX messages_sender ON messages (account, no >> 14, sender);
CREATE INDEX messages_state ON messages (account, no >> 14, state) WHERE state <> 'delivered';
