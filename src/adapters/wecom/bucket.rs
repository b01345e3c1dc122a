//! How often something may be done: never more than so many times in any one minute, by the daemon's clock.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::domain::time::Timestamp;

/// Never more than `limit` in any `window`.
///
/// Not evenly spread as the outbox's own pace is: twenty notices may go at once after a quiet minute. What is counted is the
/// time of WeCom's answer, which is later than when WeCom counted: so our minute is never shorter than WeCom's.
#[derive(Clone, Debug)]
pub struct Bucket {
    limit: usize,
    window: Duration,
    taken: VecDeque<Timestamp>,
    closed_until: Timestamp,
}

impl Bucket {
    /// At most `limit` (at least 1) in any `window`.
    pub fn new(limit: usize, window: Duration) -> Self {
        Self { limit: limit.max(1), window, taken: VecDeque::new(), closed_until: Timestamp(i64::MIN) }
    }

    /// How long until one more may go; zero: now.
    pub fn wait(&mut self, now: Timestamp) -> Duration {
        self.forget(now);
        let full = if self.taken.len() < self.limit { None } else { self.taken.get(self.taken.len() - self.limit) };
        let until = full.map_or(self.closed_until, |first| first.plus(self.window).max(self.closed_until));
        until.since(now).min(self.window) // a clock that was put back must not close it for longer
    }

    /// How many may go now.
    pub fn free(&mut self, now: Timestamp) -> usize {
        if self.wait(now).is_zero() { self.limit - self.taken.len().min(self.limit) } else { 0 }
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
        if self.closed_until.since(now) > self.window {
            self.closed_until = Timestamp(i64::MIN); // the clock was put back
        }
        self.taken.retain(|taken| now.since(*taken) < self.window && taken.since(now) <= self.window);
    }
}

/// A bucket for each of many, at most `most` of them: those that are as good as new are forgotten first.
#[derive(Debug)]
pub struct Buckets {
    limit: usize,
    window: Duration,
    most: usize,
    by_key: HashMap<Arc<str>, Bucket>,
}

impl Buckets {
    /// At most `limit` in any `window` for each key, and at most `most` keys.
    pub fn new(limit: usize, window: Duration, most: usize) -> Self {
        Self { limit, window, most, by_key: HashMap::new() }
    }

    /// How long until one more may go for this key; zero: now.
    pub fn wait(&mut self, key: &str, now: Timestamp) -> Duration {
        self.by_key.get_mut(key).map_or(Duration::ZERO, |bucket| bucket.wait(now))
    }

    /// How many may go for this key now.
    pub fn free(&mut self, key: &str, now: Timestamp) -> usize {
        self.by_key.get_mut(key).map_or(self.limit, |bucket| bucket.free(now))
    }

    /// What was taken for this key at `from` turned out to be later.
    pub fn later(&mut self, key: &str, from: Timestamp, to: Timestamp) {
        if let Some(bucket) = self.by_key.get_mut(key) {
            bucket.later(from, to);
        }
    }

    /// One goes for this key.
    pub fn take(&mut self, key: &Arc<str>, now: Timestamp) {
        if self.by_key.len() >= self.most && !self.by_key.contains_key(key) {
            self.by_key.retain(|_, bucket| !bucket.is_idle(now));
            if self.by_key.len() >= self.most {
                self.by_key.clear(); // WeCom still counts; what goes too fast is then answered by it
            }
        }
        let bucket = self.by_key.entry(key.clone()).or_insert_with(|| Bucket::new(self.limit, self.window));
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
        let mut bucket = Bucket::new(3, MINUTE);
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
    fn it_can_be_closed_and_a_clock_put_back_does_not_keep_it_closed() {
        let mut bucket = Bucket::new(3, MINUTE);
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
        let mut buckets = Buckets::new(1, MINUTE, 2);
        let (one, two, three) = (Arc::from("1"), Arc::from("2"), Arc::from("3"));
        buckets.take(&one, at(0));
        assert_eq!((buckets.wait("1", at(1)), buckets.wait("2", at(1))), (Duration::from_secs(59), Duration::ZERO));
        buckets.take(&two, at(59));
        buckets.take(&three, at(61));
        assert_eq!(buckets.by_key.len(), 2, "the first was idle");
    }
}
