//! Days of the journal that are over move into files: every row is read from one place at any moment, once.

use std::fs;
use std::time::Duration;

use super::*;
use crate::ports::{Archived, Kept};

const DAY: u64 = 24 * 3600;

/// Midnight of a day; the first is 2027-01-16.
fn midnight(day: u64) -> u64 {
    16 * 3600 + (day - 1) * DAY // `at(0)` is 08:00
}

fn message(seq: u64, seconds: u64) -> Row {
    let body = format!(
        r#"{{"id":"m-{seq}","type":"message","group":"g{}","time":"2027-01-16T00:00:00Z","sender":{{"id":"u{}"}},"text":"第 {seq} 句"}}"#,
        seq % 3,
        seq % 5
    );
    Row { at: at(seconds), body: body.into(), ..row(seq) }
}

/// A store with `rows` a day, spread over it, whose windows include them all.
fn lived(days: std::ops::RangeInclusive<u64>, rows: u64) -> (Scene, Vec<Row>) {
    let mut scene = Scene::new();
    let times = days.flat_map(|day| (0..rows).map(move |n| midnight(day) + n * DAY / rows));
    let all: Vec<Row> = (1..).zip(times).map(|(seq, time)| message(seq, time)).collect();
    write(scene.store(), &all);
    (scene, all)
}

fn write(store: &mut SqliteStore, rows: &[Row]) {
    store.commit(&[Unit { rows: rows.to_vec(), ..Unit::default() }]).unwrap();
    store.save_windows(rows.last().unwrap().seq, 0, b"windows").unwrap();
}

fn step(store: &mut SqliteStore, now: u64, limit: usize) -> Archived {
    store.archive(&TimeZone::UTC, at(now), limit).unwrap()
}

/// Goes on until something else comes than a copy under way.
fn next(store: &mut SqliteStore, now: u64) -> Archived {
    loop {
        match step(store, now, 7) {
            Archived::Copying => std::thread::yield_now(),
            other => return other,
        }
    }
}

/// Until nothing is left to be moved; how many rows files took over.
fn move_all(store: &mut SqliteStore, now: u64) -> Vec<u64> {
    let mut copied = Vec::new();
    loop {
        match next(store, now) {
            Archived::Nothing => return copied,
            Archived::Copied(rows) => copied.push(rows),
            Archived::Copying | Archived::Deleted(_) => {}
        }
    }
}

