//! Events as JSON (interfaces.md §2), one or an array of them, each kept as it came beside what it means. Bridges send such
//! bodies; what comes in from WeCom is written as such JSON first and goes through the same reader.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::core::Glance;
use crate::domain::event::{Event, Malformed};
use crate::domain::time::Timestamp;

/// An event's time may be this far ahead of our clock.
pub const AHEAD: Duration = Duration::from_secs(300);

/// serde_json reads no deeper than 128; with fewer opening brackets than this nothing can be too deep.
const SHALLOW: usize = 100;

/// One event.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// What happened; its `time` is never `None` and its `platform` is that of whoever brought it.
    pub event: Event,
    /// Its JSON as it came.
    pub raw: Arc<str>,
    /// The time it was given because its own was missing or too far ahead.
    pub given_time: Option<Timestamp>,
    /// What was found in it before its turn, if anybody looked.
    pub glance: Option<Arc<Glance>>,
}

/// Whether anybody has looked makes no difference.
impl PartialEq for Inbound {
    fn eq(&self, other: &Self) -> bool {
        self.event == other.event && self.raw == other.raw && self.given_time == other.given_time
    }
}

/// The events of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// At least one.
    pub events: Vec<Inbound>,
    /// How many said a time more than [`AHEAD`] in the future.
    pub ahead: usize,
}

/// Why a body is refused, as the sender is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// What is wrong, beginning with the field.
    pub error: String,
    /// The path of the field in its event, e.g. `sender.id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Which event of an array it is, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
}

/// Reads the events of one request that came `now` from the bridge `platform`.
///
/// # Errors
/// The first thing that is wrong; then none of the events is taken.
pub fn read(body: &[u8], platform: &Arc<str>, now: Timestamp, max_events: usize) -> Result<Batch, Unreadable> {
    let text = std::str::from_utf8(body)
        .map_err(|error| unreadable(format!("the body is not UTF-8: the byte at {} is wrong", error.valid_up_to())))?;
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let mut batch = Batch::default();
    if text.starts_with('{') {
        batch.events.push(inbound(text, platform, now, &mut batch.ahead)?);
        return Ok(batch);
    }
    let slices = slices(text, max_events)?;
    batch.events.reserve_exact(slices.len());
    for (index, slice) in slices.into_iter().enumerate() {
        let read = inbound(slice.get(), platform, now, &mut batch.ahead);
        batch.events.push(read.map_err(|error| Unreadable { index: Some(index), ..error })?);
    }
    Ok(batch)
}

/// Reads one event of `platform` that came `now`, as [`read`] does.
///
/// # Errors
/// What is wrong with it.
pub fn one(json: &str, platform: &Arc<str>, now: Timestamp) -> Result<Inbound, Unreadable> {
    inbound(json, platform, now, &mut 0)
}

fn inbound(json: &str, platform: &Arc<str>, now: Timestamp, ahead: &mut usize) -> Result<Inbound, Unreadable> {
    check_unread(json)?;
    let mut event = Event::parse_from(platform, json)?;
    let given_time = match event.time {
        Some(time) if time <= now.plus(AHEAD) => None,
        told => {
            *ahead += usize::from(told.is_some());
            event.time = Some(now);
            Some(now)
        }
    };
    Ok(Inbound { event, raw: Arc::from(json), given_time, glance: None })
}

/// What the reading of an event passes over (unknown fields, unknown types) is stored as it came and may be read by a later
/// version, or by other programs. So it may not hold what they cannot read: half of a surrogate pair, or endless nesting.
/// Nearly every event is cleared by two quick looks.
fn check_unread(json: &str) -> Result<(), Unreadable> {
    if opened(json) < SHALLOW && !names_surrogate(json) {
        return Ok(());
    }
    serde_json::from_str::<Anything>(json).map(drop).map_err(|error| unreadable(error.to_string()))
}

/// How many brackets open in it. Counted in pieces whose sum fits a byte, so that the compiler takes 16 at once.
fn opened(json: &str) -> usize {
    let opens = |byte: &u8| u8::from(byte | 0x20 == b'{'); // `[` and `{` differ in this bit alone
    json.as_bytes().chunks(255).map(|piece| usize::from(piece.iter().map(opens).sum::<u8>())).sum()
}

/// Whether `\ud8…` to `\udf…` may be in it.
fn names_surrogate(json: &str) -> bool {
    json.contains('\\') && json.as_bytes().windows(3).any(|three| matches!(three, [b'\\', b'u', b'd' | b'D']))
}

/// The elements of an array, unread.
fn slices(text: &str, max_events: usize) -> Result<Vec<&RawValue>, Unreadable> {
    if !text.starts_with('[') {
        return Err(unreadable("the body is neither an event nor an array of events"));
    }
    let mut slices = Vec::new();
    let mut json = serde_json::Deserializer::from_str(text);
    let read = Collect { slices: &mut slices, max_events }.deserialize(&mut json);
    match read.and_then(|()| json.end()) {
        Ok(()) if slices.is_empty() => Err(unreadable("the array holds no event")),
        Ok(()) => Ok(slices),
        Err(_) if slices.len() > max_events => Err(unreadable(format!("more than {max_events} events in one request"))),
        Err(error) => Err(Unreadable { index: Some(slices.len()), ..unreadable(error.to_string()) }),
    }
}

struct Collect<'s, 'de> {
    slices: &'s mut Vec<&'de RawValue>,
    max_events: usize,
}

impl<'de> DeserializeSeed<'de> for Collect<'_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Collect<'_, 'de> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of events")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(slice) = items.next_element()? {
            self.slices.push(slice);
            if self.slices.len() > self.max_events {
                return Err(A::Error::custom("too many"));
            }
        }
        Ok(())
    }
}

/// Reads any JSON to its last string and keeps nothing.
struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

impl<'de> Visitor<'de> for Anything {
    type Value = Self;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Anything>()?.is_some() {}
        Ok(self)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self, A::Error> {
        while fields.next_entry::<Anything, Anything>()?.is_some() {}
        Ok(self)
    }
}

fn unreadable(error: impl Into<String>) -> Unreadable {
    Unreadable { error: error.into(), ..Unreadable::default() }
}

impl From<Malformed> for Unreadable {
    fn from(malformed: Malformed) -> Self {
        let error = malformed.to_string();
        Self { error, field: Some(malformed.field).filter(|field| !field.is_empty()), index: None }
    }
}

#[cfg(test)]
mod tests;
