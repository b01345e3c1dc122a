//! Actions that a bot fetches.

use super::*;

fn fetching(idempotent: bool) -> Outbox {
    Outbox::new([("p".into(), Pace { pulls: true, ..pace(idempotent) })], 1000, NOW)
}

/// What a poll gets; what is to be recorded first is recorded.
fn fetch(outbox: &mut Outbox, most: usize, now: Timestamp) -> Vec<String> {
    let (mut leased, jobs) = outbox.lease("p", most, now);
    for job in jobs {
        let Job::Attempt { action, body } = job else { panic!("no attempt: {job:?}") };
        outbox.recorded(&action.id, body);
    }
    leased.extend(outbox.lease("p", most - leased.len(), now).0);
    Leased::sort(&mut leased);
    leased.iter().map(|one| one.action.id.to_string()).collect()
}

fn ack(outbox: &mut Outbox, id: &str, reply: Reply, now: Timestamp) -> String {
    match outbox.acked("p", &id.into(), reply, now) {
        Acked::Taken(None) => "taken".to_owned(),
        Acked::Taken(Some(job)) => match *job {
            Job::Outcome { outcome, .. } => outcome.state().to_owned(),
            job => panic!("{job:?}"),
        },
        Acked::Ending => "ending".to_owned(),
        Acked::NotHere => "not here".to_owned(),
    }
}

fn refused() -> Reply {
    Reply::Refused { error: "no such member".to_owned() }
}

#[test]
fn actions_wait_to_be_fetched_and_come_in_their_order() {
    let mut outbox = fetching(true);
    outbox.push(tell("penalty", "u1"));
    outbox.push(mute("mute", "u2"));
    outbox.push(unmute("after the mute", "u2"));
    outbox.push(unmute("unmute", "u3"));
    assert_eq!(step(&mut outbox, NOW), Vec::<String>::new());
    assert!(outbox.only_waits(NOW));
    assert_eq!(fetch(&mut outbox, 2, NOW), ["unmute", "penalty"]);
    assert_eq!(fetch(&mut outbox, 50, NOW), ["mute"], "none is handed out twice, and no inverse overtakes");
    assert_eq!(fetch(&mut outbox, 50, NOW), Vec::<String>::new());
    assert_eq!(ack(&mut outbox, "mute", done(), NOW), "done");
    assert_eq!(ack(&mut outbox, "mute", done(), NOW), "ending");
    assert_eq!(fetch(&mut outbox, 50, NOW), Vec::<String>::new(), "the end of the mute is not recorded yet");
    outbox.ended(&"mute".into());
    assert_eq!(ack(&mut outbox, "mute", done(), NOW), "not here");
    assert_eq!(fetch(&mut outbox, 50, NOW), ["after the mute"]);
}

#[test]
fn what_is_cancelled_twice_while_a_bot_has_it_ends_with_its_lease() {
    let mut outbox = fetching(true);
    outbox.push(tell("a", "u1"));
    outbox.push(tell("b", "u1"));
    assert_eq!(fetch(&mut outbox, 9, NOW), ["a"]);
    outbox.ended(&"a".into());
    outbox.ended(&"a".into());
    assert_eq!(fetch(&mut outbox, 9, NOW), Vec::<String>::new(), "what comes after it waits for its answer");
    assert_eq!(step(&mut outbox, NOW.plus(LEASE)), ["uncertain a"]);
    outbox.ended(&"a".into());
    assert_eq!(fetch(&mut outbox, 9, NOW.plus(LEASE)), ["b"]);
}

#[test]
fn a_lease_that_is_over_hands_it_out_again_where_a_repeated_id_is_dropped() {
    let mut outbox = fetching(true);
    outbox.push(tell("a", "u1"));
    assert_eq!(fetch(&mut outbox, 50, NOW), ["a"]);
    let over = NOW.plus(LEASE);
    assert_eq!(step(&mut outbox, Timestamp(over.0 - 1)), Vec::<String>::new());
    assert_eq!(fetch(&mut outbox, 50, Timestamp(over.0 - 1)), Vec::<String>::new());
    assert_eq!(step(&mut outbox, over), Vec::<String>::new());
    assert_eq!(fetch(&mut outbox, 50, over.plus(SECOND)), ["a"]);
    assert_eq!(ack(&mut outbox, "a", done(), over.plus(SECOND)), "done");
}

