//! Waits between attempts: each twice the one before, up to a limit, and never the same for two daemons at once.

use std::time::Duration;

/// A row of waits.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    limit: Duration,
    failures: u32,
}

impl Backoff {
    /// Waits from about `first` up to `limit`.
    pub fn new(first: Duration, limit: Duration) -> Self {
        Self { first, limit, failures: 0 }
    }

    /// The next wait: between half and all of what is due after so many failures, so that many who fail at once do not
    /// come back at once.
    pub fn next_wait(&mut self) -> Duration {
        let due = self.first.saturating_mul(2u32.saturating_pow(self.failures)).min(self.limit);
        self.failures = self.failures.saturating_add(1);
        let share = f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX);
        due / 2 + (due / 2).mul_f64(share)
    }

    /// How many failures there were since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Something succeeded.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_limit_and_begin_anew_after_a_success() {
        let (first, limit) = (Duration::from_secs(1), Duration::from_secs(30));
        let mut backoff = Backoff::new(first, limit);
        for failure in 0..80 {
            let due = first.saturating_mul(2u32.saturating_pow(failure)).min(limit);
            let wait = backoff.next_wait();
            assert!(wait >= due / 2 && wait <= due, "{failure}: {wait:?} of {due:?}");
        }
        assert_eq!(backoff.failures(), 80);
        backoff.reset();
        assert!(backoff.next_wait() <= first);
    }
}
