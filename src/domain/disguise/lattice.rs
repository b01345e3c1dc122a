//! A text as everything it may be read as: at each place, what may stand there and where it goes on.

use super::readings::{Bits, Far, Readings};
use super::sounds::{SOUNDS, Sounds, Syllable};
use super::{View, WIDEST_GAP};
use crate::domain::text::{Class, GapKind, class_of};

/// One character of the text that may carry meaning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// Folded; a symbol as it is.
    pub(super) c: char,
    /// Its code point in the original.
    pub(super) at: u32,
    /// What was dropped before it.
    pub(super) gap: Option<GapKind>,
    /// How many characters were dropped before it.
    dropped: u32,
    /// A symbol: it may also be noise.
    symbol: bool,
    /// The place of its character in [`Readings`].
    known: u32,
    /// Behind the repetitions of its character that begin with it.
    run: u32,
    /// Behind the symbols that begin with it.
    noise: u32,
}

impl Unit {
    /// Whether no word goes on from what stands before it.
    fn parted(&self) -> bool {
        self.gap == Some(GapKind::Barrier) || self.dropped > WIDEST_GAP
    }

    /// Whether it is the character before it once more.
    fn repeats(&self, before: &Self) -> bool {
        self.c == before.c && !self.parted()
    }
}

/// One way to read a character, or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// What the trie knows it as.
    pub(super) code: u16,
    /// How it is read.
    pub(super) how: Reading,
}

/// How a place is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// The character itself, or another one of this sound.
    Said(char, Option<Syllable>),
    /// Letters that spell this syllable.
    Spelled(Syllable),
    /// Something else that stands for this character.
    Stands(View, char),
}

/// A way that does not lead to the next unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leap {
    from: u32,
    pub(super) to: u32,
    pub(super) way: Way,
}

#[derive(Debug, Default)]
pub(super) struct Lattice {
    pub(super) units: Vec<Unit>,
    /// By the place that they leave. What stands for several characters goes through places of its own behind all units.
    leaps: Vec<Leap>,
    links: Vec<Leap>,
    letters: String,
}

impl Lattice {
    /// Another text.
    pub(super) fn set(&mut self, original: &str, readings: &Readings) {
        self.read(original, readings);
        self.leaps.clear();
        self.links.clear();
        for at in 0..self.units.len() {
            let Unit { c, known, .. } = self.units[at];
            if c.is_ascii_lowercase() {
                self.spell(at, &SOUNDS, readings);
            }
            for far in readings.leaps(known) {
                self.leap(at, far, readings);
            }
        }
    }

    fn read(&mut self, original: &str, readings: &Readings) {
        self.units.clear();
        let (mut gap, mut dropped) = (None, 0);
        for (at, c) in (0..).zip(original.chars()) {
            let mut put = |c: char, symbol: bool| {
                self.units.push(Unit { c, at, gap, dropped, symbol, known: readings.place(c), run: 0, noise: 0 });
                (gap, dropped) = (None, 0);
            };
            match class_of(c) {
                Class::Kept(c) => put(c, false),
                Class::Many(text) => text.chars().for_each(|c| put(c, false)),
                Class::Unseen => {}
                Class::Dropped(_) if readings.is_symbol(c) => put(c, true),
                Class::Dropped(kind) => {
                    gap = gap.max(Some(kind));
                    dropped += 1;
                }
            }
        }
        for at in (0..self.units.len()).rev() {
            let behind = at as u32 + 1;
            let next = self.units.get(at + 1).copied();
            let unit = &mut self.units[at];
            unit.run = next.filter(|next| next.repeats(unit)).map_or(behind, |next| next.run);
            unit.noise = next.filter(|next| next.symbol).map_or(behind, |next| next.noise);
        }
    }

    /// Takes what several units stand for, or what stands for several characters, if it is there.
    fn leap(&mut self, at: usize, far: &Far, readings: &Readings) {
        let rest = &far.stand.rest;
        let Some(units) = self.units.get(at + 1..at + 1 + rest.len()) else { return };
        let same = |c: char, unit: &Unit| match far.view {
            View::Split => readings.whole(unit.known, unit.c) == c,
            _ => unit.c == c,
        };
        let near = |unit: &Unit| unit.gap.is_none_or(|gap| gap == GapKind::Separator);
        if rest.iter().zip(units).all(|(c, unit)| same(*c, unit) && near(unit)) {
            self.stand(at as u32, (at + 1 + rest.len()) as u32, far.view, &far.stand.target, readings);
        }
    }

