//! Texts and word lists that are made to hurt, through the shipped rules and through the command line.

use cpu_time::ThreadTime;
use std::sync::LazyLock;

use proptest::prelude::*;
use qunwei::config::Config;
use qunwei::domain::event::{Message, Segment};
use qunwei::domain::lexicon::{Lexicon, LexiconBuilder, Refused, WordScratch};
use qunwei::domain::rules::{RuleId, Scratch};
use qunwei::domain::text::{LONGEST_READ, Text};

use crate::support::daemon::{qunwei, stderr};
use crate::support::root;

static SHIPPED: LazyLock<Config> = LazyLock::new(|| qunwei::config::load(&root().join("config"), &|_| None).unwrap());

/// Every hit of the shipped rules in a text lies in it.
fn judged(text: &str, scratch: &mut Scratch) -> usize {
    let message = Message { content: vec![Segment::Text(text.into())], ..Message::default() };
    SHIPPED.settings.rules.find(&message, scratch);
    let length = text.chars().count() as u32;
    for hit in &scratch.hits {
        assert!(hit.span.start <= hit.span.end && hit.span.end <= length, "{hit:?} in {length} characters");
    }
    scratch.hits.len()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn every_hit_of_the_shipped_rules_lies_in_the_text(
        text in "(加微信|薇❤|兼职|刷单|代kai发票|傻逼|vx[:：]|1[3-9][0-9]{9}|https?://[a-z.]{3,9}|[ ，。\\n\\u{200B}\\u{301}\\u{FFFC}]|\\PC){0,30}",
    ) {
        judged(&text, &mut Scratch::default());
    }
}

#[test]
fn twenty_thousand_characters_cost_about_ten_times_what_two_thousand_do() {
    judged("先读好规则", &mut Scratch::default());
    for unit in
        ["哈", "加", "a", "1", "\u{301}", "\u{200B}", "❤", " ", "，", "加微信 ", "jia", "加❤", "力口", "𝓿", "½", "1."]
    {
        let mut scratch = Scratch::default();
        let mut took = |length: usize| {
            let text = unit.repeat(length / unit.chars().count());
            let begun = ThreadTime::now();
            judged(&text, &mut scratch);
            begun.elapsed().as_secs_f64()
        };
        // the quickest of several, by what the thread had of the machine: others use it too
        let short = (0..3).map(|_| took(LONGEST_READ / 10)).fold(f64::MAX, f64::min);
        let long = (0..2).map(|_| took(LONGEST_READ)).fold(f64::MAX, f64::min);
        // a quadratic one would take a hundred times as long; what takes next to nothing is not compared
        assert!(long < 50.0 * short.max(0.002), "{unit:?}: {short} s, ten times the length {long} s");
        // what is beyond is not read
        let beyond = took(10 * LONGEST_READ);
        assert!(beyond < 5.0 * long.max(0.01), "{unit:?}: {long} s, and with what is not read {beyond} s");
    }
}

/// A list of beginnings of one text, each a character longer than the one before.
fn beginnings(depth: usize, disguised: bool) -> (Lexicon, String) {
    let whole: String = ('一'..).step_by(7).filter(|c| c.is_alphabetic()).take(depth).collect();
    let mut builder = LexiconBuilder::default();
    if disguised {
        builder.disguise(RuleId(0));
    }
    let ends: Vec<usize> = whole.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    for (no, end) in ends.iter().enumerate().skip(1) {
        builder.add(RuleId(0), &whole[..*end]).unwrap();
        if no % 10 == 0 {
            builder.except(RuleId(1), &whole[..*end]).unwrap();
        }
    }
    (builder.build(), whole)
}

/// How many hits, each inside the text, and how long it took.
fn found(lexicon: &Lexicon, original: &str, disguised: bool) -> (usize, f64) {
    let (mut text, mut scratch, mut hits) = (Text::default(), WordScratch::default(), 0);
    let begun = ThreadTime::now();
    text.set(original);
    let length = text.folded.original_length();
    lexicon.find(&text.folded, &mut scratch, |hit| {
        let span = text.folded.span(hit.start, hit.end);
        assert!(span.start < span.end && span.end <= length, "{span:?} in {length}");
        hits += 1;
    });
    if disguised {
        lexicon.find_disguised(&text, &mut scratch, |hit| {
            assert!(hit.span.start < hit.span.end && hit.span.end <= length, "{:?} in {length}", hit.span);
            hits += 1;
        });
    }
    (hits, begun.elapsed().as_secs_f64())
}

