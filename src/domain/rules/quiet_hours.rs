//! `quiet_hours`: messages, or some of what they may hold, at night. The hours are those on the clocks of the group's time
//! zone when the message was sent, so that a night in which these are turned is a night like any other.

use jiff::civil::{DateTime, Time, Weekday};
use serde::Deserialize;
use toml::Spanned;

use super::content::{self, Content};
use super::{Build, Draft, Found, Look, Rule, Said};
use crate::domain::event::Segment;

/// The keys of a `quiet_hours` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuietHours {
    /// When they begin: `22:00`.
    from: Spanned<String>,
    /// When they are over: `08:00`; before `from`, it is the next morning.
    to: Spanned<String>,
    /// Only in the nights that begin on these days; without it, every day.
    #[serde(default)]
    days: Vec<Day>,
    /// Only messages with one of these in them.
    #[serde(default)]
    only: Vec<Content>,
    /// … or with a text of more characters.
    characters: Option<Spanned<i64>>,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    fn is(self, weekday: Weekday) -> bool {
        self as i8 == weekday.to_monday_zero_offset()
    }
}

impl Draft for QuietHours {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let (from, to) = (time(&self.from, build), time(&self.to, build));
        let characters = self.characters.as_ref().and_then(|most| build.number(most, "characters", 1..=1_000_000));
        if from.is_some() && from == to {
            let fault = build.source.fault(self.to.span(), "the quiet hours end when they begin");
            build.faults.push(fault.help("for the whole day write from = \"00:00\" and to = \"24:00\""));
        }
        let Self { days, only, .. } = *self;
        let hours = Hours { from: from?, to: to?, days, only, characters };
        (build.errors() == before).then(|| Box::new(hours) as Box<dyn Rule>)
    }
}

/// A time of the day in minutes; 24:00 is the end of it.
fn time(written: &Spanned<String>, build: &mut Build<'_>) -> Option<u16> {
    let text = written.get_ref().replace('：', ":");
    let parts = text.trim().split_once(':').and_then(|(hour, minute)| {
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        let sound = (hour < 24 && minute < 60) || (hour, minute) == (24, 0);
        sound.then_some(hour * 60 + minute)
    });
    if parts.is_none() {
        let fault = build.source.fault(written.span(), format!("`{}` is no time of the day", written.get_ref()));
        build.faults.push(fault.help("write hours and minutes: \"22:00\""));
    }
    parts
}

struct Hours {
    /// Minutes of the day.
    from: u16,
    to: u16,
    days: Vec<Day>,
    only: Vec<Content>,
    characters: Option<u32>,
}

impl Hours {
    /// Whether these hours run at a point on the group's clocks.
    fn run_at(&self, now: DateTime) -> bool {
        let minute = minutes(now.time());
        let (evening, morning) = (minute >= self.from, minute < self.to);
        let over_midnight = self.to <= self.from;
        let (run, began) = match (over_midnight, evening, morning) {
            (false, _, _) => (evening && morning, Some(now.date())),
            (true, true, _) => (true, Some(now.date())),
            (true, false, morning) => (morning, now.date().yesterday().ok()),
        };
        let day = || began.is_some_and(|date| self.days.iter().any(|day| day.is(date.weekday())));
        run && (self.days.is_empty() || day())
    }
}

fn minutes(time: Time) -> u16 {
    u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).unwrap_or_default()
}

impl Rule for Hours {
    fn looks(&self) -> &'static [Look] {
        &[Look::Moment]
    }

    fn at_moment(&self, said: &Said<'_>, found: &mut Found<'_>) {
        if !self.run_at(said.moment.time.zoned(said.moment.zone).datetime()) {
            return;
        }
        if said.moment.edited {
            // Who mends at night what they said by day says nothing new; what was read in a picture was said when it was sent.
            let in_picture = said.message.content.iter().any(|segment| matches!(segment, Segment::Qr(_)));
            if in_picture {
                content::find(&self.only, said, found);
            }
            return;
        }
        let long = self.characters.is_some_and(|most| said.text.folded.original_length() > most);
        if long || (self.only.is_empty() && self.characters.is_none()) {
            found.push(said.text.whole());
        } else if !self.only.is_empty() {
            content::find(&self.only, said, found);
        }
    }

    fn limit(&self) -> Option<String> {
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        Some(format!("{}–{}", clock(self.from), clock(self.to)))
    }
}
