//! One action's attempts: in whose turn, with which body, and how long after the last.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::action::{Action, ActionId};
use crate::domain::ids;
use crate::domain::time::Timestamp;

/// The first wait before an action is tried again; it doubles each time.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest such wait.
const LONGEST_RETRY: Duration = Duration::from_secs(300);

/// The queue in which it stands: with those it follows ([`Action::follows`]), or alone.
pub(super) fn key(action: &Action) -> u128 {
    action.follows().unwrap_or_else(|| alone(&action.id))
}

/// The queue of an action that neither waits for another nor is waited for.
pub(super) fn alone(id: &ActionId) -> u128 {
    ids::hash(&["action", id])
}

/// The JSON of an action's first attempt: a mute sent late names the seconds that remain.
pub(super) fn body(action: &Action, now: Timestamp) -> Arc<str> {
    action.to_json_at(now).into()
}

/// Exponential with jitter: between half and all of it, drawn from the action and the attempt.
pub(super) fn backoff(id: &ActionId, attempts: u32) -> Duration {
    let full = FIRST_RETRY.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST_RETRY);
    let draw = ids::hash(&[id, &attempts.to_string()]) as u32;
    full.mul_f64(0.5 + 0.5 * f64::from(draw) / f64::from(u32::MAX))
}
