//! Words that are written otherwise: by sound, by shape, in parts, with symbols, by initials, in another order, or
//! several of these in one word.
//!
//! - `lattice`: a text as everything it may be read as. `sounds`, `tables`, `ordinary`: what the readings come from.
//! - `variants`: the patterns of a word. `trie`: all patterns, by codes: syllables that sound alike have one. `filter`: which
//!   codes none of them begins with.
//! - `weigh`: whether a reading is meant: the text as it stands must be much less usual than with the word in its place.
//!
//! A walk through the trie begins at every place of the text and follows every reading, so that a word may be disguised
//! character by character in different ways. How far one walk may go is bounded.

mod chance;
mod explain;
mod filter;
mod lattice;
mod orders;
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

pub use chance::Chance;
pub use explain::{Explained, Explanation, Weighed, Written, explain, weighed};
use filter::Begun;
use lattice::{Lattice, Move, Reading};
use orders::Orders;
pub use ordinary::Costs;
pub use ordinary::{cost_each, everyday, per_million};
use readings::Readings;
use trie::{Node, ROOT, Trie};
use variants::{Pattern, Patterns, Word};
pub use views::{View, Views};

use std::sync::{Arc, LazyLock};

use super::case::Span;
use sounds::SOUNDS;

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
const WIDEST_GAP: u32 = 12;

/// A text is taken for a word in disguise from this weight on: the odds are e⁵ to one …
pub const ENOUGH: i32 = 40;
/// … and from this one on, e³ to one, where only sounds are written otherwise: of what stands side by side in talk by chance the
/// table knows best how usual it is.
pub const ENOUGH_BY_SOUND: i32 = 24;

/// A word for which sounds, initials or look-alikes speak beside what stands as it is is meant from this weight on.
const BESIDE_PLAIN: i32 = 64;
/// What more it must weigh where what stands as it is says little: 你, 100米, 需要的 stand everywhere.
const BESIDE_LITTLE: i32 = 24;
/// Words that are only perhaps meant are so together from this weight on.
pub const ENOUGH_TOGETHER: i32 = 140;
/// What a word weighs more where much of the text is written otherwise …
pub const AMONG_OTHERS: i32 = 24;
/// … which is so many words that lie apart, and so many percent of its characters.
pub const OTHERS: u32 = 2;
/// See [`OTHERS`].
pub const COVERED: u32 = 20;

/// From this weight on a word that is written in a way that nobody takes by chance need not be looked at by a person …
pub const SURE: i32 = 96;
/// … and from this one on a word in which only sounds are written otherwise …
pub const SURE_BY_SOUND: i32 = 160;
/// … if it has so many characters.
pub const SURE_LENGTH: usize = 3;

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
    /// By how much the text would be more usual with the word in its place, in eighths of a natural logarithm; of several words
    /// together the least.
    pub weight: i32,
}

impl Disguise {
    /// Of a word that stands as it is.
    const PLAIN: Self = Self { views: Views::EMPTY, sure: true, weight: SURE };

    /// The same of a word that is also written in this way, which may be by chance.
    #[must_use]
    pub fn also(of: Option<Self>, view: View, surely: bool) -> Self {
        let Self { views, sure, weight } = of.unwrap_or(Self::PLAIN);
        Self { views: views.and(view), sure: sure && surely, weight }
    }

    /// Whether a word is taken to be meant.
    pub fn is_meant(&self) -> bool {
        self.weight >= if self.views.are_sounds() { ENOUGH_BY_SOUND } else { ENOUGH }
    }

    /// Whether it is meant beside what stands as it is and makes a hit of it; `little`: that says little by itself.
    pub fn is_meant_beside_plain(&self, little: bool) -> bool {
        let enough = match (self.views.are_chosen(), self.views.has(View::Order)) {
            (true, false) => ENOUGH,
            (true, true) => BESIDE_PLAIN, // 群发 is no 发群
            (false, _) => BESIDE_PLAIN + if little { BESIDE_LITTLE } else { 0 },
        };
        self.sure || self.weight >= enough
    }
}

/// So many words share what is known of characters with all other sets of few.
const FEW: usize = 1000;

/// The readings that matter to any word.
static OF_ANY_WORD: LazyLock<Arc<Readings>> = LazyLock::new(|| {
    let plain = ('a'..='z').chain('0'..='9');
    let han = (sounds::FIRST_HAN..=sounds::LAST_HAN).filter(|c| SOUNDS.of(*c).next().is_some());
    Arc::new(Readings::of(plain.chain(han)))
});

