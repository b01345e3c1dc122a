//! A text as it is said: Han characters by their usual reading, Latin letters by the syllables that they spell.
//!
//! Codes of syllables are hashes of their spelling: a model must mean the same as long as its file is kept, whatever order a
//! table comes in.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use pinyin::ToPinyin;

/// A syllable, a letter or a digit in a text.
#[derive(Clone, Copy)]
pub(super) struct Sound {
    /// Which: a syllable, those that sound alike have one; else [`OTHER`] and the character.
    pub(super) code: u32,
    /// Its code points in the original.
    pub(super) from: u32,
    pub(super) to: u32,
}

/// What is no syllable is this and its code.
const OTHER: u32 = 0x8000_0000;
const FIRST: char = '\u{3400}';
const LAST: char = '\u{9FFF}';
/// Characters that were seen in at least three messages of KdConv (Apache-2.0), CDial-GPT's toy set (MIT) and COLD's
/// development set (Apache-2.0).
const USUAL: &str = include_str!("usual.txt");

/// Readings of characters, and a tree of spellings with one letter a level.
pub(super) struct Spell {
    /// For each Han character the code of its usual reading, 0 where it has none, and whether it is in [`USUAL`].
    han: Box<[(u32, bool)]>,
    next: Vec<[u16; 26]>,
    /// The code of the syllable that ends here; else 0.
    ends: Vec<u32>,
}

/// The table, built on first use from the crate `pinyin` (MIT).
pub(super) static SPELL: LazyLock<Spell> = LazyLock::new(Spell::build);

impl Spell {
    fn build() -> Self {
        let usual: BTreeSet<char> = USUAL.chars().collect();
        let mut spelled = BTreeSet::new();
        let han = (FIRST..=LAST).map(|c| {
            let reading = c.to_pinyin().map(|pinyin| pinyin.plain());
            spelled.extend(reading);
            (reading.map_or(0, code), usual.contains(&c))
        });
        let mut spell = Self { han: han.collect(), next: vec![[0; 26]], ends: vec![0] };
        for reading in spelled {
            spell.add(reading);
        }
        spell
    }

    fn add(&mut self, spelled: &str) {
        let mut node = 0;
        for letter in spelled.chars().map(|c| if c == 'ü' { 'v' } else { c }) {
            let at = (letter as usize).wrapping_sub('a' as usize);
            let fresh = self.next.len() as u16;
            let Some(slot) = self.next.get_mut(node).and_then(|next| next.get_mut(at)) else { return };
            if *slot == 0 {
                *slot = fresh;
            }
            node = usize::from(*slot);
            if node == usize::from(fresh) {
                self.next.push([0; 26]);
                self.ends.push(0);
            }
        }
        if let Some(end) = self.ends.get_mut(node) {
            *end = code(spelled);
        }
    }

    /// The longest syllable of at least two letters that letters begin with, and how many they are.
    pub(super) fn longest(&self, letters: impl Iterator<Item = u32>) -> Option<(u32, usize)> {
        let (mut node, mut found) = (0, None);
        for (length, letter) in (1..).zip(letters) {
            let at = letter.wrapping_sub(u32::from(b'a')) as usize;
            node = self.next.get(node).and_then(|next| next.get(at)).copied().map_or(0, usize::from);
            if node == 0 {
                break;
            }
            let code = self.ends.get(node).copied().unwrap_or_default();
            if code != 0 && length > 1 {
                found = Some((code, length));
            }
        }
        found
    }

    /// Reads characters, each with its place, into sounds.
    pub(super) fn read(&self, units: impl Iterator<Item = (u32, u32)> + Clone, sounds: &mut Vec<Sound>) {
        sounds.clear();
        let mut rest = units;
        loop {
            let letters = rest.clone();
            let Some((unit, at)) = rest.next() else { break };
            let (mut code, mut to) = (OTHER | unit, at + 1);
            if (u32::from(b'a')..=u32::from(b'z')).contains(&unit) {
                if let Some((syllable, length)) = self.longest(letters.map(|(unit, _)| unit)) {
                    code = syllable;
                    to = rest.nth(length.saturating_sub(2)).map_or(to, |(_, at)| at + 1);
                }
            } else if let Some((reading, _)) = self.han(unit).filter(|(reading, _)| *reading != 0) {
                code = reading;
            }
            sounds.push(Sound { code, from: at, to });
        }
    }

    fn han(&self, unit: u32) -> Option<(u32, bool)> {
        self.han.get(unit.checked_sub(u32::from(FIRST))? as usize).copied()
    }

    /// Whether a Han character is one of ordinary writing.
    pub(super) fn is_usual(&self, c: char) -> bool {
        self.han(u32::from(c)).is_some_and(|(_, usual)| usual)
    }
}

/// The code of a syllable: one for those that many speakers do not tell apart (zh and z, ch and c, sh and s, n and l, ng and
/// n). Never 0, never with the bit of [`OTHER`].
fn code(spelled: &str) -> u32 {
    let initial = [("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l")];
    let (from, to) = initial.into_iter().find(|(from, _)| spelled.starts_with(from)).unwrap_or(("", ""));
    let rest = spelled.strip_prefix(from).unwrap_or(spelled);
    let rest = rest.strip_suffix('g').unwrap_or(rest);
    let hash = to
        .bytes()
        .chain(rest.bytes())
        .fold(0x811C_9DC5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash & !OTHER | 1 << 30
}
