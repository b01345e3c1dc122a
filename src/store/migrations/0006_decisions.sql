-- What people answered to tasks: the first answer is the one.
CREATE TABLE decisions (
    id       INTEGER PRIMARY KEY,
    task     TEXT NOT NULL UNIQUE,
    case_no  INTEGER,
    decision TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_of_case ON decisions (case_no) WHERE case_no IS NOT NULL;