    /// The units `from..to` stand for these characters.
    fn stand(&mut self, from: u32, to: u32, view: View, target: &[char], readings: &Readings) {
        let Some((first, rest)) = target.split_first() else { return };
        let first_link = (self.units.len() + self.links.len()) as u32;
        for (no, c) in (1..).zip(rest) {
            let to = if no as usize == rest.len() { to } else { first_link + no };
            let Some(code) = readings.codes(*c).first() else { return };
            let way = Way { code: *code, how: Reading::Stands(view, *c) };
            self.links.push(Leap { from: first_link + no - 1, to, way });
        }
        let to = if rest.is_empty() { to } else { first_link };
        for code in readings.codes(*first) {
            self.leaps.push(Leap { from, to, way: Way { code: *code, how: Reading::Stands(view, *first) } });
        }
    }

    /// The syllables that the letters from here spell.
    fn spell(&mut self, at: usize, sounds: &Sounds, readings: &Readings) {
        const LONGEST: usize = 6;
        let mut letters = std::mem::take(&mut self.letters);
        letters.clear();
        for end in at..(at + LONGEST).min(self.units.len()) {
            let unit = self.units[end];
            if !unit.c.is_ascii_lowercase() || end > at && unit.gap.is_some_and(|gap| gap != GapKind::Separator) {
                break;
            }
            letters.push(unit.c);
            if end > at
                && let Some(syllable) = sounds.spelled(&letters)
            {
                let code = sounds.class(syllable);
                if readings.uses(code) {
                    let way = Way { code, how: Reading::Spelled(syllable) };
                    self.leaps.push(Leap { from: at as u32, to: end as u32 + 1, way });
                }
            }
        }
        self.letters = letters;
    }

    /// The ways from a place to the next one.
    #[inline]
    pub(super) fn ways<'r>(&self, place: u32, readings: &'r Readings) -> &'r [Way] {
        self.units.get(place as usize).map_or(&[], |unit| readings.ways(unit.known))
    }

    /// The other ways from a place.
    #[inline]
    pub(super) fn leaps(&self, place: u32) -> &[Leap] {
        if let Some(link) = (place as usize).checked_sub(self.units.len()) {
            return self.links.get(link..=link).unwrap_or_default();
        }
        if self.leaps.is_empty() {
            return &[];
        }
        let from = self.leaps.partition_point(|leap| leap.from < place);
        let to = self.leaps.partition_point(|leap| leap.from <= place);
        self.leaps.get(from..to).unwrap_or_default()
    }

    /// Which codes leave a place.
    #[inline]
    pub(super) fn codes(&self, place: u32, readings: &Readings) -> Bits {
        let mut bits = self.units.get(place as usize).map_or(Bits::NONE, |unit| *readings.bits(unit.known));
        for leap in self.leaps(place) {
            bits.set(leap.way.code);
        }
        bits
    }

    /// Where a word may go on behind a place: there, or behind symbols that are noise, or behind repetitions of what was
    /// read last.
    #[inline]
    pub(super) fn nexts(&self, place: u32) -> impl Iterator<Item = u32> + use<> {
        let nexts = match self.units.get(place as usize) {
            None => [Some(place), None, None],
            Some(unit) if unit.parted() => [None; 3],
            Some(unit) => {
                let noise = (unit.symbol && unit.noise - place <= WIDEST_GAP).then_some(unit.noise);
                [Some(place), noise, self.repeats(place).then_some(unit.run)]
            }
        };
        nexts.into_iter().flatten()
    }

    /// Whether a place has the character before it once more. A word need not begin there: it begins with the first of
    /// them, and only so is a text of one character walked once and not once from each of its places.
    #[inline]
    pub(super) fn repeats(&self, place: u32) -> bool {
        let at = place as usize;
        let before = at.checked_sub(1).and_then(|before| self.units.get(before));
        before.zip(self.units.get(at)).is_some_and(|(before, unit)| unit.repeats(before))
    }
}
