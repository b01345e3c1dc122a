//! Nobody is punished in a group that is off, nobody is told what did not happen, and nothing shields a real violation.

use super::*;
use crate::domain::change::Change;

fn failed() -> Outcome {
    Outcome::Failed { error: "422".to_owned() }
}

fn act(changes: &[Change], kind: &str) -> Action {
    acts(changes).into_iter().find(|action| action.what.name() == kind).expect("there is one").as_ref().clone()
}

fn ended(changes: &[Change]) -> Vec<String> {
    let id = |change: &Change| match change {
        Change::Ended { id, .. } => Some(id.to_string()),
        _ => None,
    };
    changes.iter().filter_map(id).collect()
}

#[test]
fn what_can_be_undone_carries_its_inverse() {
    let mut bed = Bed::with(|policy| policy.ladder = [Step::Mute(DAY)].into());
    let changes = bed.say("9", BAD);
    assert_eq!(act(&changes, "mute").inverse, Some(What::Unmute { user: "9".into() }));
    assert_eq!(act(&changes, "send").inverse, None);
}

#[test]
fn a_group_that_is_off_is_not_judged() {
    let mut bed = Bed::with(|policy| policy.mode = Mode::Off);
    assert!(bed.say("9", BAD).is_empty());
    assert!(bed.say("9", "怪话").is_empty());
}

#[test]
fn a_mute_that_failed_is_told_to_nobody_and_ends() {
    let mut bed = Bed::with(|policy| policy.ladder = [Step::Mute(DAY)].into());
    let changes = bed.say("9", BAD);
    let (mute, notice) = (act(&changes, "mute"), act(&changes, "send"));
    assert!(bed.standing("9").mute.is_some());
    let after = bed.end(&mute, &failed());
    assert_eq!(ended(&after), [mute.id.to_string(), notice.id.to_string()]);
    assert!(texts(&after).iter().any(|text| text.contains("禁言") && text.contains('9')), "{:?}", texts(&after));
    assert_eq!(bed.standing("9").mute, None);
    bed.pass(2 * MINUTE);
    assert!(said(&bed.say("9", BAD)).contains(&"mute mute".to_owned()), "the burst is over: a case of its own");
}

#[test]
fn a_mute_that_may_have_been_done_is_ended_all_the_same() {
    let mut bed = Bed::with(|policy| policy.ladder = [Step::Mute(HOUR)].into());
    let changes = bed.say("9", BAD);
    let after = bed.end(&act(&changes, "mute"), &Outcome::Uncertain { error: "timeout".to_owned() });
    assert_eq!(ended(&after).len(), 2, "its notice is not sent");
    bed.pass(HOUR);
    assert_eq!(said(&bed.tick()), ["unmute unmute"]);
}

#[test]
fn a_removal_that_failed_is_not_announced() {
    let mut bed = Bed::with(|policy| policy.ladder = [Step::Remove].into());
    let changes = bed.say("9", BAD);
    let (remove, notice) = (act(&changes, "remove"), act(&changes, "send"));
    assert_eq!(ended(&bed.end(&remove, &failed())), [remove.id.to_string(), notice.id.to_string()]);
}

#[test]
fn a_held_notice_of_a_mute_that_failed_is_dropped() {
    let mut bed = Bed::with(|policy| (policy.ladder, policy.notices_per_minute) = ([Step::Mute(DAY)].into(), 1));
    bed.say("1", BAD);
    let changes = bed.say("2", BAD);
    bed.end(&act(&changes, "mute"), &failed());
    bed.pass(MINUTE);
    assert!(acts(&bed.tick()).is_empty());
}

#[test]
fn whose_held_notice_is_dropped_is_not_in_a_burst_for_ever() {
    let mut bed = Bed::with(|policy| {
        (policy.ladder, policy.notices_per_minute) = ([Step::WarnPublic, Step::Mute(DAY)].into(), 1)
    });
    bed.say("1", BAD);
    let held = bed.say("2", BAD);
    assert_eq!(said(&held), ["delete warn_public"]);
    bed.core.loaded.pending = acts(&held);
    bed.say_as(with_role("boss", Role::Admin), "/停");
    bed.say_as(with_role("boss", Role::Admin), "/恢复");
    bed.pass(2 * MINUTE);
    bed.tick();
    assert_eq!(cases(&bed.say("2", BAD)), [(3, "mute".to_owned(), 2)]);
}

#[test]
fn what_was_only_observed_shields_no_real_violation() {
    let mut bed = Bed::new();
    let observed = bed.say("9", "一段长话");
    assert!(acts(&observed).iter().all(|action| action.observe));
    let edited = Message { sender: person("9"), content: vec![Segment::Text(BAD.into())], ..Message::default() };
    bed.pass(MINUTE);
    let changes = bed.event(Kind::Edited { message: "e-1".into(), now: edited }, NOW.plus(MINUTE));
    assert_eq!(said(&changes), ["delete warn_private", "private warn_private"]);
    assert!(acts(&changes).iter().all(|action| !action.observe));
}

#[test]
fn what_only_observes_hides_no_review() {
    let mut bed = Bed::new();
    let changes = bed.say("9", "一段长话，一句怪话");
    assert!(said(&changes).contains(&"task review".to_owned()), "{:?}", said(&changes));
}

#[test]
fn merged_first_warnings_name_no_offence() {
    let mut bed = Bed::without(&[Capability::Private, Capability::Task]);
    for user in 0..12 {
        bed.say(&user.to_string(), BAD);
    }
    bed.pass(MINUTE);
    let changes = bed.tick();
    assert!(
        texts(&changes).iter().all(|text| !text.contains("违规") && !text.contains("违反")),
        "{:?}",
        texts(&changes)
    );
    assert_eq!(acts(&changes).len(), 2, "the members in one, the admins in another");
}

#[test]
fn six_group_messages_a_minute_are_all_there_are() {
    let mut bed = Bed::without(&[Capability::Private, Capability::Task]);
    let sent: usize = (0..20).map(|user| acts(&bed.say(&user.to_string(), BAD)).len()).sum();
    assert_eq!(sent, 20 + 6, "a deletion each, and six messages");
}

#[test]
fn what_comes_next_counts_the_severity() {
    let mut bed = Bed::new();
    let changes = bed.say("9", "一句重话");
    assert!(texts(&changes).iter().any(|text| text.contains("禁言 24 小时")), "{:?}", texts(&changes));
}

#[test]
fn who_leaves_comes_back_as_a_member() {
    let mut bed = Bed::new();
    bed.say_as(Person { role: Some(Role::Admin), ..person("5") }, "大家好");
    assert!(acts(&bed.say("5", BAD)).is_empty());
    let now = bed.now;
    bed.event(Kind::Left { members: vec![person("5")], reason: None }, now);
    let changes = bed.say("5", BAD);
    assert!(said(&changes).contains(&"private warn_private".to_owned()), "{:?}", said(&changes));
}
