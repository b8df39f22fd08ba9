-- Texts to many. due is when there is next something to do for one, NULL for never.
CREATE TABLE campaigns (
    no      INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    face    TEXT NOT NULL,
    state   TEXT NOT NULL,
    due     INTEGER,
    ended   INTEGER,
    body    BLOB NOT NULL
);
CREATE INDEX campaigns_account ON campaigns (account, face, no, state);
CREATE INDEX campaigns_due ON campaigns (due) WHERE due IS NOT NULL;
CREATE INDEX campaigns_ended ON campaigns (ended) WHERE ended IS NOT NULL;

-- The requests to send that are pieces of a campaign.
ALTER TABLE sends ADD COLUMN campaign INTEGER;
CREATE INDEX sends_campaign ON sends (campaign, first, last) WHERE campaign IS NOT NULL;
