//! What the outbox does, step by step.

use std::collections::BTreeSet;

use super::*;
use crate::domain::action::{Cause, Lane, NOTICE_DEADLINE};
use crate::domain::image::Image;
use crate::ports::Pending;

mod changes;
mod groups;
mod leases;
mod limits;
mod restarts;
mod room;

const NOW: Timestamp = Timestamp(1_795_395_600_000);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn outbox(idempotent: bool) -> Outbox {
    limited(idempotent, 1000)
}

fn limited(idempotent: bool, limit: usize) -> Outbox {
    Outbox::new([("p".into(), pace(idempotent))], limit, NOW)
}

fn pace(idempotent: bool) -> Pace {
    Pace { idempotent, per_second: 1000.0, per_group: None, pulls: false }
}

fn action(id: &str, lane: Lane, what: What) -> Arc<Action> {
    let deadline = match &what {
        What::Mute { until, .. } => *until,
        _ => NOW.plus(NOTICE_DEADLINE),
    };
    Arc::new(Action {
        id: id.into(),
        platform: "p".into(),
        group: "g1".into(),
        what,
        time: NOW,
        offset: 28_800,
        cause: Cause::default(),
        lane,
        deadline,
        observe: false,
        told_by: None,
        inverse: None,
        notifies: Vec::new(),
    })
}

fn tell(id: &str, user: &str) -> Arc<Action> {
    action(id, Lane::Penalty, What::Private { user: user.into(), text: "您好".into() })
}

fn mute(id: &str, user: &str) -> Arc<Action> {
    let until = NOW.plus(HOUR);
    action(id, Lane::Penalty, What::Mute { user: user.into(), seconds: 3600, until })
}

fn unmute(id: &str, user: &str) -> Arc<Action> {
    action(id, Lane::Undo, What::Unmute { user: user.into() })
}

fn delete(id: &str) -> Arc<Action> {
    action(id, Lane::Penalty, What::Delete { message: format!("m-{id}").into() })
}

/// What a step does, in words: `try a`, `record a`, or the end it comes to.
fn step(outbox: &mut Outbox, now: Timestamp) -> Vec<String> {
    let word = |due: Due| match due {
        Due::Perform { action, .. } => format!("try {}", action.id),
        Due::Tell(Job::Attempt { action, .. }) => format!("record {}", action.id),
        Due::Tell(Job::Outcome { action, outcome }) => format!("{} {}", outcome.state(), action.id),
        Due::Tell(_) => "no business of the outbox".to_owned(),
    };
    outbox.step(now).into_iter().map(word).collect()
}

fn bodies(dues: Vec<Due>) -> Vec<(ActionId, Arc<str>)> {
    let body = |due| match due {
        Due::Perform { action, body } | Due::Tell(Job::Attempt { action, body }) => Some((action.id.clone(), body)),
        Due::Tell(_) => None,
    };
    dues.into_iter().filter_map(body).collect()
}

/// The platform has answered; what the engine is told, in words.
fn answer(outbox: &mut Outbox, id: &str, reply: Reply, now: Timestamp) -> Option<String> {
    match outbox.replied(&id.into(), reply, now)? {
        Job::Outcome { outcome, .. } => Some(outcome.state().to_owned()),
        Job::Untried { .. } => Some("untried".to_owned()),
        _ => panic!("no business of the outbox"),
    }
}

fn done() -> Reply {
    Reply::Done { message: None }
}

fn retry(after: Option<Duration>) -> Reply {
    Reply::Retry { after, error: "HTTP 503".to_owned() }
}

fn unknown() -> Reply {
    Reply::Unknown { error: "no answer".to_owned() }
}

/// Done, and the engine has recorded it.
fn finish(outbox: &mut Outbox, id: &str, now: Timestamp) {
    assert_eq!(answer(outbox, id, done(), now).as_deref(), Some("done"));
    outbox.ended(&id.into());
}

/// Takes every action to its end as soon as it is tried; the order of the tries.
fn drain(outbox: &mut Outbox, now: Timestamp) -> Vec<String> {
    let mut order = Vec::new();
    loop {
        let dues = outbox.step(now);
        if dues.is_empty() {
            return order;
        }
        for due in dues {
            match due {
                Due::Perform { action, .. } => {
                    order.push(action.id.to_string());
                    finish(outbox, &action.id, now);
                }
                Due::Tell(Job::Attempt { action, body }) => outbox.recorded(&action.id, body),
                Due::Tell(Job::Outcome { action, .. }) => outbox.ended(&action.id),
                Due::Tell(_) => panic!("no business of the outbox"),
            }
        }
    }
}

