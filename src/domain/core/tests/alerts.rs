//! What the admins and the company's place are told: within limits, the same thing once, nothing silently dropped.

use super::*;
use crate::domain::policy::Company;

fn watched(edit: impl FnOnce(&mut Company)) -> Bed {
    let mut bed = Bed::new();
    let mut company = Company { platform: "p".into(), group: "hq".into(), users: [].into(), per_minute: 6 };
    edit(&mut company);
    Arc::get_mut(&mut bed.core.settings).expect("only the core has it").company = Some(company);
    bed
}

impl Bed {
    fn say_in(&mut self, group: &str, user: &str, text: &str) -> Vec<Change> {
        self.events += 1;
        let id = format!("e-{}", self.events).into();
        let kind = Kind::Message(Message {
            sender: person(user),
            content: vec![Segment::Text(text.into())],
            ..Message::default()
        });
        let event = Event { id, platform: "p".into(), group: group.into(), time: Some(self.now), kind };
        self.core.event(&event, self.now, &mut self.out);
        std::mem::take(&mut self.out)
    }
}

/// What was said in a group.
fn at(changes: &[Change], group: &str) -> Vec<String> {
    let here: Vec<Change> =
        changes.iter().filter(|change| matches!(change, Change::Act(act) if *act.group == *group)).cloned().collect();
    texts(&here)
}

#[test]
fn alerts_are_limited_and_those_not_sent_are_said_by_kind() {
    let mut bed = Bed::new();
    let mut sent = 0;
    for user in 0..20 {
        sent += acts(&bed.say(&user.to_string(), "怪话")).len();
    }
    assert_eq!(sent, 6);
    let notice = acts(&bed.say("9", BAD))[1].clone();
    bed.end(&notice, &Outcome::Failed { error: "400".to_owned() });
    bed.pass(MINUTE);
    let changes = bed.tick();
    let text = &texts(&changes)[0];
    assert!(text.contains("15 条") && text.contains("可能是「违规内容」 ×14"), "{text}");
    assert!(text.contains("未能完成私信通知（平台拒绝了这个操作） ×1（案件 1）"), "{text}");
    bed.pass(DAY);
    assert!(acts(&bed.tick()).is_empty(), "once");
}

#[test]
fn the_same_about_the_same_within_a_minute_is_told_once_and_counted() {
    let mut bed = Bed::new();
    let mut told = Vec::new();
    for _ in 0..4 {
        told.extend(bed.say("9", "怪话"));
        bed.pass(SECOND);
    }
    assert_eq!(said(&told), ["task review"]);
    assert_eq!(said(&bed.say("8", "怪话")), ["task review"], "about somebody else");
    bed.now = NOW.plus(MINUTE);
    assert!(texts(&bed.tick())[0].contains("×3"));
    assert_eq!(said(&bed.say("9", "怪话")), ["task review"], "the minute is over");
}

#[test]
fn what_is_held_waits_for_room_and_is_said_with_its_words() {
    let mut bed = Bed::new();
    for user in 0..8 {
        bed.say(&user.to_string(), "怪话");
        bed.pass(SECOND);
    }
    bed.now = NOW.plus(MINUTE);
    assert_eq!(said(&bed.say("8", "怪话")), ["task review"], "it came before the timer, and took its place");
    assert!(acts(&bed.tick()).is_empty());
    bed.pass(SECOND);
    let changes = bed.tick();
    assert!(texts(&changes)[0].contains("2 条"), "{changes:?}");
}

#[test]
fn the_company_is_told_of_every_group() {
    let mut bed = watched(|company| company.users = ["boss".into()].into());
    let first = bed.say_in("g1", "9", "怪话");
    assert_eq!(said(&first), ["task review", "send alert", "private alert"]);
    assert!(at(&first, "hq")[0].starts_with("【g1】请看一下 小9"), "{first:?}");
    assert_eq!(acts(&first)[1].cause.rule.as_deref(), Some("links.other"));
    assert_eq!(acts(&first)[1].lane, Lane::Notice);
    let second = bed.say_in("g2", "9", "怪话");
    assert!(at(&second, "hq")[0].starts_with("【g2】"), "{second:?}");
    let ids: HashSet<_> =
        [first, second].concat().iter().flat_map(|c| acts(std::slice::from_ref(c))).map(|a| a.id.clone()).collect();
    assert_eq!(ids.len(), 6, "each has its own id");
    let alert = acts(&bed.say_in("hq", "9", "怪话"));
    assert_eq!(alert.len(), 3, "the place is a group like others");
    for action in alert {
        assert!(acts(&bed.end(&action, &Outcome::Expired)).is_empty(), "what tells is never told of itself");
    }
}

#[test]
fn beyond_its_limit_the_company_is_told_by_group_and_kind_when_the_minute_is_over() {
    let mut bed = watched(|company| company.per_minute = 2);
    let mut told = Vec::new();
    for (group, user) in [("g1", "1"), ("g1", "2"), ("g1", "3"), ("g2", "1"), ("g1", "4"), ("g2", "1")] {
        told.extend(bed.say_in(group, user, "怪话"));
        bed.pass(SECOND);
    }
    assert_eq!(at(&told, "hq").len(), 2);
    bed.now = NOW.plus(MINUTE);
    let changes = bed.tick();
    let text = at(&changes, "hq").concat();
    let (g1, g2) = ("【g1】可能是「违规内容」 ×2", "【g2】可能是「违规内容」 ×2");
    assert!(text.contains("4 条") && text.contains(g1) && text.contains(g2), "{text}");
    bed.pass(DAY);
    assert!(at(&bed.tick(), "hq").is_empty(), "once");
}

