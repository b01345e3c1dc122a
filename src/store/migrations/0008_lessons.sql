-- What people's decisions about messages have taught. subject: the message, hashed; a later decision takes the place of an
-- earlier one. model, band: what the score said, where it alone had found the message. features: four bytes each, little end
-- first.
CREATE TABLE lessons (
    no        INTEGER PRIMARY KEY,
    group_id  INTEGER NOT NULL,
    subject   INTEGER NOT NULL,
    violation INTEGER NOT NULL,
    model     INTEGER,
    band      INTEGER,
    step      INTEGER NOT NULL,
    features  BLOB NOT NULL
) STRICT;
