-- Groups that can be reminded, and since when. seen: something came from them; else only a file names them.
CREATE TABLE known_groups (
    group_id INTEGER PRIMARY KEY,
    since    INTEGER NOT NULL,
    seen     INTEGER NOT NULL
) STRICT;
INSERT INTO known_groups (group_id, since, seen) SELECT id, 0, 1 FROM groups WHERE name <> '';

-- Reminders of the files, and since when they are at these times.
CREATE TABLE schedules (
    name    TEXT PRIMARY KEY,
    written TEXT NOT NULL,
    since   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Reminders set in the chat. over: sent, deleted or never confirmed; kept so that no number is given twice.
CREATE TABLE reminders (
    no       INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL,
    reminder TEXT NOT NULL,
    over     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX reminders_in_force ON reminders (no) WHERE over = 0;

-- What was sent (1) or missed (0) in a group: each time of each reminder once.
CREATE TABLE reminded (
    reminder TEXT NOT NULL,
    slot     INTEGER NOT NULL,
    group_id INTEGER NOT NULL,
    sent     INTEGER NOT NULL,
    PRIMARY KEY (reminder, slot, group_id)
) STRICT, WITHOUT ROWID;
