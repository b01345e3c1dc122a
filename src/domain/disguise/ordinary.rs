//! How usual a run of text is: the cost of its cheapest division into words, by how often words were counted.

use std::sync::LazyLock;

use super::sounds::{FIRST_HAN, LAST_HAN, is_han};

/// What a text costs, in eighths of a natural logarithm: lower is more usual.
pub(super) type Cost = u32;

/// A Han character that no list has.
const UNKNOWN: u8 = 150;
/// Anything else that is not Han.
const OTHER: u8 = 56;
/// A run of Latin letters, and each letter of it.
const LATIN: u8 = 50;
const LETTER: u8 = 48;
/// The longest words of the table.
const LONGEST: usize = 4;
/// No word: no word costs so much.
const NO_WORD: u8 = u8::MAX;
/// The costs of words are even. What only often stands side by side in talk has an odd one.
const SIDE_BY_SIDE: u8 = 1;

/// The words of `data/ordinary.bin`: the dictionary of jieba-rs (MIT), and what stands side by side in talk, see
/// `data/make_ordinary.py`.
#[derive(Default)]
pub(super) struct Ordinary {
    /// What each Han character costs by itself.
    singles: Box<[u8]>,
    /// The words by their hash, each in the first free slot from its place on: 24 bits of the hash and the cost.
    slots: Box<[u32]>,
    /// A bit for the hash of each word: nearly all that is looked for is none, and is not looked for in the slots.
    bits: Box<[u64]>,
}

/// The table, read on first use.
pub(super) static ORDINARY: LazyLock<Ordinary> =
    LazyLock::new(|| Ordinary::read(include_bytes!("data/ordinary.bin")).unwrap_or_default());

/// The slots are this power of two: about three quarters are taken.
const SLOTS: u32 = 18;
/// The bits are this power of two: one in ten is set.
const BITS: u32 = 21;
const FREE: u32 = 0;

impl Ordinary {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (count, rest) = bytes.split_first_chunk::<4>()?;
        let (hashes, costs) = rest.split_at_checked(u32::from_le_bytes(*count) as usize * 4)?;
        let (hashes, _) = hashes.as_chunks::<4>();
        let mut slots = vec![FREE; 1 << SLOTS].into_boxed_slice();
        let mut bits = vec![0; 1 << (BITS - 6)].into_boxed_slice();
        for (hash, cost) in hashes.iter().map(|hash| u32::from_le_bytes(*hash)).zip(costs) {
            let bit = bit(hash);
            bits[bit / 64] |= 1 << (bit % 64);
            let mut at = place(hash);
            while slots[at] != FREE {
                at = (at + 1) % slots.len();
            }
            slots[at] = tag(hash) | u32::from(*cost).max(1);
        }
        let mut ordinary = Self { singles: Box::default(), slots, bits };
        let single = |c: char| Some(ordinary.word(hash(START, c))).filter(|cost| *cost != NO_WORD);
        ordinary.singles = (FIRST_HAN..=LAST_HAN).map(|c| single(c).unwrap_or(UNKNOWN)).collect();
        Some(ordinary)
    }

    /// What the word of a hash costs.
    #[inline]
    fn word(&self, hash: u32) -> u8 {
        let bit = bit(hash);
        if self.bits.get(bit / 64).is_none_or(|bits| bits & 1 << (bit % 64) == 0) {
            return NO_WORD;
        }
        let (mut at, tag) = (place(hash), tag(hash));
        loop {
            match self.slots.get(at) {
                None | Some(&FREE) => return NO_WORD,
                Some(slot) if slot & !0xFF == tag => return (*slot & 0xFF) as u8,
                Some(_) => at = (at + 1) % (1 << SLOTS),
            }
        }
    }

    /// What a character costs by itself, behind another one.
    #[inline]
    fn single(&self, c: char, before: Option<char>) -> u8 {
        match c {
            FIRST_HAN..=LAST_HAN => self.singles.get(c as usize - FIRST_HAN as usize).copied().unwrap_or(UNKNOWN),
            c if c.is_ascii_lowercase() => {
                LETTER + if before.is_some_and(|c| c.is_ascii_lowercase()) { 0 } else { LATIN }
            }
            _ => OTHER,
        }
    }
}

fn bit(hash: u32) -> usize {
    (hash >> (32 - BITS)) as usize
}

fn place(hash: u32) -> usize {
    (hash >> (32 - SLOTS)) as usize
}

fn tag(hash: u32) -> u32 {
    hash << 8
}

/// The hash of no characters.
const START: u32 = 0x811C_9DC5;

/// The hash of a word with one more character.
#[inline]
fn hash(word: u32, c: char) -> u32 {
    let mixed = (word ^ c as u32).wrapping_mul(0x9E37_79B1);
    mixed ^ mixed >> 15
}

/// What every part of one text costs as it stands: by how usual its words are, in eighths of a natural logarithm.
#[derive(Debug, Default)]
pub struct Costs {
    /// The cheapest division of what stands before each place, and of what stands from there on.
    before: Vec<Cost>,
    behind: Vec<Cost>,
    words: Vec<[u8; LONGEST]>,
}

