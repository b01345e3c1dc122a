//! Data directories that are refused, and schemas that are brought up to date.

use std::fs;
use std::path::Path;

use super::*;
use crate::domain::action::Outcome;
use crate::store::schema::{self, MIGRATIONS, Migration};

fn refusal(dir: &Path) -> OpenError {
    match SqliteStore::open(dir, Options::default()) {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

#[test]
fn the_directory_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("a/b");
    SqliteStore::open(&deep, Options::default()).unwrap().commit(&[plain(1)]).unwrap();
    assert!(deep.join("qunwei.db").is_file());
}

/// Whatever the umask, but what this has to be seen by is that tests run under a usual one.
#[test]
#[cfg(unix)]
fn what_is_made_is_its_owners_alone_and_what_exists_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("a/data");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let mut store = SqliteStore::open(&data, Options::default()).unwrap();
    store.commit(&[plain(1)]).unwrap();
    assert_eq!((mode(&data), mode(data.parent().unwrap())), (0o700, 0o700));
    let files = ["qunwei.db", "qunwei.db-wal", "qunwei.db-shm", "lock"];
    assert_eq!(files.map(|name| mode(&data.join(name))), [0o600; 4]);
    drop(store);
    for (path, wider) in [(data.clone(), 0o750), (data.join("qunwei.db"), 0o640), (data.join("lock"), 0o640)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(wider)).unwrap();
        let _store = SqliteStore::open(&data, Options::default()).unwrap();
        assert_eq!(mode(&path), wider, "{}", path.display());
    }
}

#[test]
fn a_second_daemon_is_refused_and_told_of_the_first() {
    let mut scene = Scene::new();
    let error = refusal(scene.dir.path());
    assert!(matches!(error, OpenError::InUse { .. }));
    let expected = format!(" is in use by qunwei pid {} since 20", std::process::id());
    assert!(error.to_string().contains(&expected), "{error}");
    scene.store().commit(&[plain(1)]).unwrap();
    scene.reopen(); // the lock ends with its holder, whatever the file says
    fs::write(scene.dir.path().join("lock"), "\n\u{1b}[31m").unwrap();
    assert!(refusal(scene.dir.path()).to_string().ends_with(" is in use by another process"));
}

#[test]
fn a_file_is_not_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(refusal(&file), OpenError::NotADirectory(_)));
    assert!(matches!(refusal(&file.join("below")), OpenError::NotADirectory(_)));
}

#[test]
#[cfg(unix)]
fn a_read_only_directory_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(dir.path().join("try"), "").is_ok() {
        eprintln!("SKIPPED: who runs the tests may write everywhere (root)");
        return;
    }
    assert!(matches!(refusal(dir.path()), OpenError::Unwritable { .. }));
}

#[test]
fn what_is_not_our_store_is_left_as_it_is() {
    let foreign = |dir: &Path| {
        let conn = Connection::open(dir.join("qunwei.db")).unwrap();
        conn.execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)").unwrap();
    };
    let garbage = |dir: &Path| fs::write(dir.join("qunwei.db"), "not a database ".repeat(1000)).unwrap();
    let newer = |dir: &Path| {
        let store = SqliteStore::open(dir, Options::default()).unwrap();
        store.conn.pragma_update(None, "user_version", 999).unwrap();
    };
    let damaged = |dir: &Path| {
        drop(SqliteStore::open(dir, Options::default()).unwrap());
        let mut bytes = fs::read(dir.join("qunwei.db")).unwrap();
        bytes[100..4096].fill(0xee); // the page that says which tables there are
        fs::write(dir.join("qunwei.db"), bytes).unwrap();
    };
    type Prepare<'a> = &'a dyn Fn(&Path);
    let rows: [(&str, Prepare<'_>, &str); 4] = [
        ("foreign", &foreign, "is not a store of Qunwei (it is a database of another program)"),
        ("garbage", &garbage, "is not a store of Qunwei (file is not a database"),
        ("newer", &newer, "was written by a newer Qunwei (schema 999; this one knows "),
        ("damaged", &damaged, "is damaged (database disk image is malformed"),
    ];
    for (what, prepare, expected) in rows {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path());
        let before = fs::read(dir.path().join("qunwei.db")).unwrap();
        let error = refusal(dir.path()).to_string();
        assert!(error.contains(expected) && error.contains("left as it is"), "{what}: {error}");
        assert!(fs::read(dir.path().join("qunwei.db")).unwrap() == before, "{what} was changed");
        refusal(dir.path()); // and the lock was given back
    }
}

#[test]
fn an_empty_file_is_a_store_that_was_not_begun() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("qunwei.db"), "").unwrap();
    SqliteStore::open(dir.path(), Options::default()).unwrap().commit(&[plain(1)]).unwrap();
}

/// What each version's rows looked like: `tests/data/migrations/NNNN.sql`.
pub(super) const ROWS: &[&str] = &[
    include_str!("../../../tests/data/migrations/0001.sql"),
    include_str!("../../../tests/data/migrations/0002.sql"),
    include_str!("../../../tests/data/migrations/0003.sql"),
    include_str!("../../../tests/data/migrations/0004.sql"),
    include_str!("../../../tests/data/migrations/0005.sql"),
    include_str!("../../../tests/data/migrations/0006.sql"),
    include_str!("../../../tests/data/migrations/0007.sql"),
    include_str!("../../../tests/data/migrations/0008.sql"),
    include_str!("../../../tests/data/migrations/0009.sql"),
    include_str!("../../../tests/data/migrations/0010.sql"),
    include_str!("../../../tests/data/migrations/0011.sql"),
    include_str!("../../../tests/data/migrations/0012.sql"),
    include_str!("../../../tests/data/migrations/0013.sql"),
    include_str!("../../../tests/data/migrations/0014.sql"),
    include_str!("../../../tests/data/migrations/0015.sql"),
];