fn pending(order: u64, action: Arc<Action>, attempted: Option<&str>) -> Pending {
    Pending { order, action, attempted: attempted.map(Arc::from) }
}

#[test]
fn lanes_go_in_order_and_within_a_lane_who_came_first() {
    let mut outbox = outbox(true);
    let said = |id: &str, lane| action(id, lane, What::Send { text: "好".to_owned(), mentions: Vec::new() });
    for (id, lane) in [
        ("notice", Lane::Notice),
        ("welcome", Lane::Welcome),
        ("penalty 1", Lane::Penalty),
        ("reply", Lane::Reply),
        ("penalty 2", Lane::Penalty),
    ] {
        outbox.push(said(id, lane));
    }
    outbox.push(unmute("unmute", "u1"));
    let order = ["unmute", "reply", "penalty 1", "penalty 2", "welcome", "notice"];
    assert_eq!(step(&mut outbox, NOW), order.map(|id| format!("try {id}")));
}

#[test]
fn what_is_done_to_one_member_goes_one_after_the_other() {
    let mut outbox = outbox(true);
    outbox.push(tell("a", "u1"));
    outbox.push(tell("b", "u1"));
    outbox.push(tell("c", "u2"));
    outbox.push(delete("d"));
    assert_eq!(step(&mut outbox, NOW), ["try a", "try c", "try d"], "b waits for a; a deletion waits for nobody");
    assert_eq!(answer(&mut outbox, "a", retry(None), NOW), None);
    assert_eq!(step(&mut outbox, NOW), Vec::<String>::new(), "b waits while a is tried again");
    finish(&mut outbox, "c", NOW);
    finish(&mut outbox, "d", NOW);
    let later = NOW.plus(2 * SECOND);
    assert_eq!(step(&mut outbox, later), ["try a"]);
    assert_eq!(answer(&mut outbox, "a", done(), later).as_deref(), Some("done"));
    assert_eq!(step(&mut outbox, later), Vec::<String>::new(), "b waits until the end of a is recorded");
    outbox.ended(&"a".into());
    assert_eq!(step(&mut outbox, later), ["try b"]);
}

#[test]
fn the_word_before_a_removal_goes_first_and_holds_it_up_no_longer_than_an_attempt() {
    let word = |step: &str| {
        let mut word = Action::clone(&tell("word", "u1"));
        word.cause.step = Some(step.into());
        Arc::new(word)
    };
    let remove = || action("remove", Lane::Penalty, What::Remove { user: "u1".into() });
    let begun = |word: Arc<Action>| {
        let mut outbox = outbox(true);
        outbox.push(word);
        outbox.push(remove());
        assert_eq!(step(&mut outbox, NOW), ["try word"]);
        outbox
    };
    let mut delivered = begun(word("remove"));
    finish(&mut delivered, "word", NOW);
    assert_eq!(step(&mut delivered, NOW), ["try remove"]);
    let mut refused = begun(word("remove"));
    assert_eq!(answer(&mut refused, "word", retry(Some(HOUR)), NOW), None);
    assert_eq!(step(&mut refused, NOW), ["try remove"], "the word waits to be tried again");
    let mut other = begun(word("warn_private"));
    assert_eq!(answer(&mut other, "word", retry(Some(HOUR)), NOW), None);
    assert_eq!(step(&mut other, NOW), [""; 0], "what is no word before it is waited for");
}

#[test]
fn a_retry_blocks_nobody_else() {
    let mut outbox = outbox(true);
    for at in 0..100 {
        outbox.push(tell(&format!("a{at}"), &format!("u{at}")));
    }
    let mut tried = 0;
    while tried < 100 {
        let dues = step(&mut outbox, NOW);
        assert!(!dues.is_empty(), "{tried} tried, then stuck");
        for due in dues {
            tried += 1;
            assert_eq!(answer(&mut outbox, due.strip_prefix("try ").unwrap(), retry(None), NOW), None);
        }
    }
    outbox.push(tell("b", "another"));
    assert_eq!(step(&mut outbox, NOW), ["try b"]);
}

