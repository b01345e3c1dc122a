//! When something is to happen again and again, or once: cron expressions and wall-clock times in a time zone, quiet hours.
//!
//! What clocks that are put forward and back mean: a time that names its hour happens once on each day that it names. If the
//! clocks skip it, it happens at the moment they do; if they show it twice, the first time. What is to happen every hour or
//! every few hours goes on by the time that passes. Computed by `croner` from the times that are passed in.

use std::str::FromStr;
use std::time::Duration;

use croner::Cron;
use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, ToSpan, Zoned};

use super::time::Timestamp;

/// When.
#[derive(Clone, Debug, PartialEq)]
pub enum Times {
    /// At one point in time.
    At(Timestamp),
    /// When the clocks of a zone show this.
    Once(DateTime),
    /// At the times of a cron expression.
    Cron(Box<CronTimes>),
}

/// The times of a cron expression.
#[derive(Clone, Debug, PartialEq)]
pub struct CronTimes {
    cron: Cron,
    /// Its hours are named, and not "every".
    names_hours: bool,
}

impl Times {
    /// Reads a cron expression: minute, hour, day of the month, month, day of the week; seconds may stand before and a year
    /// behind.
    ///
    /// # Errors
    /// What is wrong with it, in English.
    pub fn cron(text: &str) -> Result<Self, String> {
        let cron = Cron::from_str(text).map_err(|error| plain(&error.to_string()))?;
        let fields: Vec<&str> = text.split_whitespace().collect();
        let hour = if fields.len() > 5 { fields.get(2) } else { fields.get(1) };
        let names_hours = hour.is_some_and(|hour| !hour.contains('*'));
        Ok(Self::Cron(Box::new(CronTimes { cron, names_hours })))
    }

    /// The first such time after `time`.
    pub fn after(&self, time: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Times::At(at) => Some(*at).filter(|at| *at > time),
            Times::Once(at) => instant(*at, zone).filter(|at| *at > time),
            Times::Cron(times) if times.names_hours => {
                let mut civil = time.zoned(zone).datetime();
                loop {
                    civil = times.cron.find_next_occurrence(&civil, false).ok()?;
                    // In an hour that is shown twice what comes next may have been before.
                    if let Some(at) = instant(civil, zone).filter(|at| *at > time) {
                        return Some(at);
                    }
                }
            }
            Times::Cron(times) => passing_after(&times.cron, time, zone),
        }
    }

    /// The last such time that is not after `time`.
    pub fn last(&self, time: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Times::At(at) => Some(*at).filter(|at| *at <= time),
            Times::Once(at) => instant(*at, zone).filter(|at| *at <= time),
            Times::Cron(times) if times.names_hours => {
                let mut civil = latest_shown(&time.zoned(zone));
                let mut inclusive = true;
                loop {
                    civil = times.cron.find_previous_occurrence(&civil, inclusive).ok()?;
                    inclusive = false;
                    if let Some(at) = instant(civil, zone).filter(|at| *at <= time) {
                        return Some(at);
                    }
                }
            }
            Times::Cron(times) => passing_until(&times.cron, time, zone),
        }
    }

    /// Whether it happens more than once.
    pub fn repeats(&self) -> bool {
        matches!(self, Times::Cron(_))
    }
}

/// The first time after `time` at which clocks show what an expression asks for, each time they show it. `croner` is asked about
/// one stretch in which they are not changed after the other: over a change it finds other times going forward than going back.
fn passing_after(cron: &Cron, time: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let (mut from, mut inclusive) = (time.zoned(zone).timestamp(), false);
    loop {
        let offset = zone.to_offset(from);
        let found = cron.find_next_occurrence(&offset.to_datetime(from), inclusive).ok()?;
        let found = offset.to_timestamp(found).ok()?;
        match zone.following(from).next().map(|change| change.timestamp()) {
            Some(change) if found >= change => (from, inclusive) = (change, true),
            _ => return Some(Timestamp(found.as_millisecond())),
        }
    }
}

/// The last such time that is not after `time`.
fn passing_until(cron: &Cron, time: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let moment = SignedDuration::from_millis(1);
    let mut until = time.zoned(zone).timestamp();
    loop {
        let offset = zone.to_offset(until);
        let found = cron.find_previous_occurrence(&offset.to_datetime(until), true).ok()?;
        let found = offset.to_timestamp(found).ok()?;
        match zone.preceding(until.checked_add(moment).ok()?).next().map(|change| change.timestamp()) {
            Some(change) if found < change => until = change.checked_sub(moment).ok()?,
            _ => return Some(Timestamp(found.as_millisecond())),
        }
    }
}

/// When the clocks of a zone show this: the first time if twice; if never, the moment at which they skip it.
pub fn instant(civil: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_zoned(civil);
    let early = match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => {
            let before = ambiguous.earlier().ok()?.timestamp();
            return Some(Timestamp(zone.following(before).next()?.timestamp().as_millisecond()));
        }
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok()?,
    };
    Some(stamp(&early))
}

/// Whether the clocks of a zone never show this, because they are put forward.
pub fn is_skipped(civil: DateTime, zone: &TimeZone) -> bool {
    matches!(zone.to_ambiguous_zoned(civil).offset(), AmbiguousOffset::Gap { .. })
}

fn stamp(at: &Zoned) -> Timestamp {
    Timestamp(at.timestamp().as_millisecond())
}

