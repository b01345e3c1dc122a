//! Our own generator of disguises: what people do to a word so that a machine does not find it and a reader still does.
//! For measuring only; nothing of the daemon uses it.
//!
//! It is written apart from the matcher: `tables` says what the two share. The same seed makes the same disguises.

mod letters;
mod random;
mod tables;

#[cfg(test)]
mod tests;

use random::Random;
use serde::{Deserialize, Serialize};
use tables::{TABLES, sound};

use crate::domain::case::Span;

/// A way to disguise words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "`about` says it")]
pub enum Class {
    Width,
    Case,
    Traditional,
    Spaces,
    Punctuation,
    Newlines,
    Invisible,
    Combining,
    Styles,
    Repeated,
    EmojiBetween,
    Split,
    Pinyin,
    Homophones,
    Initials,
    Reversed,
    LatinAlike,
    Emoji,
    Swapped,
    Alike,
    Mixed,
    PinyinThroughout,
    HomophonesThroughout,
}

/// How much of each word is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// A third of its characters, at least one.
    Light,
    /// Two thirds.
    Medium,
    /// All that can be.
    Heavy,
}

impl Strength {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Light, Self::Medium, Self::Heavy];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Medium => "medium",
            Self::Heavy => "heavy",
        }
    }

    /// How many of `all`.
    fn of(self, all: usize) -> usize {
        let thirds = match self {
            Self::Light => 1,
            Self::Medium => 2,
            Self::Heavy => 3,
        };
        ((all * thirds + 1) / 3).max(1)
    }
}

/// Every class: its name on the command line, what it does, and the share of what was caught plain that is to be caught still.
const CLASSES: [(Class, &str, &str, f64); 23] = [
    (Class::Width, "width", "letters and digits of full width", 0.995),
    (Class::Case, "case", "the other case", 0.995),
    (Class::Traditional, "traditional", "traditional characters", 0.995),
    (Class::Spaces, "spaces", "spaces of several widths in between", 0.995),
    (Class::Punctuation, "punctuation", "signs in between", 0.995),
    (Class::Newlines, "newlines", "line ends in between", 0.995),
    (Class::Invisible, "invisible", "invisible characters in between", 0.995),
    (Class::Combining, "combining", "combining marks over the characters", 0.995),
    (Class::Styles, "styles", "letters and digits in other styles", 0.995),
    (Class::Repeated, "repeated", "characters written twice or three times", 0.995),
    (Class::EmojiBetween, "emoji_between", "emoji in between", 0.995),
    (Class::Split, "split", "characters in their parts", 0.95),
    (Class::Pinyin, "pinyin", "syllables in letters", 0.95),
    (Class::Homophones, "homophones", "characters of the same sound", 0.92),
    (Class::Initials, "initials", "first letters of the sounds", 0.90),
    (Class::Reversed, "reversed", "from last to first", 0.90),
    (Class::LatinAlike, "latin_alike", "letters of other scripts", 0.90),
    (Class::Emoji, "emoji", "pictures in place of characters", 0.88),
    (Class::Swapped, "swapped", "neighbours have changed places", 0.88),
    (Class::Alike, "alike", "characters that look alike", 0.80),
    (Class::Mixed, "mixed", "two of these in one word", 0.88),
    (Class::PinyinThroughout, "pinyin_throughout", "syllables in letters, in the whole message", 0.95),
    (Class::HomophonesThroughout, "homophones_throughout", "characters of the same sound, in the whole message", 0.92),
];

/// What `Class::Mixed` takes first: each changes a character by itself …
const MIXED: [Class; 5] = [Class::Homophones, Class::Pinyin, Class::Split, Class::Emoji, Class::Alike];
/// … and then another of these, or one of those: some change characters too, some put something between.
const MIXED_WITH: [Class; 6] =
    [Class::Traditional, Class::Styles, Class::Spaces, Class::Punctuation, Class::Invisible, Class::EmojiBetween];

const SPACES: &[&str] = &[" ", "  ", "\u{3000}", "\u{A0}", "\u{2009}"];
const SIGNS: &[&str] = &["*", "-", "_", ".", "/", "|", "~", "·", "+", "=", "^", "#", "、", "，", "。", "—", "&", "'"];
const LINE_ENDS: &[&str] = &["\n", "\r\n", "\n\n"];
const INVISIBLE: &[&str] =
    &["\u{200B}", "\u{200C}", "\u{200D}", "\u{2060}", "\u{FEFF}", "\u{AD}", "\u{200E}", "\u{FE0F}"];
const MARKS: &[&str] = &["\u{301}", "\u{308}", "\u{336}", "\u{338}", "\u{20DD}", "\u{353}", "\u{327}\u{302}"];
const FACES: &[&str] = &["😀", "😂", "👍", "🙏", "🎉", "💥", "✨", "😎", "🤝", "💪", "👌", "😘"];

