//! What is known of one word: how each of its characters may be written, which patterns it has, and how often ordinary
//! language reads like one of them without meaning it.

use super::chance::{Chance, chance_of_sounds, chance_of_text};
use super::sounds::SOUNDS;
use super::tables::{Stand, TABLES};
use super::variants::{self, Kind, Word, reordered};
use super::{Disguise, DisguiseScratch, Disguises, DisguisesBuilder, Found, LONGEST, View, Views, is_sure};
use crate::domain::case::Span;

/// What is known of a word.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The word, folded.
    pub folded: String,
    /// How each of its characters may be written.
    pub characters: Vec<Written>,
    /// The patterns that are looked for.
    pub patterns: Vec<Explanation>,
    /// What is not looked for, and why.
    pub never: Vec<&'static str>,
}

/// How a character may be written. Each list holds the likeliest only.
#[derive(Clone, Debug)]
pub struct Written {
    /// The character.
    pub c: char,
    /// Its sounds without tones, the usual one first.
    pub sounds: Vec<&'static str>,
    /// Sounds that people take for them.
    pub near: Vec<&'static str>,
    /// Characters that look like it, its parts, symbols and letters that stand for it.
    pub stands: Vec<(View, Vec<String>)>,
}

/// A pattern of a word.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What is looked for, in words.
    pub what: &'static str,
    /// As it is read or written.
    pub written: String,
    /// How often ordinary language reads so.
    pub chance: Chance,
}

/// A text read as a word, whether that is believed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// Where, in code points of the original.
    pub span: Span,
    /// By how much the text would be more usual with the word in its place, in eighths of a natural logarithm.
    pub weight: i32,
    /// How it is written.
    pub disguise: Disguise,
}

/// Below any weight.
const ANY: i32 = -10_000;
/// More ways to write a character are not told.
const MOST: usize = 16;

/// What is known of a word, folded.
pub fn explain(folded: &str) -> Explained {
    let word = Word { chars: folded.chars().collect() };
    let all = alone(folded);
    let mut kinds: Vec<Kind> = all.trie.all().iter().chain(all.orders.patterns()).map(|pattern| pattern.kind).collect();
    kinds.sort_unstable();
    kinds.dedup(); // a word whose characters have several sounds has a pattern for each; they are told as one
    let patterns = kinds.into_iter().map(|kind| told(kind, &word.chars)).collect();
    let characters = word.chars.iter().map(|c| written(*c)).collect();
    Explained { folded: folded.to_owned(), characters, patterns, never: never(&word.chars) }
}

/// Every reading of a text as this folded word, the likeliest first, believed or not; those of the same weight and place once.
pub fn weighed(folded: &str, original: &str) -> Vec<Weighed> {
    let mut all = Vec::new();
    alone(folded).search(original, &mut DisguiseScratch::default(), ANY, |found| {
        let Found { span, weight, disguise, .. } = found;
        all.push(Weighed { span, weight, disguise });
    });
    all.sort_by_key(|one| (std::cmp::Reverse(one.weight), one.span));
    all.dedup();
    all
}

fn alone(folded: &str) -> Disguises {
    let mut builder = DisguisesBuilder::default();
    builder.add(folded);
    builder.build()
}

fn told(kind: Kind, chars: &[char]) -> Explanation {
    let spelled =
        |c: &char| SOUNDS.of(*c).next().map_or_else(|| c.to_string(), |sound| SOUNDS.spelling(sound).to_owned());
    if kind == Kind::Sounds {
        let written = chars.iter().map(spelled).collect::<Vec<_>>().join(" ");
        let what = "by sound, in pinyin, in parts, by what looks like it, by symbols and letters, or several of these";
        return Explanation { what, written, chance: chance_of_sounds(chars) };
    }
    let first = |c: &char| spelled(c).chars().next().unwrap_or(*c);
    let (what, written, views): (_, Vec<char>, &[View]) = match kind {
        Kind::Initials { from, to } => {
            let initials = usize::from(from)..usize::from(to);
            let letters = |(at, c): (usize, &char)| if initials.contains(&at) { first(c) } else { *c };
            ("first letters of the sounds", chars.iter().enumerate().map(letters).collect(), &[View::Initial])
        }
        Kind::Swapped(_) | Kind::AllSwapped(_) => ("neighbours changed places", reordered(kind, chars), &[View::Order]),
        Kind::Reversed | Kind::Sounds => ("from last to first", reordered(Kind::Reversed, chars), &[View::Order]),
    };
    let changed = written.iter().zip(chars).filter(|(now, before)| now != before).count();
    let chance = chance_of_text(&written, views, changed, chars.len());
    Explanation { what, written: written.into_iter().collect(), chance }
}

/// How a character may be written, by the tables.
fn written(c: char) -> Written {
    let sounds: Vec<&str> = SOUNDS.of(c).map(|sound| SOUNDS.spelling(sound)).collect();
    let near = SOUNDS.of(c).flat_map(|sound| SOUNDS.alike(sound)).filter(|other| !sounds.contains(other)).collect();
    let mut stands: Vec<(View, Vec<String>)> = Vec::new();
    let mut add = |view: View, text: String| {
        let known = stands.iter().position(|(other, _)| *other == view);
        let at = known.unwrap_or_else(|| {
            stands.push((view, Vec::new()));
            stands.len() - 1
        });
        if let Some((_, texts)) = stands.get_mut(at).filter(|(_, texts)| texts.len() < MOST) {
            texts.push(text);
        }
    };
    let alone = |stand: &&Stand| *stand.target == [c];
    for (first, known) in TABLES.all() {
        let whole = |stand: &Stand| std::iter::once(first).chain(stand.rest.iter().copied()).collect::<String>();
        if known.shapes.contains(&c) {
            add(View::Shape, first.to_string());
        }
        known.splits.iter().filter(alone).for_each(|stand| add(View::Split, whole(stand)));
        known.symbols.iter().filter(alone).for_each(|stand| add(View::Symbol, whole(stand)));
        known.letters.iter().filter(alone).for_each(|stand| add(View::Letter, whole(stand)));
    }
    Written { c, sounds, near, stands }
}

fn never(chars: &[char]) -> Vec<&'static str> {
    let sounded = chars.iter().any(|c| SOUNDS.of(*c).next().is_some());
    let mut never = Vec::new();
    if chars.len() < 2 {
        never.push("any disguise: one character alone is too little");
    } else if chars.len() > LONGEST {
        never
            .push("any disguise: it is longer than 16 characters, and somebody who changes some of them leaves others");
    } else if !sounded {
        never.push(
            "initials and another order: letters and digits alone have no sounds, and mean something else when turned",
        );
    } else {
        if chars.len() == 2 {
            never.push("neighbours that changed places: that is from last to first");
        }
        if chars.len() > variants::LONGEST_MIXED {
            never.push("some characters with the initials of others: it is too long for that");
        }
    }
    never
}

impl Chance {
    /// Whether a text that is as unusual as this, and written so, is taken for a word.
    pub(super) fn of_weight(weight: i32, views: &[View], length: usize) -> (bool, bool) {
        let views: Views = views.iter().copied().collect();
        let disguise = Disguise { views, sure: is_sure(views, weight, length), weight };
        (disguise.is_meant(), disguise.sure)
    }
}
