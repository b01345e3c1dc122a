//! The written form of the windows: everything in the order it came, so that reading it is remembering it anew. Both ways
//! go entry by entry: full windows are not copied to be written, nor held twice to be read.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use super::chains::{Chains, Link};
use super::{Copied, MOST_TEXTS, MOST_TIMES, Recent, Said};
use crate::domain::time::Timestamp;

const FORMAT: u8 = 1;

#[derive(Serialize)]
struct Written<'a> {
    format: u8,
    shed: [u64; 2],
    times: Since<'a, Said>,
    texts: Since<'a, Copied>,
}

/// The entries of a ring that are not older.
struct Since<'a, T>(&'a Chains<T>, Timestamp);

impl<T: Link + Serialize> Serialize for Since<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = || self.0.iter().filter(|entry| entry.time() >= self.1);
        let mut sequence = serializer.serialize_seq(Some(entries().count()))?;
        entries().try_for_each(|entry| sequence.serialize_element(entry))?;
        sequence.end()
    }
}

#[derive(Deserialize)]
struct Read {
    format: u8,
    shed: [u64; 2],
    times: Ring<Said, MOST_TIMES>,
    texts: Ring<Copied, MOST_TEXTS>,
}

/// A ring of so many entries at most, filled as it is read.
struct Ring<T, const MOST: usize>(Chains<T>);

impl<'de, T: Link + Deserialize<'de>, const MOST: usize> Deserialize<'de> for Ring<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T, const MOST: usize>(PhantomData<T>);
        impl<'de, T: Link + Deserialize<'de>, const MOST: usize> Visitor<'de> for Entries<T, MOST> {
            type Value = Ring<T, MOST>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("entries")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut ring = Chains::new(MOST);
                while let Some(entry) = entries.next_element()? {
                    ring.add(entry);
                }
                Ok(Ring(ring))
            }
        }
        deserializer.deserialize_seq(Entries(PhantomData))
    }
}

/// What is not older than `times` and `texts`, written.
pub(super) fn write(recent: &Recent, times: Timestamp, texts: Timestamp) -> Vec<u8> {
    let written = Written {
        format: FORMAT,
        shed: [recent.times.shed(), recent.texts.shed()],
        times: Since(&recent.times, times),
        texts: Since(&recent.texts, texts),
    };
    postcard::to_stdvec(&written).expect("plain numbers can always be written to memory")
}

/// What [`write`] wrote; `None` when it is damaged or of another version.
pub(super) fn read(bytes: &[u8]) -> Option<Recent> {
    let read: Read = postcard::from_bytes(bytes).ok()?;
    let [times, texts] = read.shed;
    (read.format == FORMAT)
        .then(|| Recent { times: read.times.0.with_shed(times), texts: read.texts.0.with_shed(texts) })
}
