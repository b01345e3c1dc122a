//! A platform as the outbox sees it: its pace, how well it answers, and which of its actions are ready.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, FakeRelativeClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::ready::Ready;
use super::room::Room;
use crate::domain::action::ActionId;
use crate::domain::time::Timestamp;

/// Attempts that may be under way at once on a platform to which actions are sent …
const IN_FLIGHT: usize = 32;
/// … and actions that a bot which fetches them may have in hand.
const LEASED: usize = 1000;
/// Groups whose pace is remembered; those that have rested are then forgotten.
const GROUPS: usize = 4096;

/// A platform, as far as sending goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// It drops a repeated id.
    pub idempotent: bool,
    /// Actions a second, more than 0.
    pub per_second: f64,
    /// Actions a minute in any one group; no limit of its own without one.
    pub per_group: Option<NonZeroU32>,
    /// Its bot fetches actions ([`super::Outbox::lease`]); none are sent.
    pub pulls: bool,
}

/// How well a platform answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wellness {
    /// As it should.
    Well,
    /// In a way that an operator must look at.
    Broken,
    /// It wants nothing more from us, until its configuration changes, an operator asks for a reload, or the daemon is
    /// started anew.
    Disabled,
    /// Actions wait, and its bot does not fetch them.
    Unpolled,
    /// It is not configured, or switched off: its actions wait for their deadlines.
    Absent,
}

type NoMiddleware = NoOpMiddleware<governor::nanos::Nanos>;
type Limiter = RateLimiter<NotKeyed, InMemoryState, FakeRelativeClock, NoMiddleware>;
type GroupLimiter = RateLimiter<Arc<str>, HashMapStateStore<Arc<str>>, FakeRelativeClock, NoMiddleware>;

/// What the pace says to one more attempt.
pub(super) enum Admitted {
    /// It may be made.
    Yes,
    /// Its group has had enough for so long.
    GroupWaits(Duration),
    /// The platform has had enough for now.
    Waits,
}

/// How far an action has come with the pace: what was granted once is not asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Granted {
    Nothing,
    /// Its group's pace lets it go.
    InGroup,
    /// It may go.
    Wholly,
}

pub(super) struct Target {
    pub(super) pace: Pace,
    limiter: Limiter,
    groups: Option<GroupLimiter>,
    clock: FakeRelativeClock,
    pub(super) ready: Ready,
    /// Which of its actions are in memory.
    pub(super) room: Room,
    pub(super) waiting: BTreeSet<(Timestamp, ActionId)>,
    /// What a bot has fetched, by the time until which nobody else gets it.
    pub(super) leases: BTreeSet<(Timestamp, ActionId)>,
    pub(super) in_flight: usize,
    /// When the pace last let nothing more go.
    pub(super) paced: Option<Timestamp>,
    pub(super) wellness: Wellness,
    /// Since when actions are there to be fetched and nobody asked for any.
    pub(super) unasked: Option<Timestamp>,
}

impl Target {
    pub(super) fn new(pace: Pace, clock: FakeRelativeClock) -> Self {
        Self {
            pace,
            limiter: limiter(pace, clock.clone()),
            groups: pace.per_group.map(|limit| by_group(limit, clock.clone())),
            clock,
            ready: Ready::default(),
            room: Room::default(),
            waiting: BTreeSet::new(),
            leases: BTreeSet::new(),
            in_flight: 0,
            paced: None,
            wellness: Wellness::Well,
            unasked: None,
        }
    }

    /// Another pace from here on.
    pub(super) fn set_pace(&mut self, pace: Pace) {
        if self.pace.per_second != pace.per_second {
            self.limiter = limiter(pace, self.clock.clone());
            self.paced = None;
        }
        if self.pace.per_group != pace.per_group {
            self.groups = pace.per_group.map(|limit| by_group(limit, self.clock.clone()));
            self.ready.call_up_all();
        }
        self.pace = pace;
    }

    /// Whether nothing is sent to it.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.wellness, Wellness::Disabled | Wellness::Absent)
    }

    /// Whether no more may be under way.
    pub(super) fn is_full(&self) -> bool {
        self.in_flight >= if self.pace.pulls { LEASED } else { IN_FLIGHT }
    }

    /// Whether one more attempt may be made in a group, given what was granted before. A group that has had enough takes
    /// nothing from the pace of the others.
    pub(super) fn admit(&mut self, group: &Arc<str>, granted: &mut Granted) -> Admitted {
        if let (Granted::Nothing, Some(groups), false) = (*granted, &self.groups, group.is_empty()) {
            if let Err(until) = groups.check_key(group) {
                return Admitted::GroupWaits(until.wait_time_from(self.clock.now()));
            }
            if groups.len() > GROUPS {
                groups.retain_recent();
            }
        }
        if *granted != Granted::Wholly {
            *granted = Granted::InGroup;
            if self.limiter.check().is_err() {
                return Admitted::Waits;
            }
            *granted = Granted::Wholly;
        }
        Admitted::Yes
    }
}

fn limiter(pace: Pace, clock: FakeRelativeClock) -> Limiter {
    // A second's worth may go at once, the rest evenly.
    let burst = NonZeroU32::new(pace.per_second as u32).unwrap_or(NonZeroU32::MIN);
    let period = Duration::from_secs_f64(1.0 / pace.per_second.clamp(0.001, 100_000.0));
    let quota = Quota::with_period(period).unwrap_or(Quota::per_second(burst)).allow_burst(burst);
    RateLimiter::direct_with_clock(quota, clock)
}

/// Never more than `limit` in any minute: a fifth of it at once, the rest evenly over what is left of the minute.
fn by_group(limit: NonZeroU32, clock: FakeRelativeClock) -> GroupLimiter {
    let burst = NonZeroU32::new(limit.get() / 5).unwrap_or(NonZeroU32::MIN);
    let evenly = limit.get() - burst.get();
    let period = Duration::from_secs(60) / evenly.max(1);
    let quota = Quota::with_period(period).unwrap_or(Quota::per_minute(limit)).allow_burst(burst);
    RateLimiter::hashmap_with_clock(quota, clock)
}
