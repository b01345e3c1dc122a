//! A clock turned by hand.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use qunwei::domain::time::Timestamp;
use qunwei::ports::Clock;

/// Stands still until it is turned.
pub struct HandClock(AtomicI64);

impl HandClock {
    /// A clock that shows this time.
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.0))
    }

    /// Turns it forward.
    pub fn turn(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).expect("a sane duration"), Ordering::SeqCst);
    }

    /// Sets it.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.0, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}