fn files(scene: &Scene) -> Vec<String> {
    let entries = fs::read_dir(scene.dir.path().join("history")).into_iter().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn hot(store: &SqliteStore) -> Vec<u64> {
    let mut read = store.conn.prepare("SELECT seq FROM journal ORDER BY seq").unwrap();
    read.query_map([], |row| row.get::<_, i64>(0)).unwrap().map(|seq| seq.unwrap().cast_unsigned()).collect()
}

/// Every way to read the journal gives all of it, in order.
fn assert_whole(store: &mut SqliteStore, all: &[Row]) {
    assert_eq!(store.journal(0, 1000).unwrap(), all);
    let backwards: Vec<Row> = all.iter().rev().cloned().collect();
    assert_eq!(store.journal_before(1_000_000, 1000).unwrap(), backwards);
    for piece in [1, 4, 11] {
        let (mut forward, mut back) = (Vec::new(), Vec::new());
        loop {
            let rows = store.journal(forward.last().map_or(0, |row: &Row| row.seq), piece).unwrap();
            if rows.is_empty() {
                break;
            }
            assert!(rows.len() <= piece);
            forward.extend(rows);
        }
        loop {
            let rows = store.journal_before(back.last().map_or(1_000_000, |row: &Row| row.seq), piece).unwrap();
            if rows.is_empty() {
                break;
            }
            back.extend(rows);
        }
        assert_eq!((forward, back), (all.to_vec(), backwards.clone()), "in pieces of {piece}");
    }
}

#[test]
fn days_that_are_over_move_and_are_read_as_before() {
    let (mut scene, all) = lived(1..=3, 20);
    let now = midnight(3) + DAY - 1;
    assert_eq!(move_all(scene.store(), now), [20, 20]);
    assert_eq!(files(&scene), ["2027-01-16.db", "2027-01-17.db"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let made = ["history", "history/2027-01-16.db"].map(|name| fs::metadata(scene.dir.path().join(name)).unwrap());
        assert_eq!(made.map(|made| made.permissions().mode() & 0o777), [0o700, 0o600], "their owner's alone");
    }
    assert_eq!(hot(scene.store()), (41..=60).collect::<Vec<u64>>());
    assert_whole(scene.store(), &all);
    assert_whole(scene.reopen(), &all);
    let size = scene.store().history();
    assert_eq!((size.files, size.rows, size.oldest), (2, 40, Some(at(midnight(1)))));
    let of = |file: &str| fs::metadata(scene.dir.path().join("history").join(file)).unwrap().len();
    assert_eq!(size.bytes, of("2027-01-16.db") + of("2027-01-17.db"));
    // The last day too, once it is over; and numbers go on.
    assert_eq!(move_all(scene.store(), now + 1), [20]);
    assert_eq!(hot(scene.store()), [0; 0]);
    assert_eq!(scene.reopen().start().unwrap().seq, 60);
    scene.store().conn.execute("DELETE FROM windows", []).unwrap();
    assert_eq!(scene.reopen().start().unwrap().seq, 60, "even when the windows are gone");
    assert_whole(scene.store(), &all);
}

#[test]
fn a_day_begins_and_ends_by_the_clocks_of_the_zone() {
    let (mut scene, all) = lived(1..=2, 24);
    let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
    let now = at(midnight(2) + DAY - 8 * 3600 - 1); // a second before midnight there
    let mut copied = Vec::new();
    loop {
        match scene.store().archive(&shanghai, now, 1000).unwrap() {
            Archived::Nothing => break,
            Archived::Copied(rows) => copied.push(rows),
            Archived::Copying | Archived::Deleted(_) => std::thread::yield_now(),
        }
    }
    assert_eq!(copied, [16], "what came before eight in the evening, UTC");
    assert_eq!(files(&scene), ["2027-01-16.db"]);
    assert_whole(scene.store(), &all);
}

#[test]
fn a_kill_at_any_step_loses_nothing_and_doubles_nothing() {
    let (mut scene, all) = lived(1..=3, 20);
    let now = midnight(4);
    let mut steps = 0;
    loop {
        let done = next(scene.store(), now);
        steps += 1;
        let (_copy, mut killed) = scene.killed();
        assert_whole(&mut killed, &all);
        move_all(&mut killed, now);
        assert_whole(&mut killed, &all);
        assert_eq!(hot(&killed), [0; 0]);
        if done == Archived::Nothing {
            break;
        }
    }
    assert_eq!(steps, 3 * (1 + 3) + 1, "each day is taken over by a file, then deleted in three slices");
}

#[test]
fn a_kill_while_a_day_is_copied_leaves_half_a_file_that_is_made_anew() {
    let (mut scene, all) = lived(1..=2, 20);
    let folder = scene.dir.path().join("history");
    // Whatever a kill leaves: half of the file aside, or all of it under its name and nobody who says that it is whole.
    let half = |name: &str| {
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), b"half a file").unwrap();
    };
    for name in ["2027-01-16.db.part", "2027-01-16.db"] {
        half(name);
        let store = scene.reopen();
        assert_whole(store, &all);
    }
    assert_eq!(move_all(scene.store(), midnight(3)), [20, 20]);
    assert_eq!(files(&scene), ["2027-01-16.db", "2027-01-17.db"]);
    assert_whole(scene.reopen(), &all);
}

#[test]
fn a_store_that_is_closed_does_not_wait_for_a_copy() {
    let (mut scene, all) = lived(1..=1, 5000);
    assert_eq!(step(scene.store(), midnight(2), 1), Archived::Copying);
    scene.reopen(); // while it is at it, or just done: both are the same to the next start
    let there = files(&scene);
    assert!(there.iter().all(|name| name == "2027-01-16.db"), "{there:?}");
    assert_eq!(scene.store().journal(0, 9999).unwrap(), all);
    assert_eq!(move_all(scene.store(), midnight(2)), [5000]);
    assert_eq!(scene.store().journal(0, 9999).unwrap(), all);
}