#[test]
fn a_lease_that_is_over_is_an_unknown_outcome_where_it_is_not() {
    let mut outbox = fetching(false);
    outbox.push(tell("a", "u1"));
    outbox.push(unmute("b", "u2"));
    assert_eq!(fetch(&mut outbox, 50, NOW), ["b", "a"]);
    assert_eq!(step(&mut outbox, NOW.plus(LEASE)), ["uncertain a"]);
    assert_eq!(fetch(&mut outbox, 50, NOW.plus(LEASE).plus(SECOND)), ["b"], "an unmute may be repeated");
}

#[test]
fn what_a_bot_says_late_is_the_truth() {
    for (reply, end) in [(done(), "done"), (refused(), "failed"), (retry(None), "taken")] {
        let mut outbox = fetching(true);
        outbox.push(tell("a", "u1"));
        outbox.push(tell("b", "u1"));
        assert_eq!(fetch(&mut outbox, 50, NOW), ["a"]);
        step(&mut outbox, NOW.plus(LEASE));
        assert_eq!(ack(&mut outbox, "a", reply, NOW.plus(LEASE)), end);
        if end != "taken" {
            outbox.ended(&"a".into());
        }
        let next = if end == "taken" { "a" } else { "b" };
        assert_eq!(fetch(&mut outbox, 50, NOW.plus(LEASE).plus(SECOND)), [next], "{end}");
    }
    // After a restart nobody remembers that it was handed out.
    let mut outbox = fetching(true);
    outbox.refill(&"p".into(), vec![pending(1, tell("a", "u1"), None)], 1000);
    assert_eq!(ack(&mut outbox, "a", done(), NOW), "done");
    outbox.ended(&"a".into());
    assert!(outbox.is_empty());
}

#[test]
fn what_failed_for_now_is_handed_out_after_a_while() {
    let mut outbox = fetching(true);
    outbox.push(tell("a", "u1"));
    assert_eq!(fetch(&mut outbox, 50, NOW), ["a"]);
    assert_eq!(ack(&mut outbox, "a", retry(None), NOW), "taken");
    assert_eq!(fetch(&mut outbox, 50, NOW), Vec::<String>::new());
    assert_eq!(fetch(&mut outbox, 50, NOW.plus(SECOND)), ["a"]);
}

#[test]
fn another_platforms_word_counts_for_nothing() {
    let mut outbox = fetching(true);
    outbox.push(tell("a", "u1"));
    assert_eq!(fetch(&mut outbox, 50, NOW), ["a"]);
    assert!(matches!(outbox.acked("q", &"a".into(), done(), NOW), Acked::NotHere));
    assert_eq!(ack(&mut outbox, "a", done(), NOW), "done");
}

#[test]
fn what_is_cancelled_while_a_bot_has_it_waits_for_its_word() {
    for (reply, end) in [(done(), "done"), (refused(), "cancelled"), (retry(None), "cancelled")] {
        let mut outbox = fetching(true);
        outbox.push(mute("mute", "u1"));
        assert_eq!(fetch(&mut outbox, 50, NOW), ["mute"]);
        outbox.ended(&"mute".into());
        outbox.push(unmute("unmute", "u1"));
        assert_eq!(fetch(&mut outbox, 50, NOW), Vec::<String>::new(), "it must not overtake");
        assert_eq!(ack(&mut outbox, "mute", reply, NOW), end);
        outbox.ended(&"mute".into());
        assert_eq!(fetch(&mut outbox, 50, NOW), ["unmute"]);
    }
    let mut outbox = fetching(true);
    outbox.push(mute("mute", "u1"));
    outbox.push(tell("b", "u2"));
    assert_eq!(fetch(&mut outbox, 1, NOW), ["mute"]);
    outbox.ended(&"mute".into());
    outbox.ended(&"b".into());
    assert_eq!(fetch(&mut outbox, 50, NOW), Vec::<String>::new(), "what nobody has is not handed out any more");
    assert_eq!(step(&mut outbox, NOW.plus(LEASE)), ["uncertain mute"]);
}

