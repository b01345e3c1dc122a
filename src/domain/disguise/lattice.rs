//! A text as everything it may be read as: at each place, what may stand there and where it goes on.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use super::ordinary::Costs;
use super::readings::{Far, Readings};
use super::sounds::{SOUNDS, Syllable, is_han};
use super::{View, WIDEST_GAP};
use crate::domain::text::{Class, GapKind, Shortcode, class_of, shortcode};

/// One character of the text that may carry meaning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// Folded; a symbol as it is.
    pub(super) c: char,
    /// Its code point in the original.
    pub(super) at: u32,
    /// Behind its last one: a shortcode has several.
    pub(super) until: u32,
    /// What was dropped before it.
    pub(super) gap: Option<GapKind>,
    /// How many characters were dropped before it.
    dropped: u32,
    /// A symbol: it may also be noise.
    symbol: bool,
    /// A symbol that is a part of the one before it: 💇‍♀ is one picture, no 💇 and a ♀.
    joined: bool,
    /// A Latin letter with a sign of its own: ş, ö.
    pub(super) accented: bool,
    /// The place of its character in [`Readings`].
    known: u32,
    /// Behind the repetitions of its character that begin with it.
    run: u32,
    /// Behind the noise that it may begin: symbols, what says little between two characters of Han, what stands in brackets; else 0.
    noise: u32,
    /// Behind those from it on that are read one by one, each as one character.
    single: u32,
}