#[test]
fn every_older_store_is_brought_up_to_date_with_its_rows() {
    assert_eq!(ROWS.len(), MIGRATIONS.len(), "a new migration needs rows of its version");
    for (index, rows) in ROWS.iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let mut conn = Connection::open(dir.path().join("qunwei.db")).unwrap();
        for step in 0..=index {
            schema::migrate(&mut conn, &MIGRATIONS[..=step]).unwrap();
            assert_eq!(schema::version(&conn).unwrap(), step + 1);
        }
        conn.execute_batch(rows).unwrap();
        let mut names = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
        let there: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        drop(names);
        drop(conn);
        let mut store = SqliteStore::open(dir.path(), sealed()).unwrap();
        assert_eq!(schema::version(&store.conn).unwrap(), MIGRATIONS.len());
        let start = store.start().unwrap();
        assert_eq!((start.seq, start.case, start.timers.len()), (2, 1, 1));
        assert_eq!(start.windows, Some((1, b"windows".to_vec())));
        assert_eq!(store.journal(0, 9).unwrap().len(), 2);
        assert_eq!(store.case_of("bridge", "g1", "m-2").unwrap().unwrap().findings.len(), 1);
        assert_eq!(store.group("bridge", "g1").unwrap().admins, ["u2".into()]);
        assert_eq!(store.group("bridge", "g1").unwrap().ledger.alerts.rest, 3);
        assert_eq!(store.member(&member("u1")).unwrap().standing.strikes.len(), 1);
        assert_eq!(store.membership(&member("u1")).unwrap().unwrap().joined, Some(Timestamp(1_800_000_000_000)));
        assert_eq!(store.pending("bridge", 9).unwrap().len(), 1);
        assert_eq!(store.pending_of(Some(("bridge", "g1"))).unwrap().len(), 1);
        assert_eq!(store.last_config().unwrap(), Some(vec![("guard.toml".to_owned(), "# 群规".to_owned())]));
        for n in [1, 2] {
            assert_eq!(store.seen(key(n)).unwrap(), Some(key(n).body), "key {n}");
        }
        let chain = crate::store::audit::check(&store.conn, None).unwrap();
        assert_eq!((chain.wrong, chain.rows.is_some()), (Vec::<String>::new(), true), "what is older is not covered");
        let counts = store.counts().unwrap().into_iter();
        let empty: Vec<_> = counts.filter(|count| count.rows == 0 && there.contains(&count.table)).collect();
        assert_eq!(empty, [TableCount { table: "probe".to_owned(), rows: 0 }], "every table has rows to migrate");
    }
}

#[test]
fn where_sealed_actions_of_an_earlier_version_wait_is_noted_when_the_store_is_opened() {
    let mut scene = Scene::new();
    for (id, lane) in [("a-1", Lane::Notice), ("a-2", Lane::Undo), ("a-3", Lane::Penalty)] {
        scene.change(act(id, lane));
    }
    scene.change(Change::Ended { id: "a-3".into(), outcome: Outcome::Expired, at: at(20) });
    type Noted = (Option<String>, Option<String>, Option<i64>, Option<u8>);
    let noted = |scene: &mut Scene| -> Vec<Noted> {
        let sql = "SELECT platform, group_name, follows, turn FROM outbox ORDER BY place";
        let mut read = scene.store().conn.prepare(sql).unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        read.query_map([], row).unwrap().map(Result::unwrap).collect()
    };
    let before = noted(&mut scene);
    assert_eq!(before[1].3, Some(Lane::Notice as u8), "it follows a notice");
    assert_eq!(before[2], (None, None, None, None), "it waits nowhere any more");
    let sql = "UPDATE outbox SET platform = NULL, group_name = NULL, follows = NULL, turn = NULL";
    scene.store().conn.execute(sql, []).unwrap();
    scene.reopen();
    assert_eq!(noted(&mut scene), before);
}

#[test]
fn a_failed_migration_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut conn = Connection::open(dir.path().join("qunwei.db")).unwrap();
    let first = Migration { name: "first", sql: "CREATE TABLE a (x); INSERT INTO a VALUES (1)" };
    let second = Migration { name: "second", sql: "DROP TABLE a; CREATE TABLE b (x); SELECT nonsense" };
    assert!(schema::migrate(&mut conn, &[first, second]).is_err());
    assert_eq!(schema::version(&conn).unwrap(), 1);
    assert_eq!(conn.query_row("SELECT x FROM a", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    let better = Migration { name: "second", sql: "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1" };
    let first = Migration { name: "first", sql: "not run again" };
    schema::migrate(&mut conn, &[first, better]).unwrap();
    assert_eq!(schema::version(&conn).unwrap(), 2);
    assert_eq!(conn.query_row("SELECT y FROM a", [], |row| row.get::<_, i64>(0)).unwrap(), 2);
}

#[test]
fn what_is_written_is_on_the_disk() {
    let mut scene = Scene::new();
    let pragma = |scene: &mut Scene, name: &str| {
        scene.store().conn.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap()
    };
    assert_eq!(pragma(&mut scene, "journal_mode"), "wal".to_owned().into());
    assert_eq!(pragma(&mut scene, "synchronous"), 2.into(), "FULL");
    // One commit may make the log large; the next ones make it small again.
    scene.store().save_windows(1, 2, &vec![7; 80 << 20]).unwrap();
    scene.store().commit(&[plain(2)]).unwrap();
    let log = fs::metadata(scene.dir.path().join("qunwei.db-wal")).unwrap().len();
    assert!(log <= 64 << 20, "{log} bytes");
}
