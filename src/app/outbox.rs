//! What is still to be done, and when the next attempt is: a state machine turned by [`Outbox::step`].
//!
//! Lanes go in order (undo and unmute first); order is kept per (group, member), so that an inverse never overtakes what it
//! undoes; one action's retries block nobody else. Each platform is paced by itself, and each group on it. A bot that cannot be
//! sent to fetches its actions ([`Outbox::lease`]). The store holds the same actions: a restart begins from there, and nothing
//! that was confirmed is in it any more.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use governor::clock::FakeRelativeClock;

mod attempt;
mod lease;
mod ready;
mod room;
mod target;
mod turn;

use self::attempt::{alone, backoff, key};
pub use self::lease::{Acked, LEASE, Leased};
use self::ready::Place;
use self::target::{Granted, Target};
pub use self::target::{Pace, Wellness};
use self::turn::Begun;
pub use self::turn::Limits;
use crate::app::intake::Job;
use crate::domain::action::{Action, ActionId, Outcome, What};
use crate::domain::time::Timestamp;
use crate::ports::Reply;

/// What to do now.
#[derive(Debug)]
pub enum Due {
    /// Try an action; the answer goes to [`Outbox::replied`].
    Perform {
        /// Which.
        action: Arc<Action>,
        /// Its JSON.
        body: Arc<str>,
    },
    /// Tell the engine.
    Tell(Job),
}

/// The outbox.
pub struct Outbox {
    /// In the order of their names, so that the same inputs lead to the same attempts in the same order.
    targets: BTreeMap<Arc<str>, Target>,
    entries: HashMap<ActionId, Entry>,
    queues: HashMap<u128, VecDeque<ActionId>>,
    limit: usize,
    /// The store may know of ends that were not told ([`Outbox::missed`]).
    unsure: bool,
    order: u64,
    clock: FakeRelativeClock,
    turned_to: Timestamp,
}

struct Entry {
    action: Arc<Action>,
    order: u64,
    key: u128,
    body: Option<Arc<str>>,
    /// It is recorded that it is about to be tried.
    recorded: bool,
    /// It may have happened: an attempt was recorded before a restart, or not answered.
    doubtful: bool,
    attempts: u32,
    granted: Granted,
    /// Until when a bot that fetched it has it to itself.
    lease: Option<Timestamp>,
    state: State,
}

impl Entry {
    fn place(&self) -> Place {
        (self.action.lane, self.order, self.action.id.clone())
    }

    /// Whether it may be tried again although it is not known what came of an attempt.
    fn is_repeatable(&self, pace: Pace) -> bool {
        pace.idempotent || matches!(self.action.what, What::Unmute { .. })
    }

    /// It was recorded that it may have been tried, and the platform has said that it was not done: whether that is worth
    /// recording too. It is where a restart would make it uncertain. A mute keeps the body that was fixed, and what a bot
    /// fetches it has in hand.
    fn forget_attempt(&mut self, pace: Pace) -> bool {
        let forgets = self.recorded
            && !self.doubtful
            && !pace.pulls
            && !self.is_repeatable(pace)
            && !matches!(self.action.what, What::Mute { .. });
        if forgets {
            self.recorded = false;
        }
        forgets
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Behind another of the same member.
    Behind,
    Ready,
    Waiting(Timestamp),
    /// The engine was asked to record that it is about to be tried.
    Recording,
    InFlight,
    /// The engine was told how it ended.
    Ending,
    /// Cancelled while an attempt was under way, whose answer is waited for: what takes it back must not overtake it.
    Cancelled,
}

impl Outbox {
    /// An outbox for these platforms that holds at most `limit` actions in memory, a quarter more with what is urgent, each
    /// platform its share of it ([`Outbox::share`]); actions of other platforms wait for their deadline.
    pub fn new(platforms: impl IntoIterator<Item = (Arc<str>, Pace)>, limit: usize, now: Timestamp) -> Self {
        let clock = FakeRelativeClock::default();
        let target = |pace: Pace| Target::new(pace, clock.clone());
        let targets = platforms.into_iter().map(|(name, pace)| (name, target(pace))).collect();
        Self {
            targets,
            entries: HashMap::new(),
            queues: HashMap::new(),
            limit: limit.max(1),
            unsure: false,
            order: 0,
            clock,
            turned_to: now,
        }
    }

