//! A clock that people can move forward.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::ports::Clock;

/// Another clock's time, and what it was moved forward by. It never goes back.
pub struct MovedClock {
    base: Arc<dyn Clock>,
    ahead: AtomicI64,
}

impl MovedClock {
    /// Shows what `base` shows, until it is moved.
    pub fn new(base: Arc<dyn Clock>) -> Self {
        Self { base, ahead: AtomicI64::new(0) }
    }

    /// Moves it forward to a point in time; one that is over is no move.
    pub fn forward_to(&self, to: Timestamp) {
        let wanted = to.0.saturating_sub(self.base.now().0);
        self.ahead.fetch_max(wanted, Ordering::SeqCst);
    }

    /// How far it is ahead of its base.
    pub fn ahead(&self) -> Duration {
        Duration::from_millis(self.ahead.load(Ordering::SeqCst).try_into().unwrap_or(0))
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        self.base.now().plus(self.ahead())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Still;
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp(1_000)
        }
    }

    #[test]
    fn it_goes_forward_and_never_back() {
        let clock = MovedClock::new(Arc::new(Still));
        assert_eq!(clock.now(), Timestamp(1_000));
        clock.forward_to(Timestamp(61_000));
        assert_eq!((clock.now(), clock.ahead()), (Timestamp(61_000), Duration::from_secs(60)));
        clock.forward_to(Timestamp(5_000));
        clock.forward_to(Timestamp(i64::MIN));
        assert_eq!(clock.now(), Timestamp(61_000));
    }
}
