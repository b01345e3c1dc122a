//! What was said lately: the windows that flooding and repetition are judged by. A pure function of the events (never of
//! what was decided), so that it can be rebuilt from the journal alone. Bounded; the oldest are shed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::{GroupKey, MemberKey};
use super::time::Timestamp;

/// What rules need to have been remembered: the longest windows and largest counts of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// How long the times of a member's messages are kept.
    pub times: Duration,
    /// How many of them at most.
    pub count: usize,
    /// How long texts are remembered.
    pub texts: Duration,
    /// Folded texts shorter than this many characters are not remembered.
    pub shortest_text: usize,
}

/// One message, as the windows see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Where.
    pub group: GroupKey,
    /// Who, in this group.
    pub member: MemberKey,
    /// Who, on the platform.
    pub user: u64,
    /// When, by the platform's clock.
    pub time: Timestamp,
    /// Hash of the folded text, when it is long enough to be remembered.
    pub text: Option<u64>,
}

/// All windows.
#[derive(Default, Serialize, Deserialize)]
pub struct Recent {}

impl Recent {
    /// Remembers a message.
    pub fn note(&mut self, _needs: &Needs, _sighting: &Sighting) {}
}
