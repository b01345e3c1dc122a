//! A store of every earlier schema, with rows in every table, is brought up to date by a daemon that starts on it: nothing in it is
//! lost, and a daemon of an earlier version does not touch a store of a later one.

use std::path::{Path, PathBuf};

use qunwei::domain::secret::Key;
use qunwei::store::Keyring;
use rusqlite::Connection;

use crate::backup::{backup, restore};
use crate::support::daemon::{Home, client, qunwei, send, stderr};
use crate::support::{root, tables, until};

/// The steps, in order.
fn steps() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("src/store/migrations")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// A store as the version with the first `count` steps left it.
fn store_of(steps: &[PathBuf], data: &Path) -> Connection {
    std::fs::create_dir_all(data).unwrap();
    let conn = Connection::open(data.join("qunwei.db")).unwrap();
    for step in steps {
        conn.execute_batch(&std::fs::read_to_string(step).unwrap()).unwrap();
    }
    let last = steps.last().unwrap().file_name().unwrap().to_string_lossy().into_owned();
    let rows = format!("tests/data/migrations/{}.sql", &last[..4]);
    conn.execute_batch(&std::fs::read_to_string(root().join(rows)).unwrap()).unwrap();
    conn.pragma_update(None, "user_version", steps.len() as i64).unwrap();
    // The rows are of a unit test, where bytes stand for windows and for a message; a daemon reads what a daemon wrote.
    conn.execute_batch(
        "DELETE FROM windows;
         UPDATE journal SET body = json_object('id', 'm-' || seq, 'type', 'message', 'group', 'g1', 'text', '大家好',
                                              'sender', json_object('id', 'u9'))",
    )
    .unwrap();
    conn
}

/// What some of the rows are sealed with.
const KEY: &str = "qwkey_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// What a step changes on purpose: the column it takes away or writes anew.
const CHANGED: &[(&str, &str)] = &[("ledgers", "ledger"), ("configs", "named")];
/// What a daemon that starts changes: it is at work.
const AT_WORK: &[&str] = &[
    "journal",
    "outbox",
    "timers",
    "windows",
    "configs",
    "tasks",
    "ledgers",
    "habits",
    "probe",
    "schedules",
    "newcomers",
    "company_alerts",
    "reminders",
    "known_groups",
    "history",
    "pictures",
];

fn columns(conn: &Connection, table: &str) -> Vec<String> {
    let read = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let names = read.column_names().map(str::to_owned);
    names.filter(|column| !CHANGED.contains(&(table, column))).collect()
}

/// Every table that there is: what is asked of it, and its rows.
type Rows = Vec<(String, String, Vec<String>)>;

fn rows_of(conn: &Connection) -> Rows {
    let mut read = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1").unwrap();
    let names = read.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    let of = |table: String| {
        let ask = format!("SELECT {} FROM {table}", columns(conn, &table).join(", "));
        let rows = tables::rows(conn, &ask);
        (table, ask, rows)
    };
    names.map(of).collect()
}

fn is_sealed(rows: &Rows) -> bool {
    rows.iter().any(|(table, ..)| table == "seals")
}

/// Gives the daemon the key of the rows.
fn seal(home: &Home) {
    home.write("config/seal.toml", "[daemon.seal]\nkey_file = \"../seal.key\"\n");
    home.write("seal.key", KEY);
}

/// Opens a store, which brings it up to date: everything is there as it was.
fn assert_brought_up_to_date(data: &Path, before: &Rows, count: usize) {
    let keys = if is_sealed(before) { Keyring::of(&[Key::parse(KEY).unwrap()]) } else { Keyring::none() };
    drop(qunwei::serve::open_store(data, &keys).unwrap());
    let conn = Connection::open(data.join("qunwei.db")).unwrap();
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, steps().len() as i64);
    for (table, ask, rows) in before {
        assert_eq!(&tables::rows(&conn, ask), rows, "{table} of version {count}");
    }
}

/// Writes the file that the row of `history` names.
fn write_day(conn: &Connection, data: &Path) -> Option<PathBuf> {
    let name: String = conn.query_row("SELECT file FROM history", [], |row| row.get(0)).ok()?;
    std::fs::create_dir_all(data.join("history")).unwrap();
    let day = Connection::open(data.join("history").join(&name)).unwrap();
    day.execute_batch(
        "PRAGMA user_version = 1;
         CREATE TABLE journal (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind INTEGER NOT NULL, platform TEXT NOT NULL,
                               time INTEGER, body TEXT NOT NULL, sent INTEGER, group_key INTEGER, member_key INTEGER,
                               message_key INTEGER) STRICT;
         INSERT INTO journal (seq, at, kind, platform, body) VALUES (0, 1799900000000, 0, 'bridge', '{\"id\":\"m-0\"}')",
    )
    .unwrap();
    Some(data.join("history").join(name))
}

