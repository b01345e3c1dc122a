//! Rules that ask a model.

use super::pieces::cut;
use super::*;
use crate::domain::score::{About, Features, How, Learner, Lesson, Lessons, Line, Model, Row, VERSION, in_pinyin};

const AD: &str = "招兼职日结，加我微信";
const TALK: &str = "明天几点开会呀";

fn model(pinyin: bool) -> String {
    let how = How { bits: 12, ..How::USUAL };
    let mut learner = Learner::new(how, 1);
    let row = |original: &str, bad: bool| {
        let mut text = Text::default();
        text.set(&if pinyin { in_pinyin(original, 1).unwrap().text } else { original.to_owned() });
        Row { features: Features::default().all(&text), category: bad.then_some(0), weight: 1.0 }
    };
    learner.learn(&[row("兼职日结，加我微信", true), row("今天几点开会", false), row("晚上吃饭吗", false)]);
    let (weights, bias) = learner.into_parts();
    let categories = vec!["ads".to_owned()];
    let lines = Vec::new();
    let about =
        About { features: VERSION, bits: 12, pinyin, unit: 0.0, categories, bias, texts: 3, violations: 1, lines };
    let mut model = Model::new(about, &weights);
    let line = |false_alarms, odds| Line { false_alarms, odds, recall: 90.0 };
    model.draw(vec![line(5, 50.0), line(10, 0.5), line(20, 0.2)]);
    model.write()
}

/// A rule of these keys, or what is wrong with it.
fn rule(keys: &str) -> Result<Ruleset, Vec<String>> {
    of(&format!("[score]\n{keys}"), false)
}

/// The rules of a file, doubtful or not, or what is wrong with them.
fn of(toml: &str, doubtful: bool) -> Result<Ruleset, Vec<String>> {
    let source = Source { file: "rules.toml".into(), text: toml.into() };
    let (mut lexicon, mut faults, mut rules) = (LexiconBuilder::default(), Vec::new(), Vec::new());
    for (id, (name, table)) in (0..).map(RuleId).zip(DeTable::parse(toml).unwrap().into_inner()) {
        let span = table.span();
        let kind = KINDS.iter().find(|kind| kind.name == &**name.get_ref()).unwrap();
        let draft = (kind.read)(ValueDeserializer::from(table)).unwrap();
        let mut read = |path: &str| match path {
            "a.model" => Ok(Source { file: "a.model".into(), text: model(false).into() }),
            "pinyin.model" => Ok(Source { file: "pinyin.model".into(), text: model(true).into() }),
            "list.txt" => Ok(Source { file: "list.txt".into(), text: LIST.into() }),
            _ => Err("no such file".to_owned()),
        };
        let mut build = Build {
            id,
            source: &source,
            span,
            read: &mut read,
            lexicon: &mut lexicon,
            faults: &mut faults,
            where_on: &mut Vec::new(),
        };
        rules.extend(
            draft.build(&mut build).map(|rule| (RuleInfo { doubtful, ..info(name.get_ref(), kind.name) }, rule)),
        );
    }
    let shown = |fault: &Fault| format!("{}:{} {}", fault.line, fault.column, fault.message);
    if faults.is_empty() { Ok(Ruleset::new(rules, lexicon)) } else { Err(faults.iter().map(shown).collect()) }
}

fn find(rules: &Ruleset, text: &str, lessons: &Lessons) -> Vec<Hit> {
    let mut scratch = Scratch::default();
    let message = Message { content: vec![Segment::Text(text.into())], ..Message::default() };
    rules.find(&message, &mut scratch);
    let learned = Learned { lessons: Some(lessons), group: Some(GroupKey(1)) };
    rules.find_learned(&message, learned, &mut scratch);
    scratch.hits
}

