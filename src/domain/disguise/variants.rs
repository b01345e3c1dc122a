//! The patterns of a word: as it sounds, by initials, in another order.

use super::LONGEST;
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
    pub(super) kind: Kind,
}

/// What a pattern is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A code for each character.
    Sounds,
    /// First letters for the characters `from..to`, codes for the others.
    Initials { from: u8, to: u8 },
    /// The characters from last to first.
    Reversed,
    /// The characters at this place and the next one have changed places.
    Swapped(u8),
}

/// More readings of a word are not told apart.
const MOST_READINGS: usize = 4;
/// A longer word is not written with some initials and some characters.
const LONGEST_MIXED: usize = 5;

/// Adds the patterns of a word.
pub(super) fn of(no: u32, word: &Word, known: &Readings, keys: &mut Keys, patterns: &mut Vec<Pattern>) {
    let chars = &word.chars;
    let length = chars.len();
    if !(2..=LONGEST).contains(&length) {
        return;
    }
    let all: Vec<&[u16]> = chars.iter().map(|c| known.codes(*c)).collect();
    let mut put = |kind, codes: Vec<u16>| {
        keys.push(codes, patterns.len() as u32);
        patterns.push(Pattern { word: no, kind });
    };
    readings(&all).into_iter().for_each(|codes| put(Kind::Sounds, codes));
    if !chars.iter().any(|c| SOUNDS.of(*c).next().is_some()) {
        return; // letters alone have no other order and no initials
    }
    let usual: Vec<u16> = all.iter().filter_map(|codes| codes.first().copied()).collect();
    let initials: Vec<u16> = chars.iter().zip(&usual).map(|(c, code)| initial(*c).unwrap_or(*code)).collect();
    for from in 0..length {
        for to in from + 1..=length {
            let mixed = (from == 0 || to == length) && length <= LONGEST_MIXED && to - from >= 2;
            if (from, to) == (0, length) || mixed {
                let mut codes = usual.clone();
                codes[from..to].copy_from_slice(&initials[from..to]);
                if codes != usual {
                    put(Kind::Initials { from: from as u8, to: to as u8 }, codes);
                }
            }
        }
    }
    let reversed: Vec<u16> = usual.iter().rev().copied().collect();
    if reversed != usual {
        put(Kind::Reversed, reversed);
    }
    if length > 2 {
        for at in 0..length - 1 {
            let mut codes = usual.clone();
            codes.swap(at, at + 1);
            if codes != usual {
                put(Kind::Swapped(at as u8), codes);
            }
        }
    }
}

/// The code of the first letter of a character's usual sound.
fn initial(c: char) -> Option<u16> {
    let syllable = SOUNDS.of(c).next()?;
    plain_code(SOUNDS.spelling(syllable).chars().next()?)
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
