-- Who was erased on request. user, names (JSON): NULL when it is done; alias: what stands in its place where a number or a count stays. upto: the
-- last input at that time; after: files of the history up to this number are done; rows: how many, by table, as JSON.
CREATE TABLE erasures (
    no       INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    by       TEXT NOT NULL,
    platform TEXT NOT NULL,
    user     TEXT,
    names    TEXT,
    alias    TEXT NOT NULL,
    upto     INTEGER NOT NULL,
    after    INTEGER NOT NULL DEFAULT 0,
    rows     TEXT NOT NULL,
    done     INTEGER
) STRICT;
