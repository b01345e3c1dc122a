//! A platform as the outbox sees it: its pace, how well it answers, and which of its actions are ready.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::FakeRelativeClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::domain::action::{ActionId, Lane};
use crate::domain::time::Timestamp;

/// A platform, as far as sending goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// It drops a repeated id.
    pub idempotent: bool,
    /// Actions a second, more than 0.
    pub per_second: f64,
}

/// How well a platform answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wellness {
    /// As it should.
    Well,
    /// In a way that an operator must look at.
    Broken,
    /// It wants nothing more from us, until its configuration changes or the daemon is started anew.
    Disabled,
    /// It is not configured, or switched off: its actions wait for their deadlines.
    Absent,
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, FakeRelativeClock, NoOpMiddleware<governor::nanos::Nanos>>;

pub(super) struct Target {
    pub(super) pace: Pace,
    pub(super) limiter: Limiter,
    pub(super) ready: BTreeSet<(Lane, u64, ActionId)>,
    pub(super) waiting: BTreeSet<(Timestamp, ActionId)>,
    pub(super) in_flight: usize,
    /// When the pace last let nothing more go.
    pub(super) paced: Option<Timestamp>,
    pub(super) wellness: Wellness,
}

impl Target {
    pub(super) fn new(pace: Pace, clock: FakeRelativeClock) -> Self {
        let (ready, waiting) = (BTreeSet::new(), BTreeSet::new());
        let limiter = limiter(pace, clock);
        Self { pace, limiter, ready, waiting, in_flight: 0, paced: None, wellness: Wellness::Well }
    }

    /// Another pace from here on.
    pub(super) fn set_pace(&mut self, pace: Pace, clock: FakeRelativeClock) {
        if self.pace.per_second != pace.per_second {
            self.limiter = limiter(pace, clock);
            self.paced = None;
        }
        self.pace = pace;
    }

    /// Whether nothing is sent to it.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.wellness, Wellness::Disabled | Wellness::Absent)
    }
}

fn limiter(pace: Pace, clock: FakeRelativeClock) -> Limiter {
    // A second's worth may go at once, the rest evenly.
    let burst = NonZeroU32::new(pace.per_second as u32).unwrap_or(NonZeroU32::MIN);
    let period = Duration::from_secs_f64(1.0 / pace.per_second.clamp(0.001, 100_000.0));
    let quota = Quota::with_period(period).unwrap_or(Quota::per_second(burst)).allow_burst(burst);
    RateLimiter::direct_with_clock(quota, clock)
}
