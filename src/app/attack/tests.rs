//! What the generator makes of words, and that it makes it again.

use super::*;

fn at(text: &str, word: &str) -> Target {
    let (before, _) = text.split_once(word).unwrap();
    let start = before.chars().count() as u32;
    Target { span: Span { start, end: start + word.chars().count() as u32 }, word: true }
}

fn made(text: &str, word: &str, class: Class, strength: Strength) -> Option<String> {
    disguise(text, &[at(text, word)], class, strength, 1)
}

#[test]
fn every_class_has_a_row_of_its_own() {
    let all: Vec<Class> = Class::all().collect();
    for (at, class) in all.iter().enumerate() {
        assert_eq!(all.iter().position(|other| other == class), Some(at));
        assert_eq!(class.row().0, *class);
        assert!(!all.iter().skip(at + 1).any(|other| other.name() == class.name()));
    }
    assert_eq!(all.last(), Some(&Class::HomophonesThroughout));
    assert_eq!(all.len(), Class::HomophonesThroughout as usize + 1);
}

#[test]
fn each_class_does_what_it_says() {
    let text = "想了解的加v信好友哦";
    let rows = [
        (Class::Width, "想了解的加ｖ信好友哦"),
        (Class::Case, "想了解的加V信好友哦"),
        (Class::Split, "想了解的力口v亻言好友哦"),
        (Class::Initials, "想了解的jvx好友哦"),
        (Class::Reversed, "想了解的信v加好友哦"),
    ];
    for (class, expected) in rows {
        assert_eq!(made(text, "加v信", class, Strength::Heavy).as_deref(), Some(expected), "{}", class.name());
    }
    assert_eq!(made("代开发票", "代开发票", Class::Traditional, Strength::Heavy).as_deref(), Some("代開發票"));
    let spelled = made("代开发票", "代开发票", Class::Pinyin, Strength::Heavy).unwrap();
    assert_eq!(spelled.replace(' ', ""), "daikaifapiao");
    let throughout = made("想了解的加微信", "加微信", Class::PinyinThroughout, Strength::Heavy).unwrap();
    assert_eq!(throughout.replace(' ', ""), "xianglejiedejiaweixin");
    let throughout = made("想了解的加微信", "加微信", Class::HomophonesThroughout, Strength::Heavy).unwrap();
    assert!(throughout.chars().count() == 7 && throughout.chars().zip("想了解的加微信".chars()).all(|(a, b)| a != b));
}

#[test]
fn what_cannot_be_disguised_so_is_not() {
    for (word, class) in [
        ("微信", Class::Width),
        ("微信", Class::LatinAlike),
        ("vx", Class::Homophones),
        ("一人", Class::Traditional),
        ("人", Class::Spaces),
        ("哈哈", Class::Swapped),
    ] {
        assert_eq!(made(word, word, class, Strength::Heavy), None, "{word} {}", class.name());
    }
    let found = Target { word: false, ..at("加微信abc", "加微信abc") };
    assert_eq!(disguise("加微信abc", &[found], Class::Reversed, Strength::Light, 1), None);
}

#[test]
fn the_rest_of_a_text_stays_and_every_word_is_changed() {
    let text = "兼职刷单，日结，加微信详聊";
    for class in Class::all().filter(|class| class.of_words().is_none()) {
        for strength in Strength::ALL {
            let targets = [at(text, "兼职刷单"), at(text, "刷单"), at(text, "加微信")];
            let Some(out) = disguise(text, &targets, class, strength, 7) else { continue };
            assert!(out.ends_with("详聊") && out.contains("，日结，"), "{out}");
            // 信信 still holds 信: what is repeated or has a mark at its end stays whole for a machine
            let whole = out.contains("兼职刷单") || out.contains("加微信");
            assert!(!whole || matches!(class, Class::Repeated | Class::Combining), "{} {out}", class.name());
            assert_eq!(disguise(text, &targets, class, strength, 7), Some(out), "the same seed, the same text");
        }
    }
}

#[test]
fn a_greater_strength_changes_more() {
    let word = "兼职刷单日结";
    let kept = |class, strength| {
        let out = made(word, word, class, strength).unwrap();
        word.chars().filter(|c| out.contains(*c)).count()
    };
    for class in [Class::Homophones, Class::Pinyin, Class::Traditional] {
        let [light, medium, heavy] = Strength::ALL.map(|strength| kept(class, strength));
        assert!(light >= medium && medium >= heavy && light > heavy, "{}: {light} {medium} {heavy}", class.name());
    }
    let gaps =
        |strength| made(word, word, Class::Newlines, strength).unwrap().lines().filter(|l| !l.is_empty()).count();
    assert_eq!(Strength::ALL.map(gaps), [3, 4, 6]);
}

#[test]
fn two_mixed_are_two() {
    let mut seen = std::collections::HashSet::new();
    for seed in 0..40 {
        let out = disguise("加微信", &[at("加微信", "加微信")], Class::Mixed, Strength::Light, seed).unwrap();
        assert!(!out.contains("加微信") && out != "加微信", "{out}");
        seen.insert(out);
    }
    assert!(seen.len() > 10, "{seen:?}");
}
