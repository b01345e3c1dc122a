//! What is reworded, what several push together, and quarrels.

use super::*;
use crate::domain::event::Quote;

/// Plays (member, group, seconds, text) and gives for each the kinds of rules that had a hit. A text that begins with `@`
/// answers somebody.
fn crowd(rules: &Ruleset, said: &[(u64, u128, i64, String)]) -> Vec<Vec<String>> {
    let (mut recent, mut scratch) = (Recent::default(), Scratch::default());
    let one = |(member, group, seconds, text): &(u64, u128, i64, String)| {
        let answered = Quote { message: None, sender: None, text: "".into() };
        let quote = text.starts_with('@').then(|| Box::new(answered));
        let message = Message { quote, ..message(vec![Segment::Text(text.trim_start_matches('@').into())]) };
        rules.find(&message, &mut scratch);
        let things = thing_keys(&message, &scratch.text);
        let seen = Sighting { things, heats: scratch.heats, ..sighting(*member, *group, *seconds, &scratch.text) };
        recent.note(rules.needs(), &seen);
        scratch.hits.clear();
        rules.find_recent(&recent, &seen, &message, moment(*seconds), &mut scratch);
        scratch.hits.iter().map(|hit| rules.infos()[usize::from(hit.rule.0)].kind.to_owned()).collect()
    };
    said.iter().map(one).collect()
}

/// The places of those that were a hit.
fn places(rules: &Ruleset, said: &[(u64, u128, i64, &str)]) -> Vec<usize> {
    let said: Vec<_> = said.iter().map(|(m, g, at, text)| (*m, *g, *at, (*text).to_owned())).collect();
    crowd(rules, &said).iter().enumerate().filter(|(_, hits)| !hits.is_empty()).map(|(place, _)| place).collect()
}

/// One advertisement in five wordings.
const REWORDED: [&str; 5] = [
    "专业团队承接各类网站小程序开发，价格实惠质量保证，有需要的老板联系电话13812345678",
    "专业团队承接各类网站、小程序开发，价格优惠质量保证，有需要的朋友联系电话13987654321",
    "亲，专业团队承接各类网站小程序开发，价格实惠、质量有保证，有需要的老板请联系电话一三七一二三四五六七八",
    "【推荐】专业团队 承接 各类网站 小程序 开发 价格实惠 质量保证 有需要的老板联系电话：13612345678",
    "我们专业团队承接各类网站小程序开发了，价格实惠质量保证，有需要的老板可以联系微信号abc12345",
];

#[test]
fn the_same_advertisement_reworded_is_the_same() {
    let by_member = rules("[similar]\nby_member = { times = 3, seconds = 600 }");
    let said: Vec<_> = REWORDED.iter().enumerate().map(|(at, text)| (1, 1, at as i64 * 60, *text)).collect();
    assert_eq!(places(&by_member, &said), [2, 3, 4]);
    let by_members = rules("[similar]\nby_members = { members = 3, seconds = 600 }");
    let said: Vec<_> = (0..).zip(REWORDED).map(|(at, text)| (at as u64, 1, at * 60, text)).collect();
    assert_eq!(places(&by_members, &said), [2, 3, 4]);
    let across = rules("[similar]\nacross_groups = { groups = 3, seconds = 600 }");
    let said: Vec<_> = (0..).zip(REWORDED).map(|(at, text)| (1, at as u128, at * 60, text)).collect();
    assert_eq!(places(&across, &said), [2, 3, 4]);
    let rare = rules("[similar]\nby_member = { times = 3, seconds = 60 }");
    let said: Vec<_> = (0..).zip(REWORDED).map(|(at, text)| (1, 1, at * 60, text)).collect();
    assert_eq!(places(&rare, &said), [0; 0]);
}

#[test]
fn what_everybody_says_is_not_the_same_thing_pushed() {
    let toml = "none = [\"接龙\", \"打卡\"]\nby_member = { times = 2, seconds = 9999 }\nby_members = { members = 2, seconds = 9999 }";
    let rules = rules(&format!("[similar]\n{toml}"));
    let ordinary = [
        "收到",
        "收到，谢谢老师",
        "谢谢老师，辛苦了",
        "+1",
        "+1 +1 +1 +1 +1 +1 +1 +1 +1 +1 +1",
        "13812345678 13812345679 13812345670 13812345671 13812345672",
        "哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈",
        "👍👍👍👍👍👍👍👍👍👍👍👍👍👍👍👍👍👍",
        "#接龙 明天团购苹果一箱，要的接上：1. 张三 2. 李四 3. 王五 4. 赵六",
        "第 12 天打卡，今天读了三十页书，跑步五公里，早睡早起",
        "明天早上八点在小区门口集合，大家不要迟到",
        "请问一下物业，三号楼的电梯什么时候能修好",
    ];
    let said: Vec<_> = (0..60).map(|at| (at as u64 % 7, 1, at, ordinary[at as usize % 10])).collect();
    assert_eq!(places(&rules, &said), [0; 0]);
    let said: Vec<_> = (0..).zip(ordinary).map(|(at, text)| (at as u64, 1, at, text)).collect();
    assert_eq!(places(&rules, &said), [0; 0]);
}

