use std::collections::HashSet;
use std::time::Duration;

use jiff::Zoned;

use super::*;
use crate::domain::event::{Message, Segment};
use crate::domain::time::Timestamp;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// Wednesday, 2026-11-25 10:00 in Shanghai.
fn now() -> Zoned {
    "2026-11-25T10:00:00+08:00[Asia/Shanghai]".parse().expect("a sound time")
}

fn asked(quoted: Option<&str>) -> Asked<'_> {
    Asked { bot: Some("bot"), quoted, unmet: None, now: now() }
}

/// `@x` is a mention of the user x.
fn message(text: &str) -> Message {
    let mut content = Vec::new();
    for (at, part) in text.split('@').enumerate() {
        let rest = if at == 0 {
            part
        } else {
            let end = part.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(part.len());
            let (user, rest) = part.split_at(end);
            content.push(Segment::Mention { user: user.into(), name: format!("小{user}").into() });
            rest
        };
        if !rest.is_empty() {
            content.push(Segment::Text(rest.into()));
        }
    }
    Message { content, ..Message::default() }
}

fn read(text: &str) -> Option<Typed> {
    parse(&message(text), &asked(None))
}

fn command(text: &str) -> Command {
    match read(text) {
        Some(Typed::Command(command)) => command,
        other => panic!("{text} was read as {other:?}"),
    }
}

#[test]
fn every_command_has_a_row_and_a_name_of_its_own() {
    let mut names = HashSet::new();
    for (at, info) in COMMANDS.iter().enumerate() {
        assert_eq!(info.name as usize, at, "{} is in its place", info.key);
        assert_eq!(info.name.info().key, info.key, "one row for each");
        for name in info.names {
            assert!(names.insert(*name), "{name} is there twice");
        }
        assert!(info.usage.starts_with(&format!("/{}", info.names[0])), "{}", info.usage);
        assert!(!info.roles.is_empty());
    }
}

#[test]
fn spaces_width_and_case_are_forgiven() {
    for text in
        ["/帮助", "／帮助", " / 帮助 ", "/HELP", "／ｈｅｌｐ", "@bot 帮助", "@bot，帮助", "@bot /help", "　/帮助"]
    {
        assert_eq!(command(text), Command::Help(None), "{text}");
    }
    assert_eq!(command("/撤销12"), Command::Undo(Undo::Case(12)));
    assert_eq!(command("/撤销 １２"), Command::Undo(Undo::Case(12)));
    assert_eq!(command("/撤销 案件十二"), Command::Undo(Undo::Case(12)));
    assert_eq!(command("/undo #12"), Command::Undo(Undo::Case(12)));
    assert_eq!(command("/撤销 改3"), Command::Undo(Undo::Change(3)));
    assert_eq!(command("/撤销改动 3"), Command::Undo(Undo::Change(3)));
    assert_eq!(command("/案件第十二号"), Command::Case(12));
    assert_eq!(
        command("/加词 加微信，“低价 代购”、刷单"),
        Command::AddWords(vec!["加微信".into(), "低价 代购".into(), "刷单".into()])
    );
    assert_eq!(command("/试加V信 abc"), Command::Try("加V信 abc".into()));
    assert_eq!(command("/帮助 禁言"), Command::Help(Some(Name::Mute.info())));
    assert_eq!(command("/帮助。"), Command::Help(None));
    assert_eq!(command("/帮助 /禁言。"), Command::Help(Some(Name::Mute.info())));
    assert_eq!(command("/词表。"), Command::Words(None));
    assert_eq!(command("/词表 加微信。"), Command::Words(Some("加微信".into())));
}

#[test]
fn the_key_of_the_slash_may_give_a_chinese_comma() {
    assert_eq!(read("、帮助"), read("/帮助"));
    assert_eq!(read(" 、 禁言 @x 10分钟 刷屏"), read("/禁言 @x 10分钟 刷屏"));
    assert_eq!((read("、微笑"), read("、")), (None, None), "only where a command is meant");
}

#[test]
fn a_command_is_read_as_far_as_anybody_writes_one() {
    let long = "1 ".repeat(500_000);
    assert!(matches!(read(&format!("/禁言 @x {long}")), Some(Typed::Misused { .. } | Typed::Command(_))));
    assert!(matches!(read(&format!("/提醒 z {long}")), Some(Typed::Misused { .. })));
}

