//! When the disk with the data will be full, if it goes on like this.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::time::Timestamp;

/// How often the free space is looked at.
pub const EVERY: Duration = Duration::from_secs(30);
/// A trend is that of so many looks: half an hour.
const LOOKS: usize = 60;
/// Before so many, five minutes, there is no trend.
const LEAST_LOOKS: usize = 11;

/// The free space, as it was lately.
#[derive(Debug, Default)]
pub struct Trend {
    looks: VecDeque<(Timestamp, u64)>,
}

impl Trend {
    /// So many bytes are free now. A clock that was turned begins anew.
    pub fn add(&mut self, now: Timestamp, free: u64) {
        if self.looks.back().is_some_and(|(last, _)| *last > now || now.since(*last) > 10 * EVERY) {
            self.looks.clear();
        }
        if self.looks.len() == LOOKS {
            self.looks.pop_front();
        }
        self.looks.push_back((now, free));
    }

    /// In what time nothing will be free; `None` when it does not look so, or nobody knows yet.
    ///
    /// The median of the slopes between any two looks, so that neither the bursts in which a database grows nor a file that
    /// comes and goes count; and one jump, somebody's large file, is taken out before.
    pub fn full_in(&self) -> Option<Duration> {
        let (_, free) = *self.looks.back()?;
        if self.looks.len() < LEAST_LOOKS {
            return None;
        }
        let points = self.without_jump();
        let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
        for (at, (t0, y0)) in points.iter().enumerate() {
            slopes.extend(points.iter().skip(at + 1).filter(|(t1, _)| t1 > t0).map(|(t1, y1)| (y1 - y0) / (t1 - t0)));
        }
        let middle = slopes.len() / 2;
        let (_, slope, _) = (middle < slopes.len()).then(|| slopes.select_nth_unstable_by(middle, f64::total_cmp))?;
        // Slower than to last a year is no trend but noise.
        (*slope < 0.0)
            .then(|| free as f64 / -*slope)
            .filter(|seconds| *seconds < 365.0 * 86_400.0)
            .map(Duration::from_secs_f64)
    }

    /// Seconds and bytes of the looks, as if the largest change between two had been one in the middle of all.
    fn without_jump(&self) -> Vec<(f64, f64)> {
        let points: Vec<(f64, f64)> =
            self.looks.iter().map(|(at, free)| (at.0 as f64 / 1000.0, *free as f64)).collect();
        let steps: Vec<f64> = points
            .windows(2)
            .map(|pair| pair.iter().rev().map(|(_, y)| *y).reduce(|b, a| b - a).unwrap_or_default())
            .collect();
        let Some((jump, size)) = steps.iter().copied().enumerate().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()))
        else {
            return points;
        };
        let mut sorted = steps;
        sorted.sort_unstable_by(f64::total_cmp);
        let usual = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        points.into_iter().enumerate().map(|(at, (t, y))| (t, if at > jump { y - size + usual } else { y })).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: f64 = 1_048_576.0;

    /// The time until a disk is full whose free space, in MiB, was this at each look.
    fn minutes(free: impl IntoIterator<Item = f64>) -> Option<u64> {
        let mut trend = Trend::default();
        for (look, free) in (0..).zip(free) {
            trend.add(Timestamp(0).plus(EVERY * look), (free * MIB) as u64);
        }
        trend.full_in().map(|time| time.as_secs() / 60)
    }

    #[test]
    fn what_falls_steadily_is_full_when_the_line_says_so() {
        assert_eq!(minutes((0..60).map(|look| 1000.0 - 5.0 * f64::from(look))), Some(70)); // 705 left, 10 a minute
        assert_eq!(minutes((0..11).map(|look| 200.0 - f64::from(look))), Some(95), "five minutes are enough");
        assert_eq!(minutes((0..10).map(|look| 200.0 - f64::from(look))), None);
    }

    #[test]
    fn bursts_of_a_database_are_a_trend() {
        let bursts = (0..60).map(|look| 1000.0 - 50.0 * f64::from(look / 10));
        let told = minutes(bursts).expect("it fills");
        assert!((75..=100).contains(&told), "{told} minutes; 750 left, 10 a minute, one burst left out");
    }

    #[test]
    fn one_jump_is_none() {
        for at in [1, 5, 30, 55, 59] {
            let jump = |look: i32| if look >= at { 300.0 } else { 1000.0 };
            assert_eq!(minutes((0..60).map(jump)), None, "a large file at look {at}");
            let falls = (0..60).map(|look| jump(look) - f64::from(look)); // and 2 a minute besides
            let told = minutes(falls).expect("it fills");
            assert!((115..=125).contains(&told), "a large file at look {at}: {told}");
        }
        assert_eq!(minutes((0..60).map(|look| if look == 20 { 100.0 } else { 1000.0 })), None, "it came and went");
    }

    #[test]
    fn what_stays_or_grows_is_never_full() {
        assert_eq!(minutes((0..60).map(|_| 1000.0)), None);
        assert_eq!(minutes((0..60).map(|look| 100.0 + f64::from(look))), None);
        let mut noise = 7_u32;
        let wavers = (0..60).map(|_| {
            noise = noise.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            50_000.0 + f64::from(noise >> 28)
        });
        assert!(minutes(wavers).is_none_or(|told| told > 24 * 60), "noise");
        assert_eq!(minutes([]), None);
    }

    #[test]
    fn a_clock_that_was_turned_begins_anew() {
        let mut trend = Trend::default();
        for look in 0..60 {
            trend.add(Timestamp(0).plus(EVERY * look), 1 << 30 >> look.min(20));
        }
        assert!(trend.full_in().is_some());
        trend.add(Timestamp(0), 1 << 20);
        assert_eq!(trend.full_in(), None, "back");
        trend.add(Timestamp(86_400_000), 1 << 10);
        assert_eq!(trend.full_in(), None, "a day on");
        assert_eq!(trend.looks.len(), 1);
    }
}
