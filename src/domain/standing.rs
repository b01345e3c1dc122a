//! What is held against a member, and what was done in a group lately.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::action::ActionId;
use super::alerts::Alerts;
use super::event::Archived;
use super::time::Timestamp;

/// What is held against a member of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Strikes, oldest first.
    pub strikes: Vec<Strike>,
    /// The mute that runs longest.
    pub mute: Option<Mute>,
    /// Answers in the last minute to what they wrote to the bot alone, kept in the group without a name; in a group, when they
    /// were last told its rules alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replies: Vec<Timestamp>,
    /// Messages that they reported in the last hour.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<Timestamp>,
    /// The name that a rule found fault with last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<BadName>,
}

/// A name that a rule found fault with: it is held against nobody twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadName {
    /// A hash of it.
    pub hash: u64,
    /// It was only observed.
    pub observe: bool,
}

/// One violation that counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strike {
    /// Its case.
    pub case: u64,
    /// When the message was sent.
    pub time: Timestamp,
    /// Only observed: it counts for observed decisions alone.
    pub observe: bool,
    /// The notice whose delivery starts the end of the burst; `None` until one is decided.
    pub notice: Option<ActionId>,
    /// Violations sent before this join the case; `None` until the notice came to its end.
    pub burst_end: Option<Timestamp>,
}

/// A mute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mute {
    /// Its case.
    pub case: u64,
    /// Its end.
    pub until: Timestamp,
    /// Whether the platform keeps it; otherwise it is a record only.
    pub enforced: bool,
    /// The notice that tells the member.
    pub notice: Option<ActionId>,
    /// When that was delivered.
    pub told: Option<Timestamp>,
    /// Speaking during it was already counted once.
    pub broken: bool,
    /// When it would have ended by itself, where the one before it made it longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_end: Option<Timestamp>,
    /// The one that ran when it was given, and runs on should this one not come about. That one knows of none before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<Mute>>,
}

/// What was done in a group lately: for the hourly limits and merged notices.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Removals by machine in the last hour.
    pub removals: Vec<Timestamp>,
    /// Mutes by machine in the last hour.
    pub mutes: Vec<Timestamp>,
    /// Group notices in the last minute.
    pub notices: Vec<Timestamp>,
    /// Alerts to the admins in the last minute, and those that were held back.
    pub alerts: Alerts,
    /// Notices that wait to be merged.
    pub held: Vec<Held>,
    /// How many more of each kind there would be: they are only counted.
    #[serde(default)]
    pub held_more: BTreeMap<HeldKind, u32>,
    /// Answers to members' commands in the last minute.
    #[serde(default)]
    pub replies: Vec<Timestamp>,
    /// When the full rules were last said in the group.
    #[serde(default)]
    pub rules_told: Option<Timestamp>,
    /// Tasks that were sent again in the last minute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chases: Vec<Timestamp>,
    /// Messages that were reported in the last day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reported: Vec<Reported>,
    /// What the platform calls the group; kept here because it is needed where the rest is, and nowhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
    /// Whose messages are archived in it, as far as the platform has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<Archived>,
}

/// A message that somebody reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// A hash of which.
    pub message: u64,
    /// The case it became.
    pub case: u64,
    /// When.
    pub at: Timestamp,
}

/// What a held notice is; only those of a kind are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HeldKind {
    /// It names a member and the offence.
    Named,
    /// It names a member, and no offence.
    Neutral,
    /// It asks the admins to look, and names nobody.
    Task,
}

/// A notice that waits to be merged with others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// What it is.
    pub kind: HeldKind,
    /// Whom it tells.
    pub user: Option<Arc<str>>,
    /// The case it tells of.
    pub case: u64,
    /// Its line in the merged notice.
    pub line: String,
}

/// More strikes than this that were only observed are not kept: nothing stops who collects them, and ladders are shorter.
const MOST_OBSERVED: usize = 32;

impl Standing {
    /// Counts one more, and forgets those of before `dead`, which can count no more.
    pub fn strike(&mut self, strike: Strike, dead: Timestamp) {
        self.strikes.retain(|strike| strike.time > dead);
        self.strikes.push(strike);
        self.strikes.sort_by_key(|strike| strike.time);
        let observed = self.strikes.iter().filter(|strike| strike.observe).count();
        let mut surplus = observed.saturating_sub(MOST_OBSERVED);
        self.strikes.retain(|strike| {
            let oldest = strike.observe && surplus > 0;
            surplus -= usize::from(oldest);
            !oldest
        });
    }

    /// Whether all of it is of before this time.
    pub fn is_of_before(&self, time: Timestamp) -> bool {
        self.strikes.iter().all(|strike| strike.time < time)
            && self.mute.as_ref().is_none_or(|mute| mute.until < time)
            && self.replies.iter().chain(&self.reports).all(|reply| *reply < time)
    }

    /// Violations sent from this time on do not join the case any more. Whatever says so first counts.
    pub fn end_burst(&mut self, case: u64, at: Timestamp) {
        for strike in self.strikes.iter_mut().filter(|strike| strike.case == case) {
            strike.burst_end.get_or_insert(at);
        }
    }

    /// Strikes that count at `time`, each living for `life` from its message's time. Observed decisions count all,
    /// real ones only real strikes.
    pub fn live(&self, time: Timestamp, life: Duration, observe: bool) -> impl Iterator<Item = &Strike> {
        self.strikes.iter().filter(move |strike| (observe || !strike.observe) && strike.time.plus(life) > time)
    }
}