/// What the clocks show; in an hour that they show for the second time, later than anything they showed before.
fn latest_shown(now: &Zoned) -> DateTime {
    let civil = now.datetime();
    match now.time_zone().to_ambiguous_zoned(civil).offset() {
        AmbiguousOffset::Fold { before, after } if now.offset() == after => {
            let repeated = SignedDuration::from_secs((before.seconds() - after.seconds()).into());
            civil.checked_add(repeated).unwrap_or(civil)
        }
        _ => civil,
    }
}

/// `croner`'s words without the names of its types.
fn plain(error: &str) -> String {
    let error = ["Invalid pattern: ", "Pattern contains illegal characters: ", "Component error: "]
        .iter()
        .find_map(|head| error.strip_prefix(head))
        .unwrap_or(error);
    error.trim_end_matches('.').replace("CronPattern", "it")
}

/// Part of each day in which nobody is to be disturbed, by the clocks of a zone; it may go over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// Its beginning, included.
    pub from: Time,
    /// Its end, not included.
    pub until: Time,
}

impl QuietHours {
    /// Reads `22:00-08:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, until) = text.split_once(['-', '–', '~'])?;
        let time = |text: &str| -> Option<Time> {
            let (hour, minute) = text.trim().split_once(':')?;
            Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
        };
        let (from, until) = (time(from)?, time(until)?);
        (from != until).then_some(Self { from, until })
    }

    /// Whether a time lies in them.
    pub fn contains(&self, time: Timestamp, zone: &TimeZone) -> bool {
        let now = time.zoned(zone).time();
        if self.from < self.until { self.from <= now && now < self.until } else { self.from <= now || now < self.until }
    }

    /// The next time after `time` at which they end.
    pub fn end(&self, time: Timestamp, zone: &TimeZone) -> Timestamp {
        next_shown(self.until, time, zone)
    }

    /// The next time after `time` at which they begin.
    pub fn begin(&self, time: Timestamp, zone: &TimeZone) -> Timestamp {
        next_shown(self.from, time, zone)
    }
}

/// The next time after `time` at which the clocks show `clock`.
fn next_shown(clock: Time, time: Timestamp, zone: &TimeZone) -> Timestamp {
    let today = time.zoned(zone).date();
    let days = (0..3).filter_map(|days| today.checked_add(days.days()).ok());
    days.filter_map(|day| instant(day.to_datetime(clock), zone)).find(|at| *at > time).unwrap_or(time)
}

/// What becomes of a time that lies in quiet hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum InQuiet {
    /// It waits for their end.
    #[default]
    Defer,
    /// It is left out.
    Skip,
    /// It is kept all the same.
    Send,
}

/// Times in one zone with its quiet hours, and for how long each is still worth keeping.
#[derive(Clone, Copy)]
pub struct Track<'a> {
    /// When.
    pub times: &'a Times,
    /// By whose clocks.
    pub zone: &'a TimeZone,
    /// When nobody is to be disturbed.
    pub quiet: Option<QuietHours>,
    /// What becomes of a time in quiet hours.
    pub in_quiet: InQuiet,
    /// How late it may be.
    pub grace: Duration,
}

/// One of the times of a track, called by the time that it was to be at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Which.
    pub at: Timestamp,
    /// When it is kept: the same, or the end of quiet hours.
    pub due: Timestamp,
    /// After this it is missed.
    pub deadline: Timestamp,
}

impl Track<'_> {
    fn quiet(&self) -> Option<QuietHours> {
        self.quiet.filter(|_| self.in_quiet != InQuiet::Send)
    }

    /// When a time is kept; `None` when it is left out.
    fn slot(&self, at: Timestamp) -> Option<Slot> {
        let Some(quiet) = self.quiet() else {
            return Some(Slot { at, due: at, deadline: at.plus(self.grace) });
        };
        let due = match (quiet.contains(at, self.zone), self.in_quiet) {
            (false, _) => at,
            (true, InQuiet::Skip) => return None,
            (true, _) => quiet.end(at, self.zone),
        };
        // What is late is not sent into quiet hours either.
        let deadline = due.plus(self.grace).min(Timestamp(quiet.begin(due, self.zone).0 - 1));
        Some(Slot { at, due, deadline })
    }

    /// The last time that was to be kept by `now`; of several that wait for the end of quiet hours the last.
    pub fn last(&self, now: Timestamp) -> Option<Slot> {
        self.slot(self.times.last(now, self.zone)?).filter(|slot| slot.due <= now)
    }

    /// When the next one is to be kept: one that waits for the end of quiet hours, else the next that comes.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        Some(self.waiting(now).or_else(|| self.next_slot(now))?.due)
    }

    /// The one whose time has come and that waits for the end of quiet hours.
    pub fn waiting(&self, now: Timestamp) -> Option<Slot> {
        self.slot(self.times.last(now, self.zone)?).filter(|slot| slot.due > now)
    }

    /// The next one that comes.
    pub fn next_slot(&self, now: Timestamp) -> Option<Slot> {
        /// Of those that are all left out no more are looked at: more than a year of nights.
        const MOST: usize = 500;
        let mut time = now;
        for _ in 0..MOST {
            let at = self.times.after(time, self.zone)?;
            match (self.slot(at), self.quiet()) {
                (Some(slot), _) => return Some(slot),
                (None, Some(quiet)) => time = Timestamp(quiet.end(at, self.zone).0 - 1),
                (None, None) => return None,
            }
        }
        None
    }

    /// Those that come next, of several that wait for the same end of quiet hours one.
    pub fn firings(&self, now: Timestamp) -> impl Iterator<Item = Slot> {
        let mut time = now;
        std::iter::from_fn(move || {
            let slot = self.next_slot(time)?;
            time = slot.due;
            Some(slot)
        })
    }
}

#[cfg(test)]
mod tests;
