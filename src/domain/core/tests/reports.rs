//! Members report messages: what the admins read, what the reporter is told, and that nothing else comes of it.

use super::*;
use crate::domain::case::Case;
use crate::domain::event::Quote;

fn quote(message: Option<&str>, sender: Option<&str>, text: &str) -> Quote {
    Quote { message: message.map(Into::into), sender: sender.map(Into::into), text: text.into() }
}

impl Bed {
    fn report_as(&mut self, user: &str, content: Vec<Segment>, quote: Option<Quote>) -> Vec<Change> {
        self.core.loaded.quoted_name = "小王".into();
        let message = Message { sender: person(user), content, quote: quote.map(Box::new), ..Message::default() };
        self.event(Kind::Message(message), self.now)
    }

    fn report(&mut self, user: &str, quoted: Quote) -> Vec<Change> {
        self.report_as(user, vec![Segment::Text("/举报 天天发".into())], Some(quoted))
    }
}

fn at_bot(text: &str) -> Vec<Segment> {
    vec![Segment::Mention { user: "bot".into(), name: "群卫".into() }, Segment::Text(text.into())]
}

fn case_of(changes: &[Change]) -> Option<Case> {
    changes.iter().find_map(|change| match change {
        Change::Case(case) => Some((**case).clone()),
        _ => None,
    })
}

#[test]
fn a_report_is_judged_and_put_before_the_admins_alone() {
    let mut bed = Bed::new();
    let told = bed.report("7", quote(Some("m-1"), Some("9"), &format!("{BAD}，电话 13812345678")));
    assert_eq!(said(&told), ["task review", "private command"]);
    let card = &texts(&told)[0];
    assert!(card.starts_with("小7 举报了 小王 的消息（案件 1）"), "{card}");
    assert!(card.contains("理由：天天发") && card.contains("像「违规内容」") && card.contains(BAD), "{card}");
    assert!(texts(&told)[1].contains("案件 1"), "{told:?}");
    let case = case_of(&told).unwrap();
    assert_eq!((&*case.user, &*case.step, case.strikes, &*case.message), ("9", "report", 0, ""));
    assert_eq!(case.findings.iter().map(|one| &*one.rule).collect::<Vec<_>>(), ["report", "ads.words"]);
    assert!(bed.standing("9").strikes.is_empty(), "nobody is punished by a report");
}

#[test]
fn where_nothing_can_be_said_alone_the_group_learns_nothing() {
    let mut bed = Bed::without(&[Capability::Private, Capability::Task]);
    let told = bed.report("7", quote(Some("m-1"), Some("9"), BAD));
    assert_eq!(said(&told), ["send review", "send command"]);
    for text in texts(&told) {
        assert!(!text.contains("举报") && !text.contains("小7") && !text.contains("小王"), "{text}");
    }
}

#[test]
fn quoting_and_speaking_to_the_bot_is_enough() {
    for text in ["", " ", "举报", " 这个人天天发广告"] {
        let mut bed = Bed::new();
        let told = bed.report_as("7", at_bot(text), Some(quote(Some("m-1"), Some("9"), BAD)));
        assert_eq!(said(&told), ["task review", "private command"], "{text}");
    }
    // Wherever the mention stands.
    let mut bed = Bed::new();
    let after =
        |text: &str| vec![Segment::Text(text.into()), Segment::Mention { user: "bot".into(), name: "群卫".into() }];
    let told = bed.report_as("7", after("举报 他 "), Some(quote(Some("m-1"), Some("9"), BAD)));
    assert!(texts(&told)[0].contains("理由：他。"), "{told:?}");
    assert_eq!(acts(&bed.report_as("7", after("误判 "), Some(quote(Some("m-2"), Some("9"), BAD)))), []);
    assert_eq!(acts(&bed.report_as("7", after("谢谢 "), Some(quote(Some("b-1"), Some("bot"), "好")))), []);
    assert_eq!(acts(&bed.report_as("7", after("谢谢 "), None)), []);
    // Without a quote it is said how; the bot's own messages are appealed against, not reported.
    let mut bed = Bed::new();
    let told = bed.report_as("7", at_bot("举报"), None);
    assert!(texts(&told)[0].contains("先引用"), "{told:?}");
    let told = bed.report("7", quote(Some("b-1"), Some("bot"), "请看一下群规"));
    assert!(texts(&told)[0].contains("误判") && case_of(&told).is_none(), "{told:?}");
    let told = bed.report_as("7", at_bot("你好呀"), Some(quote(Some("b-1"), Some("bot"), "请看一下群规")));
    assert!(texts(&told)[0].contains("我是群卫"), "{told:?}");
    let told = bed.report_as("7", at_bot("误判"), Some(quote(Some("b-1"), Some("bot"), "请看一下群规")));
    assert_eq!(acts(&told), [], "a notice without a case");
}

