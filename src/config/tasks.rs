//! Reads `[profile.X.tasks]`: what happens to tasks that nobody acts on.

use std::time::Duration;

use super::section::{Number, Section};
use crate::domain::tasks::{BySoon, TaskPolicy};

pub(super) const CHASES: Number = Number { key: "chases", range: 0..=10, unit: "times", default: 2 };
pub(super) const LATER: Number = Number { key: "later_minutes", range: 1..=1440, unit: "minutes", default: 30 };

const fn minutes(key: &'static str, default: u32) -> Number {
    Number { key, range: 1..=10_080, unit: "minutes", default }
}

/// After how many minutes a task is sent again, by kind.
pub(super) const CHASE: [Number; 5] =
    [minutes("leak", 1), minutes("ads", 3), minutes("incident", 15), minutes("opinion", 60), minutes("other", 8)];
/// After how many minutes others are asked, by kind (product.md B).
pub(super) const ESCALATE: [Number; 5] =
    [minutes("leak", 2), minutes("ads", 5), minutes("incident", 30), minutes("opinion", 120), minutes("other", 15)];

/// The section `tasks` over what holds so far.
pub(super) fn policy(mut section: Section<'_>, tasks: &mut TaskPolicy) {
    tasks.chases = section.number(&CHASES).unwrap_or(tasks.chases);
    tasks.escalate = section.flag("escalate").unwrap_or(tasks.escalate);
    if let Some(n) = section.number(&LATER) {
        tasks.later = duration(n);
    }
    let heading = |key: &str| format!("{}.{key}]", section.name.trim_end_matches(']'));
    let [chase, escalate] = ["chase_after", "escalate_after"].map(heading);
    if let Some(section) = section.section("chase_after", chase) {
        by_soon(section, &CHASE, &mut tasks.chase_after);
    }
    if let Some(section) = section.section("escalate_after", escalate) {
        by_soon(section, &ESCALATE, &mut tasks.escalate_after);
    }
    section.finish();
}

fn by_soon(mut section: Section<'_>, numbers: &[Number; 5], times: &mut BySoon) {
    let BySoon { leak, ads, incident, opinion, other } = times;
    for (number, time) in numbers.iter().zip([leak, ads, incident, opinion, other]) {
        if let Some(n) = section.number(number) {
            *time = duration(n);
        }
    }
    section.finish();
}

fn duration(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_without_them_is_what_their_rows_say() {
        let policy = TaskPolicy::default();
        let defaults = |numbers: [Number; 5]| BySoon::minutes(numbers.map(|number| number.default.into()));
        assert_eq!((policy.chase_after, policy.escalate_after), (defaults(CHASE), defaults(ESCALATE)));
        assert_eq!((policy.chases, policy.later), (CHASES.default, duration(LATER.default)));
    }
}