#[test]
fn what_a_start_still_needs_stays() {
    let (mut scene, mut all) = lived(1..=1, 10);
    let late: Vec<Row> = (11..=12).map(|seq| message(seq, midnight(2) - 20 + seq)).collect();
    scene.store().commit(&[Unit { rows: late.clone(), ..Unit::default() }]).unwrap(); // the windows do not include them
    all.extend(late);
    assert_eq!(move_all(scene.store(), midnight(2)), [0; 0]);
    assert_eq!(hot(scene.store()).len(), 12);
    assert_eq!(files(&scene), [""; 0]);
    scene.store().save_windows(12, 0, b"windows").unwrap();
    assert_eq!(move_all(scene.store(), midnight(2)), [12]);
    assert_whole(scene.store(), &all);
}

#[test]
fn a_clock_that_was_wrong_leaves_no_row_behind() {
    let mut scene = Scene::new();
    // Three days ahead for a while, then right again; then a day back, then right again.
    let times = [(1, 0), (1, 9), (4, 10), (4, 11), (1, 12), (2, 1), (1, 2), (2, 3), (3, 4)];
    let all: Vec<Row> = (1..).zip(times).map(|(seq, (day, hour))| message(seq, midnight(day) + hour * 3600)).collect();
    write(scene.store(), &all);
    assert_eq!(move_all(scene.store(), midnight(2) + 2 * 3600), [5], "those of the future go with what is around them");
    assert_whole(scene.store(), &all);
    assert_eq!(move_all(scene.store(), midnight(4)), [3, 1]);
    assert_eq!(files(&scene), ["2027-01-16.db", "2027-01-17.db", "2027-01-18.db"]);
    assert_whole(scene.reopen(), &all);
    // Put back for good: a day that was over comes again, and gets another file.
    let more: Vec<Row> = (10..=12).map(|seq| message(seq, midnight(2) + seq)).collect();
    write(scene.store(), &more);
    assert_eq!(move_all(scene.store(), midnight(3)), [3]);
    assert_eq!(files(&scene)[1..3], ["2027-01-17.2.db", "2027-01-17.db"]);
    assert_whole(scene.reopen(), &[all, more].concat());
}

#[test]
fn a_folder_that_cannot_be_written_leaves_all_as_it_is_until_it_can() {
    let (mut scene, all) = lived(1..=2, 10);
    let folder = scene.dir.path().join("history");
    fs::write(&folder, b"a file is in the way").unwrap();
    let failed = loop {
        match scene.store().archive(&TimeZone::UTC, at(midnight(3)), 10) {
            Ok(Archived::Copying) => std::thread::yield_now(),
            other => break other,
        }
    };
    let Err(StoreError::Unavailable(why)) = failed else { panic!("{failed:?}") };
    assert!(why.contains("history"), "{why}");
    assert_eq!(hot(scene.store()).len(), 20);
    assert_whole(scene.store(), &all);
    let later = message(21, midnight(3) + 5);
    scene.store().commit(&[Unit { rows: vec![later.clone()], ..Unit::default() }]).unwrap(); // it goes on working
    // What is too old is deleted all the same.
    let forgotten = scene.store().forget(Kept::Journal, at(midnight(2)), 100).unwrap();
    assert_eq!(forgotten.deleted, 10);
    fs::remove_file(&folder).unwrap();
    assert_eq!(move_all(scene.store(), midnight(3) + 60), [10]);
    assert_whole(scene.store(), &[&all[10..], &[later]].concat());
}

#[test]
fn a_disk_that_is_full_leaves_all_as_it_is_and_no_half_file() {
    let (mut scene, all) = lived(1..=1, 500);
    scene.store().history.limit_files(10);
    let failed = loop {
        match scene.store().archive(&TimeZone::UTC, at(midnight(2)), 10) {
            Ok(Archived::Copying) => std::thread::yield_now(),
            other => break other,
        }
    };
    assert!(matches!(&failed, Err(StoreError::Unavailable(why)) if why.contains("full")), "{failed:?}");
    assert_eq!(files(&scene), [""; 0]);
    assert_whole(scene.store(), &all);
    let store = scene.reopen();
    assert_eq!(move_all(store, midnight(2)), [500]);
    assert_whole(store, &all);
}

