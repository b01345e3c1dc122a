//! What each character may be read as, as far as it matters to the words of one configuration.

use std::collections::HashMap;

use super::lattice::{Reading, Way};
use super::sounds::{SOUNDS, is_han};
use super::tables::{Stand, TABLES};
use super::{DIGITS, LETTERS, ODD, View};

/// The words of a set of codes.
const ROW: usize = 8;

/// A set of codes. Codes beyond its size share bits: it may hold more than was put in, never less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits([u64; ROW]);

impl Bits {
    pub(super) const NONE: Self = Self([0; ROW]);

    #[inline]
    pub(super) fn set(&mut self, code: u16) {
        self.0[usize::from(code / 64) % ROW] |= 1 << (code % 64);
    }

    #[inline]
    fn has(&self, code: u16) -> bool {
        self.0[usize::from(code / 64) % ROW] & 1 << (code % 64) != 0
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(own, other)| *own |= other);
    }

    /// Whether both have a code.
    #[inline]
    pub(super) fn meet(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).fold(0, |all, (own, other)| all | own & other) != 0
    }
}

/// What is known of one character.
#[derive(Default)]
struct Known {
    ways: (u32, u32),
    /// The codes of its ways.
    bits: Bits,
    /// What it begins that has several characters or stands for several.
    leaps: Vec<Far>,
    /// The character it is where it is a part of another: 人 for 亻.
    whole: char,
    /// It is no letter and no digit and stands for something.
    symbol: bool,
}

/// Several characters that stand for one, or one or more that stand for several.
pub(super) struct Far {
    pub(super) view: View,
    pub(super) stand: &'static Stand,
}

impl Known {
    fn far(&mut self, stands: &'static [Stand], view: View, meant: &HashMap<char, Vec<u16>>) {
        let far = |stand: &&Stand| stand.rest.len() + stand.target.len() > 1;
        let matters = |stand: &&Stand| stand.target.iter().all(|c| meant.contains_key(c));
        self.leaps.extend(stands.iter().filter(far).filter(matters).map(|stand| Far { view, stand }));
    }
}

/// How far the flat table goes: planes 0 and 1.
const FLAT: usize = 0x2_0000;

/// The ways to read every character.
#[derive(Default)]
pub(super) struct Readings {
    /// For each character its place in `known`; 0 for those that mean nothing here.
    places: Box<[u16]>,
    known: Vec<Known>,
    ways: Vec<Way>,
    /// The codes of each character of some word.
    meant: HashMap<char, Vec<u16>>,
    used: Bits,
}

impl Readings {
    /// The readings that matter to words of these characters.
    pub(super) fn of(words: impl Iterator<Item = char>) -> Self {
        let mut readings = Self { places: vec![0; FLAT].into_boxed_slice(), ..Self::default() };
        readings.known.push(Known::default());
        let mut odd = ODD;
        for c in words {
            readings.meant.entry(c).or_insert_with(|| {
                let codes = codes(c);
                if codes.is_empty() {
                    odd = odd.saturating_add(1);
                    return vec![odd];
                }
                codes
            });
        }
        for code in readings.meant.values().flatten() {
            readings.used.set(*code);
        }
        let (meant, marked) = (|c: &char| readings.meant.contains_key(c), |c: &char| TABLES.of(*c).is_some());
        let matters = |c: &char| c.is_ascii_alphanumeric() || is_han(*c) || meant(c) || marked(c);
        let chars: Vec<char> = (0..FLAT as u32).filter_map(char::from_u32).filter(matters).collect();
        chars.into_iter().for_each(|c| readings.learn(c));
        readings
    }

