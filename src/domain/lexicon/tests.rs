//! Rows of words and texts, the rules of gaps and edges, and a naive matcher to compare with.

use proptest::prelude::*;

use super::*;
use crate::domain::text::Text;

const A: RuleId = RuleId(0);
const B: RuleId = RuleId(1);

fn lexicon(words: &[(RuleId, &str)]) -> Lexicon {
    let mut builder = LexiconBuilder::default();
    for (list, word) in words {
        match word.strip_prefix('!') {
            Some(phrase) => builder.except(*list, phrase).unwrap(),
            None => builder.add(*list, word).unwrap(),
        }
    }
    builder.build()
}

/// All hits as `word@matched characters`.
fn find(lexicon: &Lexicon, text: &str) -> Vec<(RuleId, String, String)> {
    let mut folded = Text::default();
    folded.set(text);
    let mut hits = Vec::new();
    lexicon.find(&folded.folded, &mut WordScratch::default(), |hit| {
        let matched = folded.slice(folded.folded.span(hit.start, hit.end));
        hits.push((hit.list, hit.word.to_string(), matched.to_owned()));
    });
    hits
}

fn matched(words: &[&str], text: &str) -> Vec<String> {
    let words: Vec<_> = words.iter().map(|word| (A, *word)).collect();
    find(&lexicon(&words), text).into_iter().map(|(_, _, matched)| matched).collect()
}

#[test]
fn only_the_lists_that_ask_for_it_look_at_words() {
    let mut builder = LexiconBuilder::default();
    builder.bound(A);
    for list in [A, B] {
        builder.add(list, "大麻").unwrap();
    }
    let lexicon = builder.build();
    let lists = |text: &str| find(&lexicon, text).into_iter().map(|(list, ..)| list).collect::<Vec<_>>();
    assert_eq!(lists("大麻烦了"), [B]);
    assert_eq!(lists("卖大麻"), [A, B]);
}

#[test]
fn what_an_exception_spares_is_told_with_it() {
    let lexicon = lexicon(&[(A, "新盘"), (A, "新盘开售"), (A, "!新盘开售处"), (B, "开售"), (A, "首付")]);
    let mut folded = Text::default();
    folded.set("新 盘开售处旁边，新盘首付");
    let spared: Vec<_> =
        lexicon.spared(&folded.folded).into_iter().map(|one| (one.hit.list, &**one.hit.word, &**one.by)).collect();
    assert_eq!(spared, [(A, "新盘开售", "新盘开售处")]);
    let found: Vec<_> = find(&lexicon, "新 盘开售处旁边，新盘首付").into_iter().map(|(_, word, _)| word).collect();
    assert_eq!(found, ["新盘", "首付", "开售"]);
}

#[test]
fn disguised_words_are_found() {
    let rows = [
        ("加微信", "请加微信吧", "加微信"),
        ("加微信", "请加 微 信吧", "加 微 信"),
        ("加微信", "请加*微*信吧", "加*微*信"),
        ("加微信", "请加\u{200B}微\u{200B}信吧", "加\u{200B}微\u{200B}信"),
        ("加微信", "请加❤微❤信吧", "加❤微❤信"),
        ("加微信", "请加\n微\n信吧", "加\n微\n信"),
        ("加微信", "请加，微，信吧", "加，微，信"),
        ("加微信", "请加......微信吧", "加......微信"),
        ("加微訊", "加微讯", "加微讯"),
        ("賭博", "来赌博", "赌博"),
        ("赌博", "来賭博", "賭博"),
        ("vx", "加ＶＸ吧", "ＶＸ"),
        ("vx", "加𝓿𝔁吧", "𝓿𝔁"),
        ("vx", "加ⓥⓧ吧", "ⓥⓧ"),
        ("vx", "加🅥🅧吧", "🅥🅧"),
        ("vx", "v.x", "v.x"),
        ("vx", "v̶x̶", "v̶x"),
        ("vx", "加vх", "vх"), // Cyrillic х
        ("VX", "加vX吧", "vX"),
        ("三黄片", "看三黄片吧", "三黄片"),
        ("你好，世界", "你好，世界", "你好，世界"),
        ("t.me/abc", "去t.me/abc吧", "t.me/abc"),
        ("bad sm", "no bad\u{a0}sm here", "bad\u{a0}sm"),
    ];
    for (word, text, expected) in rows {
        assert_eq!(matched(&[word], text), [expected], "{word} in {text}");
    }
}

