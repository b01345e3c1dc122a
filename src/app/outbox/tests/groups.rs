//! The pace of each group on a platform.

use std::collections::HashMap;
use std::num::NonZeroU32;

use super::*;

fn paced(per_group: u32, per_second: f64) -> Outbox {
    let pace = Pace { per_second, per_group: NonZeroU32::new(per_group), ..pace(true) };
    Outbox::new([("p".into(), pace)], 1000, NOW)
}

fn in_group(group: &str, id: &str, lane: Lane) -> Arc<Action> {
    let mut action = action(id, lane, What::Send { text: "好".to_owned(), mentions: Vec::new() });
    Arc::make_mut(&mut action).group = group.into();
    action
}

/// Takes all that may go from `from` for so many seconds to its end; when each went, in seconds.
fn goes(outbox: &mut Outbox, seconds: u64) -> Vec<(u64, String)> {
    let mut gone = Vec::new();
    for tick in 0..=seconds * 10 {
        let now = NOW.plus(Duration::from_millis(100 * tick));
        gone.extend(drain(outbox, now).into_iter().map(|id| (tick / 10, id)));
    }
    gone
}

#[test]
fn a_group_with_much_to_do_keeps_to_its_pace_and_holds_no_other_back() {
    let mut outbox = paced(20, 1000.0);
    for at in 0..200 {
        outbox.push(in_group("busy", &format!("busy {at:03}"), Lane::Notice));
    }
    outbox.push(in_group("calm", "calm", Lane::Notice));
    let gone = goes(&mut outbox, 180);
    assert_eq!(gone.iter().find(|(_, id)| id == "calm").map(|(at, _)| *at), Some(0), "it waits for nobody");
    let busy: Vec<_> = gone.iter().filter(|(_, id)| id.starts_with("busy")).collect();
    for start in 0..120 {
        let in_minute = busy.iter().filter(|(at, _)| (start..start + 60).contains(at)).count();
        assert!((16..=20).contains(&in_minute), "{in_minute} in the minute from {start}");
    }
    assert!(busy.is_sorted_by_key(|(_, id)| id), "in their order: {busy:?}");
}

#[test]
fn within_a_group_the_lanes_still_go_in_order() {
    let mut outbox = paced(6, 1000.0);
    for at in 0..10 {
        outbox.push(in_group("g1", &format!("notice {at}"), Lane::Notice));
    }
    assert_eq!(drain(&mut outbox, NOW), ["notice 0"]);
    assert!(outbox.only_waits(NOW), "the rest waits for the group");
    outbox.push(unmute("unmute", "u1"));
    outbox.push(in_group("g1", "penalty", Lane::Penalty));
    let later = goes(&mut outbox, 60);
    assert_eq!(later[0].1, "unmute", "{later:?}");
    assert_eq!(later[1].1, "penalty", "{later:?}");
    assert!(later[0].0 > 0, "the group had had enough: {later:?}");
}

#[test]
fn what_waits_for_its_group_takes_nothing_from_the_platform() {
    let mut outbox = paced(3, 1.0);
    for at in 0..5 {
        outbox.push(in_group("busy", &format!("busy {at}"), Lane::Penalty));
    }
    for at in 0..5 {
        outbox.push(in_group(&format!("g{at}"), &format!("calm {at}"), Lane::Notice));
    }
    let gone = goes(&mut outbox, 5);
    let order: Vec<&str> = gone.iter().map(|(_, id)| id.as_str()).collect();
    assert_eq!(order, ["busy 0", "calm 0", "calm 1", "calm 2", "calm 3", "calm 4"], "one each second");
}

#[test]
fn what_waits_for_its_group_expires_at_its_time_and_is_not_recorded_as_tried() {
    let pace = Pace { per_group: NonZeroU32::new(1), ..pace(false) };
    let mut outbox = Outbox::new([("p".into(), pace)], 1000, NOW);
    for (id, user) in [("a", "u1"), ("b", "u2")] {
        outbox.push(tell(id, user));
    }
    assert_eq!(step(&mut outbox, NOW), ["record a"], "b was not tried");
    outbox.recorded(&"a".into(), "{}".into());
    assert_eq!(step(&mut outbox, NOW), ["try a"]);
    finish(&mut outbox, "a", NOW);
    assert_eq!(step(&mut outbox, NOW.plus(NOTICE_DEADLINE)), ["expired b"]);
}

#[test]
fn another_pace_lets_go_what_waited_for_the_old_one() {
    let mut outbox = paced(1, 1000.0);
    for at in 0..5 {
        outbox.push(in_group("g1", &format!("{at}"), Lane::Notice));
    }
    assert_eq!(drain(&mut outbox, NOW), ["0"]);
    let free = HashMap::from([(Arc::from("p"), pace(true))]);
    outbox.configure(&free, &HashSet::new());
    assert_eq!(drain(&mut outbox, NOW), ["1", "2", "3", "4"]);
}