#[test]
fn the_wait_grows_with_jitter_and_is_the_same_each_time() {
    let id: ActionId = "a-1".into();
    let mut spread = BTreeSet::new();
    for attempts in 1..40 {
        let full = Duration::from_secs((1 << (attempts - 1).min(16)).min(300));
        let wait = backoff(&id, attempts);
        assert!(wait >= full / 2 && wait <= full, "{attempts}: {wait:?} of {full:?}");
        assert_eq!(wait, backoff(&id, attempts));
        spread.insert(wait.as_millis() * 1000 / full.as_millis());
    }
    assert!(spread.len() > 30, "the jitter differs: {spread:?}");
}

#[test]
fn retry_after_is_honoured_and_never_shortens_the_wait() {
    for (after, wait) in [(Some(90), 90), (Some(0), 0), (None, 0)] {
        let mut outbox = outbox(true);
        outbox.push(tell("a", "u1"));
        step(&mut outbox, NOW);
        answer(&mut outbox, "a", retry(after.map(Duration::from_secs)), NOW);
        let due = next_due(&outbox).unwrap();
        let least = NOW.plus(Duration::from_secs(wait).max(backoff(&"a".into(), 1)));
        assert_eq!(due, least, "Retry-After {after:?}");
        assert!(outbox.only_waits(NOW) && !outbox.only_waits(due));
        assert_eq!(step(&mut outbox, due), ["try a"]);
    }
}

#[test]
fn at_its_deadline_an_action_expires() {
    let mut outbox = outbox(true);
    outbox.push(tell("a", "u1"));
    outbox.push(tell("b", "u1"));
    step(&mut outbox, NOW);
    answer(&mut outbox, "a", retry(Some(30 * HOUR)), NOW);
    let deadline = NOW.plus(NOTICE_DEADLINE);
    assert_eq!(next_due(&outbox), Some(deadline), "not later than its deadline");
    assert_eq!(step(&mut outbox, Timestamp(deadline.0 - 1)), Vec::<String>::new());
    assert_eq!(step(&mut outbox, deadline), ["expired a"]);
    outbox.ended(&"a".into());
    assert_eq!(step(&mut outbox, deadline), ["expired b"]);
    outbox.ended(&"b".into());
    assert!(outbox.is_empty());
}

#[test]
fn what_was_tried_and_never_answered_is_not_known_at_its_deadline() {
    let mut outbox = outbox(true);
    outbox.push(tell("a", "u1"));
    step(&mut outbox, NOW);
    assert_eq!(answer(&mut outbox, "a", unknown(), NOW), None, "it may be repeated");
    assert_eq!(step(&mut outbox, NOW.plus(NOTICE_DEADLINE)), ["uncertain a"], "it may have been done");
}

#[test]
fn a_platform_that_wants_no_more_gets_no_more() {
    let mut outbox = outbox(true);
    for id in ["a", "b", "c"] {
        outbox.push(tell(id, id));
    }
    assert_eq!(step(&mut outbox, NOW).len(), 3);
    answer(&mut outbox, "a", Reply::Disabled, NOW);
    assert_eq!(outbox.wellness("p"), Some(Wellness::Disabled));
    // What was under way ends as it ends, and opens nothing again.
    answer(&mut outbox, "b", Reply::Broken { error: "HTTP 404".to_owned() }, NOW);
    assert_eq!(outbox.wellness("p"), Some(Wellness::Disabled));
    finish(&mut outbox, "c", NOW);
    assert_eq!(outbox.wellness("p"), Some(Wellness::Disabled));
    outbox.push(tell("d", "d"));
    assert_eq!(step(&mut outbox, NOW.plus(HOUR)), Vec::<String>::new());
    let deadline = NOW.plus(NOTICE_DEADLINE);
    assert_eq!(step(&mut outbox, deadline), ["expired a", "expired b", "expired d"]);
}

#[test]
fn a_broken_platform_is_flagged_until_something_goes_through() {
    let mut outbox = outbox(true);
    outbox.push(tell("a", "u1"));
    step(&mut outbox, NOW);
    assert_eq!(answer(&mut outbox, "a", Reply::Broken { error: "HTTP 401".to_owned() }, NOW), None);
    assert_eq!(outbox.wellness("p"), Some(Wellness::Broken));
    let later = NOW.plus(2 * SECOND);
    assert_eq!(step(&mut outbox, later), ["try a"], "it is tried again");
    finish(&mut outbox, "a", later);
    assert_eq!(outbox.wellness("p"), Some(Wellness::Well));
}

