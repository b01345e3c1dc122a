//! How many of how many, and between what the true share lies.

use serde::Deserialize;
use serde::ser::{Serialize, SerializeStruct, Serializer};

/// For an interval in which the true share lies 95 times out of 100.
const Z: f64 = 1.959_963_985;

/// `count` of `of`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Share {
    /// How many.
    pub count: u64,
    /// Of how many.
    pub of: u64,
}

impl Share {
    /// One more, which counts or does not.
    pub fn add(&mut self, counts: bool) {
        self.of += 1;
        self.count += u64::from(counts);
    }

    /// From 0 to 1; `None` of nothing.
    pub fn share(self) -> Option<f64> {
        (self.of > 0).then(|| self.count as f64 / self.of as f64)
    }

    /// Wilson's interval at 95 %, from 0 to 1: also right for few, and near 0 and 1.
    pub fn interval(self) -> Option<(f64, f64)> {
        let share = self.share()?;
        let n = self.of as f64;
        let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        let middle = share + Z * Z / (2.0 * n);
        let scale = 1.0 + Z * Z / n;
        Some((((middle - spread) / scale).max(0.0), ((middle + spread) / scale).min(1.0)))
    }

    /// The standard error of the share, never less than that of one message more or less than all.
    pub fn error(self) -> f64 {
        let n = self.of.max(1) as f64;
        let share = ((self.count as f64).clamp(1.0, (n - 1.0).max(1.0)) / n).min(1.0);
        (share * (1.0 - share) / n).sqrt()
    }
}

impl Serialize for Share {
    /// With the share and its interval, to four places.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let short = |share: f64| (share * 10_000.0).round() / 10_000.0;
        let mut shown = to.serialize_struct("Share", 5)?;
        shown.serialize_field("count", &self.count)?;
        shown.serialize_field("of", &self.of)?;
        shown.serialize_field("share", &self.share().map(short))?;
        shown.serialize_field("low", &self.interval().map(|(low, _)| short(low)))?;
        shown.serialize_field("high", &self.interval().map(|(_, high)| short(high)))?;
        shown.end()
    }
}