#[test]
fn innocents_are_left_alone() {
    let rows: &[(&[&str], &str)] = &[
        (&["sm"], "No Smoking here"),
        (&["sm"], "chasm"),
        (&["sm"], "SＭoking"),
        (&["sm"], "s\u{200B}m\u{200B}oking"),
        (&["vx"], "rev xp"),
        (&["变态"], "很变。态度"),
        (&["变态"], "很变，态度"),
        (&["变态"], "很变. 态度"),
        (&["变态"], "很变\n态度"),
        (&["加微信"], "参加。微信群里说"),
        (&["加微信"], "加\u{FFFC}微信"),
        (&["加微信"], "加\u{FFFC}微\u{FFFC}信"),
        (&["加微信"], "加-------------微信"),
        (&["口交", "!路口交通"], "路口交通"),
        (&["口交", "!路口交通"], "路 口 交 通"),
        (&["大麻", "!大麻烦"], "一个大麻烦"),
        (&["去死", "!去死胡同"], "别去死胡同"),
        (&["黄片", "!三黄片"], "吃三黄片"),
        (&["黄片", "!三黃片"], "吃三黄片"),
        (&["75"], "1975"),
        (&["ab"], ""),
    ];
    for (words, text) in rows {
        assert_eq!(matched(words, text), [""; 0], "{words:?} in {text:?}");
    }
}

#[test]
fn a_clause_may_end_in_a_word_whose_pieces_mean_nothing_else() {
    for text in ["加\n微信", "加，微信", "加微。信", "赌\n\n博", "免费，领取", "代\n开发票"] {
        let word: String = text.chars().filter(|c| c.is_alphabetic()).collect();
        assert_eq!(matched(&[&word], text), [text], "{text:?}");
    }
}

#[test]
fn an_exception_covers_only_what_lies_inside() {
    let words = ["口交", "黄片", "黄片大全", "!路口交通", "!三黄片"];
    assert_eq!(matched(&words, "路口交通和口交"), ["口交"]);
    assert_eq!(matched(&words, "三黄片大全"), ["黄片大全"]);
    let lists = lexicon(&[(A, "口交"), (A, "!路口交通"), (B, "口交")]);
    assert_eq!(find(&lists, "路口交通"), [(B, "口交".into(), "口交".into())]);
}

#[test]
fn the_outermost_hit_is_told_once() {
    assert_eq!(matched(&["微信", "加微信", "加微信群", "信群"], "快加微信群哦"), ["加微信群"]);
    assert_eq!(matched(&["微信", "加微信", "信群"], "快加微信群哦"), ["加微信", "信群"]);
    assert_eq!(matched(&["微信"], "微信微信"), ["微信", "微信"]);
    // The longer one is refused for its gap, the shorter one is not.
    assert_eq!(matched(&["态度", "变态度"], "改变。态度"), ["态度"]);
}

#[test]
fn a_row_of_signs_parts_a_word_only_where_it_is_long() {
    for (signs, is_one) in [(1, true), (7, true), (12, true), (13, false)] {
        let text = format!("加微{}信", "-".repeat(signs));
        assert_eq!(matched(&["加微信"], &text).len(), usize::from(is_one), "{text}");
    }
    let spaces = format!("加{}微{}信", " ".repeat(40), "\u{3000}".repeat(40));
    assert_eq!(matched(&["加微信"], &spaces).len(), 1, "white space in a row is seen as one");
}

