//! Whose actions have room in memory: one platform's take none from another's, and later lanes make way for earlier ones.

use super::*;

/// So much room that each of two platforms has eight.
const LIMIT: usize = 16;

fn two(limit: usize) -> Outbox {
    Outbox::new([("dead".into(), pace(true)), ("well".into(), pace(true))], limit, NOW)
}

fn of(platform: &str, action: Arc<Action>) -> Arc<Action> {
    Arc::new(Action { platform: platform.into(), ..Action::clone(&action) })
}

fn notice(id: &str) -> Arc<Action> {
    action(id, Lane::Notice, What::Send { text: "今晚".into(), mentions: Vec::new() })
}

/// Every attempt at its actions comes to nothing.
fn fail(outbox: &mut Outbox, now: Timestamp) {
    for due in step(outbox, now) {
        answer(outbox, due.strip_prefix("try ").unwrap(), retry(None), now);
    }
}

#[test]
fn a_platform_that_takes_nothing_takes_no_room_from_the_others() {
    let mut outbox = two(LIMIT);
    for at in 0..40 {
        outbox.push(of("dead", tell(&format!("dead{at}"), &format!("u{at}"))));
    }
    fail(&mut outbox, NOW);
    outbox.push(of("well", tell("well", "v")));
    assert_eq!(step(&mut outbox, NOW), ["try well"]);
}

#[test]
fn a_penalty_goes_before_the_reminders_that_fill_memory() {
    let mut outbox = limited(true, 8);
    (0..20).for_each(|at| outbox.push(notice(&format!("notice{at}"))));
    outbox.push(mute("mute", "v"));
    assert_eq!(step(&mut outbox, NOW).first().map(String::as_str), Some("record mute"));
    assert_eq!(outbox.len(), 8);
}

#[test]
fn what_made_way_comes_back_and_what_follows_it_does_not_overtake_it() {
    let mut outbox = limited(true, 4);
    let word = |id: &str, lane| action(id, lane, What::Private { user: "v".into(), text: "您好".into() });
    (0..3).for_each(|at| outbox.push(notice(&format!("notice{at}"))));
    outbox.push(word("first", Lane::Notice));
    outbox.push(tell("other", "u")); // in the place of "first"
    assert_eq!(outbox.len(), 4);
    outbox.push(word("second", Lane::Penalty));
    outbox.push(unmute("third", "v"));
    assert_eq!(drain(&mut outbox, NOW), ["other", "notice0", "notice1", "notice2"]);
    assert!(outbox.wants_refill());
    let rest = [(4, word("first", Lane::Notice)), (6, word("second", Lane::Penalty)), (7, unmute("third", "v"))];
    outbox.refill(&"p".into(), rest.map(|(at, action)| pending(at, action, None)).into(), 4);
    assert_eq!(drain(&mut outbox, NOW), ["first", "second", "third"]);
}

#[test]
fn what_was_begun_and_what_others_follow_make_way_for_nothing() {
    let mut outbox = limited(false, 4);
    outbox.push(notice("begun"));
    outbox.push(notice("recorded"));
    assert_eq!(step(&mut outbox, NOW), ["record begun", "record recorded"]);
    outbox.recorded(&"begun".into(), "{}".into());
    assert_eq!(step(&mut outbox, NOW), ["try begun"]);
    outbox.push(action("before", Lane::Notice, What::Private { user: "v".into(), text: "您好".into() }));
    outbox.push(unmute("behind", "v"));
    outbox.push(tell("late", "u"));
    assert_eq!(outbox.len(), 4);
    outbox.recorded(&"recorded".into(), "{}".into());
    for id in ["begun", "recorded", "before"] {
        step(&mut outbox, NOW);
        outbox.recorded(&id.into(), "{}".into());
        step(&mut outbox, NOW);
        assert!(outbox.attempts(&id.into()) == 0 && outbox.replied(&id.into(), done(), NOW).is_some(), "{id}");
        outbox.ended(&id.into());
    }
    assert_eq!(step(&mut outbox, NOW), ["try behind"]);
}

#[test]
fn after_a_start_with_more_than_fits_nobody_goes_ahead_until_all_is_known() {
    let mut outbox = limited(true, 4);
    let p: Arc<str> = "p".into();
    outbox.expect(std::slice::from_ref(&p));
    assert!(outbox.wants_refill());
    let stored: Vec<_> = (0..6).map(|at| pending(at, tell(&format!("old{at}"), &format!("u{at}")), None)).collect();
    outbox.refill(&p, stored[..4].to_vec(), 4);
    outbox.push(unmute("free", "v"));
    assert_eq!(outbox.len(), 4, "what it takes back may be in the store");
    assert_eq!(drain(&mut outbox, NOW), ["old0", "old1", "old2", "old3"]);
    let rest = [stored[4..].to_vec(), vec![pending(6, unmute("free", "v"), None)]].concat();
    outbox.refill(&p, rest, 4);
    outbox.push(unmute("again", "w"));
    assert_eq!(step(&mut outbox, NOW), ["try free", "try again", "try old4", "try old5"]);
}

#[test]
fn a_platform_that_came_later_has_its_share_too() {
    let mut outbox = limited(true, 8);
    (0..8).for_each(|at| outbox.push(notice(&format!("notice{at}"))));
    outbox.push(of("gone", notice("gone")));
    assert_eq!((outbox.len(), outbox.share()), (9, 4));
    assert_eq!(step(&mut outbox, NOW.plus(NOTICE_DEADLINE)).len(), 9, "and comes to its end when its time is over");
}
