//! Moving the clock forward as if the time had passed: what is due on the way happens at its time, one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::adapters::playground::Playground;
use crate::adapters::playground::clock::MovedClock;
use crate::app::pulse::Pulse;
use crate::domain::time::Timestamp;
use crate::ports::Clock;

/// The longest that is waited for the daemon to come to rest: it may be told more all the time.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// More timers than this are not waited for one by one.
const MOST_TIMERS: usize = 200;
/// The farthest one move goes: a year.
const FARTHEST: Duration = Duration::from_secs(366 * 86_400);

/// The clock, and what tells whether the daemon is at rest.
#[derive(Clone)]
pub struct Turning {
    clock: Arc<MovedClock>,
    pulse: Pulse,
    playground: Playground,
}

/// The clock as the page shows it.
#[derive(Serialize)]
struct Shown {
    now: Timestamp,
    /// Milliseconds it was moved forward by.
    ahead: u128,
}

impl Turning {
    /// Turns this clock of this daemon.
    pub fn new(clock: Arc<MovedClock>, pulse: Pulse, playground: Playground) -> Self {
        Self { clock, pulse, playground }
    }

    /// What the clock shows.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How far the clock was moved.
    pub fn ahead(&self) -> Duration {
        self.clock.ahead()
    }

    /// Shows the clock on the pages.
    pub fn show(&self) {
        let shown = Shown { now: self.now(), ahead: self.clock.ahead().as_millis() };
        self.playground.show("clock", "clock", &shown);
    }

    /// Waits until nothing happens any more before the clock is moved, for some seconds at most.
    pub async fn rest(&self) {
        let begun = Instant::now();
        while !self.pulse.only_waits(self.now()) && begun.elapsed() < PATIENCE {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Moves the clock.
    pub async fn forward(&self, by: Duration) {
        self.rest().await;
        let to = self.now().plus(by.min(FARTHEST));
        for _ in 0..MOST_TIMERS {
            match self.pulse.next_timer() {
                Some(due) if due <= to => {
                    self.clock.forward_to(due);
                    self.show();
                    self.rest().await;
                }
                _ => break,
            }
        }
        self.clock.forward_to(to);
        self.show();
        self.rest().await;
    }

    /// Moves the clock to the next timer; `false` when there is none.
    pub async fn forward_to_timer(&self) -> bool {
        self.rest().await;
        let Some(due) = self.pulse.next_timer() else { return false };
        self.forward(due.since(self.now())).await;
        true
    }
}
