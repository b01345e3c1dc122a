//! Undoing cases: the engine's part, reading the case, is played here.

use super::*;
use crate::domain::action::{ActionState, StoredAction};
use crate::domain::case::{ByWhom, Case, CaseFile};
use crate::domain::event::Quote;
use crate::domain::notices::plain_name;

/// The case files as a store would have them: every action done.
#[derive(Default)]
struct Files(Vec<CaseFile>);

impl Files {
    fn take(&mut self, changes: &[Change], state: &ActionState) {
        for change in changes {
            match change {
                Change::Case(case) => {
                    let case: Case = (**case).clone();
                    self.0.push(CaseFile {
                        case,
                        evidence: 0,
                        actions: Vec::new(),
                        decisions: Vec::new(),
                        undone: None,
                    });
                }
                Change::Act(action) => {
                    let file = self.0.iter_mut().find(|file| Some(file.case.no.to_string()) == action.cause.case);
                    // An answer to a command is of no case.
                    if let Some(file) = file {
                        file.actions.push(StoredAction { action: action.clone(), state: state.clone() });
                    }
                }
                Change::Undone { case, undone } => {
                    let file = self.0.iter_mut().find(|file| file.case.no == *case);
                    file.expect("it is there").undone = Some(undone.clone());
                }
                _ => {}
            }
        }
    }

    fn of(&self, no: u64) -> Option<CaseFile> {
        self.0.iter().find(|file| file.case.no == no).cloned()
    }
}

fn done() -> ActionState {
    ActionState::Ended { outcome: Outcome::Done { message: None }, at: NOW }
}

/// An admin gives a command.
fn command(bed: &mut Bed, files: &mut Files, no: u64, text: &str) -> Vec<Change> {
    bed.core.loaded.case = files.of(no);
    bed.core.loaded.others = files.0.iter().filter(|file| file.case.no != no).cloned().collect();
    let changes = bed.say_as(with_role("boss", Role::Admin), text);
    files.take(&changes, &done());
    changes
}

fn offend(bed: &mut Bed, files: &mut Files) -> Vec<Change> {
    let changes = bed.offend("9", BAD);
    files.take(&changes, &done());
    changes
}

#[test]
fn a_mute_that_would_no_longer_be_given_ends_and_another_stays() {
    for (undone, rest) in [(1, None), (2, None), (3, None)] {
        let (mut bed, mut files) = (Bed::new(), Files::default());
        for _ in 0..3 {
            offend(&mut bed, &mut files);
        }
        assert!(bed.standing("9").mute.is_some());
        let changes = command(&mut bed, &mut files, undone, &format!("/撤销 {undone}"));
        assert!(said(&changes).contains(&"unmute undo".to_owned()), "{undone}: {:?}", said(&changes));
        assert_eq!(bed.standing("9").mute, rest);
        assert_eq!(bed.standing("9").strikes.len(), 2);
    }
    // Four strikes' worth: without one of them the mute was still due.
    let (mut bed, mut files) =
        (Bed::with(|policy| policy.ladder = [Step::WarnPublic, Step::Mute(DAY)].into()), Files::default());
    for _ in 0..3 {
        offend(&mut bed, &mut files);
    }
    let until = bed.standing("9").mute.expect("muted").until;
    let changes = command(&mut bed, &mut files, 1, "/撤销 1");
    assert!(said(&changes).iter().all(|act| !act.starts_with("unmute")), "{:?}", said(&changes));
    assert_eq!(bed.standing("9").mute.expect("still muted").until, until);
    // Without the last one, the mute ends when that of the second would have ended: a shorter one in its place.
    let changes = command(&mut bed, &mut files, 3, "/撤销 3");
    let acts = said(&changes);
    assert_eq!(acts.iter().filter(|act| act.starts_with("unmute")).count(), 1, "{acts:?}");
    assert!(bed.standing("9").mute.is_none_or(|mute| mute.until < until));
}

