//! The contacts and links that were left lately: what is known again when it is pushed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::chains::Link;
use super::written::Ring;
use super::{Copied, MemberKey, Recent, Sighting, half};
use crate::domain::ids::hash;
use crate::domain::time::Timestamp;

/// How many traces are remembered: 56 bytes each.
pub const MOST_TRACES: usize = 1 << 14;

/// How many of those of one thing are looked at.
const LATEST: usize = 128;

/// Somebody left a thing somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trace {
    thing: [u8; 8],
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
    pub(super) member: [u8; 8],
}

/// The key of a thing by its name, such as a telephone number.
pub fn thing(kind: &str, name: &str) -> u64 {
    hash(&["thing", kind, name]) as u64
}

impl Recent {
    /// Remembers the contacts and links in a message.
    pub(super) fn note_things(&mut self, sighting: &Sighting) {
        for thing in sighting.things.into_iter().filter(|thing| *thing != 0) {
            let (thing, member) = (thing.to_le_bytes(), half(sighting.member.0));
            self.traces.add(Trace { thing, member, copied: Copied::of(0, sighting) });
        }
    }

    /// Who left this thing at most `within` before or after `around`, newest first.
    pub fn left(&self, thing: u64, around: Timestamp, within: Duration) -> Vec<Left> {
        let traces = self.traces.between(thing, around.minus(within), around.plus(within));
        traces.take(LATEST).map(|trace| Left { copied: trace.copied, member: trace.member }).collect()
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
