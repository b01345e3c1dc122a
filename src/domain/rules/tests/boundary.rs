//! Rules whose words count only where they begin and end where words do.

use super::*;

const WORDS: &str = "[keywords]\nwords = [\"口交\", \"大麻\", \"去死\", \"黄片\", \"操作\", \"微商\"]\n";

#[test]
fn a_word_counts_only_where_other_words_do_not_go_on_over_its_ends() {
    let bound = rules(&format!("{WORDS}boundary = \"word\""));
    let rows = [
        // By chance, within or across other words.
        ("路口交通拥堵，请绕行", ""),
        ("这个路口交警在执勤", ""),
        ("人口交流很频繁", ""),
        ("他惹了个大麻烦", ""),
        ("给大家添大麻烦了", ""),
        ("前面是去死胡同的路", ""),
        ("路　口　交　通", ""),
        // Meant.
        ("约口交吗", "口交"),
        ("口交一次多少钱", "口交"),
        ("有人卖大麻", "大麻"),
        ("大麻怎么买", "大麻"),
        ("他抽大麻被抓了", "大麻"),
        ("你去死吧", "去死"),
        ("去死", "去死"),
        ("要看黄片的私聊", "黄片"),
        ("卖 大 麻 的", "大 麻"),
        ("做微商的加我", "微商"),
    ];
    for (text, matched) in rows {
        let expected: &[&str] = if matched.is_empty() { &[] } else { &[matched] };
        assert_eq!(found(&bound, text), expected, "{text}");
    }
    // Without it each of these is found.
    let any = rules(WORDS);
    for text in ["路口交通拥堵", "大麻烦", "去死胡同"] {
        assert_eq!(found(&any, text).len(), 1, "{text}");
    }
}

/// A shorter word still counts where a longer one that ends with it does not; Latin words know no such boundaries.
#[test]
fn one_word_that_is_cut_hides_no_other() {
    let rules = rules("[keywords]\nwords = [\"家口交\", \"交通\", \"vx\"]\nboundary = \"word\"\ndisguised = false");
    assert_eq!(found(&rules, "大家口交通"), ["交通"]);
    assert_eq!(found(&rules, "加vx聊"), ["vx"]);
}

/// What a text costs grows as it does, however often something is found in it.
#[test]
fn long_texts_of_hits_are_divided_once() {
    let bound = rules(&format!("{WORDS}boundary = \"word\"\ndisguised = false"));
    let time = |times: usize| {
        let text = "路口交通大麻烦".repeat(times);
        let begun = cpu_time::ThreadTime::now();
        assert_eq!(found(&bound, &text), [""; 0]);
        begun.elapsed()
    };
    time(1000);
    let (short, long) = (time(2_000), time(20_000));
    assert!(long < short * 40, "{short:?} for 14,000 characters, {long:?} for 140,000");
}