#[test]
fn what_is_no_command_is_left_alone() {
    for text in [
        "帮助",
        "说一下/帮助",
        "/微笑",
        "/停车场在哪",
        "/",
        "//",
        "http://x/帮助",
        "@x 帮助",
        "/etc/passwd",
        "",
        "我的记录",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(read("@bot 你好呀"), Some(Typed::Talk));
    assert_eq!(read("@bot"), Some(Typed::Talk));
    // A forwarded record or a picture before it: the command is not the sender's own words.
    let forwarded = Message {
        content: vec![Segment::Other("chat_record".into()), Segment::Text("/停".into())],
        ..Message::default()
    };
    assert_eq!(parse(&forwarded, &asked(None)), None);
    assert!(!looks_like_command(&forwarded, Some("bot")));
}

#[test]
fn a_near_miss_gets_a_suggestion() {
    for (text, near) in [
        ("/帮住", Name::Help),
        ("/禁烟 @x", Name::Mute),
        ("/hlep", Name::Help),
        ("/撒销 12", Name::Undo),
        ("/statu", Name::Status),
        ("/停一下", Name::Stop),
        ("/停用", Name::Stop),
        ("/恢复一下", Name::Resume),
    ] {
        let Some(Typed::Misspelt { near: found, .. }) = read(text) else { panic!("{text}: {:?}", read(text)) };
        assert_eq!(found.name, near, "{text}");
    }
}

#[test]
fn one_number_is_read_and_no_other_is_passed_over() {
    assert_eq!(command("/撤销 2号 是误判"), Command::Undo(Undo::Case(2)));
    assert_eq!(command("/撤销 2。"), Command::Undo(Undo::Case(2)));
    for text in ["/撤销 2 3", "/撤销 2、3", "/撤销 改1 改2", "/撤销 1小时", "/案件 1 2"] {
        assert!(matches!(read(text), Some(Typed::Misused { .. })), "{text}: {:?}", read(text));
    }
}

#[test]
fn members_are_those_mentioned_or_quoted() {
    let users = |typed: Command| typed.whom().iter().map(|one| one.user.to_string()).collect::<Vec<_>>();
    assert_eq!(users(command("/警告 @x 刷屏")), ["x"]);
    assert_eq!(users(command("/警告@x@y@x刷屏")), ["x", "y"]);
    assert_eq!(users(command("@bot 警告 @x")), ["x"]);
    let quoting = parse(&message("/警告 刷屏"), &asked(Some("q")));
    let Some(Typed::Command(Command::Warn { whom, reason })) = quoting else { panic!("{quoting:?}") };
    assert_eq!((&*whom[0].user, reason.as_str()), ("q", "刷屏"));
    assert!(matches!(read("/警告 小李"), Some(Typed::Misused { .. })), "a name that is typed is nobody");
    let many: String = (0..11).map(|n| format!("@u{n} ")).collect();
    assert!(matches!(read(&format!("/移出 {many}")), Some(Typed::Misused { .. })));
}

#[test]
fn a_mute_has_a_length_or_an_end() {
    let at = |text: &str| Timestamp::parse(text).expect("a sound time");
    let length = |seconds| Some(When::For(Duration::from_secs(seconds)));
    let until = |text| Some(When::Until(at(text)));
    let rows = [
        ("3天", length(3 * DAY), ""),
        ("三天 刷屏", length(3 * DAY), "刷屏"),
        ("半小时", length(1800), ""),
        ("半个小时", length(1800), ""),
        ("一个半小时", length(5400), ""),
        ("两天半", length(DAY * 5 / 2), ""),
        ("1.5h", length(5400), ""),
        ("２小时", length(2 * HOUR), ""),
        ("2h30m 骂人", length(2 * HOUR + 1800), "骂人"),
        ("1天12小时", length(36 * HOUR), ""),
        ("一刻钟", length(900), ""),
        ("一周", length(7 * DAY), ""),
        ("2个月", length(60 * DAY), ""),
        ("10分钟，刷屏", length(600), "刷屏"),
        ("到明天早上8点", until("2026-11-26T08:00:00+08:00"), ""),
        ("到明早", until("2026-11-26T08:00:00+08:00"), ""),
        ("到今晚十点半", until("2026-11-25T22:30:00+08:00"), ""),
        ("到18:30", until("2026-11-25T18:30:00+08:00"), ""),
        ("到八点", until("2026-11-26T08:00:00+08:00"), ""),
        ("到下午三点", until("2026-11-25T15:00:00+08:00"), ""),
        ("到周五", until("2026-11-27T00:00:00+08:00"), ""),
        ("到下周一 9点 广告", until("2026-11-30T09:00:00+08:00"), "广告"),
        ("到12月1日9点", until("2026-12-01T09:00:00+08:00"), ""),
        ("到2027-01-02", until("2027-01-02T00:00:00+08:00"), ""),
        ("到3号中午", until("2026-12-03T12:00:00+08:00"), ""),
        ("明天因为吵架", until("2026-11-26T00:00:00+08:00"), "吵架"),
        ("到12月1日", until("2026-12-01T00:00:00+08:00"), ""),
        ("12月1日", until("2026-12-01T00:00:00+08:00"), ""),
        ("2026年12月1日 9点", until("2026-12-01T09:00:00+08:00"), ""),
        ("一年", length(365 * DAY), ""),
        ("刷屏 2小时", length(2 * HOUR), "刷屏"),
        ("刷屏，禁言十分钟。", length(600), "刷屏"),
        ("刷屏 到明早", until("2026-11-26T08:00:00+08:00"), "刷屏"),
        ("，2小时", length(2 * HOUR), ""),
        ("2小时。", length(2 * HOUR), ""),
        ("刷屏 昨天8点", None, "刷屏 昨天8点"),
        ("一直刷屏", None, "一直刷屏"),
        ("到处发广告", None, "到处发广告"),
        ("三次发广告", None, "三次发广告"),
        ("半夜吵人", None, "半夜吵人"),
        ("为难群友", None, "为难群友"),
        ("刷屏", None, "刷屏"),
        ("", None, ""),
    ];
    for (text, end, reason) in rows {
        let Command::Mute { end: found, reason: said, .. } = command(&format!("/禁言 @x {text}")) else { panic!() };
        assert_eq!((found, said.as_str()), (end, reason), "{text}");
    }
    for text in [
        "5",
        "十",
        "10秒",
        "400天",
        "99999999999999999999天",
        "三年",
        "-1天",
        "几天",
        "三五天",
        "一会儿",
        "一整天",
        "3月",
        "永久",
        "forever",
        "到月底",
        "到昨天 刷屏",
    ] {
        let found = read(&format!("/禁言 @x {text}"));
        assert!(matches!(found, Some(Typed::Misused { .. })), "{text}: {found:?}");
    }
}

#[test]
fn a_removal_wants_a_word_of_confirmation() {
    let read = |text: &str| match command(text) {
        Command::Remove { confirmed, reason, .. } => (confirmed, reason),
        other => panic!("{other:?}"),
    };
    assert_eq!(read("/移出 @x 发广告"), (false, "发广告".into()));
    assert_eq!(read("/移出 @x 发广告 确认"), (true, "发广告".into()));
    assert_eq!(read("/kick @x confirm"), (true, String::new()));
    assert_eq!(read("/移出 @x 发广告，确认。"), (false, "发广告,确认".into()));
    assert_eq!(read("/移出 @x 确认！"), (true, String::new()));
}

#[test]
fn a_quoted_notice_is_answered_with_one_word() {
    let quoting = |text: &str| Message { quote: Some(Box::default()), ..message(text) };
    for text in ["误判", "误判！", " 误判了。", "这是误判"] {
        assert!(is_false_alarm(&quoting(text)) && !is_false_alarm(&message(text)), "{text}");
    }
    for text in ["不是误判", "误判率", "@x 误判的人", ""] {
        assert!(!is_false_alarm(&quoting(text)), "{text}");
    }
}

#[test]
fn alone_with_the_bot_no_sign_is_needed() {
    let read = |text: &str| parse_private(&message(text), &asked(None));
    assert_eq!(read("我的记录"), Some(Typed::Command(Command::Record)));
    assert_eq!(read("群规"), Some(Typed::Command(Command::Rules)));
    assert_eq!(read("/help"), Some(Typed::Command(Command::Help(None))));
    assert_eq!(read("群规是什么"), None);
    assert_eq!(read("你好"), None);
}