    /// How many actions are in memory.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is in memory.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether nothing can be done before the clock is later than `now`: all that is left waits for its next attempt
    /// or for the pace.
    pub fn only_waits(&self, now: Timestamp) -> bool {
        let paced = |entry: &Entry| {
            let held = |target: &Target| target.ready.is_held(&entry.action.group, &entry.place(), now);
            let late = entry.action.deadline <= now;
            let target = self.targets.get(&entry.action.platform);
            !late && target.is_some_and(|target| target.pace.pulls || target.paced == Some(now) || held(target))
        };
        let waits = |entry: &Entry| match entry.state {
            State::Waiting(at) => at > now,
            State::Behind => true,
            State::Ready => paced(entry),
            State::InFlight | State::Cancelled => entry.lease.is_some_and(|until| until > now),
            State::Recording | State::Ending => false,
        };
        self.entries.values().all(waits)
    }

    /// How often an action was tried.
    pub fn attempts(&self, id: &ActionId) -> u32 {
        self.entries.get(id).map_or(0, |entry| entry.attempts)
    }

    /// How a platform answers; `None` for one that is not configured.
    pub fn wellness(&self, platform: &str) -> Option<Wellness> {
        self.targets.get(platform).map(|target| target.wellness).filter(|wellness| *wellness != Wellness::Absent)
    }

    /// Other platforms from here on. Those `afresh`, and those that are new, begin as after a start: well, with nothing
    /// waiting for its next attempt. Actions of a platform that is gone wait for their deadlines, as after a restart.
    pub fn configure(&mut self, platforms: &HashMap<Arc<str>, Pace>, afresh: &HashSet<Arc<str>>) {
        for (name, target) in &mut self.targets {
            if !platforms.contains_key(name) {
                target.wellness = Wellness::Absent;
            }
        }
        self.targets.retain(|_, target| target.wellness != Wellness::Absent || !target.room.is_empty());
        for (name, pace) in platforms {
            let clock = self.clock.clone();
            let target = self.targets.entry(name.clone()).or_insert_with(|| Target::new(*pace, clock));
            target.set_pace(*pace);
            if afresh.contains(name) || target.wellness == Wellness::Absent {
                self.begin_afresh(name);
            }
        }
    }

    /// Platforms that wanted no more are asked again: an operator says so. Gives their names.
    pub fn enable(&mut self) -> Vec<Arc<str>> {
        let disabled = self.targets.iter().filter(|(_, target)| target.wellness == Wellness::Disabled);
        let names: Vec<Arc<str>> = disabled.map(|(name, _)| name.clone()).collect();
        names.iter().for_each(|name| self.begin_afresh(name));
        names
    }

    /// As after a start: well, with nothing waiting for its next attempt.
    fn begin_afresh(&mut self, platform: &str) {
        let Some(target) = self.targets.get_mut(platform) else { return };
        target.wellness = Wellness::Well;
        target.unasked = None;
        for (_, id) in std::mem::take(&mut target.waiting) {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.state = State::Ready;
                target.ready.insert(&entry.action, entry.place(), entry.granted);
            }
        }
    }

    /// Takes in the answer to an attempt. Gives what the engine is to be told, if the action has come to its end.
    pub fn replied(&mut self, id: &ActionId, reply: Reply, now: Timestamp) -> Option<Job> {
        let entry = self.entries.get_mut(id)?;
        let target = self.targets.get_mut(&entry.action.platform)?;
        target.in_flight = target.in_flight.saturating_sub(1);
        if let Some(until) = entry.lease.take() {
            target.leases.remove(&(until, id.clone()));
        }
        entry.attempts += 1;
        let repeatable = entry.is_repeatable(target.pace);
        if entry.state == State::Cancelled && !matches!(reply, Reply::Done { .. } | Reply::Unknown { .. }) {
            entry.state = State::Ending; // it was not done, and is not tried again
            return Some(Job::Outcome { action: entry.action.clone(), outcome: Outcome::Cancelled });
        }
        let repeatable = repeatable && entry.state != State::Cancelled;
        let undone = matches!(reply, Reply::Retry { .. } | Reply::Broken { .. } | Reply::Disabled);
        let untried =
            (undone && entry.forget_attempt(target.pace)).then(|| Job::Untried { action: entry.action.clone() });
        let outcome = match reply {
            Reply::Done { message } => {
                if target.wellness == Wellness::Broken {
                    target.wellness = Wellness::Well;
                }
                Outcome::Done { message }
            }
            Reply::Refused { error } => Outcome::Failed { error },
            Reply::Unknown { error } if !repeatable => Outcome::Uncertain { error },
            Reply::Unknown { .. } => {
                entry.doubtful = true; // should the platform be configured not to drop repeated ids
                self.retry(id, None, now);
                return None;
            }
            Reply::Retry { after, .. } => {
                self.retry(id, after, now);
                return untried;
            }
            Reply::Broken { .. } => {
                if target.wellness == Wellness::Well {
                    target.wellness = Wellness::Broken; // one that is disabled stays so, whatever is still answered
                }
                self.retry(id, None, now);
                return untried;
            }
            Reply::Disabled => {
                if target.wellness != Wellness::Absent {
                    target.wellness = Wellness::Disabled;
                }
                self.retry(id, None, now);
                return untried;
            }
        };
        entry.state = State::Ending;
        Some(Job::Outcome { action: entry.action.clone(), outcome })
    }

