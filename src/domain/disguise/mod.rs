//! Words that are written otherwise: by sound, by shape, in parts, with symbols, by initials, in another order, or
//! several of these in one word.
//!
//! - `lattice`: a text as everything it may be read as. `sounds`, `tables`, `ordinary`: what the readings come from.
//! - `variants`: the patterns of a word. `trie`: all patterns, by codes: syllables that sound alike have one.
//! - `weigh`: whether a reading is meant: the text as it stands must be much less usual than with the word in its place.
//!
//! A walk through the trie begins at every place of the text and follows every reading, so that a word may be disguised
//! character by character in different ways. How far one walk may go is bounded.

mod lattice;
mod ordinary;
mod readings;
mod sounds;
mod tables;
mod trie;
mod variants;
mod views;
mod weigh;

#[cfg(test)]
mod tests;

use lattice::{Lattice, Reading, Way};
use readings::{Bits, Readings};
use trie::{Keys, Node, ROOT, Trie};
use variants::{Pattern, Word};
pub use views::{View, Views};

use super::case::Span;

/// The first code of letters in the trie; below are syllables.
const LETTERS: u16 = 440;
/// The first code of digits.
const DIGITS: u16 = 470;
/// The first code of characters that have no sound and are in some word.
const ODD: u16 = 480;

/// No word has more characters.
const LONGEST: usize = 16;

/// A walk from one place takes no more steps …
const MOST_STEPS: u32 = 400;
/// … and all walks over a text no more than these and [`STEPS_EACH`] for each of its characters.
const STEPS_AT_FIRST: u32 = 20_000;
const STEPS_EACH: u32 = 4;

/// No more characters of noise may stand between two characters of a word.
const WIDEST_GAP: u32 = 6;

/// A text is taken for a word in disguise from this weight on: the odds are e⁶ to one.
const ENOUGH: i32 = 48;

/// From this weight on a word that is written in a way that nobody takes by chance need not be looked at by a person …
const SURE: i32 = 96;
/// … and from this one on a word in which only sounds are written otherwise …
const SURE_BY_SOUND: i32 = 160;
/// … if it has so many characters.
const SURE_LENGTH: usize = 3;

/// Ways of writing that happen by a slip of the pen, or in what means something else.
const BY_CHANCE: [View; 3] = [View::Near, View::Initial, View::Shape];
/// Ways of writing that are chosen.
const CHOSEN: [View; 4] = [View::Pinyin, View::Split, View::Symbol, View::Letter];

/// A word found in disguise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The number of the word, in the order in which they were added.
    pub word: u32,
    /// Where, in code points of the original.
    pub span: Span,
    /// By how much the text would be more usual with the word in its place, in eighths of a natural logarithm.
    pub weight: i32,
    /// How it is written.
    pub disguise: Disguise,
}

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disguise {
    /// In which ways.
    pub views: Views,
    /// Whether it is surely meant; else a person should look.
    pub sure: bool,
}

/// Takes words and makes [`Disguises`].
#[derive(Default)]
pub struct DisguisesBuilder {
    words: Vec<Word>,
}

impl DisguisesBuilder {
    /// Adds a word, folded. Gives its number.
    pub fn add(&mut self, folded: &str) -> u32 {
        self.words.push(Word { chars: folded.chars().collect() });
        self.words.len() as u32 - 1
    }

    /// Compiles the words.
    pub fn build(self) -> Disguises {
        let words = self.words.into_boxed_slice();
        if words.is_empty() {
            return Disguises::default();
        }
        let readings = Readings::of(words.iter().flat_map(|word| word.chars.iter().copied()));
        let mut keys = Keys::default();
        let mut patterns = Vec::new();
        for (no, word) in (0..).zip(&words) {
            variants::of(no, word, &readings, &mut keys, &mut patterns);
        }
        Disguises { words, patterns: patterns.into(), trie: keys.build(), readings }
    }
}

/// All words, ready to be found in disguise.
#[derive(Default)]
pub struct Disguises {
    words: Box<[Word]>,
    patterns: Box<[Pattern]>,
    trie: Trie,
    readings: Readings,
}

/// Memory that is used again for each text.
#[derive(Debug, Default)]
pub struct DisguiseScratch {
    lattice: Lattice,
    path: Vec<Step>,
    /// How each character of the word is written, of the reading that is weighed.
    views: Vec<View>,
    window: Vec<char>,
}

