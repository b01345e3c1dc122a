//! What the store remembers for the outbox: attempts, bodies, order, and what did not fit into memory.

use super::*;

#[test]
fn an_unmute_never_overtakes_its_mute() {
    let mut outbox = outbox(true);
    outbox.push(mute("mute", "u1"));
    outbox.push(unmute("unmute", "u1"));
    assert_eq!(drain(&mut outbox, NOW), ["mute", "unmute"]);
    // The store gives lane by lane: at a start too, the order of decisions counts.
    outbox.refill(
        &"p".into(),
        vec![pending(8, unmute("unmute", "u1"), None), pending(7, mute("mute", "u1"), None)],
        1000,
    );
    assert_eq!(drain(&mut outbox, NOW), ["mute", "unmute"]);
}

#[test]
fn memory_holds_no_more_than_it_may_however_it_is_filled_up() {
    let mut outbox = limited(true, 10);
    (0..20).for_each(|at| outbox.push(tell(&format!("new{at}"), &format!("u{at}"))));
    for at in 0..5 {
        finish(&mut outbox, &format!("new{at}"), NOW);
    }
    assert!(outbox.wants_refill());
    let stored = (0..10).map(|at| pending(at, tell(&format!("old{at}"), &format!("v{at}")), None));
    outbox.refill(&"p".into(), stored.collect(), 10);
    assert_eq!(outbox.len(), 10);
    assert!(!outbox.wants_refill(), "not before there is room");
    for at in 5..10 {
        finish(&mut outbox, &format!("new{at}"), NOW);
    }
    assert!(outbox.wants_refill(), "there are more in the store");
}

#[test]
fn what_somebody_waits_for_goes_though_memory_is_full_of_other_things() {
    let mut outbox = limited(true, 8);
    (0..20).for_each(|at| outbox.push(tell(&format!("new{at}"), &format!("u{at}"))));
    outbox.push(unmute("free", "v1"));
    assert_eq!(step(&mut outbox, NOW).first().map(String::as_str), Some("try free"));
    (2..9).for_each(|at| outbox.push(unmute(&format!("free{at}"), &format!("v{at}"))));
    assert_eq!(outbox.len(), 10, "a quarter more, and no more");
}

#[test]
fn an_unmute_does_not_overtake_a_mute_that_waits_in_the_store() {
    let mut outbox = limited(true, 4);
    (0..4).for_each(|at| outbox.push(tell(&format!("new{at}"), &format!("u{at}"))));
    outbox.push(mute("mute", "v"));
    outbox.push(unmute("unmute", "v"));
    assert_eq!(outbox.len(), 4);
    assert_eq!(drain(&mut outbox, NOW), ["new0", "new1", "new2", "new3"]);
    outbox.refill(
        &"p".into(),
        vec![pending(8, unmute("unmute", "v"), None), pending(7, mute("mute", "v"), None)],
        1000,
    );
    assert_eq!(drain(&mut outbox, NOW), ["mute", "unmute"]);
    // All is in memory: nobody waits outside any more.
    (4..8).for_each(|at| outbox.push(tell(&format!("new{at}"), &format!("u{at}"))));
    outbox.push(unmute("again", "v"));
    assert_eq!(step(&mut outbox, NOW).first().map(String::as_str), Some("try again"));
    // After a commit of which nobody knows, anybody may.
    outbox.missed();
    outbox.push(unmute("later", "w"));
    assert!(!step(&mut outbox, NOW).contains(&"try later".to_owned()));
}

#[test]
fn where_a_repeated_id_is_not_dropped_an_unknown_outcome_is_not_repeated() {
    let mut outbox = outbox(false);
    outbox.push(tell("a", "u1"));
    outbox.push(unmute("b", "u2"));
    assert_eq!(step(&mut outbox, NOW), ["try b", "record a"], "an unmute may be repeated");
    outbox.recorded(&"a".into(), "{}".into());
    assert_eq!(step(&mut outbox, NOW), ["try a"]);
    assert_eq!(answer(&mut outbox, "a", unknown(), NOW).as_deref(), Some("uncertain"));
    assert_eq!(answer(&mut outbox, "b", unknown(), NOW), None);
    assert_eq!(step(&mut outbox, NOW.plus(2 * SECOND)), ["try b"]);
    // What is known not to have happened is tried again.
    outbox.push(delete("c"));
    assert_eq!(step(&mut outbox, NOW), ["record c"]);
    outbox.recorded(&"c".into(), "{}".into());
    assert_eq!(step(&mut outbox, NOW), ["try c"]);
    // So that a restart does not make it uncertain, that is recorded too; and then the next attempt.
    assert_eq!(answer(&mut outbox, "c", retry(None), NOW).as_deref(), Some("untried"));
    assert_eq!(step(&mut outbox, NOW.plus(4 * SECOND)), ["record c"]);
    outbox.recorded(&"c".into(), "{}".into());
    assert_eq!(step(&mut outbox, NOW.plus(4 * SECOND)), ["try c"]);
    assert_eq!(
        answer(&mut outbox, "c", Reply::Broken { error: "HTTP 404".to_owned() }, NOW).as_deref(),
        Some("untried")
    );
}

