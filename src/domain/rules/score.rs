//! `score`: how much a text is like those that people took for violations ([`crate::domain::score`]). A model says so, and
//! what was decided since; by itself it only asks a person, unless it was right often enough in the group.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::pieces::read_together;
use super::{Build, Doubtful, Draft, Found, Hit, Learned, Learnt, Look, Rule};
use crate::domain::case::Span;
use crate::domain::disguise::{Disguise, View, cost_each};
use crate::domain::score::{
    BANDS, Features, Lessons, Model, Rewritten, Scored, Taught, at_least, in_han, in_pinyin, is_pinyin, millionths,
};
use crate::domain::text::{Class, Text, class_of, half_width};

/// The keys of a `score` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Score {
    /// The model, as a path relative to the file.
    model: Spanned<String>,
    /// Another model, for messages in pinyin.
    pinyin: Option<Spanned<String>>,
    /// Of ten thousand ordinary messages it may tell so many falsely, by the model's own measuring.
    false_alarms: Option<Spanned<i64>>,
    /// Shorter texts are not looked at, in characters of the fold.
    min_characters: Option<Spanned<i64>>,
    /// What doubtful rules find counts only in texts that are a violation with at least this probability, in percent.
    doubts: Option<Spanned<i64>>,
    /// Whether decided cases move the score.
    #[serde(default = "yes")]
    learn: bool,
    /// When what it finds is a violation.
    strict: Option<Strict>,
    /// For how many seconds short messages of one member are read together.
    pieces: Option<Spanned<i64>>,
}

fn yes() -> bool {
    true
}

/// How often it must have been right in a group, for what it finds there to be a violation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Strict {
    /// At least so many percent, at a confidence of 95 %.
    precision: Spanned<i64>,
    /// Of at least so many decided cases.
    decisions: Spanned<i64>,
}

/// [`Score::false_alarms`] where it is not given.
const FALSE_ALARMS: u32 = 10;
/// [`Score::min_characters`] where it is not given.
const MIN_CHARACTERS: u32 = 6;
/// A text in which there is more than one sign for so many letters is read without signs as well …
const MANY_SIGNS: usize = 4;
/// … and so is one that has one of these between two characters of Han, where nobody puts them.
const ODD_SIGNS: &str = "&_+=^|\\#*@-—.'`$%";
/// What a sentence of several says is told where so many times fewer are told falsely: there are more of them.
const ALONE: u32 = 4;
/// So many times less probable it must be that what was disguised is meant: at 50 a twelfth of what was flagged in ordinary talk is
/// gone, and of violations in any disguise no more than one in 200 is lost.
const BY_CHANCE: f64 = 50.0;
/// A text whose characters of Han cost so much, one with the other ([`cost_each`]), is also read by its sounds.
const ODD: u32 = 62;
/// How it is written then ([`in_pinyin`]).
const IN_A_ROW: usize = 1;
/// No more pieces of a text are told.
const PIECES: usize = 5;

impl Draft for Score {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let most =
            |key: &'static str, number: &Option<Spanned<i64>>, range, default, build: &mut Build<'_>| match number {
                Some(number) => build.number(number, key, range),
                None => Some(default),
            };
        let false_alarms = most("false_alarms", &self.false_alarms, 1..=200, FALSE_ALARMS, build);
        let shortest = most("min_characters", &self.min_characters, 1..=1000, MIN_CHARACTERS, build);
        let doubts = self.doubts.as_ref().and_then(|doubts| build.number(doubts, "doubts", 1..=50));
        let strict = self.strict.as_ref().map(|strict| {
            let precision = build.number(&strict.precision, "precision", 50..=99);
            Some((precision?, build.number(&strict.decisions, "decisions", 5..=1000)?))
        });
        let together = read_together(self.pieces.as_ref(), build);
        let usual = read_model(&self.model, false, false_alarms, build);
        let pinyin = self.pinyin.as_ref().map(|path| read_model(path, true, false_alarms, build));
        if build.errors() > before {
            return None;
        }
        let (usual, pinyin, strict) = (usual?, pinyin.flatten(), strict.flatten());
        let (shortest, together) = (shortest?, together?);
        Some(Box::new(Scores { usual, pinyin, shortest, doubts, learn: self.learn, strict, together }))
    }
}