#[test]
fn a_refused_action_ends_and_the_next_goes_on() {
    let mut outbox = outbox(true);
    outbox.push(tell("a", "u1"));
    outbox.push(tell("b", "u1"));
    step(&mut outbox, NOW);
    assert_eq!(
        answer(&mut outbox, "a", Reply::Refused { error: "HTTP 400".to_owned() }, NOW).as_deref(),
        Some("failed")
    );
    outbox.ended(&"a".into());
    assert_eq!(step(&mut outbox, NOW), ["try b"]);
}

#[test]
fn the_pace_of_a_platform_is_kept() {
    let pace = |per_second| Pace { per_second, ..pace(true) };
    for (per_second, at_once, in_ten_seconds) in [(20.0, 20, 220), (0.5, 1, 6)] {
        let mut outbox = Outbox::new([("p".into(), pace(per_second))], 1000, NOW);
        for at in 0..300 {
            outbox.push(tell(&at.to_string(), &at.to_string()));
        }
        let mut tried = drain(&mut outbox, NOW).len();
        assert_eq!(tried, at_once, "{per_second} a second, at once");
        for tick in 1..=1000 {
            tried += drain(&mut outbox, NOW.plus(Duration::from_millis(10 * tick))).len();
        }
        assert_eq!(tried, in_ten_seconds, "{per_second} a second, in ten seconds");
    }
}

#[test]
fn a_clock_that_goes_back_stops_nothing() {
    let mut outbox = outbox(true);
    outbox.push(tell("a", "u1"));
    assert_eq!(step(&mut outbox, NOW.minus(HOUR)), ["try a"]);
    finish(&mut outbox, "a", NOW.minus(HOUR));
    outbox.push(tell("b", "u1"));
    assert_eq!(step(&mut outbox, NOW), ["try b"]);
}

#[test]
fn at_most_so_many_are_under_way_at_once() {
    let mut outbox = outbox(true);
    for at in 0..100 {
        outbox.push(tell(&at.to_string(), &at.to_string()));
    }
    assert_eq!(step(&mut outbox, NOW).len(), 32);
    finish(&mut outbox, "0", NOW);
    assert_eq!(step(&mut outbox, NOW).len(), 1);
}

#[test]
fn actions_of_a_platform_that_is_gone_wait_for_their_deadline() {
    let mut outbox = Outbox::new([], 1000, NOW);
    outbox.push(tell("a", "u1"));
    assert_eq!(step(&mut outbox, NOW), Vec::<String>::new());
    assert_eq!(step(&mut outbox, NOW.plus(NOTICE_DEADLINE)), ["expired a"]);
}

/// When the outbox has something to do next, if nothing else happens.
fn next_due(outbox: &Outbox) -> Option<Timestamp> {
    outbox.targets.values().filter_map(|target| target.waiting.first()).map(|(at, _)| *at).min()
}

#[test]
fn an_image_waits_for_its_reminders_text_and_for_nothing_else() {
    let image = Image::new("poster.png", b"\x89PNG\r\n\x1a\n".to_vec()).unwrap().named();
    let of = |id: &str, later: u64, what: What| {
        let mut one = Action::clone(&action(id, Lane::Notice, what));
        one.cause.reminder = Some("海报".into());
        one.time = NOW.plus(SECOND * u32::try_from(later).unwrap());
        Arc::new(one)
    };
    let text = || What::Send { text: "今晚".into(), mentions: Vec::new() };
    let mut outbox = outbox(true);
    outbox.push(of("text", 0, text()));
    outbox.push(of("image", 0, What::Image { image }));
    outbox.push(of("next", 60, text()));
    let ids = |due: Vec<Due>| -> Vec<String> {
        let id = |due: Due| match due {
            Due::Perform { action, .. } => Some(action.id.to_string()),
            Due::Tell(_) => None,
        };
        due.into_iter().filter_map(id).collect()
    };
    assert_eq!(ids(outbox.step(NOW)), ["text", "next"]);
    let retry = Reply::Retry { after: None, error: "busy".into() };
    assert!(outbox.replied(&"text".into(), retry, NOW).is_none());
    assert_eq!(ids(outbox.step(NOW.plus(SECOND * 10))), ["text"], "it is tried again, and the image waits");
    assert!(outbox.replied(&"text".into(), Reply::Done { message: None }, NOW).is_some());
    assert!(ids(outbox.step(NOW.plus(SECOND * 10))).is_empty(), "its end is not recorded yet");
    outbox.ended(&"text".into());
    assert_eq!(ids(outbox.step(NOW.plus(SECOND * 10))), ["image"]);
}