#[test]
fn what_did_not_reach_the_bot_is_as_if_it_had_not_been_handed_out() {
    let mut outbox = fetching(false);
    outbox.push(tell("a", "u1"));
    outbox.push(tell("b", "u2"));
    let jobs = outbox.lease("p", 50, NOW).1;
    for job in jobs {
        let Job::Attempt { action, body } = job else { panic!("{job:?}") };
        outbox.recorded(&action.id, body);
    }
    let (leased, _) = outbox.lease("p", 50, NOW);
    outbox.ended(&"b".into()); // cancelled meanwhile
    let jobs = outbox.give_back(&leased, NOW);
    assert!(matches!(&jobs[..], [Job::Outcome { outcome: Outcome::Cancelled, .. }]), "{jobs:?}");
    outbox.ended(&"b".into());
    assert_eq!(fetch(&mut outbox, 50, NOW), ["a"]);
    assert_eq!(step(&mut outbox, NOW.plus(LEASE)), ["uncertain a"], "the lease is that of the second time");
}

#[test]
fn after_a_restart_a_bot_may_still_have_what_was_recorded_as_tried() {
    let rows = || {
        let rows = [(1, tell("a", "u1"), Some("{}")), (2, tell("b", "u2"), None), (3, unmute("c", "u3"), Some("{}"))];
        rows.map(|(order, action, attempted)| pending(order, action, attempted)).to_vec()
    };
    let mut once = fetching(false);
    once.refill(&"p".into(), rows(), 1000);
    assert_eq!(fetch(&mut once, 50, NOW), ["c", "b"]);
    assert_eq!(ack(&mut once, "a", done(), NOW), "done");

    let mut once = fetching(false);
    once.refill(&"p".into(), rows(), 1000);
    assert_eq!(step(&mut once, NOW.plus(LEASE)), ["uncertain a"], "unless it says nothing for a lease's time");

    let mut idempotent = fetching(true);
    idempotent.refill(&"p".into(), rows(), 1000);
    assert_eq!(fetch(&mut idempotent, 50, NOW), ["c", "a", "b"]);
}

#[test]
fn what_nobody_fetches_expires_at_its_time() {
    let mut outbox = fetching(true);
    outbox.push(tell("a", "u1"));
    outbox.push(tell("b", "u1"));
    assert_eq!(step(&mut outbox, NOW.plus(NOTICE_DEADLINE)), ["expired a"]);
    outbox.ended(&"a".into());
    assert_eq!(step(&mut outbox, NOW.plus(NOTICE_DEADLINE)), ["expired b"]);
}

#[test]
fn a_bot_that_fetches_nothing_is_noticed_when_something_waits() {
    let mut outbox = fetching(true);
    let minutes = |count: u32| NOW.plus(count * 60 * SECOND);
    step(&mut outbox, minutes(60));
    assert_eq!(outbox.wellness("p"), Some(Wellness::Well), "nothing waits");
    outbox.push(tell("a", "u1"));
    step(&mut outbox, minutes(60));
    step(&mut outbox, minutes(64));
    assert_eq!(outbox.wellness("p"), Some(Wellness::Well));
    step(&mut outbox, minutes(65));
    assert_eq!(outbox.wellness("p"), Some(Wellness::Unpolled));
    assert_eq!(fetch(&mut outbox, 50, minutes(65)), ["a"]);
    assert_eq!(outbox.wellness("p"), Some(Wellness::Well));
}

#[test]
fn the_pace_holds_for_what_is_fetched() {
    let slow = Pace { pulls: true, per_second: 2.0, ..pace(false) };
    let mut outbox = Outbox::new([("p".into(), slow)], 1000, NOW);
    for at in 0..10 {
        outbox.push(tell(&at.to_string(), &at.to_string()));
    }
    assert_eq!(fetch(&mut outbox, 50, NOW), ["0", "1"]);
    assert_eq!(fetch(&mut outbox, 50, NOW), Vec::<String>::new());
    assert_eq!(fetch(&mut outbox, 50, NOW.plus(SECOND)), ["2", "3"]);
}