    fn learn(&mut self, c: char) {
        let start = self.ways.len() as u32;
        let mut known = Known::default();
        let mut said = false;
        for syllable in SOUNDS.of(c) {
            said = true;
            let code = SOUNDS.class(syllable);
            if self.uses(code) {
                self.ways.push(Way { code, how: Reading::Said(c, Some(syllable)) });
            }
        }
        if !said && let Some(code) = plain_code(c).or_else(|| self.codes(c).first().copied()) {
            self.ways.push(Way { code, how: Reading::Said(c, None) });
        }
        if let Some(table) = TABLES.of(c) {
            let stands = |stands: &[Stand], view| -> Vec<(char, View)> {
                let alone = stands.iter().filter(|stand| stand.rest.is_empty() && stand.target.len() == 1);
                alone.filter_map(|stand| Some((*stand.target.first()?, view))).collect()
            };
            let shapes = table.shapes.iter().map(|target| (*target, View::Shape));
            let symbols = stands(&table.symbols, View::Symbol).into_iter().chain(stands(&table.letters, View::Letter));
            for (target, view) in shapes.chain(symbols) {
                let how = Reading::Stands(view, target);
                let codes = if view == View::Symbol { codes(target) } else { self.codes(target).to_vec() };
                self.ways.extend(codes.into_iter().filter(|code| self.used.has(*code)).map(|code| Way { code, how }));
            }
            known.symbol = !table.symbols.is_empty() && !c.is_alphanumeric();
            known.far(&table.symbols, View::Symbol, &self.meant);
            known.far(&table.letters, View::Letter, &self.meant);
        }
        let whole = TABLES.whole(c);
        if let Some(table) = TABLES.of(whole) {
            known.far(&table.splits, View::Split, &self.meant);
        }
        known.whole = whole;
        known.ways = (start, self.ways.len() as u32);
        for way in self.ways.get(start as usize..).unwrap_or_default() {
            known.bits.set(way.code);
        }
        if (known.bits != Bits::NONE || !known.leaps.is_empty() || known.symbol || whole != c)
            && let Some(place) = self.places.get_mut(c as usize)
        {
            *place = self.known.len() as u16;
            self.known.push(known);
        }
    }

    /// Where a character is known.
    #[inline]
    pub(super) fn place(&self, c: char) -> u32 {
        self.places.get(c as usize).map_or(0, |place| u32::from(*place))
    }

    #[inline]
    fn at(&self, place: u32) -> &Known {
        &self.known[place as usize]
    }

    /// The ways to read it by itself.
    #[inline]
    pub(super) fn ways(&self, place: u32) -> &[Way] {
        let (from, to) = self.at(place).ways;
        self.ways.get(from as usize..to as usize).unwrap_or_default()
    }

    /// Their codes.
    #[inline]
    pub(super) fn bits(&self, place: u32) -> &Bits {
        &self.at(place).bits
    }

    /// What it begins that has several characters or stands for several.
    #[inline]
    pub(super) fn leaps(&self, place: u32) -> &[Far] {
        &self.at(place).leaps
    }

    /// The character it is where it is a part of another.
    #[inline]
    pub(super) fn whole(&self, place: u32, c: char) -> char {
        if place == 0 { c } else { self.at(place).whole }
    }

    /// Whether it is a symbol that stands for something.
    pub(super) fn is_symbol(&self, c: char) -> bool {
        self.at(self.place(c)).symbol
    }

    /// The codes of a character of some word.
    pub(super) fn codes(&self, c: char) -> &[u16] {
        self.meant.get(&c).map_or(&[], Vec::as_slice)
    }

    /// Whether some word has this code, or one that shares its bit.
    pub(super) fn uses(&self, code: u16) -> bool {
        self.used.has(code)
    }
}

/// The codes that a character has in the trie by its sounds, or as a letter or digit.
fn codes(c: char) -> Vec<u16> {
    let mut codes = Vec::new();
    for code in SOUNDS.of(c).map(|syllable| SOUNDS.class(syllable)).chain(plain_code(c)) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

/// The code of a letter or digit.
pub(super) fn plain_code(c: char) -> Option<u16> {
    match c {
        'a'..='z' => Some(LETTERS + (c as u16 - 'a' as u16)),
        '0'..='9' => Some(DIGITS + (c as u16 - '0' as u16)),
        _ => None,
    }
}
