//! Who came into a group lately: newcomers that wait for their welcome, and the joins that make a raid.
//!
//! The first join opens a window, and at its end all who came in it get one welcome. More joins within a window than the
//! limit, by the platform's time, are a raid: none of them is welcomed. It is over when a whole window has passed in which
//! the limit was not exceeded.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::action::WELCOME_DEADLINE;
use super::ids;
use super::policy::Welcome;
use super::time::Timestamp;

/// Who comes again within this time is not welcomed again …
const WELCOMED_FOR: Duration = Duration::from_secs(24 * 3600);
/// … if they are among the last so many who were welcomed, or of the last welcome.
const WELCOMED: usize = 50;

/// Who came into a group lately.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Newcomers {
    /// The event that opened the window that runs; `None` when none does.
    pub opened_by: Option<Arc<str>>,
    /// Who waits for the end of the window, in the order they came.
    pub waiting: Vec<Newcomer>,
    /// Joins within the last window, by the platform's time.
    pub joins: Vec<Join>,
    /// The last join that was beyond the limit, while a raid is not known to be over.
    pub raid: Option<Timestamp>,
    /// Who was welcomed lately, and when.
    pub welcomed: Vec<Join>,
}

/// Somebody who waits for their welcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Newcomer {
    /// Who.
    pub user: Arc<str>,
    /// Their name, made harmless and masked where it matches a rule.
    pub name: String,
    /// The join channel they came by.
    pub channel: Option<Arc<str>>,
    /// When they came, by the platform's time.
    pub time: Timestamp,
}

/// Somebody and a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// A hash of who.
    pub user: u64,
    /// When.
    pub time: Timestamp,
}

/// What newcomers led to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// A window was opened.
    pub opened: bool,
    /// A raid begins, with so many joins in a window.
    pub raid: Option<u32>,
}

impl Newcomers {
    /// Takes in who came by one event.
    pub(super) fn come(&mut self, people: Vec<Newcomer>, event: &str, welcome: &Welcome, now: Timestamp) -> Came {
        let mut came = Came::default();
        for person in &people {
            let user = key(&person.user);
            if self.joins.iter().all(|join| join.user != user) {
                self.joins.push(Join { user, time: person.time });
            }
        }
        let Some(newest) = self.joins.iter().map(|join| join.time).max() else { return came };
        self.joins.retain(|join| join.time.plus(welcome.window) > newest);
        let within_raid = |raid: Option<Timestamp>| raid.is_some_and(|last| newest <= last.plus(welcome.window));
        let limit = welcome.raid_joins as usize;
        if self.joins.len() > limit {
            if !within_raid(self.raid) {
                came.raid = Some(u32::try_from(self.joins.len()).unwrap_or(u32::MAX));
            }
            self.raid = Some(newest);
            self.waiting.retain(|one| one.time.plus(welcome.window) <= newest);
            self.joins.drain(..self.joins.len() - limit - 1); // as many as say that it goes on
        }
        if within_raid(self.raid) {
            return came;
        }
        self.raid = None;
        if welcome.on {
            for person in people {
                self.wait(person, now);
            }
        }
        if self.opened_by.is_none() && !self.waiting.is_empty() {
            self.opened_by = Some(event.into());
            came.opened = true;
        }
        came
    }

    fn wait(&mut self, person: Newcomer, now: Timestamp) {
        let user = key(&person.user);
        let again = |join: &Join| join.user == user && join.time.plus(WELCOMED_FOR) > now;
        // Told twice, the second time with more: who they are and whence they came.
        if let Some(other) = self.waiting.iter_mut().find(|other| other.user == person.user) {
            if !person.name.is_empty() {
                other.name = person.name;
            }
            other.channel = person.channel.or(other.channel.take());
            return;
        }
        if is_in_time(&person, now) && !self.welcomed.iter().any(again) {
            self.waiting.push(person);
        }
    }

    /// Who left is not welcomed.
    pub(super) fn leave(&mut self, user: &str) {
        self.waiting.retain(|person| *person.user != *user);
    }

    /// Who has another name is welcomed by it.
    pub(super) fn rename(&mut self, user: &str, name: &str) {
        for person in self.waiting.iter_mut().filter(|person| *person.user == *user) {
            name.clone_into(&mut person.name);
        }
    }

    /// Ends the window: who is to be welcomed now, and by which event it was opened.
    pub(super) fn end_window(&mut self, now: Timestamp) -> (Arc<str>, Vec<Newcomer>) {
        let opened_by = self.opened_by.take().unwrap_or_default();
        let mut people = std::mem::take(&mut self.waiting);
        people.retain(|person| is_in_time(person, now));
        (opened_by, people)
    }

    /// Remembers who was welcomed.
    pub(super) fn was_welcomed(&mut self, people: &[Newcomer], now: Timestamp) {
        self.welcomed.retain(|join| join.time.plus(WELCOMED_FOR) > now);
        self.welcomed.extend(people.iter().map(|person| Join { user: key(&person.user), time: now }));
        self.welcomed.drain(..self.welcomed.len().saturating_sub(WELCOMED.max(people.len())));
    }
}

/// A welcome that comes later than this is worse than none.
fn is_in_time(person: &Newcomer, now: Timestamp) -> bool {
    now < person.time.plus(WELCOME_DEADLINE)
}

fn key(user: &str) -> u64 {
    ids::hash(&[user]) as u64
}
