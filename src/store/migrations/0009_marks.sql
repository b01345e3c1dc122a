-- How far a reader of some source has come, or what it last found there: written with the events it belongs to.
CREATE TABLE marks (
    source TEXT PRIMARY KEY,
    value  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