#[test]
fn what_is_said_over_several_messages_is_told_with_the_one_that_makes_it_sure() {
    let rules = rule("model = \"a.model\"\nmin_characters = 8").unwrap();
    let said = [(1, 0, "兼职"), (1, 4, "日结"), (1, 8, "加我微信"), (1, 12, "今天"), (2, 13, "几点开会")];
    assert_eq!(cut(&rules, &said), ["2 兼职日结加我微信 pieces Violation"]);
    assert_eq!(cut(&rules, &[(1, 0, "今天"), (1, 4, "兼职日结，加我微信")]), [""; 0], "it is in the second alone");
    assert_eq!(cut(&rules, &[(1, 0, "兼职"), (1, 40, "日结"), (1, 80, "加我微信")]), [""; 0], "too late");
    let off = rule("model = \"a.model\"\npieces = 0\nmin_characters = 8").unwrap();
    assert_eq!(cut(&off, &said), [""; 0]);
}

#[test]
fn small_talk_around_an_offer_hides_it_neither_from_the_score_nor_from_a_doubtful_rule() {
    let rules = rule("model = \"a.model\"\nmin_characters = 8\nfalse_alarms = 40").unwrap();
    let talk = "今天几点开会呀，晚上吃饭吗，明天几点开会呀。";
    let hits = find(&rules, &format!("{talk}{AD} {talk}"), &Lessons::default());
    let [hit] = &hits[..] else { panic!("{hits:?}") };
    let first = talk.chars().count() as u32;
    assert_eq!((hit.span.start, hit.span.end), (first, first + AD.chars().count() as u32 + 1));
    let pieces = &hit.scored.as_ref().unwrap().pieces;
    assert!(pieces.iter().all(|piece| piece.start >= first && piece.end <= hit.span.end), "{pieces:?}");
    assert_eq!(find(&rules, &talk.repeat(2), &Lessons::default()), []);
    let doubted = of("[score]\nmodel = \"a.model\"\ndoubts = 50\n[keywords]\nwords = [\"兼职\"]", true).unwrap();
    let found = |text: &str| find(&doubted, text, &Lessons::default()).iter().filter(|hit| hit.word.is_some()).count();
    assert_eq!(found(&format!("{talk}，兼职日结，{talk}")), 1, "its clause is no small talk");
}

#[test]
fn what_stands_between_the_characters_hides_nothing_from_it() {
    let rules = rule("model = \"a.model\"").unwrap();
    let hits = find(&rules, "兼口职口日口结口加口我口微口信", &Lessons::default());
    let [hit] = &hits[..] else { panic!("{hits:?}") };
    assert_eq!(hit.disguise.map(|disguise| disguise.views.in_chat()).as_deref(), Some("夹字"));
    assert_eq!((hit.span.start, hit.span.end), (0, 15));
}

#[test]
fn a_text_above_the_line_is_a_hit_that_says_why() {
    let rules = rule("model = \"a.model\"").unwrap();
    let hits = find(&rules, AD, &Lessons::default());
    let [hit] = &hits[..] else { panic!("{hits:?}") };
    let scored = hit.scored.as_ref().unwrap();
    assert!(scored.score > 600_000 && scored.band == 1 && !scored.strict && !scored.pieces.is_empty(), "{scored:?}");
    assert_eq!((hit.span.start, hit.span.end), (0, 10));
    let finding = rules.finding(hit, AD, &setting()).unwrap();
    assert_eq!((finding.verdict, finding.score.as_ref()), (Verdict::Review, Some(scored)));
    assert_eq!(find(&rules, TALK, &Lessons::default()), []);
    assert_eq!(find(&rule("model = \"a.model\"\nmin_characters = 20").unwrap(), AD, &Lessons::default()), []);
    assert_eq!(find(&rule("model = \"a.model\"\nfalse_alarms = 5").unwrap(), AD, &Lessons::default()), []);
}

#[test]
fn what_is_spoken_is_looked_at_too() {
    let rules = rule("model = \"a.model\"").unwrap();
    let content = vec![Segment::Voice { text: Some(AD.into()) }];
    let mut scratch = Scratch::default();
    let message = Message { content, ..Message::default() };
    rules.find(&message, &mut scratch);
    rules.find_learned(&message, Learned::default(), &mut scratch);
    let [hit] = &scratch.hits[..] else { panic!("{:?}", scratch.hits) };
    assert_eq!((hit.part.as_deref(), hit.matched.as_deref()), (Some("content[0].text"), Some(AD)));
}

