//! What is done at most in an hour or a minute, and what becomes of the rest; mutes and their ends.

use super::*;

#[test]
fn beyond_five_removals_an_hour_a_person_decides() {
    let mut bed = Bed::with(|policy| policy.ladder = [Step::Remove].into());
    for user in 0..5 {
        bed.pass(20 * SECOND);
        assert!(said(&bed.say(&user.to_string(), BAD)).contains(&"remove remove".to_owned()), "{user}");
    }
    let changes = bed.say("6", BAD);
    assert_eq!(said(&changes), ["delete remove", "task task"]);
    assert!(texts(&changes)[0].contains("上限"), "{:?}", texts(&changes));
    bed.now = NOW.plus(20 * SECOND + HOUR); // an hour after the first
    assert!(said(&bed.say("7", BAD)).contains(&"remove remove".to_owned()));
    assert!(said(&bed.say("8", BAD)).contains(&"task task".to_owned()));
}

#[test]
fn beyond_twenty_mutes_an_hour_a_person_decides() {
    let mut bed = Bed::with(|policy| policy.ladder = [Step::Mute(DAY)].into());
    for user in 0..20 {
        assert!(said(&bed.say(&user.to_string(), BAD)).contains(&"mute mute".to_owned()), "{user}");
    }
    let changes = bed.say("21", BAD);
    assert_eq!(said(&changes), ["delete mute", "task task"]);
    assert_eq!(bed.standing("21").mute, None);
    assert_eq!(bed.standing("21").strikes.len(), 1, "it counts all the same");
}

#[test]
fn beyond_six_notices_a_minute_they_are_merged() {
    let mut bed = Bed::with(|policy| policy.ladder = [Step::WarnPublic, Step::Mute(DAY)].into());
    for user in 0..6 {
        bed.pass(SECOND);
        assert_eq!(said(&bed.say(&user.to_string(), BAD)), ["delete warn_public", "send warn_public"]);
    }
    let mut held = Vec::new();
    for user in 6..9 {
        bed.pass(SECOND);
        let changes = bed.say(&user.to_string(), BAD);
        assert_eq!(said(&changes), ["delete warn_public"]);
        held.push(user.to_string());
    }
    bed.pass(30 * SECOND);
    assert_eq!(evidence(&bed.say("7", BAD)), [8], "the burst is open until the notice arrives");
    bed.now = NOW.plus(61 * SECOND - Duration::from_millis(1));
    assert!(bed.tick().is_empty());
    bed.now = NOW.plus(61 * SECOND); // a minute after the first
    let changes = bed.tick();
    assert_eq!(said(&changes), ["send notice"]);
    let notice = &acts(&changes)[0];
    let What::Send { text, mentions } = &notice.what else { panic!("{notice:?}") };
    assert_eq!(mentions.iter().map(|user| user.to_string()).collect::<Vec<_>>(), held);
    assert!((7..=9).all(|case| text.contains(&format!("案件 {case}"))), "{text}");
    bed.pass(5 * SECOND);
    bed.deliver(&changes);
    bed.pass(59 * SECOND);
    assert_eq!(evidence(&bed.say("8", BAD)), [9], "a minute after the merged notice arrived");
    bed.pass(SECOND);
    assert_eq!(cases(&bed.say("8", BAD))[0].1, "mute");
    bed.pass(HOUR);
    assert!(bed.tick().iter().all(|change| !matches!(change, Change::Act(_))), "it was sent once");
}

#[test]
fn many_held_notices_go_out_twenty_at_a_time() {
    let mut bed = Bed::with(|policy| policy.ladder = [Step::WarnPublic].into());
    (0..36).for_each(|user| drop(bed.say(&user.to_string(), BAD)));
    let mut told = Vec::new();
    for _ in 0..10 {
        bed.pass(30 * SECOND);
        for action in acts(&bed.tick()) {
            let What::Send { mentions, .. } = &action.what else { panic!("{action:?}") };
            told.push(mentions.len());
        }
    }
    assert_eq!(told, [20, 10]);
}

