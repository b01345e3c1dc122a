//! Counts and intervals, on a small configuration.

use super::*;
use crate::config;

fn settings() -> std::sync::Arc<Settings> {
    let toml = "[[rule]]\nname = \"ads.words\"\nkind = \"keywords\"\ntitle = \"广告\"\nwords = [\"代开发票\", \"加微信\", \"vx\"]\n\
                [[rule]]\nname = \"ads.long\"\nkind = \"length\"\ntitle = \"太长\"\ncharacters = 20\n";
    let files = [("a.toml".to_owned(), toml.to_owned())];
    config::from_files(std::path::Path::new("."), &files, &|_| None).unwrap().settings
}

fn measured(lines: &str, how: &Eval) -> (Report, String, String) {
    let settings = settings();
    let (mut errors, mut wrong) = (Vec::new(), Vec::new());
    let mut evaluation = Evaluation::new(&settings, how);
    evaluation.read("file", lines.as_bytes(), &mut errors, Some(&mut wrong)).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (evaluation.finish(), text(errors), text(wrong))
}

const LINES: &str = r#"
{"text":"专业代开发票","label":1,"category":"ads","source":"one"}
{"text":"专业代开發票，加 薇芯","label":true,"category":"ads"}
{"text":"低价出货","label":"1","category":"ads","id":7}
{"text":"今天天气不错","label":0}
{"text":"他问我vx是什么","label":0,"source":"one"}
{"text":"今天天气不错","label":2}
{"text":"今天天气不错"}
今天天气不错
"#;

#[test]
fn messages_are_counted_by_source_category_rule_and_view() {
    let (report, errors, wrong) = measured(LINES, &Eval::default());
    let share = |count, of| Share { count, of };
    assert_eq!((report.all.caught, report.all.flagged), (share(2, 3), share(1, 2)));
    assert_eq!(report.categories["ads"].caught, share(2, 3));
    assert_eq!(report.sources["one"].flagged_as_violation, share(1, 1));
    assert_eq!(report.sources["file"].flagged, share(0, 1));
    assert_eq!(report.rules["ads.words"], Rule { bad: 2, alone: 2, ordinary: 1 });
    assert_eq!(report.views["plain"], View { bad: 2, ordinary: 1 });
    assert_eq!(report.views["sound"], View { bad: 1, ordinary: 0 });
    assert_eq!((report.malformed, errors.lines().count()), (3, 3));
    for (line, what) in errors.lines().zip(["line 7: label: 2", "line 8: missing field `label`", "line 9: "]) {
        assert!(line.starts_with(&format!("file: {what}")), "{line}");
    }
    let wrong: Vec<serde_json::Value> = wrong.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((wrong.len(), &wrong[0]["id"], &wrong[0]["verdict"]), (2, &7.into(), &"pass".into()));
    assert_eq!((&wrong[1]["verdict"], &wrong[1]["rules"][0]), (&"violation".into(), &"ads.words".into()));
}

#[test]
fn what_was_found_is_disguised_and_judged_again() {
    let how = Eval {
        classes: vec![Class::Traditional, Class::Case, Class::Homophones],
        strengths: vec![Strength::Light, Strength::Heavy],
        seed: 3,
        ..Eval::default()
    };
    let (report, ..) = measured(LINES, &how);
    let of = |class, strength| {
        let row = report.disguises.iter().find(|row| (row.class, row.strength) == (class, strength)).unwrap();
        (row.kept.count, row.kept.of, row.impossible)
    };
    assert_eq!(of(Class::Traditional, Strength::Heavy), (1, 1, 1), "薇芯 has no other writing");
    assert_eq!(of(Class::Case, Strength::Light), (0, 0, 2));
    assert_eq!(of(Class::Homophones, Strength::Heavy).1, 2);
    let long = format!(r#"{{"text":"代开发票{}","label":1}}"#, "好".repeat(30));
    assert_eq!(measured(&long, &how).0.kept(Class::Traditional).of, 0, "its length stays what it is");
}

#[test]
fn what_others_disguised_is_compared_with_its_original() {
    let lines = r#"
{"text":"代kai发票","original":"代开发票","label":1,"source":"pinyin"}
{"text":"代什么票","original":"代开发票","label":1,"source":"pinyin"}
{"text":"低价出货","original":"低价出貨","label":1,"source":"pinyin"}
{"text":"不代开发票","original":"代开发票","label":0,"source":"pinyin"}
"#;
    let (report, ..) = measured(lines, &Eval::default());
    assert_eq!(report.pairs["pinyin"], Share { count: 1, of: 2 });
    assert!(human(&report).contains("pinyin  2              50.0 %"), "{}", human(&report));
}

#[test]
fn a_report_is_read_as_it_was_written() {
    let how = Eval { classes: Class::all().collect(), strengths: Strength::ALL.to_vec(), ..Eval::default() };
    let (report, ..) = measured(LINES, &how);
    let read: Report = serde_json::from_str(&json(&report)).unwrap();
    assert_eq!((human(&read), markdown(&read)), (human(&report), markdown(&report)));
    assert!(human(&report).contains("By source") && markdown(&report).contains("| ads.words | 2 | 2 | 1 |"));
}

#[test]
fn the_interval_is_wilson_s() {
    let round = |share: Share| share.interval().map(|(low, high)| ((low * 1e4).round(), (high * 1e4).round()));
    assert_eq!(round(Share { count: 98, of: 100 }), Some((9300.0, 9945.0)));
    assert_eq!(round(Share { count: 0, of: 10 }), Some((0.0, 2775.0)));
    assert_eq!(round(Share { count: 10, of: 10 }), Some((7225.0, 10000.0)));
    assert_eq!(Share::default().interval(), None);
    assert!((Share { count: 90, of: 100 }.error() - 0.03).abs() < 1e-9);
    assert!(Share { count: 100, of: 100 }.error() > 0.009);
}
