//! The written form of the windows: everything in the order it came, so that reading it is remembering it anew. Both ways
//! go entry by entry: full windows are not copied to be written, nor held twice to be read.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use super::chains::{Chains, Link};
use super::pieces::Cut;
use super::traces::Trace;
use super::{Copied, Heated, Place, Recent, Said};
use crate::domain::time::Timestamp;

const FORMAT: u8 = 3;

#[derive(Serialize)]
struct Written<'a> {
    format: u8,
    shed: [u64; 5],
    times: Since<'a, Said>,
    texts: Since<'a, Copied>,
    pieces: Since<'a, Cut>,
    traces: Since<'a, Trace>,
    heats: Since<'a, Heated>,
}

/// The entries of a ring that came after so many, and are not older.
struct Since<'a, T>(&'a Chains<T>, u64, Timestamp);

impl<T: Link + Serialize> Serialize for Since<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = || self.0.iter_after(self.1).filter(|entry| entry.time() >= self.2);
        let mut sequence = serializer.serialize_seq(Some(entries().count()))?;
        entries().try_for_each(|entry| sequence.serialize_element(entry))?;
        sequence.end()
    }
}

/// A ring, filled as its entries are read.
struct Fill<'a, T>(&'a mut Chains<T>);

impl<'de, T: Link + Deserialize<'de>> DeserializeSeed<'de> for Fill<'_, T> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Link + Deserialize<'de>> Visitor<'de> for Fill<'_, T> {
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
pub(super) fn write(recent: &Recent, place: Place, from: [Timestamp; 5]) -> Vec<u8> {
    let [times, texts, pieces, traces, heats] = from;
    let written = Written {
        format: FORMAT,
        shed: [
            recent.times.shed(),
            recent.texts.shed(),
            recent.pieces.shed(),
            recent.traces.shed(),
            recent.heats.shed(),
        ],
        times: Since(&recent.times, place.times, times),
        texts: Since(&recent.texts, place.texts, texts),
        pieces: Since(&recent.pieces, place.pieces, pieces),
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
        let [times, texts, pieces, traces, heats] = <[u64; 5]>::deserialize(&mut parts).ok()?;
        Fill(&mut recent.times).deserialize(&mut parts).ok()?;
        Fill(&mut recent.texts).deserialize(&mut parts).ok()?;
        Fill(&mut recent.pieces).deserialize(&mut parts).ok()?;
        Fill(&mut recent.traces).deserialize(&mut parts).ok()?;
        Fill(&mut recent.heats).deserialize(&mut parts).ok()?;
        recent.times.set_shed(times);
        recent.texts.set_shed(texts);
        recent.pieces.set_shed(pieces);
        recent.traces.set_shed(traces);
        recent.heats.set_shed(heats);
        bytes = parts.finalize().ok()?;
        if bytes.is_empty() {
            return Some(recent);
        }
    }
}
