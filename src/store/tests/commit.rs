//! One transaction: durable whole, or nothing of it anywhere.

use super::*;
use crate::ports::Mark;

#[test]
fn rows_come_back_as_they_went_in() {
    let mut scene = Scene::new();
    let mut rows: Vec<Row> = (1..=5).map(row).collect();
    let kinds = [RowKind::Event, RowKind::Tick, RowKind::Attempt, RowKind::Outcome, RowKind::Rules];
    for (row, kind) in rows.iter_mut().zip(kinds) {
        row.kind = kind;
    }
    rows[0].time = Some(at(77));
    rows[1].platform = "".into();
    scene.store().commit(&[Unit { rows: rows.clone(), ..Unit::default() }]).unwrap();
    let store = scene.reopen();
    assert_eq!(store.journal(0, 100).unwrap(), rows);
    assert_eq!(store.journal(2, 2).unwrap(), rows[2..4]);
    assert_eq!(store.journal(5, 100).unwrap(), []);
    assert_eq!(store.start().unwrap().seq, 5);
}

#[test]
fn the_log_is_copied_beside_the_writing() {
    let mut scene = Scene::new();
    let text: Arc<str> = "大".repeat(1 << 20).into(); // 3 MiB
    for seq in 1..=4 {
        let large = Unit { rows: vec![Row { body: text.clone(), ..row(seq) }], ..Unit::default() };
        scene.store().commit(&[large]).unwrap();
    }
    // Less than what makes a commit copy it.
    let database = scene.dir.path().join("qunwei.db");
    let began = std::time::Instant::now();
    while std::fs::metadata(&database).unwrap().len() < 3 << 20 {
        assert!(began.elapsed().as_secs() < 20, "the log was not copied");
        std::thread::yield_now();
    }
    assert_eq!(scene.reopen().journal(3, 9).unwrap(), [Row { body: text, ..row(4) }]);
}

#[test]
fn a_commit_survives_a_kill() {
    let mut scene = Scene::new();
    scene.store().commit(&[plain(1), plain(2)]).unwrap();
    let (_copy, mut store) = scene.killed();
    assert_eq!(store.journal(0, 9).unwrap(), [row(1), row(2)]);
    assert_eq!(store.seen(key(2)).unwrap(), Some(key(2).body));
}

#[test]
fn a_plain_message_writes_one_row_and_its_key() {
    let mut scene = Scene::new();
    let before = scene.store().counts().unwrap();
    scene.store().commit(&[plain(1), plain(2), plain(3)]).unwrap();
    let after = scene.store().counts().unwrap();
    let grown: Vec<(&str, u64)> = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after)
        .map(|(before, after)| (&*after.table, after.rows - before.rows))
        .collect();
    assert_eq!(grown, [("journal", 3), ("seen_log", 1)], "keys of a commit are one row");
}

/// A unit that touches every table.
fn rich(seq: u64) -> Unit {
    let changes = vec![
        Change::Case(Box::new(case(seq))),
        Change::Evidence(Box::new(evidence(seq, "m-x", "ads.link"))),
        Change::Membership { member: member("u7"), name: Some("新人".into()), joined: Some(at(1)), left: None },
        act(&format!("a-{seq}"), Lane::Penalty),
    ];
    Unit { changes, ..plain(seq) }
}

/// What a reader can see of [`rich`] units.
fn visible(store: &mut SqliteStore) -> impl PartialEq + std::fmt::Debug + use<> {
    let keys: Vec<_> = (1..=3000).map(|n| store.seen(key(n)).unwrap()).collect();
    let counts: Vec<_> = store.counts().unwrap().into_iter().filter(|count| count.table != "probe").collect();
    let case = store.case_of("bridge", "g1", "m-x").unwrap();
    (counts, keys, case, store.membership(&member("u7")).unwrap(), store.pending("bridge", 9).unwrap())
}

#[test]
fn a_full_disk_leaves_nothing_and_ends() {
    let mut scene = Scene::new();
    scene.store().commit(&[plain(1)]).unwrap();
    let before = visible(scene.store());
    let pages: i64 = scene.store().conn.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    scene.store().conn.pragma_update(None, "max_page_count", pages).unwrap();
    let units: Vec<Unit> = (2..1000).map(rich).collect();
    assert!(matches!(scene.store().commit(&units), Err(StoreError::Unavailable(_))));
    assert_eq!(visible(scene.store()), before);
    assert!(matches!(scene.store().probe(), Err(StoreError::Unavailable(_))), "still full");
    scene.store().conn.pragma_update(None, "max_page_count", 1_000_000).unwrap();
    scene.store().probe().unwrap();
    scene.store().commit(&units).unwrap();
    let after = visible(scene.store());
    assert_ne!(after, before);
    assert_eq!(visible(scene.reopen()), after);
}

#[test]
fn a_read_only_disk_leaves_nothing_and_ends() {
    let mut scene = Scene::new();
    let before = visible(scene.store());
    scene.store().conn.pragma_update(None, "query_only", true).unwrap();
    assert!(matches!(scene.store().commit(&[rich(1)]), Err(StoreError::Unavailable(_))));
    assert!(matches!(scene.store().save_windows(1, 2, b"w"), Err(StoreError::Unavailable(_))));
    assert!(matches!(scene.store().probe(), Err(StoreError::Unavailable(_))));
    assert_eq!(visible(scene.store()), before);
    scene.store().conn.pragma_update(None, "query_only", false).unwrap();
    scene.store().probe().unwrap();
    scene.store().commit(&[rich(1)]).unwrap();
    assert_ne!(visible(scene.store()), before);
}