/// Reads a model for texts in pinyin, or for others, and draws its lines.
fn read_model(path: &Spanned<String>, pinyin: bool, false_alarms: Option<u32>, build: &mut Build<'_>) -> Option<Drawn> {
    let (at, path) = (path.span(), path.get_ref());
    let read = (build.read)(path).and_then(|source| Model::read(&source.text));
    let read = read.and_then(|model| match (pinyin, model.about().pinyin) {
        (true, false) => Err("it was not made for messages in pinyin".to_owned()),
        (false, true) => Err("it was made for messages in pinyin alone".to_owned()),
        _ => Ok(model),
    });
    let model = read.map_err(|why| {
        let help = match pinyin {
            true => "`qunwei train --pinyin` makes such a model; its path begins in the folder of this file",
            false => "`qunwei train` makes a model; its path begins in the folder of this file",
        };
        let fault = build.source.fault(at.clone(), format!("the model `{path}` cannot be used: {why}"));
        build.faults.push(fault.help(help));
    });
    let (model, false_alarms) = (model.ok()?, false_alarms?);
    let Some(line) = model.line(false_alarms) else {
        let message = format!("the model `{path}` draws no line at {false_alarms} in ten thousand");
        build.faults.push(build.source.fault(at, message).help("make one by `qunwei train`"));
        return None;
    };
    let line_alone = model.line((false_alarms / ALONE).max(1)).unwrap_or(line);
    Some(Drawn { model, line, line_alone })
}

/// Where a sentence ends. Who sets no signs leaves a space.
fn ends_sentence(c: char) -> bool {
    c.is_whitespace() || "。！？!?；;…".contains(c)
}

/// Whether nothing but some of [`ODD_SIGNS`] parts two characters of Han.
fn is_parted(text: &str) -> bool {
    let is_han = |c: char| ('\u{4E00}'..='\u{9FFF}').contains(&c);
    let (mut before, mut odd) = (false, false);
    text.chars().any(|c| {
        let parted = odd && is_han(c);
        odd = (before || odd) && ODD_SIGNS.contains(half_width(c));
        before = is_han(c);
        parted
    })
}

/// A text without what its fold drops, but with its spaces.
fn without_signs(text: &str) -> String {
    text.chars().filter(|c| c.is_whitespace() || matches!(class_of(*c), Class::Kept(_) | Class::Many(_))).collect()
}

/// A model, and where a rule draws the line.
struct Drawn {
    model: Model,
    /// The logarithm of the odds from which on a text is a hit.
    line: f32,
    /// The same of a sentence alone.
    line_alone: f32,
}

struct Scores {
    usual: Drawn,
    /// For texts in pinyin.
    pinyin: Option<Drawn>,
    shortest: u32,
    /// Below which probability it doubts, in percent.
    doubts: Option<u32>,
    learn: bool,
    /// Percent, and decided cases.
    strict: Option<(u32, u32)>,
    /// How long short messages are read together.
    together: Duration,
}

