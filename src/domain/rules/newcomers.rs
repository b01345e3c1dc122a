//! `newcomers`: what members may not do yet who came a short while ago. Of whom nobody knows when they came is not new.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::content::{self, Content};
use super::flood::{self, Limit, Window};
use super::{Build, Draft, Found, LONGEST_WINDOW, Look, Rule, Said};
use crate::domain::recent::{Needs, Recent, Sighting};
use crate::domain::time::Timestamp;

/// The keys of a `newcomers` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMembers {
    /// How many hours somebody is new.
    hours: Spanned<i64>,
    /// Not any more after so many messages.
    messages: Option<Spanned<i64>>,
    /// What they may not send.
    #[serde(default)]
    forbid: Vec<Content>,
    /// How many messages they may send.
    #[serde(default)]
    windows: Vec<Window>,
}

/// The longest time that somebody is new: 30 days.
const MOST_HOURS: i64 = 720;
/// Where their messages are counted: as far back as a window reaches.
const MOST_HOURS_COUNTED: i64 = LONGEST_WINDOW / 3600;
/// The most messages after which somebody is still new.
const MOST_MESSAGES: i64 = 200;
/// Platforms do not always tell in order: who wrote just before they are said to have come is new too.
const OUT_OF_ORDER: Duration = Duration::from_secs(60);

impl Draft for NewMembers {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let hours = build.number(&self.hours, "hours", 1..=MOST_HOURS);
        let messages = self.messages.as_ref().map(|messages| build.number(messages, "messages", 1..=MOST_MESSAGES));
        if self.messages.is_some() && hours.is_some_and(|hours| i64::from(hours) > MOST_HOURS_COUNTED) {
            let message = "messages are remembered for a day: who said enough before that is new again";
            let fault = build.source.fault(self.hours.span(), message).warning();
            build.faults.push(fault.help(format!("with `messages`, write `hours` up to {MOST_HOURS_COUNTED}")));
        }
        if self.forbid.is_empty() && self.windows.is_empty() {
            let fault = build.source.fault(build.span.clone(), "this `newcomers` rule forbids nothing");
            let help = "e.g. forbid = [\"link\", \"image\"], or windows = [{ messages = 3, seconds = 60 }]";
            build.faults.push(fault.help(help));
        }
        let windows = flood::limits(&self.windows, build);
        let new = Duration::from_secs(u64::from(hours?) * 3600);
        let counted = new.min(Duration::from_secs(MOST_HOURS_COUNTED as u64 * 3600));
        let messages = messages.map_or(Some(None), |messages| messages.map(|n| Some(n as usize)))?;
        let limits = Limits { new, counted, messages, forbid: self.forbid, windows };
        (build.errors() == before).then(|| Box::new(limits) as Box<dyn Rule>)
    }
}

struct Limits {
    new: Duration,
    /// How far back their messages are counted.
    counted: Duration,
    messages: Option<usize>,
    forbid: Vec<Content>,
    windows: Vec<Limit>,
}

impl Limits {
    /// Whether the sender is new.
    fn holds(&self, said: &Said<'_>) -> bool {
        let Some(joined) = said.moment.joined else { return false };
        let time = said.moment.time;
        let new = time.plus(OUT_OF_ORDER) >= joined && time.since(joined) < self.new;
        new && self.messages.is_none_or(|most| !self.said_more(said, joined, most))
    }

    /// Whether they said more than so many messages since they came.
    fn said_more(&self, said: &Said<'_>, joined: Timestamp, most: usize) -> bool {
        let Some((recent, member)) = said.earlier else { return false };
        let time = said.moment.time;
        recent.times(member, time, self.counted).filter(|at| *at >= joined && *at <= time).nth(most).is_some()
    }
}

impl Rule for Limits {
    fn looks(&self) -> &'static [Look] {
        match (self.forbid.is_empty(), self.windows.is_empty()) {
            (false, true) => &[Look::Moment],
            (true, _) => &[Look::Recent],
            (false, false) => &[Look::Moment, Look::Recent],
        }
    }

    fn needs(&self, needs: &mut Needs) {
        self.windows.iter().for_each(|limit| limit.needs(needs));
        if self.messages.is_some() {
            needs.times(self.counted);
        }
    }

    fn at_moment(&self, said: &Said<'_>, found: &mut Found<'_>) {
        if self.holds(said) {
            content::find(&self.forbid, said, found);
        }
    }

    fn in_recent(&self, recent: &Recent, sighting: &Sighting, said: &Said<'_>, found: &mut Found<'_>) {
        if self.holds(said) && self.windows.iter().any(|limit| limit.is_overfull(recent, sighting)) {
            found.push(said.text.whole());
        }
    }

    fn limit(&self) -> Option<String> {
        Some(format!("in the first {} hours", self.new.as_secs() / 3600))
    }
}
