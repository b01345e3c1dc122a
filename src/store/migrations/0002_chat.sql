-- Which cases were undone, by whom and when.
CREATE TABLE undone (
    case_no INTEGER PRIMARY KEY,
    by      TEXT NOT NULL
) STRICT;

-- What was changed in the chat. by: who undid it; NULL while it is in force.
CREATE TABLE chat_changes (
    no       INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL,
    change   TEXT NOT NULL,
    undone   TEXT
) STRICT;
CREATE INDEX chat_changes_in_force ON chat_changes (no) WHERE undone IS NULL;

-- Groups that somebody stopped; empty names stand for everything.
CREATE TABLE pauses (
    platform   TEXT NOT NULL,
    group_name TEXT NOT NULL,
    by         TEXT NOT NULL,
    PRIMARY KEY (platform, group_name)
) STRICT, WITHOUT ROWID;

-- Every command that somebody gave.
CREATE TABLE commands (
    id       INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    user     TEXT NOT NULL,
    event    TEXT NOT NULL,
    command  TEXT NOT NULL,
    result   TEXT NOT NULL,
    text     TEXT NOT NULL
) STRICT;

-- Which message a notice became, so that quoting it finds its case.
CREATE INDEX outbox_of_message ON outbox (message) WHERE message IS NOT NULL;

-- What is held against one person in all groups, for when they ask.
CREATE INDEX standings_of_user ON standings (user);
