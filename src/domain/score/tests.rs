//! Features of texts, models and their files, lessons; what holds for any text.

use proptest::prelude::*;

use super::*;
use crate::domain::case::Span;
use crate::domain::ids::GroupKey;
use crate::domain::text::Text;

const GROUP: GroupKey = GroupKey(1);

fn text(original: &str) -> Text {
    let mut text = Text::default();
    text.set(original);
    text
}

fn features(original: &str) -> Vec<u32> {
    Features::default().all(&text(original)).into()
}

/// What share of the features of one text another has.
fn shared(of: &str, by: &str) -> f64 {
    let (of, by) = (features(of), features(by));
    of.iter().filter(|feature| by.contains(feature)).count() as f64 / of.len() as f64
}

fn row(original: &str, bad: bool) -> Row {
    Row { features: features(original).into(), category: bad.then_some(0), weight: 1.0 }
}

/// A model that knows advertisements for part-time jobs.
fn model() -> Model {
    let how = How { bits: 14, ..How::USUAL };
    let mut learner = Learner::new(how, 1);
    let bad = ["兼职日结，加我微信", "手机兼职一天三百，私聊我", "招兼职，日结，私聊", "兼职刷单，加微信"];
    let good = ["今天天气真好", "明天几点开会", "孩子作业写完了", "晚上一起吃饭", "快递放门口了", "周末去爬山"];
    let rows: Vec<Row> = bad.iter().map(|one| row(one, true)).chain(good.iter().map(|one| row(one, false))).collect();
    learner.learn(&rows);
    let (weights, bias) = learner.into_parts();
    let categories = vec!["ads".to_owned()];
    let lines = Vec::new();
    let pinyin = false;
    let about =
        About { features: VERSION, bits: 14, pinyin, unit: 0.0, categories, bias, texts: 10, violations: 4, lines };
    let mut model = Model::new(about, &weights);
    model.draw(vec![Line { false_alarms: 10, odds: 0.5, recall: 100.0 }]);
    model
}

fn odds(model: &Model, original: &str, besides: &impl Besides) -> f32 {
    model.odds(&text(original), &mut Features::default(), besides)
}

#[test]
fn a_text_in_disguise_shares_what_it_is_made_of() {
    let plain = "兼职日结加我微信";
    assert!(shared(plain, "兼 职 日 结 加 我 微 信") > 0.8, "pulled apart");
    assert!(shared(plain, "兼\u{200B}职日\u{200B}结加我微\u{200B}信") > 0.95, "invisible signs");
    assert!(shared(plain, "兼職日結加我微信") > 0.95, "traditional");
    assert!(shared("兼职加vx日结", "兼职加ＶＸ日结") > 0.95, "width and case");
    assert!(shared(plain, "坚直日杰加沃威芯") > 0.3, "by sound");
    assert!(shared(plain, "jianzhi日结jia我weixin") > 0.3, "in pinyin");
    assert!(shared(plain, "明天几点开会要带什么") < 0.1, "another text");
    let (a, b) = (features("订单 12345678"), features("订单 87654321"));
    assert!(a != b && a.iter().filter(|one| b.contains(one)).count() > 5, "numbers are alike and not the same");
}

#[test]
fn a_model_learns_and_says_why() {
    let model = model();
    let (ad, talk) = ("招手机兼职，日结", "明天去吃饭");
    assert!(odds(&model, ad, &()) > 1.0 && odds(&model, talk, &()) < 0.0);
    let ad = text(ad);
    let (category, pieces) = model.why(&ad, &mut Features::default(), &(), 3);
    assert_eq!(category, "ads");
    assert!(!pieces.is_empty() && pieces.is_sorted_by(|a, b| a.weight >= b.weight), "{pieces:?}");
    for piece in &pieces {
        assert_eq!(ad.slice(Span { start: piece.start, end: piece.end }), piece.text);
    }
    assert!(pieces.iter().any(|piece| "兼职日结".contains(&*piece.text)), "{pieces:?}");
    assert!(pieces.iter().all(|one| one.text.contains(char::is_alphanumeric)), "{pieces:?}");
}