#[test]
fn where_nobody_knows_who_wrote_it_the_card_says_so() {
    let mut bed = Bed::new();
    let told = bed.report("7", quote(None, None, "今天天气不错"));
    let card = &texts(&told)[0];
    assert!(card.contains("有人 的消息") && card.contains("找到发的人") && card.contains("今天天气不错"), "{card}");
    assert!(card.contains("没看出问题"), "{card}");
    let again = bed.report("8", quote(None, None, "今天天气不错"));
    assert_eq!((said(&again), case_of(&again)), (vec!["private command".to_owned()], None), "the same text");
    // Of pictures without an id nobody can tell whether they are the same.
    for user in ["7", "8"] {
        bed.pass(MINUTE);
        let told = bed.report(user, quote(None, None, ""));
        assert!(texts(&told)[0].contains("不是文字"), "{told:?}");
        assert!(case_of(&told).is_some());
    }
}

#[test]
fn the_same_message_joins_and_a_member_reports_so_much_an_hour() {
    let mut bed = Bed::new();
    bed.report("7", quote(Some("m-1"), Some("9"), BAD));
    for user in ["7", "8"] {
        let again = bed.report(user, quote(Some("m-1"), Some("9"), BAD));
        assert!(said(&again) == ["private command"] && texts(&again)[0].contains("案件 1"), "{again:?}");
    }
    for n in 2..=5 {
        bed.pass(MINUTE);
        assert!(case_of(&bed.report("7", quote(Some(&format!("m-{n}")), Some("9"), BAD))).is_some(), "{n}");
    }
    bed.pass(MINUTE);
    let told = bed.report("7", quote(Some("m-6"), Some("9"), BAD));
    assert!(case_of(&told).is_none() && texts(&told)[0].contains("最多举报 5 条"), "{told:?}");
    assert!(case_of(&bed.report("8", quote(Some("m-6"), Some("9"), BAD))).is_some(), "another member");
    bed.pass(HOUR);
    assert!(case_of(&bed.report("7", quote(Some("m-7"), Some("9"), BAD))).is_some());
    assert_eq!(bed.standing("7").reports.len(), 1);
}

#[test]
fn an_admin_who_is_reported_is_not_the_one_who_is_asked() {
    let mut bed = Bed::new();
    bed.say_as(with_role("boss", Role::Admin), "大家好");
    let told = bed.report("7", quote(Some("m-1"), Some("boss"), BAD));
    let What::Task { mentions, .. } = &acts(&told)[0].what else { panic!("{told:?}") };
    assert_eq!(mentions[..], ["named".into()]);
    // The only one: nobody in the group is asked.
    let mut bed = Bed::with(|policy| policy.roles = HashMap::from([("boss".into(), Role::Admin)]).into());
    let told = bed.report("7", quote(Some("m-1"), Some("boss"), BAD));
    assert_eq!(said(&told), ["private command"]);
}

#[test]
fn an_edit_of_a_reported_message_is_judged_by_itself() {
    let mut bed = Bed::new();
    bed.say_as(person("9"), "今天天气不错");
    bed.report("7", quote(Some("e-1"), Some("9"), "今天天气不错"));
    let now = Message { sender: person("9"), content: vec![Segment::Text(BAD.into())], ..Message::default() };
    let edited = bed.event(Kind::Edited { message: "e-1".into(), now }, bed.now);
    assert_eq!(cases(&edited), [(2, "warn_private".to_owned(), 1)]);
}

#[test]
fn what_another_way_brings_to_be_judged_is_only_obeyed() {
    let mut bed = Bed::new();
    let heard = |text: &str| {
        let content = vec![Segment::Text(text.into())];
        Kind::Message(Message { sender: person("9"), content, judged_elsewhere: true, ..Message::default() })
    };
    assert!(bed.event(heard(BAD), NOW).is_empty(), "it comes a second time, under another id");
    assert_eq!(said(&bed.event(heard("/我的记录"), NOW)), ["private command"]);
    assert_eq!(said(&bed.say("9", BAD)), ["delete warn_private", "private warn_private"], "it was not counted before");
}
