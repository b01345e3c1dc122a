//! Words that are said over several messages.

use super::*;
use crate::domain::recent::Piece;

/// Plays (member, seconds, text) and gives what is found in pieces: at which place, what, how, and whether it is sure.
pub(super) fn cut(rules: &Ruleset, said: &[(u64, i64, &str)]) -> Vec<String> {
    let (mut recent, mut scratch) = (Recent::default(), Scratch::default());
    let mut told = Vec::new();
    for (place, (member, seconds, text)) in said.iter().enumerate() {
        let message = message(vec![Segment::Text((*text).into())]);
        rules.find(&message, &mut scratch);
        rules.find_learned(&message, Learned::default(), &mut scratch);
        let piece = Piece::of(&scratch.text.original);
        let sighting = Sighting { piece, ..sighting(*member, 1, *seconds, &scratch.text) };
        recent.note(rules.needs(), &sighting);
        rules.find_in_pieces(&recent, &sighting, Learned::default(), &mut scratch);
        for hit in scratch.hits.iter().filter(|hit| hit.part.is_some()) {
            let setting = RuleSetting { verdict: Verdict::Violation, ..setting() };
            let finding = rules.finding(hit, &scratch.text.original, &setting).unwrap();
            let names: Vec<_> = finding.views.names().collect();
            told.push(format!("{place} {} {} {:?}", finding.matched, names.join(" + "), finding.verdict));
        }
    }
    told
}

const RULE: &str = "[keywords]\nwords = [\"加微信\", \"裸聊\"]\nexceptions = [\"加微信支付\"]";

#[test]
fn pieces_are_read_together() {
    let rules = rules(RULE);
    assert_eq!(rules.needs().pieces, Duration::from_secs(60));
    let told = cut(&rules, &[(1, 0, "加"), (1, 2, "微"), (2, 3, "信"), (1, 4, "信"), (1, 5, "好")]);
    assert_eq!(told, ["3 加微信 pieces Violation"]);
    // two may stand beside each other by chance
    assert_eq!(cut(&rules, &[(1, 0, "加微"), (1, 1, "信")]), ["1 加微信 pieces Review"]);
    assert_eq!(cut(&rules, &[(1, 0, "大家加"), (1, 1, "薇"), (1, 2, "芯吧")]), ["2 加薇芯 sound + pieces Review"]);
    // a word of one message is told once, there
    assert_eq!(cut(&rules, &[(1, 0, "好"), (1, 1, "裸聊"), (1, 2, "啊")]), [""; 0]);
}

#[test]
fn who_says_the_same_again_says_nothing_more() {
    let rules = rules(RULE);
    let told = cut(&rules, &[(1, 0, "加"), (1, 1, "加"), (1, 2, "微"), (1, 3, "信"), (1, 4, "信")]);
    assert_eq!(told, ["3 加微信 pieces Violation"], "nor once more");
    let twice = super::rules("[keywords]\nwords = [\"规群规\", \"11112222\"]");
    assert_eq!(cut(&twice, &[(1, 0, "群规"), (1, 1, "群规"), (1, 2, "群规")]), [""; 0]);
    assert_eq!(cut(&twice, &[(1, 0, "11"), (1, 1, "11"), (1, 2, "22"), (1, 3, "22")]), ["3 11112222 pieces Violation"]);
}

#[test]
fn what_is_long_late_or_innocent_is_not() {
    let rules = rules(RULE);
    assert_eq!(cut(&rules, &[(1, 0, "加"), (1, 30, "微"), (1, 61, "信")]), [""; 0]);
    assert_eq!(cut(&rules, &[(1, 0, "今天晚上大家一起来参加"), (1, 1, "微信")]), [""; 0]);
    assert_eq!(cut(&rules, &[(1, 0, "加\u{FFFC}"), (1, 1, "微信")]), [""; 0]);
    assert_eq!(cut(&rules, &[(1, 0, "加"), (1, 1, "微信支付")]), [""; 0]);
    let off = super::rules(&format!("{RULE}\npieces = 0"));
    assert_eq!(cut(&off, &[(1, 0, "加"), (1, 2, "微"), (1, 4, "信")]), [""; 0]);
}

#[test]
fn pieces_are_read_together_only_where_that_is_wanted() {
    // messages of the same second are no time apart, which is not more than no time
    let off = rules(&format!("{RULE}\npieces = 0"));
    assert_eq!(cut(&off, &[(1, 0, "加"), (1, 0, "微"), (1, 0, "信")]), [""; 0]);
    let off = rules("[regex]\npatterns = [\"微信.{0,4}红包\"]\npieces = 0\n[keywords]\nwords = [\"裸聊\"]");
    assert_eq!(cut(&off, &[(1, 0, "微信领"), (1, 0, "红包"), (1, 0, "裸"), (1, 1, "聊")]), ["3 裸聊 pieces Review"]);
}

#[test]
fn patterns_numbers_and_words_that_only_together_are_a_hit_may_be_in_pieces_too() {
    let patterns = rules("[regex]\npatterns = ['微信.{0,4}红包']");
    assert_eq!(cut(&patterns, &[(1, 0, "微信领"), (1, 2, "红包")]), ["1 微信领红包 pieces Review"]);
    assert_eq!(
        cut(&patterns, &[(1, 0, "今天晚上大家一起用微信"), (1, 2, "发红包")]),
        [""; 0],
        "where two sentences meet"
    );
    let contacts = rules("[contacts]\nkinds = [\"phone\"]");
    let told = cut(&contacts, &[(1, 0, "打我电话"), (1, 2, "1380013"), (1, 4, "8000")]);
    assert_eq!(told, ["2 13800138000 pieces Review"]);
    let together = rules("[combination]\nall = [[\"日结\", \"兼职\"], [\"滴滴我\", \"加我\"]]");
    let said =
        [(1, 0, "手机就能做的兼职"), (1, 5, "一天三百，不收任何费用"), (1, 9, "想做的滴滴我"), (1, 12, "名额不多")];
    assert_eq!(cut(&together, &said), ["2 兼职一天三百，不收任何费用想做的滴滴我 pieces Violation"]);
}

#[test]
fn pieces_are_the_same_after_a_restart() {
    let rules = rules(RULE);
    let (mut recent, mut scratch) = (Recent::default(), Scratch::default());
    for (seconds, text) in [(0, "加"), (1, "微")] {
        rules.find_in_text(text, &mut scratch);
        let piece = Piece::of(text);
        recent.note(rules.needs(), &Sighting { piece, ..sighting(1, 1, seconds, &scratch.text) });
    }
    let snapshot = recent.snapshot(rules.needs(), Timestamp(2000));
    let mut again = Recent::restore(&snapshot).unwrap();
    rules.find_in_text("信", &mut scratch);
    let last = Sighting { piece: Piece::of("信"), ..sighting(1, 1, 2, &scratch.text) };
    again.note(rules.needs(), &last);
    rules.find_in_pieces(&again, &last, Learned::default(), &mut scratch);
    assert_eq!(scratch.hits.len(), 1);
}