impl Rule for Scores {
    fn looks(&self) -> &'static [Look] {
        &[Look::Learned]
    }

    fn pieces(&self) -> Duration {
        self.together
    }

    fn by_learning(&self, text: &Text, features: &mut Features, learned: Learned<'_>, found: &mut Found<'_>) {
        if let Some(read) = self.read(text, false, features, learned).filter(Read::is_told) {
            return self.tell(&read, (text, text, 0), (features, learned), found);
        }
        // An offer among small talk: each sentence is looked at by itself too, more strictly.
        let (mut part, mut at) = (Text::default(), 0);
        for sentence in text.original.split_inclusive(ends_sentence) {
            let first = at;
            at += sentence.chars().count() as u32;
            if sentence.len() == text.original.len() || sentence.len() < self.shortest as usize {
                continue;
            }
            part.set(sentence);
            if let Some(read) = self.read(&part, true, features, learned).filter(Read::is_told) {
                return self.tell(&read, (&part, text, first), (features, learned), found);
            }
        }
    }

    fn doubts(&self, text: &Text, of: Doubtful, features: &mut Features, learned: Learned<'_>) -> Option<bool> {
        let least = f64::from(self.doubts?) * 10_000.0;
        let by = self.pinyin.as_ref().filter(|_| of.pinyin).unwrap_or(&self.usual);
        // In pinyin any syllables may be a word's.
        let by_chance = of.disguised && !by.model.about().pinyin;
        let least = if by_chance { least / BY_CHANCE } else { least };
        let odds = match of.short {
            true => Some(self.odds_of(by, text, features, learned)),
            false => self.odds(by, text, features, learned),
        };
        Some(odds.is_some_and(|odds| f64::from(millionths(odds)) < least))
    }

    fn taught(&self, text: &Text, features: &mut Features, learned: Learned<'_>) -> Option<Taught> {
        let read = self.read(text, false, features, learned).filter(|_| self.learn)?;
        let found = read.is_told().then(|| (read.by.model.id(), read.by.band(read.odds) as u8));
        let asked = read.instead.as_ref().map_or(text, |instead| &instead.text);
        Some(Taught { odds: read.odds, features: features.all(asked), found })
    }

    fn limit(&self) -> Option<String> {
        let least = f64::from(millionths(self.usual.line)) / 1e6;
        let learns = if self.learn { ", learning" } else { "" };
        Some(format!("{least:.3} in {} characters or more{learns}", self.shortest))
    }

    fn learnt(&self, learned: Learned<'_>) -> Option<Learnt> {
        let (lessons, group) = (self.lessons(learned)?, learned.group?);
        let records = self.drawn().map(|by| lessons.record(group, by.model.id()).up_to(BANDS - 1));
        let record = records.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        let strict = self.drawn().any(|by| self.is_strict(by, learned, 0));
        Some(Learnt { lessons: lessons.count(), record, strict })
    }
}

impl Drawn {
    /// How many of the model's lines, the strictest first, a text does not reach.
    fn band(&self, odds: f32) -> usize {
        self.model.about().lines.iter().take_while(|line| odds < line.odds).count().min(BANDS - 1)
    }
}

/// What a model said of a text.
struct Read<'a> {
    by: &'a Drawn,
    odds: f32,
    /// From which odds on it is told.
    line: f32,
    /// What the model was asked instead of the text.
    instead: Option<Instead>,
}

impl Read<'_> {
    fn is_told(&self) -> bool {
        self.odds >= self.line
    }
}

/// A text that is asked about instead of another one.
struct Instead {
    text: Text,
    written: Rewritten,
    /// How the other one is written.
    view: Option<View>,
}