impl Costs {
    /// Another text: of each character what it is, folded, and whether a clause ends before it, over which no word goes on.
    pub fn set<T>(&mut self, units: &[T], unit: impl Fn(&T) -> (char, bool)) {
        self.fill(units, unit, |_| false);
    }

    /// The same by words alone, without what only stands side by side in talk.
    pub fn set_by_words<T>(&mut self, units: &[T], unit: impl Fn(&T) -> (char, bool)) {
        self.fill(units, unit, |cost| cost & SIDE_BY_SIDE != 0);
    }

    fn fill<T>(&mut self, units: &[T], unit: impl Fn(&T) -> (char, bool), is_left_out: impl Fn(u8) -> bool) {
        let Self { before, behind, words } = self;
        words.clear();
        let mut last = None;
        for at in 0..units.len() {
            let mut costs = [NO_WORD; LONGEST];
            let mut word = START;
            for (place, (cost, next)) in costs.iter_mut().zip(units.get(at..).unwrap_or_default()).enumerate() {
                let (c, ends) = unit(next);
                word = hash(word, c);
                if place == 0 {
                    *cost = ORDINARY.single(c, last);
                    last = Some(c);
                } else if ends {
                    break;
                } else {
                    *cost = Some(ORDINARY.word(word)).filter(|cost| !is_left_out(*cost)).unwrap_or(NO_WORD);
                }
                if !is_han(c) {
                    break;
                }
            }
            words.push(costs);
        }
        before.clear();
        before.resize(units.len() + 1, Cost::MAX);
        before[0] = 0;
        for (at, costs) in words.iter().enumerate() {
            let own = before[at];
            for (end, cost) in before.iter_mut().skip(at + 1).zip(costs).filter(|(_, cost)| **cost != NO_WORD) {
                *end = (*end).min(own + Cost::from(*cost));
            }
        }
        behind.clear();
        behind.resize(units.len() + 1, 0);
        for (at, costs) in words.iter().enumerate().rev() {
            let ends = behind.iter().skip(at + 1).zip(costs).filter(|(_, cost)| **cost != NO_WORD);
            behind[at] = ends.map(|(end, cost)| end + Cost::from(*cost)).min().unwrap_or(Cost::MAX);
        }
    }

    /// By how much the whole text costs more where a word ends at a place: 0 where one does anyway.
    pub fn cut(&self, place: u32) -> i32 {
        -self.of(place, place)
    }

    /// By how much the whole text costs more than it would if what stands at `start..end` cost nothing.
    #[inline]
    pub fn of(&self, start: u32, end: u32) -> i32 {
        let before = self.before.get(start as usize).copied().unwrap_or_default();
        let behind = self.behind.get(end as usize).copied().unwrap_or_default();
        let whole = self.behind.first().copied().unwrap_or_default();
        whole as i32 - before as i32 - behind as i32
    }
}

/// What a text costs in its cheapest division into words.
pub(super) fn cost(text: &[char]) -> Cost {
    let mut best = vec![Cost::MAX; text.len() + 1];
    best[0] = 0;
    for end in 1..=text.len() {
        let single = ORDINARY.single(text[end - 1], end.checked_sub(2).map(|before| text[before]));
        best[end] = best[end - 1] + Cost::from(single);
        for start in end.saturating_sub(LONGEST)..end - 1 {
            if let Some(cost) = word_cost(&text[start..end]) {
                best[end] = best[end].min(best[start] + cost);
            }
        }
    }
    best[text.len()]
}

/// What a word costs, where it is known.
pub(super) fn word_cost(word: &[char]) -> Option<Cost> {
    let cost = ORDINARY.word(word.iter().fold(START, |word, c| hash(word, *c)));
    (cost != NO_WORD).then_some(Cost::from(cost))
}

/// A word is everyday when it is said so often in a million words: more than any that is only said in such talk (女拳, 24 times).
const EVERYDAY: f64 = 30.0;

/// How often an everyday word is said in a million words; `None` of one that is said less, and of one character.
pub fn everyday(folded: &str) -> Option<f64> {
    folded.chars().nth(1)?;
    Some(per_million(folded)).filter(|said| *said >= EVERYDAY)
}

/// How often a folded text stands in a million words of ordinary Chinese, by its likeliest division into words.
pub fn per_million(folded: &str) -> f64 {
    let chars: Vec<char> = folded.chars().collect();
    1e6 * (-f64::from(cost(&chars)) / 8.0).exp()
}

/// What the characters of Han in a folded text cost, one with the other, in eighths of a natural logarithm: of half of ordinary messages
/// 37 to 43, of one in 100 more than 51 to 63, where all are replaced by others of their sounds 74 and more. 0 where it has fewer than so many.
pub fn cost_each(folded: &str, fewest: usize) -> u32 {
    let han: Vec<char> = folded.chars().filter(|c| is_han(*c)).collect();
    if han.len() < fewest { 0 } else { cost(&han) / han.len() as u32 }
}
