-- Whom the run of a campaign has reached by a contact that is gone since, or has another address: number or address of
-- the contact. Rare, for it is written when a contact goes while a campaign is under way.
CREATE TABLE departed (
    campaign INTEGER NOT NULL,
    run      INTEGER NOT NULL,
    address  INTEGER NOT NULL,
    PRIMARY KEY (campaign, run, address)
) WITHOUT ROWID;
CREATE INDEX campaigns_under_way ON campaigns (account) WHERE state IN ('processing', 'paused');