#[test]
fn a_shorter_mute_in_the_place_of_an_undone_one_is_its_own_cases() {
    let ladder = [Step::WarnPublic, Step::Mute(HOUR), Step::Mute(DAY)];
    let (mut bed, mut files) = (Bed::with(|policy| policy.ladder = ladder.into()), Files::default());
    (0..3).for_each(|_| drop(offend(&mut bed, &mut files)));
    let undone = command(&mut bed, &mut files, 3, "/撤销 3");
    let muted: Vec<_> = acts(&undone).into_iter().filter(|act| matches!(act.what, What::Mute { .. })).collect();
    let [mute] = &muted[..] else { panic!("{:?}", said(&undone)) };
    assert_eq!((mute.cause.case.as_deref(), bed.standing("9").mute.map(|mute| mute.case)), (Some("2"), Some(2)));
    assert_eq!(
        undone.iter().filter(|change| matches!(change, Change::Timer(timer) if &*timer.id == "unmute:2")).count(),
        1
    );
    bed.end(mute, &Outcome::Failed { error: "422".to_owned() });
    assert_eq!(bed.standing("9").mute, None, "nobody is muted");
}

#[test]
fn an_unmute_that_waits_goes_out_when_its_case_is_undone() {
    let (mut bed, mut files) = (Bed::with(|policy| policy.ladder = [Step::Mute(HOUR)].into()), Files::default());
    offend(&mut bed, &mut files);
    bed.pass(HOUR);
    let over = bed.tick();
    assert_eq!(said(&over), ["unmute unmute"]);
    files.take(&over, &ActionState::Pending);
    let undone = command(&mut bed, &mut files, 1, "/撤销 1");
    assert!(undone.iter().all(|change| !matches!(change, Change::Ended { .. })), "{undone:?}");
    assert!(!texts(&undone).concat().contains("动作取消"), "{:?}", texts(&undone));
}

#[test]
fn what_a_person_decided_stands_when_another_case_is_undone() {
    let (mut bed, mut files) = (Bed::new(), Files::default());
    offend(&mut bed, &mut files);
    let whom = Segment::Mention { user: "9".into(), name: "小9".into() };
    let message = Message {
        sender: with_role("boss", Role::Admin),
        content: vec![Segment::Text("/禁言 ".into()), whom, Segment::Text(" 3天".into())],
        quote: None,
        ..Message::default()
    };
    let time = bed.now;
    let changes = bed.event(Kind::Message(message), time);
    files.take(&changes, &done());
    bed.deliver(&changes);
    let changes = command(&mut bed, &mut files, 1, "/撤销 1");
    assert!(said(&changes).iter().all(|act| !act.starts_with("unmute")), "{:?}", said(&changes));
    assert!(bed.standing("9").mute.is_some());
}

#[test]
fn what_was_done_although_it_was_cancelled_is_taken_back() {
    let mut bed = Bed::new();
    let mut deeds = Vec::new();
    for _ in 0..4 {
        let changes = bed.say("9", BAD);
        let deed = |action: &Arc<Action>| matches!(action.what, What::Mute { .. } | What::Remove { .. });
        deeds.extend(acts(&changes).into_iter().filter(deed));
        bed.deliver(&changes);
        bed.pass(2 * MINUTE);
    }
    let [mute, remove] = &deeds[..] else { panic!("{deeds:#?}") };
    let mut end = |deed: &Arc<Action>, outcome: Outcome| {
        bed.core.cancel(deed, bed.now, &mut bed.out);
        bed.out.clear();
        bed.core.loaded.cancelled = true;
        said(&bed.end(deed, &outcome))
    };
    let unknown = || Outcome::Uncertain { error: "hung up".to_owned() };
    assert_eq!(end(mute, Outcome::Done { message: None }), ["unmute undo"]);
    assert_eq!(end(mute, unknown()), ["unmute undo"]);
    assert_eq!(end(remove, Outcome::Done { message: None }), ["task task"]);
    assert_eq!(end(remove, unknown()), [""; 0]);
}

