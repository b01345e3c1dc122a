//! The ladder: which step a violation takes a member to (product.md C).

use super::event::Role;
use super::policy::{Policy, Severity, Step};
use super::standing::Standing;
use super::time::Timestamp;

/// What a violation means for a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It belongs to the burst of an earlier case: evidence, no strike.
    Joins {
        /// That case.
        case: u64,
    },
    /// It is a case of its own.
    Opens {
        /// The step of the ladder.
        step: Step,
        /// Live strikes, this one included.
        strikes: usize,
    },
}

/// Where a violation sent at `time` puts a member.
///
/// A burst is all violations whose time lies before the end of a case's burst; the oldest such case takes it. Otherwise
/// the step is the number of live strikes (this one included) plus the severity's offset, at most the last.
pub fn decide(standing: &Standing, time: Timestamp, severity: Severity, policy: &Policy, observe: bool) -> Decision {
    let live = || standing.live(time, policy.strike_life, observe);
    if let Some(strike) = live().find(|strike| strike.burst_end.is_none_or(|end| time < end)) {
        return Decision::Joins { case: strike.case };
    }
    let strikes = live().count() + 1;
    Decision::Opens { step: step(policy, strikes + severity.offset()), strikes }
}

/// The step for a number of strikes from 1, at most the last.
pub fn step(policy: &Policy, strikes: usize) -> Step {
    let last = policy.ladder.len().saturating_sub(1);
    policy.ladder.get(strikes.saturating_sub(1).min(last)).copied().unwrap_or(Step::WarnPrivate)
}

/// Owners, admins and bots are never punished.
pub fn is_protected(role: Role) -> bool {
    matches!(role, Role::Owner | Role::Admin | Role::Bot)
}
