//! What a platform cannot do is done by the nearest means and put before the admins (product.md A).

use super::*;

fn without_private() -> Bed {
    Bed::without(&[Capability::Private])
}

fn without_mute(ladder: &[Step]) -> Bed {
    let can = Capability::ALL.iter().map(|(_, one)| *one).filter(|one| *one != Capability::Mute);
    Bed::on(can.collect(), |policy| policy.ladder = ladder.into())
}

#[test]
fn without_private_messages_the_first_warning_names_no_offence() {
    let changes = without_private().say("9", BAD);
    assert_eq!(said(&changes), ["delete warn_private", "send warn_private", "task task"]);
    let notice = &texts(&changes)[0];
    assert!(notice.contains("@小9") || notice.contains("小9"), "{notice}");
    assert!(notice.contains("第 2 条") && notice.contains('1'), "{notice}");
    for offence in ["违规", "坏", "广告", "警告"] {
        assert!(!notice.contains(offence), "{notice}");
    }
}

#[test]
fn without_a_voice_in_the_group_the_member_is_told_alone() {
    let mut bed = Bed::without(&[Capability::Send]);
    bed.offend("9", BAD);
    assert_eq!(said(&bed.offend("9", BAD)), ["delete warn_public", "private warn_public", "task task"]);
    assert_eq!(said(&bed.offend("9", BAD)), ["delete mute", "mute mute", "private mute"]);
    assert_eq!(said(&bed.offend("9", BAD)), ["delete remove", "private remove", "remove remove"]);
}

#[test]
fn what_can_be_answered_is_answered_and_nothing_else_is_said() {
    let mut bed = Bed::without(&[Capability::Send, Capability::Private, Capability::Task]);
    let answerable = |user: &str, text: &str, answerable: bool| {
        let content = vec![Segment::Text(text.into())];
        Kind::Message(Message { sender: person(user), content, answerable, ..Message::default() })
    };
    assert_eq!(said(&bed.event(answerable("9", BAD, false), NOW)), ["delete warn_private"], "nothing can be said");
    assert_eq!(said(&bed.event(answerable("8", "群规", true), NOW)), ["send reply"]);
    let limit = bed.core.settings.default_policy.notices_per_minute as usize;
    for user in 0..limit {
        let changes = bed.event(answerable(&format!("a{user}"), BAD, true), NOW);
        assert_eq!(said(&changes), ["delete warn_private", "send warn_private"]);
    }
    // It would have to wait, and later it answers nothing.
    assert_eq!(said(&bed.event(answerable("b", BAD, true), NOW)), ["delete warn_private"]);
    bed.pass(2 * MINUTE);
    assert!(said(&bed.tick()).iter().all(|what| !what.starts_with("send")));
}

#[test]
fn a_stranger_is_not_written_to_alone_and_a_group_has_its_own_means() {
    let mut bed = Bed::new();
    let settings = Arc::get_mut(&mut bed.core.settings).expect("only the core has it");
    let platform = settings.platforms.get_mut("p").expect("the bed's");
    platform.strangers = Strangers::new([("wm", 3), ("wo", 3)]);
    assert_eq!(said(&bed.say("9", BAD)), ["delete warn_private", "private warn_private"]);
    let changes = bed.say("wm9", BAD);
    assert_eq!(said(&changes), ["delete warn_private", "send warn_private", "task task"], "named without the offence");
    assert_eq!(said(&bed.say("wo", BAD)), ["delete warn_private", "private warn_private"], "an id that begins alike");
    let settings = Arc::get_mut(&mut bed.core.settings).expect("only the core has it");
    let platform = settings.platforms.get_mut("p").expect("the bed's");
    platform.groups.insert("g1".into(), [Capability::Task].into_iter().collect());
    assert_eq!(said(&bed.say("8", BAD)), ["task task"], "in this group there are but tasks");
}

#[test]
fn without_deleting_a_message_stays() {
    assert_eq!(said(&Bed::without(&[Capability::Delete]).say("9", BAD)), ["private warn_private"]);
}