#[test]
fn faults_point_at_what_is_wrong() {
    let rows = [
        ("model = \"b.model\"", "2:9 the model `b.model` cannot be used: no such file"),
        ("model = \"list.txt\"", "2:9 the model `list.txt` cannot be used: it is no model"),
        (
            "model = \"pinyin.model\"",
            "2:9 the model `pinyin.model` cannot be used: it was made for messages in pinyin alone",
        ),
        (
            "model = \"a.model\"\npinyin = \"a.model\"",
            "3:10 the model `a.model` cannot be used: it was not made for messages in pinyin",
        ),
        ("model = \"a.model\"\nfalse_alarms = 0", "3:16 `false_alarms` cannot be 0"),
        ("model = \"a.model\"\nmin_characters = 0", "3:18 `min_characters` cannot be 0"),
        ("model = \"a.model\"\ndoubts = 51", "3:10 `doubts` cannot be 51"),
        ("model = \"a.model\"\nstrict = { precision = 100, decisions = 5 }", "3:24 `precision` cannot be 100"),
        ("model = \"a.model\"\nstrict = { precision = 90, decisions = 1 }", "3:40 `decisions` cannot be 1"),
    ];
    for (keys, expected) in rows {
        let faults = rule(keys).err().unwrap_or_default();
        assert!(faults.len() == 1 && faults[0].starts_with(expected), "{keys}: {faults:?}");
    }
}

/// A score that was so often right and wrong in the group.
fn lessons(rules: &Ruleset, right: u64, wrong: u64) -> Lessons {
    let model = find(rules, AD, &Lessons::default())[0].scored.as_ref().unwrap().model;
    let mut lessons = Lessons::default();
    for subject in 0..right + wrong {
        let (right, found) = (subject < right, Some((model, 1)));
        lessons.learn(Lesson { subject, group: GroupKey(1), right, found, step: 0, features: Box::default() });
    }
    lessons
}

#[test]
fn it_is_strict_where_it_was_right_often_enough() {
    let rules = rule("model = \"a.model\"\nstrict = { precision = 80, decisions = 20 }").unwrap();
    let verdict = |right, wrong| {
        let hits = find(&rules, AD, &lessons(&rules, right, wrong));
        rules.finding(&hits[0], AD, &setting()).unwrap().verdict
    };
    assert_eq!(verdict(0, 0), Verdict::Review);
    assert_eq!(verdict(19, 0), Verdict::Review, "too few decisions");
    assert_eq!(verdict(20, 0), Verdict::Violation);
    assert_eq!(verdict(20, 3), Verdict::Review, "not precise enough");
    assert_eq!(verdict(60, 3), Verdict::Violation);
    let loose = rule("model = \"a.model\"").unwrap();
    let hits = find(&loose, AD, &lessons(&loose, 100, 0));
    assert_eq!(loose.finding(&hits[0], AD, &setting()).unwrap().verdict, Verdict::Review, "it was not asked for");
}

#[test]
fn it_learns_unless_it_is_told_not_to() {
    let rules = rule("model = \"a.model\"").unwrap();
    let mut lessons = Lessons::default();
    let mut scratch = Scratch::default();
    for subject in 0..5 {
        let learned = Learned { lessons: Some(&lessons), group: Some(GroupKey(1)) };
        let taught = rules.taught(AD, learned, &mut scratch).unwrap();
        lessons.learn(Lesson::new(subject, GroupKey(1), false, &taught));
    }
    assert_eq!(find(&rules, AD, &lessons), [], "it was said five times that this is none");
    let deaf = rule("model = \"a.model\"\nlearn = false").unwrap();
    assert_eq!(find(&deaf, AD, &lessons).len(), 1);
    assert!(deaf.taught(AD, Learned::default(), &mut scratch).is_none());
    let learnt = rules.learnt(Learned { lessons: Some(&lessons), group: Some(GroupKey(1)) }).next().unwrap().1;
    assert_eq!(learnt.lessons, 5);
}

const DOUBTING: &str = "[keywords]\nwords = [\"兼职\", \"开会\"]\n[score]\nmodel = \"a.model\"\ndoubts = 30";

