//! The patterns of a word: as it sounds, by initials, in another order.

use super::LONGEST;
use super::orders::OrdersBuilder;
use super::readings::{Readings, plain_code};
use super::sounds::SOUNDS;
use super::trie::Keys;

/// A word that may be written otherwise.
pub(super) struct Word {
    /// Folded.
    pub(super) chars: Box<[char]>,
}

/// One way in which a word may stand in the trie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The number of the word.
    pub(super) word: u32,
    /// How many characters the word has.
    pub(super) length: u8,
    pub(super) kind: Kind,
}

/// What a pattern is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A code for each character.
    Sounds,
    /// First letters for the characters `from..to`, codes for the others.
    Initials { from: u8, to: u8 },
    /// The characters from last to first.
    Reversed,
    /// The characters at this place and the next one have changed places.
    Swapped(u8),
    /// From this place on, two by two have changed places.
    AllSwapped(u8),
}

/// More readings of a word are not told apart.
const MOST_READINGS: usize = 4;
/// A longer word is not written with some initials and some characters.
pub(super) const LONGEST_MIXED: usize = 5;

/// All patterns as they are made.
#[derive(Default)]
pub(super) struct Patterns {
    pub(super) keys: Keys<Pattern>,
    pub(super) orders: OrdersBuilder,
}

impl Patterns {
    /// Adds those of a word.
    pub(super) fn add(&mut self, no: u32, word: &Word, known: &Readings) {
        let chars = &word.chars;
        if !(2..=LONGEST).contains(&chars.len()) {
            return;
        }
        let pattern = |kind| Pattern { word: no, length: chars.len() as u8, kind };
        let all: Vec<&[u16]> = chars.iter().map(|c| known.codes(*c)).collect();
        for codes in readings(&all) {
            self.keys.push(&codes, pattern(Kind::Sounds));
        }
        if !chars.iter().any(|c| SOUNDS.of(*c).next().is_some()) {
            return; // letters alone have no other order and no initials
        }
        let usual: Vec<u16> = all.iter().filter_map(|codes| codes.first().copied()).collect();
        let initials: Vec<u16> = chars.iter().zip(&usual).map(|(c, code)| initial(*c).unwrap_or(*code)).collect();
        for (from, to) in initial_runs(chars.len()) {
            let mut codes = usual.clone();
            codes[from..to].copy_from_slice(&initials[from..to]);
            if codes != usual {
                self.keys.push(&codes, pattern(Kind::Initials { from: from as u8, to: to as u8 }));
            }
        }
        for (from, written) in one_initial(chars) {
            self.orders.push(&written, pattern(Kind::Initials { from, to: from + 1 }));
        }
        let swapped = (0..chars.len() as u8 - 1).map(Kind::Swapped).filter(|_| chars.len() > 2);
        let all_swapped = (0..chars.len().saturating_sub(3).min(2) as u8).map(Kind::AllSwapped);
        for kind in [Kind::Reversed].into_iter().chain(swapped).chain(all_swapped) {
            let order = reordered(kind, chars);
            if *order != **chars {
                self.orders.push(&order, pattern(kind));
            }
        }
    }
}

/// The characters of a word in the order of a pattern.
pub(super) fn reordered(kind: Kind, chars: &[char]) -> Vec<char> {
    let mut chars = chars.to_vec();
    match kind {
        Kind::Sounds | Kind::Initials { .. } => {}
        Kind::Reversed => chars.reverse(),
        Kind::Swapped(at) => {
            let pair = chars.get_mut(usize::from(at)..usize::from(at) + 2).unwrap_or_default();
            pair.reverse();
        }
        Kind::AllSwapped(from) => {
            let pairs = chars.get_mut(usize::from(from)..).unwrap_or_default();
            pairs.chunks_exact_mut(2).for_each(<[char]>::reverse);
        }
    }
    chars
}

/// Which characters of a word of some length may be initials together: all, or some at an end.
fn initial_runs(length: usize) -> impl Iterator<Item = (usize, usize)> {
    let all = (0..length).flat_map(move |from| (from + 1..=length).map(move |to| (from, to)));
    all.filter(move |(from, to)| {
        let mixed = (*from == 0 || *to == length) && length <= LONGEST_MIXED && to - from >= 2;
        (*from, *to) == (0, length) || mixed
    })
}

/// A word with a letter in place of one of its characters, and which: 裸l, 百j乐. They are looked for as they are written, like what
/// stands in another order: as codes they would be as many again as all others.
fn one_initial(chars: &[char]) -> impl Iterator<Item = (u8, Vec<char>)> {
    let places = (0..chars.len() as u8).filter(move |_| chars.len() <= LONGEST_MIXED);
    places.filter_map(|at| {
        let mut written = chars.to_vec();
        let place = written.get_mut(usize::from(at))?;
        *place = first_letter(*place)?;
        Some((at, written))
    })
}

/// The code of the first letter of a character's usual sound.
fn initial(c: char) -> Option<u16> {
    plain_code(first_letter(c)?)
}

/// The first letter of a character's usual sound.
pub(super) fn first_letter(c: char) -> Option<char> {
    let syllable = SOUNDS.of(c).next()?;
    SOUNDS.spelling(syllable).chars().next().filter(char::is_ascii_lowercase)
}

/// Every way to take one code of each, up to [`MOST_READINGS`].
fn readings(all: &[&[u16]]) -> Vec<Vec<u16>> {
    let mut readings = vec![Vec::with_capacity(all.len())];
    for codes in all {
        let room = (MOST_READINGS / readings.len()).max(1);
        readings = readings
            .iter()
            .flat_map(|reading| {
                codes.iter().take(room).map(|code| {
                    let mut longer = reading.clone();
                    longer.push(*code);
                    longer
                })
            })
            .collect();
    }
    readings.sort_unstable();
    readings.dedup();
    readings
}
