//! How often something may be done: never more than so many times in any one minute, by the daemon's clock.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::domain::time::Timestamp;

/// So many in a window of time.
pub type Limit = (usize, Duration);

/// Never more than each limit allows in any window of its length.
///
/// Not evenly spread as the outbox's own pace is: twenty notices may go at once after a quiet minute. What is counted is the
/// time of WeCom's answer, which is later than when WeCom counted: so our minute is never shorter than WeCom's.
#[derive(Clone, Debug)]
pub struct Bucket {
    limits: Arc<[Limit]>,
    taken: VecDeque<Timestamp>,
    closed_until: Timestamp,
}

impl Bucket {
    /// With these limits.
    pub fn new(limits: impl Into<Arc<[Limit]>>) -> Self {
        Self { limits: limits.into(), taken: VecDeque::new(), closed_until: Timestamp(i64::MIN) }
    }

    /// How long until one more may go; zero: now.
    pub fn wait(&mut self, now: Timestamp) -> Duration {
        self.forget(now);
        let of = |(limit, window): &Limit| {
            // The one that must have left the window before another may go.
            let first = self.taken.len().checked_sub((*limit).max(1)).and_then(|at| self.taken.get(at))?;
            Some(first.plus(*window).since(now).min(*window)) // a clock that was put back must not close it for longer
        };
        let longest = self.limits.iter().filter_map(of).max().unwrap_or_default();
        longest.max(self.closed_until.since(now))
    }

    /// How many may go now.
    pub fn free(&mut self, now: Timestamp) -> usize {
        if !self.wait(now).is_zero() {
            return 0;
        }
        let of = |(limit, window): &Limit| {
            let taken = self.taken.iter().filter(|taken| now.since(**taken) < *window).count();
            limit.saturating_sub(taken)
        };
        self.limits.iter().map(of).min().unwrap_or(usize::MAX)
    }

    /// One goes, or has just gone.
    pub fn take(&mut self, now: Timestamp) {
        self.forget(now);
        self.taken.push_back(now);
    }

    /// What was taken at `from` turned out to be later.
    pub fn later(&mut self, from: Timestamp, to: Timestamp) {
        if let Some(taken) = self.taken.iter_mut().find(|taken| **taken == from) {
            *taken = to;
        }
        self.taken.make_contiguous().sort_unstable();
    }

    /// Nothing more for so long, whatever was counted: WeCom has said that it was too much.
    pub fn close(&mut self, now: Timestamp, length: Duration) {
        self.closed_until = self.closed_until.max(now.plus(length));
    }

    /// Whether it is as good as new.
    pub fn is_idle(&mut self, now: Timestamp) -> bool {
        self.forget(now);
        self.taken.is_empty() && self.closed_until <= now
    }

    fn forget(&mut self, now: Timestamp) {
        let window = self.limits.iter().map(|(_, window)| *window).max().unwrap_or_default();
        if self.closed_until.since(now) > window {
            self.closed_until = Timestamp(i64::MIN); // the clock was put back
        }
        // Beyond the window on either side: it is over, or the clock was put back.
        let counts = |taken: &Timestamp| now.since(*taken) < window && taken.since(now) <= window;
        while self.taken.front().is_some_and(|taken| !counts(taken)) {
            self.taken.pop_front();
        }
    }
}

/// A bucket for each of many, at most `most` of them: those that are as good as new are forgotten first.
#[derive(Debug)]
pub struct Buckets {
    limits: Arc<[Limit]>,
    most: usize,
    by_key: HashMap<Arc<str>, Bucket>,
}

impl Buckets {
    /// These limits for each key, and at most `most` keys.
    pub fn new(limits: impl Into<Arc<[Limit]>>, most: usize) -> Self {
        Self { limits: limits.into(), most, by_key: HashMap::new() }
    }

    /// How long until one more may go for this key; zero: now.
    pub fn wait(&mut self, key: &str, now: Timestamp) -> Duration {
        self.by_key.get_mut(key).map_or(Duration::ZERO, |bucket| bucket.wait(now))
    }

    /// How many may go for this key now.
    pub fn free(&mut self, key: &str, now: Timestamp) -> usize {
        match self.by_key.get_mut(key) {
            Some(bucket) => bucket.free(now),
            None => self.limits.iter().map(|(limit, _)| *limit).min().unwrap_or(usize::MAX),
        }
    }

    /// What was taken for this key at `from` turned out to be later.
    pub fn later(&mut self, key: &str, from: Timestamp, to: Timestamp) {
        if let Some(bucket) = self.by_key.get_mut(key) {
            bucket.later(from, to);
        }
    }

    /// One goes for this key.
    pub fn take(&mut self, key: &str, now: Timestamp) {
        if self.by_key.len() >= self.most && !self.by_key.contains_key(key) {
            self.by_key.retain(|_, bucket| !bucket.is_idle(now));
            if self.by_key.len() >= self.most {
                self.by_key.clear(); // WeCom still counts; what goes too fast is then answered by it
            }
        }
        let bucket = self.by_key.entry(key.into()).or_insert_with(|| Bucket::new(self.limits.clone()));
        bucket.take(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: i64) -> Timestamp {
        Timestamp(1_000_000 + seconds * 1000)
    }

    #[test]
    fn never_more_than_the_limit_in_any_minute() {
        let mut bucket = Bucket::new([(3, MINUTE)]);
        for second in [0, 10, 20] {
            assert_eq!(bucket.wait(at(second)), Duration::ZERO);
            bucket.take(at(second));
        }
        assert_eq!((bucket.wait(at(30)), bucket.free(at(30))), (Duration::from_secs(30), 0));
        assert_eq!((bucket.wait(at(60)), bucket.free(at(60))), (Duration::ZERO, 1));
        bucket.take(at(60));
        assert_eq!(bucket.wait(at(61)), Duration::from_secs(9));
        assert_eq!(bucket.free(at(200)), 3);
        assert!(bucket.is_idle(at(200)));
    }

    #[test]
    fn each_limit_holds_by_itself() {
        let mut bucket = Bucket::new([(2, MINUTE), (3, 60 * MINUTE)]);
        bucket.take(at(0));
        bucket.take(at(1));
        assert_eq!((bucket.wait(at(2)), bucket.free(at(2))), (Duration::from_secs(58), 0));
        assert_eq!(bucket.free(at(100)), 1, "three in the hour");
        bucket.take(at(100));
        assert_eq!(bucket.wait(at(200)), Duration::from_secs(3400));
        assert_eq!(bucket.free(at(3600)), 1);
    }

    #[test]
    fn it_can_be_closed_and_a_clock_put_back_does_not_keep_it_closed() {
        let mut bucket = Bucket::new([(3, MINUTE)]);
        bucket.close(at(0), MINUTE);
        assert_eq!(bucket.wait(at(1)), Duration::from_secs(59));
        assert_eq!(bucket.wait(at(60)), Duration::ZERO);
        for _ in 0..3 {
            bucket.take(at(100_000));
        }
        bucket.close(at(100_000), MINUTE);
        assert_eq!(bucket.wait(at(0)), Duration::ZERO);
    }

    #[test]
    fn keys_do_not_disturb_each_other_and_are_not_kept_for_ever() {
        let mut buckets = Buckets::new([(1, MINUTE)], 2);
        buckets.take("1", at(0));
        assert_eq!((buckets.wait("1", at(1)), buckets.wait("2", at(1))), (Duration::from_secs(59), Duration::ZERO));
        buckets.take("2", at(59));
        buckets.take("3", at(61));
        assert_eq!(buckets.by_key.len(), 2, "the first was idle");
    }
}
