//! `repeat`: the same text again and again, by one member, by many members of a group, by one user across groups. Texts
//! are the same when they fold to the same.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{Build, Draft, Found, LONGEST_WINDOW, Look, Rule, Said};
use crate::domain::recent::{Among, Copied, Needs, Recent, Sighting};
use crate::domain::time::Timestamp;

/// The keys of a `repeat` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Repeat {
    /// Shorter folded texts may be repeated: 好的, 收到.
    min_characters: Option<Spanned<i64>>,
    /// The same member in the same group.
    by_member: Option<ByMember>,
    /// Different members of the same group.
    by_members: Option<ByMembers>,
    /// The same user in different groups.
    across_groups: Option<AcrossGroups>,
}

/// One member saying the same this often within this time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByMember {
    /// From how many times on it is a hit.
    times: Spanned<i64>,
    /// Within how many seconds.
    seconds: Spanned<i64>,
}

/// So many members saying the same within this time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByMembers {
    /// From how many members on it is a hit.
    members: Spanned<i64>,
    /// Within how many seconds.
    seconds: Spanned<i64>,
}

/// One user saying the same in so many groups within this time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcrossGroups {
    /// From how many groups on it is a hit.
    groups: Spanned<i64>,
    /// Within how many seconds.
    seconds: Spanned<i64>,
}

/// [`Repeat::min_characters`] where it is not given.
pub(super) const MIN_CHARACTERS: usize = 8;

/// How many messages that are already known may be later than the one that is judged and still have their windows tried.
const LATER: usize = 64;

/// The most times, members or groups that a window may ask for.
pub(super) const MOST: i64 = 100;

impl Draft for Repeat {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let shortest = match &self.min_characters {
            Some(number) => build.number(number, "min_characters", 1..=10_000).map(|n| n as usize),
            None => Some(MIN_CHARACTERS),
        };
        let limits = limits(build, self.by_member.as_ref(), self.by_members.as_ref(), self.across_groups.as_ref());
        if limits.is_empty() && build.errors() == before {
            let fault = build.source.fault(build.span.clone(), "a `repeat` rule without a limit finds nothing");
            build.faults.push(fault.help("e.g. `by_member = { times = 3, seconds = 600 }`"));
        }
        let shortest = shortest.filter(|_| build.errors() == before)?;
        Some(Box::new(Repeats { shortest, limits }))
    }
}

/// The limits that are written; what is wrong with them goes to `build`.
pub(super) fn limits(
    build: &mut Build<'_>,
    by_member: Option<&ByMember>,
    by_members: Option<&ByMembers>,
    across_groups: Option<&AcrossGroups>,
) -> Vec<Limit> {
    let written = [
        by_member.map(|by| (&by.times, "times", &by.seconds, What::Times)),
        by_members.map(|by| (&by.members, "members", &by.seconds, What::Members)),
        across_groups.map(|by| (&by.groups, "groups", &by.seconds, What::Groups)),
    ];
    let mut limits = Vec::new();
    for (count, key, seconds, what) in written.into_iter().flatten() {
        let count = build.number(count, key, 2..=MOST);
        let seconds = build.number(seconds, "seconds", 1..=LONGEST_WINDOW);
        if let (Some(count), Some(seconds)) = (count, seconds) {
            limits.push(Limit { what, count: count as usize, within: Duration::from_secs(seconds.into()) });
        }
    }
    limits
}

struct Repeats {
    /// In characters of the fold.
    shortest: usize,
    limits: Vec<Limit>,
}

pub(super) struct Limit {
    what: What,
    count: usize,
    within: Duration,
}

/// What is counted.
#[derive(Clone, Copy)]
enum What {
    /// Messages of the member.
    Times,
    /// Members of the group.
    Members,
    /// Members of any group.
    MembersAnywhere,
    /// Groups of the user.
    Groups,
}

impl Rule for Repeats {
    fn looks(&self) -> &'static [Look] {
        &[Look::Recent]
    }

    fn needs(&self, needs: &mut Needs) {
        for limit in &self.limits {
            needs.texts(self.shortest, limit.within);
        }
    }

    fn in_recent(&self, recent: &Recent, sighting: &Sighting, said: &Said<'_>, found: &mut Found<'_>) {
        let Some(same) = sighting.text else { return };
        let long_enough = said.text.folded.text.chars().nth(self.shortest.saturating_sub(1)).is_some();
        if long_enough && self.limits.iter().any(|limit| limit.is_reached(recent, sighting, same)) {
            found.push(said.text.whole());
        }
    }
}

impl Limit {
    /// A limit of so many different members, of one group or of all together.
    pub(super) fn members(count: usize, within: Duration, anywhere: bool) -> Self {
        let what = if anywhere { What::MembersAnywhere } else { What::Members };
        Self { what, count, within }
    }

    /// In words, for `scan --explain`.
    pub(super) fn in_words(&self) -> String {
        let what = match self.what {
            What::Times => "times by one member",
            What::Members => "members of one group",
            What::MembersAnywhere => "members",
            What::Groups => "groups by one user",
        };
        format!("{} {what} within {} s", self.count, self.within.as_secs())
    }

    /// Among whose texts it counts.
    pub(super) fn among(&self) -> Among {
        match self.what {
            What::Times | What::Members => Among::Group,
            What::MembersAnywhere => Among::All,
            What::Groups => Among::User,
        }
    }

    /// How far it looks back.
    pub(super) fn within(&self) -> Duration {
        self.within
    }

    /// Whether this message stands in any window that reaches the limit: a message that comes late may complete one that
    /// ends after it.
    pub(super) fn is_reached(&self, recent: &Recent, sighting: &Sighting, same: u64) -> bool {
        self.is_reached_by(|| recent.copies(same, sighting.time, self.within), sighting)
    }

    /// The same by these copies, newest first.
    pub(super) fn is_reached_by<'a, C>(&self, copies: impl Fn() -> C, sighting: &Sighting) -> bool
    where
        C: Iterator<Item = &'a Copied>,
    {
        let copies = || copies().filter(|copied| self.counts(copied, sighting));
        let mut ends: Vec<Timestamp> =
            copies().map(|copied| copied.time).take_while(|t| *t > sighting.time).take(LATER).collect();
        ends.push(sighting.time);
        ends.dedup();
        ends.into_iter().any(|end| {
            let window = copies().skip_while(|copied| copied.time > end);
            self.is_enough(window.take_while(|copied| end.since(copied.time) <= self.within))
        })
    }

    fn counts(&self, copied: &Copied, sighting: &Sighting) -> bool {
        let same_user = copied.user() == sighting.user;
        let same_group = copied.is_in(sighting.group);
        match self.what {
            What::Times => same_user && same_group,
            What::Members => same_group,
            What::Groups => same_user,
            What::MembersAnywhere => true,
        }
    }

    fn is_enough<'a>(&self, mut window: impl Iterator<Item = &'a Copied>) -> bool {
        let key = match self.what {
            What::Times => return window.nth(self.count - 1).is_some(),
            What::Members | What::MembersAnywhere => Copied::user,
            What::Groups => Copied::group,
        };
        let mut different = Vec::with_capacity(self.count);
        for key in window.map(key) {
            if !different.contains(&key) {
                different.push(key);
                if different.len() >= self.count {
                    return true;
                }
            }
        }
        false
    }
}
