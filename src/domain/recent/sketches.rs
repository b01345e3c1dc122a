//! What texts were like that were said lately, and those that are like another.
//!
//! A ring of the latest texts. Each is in a chain for each of the [`WAYS`] in which it may be found; a link is the number of
//! the text before it, and leads nowhere once that text is gone, so that nothing is unlinked. (The windows of deflate are made
//! so, RFC 1951 section 4.) Unlike in `chains`, entries stand in the order they came.

use std::ops::{ControlFlow, Range};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::traces::Left;
use super::written::Ring;
use super::{Copied, Recent, Sighting, half};
use crate::domain::time::Timestamp;

/// How many texts are remembered, a power of two: some 310 bytes each with the heads of the chains.
pub const MOST_SKETCHES: usize = 1 << 14;

/// How many keys a sketch has. Texts that have one in common are compared: of those that have half of their pieces in common
/// 97 in 100 do, with a fifth 39.
pub const BANDS: usize = 12;
/// How many minima make a key.
const ROWS: usize = 2;
/// How many minima there are; those that are in no key serve to compare.
const MINIMA: usize = 32;
/// How many bits of each minimum are kept to compare texts by …
const BITS: u32 = 2;
/// … and where they stand: the highest bits of what is least are all alike.
const LOWEST_BIT: u32 = 30;

/// A text is found by a key among its group's, by a key among all, and by its user.
const WAYS: usize = 2 * BANDS + 1;

/// How many texts of a chain are looked at for one question.
const FARTHEST: usize = 128;
/// No rule asks for as many as this that are alike.
const MOST_ALIKE: usize = 128;

/// Among whose texts one is looked for that is like another: who asks about one group need not look at what all others say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// Those of its group.
    Group,
    /// Those of its sender, in whatever group.
    User,
    /// All.
    All,
}

impl Among {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Group, Self::User, Self::All];

    /// In which ways its texts are found.
    fn ways(self) -> Range<usize> {
        match self {
            Self::Group => 0..BANDS,
            Self::All => BANDS..2 * BANDS,
            Self::User => 2 * BANDS..WAYS, // few enough to be compared one by one
        }
    }
}

/// What a text is like: two texts that have many pieces in common have similar sketches (MinHash,
/// Broder 1997, with bands; of each minimum two bits are kept, Li and König 2010).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// By what similar texts are found.
    pub bands: [u32; BANDS],
    /// By what they are compared.
    pub bits: u64,
}

/// What makes one hash of a piece into as many as there are minima.
const SALTS: [u64; MINIMA] = {
    let mut salts = [0; MINIMA];
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut at = 0;
    while at < MINIMA {
        state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(0x9e37_79b9_7f4a_7c15);
        salts[at] = state ^ (state >> 32);
        at += 1;
    }
    salts
};

impl Sketch {
    /// The sketch of pieces, each given by a hash; `None` where there is none.
    pub fn of(pieces: impl Iterator<Item = u64>) -> Option<Self> {
        let mut least = [u64::MAX; MINIMA];
        let mut any = false;
        for piece in pieces {
            any = true;
            for (slot, salt) in least.iter_mut().zip(SALTS) {
                *slot = (*slot).min((piece ^ salt).wrapping_mul(0xd6e8_feb8_6659_fd93));
            }
        }
        let mut bands = [0; BANDS];
        for (band, rows) in bands.iter_mut().zip(least.chunks(ROWS)) {
            let mixed =
                rows.iter().fold(0_u64, |sum, row| (sum.rotate_left(23) ^ row).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            *band = (mixed >> 32) as u32;
        }
        let bits = least.iter().fold(0, |bits, row| bits << BITS | row >> LOWEST_BIT & ((1 << BITS) - 1));
        any.then_some(Self { bands, bits })
    }

    /// In how many of their minima two texts differ.
    fn differing(bits: u64, other: u64) -> u32 {
        const { assert!(BITS == 2 && MINIMA == 32, "one bit of each pair tells whether it differs") };
        let differing = bits ^ other;
        ((differing | differing >> 1) & 0x5555_5555_5555_5555).count_ones()
    }

    /// In how many minima texts differ at most that have so many percent of their pieces in common, as far as sketches tell
    /// (±11 percent): of what they have not in common one in four is the same by chance.
    fn most_differing(likeness: u32) -> u32 {
        (100 - likeness.min(100)) * MINIMA as u32 * 3 / 400
    }
}

/// Somebody said a text somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Worded {
    bits: [u8; 8],
    copied: Copied,
    member: [u8; 8],
    bands: [u32; BANDS],
}

impl Worded {
    pub(super) fn of(sketch: &Sketch, sighting: &Sighting) -> Self {
        Self {
            bits: sketch.bits.to_le_bytes(),
            copied: Copied::of(0, sighting),
            member: half(sighting.member.0),
            bands: sketch.bands,
        }
    }

    /// By what it is found in this way.
    fn key(&self, way: usize) -> u64 {
        let band = |at: usize| u64::from(self.bands.get(at).copied().unwrap_or_default()) << 32;
        match way {
            ..BANDS => band(way) ^ self.copied.group(),
            _ => way.checked_sub(BANDS).filter(|at| *at < BANDS).map_or(self.copied.user(), band),
        }
    }
}

