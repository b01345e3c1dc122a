//! State goes into a file and comes back as it was, or not at all.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::store::schema::{self, MIGRATIONS};
use crate::store::transfer::{JOURNAL, TABLES};

/// Not state: how days were moved is of this place, and what is written to see whether it can be.
const NOT_STATE: [&str; 2] = ["history", "probe"];

/// A store with rows in every table, as the latest version writes them.
fn full() -> (tempfile::TempDir, SqliteStore) {
    let dir = tempfile::tempdir().unwrap();
    let mut conn = Connection::open(dir.path().join("qunwei.db")).unwrap();
    schema::migrate(&mut conn, MIGRATIONS).unwrap();
    conn.execute_batch(super::open::ROWS.last().unwrap()).unwrap();
    conn.execute("DELETE FROM history", []).unwrap();
    drop(conn);
    let store = SqliteStore::open(dir.path(), sealed()).unwrap();
    (dir, store)
}

fn exported(dir: &Path, messages: bool) -> String {
    let mut text = Vec::new();
    export_state(dir, messages, at(0), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn import(text: &str) -> Result<(tempfile::TempDir, Rows), TransferError> {
    let dir = tempfile::tempdir().unwrap();
    let rows = import_state(dir.path(), &mut text.as_bytes())?;
    Ok((dir, rows))
}

/// All rows of all tables that are state.
pub(super) fn content(dir: &Path) -> BTreeMap<String, Vec<String>> {
    let text = exported(dir, true);
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = String::new();
    for line in text.lines().skip(1).filter(|line| !line.starts_with("{\"end\"")) {
        if line.starts_with('[') {
            tables.get_mut(&table).unwrap().push(line.to_owned());
        } else {
            let head: serde_json::Value = serde_json::from_str(line).unwrap();
            table = head["table"].as_str().unwrap().to_owned();
            tables.entry(table.clone()).or_default();
        }
    }
    tables
}

#[test]
fn every_table_is_exported_or_said_not_to_be_state() {
    let (_dir, store) = full();
    let mut known: Vec<&str> = TABLES.iter().copied().chain(NOT_STATE).chain([JOURNAL]).collect();
    known.sort_unstable();
    let counts = store.counts().unwrap();
    let there: Vec<&str> = counts.iter().map(|count| &*count.table).collect();
    assert_eq!(there, known, "a new table is a word in TABLES");
}

#[test]
fn it_comes_back_as_it_was() {
    let (dir, mut store) = full();
    let before = content(dir.path());
    assert!(TABLES.iter().all(|table| !before[*table].is_empty()), "every table has rows: {before:#?}");
    let (copy, rows) = import(&exported(dir.path(), true)).unwrap();
    assert_eq!(content(copy.path()), before);
    assert_eq!(rows["journal"], 2);
    let mut copied = SqliteStore::open(copy.path(), sealed()).unwrap();
    let (start, other) = (store.start().unwrap(), copied.start().unwrap());
    assert_eq!(format!("{start:?}"), format!("{other:?}"));
    assert_eq!(copied.pending("bridge", 9).unwrap(), store.pending("bridge", 9).unwrap());
    for n in [1, 2] {
        assert_eq!(copied.seen(key(n)).unwrap(), Some(key(n).body), "what is sent again is known");
    }
    assert_eq!(copied.last_config().unwrap(), store.last_config().unwrap());
}

#[test]
fn without_messages_only_what_the_windows_do_not_include_comes_along() {
    let (dir, mut store) = full(); // its windows include the first input
    let (copy, rows) = import(&exported(dir.path(), false)).unwrap();
    assert_eq!(rows["journal"], 1);
    let mut copied = SqliteStore::open(copy.path(), sealed()).unwrap();
    assert_eq!(copied.journal(0, 9).unwrap(), store.journal(1, 9).unwrap());
    assert_eq!(copied.start().unwrap().seq, 2, "numbers go on");
}

#[test]
fn messages_of_days_that_were_moved_come_along() {
    let mut scene = Scene::new();
    let days: Vec<Row> = (1..=30).map(|seq| Row { at: at(seq * 10_000), ..row(seq) }).collect();
    scene.store().commit(&[Unit { rows: days.clone(), ..Unit::default() }]).unwrap();
    scene.store().save_windows(30, 0, b"w").unwrap();
    while scene.store().archive(&TimeZone::UTC, at(300_000), 5).unwrap() != crate::ports::Archived::Nothing {
        std::thread::yield_now();
    }
    assert!(scene.store().history().files > 1);
    let (copy, _) = import(&exported(scene.dir.path(), true)).unwrap();
    assert_eq!(SqliteStore::open(copy.path(), sealed()).unwrap().journal(0, 99).unwrap(), days);
}

#[test]
fn an_older_export_is_brought_up_to_date() {
    for (index, rows) in super::open::ROWS.iter().enumerate() {
        let old = tempfile::tempdir().unwrap();
        let mut conn = Connection::open(old.path().join("qunwei.db")).unwrap();
        schema::migrate(&mut conn, &MIGRATIONS[..=index]).unwrap();
        conn.execute_batch(rows).unwrap();
        conn.execute("DELETE FROM history", []).ok(); // there was none yet
        drop(conn);
        let (copy, _) = import(&exported(old.path(), true)).unwrap();
        let options = if keys_of(old.path()).unwrap().is_empty() { Options::default() } else { sealed() };
        for dir in [&old, &copy] {
            drop(SqliteStore::open(dir.path(), options.clone()).unwrap()); // the one is brought up to date where it is
        }
        assert_eq!(content(copy.path()), content(old.path()), "schema {}", index + 1);
    }
}

#[test]
fn what_is_damaged_is_refused_with_its_line_and_leaves_nothing() {
    let (dir, _store) = full();
    let sound = exported(dir.path(), true);
    let lines: Vec<&str> = sound.lines().collect();
    let with = |at: usize, line: &str| {
        let mut lines = lines.clone();
        lines[at] = line;
        lines.join("\n") + "\n"
    };
    let last = lines.len() - 1;
    let case = lines.iter().position(|line| line.contains("大家")).unwrap();
    let cases = [
        (String::new(), "line 1: the file is empty"),
        ("# 群规\n".to_owned(), "line 1: this is not what `qunwei export --state` writes"),
        (with(0, r#"{"qunwei":"state"}"#), "line 1: this is not what"),
        (with(0, &lines[0].replace("\"format\":1", "\"format\":2")), "by a newer Qunwei (format 2; this one knows 1)"),
        (with(0, r#"{"qunwei":"state","format":1,"schema":99}"#), "by a newer Qunwei (schema 99; this one knows"),
        (lines[..last].join("\n") + "\n", "the file ends here, before its last line"),
        (sound.trim_end().to_owned(), "the line is cut off"),
        (with(case, &lines[case].replace("大家", "人家")), "something before this line was changed or is missing"),
        (sound.replacen(&format!("{}\n", lines[case]), "", 1), "something before this line was changed or is missing"),
        (with(case, "[1]"), "this is no row of"),
        (with(case, "[1,"), "this is no row"),
        (with(1, r#"{"table":"sqlite_schema","columns":["sql"]}"#), "line 2: there is no table `sqlite_schema`"),
        (with(1, r#"{"table":"groups","columns":["id) --"]}"#), "line 2: the table `groups` has no column `id) --`"),
        (with(1, "[1,2,3]"), "line 2: a row of no table"),
        (sound.clone() + "{}\n", "there is more after the end"),
    ];
    for (text, expected) in cases {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("new");
        let error = import_state(&deep, &mut text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("nothing was imported"), "{error}, not {expected}");
        assert!(!deep.exists(), "{expected}: something is left");
    }
}

#[test]
fn only_an_empty_directory_is_filled() {
    let (dir, store) = full();
    let text = exported(dir.path(), false);
    let refused = |dir: &Path| import_state(dir, &mut text.as_bytes()).unwrap_err().to_string();
    assert!(refused(dir.path()).contains("is in use by qunwei pid"));
    drop(store);
    let before = std::fs::read(dir.path().join("qunwei.db")).unwrap();
    assert!(refused(dir.path()).contains("is not empty: `qunwei.db` is in the way; nothing was imported"));
    assert!(std::fs::read(dir.path().join("qunwei.db")).unwrap() == before);
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(refused(&file).contains("is not a directory"));
    // What an import left that was cut off is no obstacle.
    let cut = tempfile::tempdir().unwrap();
    for name in ["lock", "qunwei.db.import", "qunwei.db.import-journal"] {
        std::fs::write(cut.path().join(name), "half").unwrap();
    }
    import_state(cut.path(), &mut text.as_bytes()).unwrap();
    SqliteStore::open(cut.path(), sealed()).unwrap();
}

#[test]
fn there_must_be_something_to_export() {
    let dir = tempfile::tempdir().unwrap();
    let error = export_state(dir.path(), false, at(0), &mut Vec::new()).unwrap_err().to_string();
    assert!(error.starts_with("there is no store in "), "{error}");
}
