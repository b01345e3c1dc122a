//! Texts and word lists that are made to hurt, through the shipped rules and through the command line.

use std::sync::LazyLock;
use std::time::Instant;

use proptest::prelude::*;
use qunwei::config::Config;
use qunwei::domain::event::{Message, Segment};
use qunwei::domain::rules::Scratch;
use qunwei::domain::text::Text;

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
fn a_hundred_thousand_characters_cost_about_ten_times_what_ten_thousand_do() {
    judged("先读好规则", &mut Scratch::default());
    for unit in
        ["哈", "加", "a", "1", "\u{301}", "\u{200B}", "❤", " ", "，", "加微信 ", "jia", "加❤", "力口", "𝓿", "½", "1."]
    {
        let mut scratch = Scratch::default();
        let mut took = |length: usize| {
            let text = unit.repeat(length / unit.chars().count());
            let begun = Instant::now();
            judged(&text, &mut scratch);
            begun.elapsed().as_secs_f64()
        };
        // the quickest of several: others use the machine too
        let short = (0..3).map(|_| took(10_000)).fold(f64::MAX, f64::min);
        let long = (0..2).map(|_| took(100_000)).fold(f64::MAX, f64::min);
        // a quadratic one would take a hundred times as long; what takes next to nothing is not compared
        assert!(long < 50.0 * short.max(0.01), "{unit:?}: {short} s, ten times the length {long} s");
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