#[test]
fn lists_do_not_see_each_other() {
    let lists = lexicon(&[(A, "加微信"), (B, "微信"), (B, "加微信")]);
    assert_eq!(find(&lists, "加微信"), [(A, "加微信".into(), "加微信".into()), (B, "加微信".into(), "加微信".into())]);
    let lists = lexicon(&[(A, "加微信"), (B, "微信")]);
    assert_eq!(find(&lists, "加微信"), [(A, "加微信".into(), "加微信".into()), (B, "微信".into(), "微信".into())]);
}

#[test]
fn what_cannot_be_a_word_is_refused() {
    let mut builder = LexiconBuilder::default();
    assert_eq!(builder.add(A, "❤ 。"), Err(Refused::Empty));
    assert_eq!(builder.add(A, "加。"), Err(Refused::OneCharacter));
    assert_eq!(builder.except(A, ""), Err(Refused::Empty));
    assert_eq!(builder.add(A, "加微訊"), Ok(()));
    assert_eq!(builder.add(A, "加*微讯"), Err(Refused::Duplicate("加微訊".into())));
    assert_eq!(builder.add(B, "加微讯"), Ok(()));
    assert_eq!(builder.except(A, "加微讯"), Ok(()));
    assert_eq!(builder.len(), 1);
}

#[test]
fn nothing_is_found_by_nothing() {
    assert_eq!(find(&Lexicon::default(), "加微信"), []);
}

#[test]
fn deep_prefixes_and_long_texts_stay_quick() {
    for unit in ["哈", "a"] {
        let words: Vec<_> = (2..=1_000).map(|depth| unit.repeat(depth)).collect();
        let words: Vec<_> = words.iter().map(|word| (A, word.as_str())).collect();
        let lexicon = lexicon(&words);
        let hits = find(&lexicon, &unit.repeat(100_000));
        assert_eq!(hits.len(), if unit == "a" { 0 } else { MOST_HITS });
        assert!(find(&lexicon, &format!("{unit}。").repeat(50_000)).len() <= MOST_HITS);
        assert!(find(&lexicon, &format!("{unit}{unit}-------").repeat(10_000)).len() <= MOST_HITS);
    }
}

/// What [`Lexicon::find`] should find, by trying every word everywhere.
fn naive(words: &[(RuleId, &str)], text: &str) -> Vec<(RuleId, usize, usize)> {
    let characters: Vec<char> = text.chars().collect();
    let letter = |at: Option<usize>| at.and_then(|at| characters.get(at)).is_some_and(char::is_ascii_alphanumeric);
    let mut hits = Vec::new();
    let mut exceptions = Vec::new();
    for (list, word) in words {
        let exception = word.starts_with('!');
        let wanted: Vec<char> = word.trim_start_matches('!').chars().collect();
        for start in 0..characters.len() {
            // `text` has single gaps only.
            let mut at = start;
            let mut gaps = Vec::new();
            let meant = wanted.iter().enumerate().all(|(index, c)| {
                if index > 0 && !characters.get(at).is_some_and(|c| c.is_alphanumeric()) {
                    gaps.extend(characters.get(at));
                    at += 1;
                }
                at += 1;
                characters.get(at - 1) == Some(c)
            });
            let torn = gaps.contains(&'\u{FFFC}');
            let latin = wanted.iter().all(char::is_ascii_alphanumeric);
            let part_of_word = latin && !exception && (letter(start.checked_sub(1)) || letter(Some(at)));
            if meant && !torn && !part_of_word {
                if exception { &mut exceptions } else { &mut hits }.push((*list, start, at));
            }
        }
    }
    let inside = |a: &(RuleId, usize, usize), b: &(RuleId, usize, usize)| a.0 == b.0 && a.1 >= b.1 && a.2 <= b.2;
    let all = hits.clone();
    hits.retain(|hit| !exceptions.iter().any(|e| inside(hit, e)) && !all.iter().any(|o| o != hit && inside(hit, o)));
    hits.sort_unstable();
    hits.dedup();
    hits
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn it_finds_what_a_naive_search_finds(
        words in proptest::collection::btree_set(("[01]", "!?[加微a]{2,4}"), 1..12),
        parts in proptest::collection::vec(("[加微a]", "( |\u{FFFC}|)"), 0..24),
    ) {
        let text: String = parts.iter().map(|(c, gap)| format!("{c}{gap}")).collect();
        let words: Vec<_> = words.iter().map(|(list, word)| (if list == "0" { A } else { B }, word.as_str())).collect();
        let lexicon = lexicon(&words);
        let mut folded = Text::default();
        folded.set(&text);
        let mut hits = Vec::new();
        lexicon.find(&folded.folded, &mut WordScratch::default(), |hit| {
            let span = folded.folded.span(hit.start, hit.end);
            hits.push((hit.list, span.start as usize, span.end as usize));
        });
        hits.sort_unstable();
        prop_assert_eq!(hits, naive(&words, &text), "{:?} in {:?}", words, text);
    }
}

