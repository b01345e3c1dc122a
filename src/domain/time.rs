//! Points in time and their written form.

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z. Written and read as RFC 3339.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Reads RFC 3339, e.g. `2026-11-22T10:00:00+08:00`. An offset or `Z` is required.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(millis) = usual(text.as_bytes()) {
            return Some(Self(millis));
        }
        let time: jiff::Timestamp = text.parse().ok()?;
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

/// Reads the form that nearly every event has, `2026-11-22T10:00:00[.123](Z|+08:00)`; `None` leaves the text to jiff,
/// which takes five times as long. The year is at least 1970, so that no truncation of fractions is in question.
fn usual(text: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, rest @ ..] = text else {
        return None;
    };
    let year = pair(*y1, *y2)? * 100 + pair(*y3, *y4)?;
    let (month, day) = (pair(*m1, *m2)?, pair(*d1, *d2)?);
    let (hour, minute, second) = (pair(*h1, *h2)?, pair(*n1, *n2)?, pair(*s1, *s2)?);
    // Days from 29 up need the calendar's rules only in February; leap seconds are jiff's.
    let days = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year < 1970 || !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, rest) = match rest {
        [b'.', a, b, c, rest @ ..] => (digit(*a)? * 100 + pair(*b, *c)?, rest),
        rest => (0, rest),
    };
    let offset = match rest {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (pair(*h1, *h2)?, pair(*m1, *m2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = hours * 3600 + minutes * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    // Years from March, so that the leap day is a year's last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468;
    let seconds = day * 86_400 + hour * 3600 + minute * 60 + second - offset;
    if year > 9998 {
        return None; // the end of jiff's range depends on the offset
    }
    Some(seconds * 1000 + fraction)
}

fn pair(tens: u8, ones: u8) -> Option<i64> {
    Some(digit(tens)? * 10 + digit(ones)?)
}

fn digit(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

fn millis(by: Duration) -> i64 {
    i64::try_from(by.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_jiff(text: &str) -> Option<Timestamp> {
        text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp(time.as_millisecond()))
    }

    #[test]
    fn the_quick_reading_agrees_with_jiff() {
        let rows = [
            "2026-11-22T10:00:00+08:00",
            "2026-11-22T10:00:00Z",
            "2026-11-22T10:00:00.123-03:30",
            "2024-02-29T23:59:59Z",
            "2023-02-29T23:59:59Z",
            "2100-02-29T00:00:00Z",
            "2000-02-29T00:00:00Z",
            "1970-01-01T00:00:00+08:00",
            "1969-12-31T23:59:59.999Z",
            "9999-12-31T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-04-00T00:00:00Z",
            "2026-04-30T24:00:00Z",
            "2026-04-30T23:59:60Z",
            "2026-04-30T23:60:00Z",
            "2026-04-30T23:00:00",
            "2026-04-30T23:00:00.1Z",
            "2026-04-30T23:00:00.123456789Z",
            "2026-04-30T23:00:00+24:00",
            "2026-04-30T23:00:00+23:60",
            "2026-04-30 23:00:00+08",
            "2026-04-30t23:00:00z",
            "昨天",
            "",
        ];
        for text in rows {
            assert_eq!(Timestamp::parse(text), by_jiff(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_written_time_is_read_back(ms in 0_i64..253_370_000_000_000, hours in -23_i32..=23) {
            let zone = TimeZone::fixed(jiff::tz::offset(i8::try_from(hours).expect("small")));
            let text = Timestamp(ms).rfc3339(&zone);
            prop_assert_eq!(Timestamp::parse(&text), Some(Timestamp(ms)));
            prop_assert_eq!(by_jiff(&text), Some(Timestamp(ms)));
        }
    }
}