#[test]
fn an_attempt_that_is_known_to_have_come_to_nothing_is_forgotten_only_where_it_matters() {
    let mut repeats = outbox(true);
    repeats.push(tell("a", "u1"));
    assert_eq!(drain_one(&mut repeats, "a"), None, "it may be repeated anyway");
    let mut once = outbox(false);
    once.push(mute("m", "u1"));
    step(&mut once, NOW);
    once.recorded(&"m".into(), "{}".into());
    assert_eq!(drain_one(&mut once, "m"), None, "its body stays as it was fixed");
    // What an earlier run may have done stays doubtful, whatever this one did.
    let mut again = outbox(true);
    again.refill(&"p".into(), vec![pending(1, tell("a", "u1"), Some("{}"))], 1000);
    assert_eq!(drain_one(&mut again, "a"), None);
}

/// It is tried and answered "not now".
fn drain_one(outbox: &mut Outbox, id: &str) -> Option<String> {
    assert_eq!(step(outbox, NOW), [format!("try {id}")]);
    answer(outbox, id, retry(None), NOW)
}

#[test]
fn after_a_restart_an_attempt_is_repeated_with_the_same_bytes_or_not_at_all() {
    let kept = r#"{"id":"a","seconds":1234}"#;
    let mut idempotent = outbox(true);
    idempotent.refill(
        &"p".into(),
        vec![pending(1, mute("a", "u1"), Some(kept)), pending(2, tell("b", "u2"), None)],
        1000,
    );
    let tried = bodies(idempotent.step(NOW));
    assert_eq!(tried[0], ("a".into(), kept.into()));
    assert_eq!(&*tried[1].0, "b");

    let mut once = outbox(false);
    let rows = [(1, tell("a", "u1"), Some("{}")), (2, tell("b", "u1"), None), (3, unmute("c", "u2"), Some("{}"))];
    once.refill(&"p".into(), rows.map(|(order, action, attempted)| pending(order, action, attempted)).into(), 1000);
    assert_eq!(step(&mut once, NOW), ["try c", "uncertain a"], "an unmute may be repeated");
    once.ended(&"a".into());
    assert_eq!(step(&mut once, NOW), ["record b"]);
}

#[test]
fn what_may_have_happened_is_uncertain_even_when_its_time_is_over() {
    let mut outbox = outbox(false);
    outbox.refill(&"p".into(), vec![pending(1, tell("a", "u1"), Some("{}"))], 1000);
    assert_eq!(step(&mut outbox, NOW.plus(NOTICE_DEADLINE)), ["uncertain a"]);
}

#[test]
fn a_late_mute_names_the_seconds_that_remain_and_then_always_the_same() {
    for idempotent in [true, false] {
        let mut outbox = outbox(idempotent);
        outbox.push(mute("a", "u1"));
        let late = NOW.plus(Duration::from_millis(600_500));
        let [(_, body)] = &bodies(outbox.step(late))[..] else { panic!("one attempt is recorded") };
        assert!(body.contains(r#""seconds":3000"#), "{body}");
        outbox.recorded(&"a".into(), body.clone());
        assert_eq!(bodies(outbox.step(late)), [("a".into(), body.clone())]);
        answer(&mut outbox, "a", retry(Some(HOUR / 6)), late);
        assert_eq!(bodies(outbox.step(late.plus(HOUR / 6))), [("a".into(), body.clone())]);
    }
    let mut outbox = outbox(true);
    outbox.push(mute("a", "u1"));
    assert_eq!(step(&mut outbox, NOW.plus(HOUR)), ["expired a"], "a mute that is over is not sent");
}

#[test]
fn what_does_not_fit_into_memory_comes_later_in_its_order() {
    let mut outbox = limited(true, 10);
    // What the store has: everything that has not come to its end, in order.
    let mut stored: Vec<Pending> = Vec::new();
    for at in 0..100 {
        let action = tell(&format!("{at:02}"), &format!("u{}", at % 3));
        stored.push(pending(at, action.clone(), None));
        outbox.push(action);
    }
    assert_eq!(outbox.len(), 10);
    let mut order = Vec::new();
    while !stored.is_empty() {
        let dues = step(&mut outbox, NOW);
        assert!(!dues.is_empty(), "stuck after {order:?}");
        for due in dues {
            let id = due.strip_prefix("try ").unwrap();
            stored.retain(|pending| &*pending.action.id != id);
            finish(&mut outbox, id, NOW);
            order.push(id.to_owned());
        }
        if outbox.wants_refill() {
            let size = outbox.share();
            outbox.refill(&"p".into(), stored.iter().take(size).cloned().collect(), size);
            assert!(outbox.len() < 2 * size, "{}", outbox.len());
        }
    }
    assert!(outbox.is_empty());
    order.dedup();
    assert_eq!(order.len(), 100, "each once");
    for user in 0..3 {
        let of_user: Vec<&String> = order.iter().filter(|id| id.parse::<u64>().unwrap() % 3 == user).collect();
        assert!(of_user.is_sorted(), "{of_user:?}");
    }
}

#[test]
fn a_refill_does_not_bring_back_what_is_in_memory() {
    let mut outbox = outbox(true);
    outbox.push(tell("a", "u1"));
    step(&mut outbox, NOW);
    outbox.refill(&"p".into(), vec![pending(1, tell("a", "u1"), None), pending(2, tell("b", "u1"), None)], 1000);
    assert_eq!(step(&mut outbox, NOW), Vec::<String>::new());
    finish(&mut outbox, "a", NOW);
    assert_eq!(step(&mut outbox, NOW), ["try b"]);
}