#[test]
fn a_locked_database_is_unavailable() {
    let mut scene = Scene::new();
    let other = Connection::open(scene.dir.path().join("qunwei.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    scene.store().conn.busy_timeout(std::time::Duration::ZERO).unwrap();
    assert!(matches!(scene.store().commit(&[plain(1)]), Err(StoreError::Unavailable(_))));
    other.execute_batch("ROLLBACK").unwrap();
    scene.store().commit(&[plain(1)]).unwrap();
}

#[test]
fn one_bad_row_takes_its_whole_commit_with_it() {
    let mut scene = Scene::new();
    scene.store().commit(&[rich(1)]).unwrap();
    let before = visible(scene.store());
    let bad = [
        ("a number that is taken", vec![plain(2), plain(1)]),
        ("a case's number that is taken", vec![rich(2), changed(Change::Case(Box::new(case(1))))]),
        ("too large a number", vec![plain(2), Unit { rows: vec![Row { seq: u64::MAX, ..row(3) }], ..Unit::default() }]),
        ("evidence of nothing", vec![plain(2), changed(Change::Evidence(Box::new(evidence(99, "m", "r"))))]),
    ];
    for (what, units) in bad {
        let failed = scene.store().commit(&units);
        assert!(matches!(failed, Err(StoreError::Row(_))), "{what}: {failed:?}");
        assert_eq!(visible(scene.store()), before, "{what}");
    }
    scene.store().commit(&[plain(2)]).unwrap();
}

#[test]
fn a_group_that_a_failed_commit_made_gets_its_number_anew() {
    let mut scene = Scene::new();
    let member = |group: &str| MemberRef { group: group.into(), ..member("u1") };
    let role = |group: &str| Change::Role { member: member(group), role: crate::domain::event::Role::Admin };
    scene.store().commit(&[plain(1)]).unwrap();
    let bad = Unit { changes: vec![role("g-lost")], ..Unit::default() };
    let late = changed(Change::Case(Box::new(Case { no: u64::MAX, ..case(1) })));
    assert!(scene.store().commit(&[bad, late]).is_err());
    assert_eq!(scene.store().group("bridge", "g-lost").unwrap(), StoredGroup::default());
    scene.change(role("g-other")); // takes the number that g-lost would have had
    scene.change(role("g-lost"));
    for group in ["g-lost", "g-other"] {
        assert_eq!(scene.store().group("bridge", group).unwrap().admins, ["u1".into()], "{group}");
    }
    assert_eq!(scene.reopen().group("bridge", "g-lost").unwrap().admins, ["u1".into()]);
}

#[test]
fn nothing_is_written_for_nothing() {
    let mut scene = Scene::new();
    scene.store().conn.pragma_update(None, "query_only", true).unwrap();
    scene.store().commit(&[]).unwrap();
    scene.store().commit(&[Unit::default()]).unwrap();
    scene.store().forget_seen(at(9)).unwrap();
}

#[test]
fn a_commit_that_fails_at_its_very_end_leaves_nothing() {
    let mut scene = Scene::new();
    // Row 2 breaks a promise that is only checked by COMMIT itself.
    let trap = "PRAGMA foreign_keys = ON; CREATE TABLE a (id INTEGER PRIMARY KEY);
        CREATE TABLE b (a INTEGER REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED);
        CREATE TRIGGER trap AFTER INSERT ON journal WHEN new.seq = 2 BEGIN INSERT INTO b VALUES (7); END";
    scene.store().conn.execute_batch(trap).unwrap();
    scene.store().commit(&[plain(1)]).unwrap();
    let before = visible(scene.store());
    assert!(scene.store().commit(&[rich(2)]).is_err());
    assert_eq!(visible(scene.store()), before);
    scene.store().commit(&[rich(3)]).unwrap();
    assert_eq!(scene.store().start().unwrap().case, 3);
}

#[test]
fn a_mark_stands_or_falls_with_its_events() {
    let mut scene = Scene::new();
    let mark = |value: &str| Mark { source: "wecom/corp/archive".into(), value: value.into() };
    assert_eq!(scene.store().mark("wecom/corp/archive").unwrap(), None);
    scene.store().commit(&[Unit { marks: vec![mark("7")], ..plain(1) }]).unwrap();
    let twice = Unit { marks: vec![mark("8")], ..plain(1) }; // its number is taken: the row cannot be stored
    scene.store().commit(&[twice]).unwrap_err();
    assert_eq!(scene.store().mark("wecom/corp/archive").unwrap().as_deref(), Some("7"));
    scene.store().commit(&[Unit { marks: vec![mark("9")], ..Unit::default() }]).unwrap();
    scene.reopen();
    assert_eq!(scene.store().mark("wecom/corp/archive").unwrap().as_deref(), Some("9"), "also without events");
    assert_eq!(scene.store().mark("wecom/corp").unwrap(), None);
}