#[test]
fn a_file_that_somebody_took_away_is_passed_over() {
    let (mut scene, all) = lived(1..=4, 10);
    move_all(scene.store(), midnight(4));
    fs::remove_file(scene.dir.path().join("history/2027-01-17.db")).unwrap();
    let store = scene.reopen();
    assert_whole(store, &[&all[..10], &all[20..]].concat());
    // And forgotten in its turn.
    let gone = store.forget(Kept::Journal, at(midnight(3)), 100).unwrap().deleted
        + store.forget(Kept::Journal, at(midnight(3)), 100).unwrap().deleted;
    assert_eq!(gone, 20);
    assert_eq!(store.history().files, 1);
    assert_eq!(files(&scene), ["2027-01-18.db"]);
}

#[test]
fn old_files_are_deleted_whole_and_strays_too() {
    let (mut scene, all) = lived(1..=4, 10);
    move_all(scene.store(), midnight(5));
    // Of another life of the store.
    fs::copy(scene.dir.path().join("history/2027-01-16.db"), scene.dir.path().join("history/2026-12-24.db")).unwrap();
    fs::write(scene.dir.path().join("history/notes.txt"), "an operator's own").unwrap();
    let store = scene.store();
    let forget = |store: &mut SqliteStore| store.forget(Kept::Journal, at(midnight(3)), 100).unwrap().looked;
    assert_eq!((forget(store), forget(store), forget(store)), (10, 10, 0));
    assert_eq!(files(&scene), ["2027-01-18.db", "2027-01-19.db", "notes.txt"]);
    assert_whole(scene.store(), &all[20..]);
    assert_eq!(scene.reopen().start().unwrap().seq, 40);
    assert_whole(scene.store(), &all[20..]);
}

/// Days that are old enough to be deleted when they are copied, as after a long time without the daemon.
#[test]
fn a_day_that_is_being_copied_is_not_deleted_by_age_meanwhile() {
    let (mut scene, all) = lived(1..=3, 5);
    let now = midnight(400);
    assert_eq!(step(scene.store(), now, 7), Archived::Copying);
    let began = std::time::Instant::now();
    while files(&scene).iter().all(|name| !name.ends_with(".db")) {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", files(&scene));
        std::thread::yield_now();
    }
    // The file is there, and no row names it yet.
    assert_eq!(scene.store().forget(Kept::Journal, at(midnight(300)), 7).unwrap().looked, 0);
    assert_whole(scene.store(), &all);
    assert_eq!(next(scene.store(), now), Archived::Copied(5));
    assert_whole(scene.store(), &all);
    assert!(check(scene.dir.path(), &super::keys(), None).unwrap().is_sound());
    move_all(scene.store(), now);
    while scene.store().forget(Kept::Journal, at(midnight(300)), 7).unwrap().looked > 0 {}
    assert!(check(scene.dir.path(), &super::keys(), None).unwrap().is_sound());
    assert_eq!((files(&scene), scene.store().journal(0, 99).unwrap()), (Vec::new(), Vec::new()));
}

#[test]
fn a_file_is_indexed_by_group_member_message_and_time() {
    let (mut scene, _) = lived(1..=1, 60);
    move_all(scene.store(), midnight(2));
    let conn = Connection::open(scene.dir.path().join("history/2027-01-16.db")).unwrap();
    let short = |key: u128| ((key >> 64) as u64).cast_signed();
    let keys = [
        ("group_key = ?1 AND sent >= 0", short(crate::domain::ids::GroupKey::new("bridge", "g1").0), 20),
        ("member_key = ?1 AND sent >= 0", short(crate::domain::ids::MemberKey::new("bridge", "g1", "u1").0), 4),
        ("message_key = ?1", short(crate::domain::core::message_key("bridge", "g1", "m-7")), 1),
    ];
    for (condition, key, expected) in keys {
        let found: i64 = conn
            .query_row(&format!("SELECT count(*) FROM journal WHERE {condition}"), [key], |row| row.get(0))
            .unwrap();
        assert_eq!(found, expected, "{condition}");
        let plan: String = conn
            .query_row(&format!("EXPLAIN QUERY PLAN SELECT body FROM journal WHERE {condition}"), [key], |row| {
                row.get(3)
            })
            .unwrap();
        assert!(plan.contains("USING INDEX journal_of_"), "{condition}: {plan}");
    }
}

