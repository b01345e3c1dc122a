//! What is remembered of messages to know a thing that is pushed again: what a text is like, and the contacts in it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::chains::Link;
use super::{Copied, MemberKey, Needs, Recent, Sighting, half};
use crate::domain::ids::hash;
use crate::domain::time::Timestamp;

/// How many traces are remembered: 56 bytes each, for a text [`BANDS`] or one for each way of [`Among`] that is asked for.
pub const MOST_TRACES: usize = 1 << 17;

/// How many keys a sketch has. Texts that have one in common are compared: of those that have half of their pieces in common
/// 97 in 100 do, with a fifth 39.
pub const BANDS: usize = 12;
/// How many of those that have a key in common are looked at …
const LATEST: usize = 128;
/// … and once so many are alike, no further key: no rule asks for as many, and where everybody says the same all keys tell of
/// the same texts.
const MOST_ALIKE: usize = 128;
/// How many minima make a key.
const ROWS: usize = 2;
/// How many minima there are; those that are in no key serve to compare.
const MINIMA: usize = 32;
/// How many bits of each minimum are kept to compare texts by.
const BITS: u32 = 2;

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

    /// By what the texts of a sketch are found.
    fn keys(self, sketch: &Sketch, sighting: &Sighting) -> impl Iterator<Item = u64> + use<> {
        let (keys, count) = match self {
            Self::Group => (sketch.bands.map(|band| band ^ u64::from_le_bytes(half(sighting.group.0))), BANDS),
            // Few enough to be compared one by one.
            Self::User => ([sighting.user ^ OF_USER; BANDS], 1),
            Self::All => (sketch.bands, BANDS),
        };
        keys.into_iter().take(count)
    }
}

/// Tells a user's texts from other things.
const OF_USER: u64 = 0x7465_7874_7300;

/// What a text is like: two texts that have many pieces in common have similar sketches (MinHash,
/// Broder 1997, with bands; of each minimum two bits are kept, Li and König 2010).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// By what similar texts are found.
    pub bands: [u64; BANDS],
    /// By what they are compared.
    pub bits: u64,
}

impl Sketch {
    /// The sketch of pieces, each given by a hash; `None` where there is none.
    pub fn of(pieces: impl Iterator<Item = u64>) -> Option<Self> {
        let mut least = [u64::MAX; MINIMA];
        let mut any = false;
        for piece in pieces {
            any = true;
            let mut state = piece;
            for slot in &mut least {
                state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mixed = (state ^ (state >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
                *slot = (*slot).min(mixed ^ (mixed >> 32));
            }
        }
        let mut bands = [0; BANDS];
        for (no, (band, rows)) in (0_u64..).zip(bands.iter_mut().zip(least.chunks(ROWS))) {
            let bytes =
                rows.iter().fold(no, |sum, row| (sum ^ row).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23));
            *band = bytes;
        }
        let bits = least.iter().fold(0, |bits, row| bits << BITS | row & ((1 << BITS) - 1));
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

/// Somebody left a thing somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trace {
    thing: [u8; 8],
    bits: [u8; 8],
    member: [u8; 8],
    copied: Copied,
}

impl Link for Trace {
    fn key(&self) -> u64 {
        u64::from_le_bytes(self.thing)
    }

    fn time(&self) -> Timestamp {
        self.copied.time
    }
}

/// Where and by whom a thing was left that is like another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Who and when.
    pub copied: Copied,
    /// Who, in the group.
    member: [u8; 8],
}

/// The key of a thing by its name, such as a telephone number.
pub fn thing(kind: &str, name: &str) -> u64 {
    hash(&["thing", kind, name]) as u64
}

impl Recent {
    /// Remembers what a message leaves.
    pub(super) fn note_traces(&mut self, needs: &Needs, sighting: &Sighting) {
        let things = sighting.things.into_iter().filter(|thing| *thing != 0).map(|thing| (thing, 0));
        let asked = Among::ALL.into_iter().filter(|among| needs.compared[*among as usize]);
        let texts = sighting.sketch.into_iter().flat_map(|sketch| {
            asked.clone().flat_map(move |among| among.keys(&sketch, sighting).map(move |key| (key, sketch.bits)))
        });
        for (thing, bits) in things.chain(texts) {
            let copied = Copied {
                text: [0; 8],
                user: sighting.user.to_le_bytes(),
                group: half(sighting.group.0),
                time: sighting.time,
            };
            let member = half(sighting.member.0);
            self.traces.add(Trace { thing: thing.to_le_bytes(), bits: bits.to_le_bytes(), member, copied });
        }
    }

    /// Who left this thing at most `within` before or after `around`, newest first.
    pub fn left(&self, thing: u64, around: Timestamp, within: Duration) -> Vec<Left> {
        let traces = self.traces.between(thing, around.minus(within), around.plus(within));
        traces.take(LATEST).map(|trace| Left { copied: trace.copied, member: trace.member }).collect()
    }

    /// Who said a text at most `within` before or after a sighting's that has at least so many percent of its pieces in common
    /// with it, newest first; the sighting itself among them.
    pub fn alike(&self, sighting: &Sighting, likeness: u32, among: Among, within: Duration) -> Vec<Left> {
        let Some(sketch) = &sighting.sketch else { return Vec::new() };
        let (from, to) = (sighting.time.minus(within), sighting.time.plus(within));
        let mut found: Vec<Left> = Vec::new();
        for key in among.keys(sketch, sighting) {
            let traces = self.traces.between(key, from, to).take(LATEST);
            let like = |trace: &&Trace| Sketch::likeness(sketch.bits, u64::from_le_bytes(trace.bits)) >= likeness;
            found.extend(traces.filter(like).map(|trace| Left { copied: trace.copied, member: trace.member }));
            if found.len() >= MOST_ALIKE {
                break;
            }
        }
        found.sort_unstable_by_key(|left| (std::cmp::Reverse(left.copied.time), left.member));
        found.dedup();
        found
    }

    /// Whether whoever left something had said at most so many messages in the time before it.
    pub fn was_quiet(&self, left: &Left, messages: usize, before: Duration) -> bool {
        let (key, time) = (u64::from_le_bytes(left.member), left.copied.time);
        self.times.between(key, time.minus(before), time).filter(|said| said.time < time).nth(messages).is_none()
    }
}

impl Left {
    /// The key of the member.
    pub fn is_by(&self, member: MemberKey) -> bool {
        self.member == half(member.0)
    }
}