#[test]
fn words_that_begin_each_other_a_thousand_deep_cost_no_more_than_their_length() {
    let begun = ThreadTime::now();
    let (lexicon, whole) = beginnings(1_000, false);
    assert!(begun.elapsed().as_secs() < 30, "compiled in {:?}", begun.elapsed());
    // Of many that lie over each other the longest counts.
    assert_eq!(found(&lexicon, &whole, false).0, 1);
    let cut: String = whole.chars().take(500).collect();
    assert_eq!(found(&lexicon, &cut, false).0, 1);
    // Ten and a hundred thousand characters that nearly are the longest word, over and over.
    let nearly: String = whole.chars().take(999).chain(['啊']).collect();
    let quickest = |text: &str| (0..3).map(|_| found(&lexicon, text, false).1).fold(f64::MAX, f64::min);
    let (short, long) = (quickest(&nearly.repeat(10)), quickest(&nearly.repeat(100)));
    assert!(long < 50.0 * short.max(0.01), "{short} s, ten times the length {long} s");
    assert!(found(&lexicon, &whole.repeat(300), false).0 <= 100, "bounded, however many there are");
}

#[test]
fn words_in_disguise_that_begin_each_other_are_found_in_bounded_time() {
    let (lexicon, whole) = beginnings(40, true);
    assert!(found(&lexicon, &whole, true).0 >= 1);
    let quickest = |text: &str| (0..3).map(|_| found(&lexicon, text, true).1).fold(f64::MAX, f64::min);
    let nearly: String = whole.chars().take(39).chain(['啊']).collect();
    let (short, long) = (quickest(&nearly.repeat(100)), quickest(&nearly.repeat(1_000)));
    assert!(long < 50.0 * short.max(0.01), "{short} s, ten times the length {long} s");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn whatever_is_in_a_list_every_hit_lies_in_the_text(
        words in prop::collection::vec("[加微信薇❤vx赌博 ，.\\u{200b}\\u{301}]{0,5}", 0..12),
        text in "[加微信薇❤vx赌博 ，.\\u{200b}\\u{301}\\n]{0,60}",
    ) {
        let mut builder = LexiconBuilder::default();
        for (no, word) in words.iter().enumerate() {
            let list = RuleId((no % 2) as u16);
            let taken = if no % 5 == 4 { builder.except(list, word) } else { builder.add(list, word) };
            // What is refused says why, and leaves the rest as it is.
            if let Err(why) = taken {
                prop_assert!(matches!(why, Refused::Empty | Refused::OneCharacter | Refused::Duplicate(_)));
            }
        }
        found(&builder.build(), &text, true);
    }

    #[test]
    fn folding_a_beginning_reads_nothing_behind_it(text in "(加微信|薇❤|\\u{301}|\\u{200b}|½|ﷺ|🔟|aaa|\\PC){0,20}", more in "\\PC{0,5}") {
        let (mut part, mut whole) = (Text::default(), Text::default());
        part.set(&text);
        whole.set(&format!("{text}{more}"));
        let length = text.chars().count() as u32;
        prop_assert!(part.folded.places().iter().all(|place| *place < length));
        // What comes later may join the end (a repeated letter, a mark), and moves nothing before it.
        let sure = part.folded.places().len().saturating_sub(4);
        prop_assert_eq!(&part.folded.places()[..sure], &whole.folded.places()[..sure]);
    }
}

#[test]
fn a_fold_is_never_longer_than_its_text_makes_it() {
    let mut text = Text::default();
    for unit in ["½", "㎏", "🔟", "ﷺ", "㍿"] {
        text.set(&unit.repeat(10_000));
        assert!(text.folded.text.len() <= 10_000 * 64, "{unit}: {}", text.folded.text.len());
        assert_eq!(text.folded.original_length(), 10_000);
    }
}

#[test]
fn one_bad_line_in_a_long_list_is_told_alone_and_at_its_line() {
    let rows: [(&[u8], &str, &str); 4] = [
        ("……".as_bytes(), "no letter and no digit", "error"),
        ("赌".as_bytes(), "single character", "error"),
        ("词0007号".as_bytes(), "in this list already", "warning"),
        ("詞0007號".as_bytes(), "the same as `词0007号`", "warning"),
    ];
    for (bad, expected, level) in rows {
        let dir = tempfile::tempdir().unwrap();
        let mut list: Vec<u8> = (0..5_000).flat_map(|no| format!("词{no:04}号\n").into_bytes()).collect();
        list.extend_from_slice(bad);
        list.extend("\n另一个词\n".as_bytes());
        std::fs::write(dir.path().join("words.txt"), list).unwrap();
        let rule = "[[rule]]\nname = \"a.words\"\nkind = \"keywords\"\ntitle = \"词\"\nlists = [\"words.txt\"]\n\
                    hit = [\"词0001号\"]\nmiss = [\"没有\"]\n";
        std::fs::write(dir.path().join("a.toml"), rule).unwrap();
        let output = qunwei().args(["check", "--format", "json", "--config"]).arg(dir.path()).output().unwrap();
        let faults: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let told: Vec<_> = faults.as_array().unwrap().iter().collect();
        assert_eq!(told.len(), 1, "{faults:#} {}", stderr(&output));
        assert_eq!((&told[0]["line"], &told[0]["level"]), (&5_001.into(), &level.into()), "{faults:#}");
        assert!(told[0]["message"].as_str().unwrap().contains(expected), "{faults:#}");
    }
}
