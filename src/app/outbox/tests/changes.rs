//! Platforms that come, go and change while the daemon runs.

use super::*;

fn configure(outbox: &mut Outbox, platforms: &[(&str, bool)], afresh: &[&str]) {
    let platforms = platforms.iter().map(|(name, idempotent)| (Arc::from(*name), pace(*idempotent))).collect();
    outbox.configure(&platforms, &afresh.iter().map(|name| Arc::from(*name)).collect());
}

#[test]
fn what_is_left_of_a_platform_waits_for_its_deadline_and_goes_when_it_is_back() {
    let mut outbox = outbox(true);
    outbox.push(tell("a", "u1"));
    assert_eq!(step(&mut outbox, NOW), ["try a"]);
    configure(&mut outbox, &[("q", true)], &[]);
    assert_eq!(outbox.wellness("p"), None);
    assert_eq!(answer(&mut outbox, "a", Reply::Disabled, NOW), None, "an answer that comes late");
    outbox.push(tell("b", "u2"));
    assert_eq!(step(&mut outbox, NOW.plus(HOUR)), [""; 0]);
    configure(&mut outbox, &[("p", true)], &[]);
    assert_eq!(outbox.wellness("p"), Some(Wellness::Well));
    assert_eq!(step(&mut outbox, NOW.plus(HOUR)), ["try a", "try b"]);
    configure(&mut outbox, &[], &[]);
    answer(&mut outbox, "a", retry(None), NOW.plus(HOUR));
    answer(&mut outbox, "b", Reply::Done { message: None }, NOW.plus(HOUR));
    assert_eq!(step(&mut outbox, NOW.plus(NOTICE_DEADLINE)), ["expired a"], "what was done was done");
}

#[test]
fn a_platform_that_wants_no_more_is_asked_again_once_it_is_another() {
    let mut outbox = outbox(true);
    outbox.push(tell("a", "u1"));
    assert_eq!(step(&mut outbox, NOW), ["try a"]);
    answer(&mut outbox, "a", Reply::Disabled, NOW);
    configure(&mut outbox, &[("p", true)], &[]);
    assert_eq!(outbox.wellness("p"), Some(Wellness::Disabled), "nothing of it changed");
    assert_eq!(step(&mut outbox, NOW.plus(60 * SECOND)), [""; 0]);
    configure(&mut outbox, &[("p", true)], &["p"]);
    assert_eq!(step(&mut outbox, NOW.plus(60 * SECOND)), ["try a"]);
}

#[test]
fn what_may_have_happened_is_not_repeated_where_ids_are_no_longer_dropped() {
    let mut outbox = outbox(true);
    outbox.push(tell("a", "u1"));
    assert_eq!(step(&mut outbox, NOW), ["try a"]);
    answer(&mut outbox, "a", unknown(), NOW);
    configure(&mut outbox, &[("p", false)], &["p"]);
    assert_eq!(step(&mut outbox, NOW.plus(SECOND)), ["uncertain a"]);
}

#[test]
fn another_pace_holds_from_the_next_action_on() {
    let mut outbox = outbox(true);
    let slow = HashMap::from([(Arc::from("p"), Pace { per_second: 1.0, ..pace(true) })]);
    outbox.configure(&slow, &HashSet::new());
    for id in ["a", "b"] {
        outbox.push(delete(id));
    }
    assert_eq!(step(&mut outbox, NOW), ["try a"]);
    configure(&mut outbox, &[("p", true)], &[]);
    assert!(!outbox.only_waits(NOW));
    assert_eq!(step(&mut outbox, NOW), ["try b"]);
}
