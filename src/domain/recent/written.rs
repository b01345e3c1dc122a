//! The written form of the windows: everything in the order it came, so that reading it is remembering it anew. Both ways
//! go entry by entry: full windows are not copied to be written, nor held twice to be read.

use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use super::chains::Chains;
use super::pieces::Cut;
use super::sketches::Sketches;
use super::traces::Trace;
use super::{Copied, Heated, Place, Recent, Said};
use crate::domain::time::Timestamp;

const FORMAT: u8 = 5;

/// More have never been shed: a million a second for years. What says so is damaged, and is not counted on from.
const MOST_SHED: u64 = 1 << 48;

/// A ring of the latest entries that can be written and filled again.
pub(super) trait Ring {
    /// What stands in it.
    type Entry: Serialize + DeserializeOwned;
    /// Adds an entry; the one that came first makes room.
    fn add(&mut self, entry: Self::Entry);
    /// The entries in the order they came, without those among the first `before` that ever came.
    fn iter_after(&self, before: u64) -> impl Iterator<Item = &Self::Entry>;
    /// When an entry was.
    fn time(entry: &Self::Entry) -> Timestamp;
    /// How many entries were shed.
    fn shed(&self) -> u64;
    /// Takes over from a ring that had shed so many.
    fn set_shed(&mut self, shed: u64);
}

#[derive(Serialize)]
struct Written<'a> {
    format: u8,
    shed: [u64; 6],
    times: Since<'a, Chains<Said>>,
    texts: Since<'a, Chains<Copied>>,
    pieces: Since<'a, Chains<Cut>>,
    sketches: Since<'a, Sketches>,
    traces: Since<'a, Chains<Trace>>,
    heats: Since<'a, Chains<Heated>>,
}

/// The entries of a ring that came after so many, and are not older.
struct Since<'a, R>(&'a R, u64, Timestamp);

impl<R: Ring> Serialize for Since<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = || self.0.iter_after(self.1).filter(|entry| R::time(entry) >= self.2);
        let mut sequence = serializer.serialize_seq(Some(entries().count()))?;
        entries().try_for_each(|entry| sequence.serialize_element(entry))?;
        sequence.end()
    }
}

/// A ring, filled as its entries are read.
struct Fill<'a, R>(&'a mut R);

impl<'de, R: Ring> DeserializeSeed<'de> for Fill<'_, R> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, R: Ring> Visitor<'de> for Fill<'_, R> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("entries")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(entry) = entries.next_element()? {
            self.0.add(entry);
        }
        Ok(())
    }
}

/// What came after `place` and is not older than the times for each ring, written.
pub(super) fn write(recent: &Recent, place: Place, from: [Timestamp; 6]) -> Vec<u8> {
    let [times, texts, pieces, sketches, traces, heats] = from;
    let written = Written {
        format: FORMAT,
        shed: [
            recent.times.shed(),
            recent.texts.shed(),
            recent.pieces.shed(),
            recent.sketches.shed(),
            recent.traces.shed(),
            recent.heats.shed(),
        ],
        times: Since(&recent.times, place.times, times),
        texts: Since(&recent.texts, place.texts, texts),
        pieces: Since(&recent.pieces, place.pieces, pieces),
        sketches: Since(&recent.sketches, place.sketches, sketches),
        traces: Since(&recent.traces, place.traces, traces),
        heats: Since(&recent.heats, place.heats, heats),
    };
    postcard::to_stdvec(&written).expect("plain numbers can always be written to memory")
}

/// What [`write`] wrote, once or several times; `None` when it is damaged or of another version.
pub(super) fn read(mut bytes: &[u8]) -> Option<Recent> {
    let mut recent = Recent::default();
    loop {
        let mut parts = postcard::Deserializer::from_bytes(bytes);
        if u8::deserialize(&mut parts).ok()? != FORMAT {
            return None;
        }
        let shed = <[u64; 6]>::deserialize(&mut parts).ok()?;
        if shed.iter().any(|shed| *shed > MOST_SHED) {
            return None;
        }
        let [times, texts, pieces, sketches, traces, heats] = shed;
        Fill(&mut recent.times).deserialize(&mut parts).ok()?;
        Fill(&mut recent.texts).deserialize(&mut parts).ok()?;
        Fill(&mut recent.pieces).deserialize(&mut parts).ok()?;
        Fill(&mut recent.sketches).deserialize(&mut parts).ok()?;
        Fill(&mut recent.traces).deserialize(&mut parts).ok()?;
        Fill(&mut recent.heats).deserialize(&mut parts).ok()?;
        recent.times.set_shed(times);
        recent.texts.set_shed(texts);
        recent.pieces.set_shed(pieces);
        recent.sketches.set_shed(sketches);
        recent.traces.set_shed(traces);
        recent.heats.set_shed(heats);
        bytes = parts.finalize().ok()?;
        if bytes.is_empty() {
            return Some(recent);
        }
    }
}