#[test]
fn held_notices_of_all_kinds_keep_within_the_limit_and_none_is_lost() {
    let mut bed = Bed::on([Capability::Send, Capability::Delete].into_iter().collect(), |_| {});
    let warned = [0, 30, 45];
    let mut sent: Vec<(Timestamp, String)> = Vec::new();
    for second in 0..240 {
        let mut changes = bed.tick();
        if warned.contains(&second) {
            changes.extend(bed.warn(&second.to_string()));
        } else if [10, 20, 40].contains(&second) {
            changes.extend(bed.say(&second.to_string(), BAD));
        }
        for action in acts(&changes).into_iter().filter(|action| action.lane == Lane::Penalty) {
            let What::Send { text, .. } = &action.what else { continue };
            sent.push((bed.now, text.clone()));
        }
        let lately = sent.iter().filter(|(at, _)| at.plus(MINUTE) > bed.now).count();
        assert!(lately <= 6, "{lately} notices by second {second}");
        bed.pass(SECOND);
    }
    for case in 1..=6 {
        let says = |text: &String| ["案件", "编号"].iter().any(|sign| text.contains(&format!("{sign} {case}")));
        let named = sent.iter().filter(|(_, text)| says(text)).count();
        let by_machine = [2, 3, 5].contains(&case); // which the admins are told of too
        assert_eq!(named, if by_machine { 2 } else { 1 }, "case {case}: {sent:#?}");
    }
    assert!(bed.core.state.group(GroupKey::new("p", "g1")).ledger.held.is_empty());
}

#[test]
fn no_kind_of_held_notice_waits_for_ever_behind_the_others() {
    let can = [Capability::Send, Capability::Delete].into_iter().collect();
    let mut bed = Bed::on(can, |policy| policy.notices_per_minute = 1);
    bed.say("9", BAD); // its warning is said, its task is held
    let mut sent = Vec::new();
    for minute in 0..6 {
        bed.warn(&format!("a{minute}"));
        bed.pass(MINUTE);
        sent.extend(texts(&bed.tick()));
    }
    assert!(sent[0].starts_with("请管理员"), "{sent:#?}");
    assert_eq!(sent.len(), 6, "{sent:#?}");
}

#[test]
fn a_mute_ends_with_an_unmute() {
    let mut bed = Bed::with(|policy| policy.ladder = [Step::Mute(HOUR)].into());
    let changes = bed.say("9", BAD);
    bed.deliver(&changes);
    let What::Mute { seconds, until, .. } = acts(&changes)[1].what else { panic!("{changes:?}") };
    assert_eq!((seconds, until), (3600, NOW.plus(HOUR)));
    bed.now = Timestamp(until.0 - 1);
    assert!(bed.tick().is_empty());
    bed.now = until;
    let changes = bed.tick();
    assert_eq!(said(&changes), ["unmute unmute"]);
    assert_eq!((acts(&changes)[0].lane, bed.standing("9").mute), (Lane::Undo, None));
}

#[test]
fn of_overlapping_mutes_the_later_end_wins() {
    for (steps, ends) in [([HOUR, DAY], [None, Some(DAY)]), ([DAY, HOUR], [None, Some(DAY)])] {
        let mut bed = Bed::with(|policy| policy.ladder = steps.map(Step::Mute).into());
        bed.offend("9", BAD);
        let second = bed.now;
        let changes = bed.offend("9", BAD);
        let last = if steps[0] > steps[1] { NOW.plus(steps[0]) } else { second.plus(steps[1]) };
        let What::Mute { until, .. } = acts(&changes)[1].what else { panic!("{changes:?}") };
        assert_eq!(until, last, "{ends:?}");
        bed.now = second.plus(2 * HOUR);
        assert!(acts(&bed.tick()).is_empty(), "the earlier end unmutes nobody");
        bed.now = last;
        assert_eq!(said(&bed.tick()), ["unmute unmute"]);
        bed.pass(10 * DAY);
        assert!(acts(&bed.tick()).is_empty(), "once");
    }
}

