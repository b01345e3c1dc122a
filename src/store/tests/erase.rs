//! Erasing a member slice by slice: whatever happens between two slices, and wherever it is killed, in the end no byte is left.

use std::time::{Duration, Instant};

use super::*;
use crate::ports::{Person, Tidied};

const USER: &str = "wm-zhaoliu-77";
const NAME: &str = "赵六子丹";
const SAID: &str = "独一无二的早安";
const GROUPS: u64 = 600;

/// Not sealed: what is left would not be seen.
fn readable() -> Scene {
    let (dir, options) = (tempfile::tempdir().unwrap(), Options::default());
    let store = Some(SqliteStore::open(dir.path(), options.clone()).unwrap());
    Scene { dir, options, store }
}

fn person() -> Person {
    Person { platform: "bridge".into(), user: USER.into() }
}

fn message(seq: u64, user: &str, text: &str) -> Row {
    let body = format!(
        r#"{{"id":"m-{seq}","type":"message","group":"g1","time":"2027-01-16T00:00:00Z","sender":{{"id":"{user}","name":"{}"}},"text":"{text} {seq}"}}"#,
        if user == USER { NAME } else { "小李" },
    );
    Row { body: body.into(), ..row(seq) }
}

fn others(seq: u64) -> Unit {
    Unit { rows: vec![message(seq, "u2", "大家好")], ..Unit::default() }
}

/// Every third of so many messages is theirs; they are in all groups, and have a case.
fn lived(scene: &mut Scene, messages: u64) {
    let rows = (1..=messages).map(|seq| match seq % 3 {
        0 => message(seq, USER, SAID),
        _ => message(seq, "u2", "大家好"),
    });
    let store = scene.store();
    store.commit(&[Unit { rows: rows.collect(), ..Unit::default() }]).unwrap();
    let mut changes = Vec::new();
    for n in 0..GROUPS * 4 {
        let n = n * 7919 % (GROUPS * 4); // in no order, and of any length: SQLite splits pages
        let (user, name) = match n % 4 {
            1 => (USER.to_owned(), NAME.to_owned()),
            other => (format!("wm-{other:02}-and-some-more"), "某某人".repeat(n as usize % 30 + 1)),
        };
        let group = format!("g{}", n / 4).into();
        let member = MemberRef { platform: "bridge".into(), group, user: user.into() };
        changes.push(Change::Membership { member, name: Some(name.into()), joined: Some(at(n)), left: None });
    }
    changes.push(Change::Case(Box::new(Case { user: USER.into(), name: NAME.into(), text: SAID.into(), ..case(1) })));
    changes.push(Change::Evidence(Box::new(Evidence { text: SAID.into(), ..evidence(1, "m-6", "ads.contact") })));
    changes.push(Change::Case(Box::new(case(2))));
    store.commit(&[Unit { changes, ..Unit::default() }]).unwrap();
}

/// How often a text stands in the files, whatever their tables say.
fn held(dir: &Path, text: &str) -> usize {
    let count = |path: &Path| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count()
    };
    std::fs::read_dir(dir).unwrap().map(|entry| count(&entry.unwrap().path())).sum()
}

/// One slice, as the engine has it done.
fn slice(store: &mut SqliteStore) -> bool {
    match store.tidy(at(9), Duration::ZERO).unwrap() {
        Tidied::Nothing => false,
        Tidied::More => true,
        Tidied::Held { no, .. } => {
            store.erase_held(no).unwrap();
            true
        }
    }
}

