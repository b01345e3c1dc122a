//! Words that only together are a hit.

use super::*;

const OFFER: &str =
    "[combination]\nall = [[\"兼职\", \"招聘\"], \"日结\", [\"加微信\", \"私聊\"]]\nnone = [\"骗子\"]\nwithin = 20";

#[test]
fn all_groups_must_be_there_near_each_other_in_any_order_and_disguise() {
    let rules = rules(OFFER);
    let far = format!("招聘服务员，日结{}私聊", "好".repeat(14));
    let rows: &[(&str, &[&str])] = &[
        ("招聘服务员，日结，私聊", &["招聘服务员，日结，私聊"]),
        ("想做的私聊，日 結，兼*职", &["私聊，日 結，兼*职"]),
        ("加*微信，日结，兼職", &["加*微信，日结，兼職"]),
        ("招聘服务员，私聊", &[]),
        ("日结日结，私聊我", &[]),
        ("招聘日结，私聊，都是骗子", &[]),
        (&far, &[]),
        ("兼职招聘，日结，私聊。兼职，日结，加微信", &["招聘，日结，私聊", "兼职，日结，加微信"]),
    ];
    for (text, expected) in rows {
        assert_eq!(found(&rules, text), *expected, "{text}");
    }
}

#[test]
fn a_hit_names_its_words_and_one_of_them_alone_is_none() {
    let rules = rules("[combination]\nany = [\"转账\", \"汇款\"]\nall = [\"群主\"]");
    let mut scratch = Scratch::default();
    rules.find_in_text("我是群主，请给我汇款", &mut scratch);
    let [hit] = &scratch.hits[..] else { panic!("{:?}", scratch.hits) };
    assert_eq!((hit.word.as_deref(), hit.span), (Some("群主 ＋ 汇款"), Span { start: 2, end: 10 }));
    assert_eq!(found(&rules, "群主好"), [""; 0]);
    // Where a word comes from is still known.
    assert_eq!(rules.uses_of("汇款").iter().map(|one| one.list).collect::<Vec<_>>(), [RuleId(0)]);
    assert_eq!(rules.words_of(RuleId(0)), 3);
}

#[test]
fn two_rules_keep_their_words_apart() {
    let rules = rules(
        "[combination-a]\nall = [\"甲乙\", \"丙丁\"]\n[combination-b]\nall = [\"甲乙\", \"戊己\"]\n[keywords]\nwords = [\"丙丁\"]",
    );
    assert_eq!(found(&rules, "甲乙丙丁"), ["甲乙丙丁", "丙丁"]);
    assert_eq!(found(&rules, "甲乙戊己"), ["甲乙戊己"]);
}

#[test]
fn a_long_text_full_of_its_words_is_judged_quickly() {
    let rules = rules(OFFER);
    assert!(found(&rules, &"兼职日结私聊".repeat(20_000)).len() <= MOST_HITS);
    assert!(found(&rules, &"兼职日结".repeat(20_000)).is_empty());
}
