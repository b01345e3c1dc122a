-- Days of the journal that are in files of their own (`history/FILE`). A row here says that its file is whole: from then on
-- these numbers are read from it, and their rows in `journal`, if they are still there, are only left over.
CREATE TABLE history (
    first  INTEGER PRIMARY KEY,
    last   INTEGER NOT NULL,
    rows   INTEGER NOT NULL,
    oldest INTEGER NOT NULL, -- when the first and the last of them were judged
    newest INTEGER NOT NULL,
    bytes  INTEGER NOT NULL,
    file   TEXT NOT NULL
) STRICT;

-- How far deleting by age has come in tables in which some rows stay.
CREATE TABLE forgotten (
    what TEXT PRIMARY KEY,
    upto INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The last case that names a version of the configuration, instead of a mark that never went away.
CREATE TABLE config_cases (
    version   TEXT PRIMARY KEY,
    last_case INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO config_cases (version, last_case)
    SELECT json_extract(body, '$.rules'), max(no) FROM cases WHERE json_extract(body, '$.rules') IS NOT NULL GROUP BY 1;
ALTER TABLE configs DROP COLUMN named;

-- Who is gone, so that they are found when it is long ago.
CREATE INDEX members_gone ON members (gone) WHERE gone IS NOT NULL;