impl Scores {
    /// Asks for a text as it stands. Where that says nothing: beside pinyin for what is in Han, and where nobody writes so for its sounds.
    /// `alone`: it is a sentence of a message.
    fn read(&self, text: &Text, alone: bool, features: &mut Features, learned: Learned<'_>) -> Option<Read<'_>> {
        let line = |by: &Drawn| if alone { by.line_alone } else { by.line };
        let by = self.by(text);
        let odds = self.odds(by, text, features, learned)?;
        let usual = Read { by, odds, line: line(by), instead: None };
        let Some(pinyin) = self.pinyin.as_ref().filter(|_| !usual.is_told()) else { return Some(usual) };
        let shortest = self.shortest as usize;
        let (by, written, view) = if usual.by.model.about().pinyin {
            (&self.usual, in_han(&text.original, shortest), None)
        } else if cost_each(&text.folded.text, shortest) >= ODD {
            (pinyin, in_pinyin(&text.original, IN_A_ROW), Some(View::Sound))
        } else {
            return Some(usual);
        };
        let Some(written) = written else { return Some(usual) };
        let mut instead = Instead { text: Text::default(), written, view };
        instead.text.set(&instead.written.text);
        let odds = self.odds_of(by, &instead.text, features, learned);
        let read = Read { by, odds, line: line(by), instead: Some(instead) };
        Some(if read.is_told() { read } else { usual })
    }

    /// The models.
    fn drawn(&self) -> impl Iterator<Item = &Drawn> {
        std::iter::once(&self.usual).chain(&self.pinyin)
    }

    /// What a text is asked of.
    fn by(&self, text: &Text) -> &Drawn {
        self.pinyin.as_ref().filter(|_| is_pinyin(&text.folded.text)).unwrap_or(&self.usual)
    }

    /// Tells of a text that begins at a code point of the original.
    fn tell(
        &self,
        read: &Read<'_>,
        (text, original, first): (&Text, &Text, u32),
        (features, learned): (&mut Features, Learned<'_>),
        found: &mut Found<'_>,
    ) {
        let Read { by, odds, instead, .. } = read;
        let asked = instead.as_ref().map_or(text, |instead| &instead.text);
        let place = |span: Span| {
            let Span { start, end } = instead.as_ref().map_or(span, |instead| instead.written.in_original(span));
            Span { start: start + first, end: end + first }
        };
        let lessons = self.lessons(learned);
        let (category, mut pieces) = match lessons {
            Some(lessons) => by.model.why(asked, features, lessons, PIECES),
            None => by.model.why(asked, features, &(), PIECES),
        };
        for piece in &mut pieces {
            let span = place(Span { start: piece.start, end: piece.end });
            (piece.start, piece.end) = (span.start, span.end);
            piece.text = original.slice(span).to_owned();
        }
        let band = by.band(*odds);
        let strict = self.is_strict(by, learned, band);
        let (model, band) = (by.model.id(), band as u8);
        let category = category.to_owned();
        let scored = Scored { score: millionths(*odds), model, category, band, strict, pieces };
        let span = place(asked.whole());
        let scored = Some(Arc::new(scored));
        let view = instead.as_ref().and_then(|instead| instead.view);
        let disguise = view.map(|view| Disguise::also(None, view, false));
        found.hits.push(Hit { rule: found.rule, span, word: None, part: None, matched: None, disguise, scored });
    }

    /// What was decided, where that counts.
    fn lessons<'a>(&self, learned: Learned<'a>) -> Option<&'a Lessons> {
        learned.lessons.filter(|_| self.learn)
    }

    /// The logarithm of the odds of a text; `None` when it is too short.
    fn odds(&self, by: &Drawn, text: &Text, features: &mut Features, learned: Learned<'_>) -> Option<f32> {
        let shortest = self.shortest as usize;
        if text.folded.text.len() < shortest {
            return None;
        }
        let kept = text.folded.kept();
        if kept < shortest {
            return None;
        }
        let odds = self.odds_of(by, text, features, learned);
        // Signs between the characters are no part of how anybody writes; what is read without them is what was meant.
        let few = (text.folded.original_length() as usize) < kept + kept / MANY_SIGNS;
        if few && (text.folded.gaps().is_empty() || !is_parted(&text.original)) {
            return Some(odds);
        }
        let mut bare = Text::default();
        let mut read = |as_written: &str| {
            bare.set(as_written);
            self.odds_of(by, &bare, features, learned)
        };
        let odds = odds.max(read(&text.folded.text));
        // Where signs are put in, what is a space may be one.
        let spaced = text.original.contains(char::is_whitespace).then(|| without_signs(&text.original));
        Some(spaced.map_or(odds, |spaced| odds.max(read(&spaced))))
    }

    fn odds_of(&self, by: &Drawn, text: &Text, features: &mut Features, learned: Learned<'_>) -> f32 {
        match self.lessons(learned) {
            Some(lessons) => by.model.odds(text, features, lessons),
            None => by.model.odds(text, features, &()),
        }
    }

    /// Whether the score was right often enough in this group, among what it was at least as sure of.
    fn is_strict(&self, by: &Drawn, learned: Learned<'_>, band: usize) -> bool {
        let (Some((precision, decisions)), Some(lessons), Some(group)) =
            (self.strict, self.lessons(learned), learned.group)
        else {
            return false;
        };
        let record = lessons.record(group, by.model.id());
        // As long as it was right in all it was at least so sure of, it may be less sure.
        (band..BANDS).any(|band| {
            let (right, wrong) = record.up_to(band);
            right + wrong >= decisions && at_least(right, wrong) * 100.0 >= f64::from(precision)
        })
    }
}