/// The ring. What a walk reads stands apart from the rest: most texts that it meets are not alike.
#[derive(Default)]
pub(super) struct Sketches {
    texts: Vec<Worded>,
    /// Of each text what it is compared by.
    bits: Vec<u64>,
    /// For each way and text the number of the one before it in its chain, [`MOST_SKETCHES`] a way.
    before: Vec<u32>,
    /// For each way the number of the latest text of each chain, as many a way.
    heads: Vec<u32>,
    /// How many came, which is the number of the last; 0 is no text.
    last: u32,
    came: u64,
}

impl Sketches {
    /// How many texts came, those that were shed too.
    pub(super) fn came(&self) -> u64 {
        self.came
    }

    /// Gives each text once that has a key with this one in common and is alike. All chains are walked side by side: while the
    /// next text of one comes from memory, others are looked at.
    fn alike(
        &self,
        this: &Worded,
        ways: Range<usize>,
        likeness: u32,
        mut each: impl FnMut(&Worded) -> ControlFlow<()>,
    ) {
        let bits = u64::from_le_bytes(this.bits);
        let most = Sketch::most_differing(likeness);
        let mut met = [0_u64; MOST_SKETCHES / 64];
        let mut numbers = [0; BANDS];
        for (number, way) in numbers.iter_mut().zip(ways.clone()) {
            *number = self.heads.get(head(way, this.key(way))).copied().unwrap_or_default();
        }
        for _ in 0..FARTHEST {
            let mut any = false;
            for (number, way) in numbers.iter_mut().zip(ways.clone()) {
                if *number == 0 || self.last.wrapping_sub(*number) as usize >= self.texts.len() {
                    *number = 0;
                    continue;
                }
                any = true;
                let at = place(*number);
                *number = self.before.get(way * MOST_SKETCHES + at).copied().unwrap_or_default();
                let (Some(word), bit) = (met.get_mut(at / 64), 1 << (at % 64)) else { continue };
                let like = self.bits.get(at).is_some_and(|of| Sketch::differing(bits, *of) <= most);
                if like
                    && *word & bit == 0
                    && let Some(text) = self.texts.get(at)
                    && text.key(way) == this.key(way)
                {
                    *word |= bit;
                    if each(text).is_break() {
                        return;
                    }
                }
            }
            if !any {
                return;
            }
        }
    }
}

/// Where the chain of a key begins.
fn head(way: usize, key: u64) -> usize {
    way * MOST_SKETCHES + ((key ^ key >> 32) as usize & (MOST_SKETCHES - 1))
}

/// Where a text stands.
fn place(number: u32) -> usize {
    number.wrapping_sub(1) as usize & (MOST_SKETCHES - 1)
}

impl Ring for Sketches {
    type Entry = Worded;

    fn add(&mut self, text: Worded) {
        if self.heads.is_empty() {
            self.heads = vec![0; WAYS * MOST_SKETCHES];
            self.before = vec![0; WAYS * MOST_SKETCHES];
            self.texts.reserve_exact(MOST_SKETCHES);
            self.bits.reserve_exact(MOST_SKETCHES);
        }
        self.came += 1;
        self.last = self.last.wrapping_add(1);
        let place = place(self.last);
        for way in 0..WAYS {
            let head = head(way, text.key(way));
            if let (Some(head), Some(before)) =
                (self.heads.get_mut(head), self.before.get_mut(way * MOST_SKETCHES + place))
            {
                *before = std::mem::replace(head, self.last);
            }
        }
        let bits = u64::from_le_bytes(text.bits);
        match (self.texts.get_mut(place), self.bits.get_mut(place)) {
            (Some(old), Some(old_bits)) => (*old, *old_bits) = (text, bits),
            _ => {
                self.texts.push(text);
                self.bits.push(bits);
            }
        }
    }

    fn iter_after(&self, before: u64) -> impl Iterator<Item = &Worded> {
        let known = usize::try_from(before.saturating_sub(self.shed())).unwrap_or(usize::MAX);
        let first = self.last.wrapping_sub(self.texts.len() as u32);
        let numbers = (known.min(self.texts.len())..self.texts.len()).map(move |at| first.wrapping_add(at as u32 + 1));
        numbers.filter_map(|number| self.texts.get(place(number)))
    }

    fn time(entry: &Worded) -> Timestamp {
        entry.copied.time
    }

    fn shed(&self) -> u64 {
        self.came - self.texts.len() as u64
    }

    fn set_shed(&mut self, shed: u64) {
        self.came = shed + self.texts.len() as u64;
    }
}

impl Recent {
    /// Who said a text at most `within` before or after a sighting's that has at least so many percent of its pieces in common
    /// with it, newest first; the sighting itself among them.
    pub fn alike(&self, sighting: &Sighting, likeness: u32, among: Among, within: Duration) -> Vec<Left> {
        let Some(sketch) = &sighting.sketch else { return Vec::new() };
        let this = Worded::of(sketch, sighting);
        let times = sighting.time.minus(within)..=sighting.time.plus(within);
        let mut found: Vec<Left> = Vec::new();
        self.sketches.alike(&this, among.ways(), likeness, |text| {
            if times.contains(&text.copied.time) {
                found.push(Left { copied: text.copied, member: text.member });
            }
            if found.len() < MOST_ALIKE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        found.sort_unstable_by_key(|left| (std::cmp::Reverse(left.copied.time), left.member));
        found.dedup();
        found
    }

    /// Remembers what a text is like.
    pub(super) fn note_sketch(&mut self, sighting: &Sighting) {
        if let Some(sketch) = &sighting.sketch {
            self.sketches.add(Worded::of(sketch, sighting));
        }
    }
}
