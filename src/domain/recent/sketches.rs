//! What texts were like that were said lately, and those that are like another.
//!
//! A ring of the latest texts. Each is in a chain for each of the [`WAYS`] in which it may be found; a link is the number of
//! the text before it, and leads nowhere once that text is gone, so that nothing is unlinked. (The windows of deflate are made
//! so, RFC 1951 section 4.) Unlike in `chains`, entries stand in the order they came.

use std::ops::Range;
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
/// Once so many are alike, no further key is looked at: no rule asks for as many, and where everybody says the same all keys tell
/// of the same texts.
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

    /// How many percent of their pieces two texts have in common, as far as the sketches tell (±11).
    fn likeness(bits: u64, other: u64) -> u32 {
        const { assert!(BITS == 2 && MINIMA == 32, "one bit of each pair tells whether it differs") };
        let differing = bits ^ other;
        let pairs = (differing | differing >> 1) & 0x5555_5555_5555_5555;
        // By chance one in four is the same.
        let (same, all) = ((MINIMA as u32 - pairs.count_ones()) * 100, MINIMA as u32);
        (same / all).saturating_sub(25) * 100 / 75
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
pub(super) struct Sketches {
    texts: Vec<Worded>,
    /// Of each text what it is compared by.
    bits: Vec<u64>,
    /// For each way and text the number of the one before it in its chain, `capacity` texts a way.
    before: Vec<u32>,
    /// For each way the number of the latest text of each chain, `capacity` chains a way.
    heads: Vec<u32>,
    capacity: usize,
    /// How many came, which is the number of the last; 0 is no text.
    last: u32,
    came: u64,
}

impl Sketches {
    /// A ring of at most `capacity` texts, a power of two.
    pub(super) fn new(capacity: usize) -> Self {
        let (texts, bits, before, heads) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { texts, bits, before, heads, capacity, last: 0, came: 0 }
    }

    /// How many texts came, those that were shed too.
    pub(super) fn came(&self) -> u64 {
        self.came
    }

    /// Where the texts stand that may have a key in this way, the last that came first.
    fn chain(&self, way: usize, key: u64) -> impl Iterator<Item = usize> {
        let mut number = self.heads.get(self.head(way, key)).copied().unwrap_or_default();
        std::iter::from_fn(move || {
            let there = number != 0 && (self.last.wrapping_sub(number) as usize) < self.texts.len();
            let place = self.place(number);
            number = self.before.get(way * self.capacity + place).copied().unwrap_or_default();
            there.then_some(place)
        })
        .take(FARTHEST)
    }

    /// The texts with this key in this way that are alike, the last that came first.
    fn alike(&self, way: usize, key: u64, bits: u64, likeness: u32) -> impl Iterator<Item = &Worded> {
        let like = move |place: &usize| self.bits.get(*place).is_some_and(|of| Sketch::likeness(bits, *of) >= likeness);
        let texts = self.chain(way, key).filter(like).filter_map(|place| self.texts.get(place));
        texts.filter(move |text| text.key(way) == key)
    }

    fn head(&self, way: usize, key: u64) -> usize {
        way * self.capacity + ((key ^ key >> 32) as usize & (self.capacity - 1))
    }

    fn place(&self, number: u32) -> usize {
        number.wrapping_sub(1) as usize & (self.capacity - 1)
    }
}

impl Ring for Sketches {
    type Entry = Worded;

    fn add(&mut self, text: Worded) {
        if self.heads.is_empty() {
            self.heads = vec![0; WAYS * self.capacity];
            self.before = vec![0; WAYS * self.capacity];
            self.texts.reserve_exact(self.capacity);
            self.bits.reserve_exact(self.capacity);
        }
        self.came += 1;
        self.last = self.last.wrapping_add(1);
        let place = self.place(self.last);
        for way in 0..WAYS {
            let head = self.head(way, text.key(way));
            if let (Some(head), Some(before)) =
                (self.heads.get_mut(head), self.before.get_mut(way * self.capacity + place))
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
        numbers.filter_map(|number| self.texts.get(self.place(number)))
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
        for way in among.ways() {
            let alike = self.sketches.alike(way, this.key(way), sketch.bits, likeness);
            let then = alike.filter(|text| times.contains(&text.copied.time));
            found.extend(then.map(|text| Left { copied: text.copied, member: text.member }));
            if found.len() >= MOST_ALIKE {
                break;
            }
        }
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
