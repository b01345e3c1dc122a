//! Context that excuses.

use super::*;

/// The rules of a file, each with the same words that excuse its hits.
fn excused(toml: &str, unless: &[&str], despite: &[&str]) -> (Ruleset, Vec<Fault>) {
    let source = Source { file: "rules.toml".into(), text: toml.into() };
    let (mut lexicon, mut faults, mut rules, mut excuses) =
        (LexiconBuilder::default(), Vec::new(), Vec::new(), Vec::new());
    let spanned =
        |words: &[&str]| -> Vec<_> { words.iter().map(|word| toml::Spanned::new(0..1, (*word).to_owned())).collect() };
    for (name, table) in DeTable::parse(toml).unwrap().into_inner() {
        let kind = KINDS.iter().find(|kind| name.get_ref().starts_with(kind.name)).unwrap();
        let span = table.span();
        let draft = (kind.read)(ValueDeserializer::from(table)).unwrap();
        let mut read = |_: &str| Ok(Source { file: "list.txt".into(), text: "加微信\n".into() });
        let id = RuleId(rules.len() as u16);
        let build = &mut Build {
            id,
            source: &source,
            span,
            read: &mut read,
            lexicon: &mut lexicon,
            faults: &mut faults,
            where_on: &mut Vec::new(),
        };
        if let Some(rule) = draft.build(build) {
            rules.push((info(name.get_ref(), kind.name), rule));
        }
        excuses.extend(Excuse::build(build, &spanned(unless), &spanned(despite)));
    }
    (Ruleset::new(rules, lexicon).excused_by(excuses), faults)
}

const RULES: &str = "[keywords]\nwords = [\"刷单兼职\"]\n[regex]\npatterns = [\"日赚[0-9]+\"]\n[combination]\nall = [\"招人\", \"日结\"]";

#[test]
fn hits_near_a_warning_do_not_count_whatever_found_them() {
    let (rules, faults) = excused(RULES, &["是骗子", "谨防"], &[]);
    assert_eq!(faults, []);
    assert_eq!(found(&rules, "刷单兼职，日赚300，招人，日结").len(), 3);
    assert_eq!(found(&rules, "谨防刷单兼职，日赚300，招人，日结"), [""; 0]);
    assert_eq!(found(&rules, "刷单兼职的都是骗子"), [""; 0]);
    let far = format!("谨防上当。{}刷单兼职", "好".repeat(50));
    assert_eq!(found(&rules, &far), ["刷单兼职"]);
}

#[test]
fn a_warning_that_calls_people_to_come_is_no_excuse() {
    let (rules, _) = excused(RULES, &["是骗子", "谨防"], &["加我", "list.txt"]);
    assert_eq!(found(&rules, "谨防骗子，正规刷单兼职加我"), ["刷单兼职"]);
    assert_eq!(found(&rules, "谨防骗子，正规刷单兼职加 微 信"), ["刷单兼职"]);
    assert_eq!(found(&rules, "谨防刷单兼职"), [""; 0]);
    // Nor is one whose writer can be reached; the police may be.
    for (text, counts) in [
        ("谨防骗子，正规刷单兼职，电话13812345678", true),
        ("谨防骗子，正规刷单兼职，一三八 一二三四 五六七八", true),
        ("谨防骗子，正规刷单兼职，扣扣 2233445566", true),
        ("谨防骗子，刷单兼职都是诈骗，请打96110", false),
    ] {
        assert_eq!(!found(&rules, text).is_empty(), counts, "{text}");
    }
    let (rules, _) = excused(RULES, &["是骗子", "谨防"], &[]);
    assert_eq!(found(&rules, "谨防刷单兼职，电话13812345678"), [""; 0], "only where something is against an excuse");
}

#[test]
fn what_is_against_an_excuse_that_is_not_there_is_a_fault() {
    let (_, faults) = excused("[keywords]\nwords = [\"刷单兼职\"]", &[], &["加我"]);
    assert_eq!(faults.len(), 1, "{faults:?}");
}
