//! `pictures`: too many pictures in one message, or by one member in a short time.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::content::places;
use super::{Build, Draft, Found, LONGEST_WINDOW, Look, Rule, Said};
use crate::domain::case::Span;
use crate::domain::event::{Message, Segment};
use crate::domain::recent::{Needs, Recent, Sighting};
use crate::domain::time::Timestamp;

/// The most pictures that a limit may allow.
const MOST_PICTURES: i64 = 200;

/// The keys of a `pictures` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pictures {
    /// How many are still right in one message.
    pictures: Option<Spanned<i64>>,
    /// How many are still right by one member in some time.
    #[serde(default)]
    windows: Vec<Window>,
    /// Videos count too.
    #[serde(default)]
    videos: bool,
}

/// So many pictures are allowed in so many seconds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    /// How many pictures are still right.
    pictures: Spanned<i64>,
    /// Within how many seconds.
    seconds: Spanned<i64>,
}

impl Draft for Pictures {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let in_one = self.pictures.as_ref().and_then(|most| build.number(most, "pictures", 0..=MOST_PICTURES));
        let windows = self.windows.iter().filter_map(|window| {
            let pictures = build.number(&window.pictures, "pictures", 0..=MOST_PICTURES);
            let seconds = build.number(&window.seconds, "seconds", 1..=LONGEST_WINDOW);
            Some(Limit { pictures: pictures? as usize, within: Duration::from_secs(seconds?.into()) })
        });
        let windows: Vec<Limit> = windows.collect();
        if self.pictures.is_none() && self.windows.is_empty() {
            let fault = build.source.fault(build.span.clone(), "a `pictures` rule without a limit finds nothing");
            build.faults.push(fault.help("e.g. `pictures = 3`, or `windows = [{ pictures = 9, seconds = 60 }]`"));
        }
        let most = Most { in_one, windows, videos: self.videos };
        (build.errors() == before).then(|| Box::new(most) as Box<dyn Rule>)
    }
}

struct Most {
    in_one: Option<u32>,
    windows: Vec<Limit>,
    videos: bool,
}

struct Limit {
    pictures: usize,
    within: Duration,
}

impl Most {
    fn counts(&self, segment: &Segment) -> bool {
        matches!(segment, Segment::Image { .. }) || (self.videos && matches!(segment, Segment::Video { .. }))
    }
}

impl Rule for Most {
    fn looks(&self) -> &'static [Look] {
        if self.windows.is_empty() { &[Look::Message] } else { &[Look::Message, Look::Recent] }
    }

    fn needs(&self, needs: &mut Needs) {
        self.windows.iter().for_each(|limit| needs.pictures(limit.within));
    }

    fn in_message(&self, message: &Message, found: &mut Found<'_>) {
        let Some(most) = self.in_one else { return };
        let pictures: Vec<u32> =
            places(message).filter(|(_, _, segment)| self.counts(segment)).map(|(at, ..)| at).collect();
        if let (true, [first, ..], [.., last]) = (pictures.len() > most as usize, &pictures[..], &pictures[..]) {
            found.push(Span { start: *first, end: last + 1 });
        }
    }

    fn in_recent(&self, recent: &Recent, sighting: &Sighting, said: &Said<'_>, found: &mut Found<'_>) {
        let shown = sighting.images > 0 || (self.videos && sighting.videos > 0);
        if shown && self.windows.iter().any(|limit| limit.is_exceeded(self.videos, recent, sighting)) {
            found.push(said.text.whole());
        }
    }

    fn limit(&self) -> Option<String> {
        let what = if self.videos { "pictures and videos" } else { "pictures" };
        let in_one = self.in_one.map(|most| format!("{most} {what} in one message"));
        let windows = self.windows.iter().map(|l| format!("{} {what} in {} s", l.pictures, l.within.as_secs()));
        Some(in_one.into_iter().chain(windows).collect::<Vec<_>>().join(", "))
    }
}

impl Limit {
    /// Whether this message stands in any window that holds too many: one that comes late may complete a window that ends
    /// after it.
    fn is_exceeded(&self, videos: bool, recent: &Recent, sighting: &Sighting) -> bool {
        let mut times: Vec<Timestamp> = recent.images(sighting.member, sighting.time, self.within).collect();
        if videos {
            times.extend(recent.videos(sighting.member, sighting.time, self.within));
            times.sort_unstable_by_key(|time| std::cmp::Reverse(*time));
        }
        let stretches = times.iter().zip(times.iter().skip(self.pictures));
        let holds = |newest: Timestamp, oldest: Timestamp| oldest <= sighting.time && sighting.time <= newest;
        stretches.into_iter().any(|(new, old)| holds(*new, *old) && new.since(*old) <= self.within)
    }
}
