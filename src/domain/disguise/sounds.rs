//! Syllables without tones: which a character may be read as, and which a run of Latin letters spells.

use std::collections::HashMap;
use std::sync::LazyLock;

use pinyin::{ToPinyin, ToPinyinMulti};

/// A syllable without its tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Syllable(pub(super) u16);

/// More readings of a character are not tried: the rarer ones are what innocent text is mistaken by.
pub(super) const READINGS: usize = 2;

const FIRST: char = '\u{3400}';
const LAST: char = '\u{9FFF}';
const NONE: u16 = u16::MAX;

pub(super) struct Sounds {
    /// For each Han character its readings, the usual one first.
    readings: Box<[[u16; READINGS]]>,
    /// Each syllable as it is spelled.
    spelled: Vec<&'static str>,
    by_spelling: HashMap<&'static str, Syllable>,
    /// What a syllable is among those that people take for each other.
    classes: Vec<u16>,
}

/// The table, built on first use from the crate `pinyin` (MIT).
pub(super) static SOUNDS: LazyLock<Sounds> = LazyLock::new(Sounds::build);

impl Sounds {
    fn build() -> Self {
        let mut sounds =
            Self { readings: Box::default(), spelled: Vec::new(), by_spelling: HashMap::new(), classes: Vec::new() };
        sounds.readings = (FIRST..=LAST).map(|c| sounds.readings_of(c)).collect();
        let mut known = HashMap::new();
        for spelled in &sounds.spelled {
            let next = known.len() as u16;
            sounds.classes.push(*known.entry(blurred(spelled)).or_insert(next));
        }
        sounds
    }

    fn readings_of(&mut self, c: char) -> [u16; READINGS] {
        let mut readings = [NONE; READINGS];
        let first = c.to_pinyin().map(|pinyin| pinyin.plain());
        let others = c.to_pinyin_multi().into_iter().flatten().map(|pinyin| pinyin.plain());
        let mut next = 0;
        for spelled in first.into_iter().chain(others) {
            let Syllable(code) = self.learn(spelled);
            if next < READINGS && !readings.contains(&code) {
                readings[next] = code;
                next += 1;
            }
        }
        readings
    }

    fn learn(&mut self, spelled: &'static str) -> Syllable {
        *self.by_spelling.entry(spelled).or_insert_with(|| {
            self.spelled.push(spelled);
            Syllable((self.spelled.len() - 1) as u16)
        })
    }

    /// How a Han character may be read, the usual reading first.
    pub(super) fn of(&self, c: char) -> impl Iterator<Item = Syllable> + '_ {
        let at = (c as usize).checked_sub(FIRST as usize);
        let readings = at.and_then(|at| self.readings.get(at)).map_or(&[][..], |all| &all[..]);
        readings.iter().take_while(|code| **code != NONE).map(|code| Syllable(*code))
    }

    /// The syllable that is spelled so: `lü` also as `lv` and `lu:`.
    pub(super) fn spelled(&self, letters: &str) -> Option<Syllable> {
        self.by_spelling.get(letters).copied().or_else(|| {
            let v = matches!(letters, "lv" | "nv" | "lve" | "nve");
            v.then(|| self.by_spelling.get(&*letters.replace('v', "ü")).copied()).flatten()
        })
    }

    /// How a syllable is spelled.
    pub(super) fn spelling(&self, syllable: Syllable) -> &'static str {
        self.spelled.get(usize::from(syllable.0)).copied().unwrap_or_default()
    }

    /// What a syllable is among those that people take for each other.
    pub(super) fn class(&self, syllable: Syllable) -> u16 {
        self.classes.get(usize::from(syllable.0)).copied().unwrap_or_default()
    }
}

/// Whether a character is one of the unified ideographs that the table covers.
pub(super) fn is_han(c: char) -> bool {
    (FIRST..=LAST).contains(&c)
}

/// A spelling without what many speakers do not tell apart: zh and z, ch and c, sh and s, n and l, ng and n.
fn blurred(spelled: &str) -> String {
    let initial = [("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l")];
    let (from, to) = initial.into_iter().find(|(from, _)| spelled.starts_with(from)).unwrap_or(("", ""));
    let rest = spelled.strip_prefix(from).unwrap_or(spelled);
    format!("{to}{}", rest.strip_suffix("ng").map_or_else(|| rest.to_owned(), |open| format!("{open}n")))
}
