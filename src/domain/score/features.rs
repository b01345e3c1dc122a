//! What a text is made of, as numbers: runs of one to three characters and of two or three syllables, each hashed, and a few
//! things about its build. No list of known runs is kept, so a disguise that was never seen still shares pieces with others.

use super::spell::{SPELL, Sound};
use crate::domain::case::Span;
use crate::domain::rules::may_have_address;
use crate::domain::text::{Class, Text, class_of, half_width};

/// Changes whenever the same text gives other features: a model of another version means nothing here.
pub const VERSION: u32 = 1;

/// Runs are no longer than this, in characters or syllables.
const LONGEST: usize = 3;
/// More of a text is not looked at, in code points: what runs say adds up with their number, and of thousands in a row anything is
/// said surely. What stands beyond is looked at sentence by sentence, and by other rules.
const MOST: usize = 500;

/// The views, and what else is counted: the same run in two of them is two features.
#[derive(Clone, Copy)]
enum Of {
    /// Characters, digits all alike.
    Seen = 1,
    /// Characters, where a digit is among them.
    Digits = 2,
    Sounds = 3,
    Build = 4,
}

/// Codes above all characters.
const START: u32 = 0x20_0000;
const END: u32 = 0x20_0001;
const DIGIT: u32 = 0x20_0002;
/// Noise: this and the character.
const NOISE: u32 = 0x40_0000;

/// A character as it is read here.
#[derive(Clone, Copy)]
struct Unit {
    /// The folded character; [`DIGIT`] for digits, above [`NOISE`] for what a fold drops.
    code: u32,
    /// The same with the digit that it is.
    exact: u32,
    /// Its code point in the original.
    at: u32,
}

/// Memory that is used again for each text.
#[derive(Default)]
pub struct Features {
    units: Vec<Unit>,
    /// Those that are no noise, each with whether noise stands before it.
    bare: Vec<(Unit, bool)>,
    sounds: Vec<Sound>,
    build: Build,
    list: Vec<u32>,
}

/// Counts about the build of a text.
#[derive(Clone, Copy, Default)]
struct Build {
    kept: u32,
    unseen: u32,
    noise: u32,
    changed: u32,
    symbols: u32,
    digits: u32,
    latin: u32,
    rare: u32,
    other: u32,
    address: bool,
}

impl Features {
    /// Reads a text and gives every feature of it: a hash, and where it is in the original.
    pub fn each(&mut self, text: &Text, mut give: impl FnMut(u32, Span)) {
        self.read(&text.original);
        runs(&self.units, |unit| unit.code, Of::Seen, 1, |_| true, &mut give);
        if self.build.digits > 0 {
            let digit = |run: &[Unit]| run.iter().any(|unit| unit.code == DIGIT);
            runs(&self.units, |unit| unit.exact, Of::Digits, 1, digit, &mut give);
        }
        if self.build.noise > 0 {
            // The same hashes as without noise: what is pulled apart is what it was.
            let apart = |run: &[(Unit, bool)]| run.iter().skip(1).any(|(_, noise)| *noise);
            runs(&self.bare, |(unit, _)| unit.code, Of::Seen, 2, apart, &mut give);
        }
        SPELL.read(self.bare.iter().map(|(unit, _)| (unit.code, unit.at)), &mut self.sounds);
        runs(&self.sounds, |sound| sound.code, Of::Sounds, 2, |_| true, &mut give);
        let whole = text.whole();
        self.build.address = may_have_address(&text.original);
        self.build.each(|code| give(id(step(salt(Of::Build), code)), whole));
        self.numbers(&mut give);
    }

    /// Every feature of a text, as often as it is there. What looks them all up waits for the memory once and not each time.
    pub fn list(&mut self, text: &Text) -> &[u32] {
        let mut list = std::mem::take(&mut self.list);
        list.clear();
        self.each(text, |feature, _| list.push(feature));
        self.list = list;
        &self.list
    }

    /// The same, sorted: a model learns what it will be asked.
    pub fn all(&mut self, text: &Text) -> Box<[u32]> {
        let mut all: Box<[u32]> = self.list(text).into();
        all.sort_unstable();
        all
    }

    fn read(&mut self, original: &str) {
        self.units.clear();
        self.bare.clear();
        self.build = Build::default();
        self.units.push(Unit { code: START, exact: START, at: 0 });
        let mut noise = false;
        let mut length = 0;
        for (at, c) in (0..).zip(original.chars().take(MOST)) {
            length = at + 1;
            match class_of(c) {
                Class::Kept(to) => self.keep(c, to, at, &mut noise),
                Class::Many(to) => to.chars().for_each(|one| self.keep(c, one, at, &mut noise)),
                Class::Unseen => self.build.unseen += 1,
                Class::Dropped(_) => {
                    self.build.noise += 1;
                    self.build.symbols += u32::from(
                        u32::from(c) > 0x2100
                            && !('\u{3000}'..='\u{303F}').contains(&c)
                            && !('\u{FF00}'..='\u{FFEF}').contains(&c),
                    );
                    let code = NOISE + u32::from(plain(c));
                    // A run of one sign is that sign.
                    if self.units.last().is_none_or(|last| last.code != code) {
                        self.units.push(Unit { code, exact: code, at });
                    }
                    noise = true;
                }
            }
        }
        let at = u32::max(length, 1) - 1;
        self.units.push(Unit { code: END, exact: END, at });
    }