/// One step of a reading.
#[derive(Clone, Copy, Debug)]
struct Step {
    from: u32,
    to: u32,
    how: Reading,
}

/// One walk through the trie.
struct Walk<'a, 's> {
    disguises: &'a Disguises,
    lattice: &'s Lattice,
    path: &'s mut Vec<Step>,
    /// How many more it may take.
    steps: u32,
}

impl Disguises {
    /// How many words there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many patterns the words have.
    pub fn patterns(&self) -> usize {
        self.patterns.len()
    }

    /// Finds words that are written otherwise. Those that stand as they are are not given.
    pub fn find(&self, original: &str, scratch: &mut DisguiseScratch, mut each: impl FnMut(Found)) {
        let DisguiseScratch { lattice, path, views, window } = scratch;
        if self.is_empty() {
            return;
        }
        lattice.set(original, &self.readings);
        let places = lattice.units.len() as u32;
        let mut steps = STEPS_AT_FIRST.saturating_add(places.saturating_mul(STEPS_EACH));
        for start in 0..places {
            if lattice.repeats(start) {
                continue;
            }
            path.clear();
            let most = MOST_STEPS.min(steps);
            let mut walk = Walk { disguises: self, lattice, path, steps: most };
            walk.begin(start, &mut |pattern, path| {
                let Some(word) = self.words.get(pattern.word as usize) else { return };
                if !weigh::written(pattern, word, path, lattice, views) {
                    return;
                }
                let Some((span, weight)) = weigh::weigh(word, path, lattice, views, window) else { return };
                let views: Views = views.iter().copied().collect();
                let any = |of: &[View]| of.iter().any(|view| views.has(*view));
                let enough = if any(&CHOSEN) { SURE } else { SURE_BY_SOUND };
                let sure = weight >= enough && word.chars.len() >= SURE_LENGTH && !any(&BY_CHANCE);
                if weight >= ENOUGH {
                    each(Found { word: pattern.word, span, weight, disguise: Disguise { views, sure } });
                }
            });
            steps -= most - walk.steps;
        }
    }
}

impl Walk<'_, '_> {
    fn begin(&mut self, place: u32, found: &mut impl FnMut(&Pattern, &[Step])) {
        let Disguises { trie, readings, .. } = self.disguises;
        let begins = |way: &Way, behind: &Bits| trie.seconds(way.code).meet(behind);
        let ways = self.lattice.ways(place, readings);
        if !ways.is_empty() {
            let behind = self.behind(place + 1);
            for way in ways.iter().filter(|way| begins(way, &behind)) {
                self.step(ROOT, place, place + 1, *way, found);
            }
        }
        for leap in self.lattice.leaps(place) {
            if begins(&leap.way, &self.behind(leap.to)) {
                self.step(ROOT, place, leap.to, leap.way, found);
            }
        }
    }

    /// Which codes may follow at a place.
    fn behind(&self, place: u32) -> Bits {
        let mut bits = Bits::NONE;
        for next in self.lattice.nexts(place) {
            bits.add(&self.lattice.codes(next, &self.disguises.readings));
        }
        bits
    }

    fn go(&mut self, place: u32, node: Node, found: &mut impl FnMut(&Pattern, &[Step])) {
        for way in self.lattice.ways(place, &self.disguises.readings) {
            self.step(node, place, place + 1, *way, found);
        }
        for leap in self.lattice.leaps(place) {
            self.step(node, place, leap.to, leap.way, found);
        }
    }

    #[inline]
    fn step(&mut self, node: Node, from: u32, to: u32, way: Way, found: &mut impl FnMut(&Pattern, &[Step])) {
        let Some(child) = self.disguises.trie.child(node, way.code) else { return };
        if self.steps == 0 || self.path.len() >= LONGEST {
            return;
        }
        self.steps -= 1;
        self.path.push(Step { from, to, how: way.how });
        for value in self.disguises.trie.values(child) {
            if let Some(pattern) = self.disguises.patterns.get(*value as usize) {
                found(pattern, self.path);
            }
        }
        if !self.disguises.trie.is_leaf(child) {
            for next in self.lattice.nexts(to) {
                self.go(next, child, found);
            }
        }
        self.path.pop();
    }
}
