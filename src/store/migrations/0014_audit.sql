-- The chain: a row of each decision that somebody may dispute, and of each erasure and deletion by age, never changed and never deleted. kind: of
-- what record; what: written, rewritten, deleted, aged (all up to `key` may be gone); key: its row, for aged ones the last; digest: of salt and
-- record, empty where there is none; link: of the link before and this row.
CREATE TABLE audit (
    no      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    what    TEXT NOT NULL,
    key     INTEGER NOT NULL,
    case_no INTEGER,
    digest  BLOB NOT NULL,
    link    BLOB NOT NULL
) STRICT;

-- The last record of each kind from before there was a chain.
CREATE TABLE audit_before (
    kind TEXT PRIMARY KEY,
    upto INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO audit_before SELECT 'case', max(no) FROM cases HAVING count(*) > 0;
INSERT INTO audit_before SELECT 'evidence', max(id) FROM evidence HAVING count(*) > 0;
INSERT INTO audit_before SELECT 'undone', max(case_no) FROM undone HAVING count(*) > 0;
INSERT INTO audit_before SELECT 'answer', max(id) FROM decisions HAVING count(*) > 0;
INSERT INTO audit_before SELECT 'change', max(no) FROM chat_changes HAVING count(*) > 0;
INSERT INTO audit_before SELECT 'change undone', max(no) FROM chat_changes WHERE undone IS NOT NULL HAVING count(*) > 0;
INSERT INTO audit_before SELECT 'command', max(id) FROM commands HAVING count(*) > 0;
INSERT INTO audit_before SELECT 'erasure', max(no) FROM erasures HAVING count(*) > 0;

-- Salts of digests: beside the text, so that they go with it.
ALTER TABLE cases ADD COLUMN salt BLOB;
ALTER TABLE evidence ADD COLUMN salt BLOB;
ALTER TABLE undone ADD COLUMN salt BLOB;
ALTER TABLE decisions ADD COLUMN salt BLOB;
ALTER TABLE chat_changes ADD COLUMN salt BLOB;
ALTER TABLE chat_changes ADD COLUMN undone_salt BLOB;
ALTER TABLE commands ADD COLUMN salt BLOB;
ALTER TABLE erasures ADD COLUMN salt BLOB;
