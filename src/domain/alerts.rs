//! Alerts that were sent within the last minute, and those that were held back: at most so many a minute, and those of one
//! cause as one. What was held is said when the minute is over: what it was, and how often.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);
/// Kinds of held alerts that are kept apart; what is beyond is only counted.
const KINDS: usize = 50;
/// Cases that are named of one kind.
const CASES: usize = 10;

/// Alerts of the last minute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Alerts {
    /// Those that were sent, oldest first.
    pub sent: Vec<SentAlert>,
    /// Those that were held back, by group and kind.
    pub held: Vec<HeldAlerts>,
    /// How many were held back besides those.
    #[serde(default)]
    pub rest: u32,
}

/// An alert that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentAlert {
    /// When.
    pub at: Timestamp,
    /// A hash of what it was about: a second one of the same within the minute is held.
    pub cause: u64,
}

/// Alerts of a kind that were held back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldAlerts {
    /// The group they are about.
    pub group: Arc<str>,
    /// What people call it; empty where its id has to do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What they say, in a few words.
    pub what: String,
    /// How many.
    pub count: u32,
    /// Their cases, each once, at most ten.
    pub cases: Vec<u64>,
}

impl Alerts {
    /// Whether one more may be sent now; if so it is counted.
    pub(super) fn admit(&mut self, cause: u64, limit: u32, now: Timestamp) -> bool {
        self.sent.retain(|sent| sent.at.plus(MINUTE) > now);
        let admitted = self.sent.len() < limit as usize && self.sent.iter().all(|sent| sent.cause != cause);
        if admitted {
            self.sent.push(SentAlert { at: now, cause });
        }
        admitted
    }

    /// Holds one back.
    pub(super) fn hold(&mut self, group: &Arc<str>, name: &str, what: String, case: Option<u64>) {
        let at = match self.held.iter().position(|held| held.group == *group && held.what == what) {
            Some(at) => at,
            None if self.held.len() >= KINDS => {
                self.rest = self.rest.saturating_add(1);
                return;
            }
            None => {
                let (group, name) = (group.clone(), name.to_owned());
                self.held.push(HeldAlerts { group, name, what, count: 0, cases: Vec::new() });
                self.held.len() - 1
            }
        };
        let Some(held) = self.held.get_mut(at) else { return };
        held.count = held.count.saturating_add(1);
        if let Some(case) = case.filter(|case| held.cases.len() < CASES && !held.cases.contains(case)) {
            held.cases.push(case);
        }
    }

    /// When what is held is to be said: a minute after the oldest that was sent.
    pub(super) fn due(&self, now: Timestamp) -> Timestamp {
        self.sent.first().map_or(now, |first| first.at.plus(MINUTE)).max(now)
    }

    /// Whether any is held.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty() || self.rest > 0
    }

    /// Takes what is held, and says how many there are in all.
    pub(super) fn take_held(&mut self) -> (Vec<HeldAlerts>, u32) {
        let held = std::mem::take(&mut self.held);
        let rest = std::mem::take(&mut self.rest);
        let all = held.iter().fold(rest, |sum, held| sum.saturating_add(held.count));
        (held, all)
    }
}
