//! How many requests a second a bridge may make, by the clock that everything else goes by.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as GovernorClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::ports::Clock;

/// So many requests a second, and so many at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second.
    pub per_second: NonZeroU32,
    /// Requests at once.
    pub burst: NonZeroU32,
}

pub(super) struct Limiter {
    limiter: RateLimiter<NotKeyed, InMemoryState, Ours, NoOpMiddleware<Duration>>,
    clock: Ours,
}

#[derive(Clone)]
struct Ours(Arc<dyn Clock>);

impl GovernorClock for Ours {
    type Instant = Duration;
    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now().0).unwrap_or(0))
    }
}

impl Limiter {
    pub(super) fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        let clock = Ours(clock);
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self { limiter: RateLimiter::direct_with_clock(quota, clock.clone()), clock }
    }

    /// Takes a request, or says in how many seconds (at least 1) one will be taken.
    pub(super) fn check(&self) -> Result<(), u64> {
        self.limiter.check().map_err(|until| {
            let wait: Duration = until.earliest_possible().duration_since(self.clock.now()).into();
            wait.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX)
        })
    }
}
