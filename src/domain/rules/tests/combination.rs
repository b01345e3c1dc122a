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
    assert_eq!(rules.words_of(RuleId(0)), 0, "none is a hit by itself");
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

#[test]
fn some_of_the_groups_are_enough_and_no_sign_counts_twice() {
    let rules =
        rules("[combination]\nall = [[\"面膜\", \"包邮\"], [\"包邮\", \"特价\"], \"加我\"]\nleast = 2\nwithin = 12");
    assert_eq!(found(&rules, "面膜特价"), ["面膜特价"]);
    assert_eq!(found(&rules, "特价，要的加我"), ["特价，要的加我"]);
    // one word that two groups have is one sign, and so is the same word again
    assert_eq!(found(&rules, "包邮"), [""; 0]);
    assert_eq!(found(&rules, "包邮包邮"), [""; 0]);
    assert_eq!(found(&rules, "面膜好用吗，今天太阳真大呀，特价"), [""; 0]);
}

#[test]
fn a_group_may_be_a_list_file_or_a_pattern() {
    let rules = rules("[combination]\nall = [[\"signs.txt\"], ['/[0-9]+块/', \"免费\"]]");
    assert_eq!(found(&rules, "加微信，一单 5 0 块"), ["加微信，一单 5 0 块"]);
    assert_eq!(found(&rules, "免费，加微信"), ["免费，加微信"]);
    // exceptions of the list count
    assert_eq!(found(&rules, "免费加微信支付"), [""; 0]);
    assert_eq!(found(&rules, "50块"), [""; 0]);
    let wrong = faults("[combination]\nall = [[\"none.txt\"], ['/(/', \"免费\"]]\nleast = 1");
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert!(wrong.iter().any(|fault| fault.contains("the list `none.txt` cannot be read")), "{wrong:?}");
    assert!(wrong.iter().any(|fault| fault.contains("no regular expression")), "{wrong:?}");
    assert!(wrong.iter().any(|fault| fault.contains("`least` cannot be 1")), "{wrong:?}");
}

#[test]
fn words_that_are_surely_meant_count_in_disguise_too() {
    let on = rules("[combination]\nall = [\"刷单兼职\", \"加微信\"]");
    let off = rules("[combination]\nall = [\"刷单兼职\", \"加微信\"]\ndisguised = false");
    let mut scratch = Scratch::default();
    on.find_in_text("刷单兼职，jia微信", &mut scratch);
    let [hit] = &scratch.hits[..] else { panic!("{:?}", scratch.hits) };
    assert_eq!(hit.word.as_deref(), Some("刷单兼职 ＋ 加微信"));
    assert!(hit.disguise.is_some_and(|disguise| disguise.sure), "{hit:?}");
    assert_eq!(found(&off, "刷单兼职，jia微信"), [""; 0]);
}

#[test]
fn noise_takes_no_words_apart() {
    let rules = rules("[combination]\nall = [\"面膜\", \"特价\"]\nwithin = 6");
    assert_eq!(found(&rules, "面 膜 * * * * * * * * 特 价"), ["面 膜 * * * * * * * * 特 价"]);
    assert_eq!(found(&rules, "面膜好不好用呀特价"), [""; 0]);
}