#[test]
fn the_database_does_not_grow_from_day_to_day_and_what_left_it_is_overwritten() {
    let mut scene = Scene::new();
    let pages = |scene: &mut Scene| {
        scene.store().conn.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0)).unwrap()
    };
    let mut after = Vec::new();
    for day in 1..=6 {
        let rows: Vec<Row> = (0..500)
            .map(|n| Row {
                body: format!("{{\"id\":\"{day}-{n}\",\"text\":\"KEEPSAKE-{day}\"}}").into(),
                ..message((day - 1) * 500 + n + 1, midnight(day) + n)
            })
            .collect();
        write(scene.store(), &rows);
        move_all(scene.store(), midnight(day) + DAY);
        after.push(pages(&mut scene));
    }
    assert!(after[5] <= after[1] + 4, "{after:?}");
    scene.store = None; // the log is copied into the database
    let bytes = fs::read(scene.dir.path().join("qunwei.db")).unwrap();
    let text = b"KEEPSAKE-";
    assert!(!bytes.windows(text.len()).any(|window| window == text), "a deleted message is still in the file");
}

#[test]
fn a_slice_deletes_no_more_rows_than_it_may() {
    let (mut scene, _) = lived(1..=1, 100);
    loop {
        match step(scene.store(), midnight(2), 9) {
            Archived::Deleted(rows) => assert!(rows <= 9),
            Archived::Copied(_) => assert_eq!(hot(scene.store()).len(), 100),
            Archived::Copying => std::thread::sleep(Duration::from_millis(1)),
            Archived::Nothing => break,
        }
    }
    assert_eq!(hot(scene.store()), [0; 0]);
}

/// A day that is deleted by age while a backup is made is not in it, and the backup says nothing of it; one that somebody took
/// away is told.
#[test]
fn a_day_that_goes_while_a_backup_is_made() {
    use crate::store::backup::archive::Writer;
    use crate::store::backup::make::{Packed, pack, write_database};
    use crate::store::backup::{Head, back_up, restore};
    let (mut scene, all) = lived(1..=3, 10);
    move_all(scene.store(), midnight(4) + 1);
    let data = scene.dir.path().to_owned();
    let aside = tempfile::tempdir().unwrap();
    let copy = aside.path().join("qunwei.db");
    write_database(&data, &copy).unwrap();
    let copy = Connection::open(copy).unwrap();
    let days = crate::store::history::named(&copy).unwrap();
    assert_eq!(days.len(), 3);
    let forgotten = scene.store().forget(Kept::Journal, at(midnight(2)), 1000).unwrap();
    assert_eq!(forgotten.deleted, 10, "the first day is deleted by age");
    fs::remove_file(data.join("history/2027-01-17.db")).unwrap();
    let head = Head { schema: 1, version: "1".into(), at: "now".into(), ..Head::default() };
    let mut writer = Writer::new(fs::File::create(aside.path().join("packed")).unwrap(), &head).unwrap();
    let packed: Vec<Packed> = days.iter().map(|day| pack(&mut writer, &data, &copy, day).unwrap()).collect();
    assert_eq!(packed, [Packed::Deleted, Packed::Missing, Packed::Whole]);
    let left: Vec<String> = crate::store::history::named(&copy).unwrap().into_iter().map(|day| day.file).collect();
    assert_eq!(left, ["2027-01-17.db", "2027-01-18.db"], "the copy names the first day no more");

    let file = aside.path().join("whole.tar.gz");
    let made = back_up(&data, &file, at(midnight(4))).unwrap();
    assert_eq!((made.days, made.missing), (1, vec!["2027-01-17.db".to_owned()]));
    let restored = aside.path().join("restored");
    assert_eq!(restore(&file, &restored).unwrap().days, 1);
    let mut store = SqliteStore::open(&restored, sealed()).unwrap();
    assert_eq!(store.journal(0, 1000).unwrap(), all[20..]);
}