pub(super) fn finish(store: &mut SqliteStore, no: u64) -> Erasure {
    let began = Instant::now();
    loop {
        slice(store);
        let state = store.erasure(no).unwrap().unwrap();
        if state.done.is_some() {
            return state;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{state:?}");
    }
}

fn assert_gone(dir: &Path, store: &SqliteStore) {
    for text in [USER, NAME, SAID] {
        assert_eq!(held(dir, text), 0, "`{text}`");
    }
    assert!(held(dir, "大家好") > 0 && held(dir, "某某人") > 0, "what is others' is there");
    let sound: String = store.conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

#[test]
fn messages_come_between_slices_and_a_kill_after_any_of_them_leaves_nothing() {
    let mut scene = readable();
    lived(&mut scene, 900);
    let dir = scene.dir.path().to_owned();
    crate::store::erase::clear_log(&scene.store().conn).unwrap();
    let members = i64::try_from(held(&dir, NAME)).unwrap() - 300 - 1; // of messages and case
    assert!(members > i64::try_from(GROUPS).unwrap(), "SQLite left copies of rows between cells: {members}");
    let begun = scene.store().erase(&person(), "lili", at(8)).unwrap();
    assert!(begun.at_work && begun.done.is_none(), "{begun:?}");
    let (mut slices, mut seq) = (0, 900);
    while scene.store().erasure(begun.no).unwrap().unwrap().done.is_none() {
        if slices % 3 == 0 {
            let (copy, mut store) = scene.killed();
            finish(&mut store, begun.no);
            assert_gone(copy.path(), &store);
        }
        slice(scene.store());
        seq += 1;
        scene.store().commit(&[others(seq)]).unwrap();
        slices += 1;
    }
    assert!(slices > 12, "{slices}");
    // What came in the middle was not taken out; it is in the log, which nothing of theirs is.
    assert_gone(&dir, scene.store());
    let state = scene.store().erasure(begun.no).unwrap().unwrap();
    assert_eq!((state.rows["journal"], state.rows["members"], state.rows["cases"]), (300, GROUPS, 1), "{state:?}");
    assert_eq!(scene.store().journal(0, 10_000).unwrap().len() as u64, seq, "numbers stay");
    assert_eq!(scene.store().erase(&person(), "lili", at(9)).unwrap().no, begun.no + 1, "it was done");
}

#[test]
fn a_slice_changes_no_more_rows_than_it_may() {
    let mut scene = readable();
    lived(&mut scene, 6000);
    let no = scene.store().erase(&person(), "lili", at(8)).unwrap().no;
    let mut most = 0;
    while scene.store().erasure(no).unwrap().unwrap().done.is_none() {
        let before = scene.store().conn.total_changes();
        let tidied = scene.store().tidy(at(9), Duration::ZERO).unwrap();
        most = most.max(scene.store().conn.total_changes() - before);
        if let Tidied::Held { no, .. } = tidied {
            scene.store().erase_held(no).unwrap();
        }
    }
    assert!((50..400).contains(&most), "{most}");
}

/// Sealed, nothing can be seen in the files; so they are opened afterwards, and then nothing of theirs is in them.
#[test]
fn what_was_sealed_is_erased_whatever_key_it_was_sealed_with() {
    let second = Keyring::of(&[Key::of([8; 32]), key_of_tests()]);
    for keys in [keys(), second] {
        let mut scene = Scene::new();
        lived(&mut scene, 300);
        scene.options.keys = keys.clone();
        scene
            .reopen()
            .commit(&[Unit {
                rows: vec![message(301, USER, SAID), message(302, "u2", "大家好")], ..Unit::default()
            }])
            .unwrap();
        let held_sealed = held(scene.dir.path(), SAID);
        assert_eq!(held_sealed, 0, "it is sealed");
        let no = scene.store().erase(&person(), "lili", at(8)).unwrap().no;
        let state = finish(scene.store(), no);
        assert_eq!((state.rows["journal"], state.rows["members"], state.rows["cases"]), (101, GROUPS, 1), "{state:?}");
        assert_eq!(held(scene.dir.path(), USER), 0, "ids are not sealed");
        scene.store = None;
        reseal(scene.dir.path(), &keys, true).unwrap();
        scene.options.keys = Keyring::none();
        let dir = scene.dir.path().to_owned();
        assert_gone(&dir, scene.reopen());
    }
}

/// One that must wait for an action does not keep another one.
#[test]
fn actions_under_way_keep_only_their_own_erasure() {
    let mut scene = readable();
    lived(&mut scene, 30);
    let what = What::Mute { user: USER.into(), seconds: 60, until: at(70) };
    scene.change(Change::Act(Arc::new(Action { what, notifies: Vec::new(), ..action("a-9", Lane::Penalty) })));
    let first = scene.store().erase(&person(), "lili", at(8)).unwrap();
    assert_eq!(first.actions_left, 1);
    let began = Instant::now();
    while scene.store().erasure(first.no).unwrap().unwrap().at_work {
        slice(scene.store());
        assert!(began.elapsed() < Duration::from_secs(60));
    }
    let state = scene.store().erasure(first.no).unwrap().unwrap();
    assert!(state.is_all_for_now() && state.done.is_none(), "{state:?}");
    assert_eq!(
        (held(scene.dir.path(), SAID), held(scene.dir.path(), NAME) > 0),
        (0, true),
        "who it is must be known still"
    );
    let second = Person { user: "u2".into(), ..person() };
    let second = scene.store().erase(&second, "lili", at(8)).unwrap();
    while scene.store().erasure(second.no).unwrap().unwrap().done.is_none() {
        if let Tidied::Held { no, .. } = scene.store().tidy(at(9), Duration::ZERO).unwrap() {
            scene.store().erase_held(no).unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(60));
    }
    let ended = Change::Ended { id: "a-9".into(), outcome: crate::domain::action::Outcome::Expired, at: at(9) };
    scene.change(ended);
    finish(scene.reopen(), first.no);
    for text in [USER, NAME, SAID] {
        assert_eq!(held(scene.dir.path(), text), 0, "`{text}`");
    }
}

/// Whoever reads an older state, as a backup does, keeps the log from being emptied, and nobody waits for that.
#[test]
fn emptying_the_log_waits_for_no_reader() {
    let mut scene = readable();
    scene.store().commit(&[plain(1)]).unwrap();
    let reader = Connection::open(scene.dir.path().join("qunwei.db")).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    reader.query_row("SELECT count(*) FROM journal", [], |row| row.get::<_, i64>(0)).unwrap();
    scene.store().commit(&[plain(2)]).unwrap();
    let began = Instant::now();
    assert!(!crate::store::erase::clear_log(&scene.store().conn).unwrap());
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    reader.execute_batch("COMMIT").unwrap();
    assert!(crate::store::erase::clear_log(&scene.store().conn).unwrap());
}
