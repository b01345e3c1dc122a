//! Which events were seen: across segments, restarts, kills and failures.

use std::time::Duration;

use super::*;
use crate::store::filter::Filter;

fn small() -> Options {
    Options { seen: SeenLimits { keys: 10, ..SeenLimits::default() }, ..Options::default() }
}

fn tables(store: &SqliteStore) -> (u64, u64) {
    let rows = |table| store.counts().unwrap().into_iter().find(|count| count.table == table).unwrap().rows;
    (rows("seen_log"), rows("seen_segments"))
}

/// Which of the first hundred keys are known.
fn known(store: &mut SqliteStore) -> Vec<u64> {
    (1..100)
        .filter(|n| {
            let found = store.seen(key(*n)).unwrap();
            assert!(found.is_none_or(|body| body == key(*n).body));
            found.is_some()
        })
        .collect()
}

#[test]
fn keys_are_known_at_every_step_and_after_a_kill_there() {
    let mut scene = Scene::with(small());
    for n in 1..=35 {
        scene.store().commit(&[plain(n)]).unwrap();
        let expected: Vec<u64> = (1..=n).collect();
        assert_eq!(known(scene.store()), expected);
        let (_copy, mut store) = scene.killed();
        assert_eq!(known(&mut store), expected, "after a kill at {n}");
        if n % 7 == 0 {
            assert_eq!(known(scene.reopen()), expected, "after a restart at {n}");
        }
    }
    assert_eq!(tables(scene.store()), (5, 3));
}

#[test]
fn the_first_body_wins() {
    let mut scene = Scene::with(small());
    scene.store().commit(&[plain(1)]).unwrap();
    let other = SeenKey { body: key(1).body ^ 1, ..key(1) };
    assert_eq!(scene.store().seen(other).unwrap(), Some(key(1).body), "the same event with another body");
    scene.store().commit(&[Unit { seen: vec![other], ..plain(2) }]).unwrap();
    assert_eq!(scene.store().seen(other).unwrap(), Some(key(1).body));
    assert_eq!(scene.reopen().seen(other).unwrap(), Some(key(1).body));
}

#[test]
fn a_failed_commit_closes_nothing() {
    let mut scene = Scene::with(small());
    let units: Vec<Unit> = (1..=10).map(plain).collect();
    scene.store().commit(&units).unwrap();
    assert_eq!(tables(scene.store()), (1, 0));
    // Would close the segment, then fails on its last change.
    let bad = Unit { changes: vec![Change::Evidence(Box::new(evidence(9, "m", "r")))], ..plain(11) };
    assert!(scene.store().commit(&[bad]).is_err());
    assert_eq!(tables(scene.store()), (1, 0));
    assert_eq!(known(scene.store()), (1..=10).collect::<Vec<_>>());
    scene.store().commit(&[plain(11)]).unwrap();
    assert_eq!(tables(scene.store()), (1, 1));
    assert_eq!(known(scene.store()), (1..=11).collect::<Vec<_>>());
    assert_eq!(known(scene.reopen()), (1..=11).collect::<Vec<_>>());
}

#[test]
fn a_segment_closes_by_its_age() {
    let mut scene = Scene::with(Options {
        seen: SeenLimits { time: Duration::from_secs(60), ..Default::default() },
        ..Options::default()
    });
    for (n, closed) in [(1, 0), (60, 0), (61, 1), (120, 1), (121, 2)] {
        scene.store().commit(&[plain(n)]).unwrap();
        assert_eq!(tables(scene.store()).1, closed, "at {n} s");
    }
}

#[test]
fn old_keys_are_forgotten_by_segments() {
    let mut scene = Scene::with(small());
    for n in 1..=25 {
        scene.store().commit(&[plain(n)]).unwrap(); // 1–10, 11–20 and, still open, 21–25
    }
    let rows = [(10, 1), (11, 11), (20, 11), (21, 21), (25, 21)];
    for (before, first) in rows {
        scene.store().forget_seen(at(before)).unwrap();
        let expected: Vec<u64> = (first..=25).collect();
        assert_eq!(known(scene.store()), expected, "before {before}");
        assert_eq!(known(scene.reopen()), expected, "before {before}, after a restart");
    }
    scene.store().forget_seen(at(26)).unwrap();
    assert_eq!(tables(scene.store()), (0, 0));
    let left = scene.store().counts().unwrap().into_iter().find(|count| count.table == "seen_buckets").unwrap();
    assert_eq!(left.rows, 0);
    scene.store().commit(&[plain(26)]).unwrap();
    assert_eq!(known(scene.reopen()), [26]);
}

#[test]
fn filters_are_bounded_and_the_oldest_is_shed() {
    let mut options = small();
    options.seen.filters = 3 * 64; // ten keys take one block of 64 bytes
    let mut scene = Scene::with(options);
    for n in 1..=51 {
        scene.store().commit(&[plain(n)]).unwrap(); // five closed, the last open
    }
    assert_eq!(scene.store().counters().shed_segments, 2);
    assert_eq!(tables(scene.store()), (1, 3));
    let expected: Vec<u64> = (21..=51).collect();
    assert_eq!(known(scene.store()), expected);
    assert_eq!(known(scene.reopen()), expected);
    scene.options.seen.filters = 64;
    assert_eq!(known(scene.reopen()), (41..=51).collect::<Vec<_>>(), "a lower limit holds at once");
    assert_eq!(scene.store().counters().shed_segments, 2);
    for n in 52..=61 {
        scene.store().commit(&[plain(n)]).unwrap();
    }
    assert_eq!(tables(scene.store()), (1, 1), "and its rows are gone at the next close");
}

#[test]
fn segments_that_did_not_fit_into_memory_are_forgotten_with_the_others() {
    let mut scene = Scene::with(small());
    for n in 1..=31 {
        scene.store().commit(&[plain(n)]).unwrap();
    }
    scene.options.seen.filters = 64;
    scene.reopen();
    assert_eq!(tables(scene.store()), (1, 3));
    scene.store().forget_seen(at(31)).unwrap();
    assert_eq!(tables(scene.store()), (1, 0));
    assert_eq!(known(scene.store()), [31]);
}

#[test]
fn a_commit_larger_than_a_segment_is_one_segment() {
    let mut scene = Scene::with(small());
    let units: Vec<Unit> = (1..=99).map(plain).collect();
    scene.store().commit(&units).unwrap();
    scene.store().commit(&[plain(100)]).unwrap();
    assert_eq!(known(scene.store()), (1..=99).collect::<Vec<_>>());
    assert_eq!(tables(scene.reopen()), (1, 1));
}

#[test]
fn a_filter_never_denies_and_seldom_errs() {
    let keys: Vec<u128> = (0..20_000).map(|n| key(n).id).collect();
    for size in [0, 1, 20_000] {
        let filter = Filter::of(&keys[..size]);
        let stored = Filter::from_bytes(&filter.to_bytes());
        for filter in [&filter, &stored] {
            assert!(keys[..size].iter().all(|key| filter.may_hold(*key)));
            let wrong = (100_000..200_000).filter(|n| filter.may_hold(key(*n).id)).count();
            assert!(wrong < 1000, "{wrong} of 100,000 wrong with {size} keys");
        }
        assert_eq!(filter.size(), stored.size());
    }
    assert!(!Filter::from_bytes(&[]).may_hold(key(1).id));
    for length in 0..200 {
        let damaged = Filter::from_bytes(&vec![0xff; length]);
        assert_eq!(damaged.may_hold(key(1).id), length >= 64, "what is no whole block is nothing: {length} bytes");
    }
}