fn words(rules: &Ruleset, text: &str, lessons: &Lessons) -> Vec<String> {
    let hits = find(rules, text, lessons).into_iter();
    hits.filter(|hit| hit.word.is_some()).map(|hit| crate::domain::text::slice(text, hit.span).to_owned()).collect()
}

#[test]
fn what_a_doubtful_rule_finds_counts_where_the_text_looks_like_it() {
    let [sure, doubting] = [false, true].map(|doubtful| of(DOUBTING, doubtful).unwrap());
    let none = Lessons::default();
    for (text, without, with) in [
        ("招兼职日结，加我微信", vec!["兼职"], vec!["兼职"]),
        (TALK, vec!["开会"], vec![]),
        ("明天几点𝗸𝗮𝗶会呀", vec!["𝗸𝗮𝗶会"], vec!["𝗸𝗮𝗶会"]),
    ] {
        assert_eq!(words(&sure, text, &none), without, "{text}");
        assert_eq!(words(&doubting, text, &none), with, "{text}");
    }
    // Small talk around it is no hiding place.
    let padded = format!("{TALK}{}招兼职日结，加我微信{}", "明天几点开会呀".repeat(9), "今天几点开会".repeat(9));
    assert!(words(&doubting, &padded, &none).contains(&"兼职".to_owned()));
    // Without a model that doubts, nothing is doubted.
    let undoubting = of(&DOUBTING.replace("\ndoubts = 30", ""), true).unwrap();
    assert_eq!(words(&undoubting, TALK, &none), ["开会"]);
}

#[test]
fn what_people_decide_moves_the_doubt() {
    let doubting = of(DOUBTING, true).unwrap();
    let mut text = Text::default();
    text.set(TALK);
    let features = Features::default().all(&text);
    let mut lessons = Lessons::default();
    assert!(words(&doubting, TALK, &lessons).is_empty());
    lessons.learn(Lesson { subject: 1, group: GroupKey(1), right: true, found: None, step: 4000, features });
    assert_eq!(words(&doubting, TALK, &lessons), ["开会"]);
}

#[test]
fn what_looks_disguised_by_chance_counts_unless_it_is_nearly_certain_that_it_is_innocent() {
    let [sure, doubting] =
        [false, true].map(|doubtful| of(&DOUBTING.replace("doubts = 30", "doubts = 50"), doubtful).unwrap());
    let chance = "明天几点𝗸𝗮𝗶会呀";
    let mut text = Text::default();
    text.set(chance);
    let features = Features::default().all(&text);
    let mut lessons = Lessons::default();
    assert_eq!(words(&doubting, chance, &lessons), ["𝗸𝗮𝗶会"]);
    lessons.learn(Lesson { subject: 1, group: GroupKey(1), right: false, found: None, step: -100_000, features });
    assert!(words(&doubting, chance, &lessons).is_empty());
    assert!(words(&sure, chance, &lessons).is_empty(), "whatever the rule says of itself");
    assert_eq!(words(&sure, TALK, &lessons), ["开会"], "as it is written it is none");
}

#[test]
fn signs_between_the_characters_hide_nothing_from_it() {
    let rules = rule("model = \"a.model\"").unwrap();
    let apart: String = AD.chars().flat_map(|c| [c, '.', '、']).collect();
    assert_eq!(find(&rules, &apart, &Lessons::default()).len(), 1);
    let doubting = of(DOUBTING, true).unwrap();
    assert!(words(&doubting, &apart, &Lessons::default()).len() == 1);
}

#[test]
fn a_sign_where_nobody_puts_one_makes_no_text_more_innocent() {
    let rules = rule("model = \"a.model\"\nmin_characters = 4").unwrap();
    let score = |text: &str| find(&rules, text, &Lessons::default())[0].scored.as_ref().unwrap().score;
    for (parted, meant) in [
        ("招兼_职日结招兼职日结，加我微信加我微信", "招兼职日结招兼职日结加我微信加我微信"),
        ("招兼＊＊职日结招兼职日结，加我微信加我微信", "招兼职日结招兼职日结加我微信加我微信"),
        ("招兼职日结招兼职日结 加.我微信加我微信", "招兼职日结招兼职日结 加我微信加我微信"),
    ] {
        assert!(score(parted) >= score(meant), "{parted}");
    }
}

