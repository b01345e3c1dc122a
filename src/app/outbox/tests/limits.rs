//! What a platform's own limits keep waiting.

use super::*;

fn words(dues: Vec<Due>) -> Vec<String> {
    let word = |due| match due {
        Due::Perform { action, .. } => format!("try {}", action.id),
        Due::Tell(Job::Attempt { action, .. }) => format!("record {}", action.id),
        Due::Tell(Job::Outcome { action, outcome }) => format!("{} {}", outcome.state(), action.id),
        Due::Tell(_) => "no business of the outbox".to_owned(),
    };
    dues.into_iter().map(word).collect()
}

#[test]
fn what_waits_for_a_limit_is_not_recorded_and_takes_no_turn() {
    let mut outbox = outbox(false);
    for at in 0..100 {
        outbox.push(tell(&format!("full-{at}"), &format!("u{at}")));
    }
    outbox.push(tell("free", "u-free"));
    let full = |action: &Action| action.id.starts_with("full").then_some(10 * SECOND);
    assert_eq!(words(outbox.step_with(NOW, &full)), ["record free"]);
    assert_eq!(outbox.attempts(&"full-0".into()), 0);
    assert_eq!(words(outbox.step_with(NOW.plus(9 * SECOND), &full)), Vec::<String>::new());
    // Its time has come, but not its turn: it is asked about again.
    assert_eq!(words(outbox.step_with(NOW.plus(10 * SECOND), &full)), Vec::<String>::new());
    let later = words(outbox.step_with(NOW.plus(20 * SECOND), &|_| None));
    assert_eq!((later.len(), later.first().map(String::as_str)), (100, Some("record full-0")));
    outbox.recorded(&"full-0".into(), "{}".into());
    let asked_again = words(outbox.step_with(NOW.plus(20 * SECOND), &full));
    assert_eq!(asked_again, Vec::<String>::new(), "it may have to wait once more after it was recorded");
    assert_eq!(words(outbox.step_with(NOW.plus(30 * SECOND), &|_| None)), ["try full-0"]);
}

#[test]
fn what_waits_for_a_limit_can_be_cancelled_and_comes_too_late_in_the_end() {
    let mut outbox = outbox(true);
    outbox.push(mute("a", "u1"));
    outbox.push(tell("b", "u2"));
    let always = |_: &Action| Some(24 * HOUR);
    assert_eq!(words(outbox.step_with(NOW, &always)), Vec::<String>::new());
    outbox.ended(&"b".into());
    assert_eq!(outbox.len(), 1);
    assert_eq!(words(outbox.step_with(NOW.plus(HOUR), &always)), ["expired a"], "at its deadline, not after the wait");
}