    fn keep(&mut self, written: char, to: char, at: u32, noise: &mut bool) {
        let exact = u32::from(to);
        let code = if to.is_ascii_digit() { DIGIT } else { exact };
        let unit = Unit { code, exact, at };
        self.units.push(unit);
        self.bare.push((unit, std::mem::take(noise)));
        let build = &mut self.build;
        build.kept += 1;
        build.changed += u32::from(written != to && !written.is_ascii());
        match to {
            '0'..='9' => build.digits += 1,
            'a'..='z' => build.latin += 1,
            '\u{4E00}'..='\u{9FA5}' => build.rare += u32::from(!SPELL.is_usual(to)),
            '\u{3400}'..='\u{9FFF}' => build.rare += 1,
            _ => build.other += 1,
        }
    }

    /// How long the runs of digits are, and those of Latin letters and digits, whatever noise is between.
    fn numbers(&self, give: &mut impl FnMut(u32, Span)) {
        let is_digit = |unit: &Unit| unit.code == DIGIT;
        let is_latin = |unit: &Unit| is_digit(unit) || u8::try_from(unit.code).is_ok_and(|c| c.is_ascii_lowercase());
        let same = |a: &(Unit, bool), b: &(Unit, bool)| is_latin(&a.0) == is_latin(&b.0);
        for run in self.bare.chunk_by(same) {
            let (Some((first, _)), Some((last, _))) = (run.first(), run.last()) else { continue };
            if !is_latin(first) {
                continue;
            }
            let span = Span { start: first.at, end: last.at + 1 };
            let digits = run.iter().filter(|(unit, _)| is_digit(unit)).count();
            let mixed = digits > 0 && digits < run.len();
            let kind = if mixed { 2 } else { u32::from(digits > 0) };
            let length = run.len().min(15) as u32;
            give(id(step(step(salt(Of::Build), 0x1000 + kind), length)), span);
        }
    }
}

impl Build {
    fn each(&self, mut give: impl FnMut(u32)) {
        let share = |part: u32| (part * 8).div_ceil(self.kept + self.noise + 1);
        let all = [
            32 - (self.kept + 1).leading_zeros(),
            self.unseen.min(3),
            share(self.noise),
            share(self.changed),
            self.symbols.min(4),
            self.digits.min(16),
            share(self.latin),
            self.rare.min(6),
            self.other.min(4),
            u32::from(self.address),
        ];
        for (kind, value) in (0..).zip(all) {
            if value > 0 {
                give(kind << 8 | value);
            }
        }
    }
}

/// Every run of units from `least` to [`LONGEST`] long that is wanted.
fn runs<U>(
    units: &[U],
    code: impl Fn(&U) -> u32,
    of: Of,
    least: usize,
    wanted: impl Fn(&[U]) -> bool,
    give: &mut impl FnMut(u32, Span),
) where
    U: Place,
{
    for from in 0..units.len() {
        let run = units.get(from..units.len().min(from + LONGEST)).unwrap_or_default();
        let Some(first) = run.first() else { continue };
        let mut hash = salt(of);
        for (last, unit) in run.iter().enumerate() {
            hash = step(hash, code(unit));
            if last + 1 >= least && run.get(..=last).is_some_and(&wanted) {
                give(id(hash), Span { start: first.from(), end: unit.to() });
            }
        }
    }
}

/// Where a unit is in the original.
trait Place {
    fn from(&self) -> u32;
    fn to(&self) -> u32;
}

impl Place for Unit {
    fn from(&self) -> u32 {
        self.at
    }
    fn to(&self) -> u32 {
        self.at + 1
    }
}

impl Place for (Unit, bool) {
    fn from(&self) -> u32 {
        self.0.at
    }
    fn to(&self) -> u32 {
        self.0.at + 1
    }
}

impl Place for Sound {
    fn from(&self) -> u32 {
        self.from
    }
    fn to(&self) -> u32 {
        self.to
    }
}

/// A sign without the differences that say nothing.
fn plain(c: char) -> char {
    if c.is_whitespace() { ' ' } else { half_width(c) }
}

const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

const fn salt(of: Of) -> u64 {
    (of as u64).wrapping_mul(MIX)
}

fn step(hash: u64, code: u32) -> u64 {
    (hash ^ u64::from(code)).wrapping_mul(MIX).rotate_left(29)
}

fn id(hash: u64) -> u32 {
    (hash.wrapping_mul(MIX) >> 32) as u32
}