/// Words of all kinds, and texts made of their characters and of anything else.
fn anything() -> impl Strategy<Value = (Vec<String>, String)> {
    let words = prop::collection::vec("!?[加微信刷单vq力口❤ 　。a-c]{0,6}", 0..10);
    (words, "([加佳微薇信芯刷唰单力口亻言a-zA-Z0-9 ，。❤➕🐎\u{200B}\u{301}\u{FFFC}\n]|\\PC){0,60}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))] // each compiles its words
    #[test]
    fn every_hit_lies_in_the_text((words, text) in anything()) {
        let mut builder = LexiconBuilder::default();
        builder.disguise(A);
        for word in &words {
            // what cannot be a word is refused, and the others are still found
            drop(match word.strip_prefix('!') {
                Some(phrase) => builder.except(A, phrase),
                None => builder.add(A, word),
            });
        }
        let (lexicon, mut folded, mut scratch) = (builder.build(), Text::default(), WordScratch::default());
        folded.set(&text);
        let length = text.chars().count() as u32;
        lexicon.find(&folded.folded, &mut scratch, |hit| {
            let span = folded.folded.span(hit.start, hit.end);
            assert!(span.start < span.end && span.end <= length, "{hit:?} {span:?}");
            assert!(words.iter().any(|word| **word == **hit.word));
        });
        lexicon.find_disguised(&folded, &mut scratch, |hit| {
            assert!(hit.span.start < hit.span.end && hit.span.end <= length, "{hit:?}");
            assert!(words.iter().any(|word| **word == **hit.word) && !hit.disguise.views.is_empty());
        });
    }
}

#[test]
fn disguised_prefixes_a_thousand_deep_stay_quick() {
    for unit in ["哈", "加微信"] {
        let words: Vec<String> = (2..=1_000).map(|depth| unit.chars().cycle().take(depth).collect()).collect();
        let mut builder = LexiconBuilder::default();
        builder.disguise(A);
        words.iter().for_each(|word| builder.add(A, word).unwrap());
        let (lexicon, mut folded, mut scratch) = (builder.build(), Text::default(), WordScratch::default());
        for text in ["蛤", "嘉薇芯", "jiaweixin", "力口彳亻言", "➕V❤", "\u{301}", "加\u{301}微\u{200B}信"]
        {
            folded.set(&text.repeat(20_000 / text.chars().count()));
            lexicon.find(&folded.folded, &mut scratch, |_| {});
            let mut hits = 0;
            lexicon.find_disguised(&folded, &mut scratch, |_| hits += 1);
            assert!(hits <= MOST_HITS, "{text}: {hits}");
        }
    }
}
