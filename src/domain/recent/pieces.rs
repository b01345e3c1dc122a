//! Messages of a few characters: several may say together what none of them says.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Link;
use crate::domain::event::PLACEHOLDER;
use crate::domain::time::Timestamp;

/// The bytes of the longest text that is taken for a piece: sixteen Han characters.
const LONGEST: usize = 48;

/// Those of the longest of which a word may begin or end in it: eight Han characters. Between longer ones what is read across
/// their border is as often as not two words that happen to stand there.
const SHORT: usize = 24;

/// A short text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    bytes: [u8; LONGEST],
    length: u8,
}

impl Serialize for Piece {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_str().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::of(&text).ok_or_else(|| D::Error::custom("no piece of a text"))
    }
}

impl Piece {
    /// A text, if it is short and nothing but text.
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut bytes = [0; LONGEST];
        let room = bytes.get_mut(..text.len()).filter(|room| !room.is_empty() && !text.contains(PLACEHOLDER))?;
        room.copy_from_slice(text.as_bytes());
        Some(Self { bytes, length: text.len() as u8 })
    }

    /// Whether a word may be cut up in it.
    pub fn is_short(&self) -> bool {
        usize::from(self.length) <= SHORT
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.length)).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// A piece that a member said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cut {
    pub(super) member: [u8; 8],
    pub(super) time: Timestamp,
    pub(super) piece: Piece,
}

impl Link for Cut {
    fn key(&self) -> u64 {
        u64::from_le_bytes(self.member)
    }

    fn time(&self) -> Timestamp {
        self.time
    }
}
