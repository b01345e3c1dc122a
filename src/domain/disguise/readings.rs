//! What each character may be read as, as far as it matters to the words of one configuration.

use std::collections::HashMap;

use super::lattice::{Reading, Way};
use super::sounds::{SOUNDS, is_han};
use super::tables::{Stand, TABLES};
use super::{DIGITS, LETTERS, ODD, View};

/// What is known of one character.
#[derive(Clone, Copy, Default)]
struct Known {
    /// Where its ways lie, those first that it has anywhere, and what it begins that is written with several characters or stands for several.
    ways: (u32, u32, u32),
    fars: (u32, u32),
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

impl Far {
    /// What its second character is looked up by.
    fn key(&self) -> u32 {
        self.stand.rest.first().map_or(0, |second| key(*second, self.view))
    }
}

/// Parts are compared as whole characters, anything else as it is.
fn key(second: char, view: View) -> u32 {
    (second as u32) << 1 | u32::from(view == View::Split)
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
    /// By their first character, then by their keys.
    fars: Vec<Far>,
    keys: Vec<u32>,
    /// The codes of each character of some word.
    meant: HashMap<char, Vec<u16>>,
    used: Vec<bool>,
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
        readings.used = vec![false; usize::from(odd) + 1];
        for code in readings.meant.values().flatten() {
            readings.used[usize::from(*code)] = true;
        }
        let (meant, marked) = (|c: &char| readings.meant.contains_key(c), |c: &char| TABLES.of(*c).is_some());
        let matters = |c: &char| c.is_ascii_alphanumeric() || is_han(*c) || meant(c) || marked(c);
        let chars: Vec<char> = (0..FLAT as u32).filter_map(char::from_u32).filter(matters).collect();
        chars.into_iter().for_each(|c| readings.learn(c));
        // Kept as long as the words are: without the room that growing left.
        readings.known.shrink_to_fit();
        readings.ways.shrink_to_fit();
        readings.fars.shrink_to_fit();
        readings.keys.shrink_to_fit();
        readings
    }

    fn learn(&mut self, c: char) {
        let start = (self.ways.len(), self.fars.len());
        let whole = TABLES.whole(c);
        let (mut always, mut rarely) = self.said(c);
        let mut symbol = false;
        if let Some(table) = TABLES.of(c) {
            let alone = |stand: &&Stand| stand.rest.is_empty() && stand.target.len() == 1;
            let targets =
                |stands: &'static [Stand]| stands.iter().filter(alone).filter_map(|stand| stand.target.first());
            targets(&table.symbols).for_each(|target| self.stands(View::Symbol, *target, &mut always));
            let letters = if c.is_ascii_digit() { &mut rarely } else { &mut always };
            targets(&table.letters).for_each(|target| self.stands(View::Letter, *target, letters));
            table.shapes.iter().for_each(|target| self.stands(View::Shape, *target, &mut rarely));
            symbol = !table.symbols.is_empty() && !c.is_alphanumeric();
            self.far(&table.symbols, View::Symbol);
            self.far(&table.letters, View::Letter);
        }
        if let Some(table) = TABLES.of(whole) {
            self.far(&table.splits, View::Split);
        }
        self.ways.append(&mut always);
        let usual = self.ways.len() as u32;
        self.ways.append(&mut rarely);
        let end = (self.ways.len(), self.fars.len());
        if let Some(fars) = self.fars.get_mut(start.1..) {
            fars.sort_by_key(Far::key);
            self.keys.extend(fars.iter().map(Far::key));
        }
        if (start != end || symbol || whole != c)
            && let Some(place) = self.places.get_mut(c as usize)
        {
            *place = self.known.len() as u16;
            let (ways, fars) = ((start.0 as u32, usual, end.0 as u32), (start.1 as u32, end.1 as u32));
            self.known.push(Known { ways, fars, whole, symbol });
        }
    }

    /// A character by its usual sound or as what it is, and by its other sounds.
    fn said(&self, c: char) -> (Vec<Way>, Vec<Way>) {
        let used = |way: &Way| self.uses(way.code);
        let way = |syllable| Way { code: SOUNDS.class(syllable), how: Reading::Said(c, Some(syllable)) };
        let mut sounds = SOUNDS.of(c).map(way);
        let Some(first) = sounds.next() else {
            let itself = plain_code(c).or_else(|| self.codes(c).first().copied());
            return (itself.into_iter().map(|code| Way { code, how: Reading::Said(c, None) }).collect(), Vec::new());
        };
        (Some(first).filter(used).into_iter().collect(), sounds.filter(used).collect())
    }

    /// Adds that something stands for a character; a symbol also for another one of its sound.
    fn stands(&self, view: View, target: char, ways: &mut Vec<Way>) {
        let codes = if view == View::Symbol { codes(target) } else { self.codes(target).to_vec() };
        let syllable = |c, code| SOUNDS.of(c).find(|syllable| SOUNDS.class(*syllable) == code);
        for code in codes.into_iter().filter(|code| self.uses(*code)) {
            // A symbol is read by sound, so that a second target of one sound adds nothing.
            let same = |way: &Way| match way.how {
                Reading::Stands(View::Symbol, c) => way.code == code && syllable(c, code) == syllable(target, code),
                _ => false,
            };
            if view != View::Symbol || !ways.iter().any(same) {
                ways.push(Way { code, how: Reading::Stands(view, target) });
            }
        }
    }

    fn far(&mut self, stands: &'static [Stand], view: View) {
        let far = |stand: &&Stand| stand.rest.len() + stand.target.len() > 1;
        let matters = |stand: &&Stand| stand.target.iter().all(|c| self.meant.contains_key(c));
        self.fars.extend(stands.iter().filter(far).filter(matters).map(|stand| Far { view, stand }));
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

    /// The ways to read it by itself; those that are taken only where it is odd with `odd`.
    #[inline]
    pub(super) fn ways(&self, place: u32, odd: bool) -> &[Way] {
        let (from, usual, to) = self.at(place).ways;
        let to = if odd { to } else { usual };
        self.ways.get(from as usize..to as usize).unwrap_or_default()
    }

    /// What it begins that has several characters or stands for several, if `next` may follow in it.
    #[inline]
    pub(super) fn fars(&self, place: u32, next: Option<(u32, char)>) -> impl Iterator<Item = &Far> {
        let (from, to) = self.at(place).fars;
        let wanted = match next {
            _ if from == to => [None; 3],
            None => [Some(0), None, None],
            Some((place, c)) => [Some(0), Some(key(self.whole(place, c), View::Split)), Some(key(c, View::Letter))],
        };
        let keys = self.keys.get(from as usize..to as usize).unwrap_or_default();
        let fars = self.fars.get(from as usize..to as usize).unwrap_or_default();
        wanted.into_iter().flatten().flat_map(move |wanted| {
            let from = keys.partition_point(|key| *key < wanted);
            let same = keys.iter().skip(from).take_while(move |key| **key == wanted);
            fars.iter().skip(from).zip(same).map(|(far, _)| far)
        })
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

    /// Whether some word has this code.
    pub(super) fn uses(&self, code: u16) -> bool {
        self.used.get(usize::from(code)).copied().unwrap_or_default()
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