#[test]
fn the_same_rows_make_the_same_file_and_it_is_read_back() {
    let (model, again) = (model(), model());
    assert_eq!(model.write(), again.write());
    let read = Model::read(&model.write()).unwrap();
    assert_eq!((read.about(), read.id(), read.write()), (model.about(), model.id(), model.write()));
    assert_eq!(odds(&read, "兼职日结", &()).to_bits(), odds(&model, "兼职日结", &()).to_bits());
    assert_eq!((read.line(9), read.line(10), read.line(200)), (None, Some(0.5), Some(0.5)));
}

#[test]
fn what_is_no_model_is_refused_with_a_reason() {
    let good = model().write();
    let reason = |text: &str| Model::read(text).err().unwrap_or_default();
    let other = good.replacen("\"features\":1", "\"features\":7", 1);
    let short: String = good.lines().take(5).map(|line| format!("{line}\n")).collect();
    let rows = [
        (String::new(), "it is no model"),
        ("[[rule]]\n".to_owned(), "it is no model"),
        (good.replacen('{', "", 1), "its second line does not say how it was made"),
        (other, "it was made for features of version 7, this program has 1"),
        (good.replacen("\"bits\":14", "\"bits\":63", 1), "numbers that no model has"),
        (good.replacen("\"odds\":", "\"odds\":1e39,\"was\":", 1), "numbers that no model has"),
        (short, "and should have 16384"),
        (good.replacen("AAAA", "!AAA", 1), "its weights are damaged"),
    ];
    for (text, expected) in rows {
        assert!(reason(&text).contains(expected), "{expected}: {}", reason(&text));
    }
}

#[test]
fn lines_are_drawn_where_few_ordinary_texts_are() {
    let mut measured = Measured::default();
    (0..1000).for_each(|n| measured.add(n as f32 / 1000.0, false));
    (0..100).for_each(|n| measured.add(0.95 + n as f32 / 100.0, true));
    let lines = measured.lines();
    assert_eq!(lines.iter().map(|line| line.false_alarms).collect::<Vec<_>>(), FALSE_ALARMS);
    assert!(lines.is_sorted_by(|a, b| a.odds >= b.odds && a.recall <= b.recall), "{lines:?}");
    for line in lines {
        assert!(measured.false_alarms(line.odds) <= line.false_alarms as f32 / 100.0 + 1e-6, "{line:?}");
    }
    assert!(Measured::default().lines().iter().all(|line| line.odds.is_finite()));
}

fn lesson(
    model: &Model,
    lessons: &Lessons,
    subject: u64,
    original: &str,
    right: bool,
    found: Option<(u32, u8)>,
) -> Lesson {
    let odds = odds(model, original, lessons);
    Lesson::new(subject, GROUP, right, &Taught { odds, features: features(original).into(), found })
}

#[test]
fn decisions_move_the_score_and_the_last_one_holds() {
    let (model, mut lessons) = (model(), Lessons::default());
    let said = "社区招募志愿者，兼职也可以，私聊我";
    let before = odds(&model, said, &lessons);
    let (no, forgotten) = lessons.learn(lesson(&model, &lessons, 7, said, false, Some((1, 0))));
    assert_eq!((no, forgotten, lessons.count()), (1, vec![], 1));
    let after = odds(&model, said, &lessons);
    assert!(after < before - 0.3, "{before} {after}");
    assert!(
        odds(&model, "招募志愿者，社区活动", &lessons) < odds(&model, "招募志愿者，社区活动", &()),
        "what is like it too"
    );
    assert_eq!(lessons.record(GROUP, 1).up_to(0), (0, 1));
    let (no, forgotten) = lessons.learn(lesson(&model, &lessons, 7, said, true, Some((1, 2))));
    assert_eq!((no, forgotten, lessons.count()), (2, vec![1], 1));
    assert!(odds(&model, said, &lessons) > before);
    assert_eq!((lessons.record(GROUP, 1).up_to(1), lessons.record(GROUP, 1).up_to(2)), ((0, 0), (1, 0)));
    assert_eq!(
        (lessons.record(GROUP, 2), lessons.record(GroupKey(2), 1)),
        Default::default(),
        "elsewhere nothing is known"
    );
}