#[test]
fn a_mute_that_was_done_although_it_was_cancelled_leaves_the_one_that_runs() {
    let mut bed = Bed::with(|policy| policy.ladder = [Step::Mute(DAY), Step::Mute(2 * DAY)].into());
    bed.offend("9", BAD);
    let until = bed.standing("9").mute.expect("muted").until;
    let changes = bed.say("9", BAD);
    let longer = acts(&changes).into_iter().find(|action| matches!(action.what, What::Mute { .. })).expect("a mute");
    bed.core.cancel(&longer, bed.now, &mut bed.out);
    bed.out.clear();
    bed.core.loaded.cancelled = true;
    let lifted = bed.end(&longer, &Outcome::Done { message: None });
    assert_eq!(said(&lifted), ["unmute undo", "mute undo"]);
    let again = &acts(&lifted)[1];
    assert!(matches!(again.what, What::Mute { until: end, .. } if end == until), "{again:?}");
    assert_eq!(again.cause.case.as_deref(), Some("1"));
    assert_eq!(bed.standing("9").mute.map(|mute| mute.until), Some(until));
}

#[test]
fn a_case_of_another_group_and_a_forged_notice_are_nobodys() {
    let (mut bed, mut files) = (Bed::new(), Files::default());
    offend(&mut bed, &mut files);
    files.0[0].case.group = "g2".into();
    let changes = command(&mut bed, &mut files, 1, "/撤销 1");
    assert_eq!(texts(&changes), ["本群没有案件 1。"]);
    files.0[0].undone = Some(ByWhom { by: "x".into(), name: "老王".into(), at: NOW });
    files.0[0].case.group = "g1".into();
    let changes = command(&mut bed, &mut files, 1, "/撤销 1");
    assert!(texts(&changes)[0].contains("已撤销过（老王"), "{:?}", texts(&changes));
    let quote = |sender: &str, text: &str| Quote { message: None, sender: Some(sender.into()), text: text.into() };
    let named = |sender: &str, bot: Option<&str>| quoted_cases(&quote(sender, "（案件 12，命中"), bot);
    assert_eq!(named("bot", Some("bot")), [12]);
    assert_eq!(named("9", Some("bot")), [0; 0]);
    assert_eq!(named("9", None), [0; 0]);
    // A merged notice is of several, and nobody knows which is meant.
    let merged = quote("bot", "@小9（广告，案件 3，点名提醒）；@小8（编号 4）；已处理（案件 5、6）；案件 3");
    assert_eq!(quoted_cases(&merged, Some("bot")), [3, 5, 6, 4]);
}

#[test]
fn only_cases_of_the_group_that_stand_are_appealed() {
    let (mut bed, mut files) = (Bed::new(), Files::default());
    offend(&mut bed, &mut files);
    let appeal = |bed: &mut Bed, file: &CaseFile| {
        bed.core.loaded.case = Some(file.clone());
        let (content, time) = (vec![Segment::Text("误判".into())], bed.now);
        let message = Message { sender: person("8"), content, quote: Some(Box::default()), ..Message::default() };
        texts(&bed.event(Kind::Message(message), time))
    };
    assert!(appeal(&mut bed, &files.0[0]).iter().any(|text| text.contains("已转告管理员")));
    let mut file = files.0[0].clone();
    file.case.group = "g2".into();
    assert_eq!(appeal(&mut bed, &file), [""; 0]);
    let undone = Some(ByWhom { by: "x".into(), name: "老王".into(), at: NOW });
    let file = CaseFile { undone, ..files.0[0].clone() };
    assert!(appeal(&mut bed, &file)[0].contains("已撤销过（老王"));
}

#[test]
fn nobody_is_called_by_the_number_of_a_case() {
    for name in ["案件 12", "小王案件12", "编号：３"] {
        let shown = plain_name(name, "9");
        assert!(shown.contains('＊') && !shown.contains(char::is_numeric), "{name}: {shown}");
    }
    assert_eq!(plain_name("办案件的小王", "9"), "办案件的小王");
}

#[test]
fn a_merged_notice_said_to_be_a_false_alarm_asks_which() {
    let mut bed = Bed::new();
    bed.core.loaded.quoted = vec![3, 4];
    let quote = Some(Box::new(Quote { message: None, sender: Some("bot".into()), text: "案件 3；案件 4".into() }));
    let content = vec![Segment::Text("误判".into())];
    let time = bed.now;
    let changes = bed.event(
        Kind::Message(Message { sender: with_role("boss", Role::Admin), content, quote, ..Message::default() }),
        time,
    );
    assert!(texts(&changes)[0].contains("/撤销 3"), "{:?}", texts(&changes));
}