/// A file as the first version that had such files made it; not to be changed.
const FIRST_FORM: &str = "
    PRAGMA application_id = 0x51554e48;
    PRAGMA user_version = 1;
    CREATE TABLE journal (
        seq         INTEGER PRIMARY KEY,
        at          INTEGER NOT NULL,
        kind        INTEGER NOT NULL,
        platform    TEXT NOT NULL,
        time        INTEGER,
        body        TEXT NOT NULL,
        sent        INTEGER,
        group_key   INTEGER,
        member_key  INTEGER,
        message_key INTEGER
    ) STRICT;
    INSERT INTO journal (seq, at, kind, platform, time, body, sent, group_key, member_key, message_key)
        SELECT seq, at, kind, platform, time, body, sent, group_key, member_key, message_key FROM newest.journal;
    CREATE INDEX journal_of_group ON journal (group_key, sent) WHERE group_key IS NOT NULL;
    CREATE INDEX journal_of_member ON journal (member_key, sent) WHERE member_key IS NOT NULL;
    CREATE INDEX journal_of_message ON journal (message_key) WHERE message_key IS NOT NULL;";

/// A store that is not sealed, with its first day in a file, and what is in both.
fn moved() -> (Scene, Vec<Row>, std::path::PathBuf) {
    let (dir, options) = (tempfile::tempdir().unwrap(), Options::default());
    let mut store = SqliteStore::open(dir.path(), options.clone()).unwrap();
    let times = (1..=2).flat_map(|day| (0..20).map(move |n| midnight(day) + n * 60));
    let all: Vec<Row> = (1..).zip(times).map(|(seq, time)| message(seq, time)).collect();
    write(&mut store, &all);
    assert_eq!(move_all(&mut store, midnight(3) - 1), [20]);
    let file = dir.path().join("history/2027-01-16.db");
    (Scene { dir, options, store: Some(store) }, all, file)
}

#[test]
fn a_file_of_the_first_form_is_read_erased_from_and_sealed() {
    let (mut scene, all, file) = moved();
    scene.store = None;
    let newest = file.with_extension("newest");
    fs::rename(&file, &newest).unwrap();
    let old = Connection::open(&file).unwrap();
    old.execute("ATTACH ?1 AS newest", [newest.to_str().unwrap()]).unwrap();
    old.execute_batch(FIRST_FORM).unwrap();
    drop(old);
    fs::remove_file(newest).unwrap();
    assert_whole(scene.reopen(), &all);
    assert!(check(scene.dir.path(), &Keyring::none(), None).unwrap().is_sound());
    let person = crate::ports::Person { platform: "bridge".into(), user: "u1".into() };
    let no = scene.store().erase(&person, "lili", at(8)).unwrap().no;
    let erased = super::erase::finish(scene.store(), no);
    assert_eq!((erased.rows["history"], erased.rows["journal"]), (4, 4), "{erased:?}");
    assert!(!fs::read(&file).unwrap().windows(4).any(|window| window == br#""u1""#));
    let left = scene.store().journal(0, 1000).unwrap();
    scene.store = None;
    assert_eq!(reseal(scene.dir.path(), &keys(), false).unwrap().files, 1);
    scene.options.keys = keys();
    assert_eq!(left.len(), all.len());
    assert_whole(scene.reopen(), &left);
}

#[test]
fn a_file_of_a_later_form_is_refused_by_name_and_left_as_it_is() {
    let (mut scene, all, file) = moved();
    scene.store = None;
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 2).unwrap();
    let before = fs::read(&file).unwrap();
    let said = |what: &dyn std::fmt::Display| {
        let said = what.to_string();
        assert!(said.contains("2027-01-16.db") && said.contains("newer Qunwei (form 2; this one knows 1)"), "{said}");
    };
    said(&scene.reopen().journal(0, 1000).unwrap_err());
    said(&scene.store().journal_before(1000, 1000).unwrap_err());
    assert_eq!(scene.store().journal(20, 1000).unwrap(), all[20..], "what is in the database is read");
    let checked = check(scene.dir.path(), &Keyring::none(), None).unwrap();
    assert!(!checked.is_sound());
    said(&checked.lines.iter().map(|line| format!("{} {}\n", line.what, line.said)).collect::<String>());
    scene.store = None;
    said(&reseal(scene.dir.path(), &keys(), false).unwrap_err());
    assert!(fs::read(&file).unwrap() == before, "it was left as it is");
}