    /// The engine has recorded that an action is about to be tried, with this body.
    pub fn recorded(&mut self, id: &ActionId, body: Arc<str>) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        entry.body = Some(body);
        entry.recorded = true;
        if entry.state == State::Recording {
            entry.state = State::Behind;
            self.make_ready(id.clone());
        }
    }

    /// The engine has recorded how an action ended: the next of the same member may go. One that is under way is waited for.
    pub fn ended(&mut self, id: &ActionId) {
        let under_way = |entry: &&mut Entry| matches!(entry.state, State::InFlight | State::Cancelled);
        if let Some(entry) = self.entries.get_mut(id).filter(under_way) {
            entry.state = State::Cancelled;
            return;
        }
        self.take_away(id);
    }

    /// Out of memory with it, wherever it stands.
    fn take_away(&mut self, id: &ActionId) {
        let Some(entry) = self.entries.remove(id) else { return };
        if let Some(target) = self.targets.get_mut(&entry.action.platform) {
            target.room.leave(&entry.place());
            target.ready.remove(&entry.action, &entry.place());
            if let State::Waiting(at) = entry.state {
                target.waiting.remove(&(at, id.clone()));
            }
        }
        self.leave_queue(entry.key, id);
    }

    /// The next of a queue may go, if this was the first.
    fn leave_queue(&mut self, key: u128, id: &ActionId) {
        let Some(queue) = self.queues.get_mut(&key) else { return };
        queue.retain(|other| other != id);
        match queue.front().cloned() {
            None => drop(self.queues.remove(&key)),
            Some(next) => self.make_ready(next),
        }
    }

    /// It waits, and holds up nobody if it only goes ahead of others.
    fn stand_aside(&mut self, id: &ActionId) {
        let Some(entry) = self.entries.get_mut(id).filter(|entry| entry.action.goes_ahead()) else { return };
        let alone = alone(id);
        let key = std::mem::replace(&mut entry.key, alone);
        if key != alone {
            self.leave_queue(key, id);
            self.queues.entry(alone).or_default().push_back(id.clone());
        }
    }

    /// A platform. One that is not configured (any more) does nothing but let deadlines pass.
    fn target(&mut self, platform: &Arc<str>) -> &mut Target {
        self.targets.entry(platform.clone()).or_insert_with(|| {
            let pace = Pace { idempotent: true, per_second: 1.0, per_group: None, pulls: false };
            let mut target = Target::new(pace, self.clock.clone());
            target.wellness = Wellness::Absent;
            target
        })
    }

    fn add(&mut self, action: Arc<Action>, attempted: Option<Arc<str>>) {
        self.order += 1;
        let id = action.id.clone();
        let key = key(&action);
        let entry = Entry {
            order: self.order,
            key,
            recorded: attempted.is_some(),
            doubtful: attempted.is_some(),
            attempts: 0,
            granted: Granted::Nothing,
            lease: None,
            body: attempted,
            state: State::Behind,
            action,
        };
        self.target(&entry.action.platform).room.enter(entry.place());
        self.entries.insert(id.clone(), entry);
        let queue = self.queues.entry(key).or_default();
        queue.push_back(id.clone());
        if queue.len() == 1 {
            self.make_ready(id);
        }
    }

    /// The head of a member's queue may go as soon as its platform lets it.
    fn make_ready(&mut self, id: ActionId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let Some(target) = self.targets.get_mut(&entry.action.platform) else { return };
        if entry.state != State::Behind {
            return;
        }
        if target.pace.pulls && entry.doubtful && entry.attempts == 0 && !entry.is_repeatable(target.pace) {
            Self::lease_anew(entry, target, self.turned_to);
            return;
        }
        entry.state = State::Ready;
        target.ready.insert(&entry.action, entry.place(), entry.granted);
    }

    fn retry(&mut self, id: &ActionId, after: Option<Duration>, now: Timestamp) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let Some(target) = self.targets.get_mut(&entry.action.platform) else { return };
        let wait = backoff(id, entry.attempts).max(after.unwrap_or_default());
        let at = now.plus(wait).min(entry.action.deadline);
        entry.state = State::Waiting(at);
        target.waiting.insert((at, id.clone()));
        self.stand_aside(id);
    }
}

#[cfg(test)]
mod tests;