#[test]
fn kept_lessons_mean_the_same_in_any_order() {
    let (model, mut lessons) = (model(), Lessons::default());
    let mut kept = Vec::new();
    for (subject, said) in (0..).zip(["加我微信", "明天开会吗", "日结兼职", "有人拼车吗"]) {
        let one = lesson(&model, &lessons, subject, said, subject % 2 == 0, None);
        let (no, _) = lessons.learn(one.clone());
        kept.push((no, one));
    }
    let mut restored = Lessons::default();
    kept.iter().rev().for_each(|(no, one)| restored.restore(*no, one.clone()));
    for said in ["加我微信", "明天开会吗", "兼职"] {
        assert_eq!(odds(&model, said, &restored).to_bits(), odds(&model, said, &lessons).to_bits());
    }
    assert_eq!(restored.learn(lesson(&model, &lessons, 9, "在吗", false, None)).0, 5, "numbers go on");
}

#[test]
fn lessons_are_bounded_and_the_oldest_leave_no_trace() {
    let mut lessons = Lessons::default();
    let one = |subject: u64| Lesson {
        subject,
        group: GROUP,
        right: true,
        found: Some((1, 0)),
        step: 3,
        features: [subject as u32 * 99_991].into(),
    };
    let mut forgotten = Vec::new();
    (0..10_050).for_each(|subject| forgotten.extend(lessons.learn(one(subject)).1));
    assert_eq!((lessons.count(), forgotten), (10_000, (1..=50).collect()));
    assert_eq!(lessons.record(GROUP, 1).up_to(0), (10_000, 0));
    let mut fresh = Lessons::default();
    (50..10_050).for_each(|subject| drop(fresh.learn(one(subject))));
    assert!((0..=u16::MAX).all(|place| fresh.of(u32::from(place) << 16) == lessons.of(u32::from(place) << 16)));
}

#[test]
fn a_share_is_told_as_low_as_it_may_be() {
    assert_eq!(at_least(0, 0), 0.0);
    assert!((at_least(30, 0) - 0.917).abs() < 0.001, "{}", at_least(30, 0));
    assert!((at_least(95, 5) - 0.901).abs() < 0.002, "{}", at_least(95, 5));
    assert!(at_least(1, 0) < 0.3 && at_least(0, 9) < 1e-9 && at_least(4_000_000_000, 0) > 0.999);
}

#[test]
fn nearly_the_same_is_known() {
    let seen = |text: &str| {
        let mut seen = std::collections::HashSet::new();
        Likeness::of(text).note(&mut seen);
        seen
    };
    let before = seen("诚招线上兼职，日结三百，时间自由，加微信 abc123 了解详情");
    assert!(
        Likeness::of("诚招线上兼职，日结三百，时间自由，加微信 xyz998 了解详情").is_among(&before),
        "another number"
    );
    assert!(Likeness::of("诚招线上兼职啦，日结三百，时间自由，加微信了解详情哦").is_among(&before), "a few words more");
    assert!(!Likeness::of("周末小区停水，请大家提前接水，晚上八点恢复").is_among(&before));
    assert_ne!(Likeness::of("1").template, Likeness::of("2").template);
}

#[test]
fn the_exponential_is_near_enough() {
    for n in -400..400 {
        let odds = n as f32 / 10.0;
        let exact = 1.0 / (1.0 + (-f64::from(odds)).exp());
        assert!((f64::from(probability(odds)) - exact).abs() < 1e-6, "{odds}");
    }
}

proptest! {
    #[test]
    fn every_feature_lies_in_the_text(original in "\\PC{0,60}|[a-z加微信0-9 ，❤\u{200B}]{0,60}") {
        let text = text(&original);
        let length = original.chars().count() as u32;
        Features::default().each(&text, |_, span| assert!(span.start <= span.end && span.end <= length.max(1), "{span:?} of {length}"));
    }

    #[test]
    fn any_text_has_finite_odds_and_pieces_of_itself(original in "\\PC{0,80}") {
        let (model, text) = (model_once(), text(&original));
        prop_assert!(model.odds(&text, &mut Features::default(), &()).is_finite());
        for piece in model.why(&text, &mut Features::default(), &(), 5).1 {
            prop_assert_eq!(text.slice(Span { start: piece.start, end: piece.end }), piece.text);
        }
    }
}

fn model_once() -> &'static Model {
    static MODEL: std::sync::LazyLock<Model> = std::sync::LazyLock::new(model);
    &MODEL
}
