//! Points in time and their written form.

use std::fmt;
use std::time::Duration;

use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z. Written and read as RFC 3339.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Reads RFC 3339, e.g. `2026-11-22T10:00:00+08:00`. An offset or `Z` is required.
    pub fn parse(text: &str) -> Option<Self> {
        let time = text.parse().ok().or_else(|| beyond(text))?;
        Some(Self(time.as_millisecond()))
    }

    /// This much later (saturating).
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }

    /// This much earlier (saturating).
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(millis(by)))
    }

    /// The time from `earlier` to `self`, zero when `self` is not later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This point on the clocks of a time zone; the nearest end of jiff's range for points beyond year 9999.
    pub fn zoned(self, zone: &TimeZone) -> jiff::Zoned {
        let end = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(end).to_zoned(zone.clone())
    }

    /// RFC 3339 with the zone's offset; milliseconds only when there are some.
    pub fn rfc3339(self, zone: &TimeZone) -> String {
        let zoned = self.zoned(zone);
        let format = if self.0.rem_euclid(1000) == 0 { "%Y-%m-%dT%H:%M:%S%:z" } else { "%Y-%m-%dT%H:%M:%S%.3f%:z" };
        zoned.strftime(format).to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339(&TimeZone::UTC))
    }
}

/// The last hours of the year 9999, with which people mean "never", are beyond what jiff takes for a point in time.
fn beyond(text: &str) -> Option<jiff::Timestamp> {
    let pieces = Pieces::parse(text).ok()?;
    pieces.to_numeric_offset()?;
    (pieces.time().is_some() && pieces.date().year() == 9999).then_some(jiff::Timestamp::MAX)
}

fn millis(by: Duration) -> i64 {
    i64::try_from(by.as_millis()).unwrap_or(i64::MAX)
}
