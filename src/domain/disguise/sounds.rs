//! Syllables without tones: which a character may be read as, and which a run of Latin letters spells.

use std::collections::HashMap;
use std::sync::LazyLock;

use pinyin::{ToPinyin, ToPinyinMulti};

/// A syllable without its tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Syllable(pub(super) u16);

/// More readings of a character are not tried: the rarer ones are what innocent text is mistaken by.
pub(super) const READINGS: usize = 2;

/// The unified ideographs that the table covers.
pub(super) const FIRST_HAN: char = '\u{3400}';
pub(super) const LAST_HAN: char = '\u{9FFF}';
const NONE: u16 = u16::MAX;

/// The letters of the longest syllables.
pub(super) const LONGEST_SPELLING: usize = 6;

pub(super) struct Sounds {
    /// For each Han character its readings, the usual one first.
    readings: Box<[[u16; READINGS]]>,
    /// Each syllable as it is spelled.
    spelled: Vec<&'static str>,
    /// The spellings in order, to be looked for letter by letter.
    spellings: Vec<([u8; LONGEST_SPELLING], Syllable)>,
    /// What a syllable is among those that people take for each other.
    classes: Vec<u16>,
}

/// The table, built on first use from the crate `pinyin` (MIT).
pub(super) static SOUNDS: LazyLock<Sounds> = LazyLock::new(Sounds::build);

impl Sounds {
    fn build() -> Self {
        let mut sounds = Self { readings: Box::default(), spelled: vec![], spellings: vec![], classes: vec![] };
        let mut by_spelling = HashMap::new();
        sounds.readings = (FIRST_HAN..=LAST_HAN).map(|c| sounds.readings_of(c, &mut by_spelling)).collect();
        sounds.spellings =
            by_spelling.iter().filter_map(|(spelled, syllable)| Some((typed(spelled)?, *syllable))).collect();
        sounds.spellings.sort_unstable_by_key(|(spelled, _)| *spelled);
        let mut known = HashMap::new();
        for spelled in &sounds.spelled {
            let next = known.len() as u16;
            sounds.classes.push(*known.entry(blurred(spelled)).or_insert(next));
        }
        sounds
    }

    fn readings_of(&mut self, c: char, known: &mut HashMap<&'static str, Syllable>) -> [u16; READINGS] {
        let mut readings = [NONE; READINGS];
        let first = c.to_pinyin().map(|pinyin| pinyin.plain());
        let others = c.to_pinyin_multi().into_iter().flatten().map(|pinyin| pinyin.plain());
        let mut next = 0;
        for spelled in first.into_iter().chain(others) {
            let Syllable(code) = self.learn(spelled, known);
            if next < READINGS && !readings.contains(&code) {
                readings[next] = code;
                next += 1;
            }
        }
        readings
    }

    fn learn(&mut self, spelled: &'static str, known: &mut HashMap<&'static str, Syllable>) -> Syllable {
        *known.entry(spelled).or_insert_with(|| {
            self.spelled.push(spelled);
            Syllable((self.spelled.len() - 1) as u16)
        })
    }

    /// How a Han character may be read, the usual reading first.
    pub(super) fn of(&self, c: char) -> impl Iterator<Item = Syllable> + '_ {
        let at = (c as usize).checked_sub(FIRST_HAN as usize);
        let readings = at.and_then(|at| self.readings.get(at)).map_or(&[][..], |all| &all[..]);
        readings.iter().take_while(|code| **code != NONE).map(|code| Syllable(*code))
    }

    /// Gives the syllables that letters spell from the first on, and how many of them. `lü` is typed `lv`.
    pub(super) fn spelled(&self, letters: impl Iterator<Item = char>, mut each: impl FnMut(usize, Syllable)) {
        let mut rest = self.spellings.as_slice();
        for (at, letter) in letters.take(LONGEST_SPELLING).enumerate() {
            let from = rest.partition_point(|(spelled, _)| u32::from(spelled[at]) < letter as u32);
            let to = rest.partition_point(|(spelled, _)| u32::from(spelled[at]) <= letter as u32);
            rest = rest.get(from..to).unwrap_or_default();
            let Some((spelled, syllable)) = rest.first() else { return };
            if spelled.get(at + 1).is_none_or(|next| *next == 0) {
                each(at + 1, *syllable);
            }
        }
    }

    /// Whether letters are nothing but syllables.
    pub(super) fn are_syllables(&self, letters: &[char]) -> bool {
        let mut ends = vec![false; letters.len() + 1];
        ends[0] = true;
        for at in 0..letters.len() {
            if ends[at] {
                self.spelled(letters.iter().skip(at).copied(), |count, _| ends[at + count] = true);
            }
        }
        ends.last().copied().unwrap_or(true)
    }

    /// How a syllable is spelled.
    pub(super) fn spelling(&self, syllable: Syllable) -> &'static str {
        self.spelled.get(usize::from(syllable.0)).copied().unwrap_or_default()
    }

    /// How those are spelled that people take for a syllable, itself among them.
    pub(super) fn alike(&self, syllable: Syllable) -> impl Iterator<Item = &'static str> + '_ {
        let class = self.class(syllable);
        self.spelled.iter().zip(&self.classes).filter(move |(_, other)| **other == class).map(|(spelled, _)| *spelled)
    }

    /// What a syllable is among those that people take for each other.
    pub(super) fn class(&self, syllable: Syllable) -> u16 {
        self.classes.get(usize::from(syllable.0)).copied().unwrap_or_default()
    }
}

/// Whether a character is one of the unified ideographs that the table covers.
pub(super) fn is_han(c: char) -> bool {
    (FIRST_HAN..=LAST_HAN).contains(&c)
}

/// A spelling without what many speakers do not tell apart: zh and z, ch and c, sh and s, n and l, f and h, ng and n.
fn blurred(spelled: &str) -> String {
    let initial = [("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("f", "h")];
    let (from, to) = initial.into_iter().find(|(from, _)| spelled.starts_with(from)).unwrap_or(("", ""));
    let rest = spelled.strip_prefix(from).unwrap_or(spelled);
    format!("{to}{}", rest.strip_suffix("ng").map_or_else(|| rest.to_owned(), |open| format!("{open}n")))
}

/// A spelling as it is typed: `ü` as `v`.
fn typed(spelled: &str) -> Option<[u8; LONGEST_SPELLING]> {
    let mut letters = [0; LONGEST_SPELLING];
    for (at, c) in spelled.chars().enumerate() {
        *letters.get_mut(at)? = if c == 'ü' { b'v' } else { u8::try_from(c).ok().filter(u8::is_ascii_lowercase)? };
    }
    Some(letters)
}