/// The two models, and a word that is looked for in disguise too.
const IN_PINYIN: &str =
    "[keywords]\nwords = [\"开会\"]\n[score]\nmodel = \"a.model\"\npinyin = \"pinyin.model\"\ndoubts = 30";

#[test]
fn messages_in_pinyin_are_asked_of_a_model_of_their_own() {
    let [with, without] = [IN_PINYIN.to_owned(), IN_PINYIN.replace("pinyin = \"pinyin.model\"\n", "")];
    let [with, without] = [with, without].map(|rules| of(&rules, false).unwrap());
    let none = Lessons::default();
    let scores = |rules: &Ruleset, text: &str| {
        let hits = find(rules, text, &none).into_iter().filter(|hit| hit.scored.is_some());
        hits.map(|hit| (hit.span, hit.disguise.map(|disguise| disguise.views.in_chat()))).collect::<Vec<_>>()
    };
    for (ad, disguise) in [
        ("jianzhirijie，jiawoweixin", None),
        ("jian zhi ri jie，jia wo wei xin", None),
        ("Jiān zhí rì jié！jiā wǒ wēi xìn", None),
        ("碱值曰劫，枷沃崴芯", Some("同音".to_owned())),
    ] {
        let whole = Span { start: 0, end: ad.chars().count() as u32 };
        assert_eq!(scores(&with, ad), [(whole, disguise)], "{ad}");
    }
    let talk = "jin tian ji dian kai hui，wan shang chi fan ma";
    assert_eq!(scores(&with, talk), []);
    assert_eq!(words(&without, talk, &none), ["kai hui"]);
    assert!(words(&with, talk, &none).is_empty(), "it looks innocent to that model");
}

#[test]
fn what_people_say_of_a_message_by_its_sounds_moves_what_it_was_asked_of() {
    let rules = of(IN_PINYIN, false).unwrap();
    let ad = "碱值曰劫，枷沃崴芯";
    let (mut lessons, mut scratch) = (Lessons::default(), Scratch::default());
    let model = find(&rules, ad, &lessons)[0].scored.as_ref().unwrap().model;
    for subject in 0..5 {
        let learned = Learned { lessons: Some(&lessons), group: Some(GroupKey(1)) };
        let taught = rules.taught(ad, learned, &mut scratch).unwrap();
        assert!(subject > 0 || taught.found == Some((model, 1)), "{:?}", taught.found);
        lessons.learn(Lesson::new(subject, GroupKey(1), false, &taught));
    }
    assert_eq!(find(&rules, ad, &lessons), []);
}

#[test]
fn nothing_in_han_is_hidden_by_pinyin_beside_it_nor_sounds_by_sentences_around_them() {
    let doubting = of(&IN_PINYIN.replace("开会", "兼职"), true).unwrap();
    let none = Lessons::default();
    for padding in ["hahahahahaha", "ming tian ji dian kai hui ya，wan shang chi fan ma", "wuwuwu hehehe can you"] {
        let padded = format!("{AD} {padding}");
        let hits = find(&doubting, &padded, &none);
        assert!(hits.iter().any(|hit| hit.word.is_some()), "{padded}: {hits:?}");
        let scored = hits.iter().find(|hit| hit.scored.is_some()).unwrap_or_else(|| panic!("{padded}: {hits:?}"));
        assert!(scored.span.start == 0 && scored.span.end >= 10, "{scored:?}");
    }
    let (talk, ad) = ("今天几点开会呀，晚上吃饭吗，明天几点开会呀。", "碱值曰劫，枷沃崴芯");
    let hits = find(&of(&format!("{IN_PINYIN}\nfalse_alarms = 40"), false).unwrap(), &format!("{talk}{ad}"), &none);
    let [hit] = &hits.iter().filter(|hit| hit.scored.is_some()).collect::<Vec<_>>()[..] else { panic!("{hits:?}") };
    let first = talk.chars().count() as u32;
    assert_eq!((hit.span.start, hit.span.end), (first, first + ad.chars().count() as u32));
    assert!(hit.scored.as_ref().unwrap().pieces.iter().all(|piece| ad.contains(&piece.text)), "{hit:?}");
}