/// Reads the tables. Otherwise the first words that need them do; a start can do it beside reading the words.
pub fn read_tables() {
    LazyLock::force(&tables::TABLES);
    LazyLock::force(&SOUNDS);
    LazyLock::force(&ordinary::ORDINARY);
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

    /// Compiles the words. What characters may be read as is kept once for all sets of few words, so that a group with a few words
    /// of its own costs little memory.
    pub fn build(self) -> Disguises {
        let words = self.words.into_boxed_slice();
        if words.is_empty() {
            return Disguises::default();
        }
        let known = |word: &Word| word.chars.iter().all(|c| !OF_ANY_WORD.codes(*c).is_empty());
        let readings = match words.len() {
            ..=FEW if words.iter().all(known) => OF_ANY_WORD.clone(),
            _ => Arc::new(Readings::of(words.iter().flat_map(|word| word.chars.iter().copied()))),
        };
        let mut patterns = Patterns::default();
        for (no, word) in (0..).zip(&words) {
            patterns.add(no, word, &readings);
        }
        let Patterns { keys, orders } = patterns;
        Disguises { words, trie: keys.build(), orders: orders.build(), readings }
    }
}

/// All words, ready to be found in disguise.
#[derive(Default)]
pub struct Disguises {
    words: Box<[Word]>,
    trie: Trie<Pattern>,
    orders: Orders,
    readings: Arc<Readings>,
}

/// Memory that is used again for each text.
#[derive(Debug, Default)]
pub struct DisguiseScratch {
    lattice: Lattice,
    costs: Costs,
    path: Vec<Step>,
    /// How each character of the word is written, of the reading that is weighed.
    views: Vec<View>,
}

/// One step of a reading.
#[derive(Clone, Copy, Debug)]
struct Step {
    from: u32,
    to: u32,
    how: Reading,
    code: u16,
}

/// One walk through the trie.
struct Walk<'a, 's> {
    disguises: &'a Disguises,
    lattice: &'s Lattice,
    costs: &'s Costs,
    path: &'s mut Vec<Step>,
    start: u32,
    /// What must stand there at least to mean something else.
    least: i32,
    /// How many characters a word has at least that may be meant.
    fewest: u32,
    /// How many steps it may take yet.
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
        self.trie.all().len() + self.orders.len()
    }

    /// Finds words that are written otherwise. Those that stand as they are are not given.
    pub fn find(&self, original: &str, scratch: &mut DisguiseScratch, mut each: impl FnMut(Found)) {
        self.search(original, scratch, ENOUGH_BY_SOUND, |found| {
            if found.disguise.is_meant() {
                each(found);
            }
        });
    }

    /// The same from another weight on.
    fn search(&self, original: &str, scratch: &mut DisguiseScratch, enough: i32, mut each: impl FnMut(Found)) {
        // what stands there must cost as much at least, as it is; or as much, where symbols are read or characters have
        // changed places
        let least = enough + weigh::WORD;
        let favoured = least - weigh::MOST_FAVOUR;
        let DisguiseScratch { lattice, costs, path, views } = scratch;
        if self.is_empty() {
            return;
        }
        lattice.set(original, &self.readings, costs);
        let places = lattice.units.len() as u32;
        let mut steps = STEPS_AT_FIRST.saturating_add(places.saturating_mul(STEPS_EACH));
        for start in 0..places {
            if lattice.repeats(start) {
                continue;
            }
            let mut found = |pattern: &Pattern, path: &[Step]| {
                let Some(word) = self.words.get(pattern.word as usize) else { return };
                if weigh::written(pattern, word, path, lattice, views)
                    && let Some((span, weight)) = weigh::weigh(word, path, lattice, costs, views)
                    && weight >= enough
                {
                    let views = views.iter().copied().collect();
                    let disguise = Disguise { views, sure: is_sure(views, weight, word.chars.len()), weight };
                    each(Found { word: pattern.word, span, weight, disguise });
                }
            };
            path.clear();
            let units = lattice.units.get(start as usize..).unwrap_or_default();
            self.orders.find(units, fewest(lattice, costs, start, favoured), |pattern, length| {
                path.clear();
                path.extend((start..).zip(units.get(..length).unwrap_or_default()).map(|(from, unit)| Step {
                    from,
                    to: from + 1,
                    how: Reading::Said(unit.c, None),
                    code: 0,
                }));
                found(pattern, path);
            });
            path.clear();
            let least = if lattice.has_symbols { favoured } else { least };
            let fewest = fewest(lattice, costs, start, least);
            let most = MOST_STEPS.min(steps);
            let mut walk = Walk { disguises: self, lattice, costs, path, start, least, fewest, steps: most };
            walk.begin(&mut found);
            steps -= most - walk.steps;
        }
    }
}

