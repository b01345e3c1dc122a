//! What stands for what: parts for characters, look-alikes, symbols, letters. The tables are the text files in `data/`.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use crate::domain::text::folded_char;

/// Something written that stands for something else.
pub(super) struct Stand {
    /// What follows its first character.
    pub(super) rest: Box<[char]>,
    /// What it stands for.
    pub(super) target: Box<[char]>,
}

/// What is known of one character.
#[derive(Default)]
pub(super) struct Known {
    /// The characters that it looks like, most alike first.
    pub(super) shapes: Vec<char>,
    /// Characters that are written as parts beginning with it.
    pub(super) splits: Vec<Stand>,
    /// What it stands for as a symbol, alone or with what follows.
    pub(super) symbols: Vec<Stand>,
    /// What it stands for as a letter or digit, alone or with what follows.
    pub(super) letters: Vec<Stand>,
}

pub(super) struct Tables {
    /// For each character of the first two planes its place in `known`; 0 for those of which nothing is.
    places: Box<[u16]>,
    known: Vec<Known>,
    sides: HashMap<char, char>,
}

/// The tables, read on first use.
pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(Tables::read);

/// More look-alikes of one character are not tried.
const MOST_SHAPES: usize = 6;

/// A part that more characters have makes them look no more alike than any two.
const MOST_SHARING: usize = 40;
/// More of those that were not measured are not tried.
const MOST_SHARED: usize = 10;

/// How far the flat table goes: planes 0 and 1.
const FLAT: usize = 0x2_0000;

impl Tables {
    fn read() -> Self {
        let places = vec![0; FLAT].into_boxed_slice();
        let mut tables = Self { places, known: vec![Known::default()], sides: HashMap::new() };
        for (side, whole) in lines(include_str!("data/sides.txt")) {
            tables.sides.extend(side.chars().next().zip(whole.chars().next()));
        }
        for (target, ways) in lines(include_str!("data/splits.txt")) {
            for parts in ways.split(' ') {
                let parts: Vec<char> = parts.chars().map(|c| tables.whole(c)).collect();
                tables.put(&parts, target, |known| &mut known.splits);
            }
        }
        for (common, rare) in lines(include_str!("data/shapes.txt")) {
            let Some(common) = common.chars().next() else { continue };
            for c in rare.chars().filter(|c| *c != ' ') {
                tables.learn(c, |known| {
                    if known.shapes.len() < MOST_SHAPES && !known.shapes.contains(&common) {
                        known.shapes.push(common);
                    }
                });
            }
        }
        tables.share_parts();
        for (written, targets) in lines(include_str!("data/symbols.txt")) {
            let written: Vec<char> = written.chars().filter(|c| *c != '\u{FE0F}').collect();
            targets.split(' ').for_each(|target| tables.put(&written, target, |known| &mut known.symbols));
            // What a picture shows stands for each character of its name too: 🔬, 显微镜, for 微.
            let singles: BTreeSet<char> = targets.chars().filter(|c| *c != ' ').collect();
            let known = |c: &char| targets.split(' ').any(|target| target.chars().eq([*c]));
            for c in singles.into_iter().filter(|c| !known(c)) {
                tables.put(&written, c.encode_utf8(&mut [0; 4]), |known| &mut known.symbols);
            }
        }
        for (written, targets) in lines(include_str!("data/letters.txt")) {
            let written: Vec<char> = written.chars().collect();
            targets.split(' ').for_each(|target| tables.put(&written, target, |known| &mut known.letters));
        }
        tables.known.shrink_to_fit();
        tables
    }

    /// Takes characters for look-alikes that were not measured as such: those of a group of `alike.txt`; those that have the same
    /// part at their end, as 站 and 沾, 货 and 贷, where not all too many have it; and a character and its part, as 溅 and 贱.
    fn share_parts(&mut self) {
        let mut by_part: HashMap<char, Vec<char>> = HashMap::new();
        let mut pairs: Vec<(char, char)> = Vec::new();
        for (target, ways) in lines(include_str!("data/splits.txt")) {
            let Some(whole) = target.chars().next() else { continue };
            for parts in ways.split(' ') {
                let parts: Vec<char> = parts.chars().map(|c| self.whole(c)).collect();
                pairs.extend(parts.iter().flat_map(|part| [(whole, *part), (*part, whole)]));
                if let [_, last] = *parts {
                    let alike = by_part.entry(last).or_default();
                    if !alike.contains(&whole) {
                        alike.push(whole);
                    }
                }
            }
        }
        let groups = include_str!("data/alike.txt").lines().filter(|line| !line.starts_with('#'));
        for group in groups.flat_map(str::split_whitespace) {
            self.are_alike(&group.chars().collect::<Vec<_>>());
        }
        let mut shared: Vec<Vec<char>> = by_part.into_values().filter(|alike| alike.len() <= MOST_SHARING).collect();
        shared.sort_unstable();
        shared.iter().for_each(|alike| self.are_alike(alike));
        pairs.iter().for_each(|(one, other)| self.looks_like(*one, *other));
    }

    /// Each of these looks like the others, the first of them more than the rest.
    fn are_alike(&mut self, all: &[char]) {
        for one in all {
            all.iter().filter(|other| *other != one).for_each(|other| self.looks_like(*one, *other));
        }
    }

    fn looks_like(&mut self, one: char, other: char) {
        self.learn(one, |known| {
            if known.shapes.len() < MOST_SHAPES + MOST_SHARED && !known.shapes.contains(&other) {
                known.shapes.push(other);
            }
        });
    }

    fn put(&mut self, written: &[char], target: &str, of: impl FnOnce(&mut Known) -> &mut Vec<Stand>) {
        let target: Box<[char]> = target.chars().collect();
        if let (Some((first, rest)), false) = (written.split_first(), target.is_empty()) {
            self.learn(*first, |known| of(known).push(Stand { rest: rest.into(), target }));
        }
    }

    fn learn(&mut self, c: char, what: impl FnOnce(&mut Known)) {
        let next = self.known.len();
        let Some(place) = self.places.get_mut(c as usize) else { return };
        if *place == 0 {
            *place = next as u16;
            self.known.push(Known::default());
        }
        self.known.get_mut(usize::from(*place)).map(what);
    }

    /// A radical as the character that it is: 亻 as 人.
    pub(super) fn whole(&self, side: char) -> char {
        let side = folded_char(side).unwrap_or(side);
        self.sides.get(&side).copied().unwrap_or(side)
    }

    /// Every character of which something is known.
    pub(super) fn all(&self) -> impl Iterator<Item = (char, &Known)> {
        (0..FLAT as u32).filter_map(char::from_u32).filter_map(|c| Some((c, self.of(c)?)))
    }

    /// What is known of a character.
    #[inline]
    pub(super) fn of(&self, c: char) -> Option<&Known> {
        let place = self.places.get(c as usize).copied().filter(|place| *place != 0)?;
        self.known.get(usize::from(place))
    }
}

/// The lines of a table: what stands before the first space, and what behind it.
fn lines(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("# ") && *line != "#");
    lines.filter_map(|line| line.split_once(' ').map(|(first, rest)| (first, rest.trim())))
}