#[test]
fn timers_fire_in_the_order_of_due_and_id() {
    let mut bed = Bed::with(|policy| policy.ladder = [Step::Mute(HOUR)].into());
    for user in ["c", "a", "b"] {
        let changes = bed.say(user, BAD);
        bed.deliver(&changes);
    }
    bed.pass(SECOND);
    bed.say("d", BAD);
    bed.pass(2 * HOUR);
    let users: Vec<String> =
        acts(&bed.tick()).iter().filter_map(|action| action.what.user().map(ToString::to_string)).collect();
    assert_eq!(users, ["c", "a", "b", "d"], "cases 1, 2, 3, and then the later");
}

#[test]
fn what_fails_is_put_before_the_admins_once() {
    let failed = Outcome::Failed { error: "HTTP 400".to_owned() };
    let uncertain = Outcome::Uncertain { error: "no answer".to_owned() };
    for outcome in [failed, uncertain, Outcome::Expired] {
        let mut bed = Bed::new();
        let changes = bed.say("9", BAD);
        let action = acts(&changes)[1].clone();
        let told = bed.end(&action, &outcome);
        assert_eq!(said(&told), ["task alert"], "{outcome:?}");
        assert!(texts(&told)[0].contains("案件 1"), "{:?}", texts(&told));
        assert_eq!(acts(&told)[0].cause.case.as_deref(), Some("1"));
        let alert = acts(&told)[0].clone();
        assert!(acts(&bed.end(&alert, &outcome)).is_empty(), "an alert that fails alerts nobody");
    }
    let mut bed = Bed::new();
    for text in ["怪话", BAD] {
        let review = bed.say("9", text);
        let task = acts(&review).into_iter().find(|action| action.what.name() == "task");
        if let Some(action) = task {
            assert!(acts(&bed.end(&action, &Outcome::Expired)).is_empty());
        }
    }
}

#[test]
fn that_it_failed_for_certain_is_told_after_that_it_was_uncertain() {
    let mut bed = Bed::new();
    let action = acts(&bed.say("9", BAD))[1].clone();
    let uncertain = bed.end(&action, &Outcome::Uncertain { error: "no answer".to_owned() });
    let failed = bed.end(&action, &Outcome::Failed { error: "HTTP 400".to_owned() });
    assert_eq!((said(&uncertain), said(&failed)), (vec!["task alert".to_owned()], vec!["task alert".to_owned()]));
    assert_ne!(acts(&uncertain)[0].id, acts(&failed)[0].id, "or the second is taken for the first once more");
}

#[test]
fn of_a_crowd_the_rest_is_only_counted_and_nobody_stays_in_a_burst_for_ever() {
    let mut bed = Bed::with(|policy| policy.ladder = [Step::WarnPublic, Step::Mute(DAY)].into());
    for user in 0..100 {
        bed.say(&user.to_string(), BAD);
    }
    let key = GroupKey::new("p", "g1");
    assert_eq!(bed.core.state.group(key).ledger.held.len(), 60, "6 are told at once, 34 are only counted");
    assert!(bed.standing("99").strikes[0].burst_end.is_some(), "no notice will come that could end it");
    bed.pass(61 * SECOND);
    let changes = bed.tick();
    assert!(texts(&changes)[0].contains("另有 34 人"), "{:?}", texts(&changes));
    bed.deliver(&changes);
    assert_eq!(cases(&bed.say("99", BAD)).len(), 1, "the next violation counts");
    for _ in 0..2 {
        bed.pass(61 * SECOND);
        let changes = bed.tick();
        assert!(!texts(&changes)[0].contains("另有"), "they are counted once: {:?}", texts(&changes));
    }
}