impl Class {
    /// All there are.
    pub fn all() -> impl Iterator<Item = Self> {
        CLASSES.iter().map(|(class, ..)| *class)
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What it does, in a few words.
    pub fn about(self) -> &'static str {
        self.row().2
    }

    /// Of what was caught plain, the share that the matcher is to catch still.
    pub fn target(self) -> f64 {
        self.row().3
    }

    /// The same class of words alone, if it disguises whole messages.
    fn of_words(self) -> Option<Self> {
        match self {
            Self::PinyinThroughout => Some(Self::Pinyin),
            Self::HomophonesThroughout => Some(Self::Homophones),
            _ => None,
        }
    }

    fn row(self) -> &'static (Self, &'static str, &'static str, f64) {
        let row = CLASSES.iter().find(|(class, ..)| *class == self);
        row.unwrap_or(&CLASSES[0]) // a test looks whether each has a row
    }
}

/// What is to be disguised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// Where, in code points of the text.
    pub span: Span,
    /// It is a word and no more. What was found by a pattern holds other things, such as an account, which nobody writes from
    /// last to first: its order stays as it is.
    pub word: bool,
}

/// A text in which all of this is disguised; `None` when some of it cannot be: what has no letter has no other case.
pub fn disguise(text: &str, targets: &[Target], class: Class, strength: Strength, seed: u64) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut random = Random::of(seed, &[text, class.name(), strength.name()]);
    let mut out = String::with_capacity(text.len() * 2);
    let mut at = 0;
    let whole = [Target { span: Span { start: 0, end: chars.len() as u32 }, word: true }];
    let (class, targets) = class.of_words().map_or((class, targets), |class| (class, &whole[..]));
    for Target { span, word: is_word } in apart(targets) {
        if !is_word && matches!(class, Class::Reversed | Class::Swapped | Class::Initials) {
            return None;
        }
        let (start, end) = (span.start as usize, span.end as usize);
        out.extend(chars.get(at..start)?);
        out.push_str(&word(chars.get(start..end)?, class, strength, &mut random)?);
        at = end;
    }
    out.extend(chars.get(at..)?);
    (out != text).then_some(out)
}

/// Targets that overlap, as one.
fn apart(targets: &[Target]) -> Vec<Target> {
    let mut sorted = targets.to_vec();
    sorted.sort_unstable();
    let mut apart: Vec<Target> = Vec::with_capacity(sorted.len());
    for target in sorted {
        let span = target.span;
        match apart.last_mut().filter(|last| span.start < last.span.end) {
            Some(last) => {
                let both = Span { start: last.span.start, end: last.span.end.max(span.end) };
                // a word inside another is that word
                last.word &= target.word || last.span == both;
                last.span = both;
            }
            None => apart.push(target),
        }
    }
    apart
}

fn word(word: &[char], class: Class, strength: Strength, random: &mut Random) -> Option<String> {
    match class {
        Class::Reversed => reversed(word),
        Class::Swapped => swapped(word, strength, random),
        Class::Initials => initials(word, strength, random),
        Class::Mixed => mixed(word, strength, random),
        class => match what_between(class) {
            Some(what) => between(&apart_chars(word), what, strength, random),
            None => changed(word, &[class], strength, random).map(|pieces| pieces.concat()),
        },
    }
}

/// What a class puts between characters, if that is what it does.
fn what_between(class: Class) -> Option<&'static [&'static str]> {
    match class {
        Class::Spaces => Some(SPACES),
        Class::Punctuation => Some(SIGNS),
        Class::Newlines => Some(LINE_ENDS),
        Class::Invisible => Some(INVISIBLE),
        Class::EmojiBetween => Some(FACES),
        _ => None,
    }
}

fn apart_chars(word: &[char]) -> Vec<String> {
    word.iter().map(char::to_string).collect()
}

/// Something in some of the places between pieces.
fn between(pieces: &[String], what: &[&str], strength: Strength, random: &mut Random) -> Option<String> {
    let places: Vec<usize> = (1..pieces.len()).collect();
    if places.is_empty() {
        return None;
    }
    let chosen = random.some(strength.of(places.len()), &places);
    let mut out = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        if chosen.binary_search(&at).is_ok() {
            out.push_str(random.one(what)?);
        }
        out.push_str(piece);
    }
    Some(out)
}

/// Some of the characters, each in one of these ways in turn: what is written for each.
fn changed(word: &[char], ways: &[Class], strength: Strength, random: &mut Random) -> Option<Vec<String>> {
    let able = |at: usize, way: Class| word.get(at).is_some_and(|c| can(*c, way));
    let possible: Vec<usize> = (0..word.len()).filter(|at| ways.iter().any(|way| able(*at, *way))).collect();
    if possible.is_empty() {
        return None;
    }
    let chosen = random.some(strength.of(word.len()).max(ways.len()), &possible);
    let spaced = random.below(2) == 0; // syllables in letters: wei xin, or weixin
    let mut pieces: Vec<String> = Vec::with_capacity(word.len());
    let mut turn = 0;
    for (at, c) in word.iter().enumerate() {
        let way = (turn..turn + ways.len()).filter_map(|no| ways.get(no % ways.len())).find(|way| able(at, **way));
        let Some(way) = way.filter(|_| chosen.binary_search(&at).is_ok()) else {
            pieces.push(c.to_string());
            continue;
        };
        turn += 1;
        let spelled = |piece: &String| piece.ends_with(|c: char| c.is_ascii_alphabetic());
        let space = if spaced && *way == Class::Pinyin && pieces.last().is_some_and(spelled) { " " } else { "" };
        pieces.push(format!("{space}{}", one(*c, *way, random)?));
    }
    Some(pieces)
}