#[test]
fn a_backup_of_every_earlier_version_comes_back_as_it_was_and_is_brought_up_to_date() {
    let steps = steps();
    for count in 1..=steps.len() {
        let (home, place) = (Home::new(), tempfile::tempdir().unwrap());
        let conn = store_of(&steps[..count], &home.data());
        let (before, day) = (rows_of(&conn), write_day(&conn, &home.data()));
        drop(conn);
        let (file, restored) = (place.path().join("b.tar.gz"), place.path().join("restored"));
        let output = backup(&home.data(), &file);
        assert!(output.status.success(), "version {count}: {}", stderr(&output));
        if is_sealed(&before) {
            seal(&home);
        }
        let output = qunwei().arg("verify").arg(&file).arg("--config").arg(home.config()).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output));
        let schema = match steps.len() - count {
            0 => format!("ok    schema: {count}, the latest"),
            _ => format!("schema: {count}; the next start brings it to {}", steps.len()),
        };
        assert!(said.contains(&schema) && !said.contains("not there: inputs"), "version {count}: {said}");
        let output = restore(&file, &restored);
        assert!(output.status.success(), "version {count}: {}", stderr(&output));
        let conn = Connection::open(restored.join("qunwei.db")).unwrap();
        let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!((version, rows_of(&conn)), (count as i64, before.clone()), "it comes back as it was");
        drop(conn);
        if let Some(day) = day {
            let copy = restored.join("history").join(day.file_name().unwrap());
            assert!(std::fs::read(day).unwrap() == std::fs::read(copy).unwrap(), "version {count}");
        }
        assert_brought_up_to_date(&restored, &before, count);
        assert_eq!(before, rows_of(&Connection::open(home.data().join("qunwei.db")).unwrap()), "it was only read");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_starts_on_a_store_of_every_earlier_version_and_loses_nothing() {
    let steps = steps();
    for count in 1..=steps.len() {
        let home = Home::new();
        let conn = store_of(&steps[..count], &home.data());
        let before = rows_of(&conn);
        for (table, _, rows) in &before {
            assert!(!rows.is_empty() || ["probe", "windows"].contains(&&**table), "no row of {table} in {count}");
        }
        drop(conn);
        // Brought up to date without a daemon: everything is there as it was.
        let sealed = is_sealed(&before);
        assert_brought_up_to_date(&home.data(), &before, count);
        // And by a daemon, which then goes on with it.
        if sealed {
            seal(&home);
        }
        let daemon = home.start().await;
        let event =
            r#"{"id":"new","type":"message","group":"g1","sender":{"id":"u1"},"text":"兼职刷单日结，加薇信 abc12345"}"#;
        let (status, _) = send(&client(), daemon.listen, "w", event).await.unwrap();
        assert_eq!(status, 200, "version {count}");
        let (status, ready) = daemon.admin("/readyz").await;
        assert_eq!(status, 200, "version {count}: {ready}");
        let conn = home.database();
        let cases = || conn.query_row("SELECT max(no) FROM cases", [], |row| row.get::<_, i64>(0)).unwrap();
        until("the case after the one that is there", || (cases() == 2).then_some(())).await;
        daemon.stop().await;
        for (table, ask, rows) in before.iter().filter(|(table, ..)| !AT_WORK.contains(&&**table)) {
            let after = tables::rows(&home.database(), ask);
            let kept = rows.iter().filter(|row| after.contains(row) || is_standing_of(table, row)).count();
            assert_eq!(kept, rows.len(), "{table} of version {count}: {rows:#?}\n{after:#?}");
        }
    }
}

/// What the new message of the same member added to.
fn is_standing_of(table: &str, row: &str) -> bool {
    (table == "standings" && row.contains("u1")) || (table == "config_cases") || (table == "marks" && row.is_empty())
}

#[test]
fn a_store_of_a_newer_version_is_refused_and_both_are_named() {
    let home = Home::new();
    let steps = steps();
    let conn = store_of(&steps, &home.data());
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    let before = std::fs::read(home.data().join("qunwei.db")).unwrap();
    let known = format!("(schema 99; this one knows {})", steps.len());
    let output = home.serve().output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("was written by a newer Qunwei") && said.contains(&known), "{said}");
    assert!(said.contains(&format!("this is {}", env!("CARGO_PKG_VERSION"))), "{said}");
    for arguments in [["backup", "--data"], ["verify", "--quick"]] {
        let mut command = qunwei();
        command.args(arguments).arg(home.data());
        if arguments[0] == "backup" {
            command.arg(home.folder.path().join("b.tar.gz"));
        }
        let output = command.output().unwrap();
        let printed = String::from_utf8(output.stdout.clone()).unwrap();
        let said = format!("{}{printed}", stderr(&output));
        assert!(!output.status.success() && said.contains(&known), "{arguments:?}: {said}");
    }
    assert!(std::fs::read(home.data().join("qunwei.db")).unwrap() == before, "it was left as it is");
}

#[test]
fn a_key_of_a_newer_version_is_named_with_its_place_and_this_version() {
    let home = Home::new();
    home.write("config/zz-newer.toml", "[daemon.teleport]\nrange = 3\n");
    let output = home.serve().output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("teleport") && said.contains("zz-newer.toml:1"), "{said}");
    assert!(said.contains(&format!("Qunwei {}", env!("CARGO_PKG_VERSION"))), "it may be of a newer version: {said}");
}