#[test]
fn the_company_reads_the_name_of_a_group() {
    let mut bed = watched(|company| company.per_minute = 1);
    let settings = Arc::get_mut(&mut bed.core.settings).expect("only the core has it");
    let named = Policy { name: Some("书\u{202E}友群".into()), ..Policy::clone(&settings.default_policy) };
    settings.groups.insert("g1".into(), named.into());
    assert!(at(&bed.say_in("g1", "1", "怪话"), "hq")[0].starts_with("【书友群】"));
    bed.say_in("g1", "2", "怪话");
    bed.pass(MINUTE);
    assert!(at(&bed.tick(), "hq")[0].contains("【书友群】可能是"));
}

#[test]
fn a_group_that_no_file_names_is_called_what_its_platform_calls_it() {
    let mut bed = watched(|company| {
        company.per_minute = 1;
        company.users = ["boss".into()].into();
    });
    bed.event(Kind::GroupUpdated { name: Some("一号店".into()), archive: None }, NOW);
    let told = bed.say_in("g1", "1", "怪话");
    assert!(at(&told, "hq")[0].starts_with("【一号店】"), "{told:?}");
    // Who is told alone reads the words themselves; in the place's group they are not repeated.
    let alone = acts(&told).into_iter().find(|action| matches!(action.what, What::Private { .. })).unwrap();
    assert!(matches!(&alone.what, What::Private { text, .. } if text.ends_with("\n原话：“怪话”")), "{alone:?}");
    assert!(!at(&told, "hq")[0].contains("怪话"), "{told:?}");
    bed.say_in("g1", "2", "怪话");
    bed.pass(MINUTE);
    assert!(at(&bed.tick(), "hq")[0].contains("【一号店】可能是"), "also when it was held");
    bed.event(Kind::GroupUpdated { name: Some("".into()), archive: None }, NOW);
    bed.pass(MINUTE);
    assert!(at(&bed.say_in("g1", "3", "怪话"), "hq")[0].starts_with("【g1】"), "it has no name any more");
}

#[test]
fn words_about_no_group_are_told_at_the_place_and_merged() {
    let mut bed = watched(|_| {});
    let mut told = Vec::new();
    for _ in 0..3 {
        bed.core.tell_company("配置已更新：{{ x }}", bed.now, &mut told);
        bed.pass(SECOND);
    }
    assert_eq!(at(&told, "hq"), ["配置已更新：{{ x }}"]);
    bed.now = NOW.plus(MINUTE);
    let text = at(&bed.tick(), "hq").concat();
    assert!(text.contains("2 条") && text.contains("配置已更新：{{ x }} ×2") && !text.contains("【"), "{text}");
    bed.core.tell_company("配置已更新：{{ x }}", bed.now, &mut told);
    let ids: HashSet<_> = acts(&told).iter().map(|action| action.id.clone()).collect();
    assert_eq!(ids.len(), 2, "told again under another id");
    let mut nowhere = Bed::new();
    nowhere.core.tell_company("配置已更新", NOW, &mut told);
    assert_eq!(acts(&told).len(), 2, "without a place it is said nowhere");
}

#[test]
fn what_the_place_s_bot_cannot_do_is_done_otherwise() {
    let rows: [(&[Capability], &[&str]); 4] = [
        (&[Capability::Private], &["send alert"]),
        (&[Capability::Send], &["task alert", "private alert"]),
        (&[Capability::Send, Capability::Task], &["private alert"]),
        (&[Capability::Send, Capability::Task, Capability::Private], &[]),
    ];
    for (cannot, expected) in rows {
        let mut bed = watched(|company| company.users = ["boss".into()].into());
        let can = Capability::ALL.iter().map(|(_, one)| *one).filter(|one| !cannot.contains(one)).collect();
        let settings = Arc::get_mut(&mut bed.core.settings).expect("only the core has it");
        settings.platforms.insert("p".into(), Platform { capabilities: can, ..Platform::default() });
        let mut told = Vec::new();
        bed.core.tell_company("你好", NOW, &mut told);
        assert_eq!(said(&told), expected, "without {cannot:?}");
        let mentioned = |act: &Arc<Action>| matches!(&act.what, What::Send { mentions, .. } if !mentions.is_empty());
        assert_eq!(acts(&told).iter().any(mentioned), cannot == [Capability::Private]);
    }
}

#[test]
fn the_place_is_not_taken_for_a_known_group() {
    let mut bed = watched(|_| {});
    bed.say_in("g1", "9", "怪话");
    bed.pass(MINUTE);
    bed.tick();
    assert!(!bed.core.state.has_group(GroupKey::new("p", "hq")), "its ledger would be lost");
}

#[test]
fn under_observe_the_company_reads_that_it_was_only_observed() {
    let mut bed = watched(|company| company.per_minute = 1);
    bed.mode(Mode::Observe);
    let told: Vec<Change> = (0..9).flat_map(|user| bed.say_in("g1", &user.to_string(), "怪话")).collect();
    let all = said(&told);
    assert!(all.iter().all(|one| one.ends_with('?')) && all.len() == 18, "{all:?}");
}

#[test]
fn held_kinds_are_bounded() {
    let mut bed = watched(|company| company.per_minute = 1);
    for at in 0..300 {
        bed.core.tell_company(&format!("第 {at} 件"), NOW, &mut Vec::new());
    }
    let kept = bed.core.state.company.clone();
    assert_eq!((kept.held.len(), kept.rest, kept.sent.len()), (50, 249, 1));
    bed.pass(MINUTE);
    assert!(at(&bed.tick(), "hq").concat().contains("299 条"));
}
