-- When groups and bridges usually speak: statistics, in pieces that are written one at a time. Lost ones are learned again.
CREATE TABLE habits (
    number INTEGER PRIMARY KEY,
    body   BLOB NOT NULL
) STRICT;
