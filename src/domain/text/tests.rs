//! Rows of disguises and what is under them; what holds for any text.

use proptest::prelude::*;

use super::lookalikes::{LIGATURES, NUMBERS, PAIRS};
use super::*;
use crate::domain::case::Span;

fn fold(text: &str) -> Text {
    let mut folded = Text::default();
    folded.set(text);
    folded
}

#[test]
fn disguises_come_off() {
    let rows = [
        ("加微信", "加微信"),
        ("ＶＸ", "vx"),
        ("𝓿𝔁", "vx"),
        ("ⓥⓧ", "vx"),
        ("🅥🅧", "vx"),
        ("🆅🆇", "vx"),
        ("🇻🇽", "vx"),
        ("⒱⒳", "vx"),
        ("ᴠx", "vx"),
        ("ⱽˣ", "vx"),
        ("ⅤⅩ", "vx"),
        ("vх", "vx"), // Cyrillic х
        ("νχ", "vx"), // Greek
        ("v̶x̶", "vx"),
        ("v\u{200B}\u{2060}x\u{FE0F}", "vx"),
        ("Vx", "vx"),
        ("賭博網站", "赌博网站"),
        ("發財無憂", "发财无忧"),
        ("①②③❹➎➏⑦⓼", "12345678"),
        ("１２３⑩❿🔟", "123101010"),
        ("1️⃣2️⃣", "12"),
        ("½㎏ﬁ℡", "12kgfitel"),
        ("㊙㈱⑴", "秘株1"),
        ("Straße Łódź", "strasselodz"),
        ("加*微*信", "加微信"),
        ("加 微\u{3000}信", "加微信"),
        ("加❤微👨‍👩‍👧信", "加微信"),
        ("加\n微\r\n信", "加微信"),
        ("한국어 ひらがな カタカナ", "한국어ひらかなカタカナ"),
        ("١٣٨ ๑๓๘ १३८ 〡〣〨", "138138138138"),
        ("兼ˊ职ـ刷っ单ー日ˈ结々", "兼职刷单日结"),
        ("ʰʷ", "hw"),
        ("ｶﾀｶﾅ", "カタカナ"),
        ("\u{301}\u{302}\u{303}", ""),
        ("", ""),
        ("🙂🙃。。。 \u{FFFC}", ""),
        ("𠀀𪚥", "𠀀𪚥"),
        ("🤖a", "a"),
    ];
    for (text, expected) in rows {
        assert_eq!(fold(text).folded.text, expected, "{text}");
    }
}

#[test]
fn spans_point_into_the_original() {
    let text = fold("😀加 微*信½");
    let span = |needle: &str| {
        let start = text.folded.text.find(needle).unwrap();
        text.folded.span(start, start + needle.len())
    };
    assert_eq!(span("加微信"), Span { start: 1, end: 6 });
    assert_eq!(span("1"), Span { start: 6, end: 7 });
    assert_eq!(span("2"), Span { start: 6, end: 7 });
    assert_eq!(text.slice(span("加微信")), "加 微*信");
    assert_eq!(text.slice(Span { start: 3, end: 99 }), "");
    assert_eq!(text.folded.kept(), 4);
    let text = fold("[捂脸]加[色]微[加好友]");
    let start = text.folded.text.find("加微").unwrap();
    assert_eq!(text.folded.text, "加微加好友", "a name that is no picture is read");
    assert_eq!(text.slice(text.folded.span(start, start + "加微".len())), "加[色]微");
}

#[test]
fn gaps_know_their_kind() {
    let rows = [
        ("a b", Some(GapKind::Separator), 1),
        ("a.b", Some(GapKind::Separator), 1),
        ("a. b", Some(GapKind::Clause), 2),
        ("a，b", Some(GapKind::Clause), 1),
        ("a *\n b", Some(GapKind::Clause), 3),
        ("a\u{FFFC}b", Some(GapKind::Barrier), 1),
        ("a，\u{FFFC} b", Some(GapKind::Barrier), 3),
        ("a\u{200B}\u{301}b", None, 0),
        ("a[捂脸]b", Some(GapKind::Separator), 1),
    ];
    for (text, kind, dropped) in rows {
        let folded = fold(text).folded;
        let gap = folded.gaps_within(0, 2).first();
        assert_eq!((gap.map(|gap| gap.kind), gap.map_or(0, |gap| gap.dropped)), (kind, dropped), "{text:?}");
    }
    let folded = fold(" ab! ").folded;
    assert_eq!(folded.gaps().len(), 2);
    assert!(folded.gaps_within(0, 2).is_empty());
}

#[test]
fn every_character_folds_to_what_folds_to_itself() {
    let mut text = Text::default();
    let mut again = Text::default();
    for c in '\0'..=char::MAX {
        let mut buffer = [0; 4];
        text.set(c.encode_utf8(&mut buffer));
        again.set(&text.folded.text);
        assert_eq!(again.folded.text, text.folded.text, "{c} U+{:04X}", c as u32);
        let upper_left = text.folded.text.chars().find(|c| c.is_ascii_uppercase());
        assert_eq!(upper_left, None, "{c}");
    }
}