/// Two ways in one word.
fn mixed(word: &[char], strength: Strength, random: &mut Random) -> Option<String> {
    let places = |class: Class| (0..word.len()).filter(move |at| word.get(*at).is_some_and(|c| can(*c, class)));
    // each of two that change characters needs one of its own
    let fits = |(first, other): &(Class, Class)| match what_between(*other) {
        Some(_) => word.len() > 1 && places(*first).next().is_some(),
        None => places(*first).any(|at| places(*other).any(|elsewhere| elsewhere != at)),
    };
    let others = |first: Class| MIXED.into_iter().chain(MIXED_WITH).filter(move |other| *other != first);
    let pairs = MIXED.into_iter().flat_map(|first| others(first).map(move |other| (first, other)));
    let pairs: Vec<(Class, Class)> = pairs.filter(fits).collect();
    let (first, other) = *random.one(&pairs)?;
    match what_between(other) {
        Some(what) => between(&changed(word, &[first], strength, random)?, what, strength, random),
        None => changed(word, &[first, other], strength, random).map(|pieces| pieces.concat()),
    }
}

/// Whether a character can be written so.
fn can(c: char, class: Class) -> bool {
    one(c, class, &mut Random::of(0, &[])).is_some()
}

/// One character in another way of writing.
fn one(c: char, class: Class, random: &mut Random) -> Option<String> {
    let of = |choice: &[String], random: &mut Random| random.one(choice).cloned();
    match class {
        Class::Width => letters::wide(c),
        Class::Case => letters::other_case(c),
        Class::Styles => letters::styled(c, random),
        Class::LatinAlike => letters::alike(c, random),
        Class::Traditional => of(TABLES.traditional.get(&c)?, random),
        Class::Split => of(TABLES.splits.get(&c)?, random),
        Class::Alike => of(TABLES.shapes.get(&c)?, random),
        Class::Emoji => of(TABLES.pictures(c), random),
        Class::Homophones => of(&TABLES.homophones(c), random),
        Class::Pinyin => sound(c).map(|sound| sound.replace('ü', "v")),
        Class::Combining => c.is_alphanumeric().then(|| random.one(MARKS).map(|mark| format!("{c}{mark}"))).flatten(),
        Class::Repeated => c.is_alphanumeric().then(|| std::iter::repeat_n(c, 2 + random.below(2)).collect()),
        Class::Initials => sound(c)?.chars().next().map(String::from),
        Class::Spaces
        | Class::Punctuation
        | Class::Newlines
        | Class::Invisible
        | Class::EmojiBetween
        | Class::Reversed
        | Class::Swapped
        | Class::Mixed
        | Class::PinyinThroughout
        | Class::HomophonesThroughout => None,
    }
}

/// First letters from the beginning or from the end on.
fn initials(word: &[char], strength: Strength, random: &mut Random) -> Option<String> {
    let count = strength.of(word.len()).min(word.len());
    let from = if random.below(2) == 0 { 0 } else { word.len() - count };
    let chosen = from..from + count;
    if !word.get(chosen.clone())?.iter().any(|c| sound(*c).is_some()) {
        return None;
    }
    let written = |(at, c): (usize, &char)| {
        let first = sound(*c).and_then(|sound| sound.chars().next());
        first.filter(|_| chosen.contains(&at)).unwrap_or(*c)
    };
    Some(word.iter().enumerate().map(written).collect())
}

fn reversed(word: &[char]) -> Option<String> {
    let reversed: Vec<char> = word.iter().rev().copied().collect();
    (reversed != word).then(|| reversed.into_iter().collect())
}

/// Pairs of neighbours that are not the same, each character in one pair at most.
fn swapped(word: &[char], strength: Strength, random: &mut Random) -> Option<String> {
    let differ = |at: &usize| word.get(at - 1) != word.get(*at);
    let mut places: Vec<usize> = (1..word.len()).filter(differ).collect();
    let mut left = strength.of(word.len() / 2);
    if places.is_empty() {
        return None;
    }
    let mut word = word.to_vec();
    while left > 0 && !places.is_empty() {
        let at = *random.one(&places)?;
        word.swap(at - 1, at);
        places.retain(|other| other.abs_diff(at) > 1);
        left -= 1;
    }
    Some(word.into_iter().collect())
}