#[test]
fn without_removing_a_person_is_asked_with_a_button() {
    let mut bed = Bed::without(&[Capability::Remove]);
    (0..3).for_each(|_| drop(bed.offend("9", BAD)));
    let changes = bed.say("9", BAD);
    assert_eq!(said(&changes), ["delete remove", "task task"]);
    let What::Task { text, buttons, .. } = &acts(&changes)[1].what else { panic!("{changes:?}") };
    assert_eq!((buttons[0].choice.as_str(), buttons[0].text.as_str()), ("removed", "已移出"));
    assert!(text.contains("小9") && text.contains("案件 4"), "{text}");
}

#[test]
fn without_tasks_the_admins_are_told_one_by_one_and_without_admins_the_group() {
    let mut bed = Bed::without(&[Capability::Task]);
    let changes = bed.say("9", "怪话");
    let users: Vec<_> = acts(&changes).iter().filter_map(|action| action.what.user().cloned()).collect();
    assert_eq!((said(&changes), &*users[0]), (vec!["private review".to_owned()], "named"));
    let can = [Capability::Send, Capability::Private];
    let mut alone = Bed::on(can.into_iter().collect(), |policy| policy.roles = HashMap::new().into());
    let changes = alone.say("9", "怪话");
    assert_eq!(said(&changes), ["send review"]);
    assert!(!texts(&changes)[0].contains("小9"), "everybody reads it: {:?}", texts(&changes));
}

#[test]
fn without_anything_there_is_still_a_case() {
    let mut bed = Bed::on(Capabilities::default(), |_| {});
    for step in ["warn_private", "warn_public", "mute", "remove"] {
        let changes = bed.say("9", BAD);
        assert_eq!(cases(&changes).len(), 1, "{step}");
        assert_eq!((cases(&changes)[0].1.as_str(), said(&changes)), (step, vec![]));
        bed.pass(2 * MINUTE);
    }
}

#[test]
fn without_muting_the_mute_is_a_record_and_speaking_during_it_counts_once() {
    let mut bed = without_mute(&[Step::Mute(DAY), Step::Remove]);
    let first = bed.say("9", BAD);
    assert_eq!(said(&first), ["delete mute", "send mute", "task task"]);
    bed.pass(HOUR);
    assert!(cases(&bed.say("9", "早")).is_empty(), "the notice has not arrived");
    bed.deliver(&first);
    bed.pass(30 * SECOND);
    assert!(cases(&bed.say("9", "好的")).is_empty(), "within the burst");
    bed.pass(MINUTE);
    let changes = bed.say("9", "可是");
    assert_eq!(cases(&changes), [(2, "remove".to_owned(), 2)]);
    assert_eq!(said(&changes), ["task task"], "a removal reached this way waits for a person, and nothing is deleted");
    bed.deliver(&changes);
    bed.pass(HOUR);
    assert!(cases(&bed.say("9", "为什么")).is_empty(), "once at most");
    assert_eq!(bed.standing("9").strikes.len(), 2);
    bed.pass(2 * DAY);
    assert!(acts(&bed.tick()).is_empty(), "there is nothing to unmute");
    assert_eq!(bed.standing("9").mute, None);
}

#[test]
fn speaking_during_a_recorded_mute_is_nothing_where_only_observed_or_for_admins() {
    let muted = || {
        let mut bed = without_mute(&[Step::Mute(DAY), Step::Remove]);
        bed.offend("9", BAD);
        bed
    };
    let mut bed = muted();
    assert_eq!(cases(&bed.say("9", "早")).len(), 1, "this is what the others are compared with");
    let mut bed = muted();
    assert!(cases(&bed.say_as(with_role("9", Role::Admin), "早")).is_empty());
    for mode in [Mode::Observe, Mode::Off] {
        let mut bed = muted();
        bed.mode(mode);
        let changes = bed.say("9", "早");
        assert!(acts(&changes).iter().all(|action| action.observe), "{mode:?}: {changes:?}");
        assert_eq!(bed.standing("9").strikes.iter().filter(|strike| !strike.observe).count(), 1, "{mode:?}");
    }
}

#[test]
fn a_message_that_also_breaks_a_rule_during_a_recorded_mute_is_one_case() {
    let mut bed = without_mute(&[Step::Mute(DAY), Step::WarnPublic]);
    bed.offend("9", BAD);
    let changes = bed.say("9", BAD);
    assert_eq!(cases(&changes), [(2, "warn_public".to_owned(), 2)]);
}