#[test]
fn a_trial_admin_may_some_of_it_until_the_last_day_is_over() {
    let mut bed = Bed::new();
    assert!(texts(&bed.say("trial", "/状态"))[0].contains("设置版本"));
    assert!(texts(&bed.say("trial", "/禁言 1小时"))[0].contains("只有群主和管理员能用"));
    // What is tried is not said, but what is said is judged.
    assert!(texts(&bed.say("trial", &format!("/试 {BAD}")))[0].contains("会判为违规"));
    assert_eq!(cases(&bed.say("trial", BAD)).len(), 1);
    bed.pass(DAY);
    assert!(texts(&bed.say("trial", "/状态"))[0].contains("只有"));
}

fn sent_as(message: &str) -> ActionState {
    ActionState::Ended { outcome: Outcome::Done { message: Some(message.to_owned()) }, at: NOW }
}

#[test]
fn a_warning_that_can_be_taken_back_is_taken_back_within_a_day() {
    for (platform_can, later, expected) in [(true, HOUR, true), (true, DAY, false), (false, HOUR, false)] {
        let cannot: &[Capability] = if platform_can { &[] } else { &[Capability::Recall] };
        let (mut bed, mut files) = (Bed::without(cannot), Files::default());
        let changes = bed.offend("9", BAD);
        files.take(&changes, &sent_as("msg:1"));
        bed.pass(later);
        let undone = command(&mut bed, &mut files, 1, "/撤销 1");
        let back: Vec<_> = acts(&undone).into_iter().filter(|act| matches!(act.what, What::Delete { .. })).collect();
        assert_eq!(back.len(), usize::from(expected), "{:?}", said(&undone));
        assert_eq!(texts(&undone).concat().contains("正在撤回"), expected);
        if let [back] = &back[..] {
            assert!(matches!(&back.what, What::Delete { message } if **message == *"msg:1"));
            // It may be too late for it after all: nobody is to do anything about that.
            assert!(acts(&bed.end(back, &Outcome::Failed { error: "40058".to_owned() })).is_empty());
        }
    }
}

#[test]
fn who_is_warned_after_the_case_was_undone_is_told_that_it_was() {
    for (step, way) in [(Step::WarnPrivate, "private undo"), (Step::WarnPublic, "send undo")] {
        let (mut bed, mut files) = (Bed::with(|policy| policy.ladder = [step].into()), Files::default());
        let changes = bed.say("9", BAD);
        files.take(&changes, &ActionState::Pending);
        let undone = command(&mut bed, &mut files, 1, "/撤销 1");
        assert!(said(&undone).iter().all(|word| !word.ends_with("undo")), "{:?}", said(&undone));
        let tells = |action: &&Arc<Action>| !action.notifies.is_empty();
        let notice = acts(&changes).iter().find(tells).expect("a notice").clone();
        let arrives = |bed: &mut Bed, file: CaseFile| {
            (bed.core.loaded.cancelled, bed.core.loaded.case) = (true, Some(file));
            said(&bed.end(&notice, &Outcome::Done { message: Some("m:1".to_owned()) }))
        };
        let file = files.of(1).expect("it is there");
        assert_eq!(arrives(&mut bed, file.clone()), ["delete undo", way]);
        // Whom the undoing told by that way is not told twice.
        let mut told = file.clone();
        told.actions.push(StoredAction { action: notice.clone(), state: done() });
        assert_eq!(arrives(&mut bed, told), ["delete undo"]);
    }
}

#[test]
fn who_has_left_is_not_named_in_the_group_any_more() {
    for (gone, expected) in [(false, "send undo"), (true, "private undo")] {
        let (mut bed, mut files) = (Bed::with(|policy| policy.ladder = [Step::WarnPublic].into()), Files::default());
        offend(&mut bed, &mut files);
        bed.core.loaded.gone = gone;
        let undone = command(&mut bed, &mut files, 1, "/撤销 1");
        let told: Vec<_> = said(&undone).into_iter().filter(|word| word.ends_with("undo")).collect();
        assert_eq!(told, [expected], "gone: {gone}");
    }
}