#[test]
fn a_concert_is_told_once() {
    let rules = rules("[concert]\nmembers = 3\nseconds = 600\nallow = [\"qq.com\"]");
    let pushed = |texts: &[&'static str]| -> Vec<(u64, u128, i64, &'static str)> {
        (0..).zip(texts.iter().cycle().take(8)).map(|(at, text)| (at as u64, 1, at * 30, *text)).collect()
    };
    assert_eq!(places(&rules, &pushed(&REWORDED)), [2]);
    assert_eq!(places(&rules, &pushed(&["这家好，138 1234 5678", "强烈推荐！一三八一二三四五六七八"])), [2]);
    assert_eq!(places(&rules, &pushed(&["都来看 shop.cn/a/b?from=1", "好东西 shop.cn/a/b"])), [2]);
    assert_eq!(places(&rules, &pushed(&["报名表 docs.qq.com/form/1"])), [0; 0]);
    assert_eq!(places(&rules, &pushed(&["收到", "谢谢老师", "+1"])), [0; 0]);
    // One member alone, or two, are no concert; another one begins after a pause.
    let one: Vec<_> = (0..9).map(|at| (at as u64 % 2, 1, at, REWORDED[0])).collect();
    assert_eq!(places(&rules, &one), [0; 0]);
    let twice: Vec<_> =
        [0, 1, 2, 3, 2000, 2001, 2002, 2003].iter().map(|at| (*at as u64, 1, *at, REWORDED[1])).collect();
    assert_eq!(places(&rules, &twice), [2, 6]);
    // In another group it is nothing.
    let elsewhere: Vec<_> = (0..6).map(|at| (at as u64, at as u128 % 3, at, REWORDED[2])).collect();
    assert_eq!(places(&rules, &elsewhere), [0; 0]);
}

#[test]
fn a_concert_across_groups() {
    let rules = rules("[concert]\nmembers = 3\nseconds = 600\nacross_groups = true\nwhat = [\"contact\"]");
    let said: Vec<_> = (0..6).map(|at| (at as u64, at as u128, at, "找他，微信 abc12345")).collect();
    assert_eq!(places(&rules, &said), [2]);
    let texts: Vec<_> =
        (0..5).map(|at| (at as u64, at as u128, at, "今天天气真好，大家一起去公园里散散步吧")).collect();
    assert_eq!(places(&rules, &texts), [0; 0]);
}

#[test]
fn those_who_talk_all_day_are_no_hired_accounts() {
    let rules = rules("[concert]\nmembers = 3\nseconds = 600\nquiet_members = 2");
    let mut said: Vec<(u64, u128, i64, &str)> = Vec::new();
    for at in 0..30 {
        said.push((at % 3, 1, at as i64 * 60, "随便聊聊"));
    }
    let known: Vec<_> = said.iter().copied().chain((0..3).map(|at| (at, 1, 4000 + at as i64, REWORDED[0]))).collect();
    assert_eq!(places(&rules, &known), [0; 0]);
    let strange = said.into_iter().chain((7..10).map(|at| (at, 1, 4000 + at as i64, REWORDED[0])));
    assert_eq!(places(&rules, &strange.collect::<Vec<_>>()), [32]);
}

#[test]
fn a_quarrel_is_told_once() {
    let rules = rules(
        "[keywords]\nwords = [\"你个混蛋\"]\n[heat]\nheat = 8\nseconds = 300\nmembers = 2\ninsults = [\"test\"]\nwords = [\"闭嘴\"]",
    );
    let quarrel = |at: i64| {
        let texts = ["你个混蛋", "@闭嘴", "@你个混蛋", "今天吃什么", "@你个 混 蛋", "@闭嘴吧你", "你个混蛋"];
        (0..).zip(texts).map(move |(no, text)| (no as u64 % 2, 1, at + no * 10, text))
    };
    // 2, then 1 and an answer, then 2 and an answer: eight.
    assert_eq!(places(&rules, &quarrel(0).collect::<Vec<_>>()), [4]);
    assert_eq!(places(&rules, &quarrel(0).chain(quarrel(3600)).collect::<Vec<_>>()), [4, 11]);
    // Alone, slowly, or lively without a bad word.
    let alone: Vec<_> = quarrel(0).map(|(_, group, at, text)| (1, group, at, text)).collect();
    assert_eq!(places(&rules, &alone), [0; 0]);
    let slow: Vec<_> = quarrel(0).map(|(member, group, at, text)| (member, group, at * 30, text)).collect();
    assert_eq!(places(&rules, &slow), [0; 0]);
    let lively: Vec<_> = (0..100).map(|at| (at as u64 % 9, 1, at, "@好的，没问题")).collect();
    assert_eq!(places(&rules, &lively), [0; 0]);
}

#[test]
fn what_a_crowd_does_is_only_looked_at() {
    let rules = rules("[heat]\nheat = 2\nseconds = 300\nmembers = 2\nwords = [\"闭嘴\"]");
    let hit = Hit {
        rule: RuleId(0),
        span: Span { start: 0, end: 2 },
        word: None,
        part: None,
        matched: None,
        disguise: None,
        scored: None,
    };
    let setting = RuleSetting { verdict: Verdict::Violation, mode: Mode::On, ..setting() };
    assert_eq!(rules.finding(&hit, "闭嘴", &setting).unwrap().verdict, Verdict::Review);
}
