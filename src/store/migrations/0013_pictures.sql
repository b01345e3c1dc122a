-- Pictures that are to be read, until it is recorded what was read. event: what will say so, as JSON, without what was read.
CREATE TABLE pictures (
    place    INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    platform TEXT NOT NULL,
    user     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    url      TEXT NOT NULL,
    event    TEXT NOT NULL
) STRICT;