#[test]
fn every_letter_of_a_known_script_is_kept() {
    for c in '\u{20}'..='\u{1FFFF}' {
        let mut buffer = [0; 4];
        let kept = !fold(c.encode_utf8(&mut buffer)).folded.text.is_empty();
        let mark = unicode_normalization::char::is_combining_mark(c) || super::tables::is_mark_of_a_letter(c);
        if c.is_alphanumeric() && !mark && !is_invisible(c) {
            assert!(kept, "{c} U+{:04X}", c as u32);
        }
    }
}

#[test]
fn the_look_alikes_are_written_in_pairs() {
    for (from, to) in PAIRS {
        assert_eq!(from.chars().count(), to.chars().count(), "{from} {to}");
    }
    for (_, to) in PAIRS
        .iter()
        .copied()
        .chain(NUMBERS.iter().map(|(_, to)| ("", *to)))
        .chain(LIGATURES.iter().map(|(_, to)| ("", *to)))
    {
        assert!(to.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{to}");
    }
}

#[test]
fn long_and_odd_texts() {
    for text in [
        "哈".repeat(100_000),
        "\u{301}".repeat(100_000),
        "½".repeat(100_000),
        " a".repeat(50_000),
        "。".repeat(100_000),
        "a".repeat(LONGEST_READ),
        "哈".repeat(LONGEST_READ - 1),
    ] {
        let folded = fold(&text);
        let (read, unread) = (folded.folded.original_length(), folded.folded.unread());
        assert_eq!((read as usize).min(LONGEST_READ) + unread as usize, text.chars().count());
        assert_eq!(unread > 0, text.chars().count() > LONGEST_READ);
        assert!(text.starts_with(folded.slice(folded.whole())));
        assert_eq!(folded.original.chars().count(), read as usize);
    }
}

#[test]
fn equal_folds_have_equal_fingerprints() {
    let print = |text: &str| fold(text).folded.fingerprint(4);
    assert_eq!(print("加 微信１"), print("加微*信①"));
    assert_ne!(print("加微信1"), print("加微信2"));
    assert_eq!(print("加微信"), None);
    assert_eq!(fold("!").folded.fingerprint(0), None);
}

#[test]
fn invisible_characters_are_told_from_marks() {
    for c in ['\u{200B}', '\u{200D}', '\u{FE0F}', '\u{202E}', '\u{3164}', '\u{E0041}', '\u{2800}', '\u{AD}', '\u{7}'] {
        assert!(is_invisible(c), "{:04X}", c as u32);
    }
    for c in ['a', ' ', '\n', '\t', '\u{301}', '微', '。', '\u{FFFC}'] {
        assert!(!is_invisible(c), "{:04X}", c as u32);
    }
}

proptest! {
    #[test]
    fn folding_is_safe_and_steady(text in any::<String>()) {
        let folded = fold(&text);
        let length = text.chars().count() as u32;
        prop_assert_eq!(folded.folded.original_length(), length);
        let mut last = Span { start: 0, end: 0 };
        for (at, c) in folded.folded.text.char_indices() {
            let span = folded.folded.span(at, at + c.len_utf8());
            prop_assert!(span.start < span.end && span.end <= length);
            prop_assert!(span.start >= last.start && span.end >= last.end);
            last = span;
        }
        prop_assert_eq!(&fold(&folded.folded.text).folded.text, &folded.folded.text);
        for gap in folded.folded.gaps() {
            prop_assert!(gap.at as usize <= folded.folded.text.len() && gap.dropped > 0);
        }
    }

    #[test]
    fn noise_never_changes_the_fold(text in "[加微信a-z]{1,20}", noise in "[ *\u{200B}😀_|\u{301}]{0,3}") {
        let noisy: String = text.chars().flat_map(|c| [c.to_string(), noise.clone()]).collect();
        prop_assert_eq!(fold(&noisy).folded.text, text);
    }

    #[test]
    fn a_prefix_folds_to_what_it_folds_to_in_the_whole(text in "([加微信ａA1½🔟 ，。\u{200B}\u{301}\u{FFFC}\n]|\\PC){0,40}", share in 0.0..1.0) {
        let chars: Vec<char> = text.chars().collect();
        let length = (chars.len() as f64 * share) as usize;
        let prefix: String = chars[..length].iter().collect();
        let (whole, part) = (fold(&text), fold(&prefix));
        prop_assert_eq!(part.folded.original_length() as usize, length);
        prop_assert!(whole.folded.text.starts_with(&part.folded.text));
        for (at, c) in part.folded.text.char_indices() {
            let span = part.folded.span(at, at + c.len_utf8());
            prop_assert_eq!(span, whole.folded.span(at, at + c.len_utf8()));
            prop_assert!(span.end as usize <= length, "{:?} is read beyond the prefix", span);
        }
    }
}
