//! How heated the messages of groups were.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::chains::Link;
use super::written::Ring;
use super::{Recent, Sighting, half};
use crate::domain::ids::GroupKey;
use crate::domain::time::Timestamp;

/// How many heated messages are remembered: 40 bytes each.
pub const MOST_HEATS: usize = 1 << 15;

/// How heated a message is, by one way of measuring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heat {
    /// Which way of measuring.
    pub by: u64,
    /// For what it says.
    pub words: u8,
    /// It answers somebody.
    pub answers: bool,
}

/// A heated message in a group, or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heated {
    measured: [u8; 8],
    user: [u8; 8],
    /// When.
    pub time: Timestamp,
    /// For what it says.
    pub words: u8,
    /// It answers somebody.
    pub answers: bool,
}

impl Heated {
    /// Who, on the platform.
    pub fn user(&self) -> u64 {
        u64::from_le_bytes(self.user)
    }
}

impl Link for Heated {
    fn key(&self) -> u64 {
        u64::from_le_bytes(self.measured)
    }

    fn time(&self) -> Timestamp {
        self.time
    }
}

/// The key of a way of measuring in a group.
fn measured(by: u64, group: GroupKey) -> u64 {
    by ^ u64::from_le_bytes(half(group.0))
}

impl Recent {
    /// Remembers how heated a message is.
    pub(super) fn note_heat(&mut self, sighting: &Sighting) {
        for heat in sighting.heats.into_iter().flatten() {
            self.heats.add(Heated {
                measured: measured(heat.by, sighting.group).to_le_bytes(),
                user: sighting.user.to_le_bytes(),
                time: sighting.time,
                words: heat.words,
                answers: heat.answers,
            });
        }
    }

    /// The heated messages and answers in a group at most `within` before or after `around`, newest first.
    pub fn heat(&self, by: u64, group: GroupKey, around: Timestamp, within: Duration) -> impl Iterator<Item = &Heated> {
        self.heats.between(measured(by, group), around.minus(within), around.plus(within))
    }
}
