-- Tasks that nobody has decided, and settled ones whose cards have not all come to their end.
CREATE TABLE tasks (
    place    INTEGER PRIMARY KEY,
    task     TEXT NOT NULL UNIQUE,
    group_id INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
CREATE INDEX tasks_of_group ON tasks (group_id);