impl Unit {
    /// Whether no word goes on from what stands before it.
    pub(super) fn parted(&self) -> bool {
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

/// A way from one place to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    pub(super) to: u32,
    pub(super) way: Way,
}

/// What a character costs at least that may stand for another one that looks like it, or has its rarer sound.
const ODD: i32 = 80;
/// Beside one that costs so much …
const VERY_ODD: i32 = 100;
/// … this is enough: who writes one character of a word otherwise does so with others of it.
const RATHER_ODD: i32 = 40;

/// More characters of other scripts between two of Han are a word or a number.
const MOST_OTHERS: usize = 3;

/// Characters of Han that between two others may be no more than a line, a box or a breath.
const SAYS_LITTLE: &str = "一丨囗丶丿亅乚口了个过着啊呀哈哦呢嘛吧啦";

/// Brackets around what may be noise, as 裸（luo）聊: no more characters than these.
const MOST_IN_BRACKETS: usize = 10;
const OPENING: &str = "(（[【〔〖「『《〈<{｛";
const CLOSING: &str = ")）]】〕〗」』》〉>}｝";

/// What makes several pictures one.
const JOINER: char = '\u{200D}';

/// Fewer letters in a row are one word, whatever they spell.
const FEWEST_LETTERS: usize = 10;
/// More letters in a row are not looked at from one place.
const MOST_LETTERS: usize = 48;

/// Words and short forms in Latin letters of everyday use.
static USUAL_LATIN: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("data/latin.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

#[derive(Debug, Default)]
pub(super) struct Lattice {
    pub(super) units: Vec<Unit>,
    /// By the place that they leave. What stands for several characters goes through places of its own behind the end.
    moves: Vec<Move>,
    /// Where the moves of each place begin.
    starts: Vec<u32>,
    links: Vec<Move>,
    /// Whether there is a symbol.
    pub(super) has_symbols: bool,
}

impl Lattice {
    /// Another text.
    pub(super) fn set(&mut self, original: &str, readings: &Readings, costs: &mut Costs) {
        self.read(original, readings);
        costs.set(&self.units, |unit| (unit.c, unit.gap >= Some(GapKind::Clause)));
        self.moves.clear();
        self.starts.clear();
        self.links.clear();
        for at in 0..self.units.len() {
            let first = self.moves.len();
            self.starts.push(first as u32);
            let Unit { c, known, joined, .. } = self.units[at];
            let to = at as u32 + 1;
            let odd = self.is_odd(at, costs);
            if !joined {
                self.moves.extend(readings.ways(known, odd).iter().map(|way| Move { to, way: *way }));
            }
            let near = self.moves.len();
            if c.is_ascii_lowercase() {
                self.spell(at, readings);
            }
            let next = self.units.get(at + 1).map(|unit| (unit.known, unit.c));
            for far in readings.fars(known, next) {
                self.leap(at, far, readings);
            }
            if self.moves.len() > near {
                self.units[at].single = at as u32;
            }
        }
        // the end of the text is a place too, from which nothing leads on; the links lie behind it
        let links = self.moves.len() as u32;
        self.starts.push(links);
        self.starts.extend((links..).take(self.links.len() + 1));
        self.moves.append(&mut self.links);
        for at in (0..self.units.len().saturating_sub(1)).rev() {
            if self.units[at].single > at as u32 {
                self.units[at].single = self.units[at + 1].single.max(at as u32 + 1);
            }
        }
    }

    /// Whether a character stands where it hardly belongs, so that it may well stand for another: a digit that is no part
    /// of a number, or what is unusual there.
    fn is_odd(&self, at: usize, costs: &Costs) -> bool {
        let digit = |at: usize| self.units.get(at).is_some_and(|unit| unit.c.is_ascii_digit());
        if digit(at) {
            return !digit(at + 1) && at.checked_sub(1).is_none_or(|before| !digit(before));
        }
        let at = at as u32;
        let own = |at: u32| costs.of(at, at + 1);
        let near = |at: u32| own(at) >= VERY_ODD;
        own(at) >= ODD || own(at) >= RATHER_ODD && (near(at + 1) || at.checked_sub(1).is_some_and(near))
    }

    fn read(&mut self, original: &str, readings: &Readings) {
        self.units.clear();
        self.has_symbols = false;
        let (mut gap, mut dropped) = (None, 0);
        let (mut at, mut rest, mut last) = (0, original, '\0');
        let mut opened = None;
        while let Some(c) = rest.chars().next() {
            let shortcode = shortcode(rest).unwrap_or(Shortcode { sign: c, chars: 1, bytes: c.len_utf8() });
            let Shortcode { sign: written, chars, bytes } = shortcode;
            rest = rest.get(bytes..).unwrap_or_default();
            let mut put = |c: char, symbol: bool| {
                let known = readings.place(c);
                let accented = matches!(written, '\u{80}'..='\u{24F}');
                self.units.push(Unit {
                    c,
                    at,
                    until: at + chars,
                    gap,
                    dropped,
                    symbol,
                    joined: symbol && last == JOINER,
                    accented,
                    known,
                    run: 0,
                    noise: 0,
                    single: 0,
                });
                (gap, dropped) = (None, 0);
            };
            match class_of(written) {
                Class::Kept(c) => put(c, false),
                Class::Many(text) => text.chars().for_each(|c| put(c, false)),
                Class::Unseen => {}
                Class::Dropped(_) if readings.is_symbol(written) => {
                    self.has_symbols = true;
                    put(written, true);
                }
                Class::Dropped(kind) => {
                    gap = gap.max(Some(kind));
                    dropped += u32::from(!(c.is_whitespace() && last.is_whitespace()));
                    if OPENING.contains(written) {
                        opened = Some(self.units.len());
                    } else if CLOSING.contains(written) {
                        self.close(opened.take());
                    }
                }
            }
            at += chars;
            last = c;
        }
        for at in (0..self.units.len()).rev() {
            let behind = at as u32 + 1;
            let next = self.units.get(at + 1).copied();
            let filler = self.behind_filler(at) as u32;
            let unit = &mut self.units[at];
            unit.run = next.filter(|next| next.repeats(unit)).map_or(behind, |next| next.run);
            if unit.symbol {
                unit.noise = next.filter(|next| next.symbol).map_or(behind, |next| next.noise);
            } else if unit.noise == 0 {
                unit.noise = filler;
            }
            unit.single = if unit.noise > 0 || unit.run != behind { at as u32 } else { behind };
        }
    }

    /// What stands in brackets from a place on may be noise.
    fn close(&mut self, opened: Option<usize>) {
        let end = self.units.len();
        let few = opened.filter(|at| end - at <= MOST_IN_BRACKETS);
        if let Some(unit) = few.and_then(|at| self.units.get_mut(at)).filter(|unit| !unit.symbol) {
            unit.noise = end as u32;
        }
    }

    /// Behind what begins at a place and may say nothing, where it stands between two characters of Han; else 0.
    fn behind_filler(&self, at: usize) -> usize {
        let is_between_han = |end: usize| {
            let is_han = |at: usize| self.units.get(at).is_some_and(|unit| is_han(unit.c));
            at.checked_sub(1).is_some_and(is_han) && is_han(end)
        };
        let other = |unit: &&Unit| !is_han(unit.c) && !unit.symbol;
        let rest = self.units.get(at..).unwrap_or_default();
        let length = match rest.first() {
            Some(unit) if SAYS_LITTLE.contains(unit.c) => 1,
            _ => rest.iter().take(MOST_OTHERS + 1).take_while(other).count(),
        };
        // 满300减 has a number in it; ½ is one sign.
        let number = match rest.get(..length) {
            Some([first, .., last]) if first.at != last.at => {
                rest.iter().take(length).all(|unit| unit.c.is_ascii_digit())
            }
            _ => false,
        };
        let end = at + length;
        if (1..=MOST_OTHERS).contains(&length) && !number && is_between_han(end) { end } else { 0 }
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
            self.stand((at + 1 + rest.len()) as u32, far.view, &far.stand.target, readings);
        }
    }

    /// The units from this one to `to` stand for these characters.
    fn stand(&mut self, to: u32, view: View, target: &[char], readings: &Readings) {
        let Some((first, rest)) = target.split_first() else { return };
        let first_link = (self.units.len() + 1 + self.links.len()) as u32;
        for (no, c) in (1..).zip(rest) {
            let to = if no as usize == rest.len() { to } else { first_link + no };
            let Some(code) = readings.codes(*c).first() else { return };
            self.links.push(Move { to, way: Way { code: *code, how: Reading::Stands(view, *c) } });
        }
        let to = if rest.is_empty() { to } else { first_link };
        for code in readings.codes(*first) {
            self.moves.push(Move { to, way: Way { code: *code, how: Reading::Stands(view, *first) } });
        }
    }

    /// The syllables that the letters from here spell.
    fn spell(&mut self, at: usize, readings: &Readings) {
        let units = self.units.get(at..).unwrap_or_default();
        let joined = |(no, unit): &(usize, &Unit)| *no == 0 || unit.gap.is_none_or(|gap| gap == GapKind::Separator);
        let letters = units.iter().enumerate().take_while(joined).map(|(_, unit)| unit.c);
        let moves = &mut self.moves;
        SOUNDS.spelled(letters, |count, syllable| {
            let code = SOUNDS.class(syllable);
            if count > 1 && readings.uses(code) {
                moves.push(Move { to: (at + count) as u32, way: Way { code, how: Reading::Spelled(syllable) } });
            }
        });
    }

    /// The ways from a place.
    #[inline]
    pub(super) fn moves(&self, place: u32) -> &[Move] {
        let at = place as usize;
        let (Some(from), Some(to)) = (self.starts.get(at), self.starts.get(at + 1)) else { return &[] };
        self.moves.get(*from as usize..*to as usize).unwrap_or_default()
    }

    /// Where the noise ends that begins at a place, if no word is parted in it.
    fn behind_noise(&self, place: u32, end: u32) -> Option<u32> {
        let few = (1..=WIDEST_GAP).contains(&end.saturating_sub(place));
        let parted = || self.units.iter().take(end as usize + 1).skip(place as usize + 1).any(Unit::parted);
        (few && !parted()).then_some(end)
    }

    /// Where a word may go on behind a place: there, or behind symbols or fillers that are noise, or behind repetitions of what was
    /// read last.
    #[inline]
    pub(super) fn nexts(&self, place: u32) -> impl Iterator<Item = u32> + use<> {
        let nexts = match self.units.get(place as usize) {
            None => [Some(place), None, None],
            Some(unit) if unit.parted() => [None; 3],
            Some(unit) => {
                let noise = self.behind_noise(place, unit.noise);
                [Some(place), noise, self.repeats(place).then_some(unit.run)]
            }
        };
        nexts.into_iter().flatten()
    }

    /// Whether what stands at `from..to`, and is left out, is no symbol.
    pub(super) fn is_filler(&self, from: u32, to: u32) -> bool {
        from < to
            && !self.repeats(from)
            && self.units.get(from as usize).is_some_and(|unit| !unit.symbol && unit.noise == to)
    }

    /// Whether a place has the character before it once more. A word need not begin there: it begins with the first of
    /// them, and only so is a text of one character walked once and not once from each of its places.
    #[inline]
    pub(super) fn repeats(&self, place: u32) -> bool {
        let at = place as usize;
        let before = at.checked_sub(1).and_then(|before| self.units.get(before));
        before.zip(self.units.get(at)).is_some_and(|(before, unit)| unit.repeats(before))
    }

    /// Whether the letters before a place and those from it on are nothing but syllables: 下载注册 in letters, xiazaizhuce.
    pub(super) fn is_between_syllables(&self, place: usize) -> bool {
        let run = self.letters_around(place);
        // a short word of another language may be syllables too: rule; next to a digit letters are an account
        place > run.start
            && self.are_syllables(run.start..place)
            && self.are_syllables(place..run.end)
            && self.syllables_about(run) >= FEWEST_LETTERS
    }

    /// Whether a letter is one of a syllable, with whose others it stands alone: shuo is no s and huo.
    pub(super) fn is_of_syllable(&self, place: u32) -> bool {
        let run = self.letters_around(place as usize);
        let vowel = |unit: &Unit| matches!(unit.c, 'a' | 'e' | 'i' | 'o' | 'u' | 'v');
        self.is_letter(place as usize)
            && run.len() > 1
            && self.units.get(run.clone()).unwrap_or_default().iter().any(vowel)
            && self.are_syllables(run)
    }

    fn is_letter(&self, at: usize) -> bool {
        self.units.get(at).is_some_and(|unit| unit.c.is_ascii_lowercase())
    }

    /// The letters in a row that a place is among; few of them where they go on for long.
    pub(super) fn letters_around(&self, place: usize) -> Range<usize> {
        let goes_on = |at: usize| self.is_letter(at) && self.units.get(at).is_some_and(|unit| unit.gap.is_none());
        let before =
            (0..place).rev().take(MOST_LETTERS).take_while(|at| self.is_letter(*at) && goes_on(*at + 1)).count();
        let behind = (place + 1..).take(MOST_LETTERS).take_while(|at| goes_on(*at)).count();
        place - before..place + 1 + behind
    }

    fn are_syllables(&self, run: Range<usize>) -> bool {
        let letters: Vec<char> = self.units.get(run).unwrap_or_default().iter().map(|unit| unit.c).collect();
        SOUNDS.are_syllables(&letters)
    }

    /// How many letters stand in a row there and in the rows next to it that are syllables too: who writes in pinyin writes so on.
    fn syllables_about(&self, run: Range<usize>) -> usize {
        let space = |at: usize| self.units.get(at).is_some_and(|unit| unit.gap == Some(GapKind::Separator));
        let before = |run: &Range<usize>| run.start.checked_sub(1).filter(|_| space(run.start));
        let behind = |run: &Range<usize>| Some(run.end).filter(|end| space(*end));
        let mut count = run.len();
        for beside in [&before as &dyn Fn(&Range<usize>) -> Option<usize>, &behind] {
            let next =
                |run: &Range<usize>| beside(run).filter(|at| self.is_letter(*at)).map(|at| self.letters_around(at));
            let mut here = run.clone();
            while count < FEWEST_LETTERS
                && let Some(row) = next(&here).filter(|row| self.are_syllables(row.clone()))
            {
                count += row.len();
                here = row;
            }
        }
        count
    }

    /// How many characters a reading of `start..end` has at least.
    #[inline]
    pub(super) fn fewest(&self, start: u32, end: u32) -> u32 {
        let single = self.units.get(start as usize).map_or(start, |unit| unit.single);
        if single >= end { end - start } else { single - start + 1 }
    }
}

/// Whether letters are a word or a short form of everyday use, as ok, mb, ssl.
pub(super) fn is_usual_latin(letters: &str) -> bool {
    USUAL_LATIN.contains(letters)
}