/// Whether a word of this length, so written and found by this weight, is surely meant.
fn is_sure(views: Views, weight: i32, length: usize) -> bool {
    let any = |of: &[View]| of.iter().any(|view| views.has(*view));
    let enough = if any(&CHOSEN) { SURE } else { SURE_BY_SOUND };
    weight >= enough && length >= SURE_LENGTH && !any(&BY_CHANCE)
}

/// How many characters a word has at least that may be meant by what begins at a place: what costs little as it stands
/// means itself.
fn fewest(lattice: &Lattice, costs: &Costs, start: u32, least: i32) -> u32 {
    let ends = start + 1..start + LONGEST as u32 + 1;
    let end = ends.clone().find(|end| costs.of(start, *end) >= least).unwrap_or(ends.end);
    lattice.fewest(start, end)
}

impl Walk<'_, '_> {
    fn begin(&mut self, found: &mut impl FnMut(&Pattern, &[Step])) {
        for first in self.lattice.moves(self.start) {
            self.take(self.start, first, |walk| {
                walk.second(first.to, Begun::NOTHING.and(first.way.code.into()), found);
            });
        }
    }

    fn second(&mut self, place: u32, begun: Begun, found: &mut impl FnMut(&Pattern, &[Step])) {
        let filter = self.disguises.trie.filter();
        for next in self.lattice.nexts(place) {
            for second in self.lattice.moves(next) {
                let pair = begun.and(second.way.code.into());
                let whole = self.fewest <= 2 && filter.is_pair(pair);
                let longer = filter.begins_with_two(pair, self.fewest);
                if !whole && !longer || self.steps == 0 {
                    continue;
                }
                self.steps -= 1;
                self.take(next, second, |walk| {
                    if whole && let Some(node) = walk.node() {
                        walk.end(node, second.to, found);
                    }
                    if longer {
                        walk.third(second.to, pair, found);
                    }
                });
            }
        }
    }

    fn third(&mut self, place: u32, pair: Begun, found: &mut impl FnMut(&Pattern, &[Step])) {
        let filter = self.disguises.trie.filter();
        for next in self.lattice.nexts(place) {
            for third in self.lattice.moves(next) {
                if filter.begins_with_three(pair.and(third.way.code.into()), self.fewest) {
                    self.take(next, third, |walk| {
                        if let Some(node) = walk.node() {
                            walk.go(node, third.to, found);
                        }
                    });
                }
            }
        }
    }

    /// Does something with one step more.
    #[inline]
    fn take(&mut self, from: u32, step: &Move, then: impl FnOnce(&mut Self)) {
        self.path.push(Step { from, to: step.to, how: step.way.how, code: step.way.code });
        then(self);
        self.path.pop();
    }

    /// Where the steps lead.
    fn node(&self) -> Option<Node> {
        self.path.iter().try_fold(ROOT, |node, step| self.disguises.trie.child(node, step.code))
    }

    /// Gives the patterns that end at a node, if what stands there may mean something else.
    fn end(&self, node: Node, place: u32, found: &mut impl FnMut(&Pattern, &[Step])) {
        let values = self.disguises.trie.values(node);
        if !values.is_empty() && self.costs.of(self.start, place) >= self.least {
            values.iter().for_each(|pattern| found(pattern, self.path));
        }
    }

    fn go(&mut self, node: Node, place: u32, found: &mut impl FnMut(&Pattern, &[Step])) {
        if self.steps == 0 {
            return;
        }
        self.steps -= 1;
        self.end(node, place, found);
        let (trie, taken) = (&self.disguises.trie, self.path.len() as u32);
        let deepest = trie.deepest(node);
        if deepest == 0 || taken + deepest < self.fewest {
            return;
        }
        for next in self.lattice.nexts(place) {
            for step in self.lattice.moves(next) {
                if let Some(child) = trie.child(node, step.way.code) {
                    self.take(next, step, |walk| walk.go(child, step.to, found));
                }
            }
        }
    }
}
