-- Times are milliseconds since 1970-01-01T00:00:00Z. Columns called `body` or named after a type of the core hold its JSON.
PRAGMA application_id = 0x51554e57; -- "QUNW"

-- Every input of the core, in order. No index but the rowid: this is the one table that every message writes.
-- Nothing refers to a row of it, so that rows can be moved away.
CREATE TABLE journal (
    seq      INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    platform TEXT NOT NULL,
    time     INTEGER,
    body     TEXT NOT NULL
) STRICT;

-- Keys of events, 16 bytes each: the current segment as it grows (one row a commit) …
CREATE TABLE seen_log (
    id   INTEGER PRIMARY KEY,
    at   INTEGER NOT NULL,
    keys BLOB NOT NULL
) STRICT;

-- … closed segments with their filters …
CREATE TABLE seen_segments (
    id      INTEGER PRIMARY KEY,
    last_at INTEGER NOT NULL,
    filter  BLOB NOT NULL
) STRICT;

-- … and their sorted keys, in 256 buckets by the first byte: id = segment * 256 + bucket.
CREATE TABLE seen_buckets (
    id   INTEGER PRIMARY KEY,
    keys BLOB NOT NULL
) STRICT;

CREATE TABLE groups (
    id       INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    name     TEXT NOT NULL,
    UNIQUE (platform, name)
) STRICT;

-- Only groups in which something was done lately.
CREATE TABLE ledgers (
    group_id INTEGER PRIMARY KEY,
    ledger   TEXT NOT NULL
) STRICT;

-- Only members of whom an event said something: when they came or left, their name, their role.
CREATE TABLE members (
    group_id INTEGER NOT NULL,
    user     TEXT NOT NULL,
    name     TEXT,
    joined   INTEGER,
    gone     INTEGER,
    role     TEXT,
    PRIMARY KEY (group_id, user)
) STRICT, WITHOUT ROWID;

-- The owners and admins among them again, so that a group's can be listed without an index over all members.
CREATE TABLE admins (
    group_id INTEGER NOT NULL,
    user     TEXT NOT NULL,
    PRIMARY KEY (group_id, user)
) STRICT, WITHOUT ROWID;

-- Only members against whom something is held.
CREATE TABLE standings (
    group_id INTEGER NOT NULL,
    user     TEXT NOT NULL,
    standing TEXT NOT NULL,
    PRIMARY KEY (group_id, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE cases (
    no       INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;

CREATE TABLE evidence (
    id      INTEGER PRIMARY KEY,
    case_no INTEGER NOT NULL,
    body    TEXT NOT NULL
) STRICT;
CREATE INDEX evidence_of_case ON evidence (case_no);

-- Which case a message belongs to, as its first message or as evidence.
CREATE TABLE case_messages (
    group_id INTEGER NOT NULL,
    message  TEXT NOT NULL,
    case_no  INTEGER NOT NULL,
    PRIMARY KEY (group_id, message, case_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE timers (
    platform   TEXT NOT NULL,
    group_name TEXT NOT NULL,
    id         TEXT NOT NULL,
    due        INTEGER NOT NULL,
    what       TEXT NOT NULL,
    PRIMARY KEY (platform, group_name, id)
) STRICT, WITHOUT ROWID;

-- Actions in the order they were decided. state: pending, observed, done, failed, expired, uncertain.
CREATE TABLE outbox (
    place     INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,
    lane      INTEGER NOT NULL,
    case_no   INTEGER,
    state     TEXT NOT NULL,
    action    TEXT NOT NULL,
    attempted TEXT,
    error     TEXT,
    message   TEXT,
    ended_at  INTEGER
) STRICT;
CREATE INDEX outbox_pending ON outbox (lane) WHERE state = 'pending';
CREATE INDEX outbox_of_case ON outbox (case_no) WHERE case_no IS NOT NULL;

-- The windows as last written, in pieces. Every row carries the number of the last input they include.
CREATE TABLE windows (
    piece INTEGER PRIMARY KEY,
    seq   INTEGER NOT NULL,
    body  BLOB NOT NULL
) STRICT;

-- Configurations: all files as compressed JSON. saved: the highest was in force last. named: a case names it.
CREATE TABLE configs (
    version TEXT PRIMARY KEY,
    saved   INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    named   INTEGER NOT NULL DEFAULT 0,
    files   BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE probe (
    id   INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;
