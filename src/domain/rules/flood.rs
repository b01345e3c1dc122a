//! `flood`: many messages by one member in a short time.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{Build, Draft, Found, LONGEST_WINDOW, Look, Rule, Said};
use crate::domain::recent::{Needs, Recent, Sighting};
use crate::domain::time::Timestamp;

/// The most messages a window may allow: what is looked at for one question is bounded.
const MOST_MESSAGES: i64 = 200;

/// The keys of a `flood` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flood {
    /// The windows; any of them overfull is a hit.
    windows: Spanned<Vec<Window>>,
}

/// So many messages are allowed in so many seconds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    /// How many messages are still right.
    messages: Spanned<i64>,
    /// Within how many seconds.
    seconds: Spanned<i64>,
}

impl Draft for Flood {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        if self.windows.get_ref().is_empty() {
            let fault = build.source.fault(self.windows.span(), "a `flood` rule needs at least one window");
            build.faults.push(fault.help("e.g. `windows = [{ messages = 5, seconds = 10 }]`"));
        }
        let limits = limits(self.windows.get_ref(), build);
        (build.errors() == before).then(|| Box::new(Limits(limits)) as Box<dyn Rule>)
    }
}

/// The windows that are sound; what is wrong with the others goes to `build`.
pub(super) fn limits(windows: &[Window], build: &mut Build<'_>) -> Vec<Limit> {
    let limit = |window: &Window| {
        let messages = build.number(&window.messages, "messages", 1..=MOST_MESSAGES);
        let seconds = build.number(&window.seconds, "seconds", 1..=LONGEST_WINDOW);
        Some(Limit { messages: messages? as usize, within: Duration::from_secs(seconds?.into()) })
    };
    windows.iter().filter_map(limit).collect()
}

struct Limits(Vec<Limit>);

pub(super) struct Limit {
    messages: usize,
    within: Duration,
}

impl Rule for Limits {
    fn looks(&self) -> &'static [Look] {
        &[Look::Recent]
    }

    fn needs(&self, needs: &mut Needs) {
        self.0.iter().for_each(|limit| limit.needs(needs));
    }

    fn in_recent(&self, recent: &Recent, sighting: &Sighting, said: &Said<'_>, found: &mut Found<'_>) {
        if self.0.iter().any(|limit| limit.is_overfull(recent, sighting)) {
            found.push(said.text.whole());
        }
    }
}

impl Limit {
    pub(super) fn needs(&self, needs: &mut Needs) {
        needs.times(self.within);
    }

    /// Whether this message stands in any window that holds too many: a message that comes late may complete one that
    /// ends after it.
    pub(super) fn is_overfull(&self, recent: &Recent, sighting: &Sighting) -> bool {
        let later = recent.times(sighting.member, sighting.time, self.within).take_while(|time| *time > sighting.time);
        let later = later.count();
        if later == 0 {
            // As ever: this is the newest, and the oldest of one too many says it all.
            let mut times = recent.times(sighting.member, sighting.time, self.within);
            return times.nth(self.messages).is_some();
        }
        let times: Vec<Timestamp> = recent.times(sighting.member, sighting.time, self.within).collect();
        let windows = times.iter().zip(times.iter().skip(self.messages));
        windows.take(later + 1).any(|(newest, oldest)| *oldest <= sighting.time && newest.since(*oldest) <= self.within)
    }
}
