-- Keys that texts are sealed with, by their names, which tell nothing of them: the highest is the one in use. rest: what was
-- stored before it may still be plain, or sealed with another.
CREATE TABLE seals (
    no   INTEGER PRIMARY KEY,
    key  TEXT NOT NULL UNIQUE,
    rest INTEGER NOT NULL
) STRICT;
