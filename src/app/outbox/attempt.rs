//! One action's attempts: in whose turn, with which body, and how long after the last.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::action::{Action, ActionId, What};
use crate::domain::ids;
use crate::domain::policy::Step;
use crate::domain::time::Timestamp;

/// The first wait before an action is tried again; it doubles each time.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest such wait.
const LONGEST_RETRY: Duration = Duration::from_secs(300);

/// The order that is kept: per (group, member). A deletion commutes with everything; and the word to a member before a
/// removal goes first, but does not hold it up when it cannot be delivered. In a group, a reminder's image follows its text.
pub(super) fn key(action: &Action) -> u128 {
    let member = action.what.user().or(action.notifies.first().map(|(user, _)| user));
    let before_removal =
        matches!(action.what, What::Private { .. }) && action.cause.step.as_deref() == Some(Step::Remove.name());
    match (&action.what, member) {
        // They are decided at the same moment; what is said at another waits for neither.
        (What::Send { .. } | What::Announce { .. } | What::Image { .. }, None) if action.cause.reminder.is_some() => {
            let reminder = action.cause.reminder.as_deref().unwrap_or_default();
            ids::hash(&["reminder", &action.platform, &action.group, reminder, &action.time.0.to_string()])
        }
        (What::Delete { .. }, _) | (_, None) => ids::hash(&["action", &action.id]),
        _ if before_removal => ids::hash(&["action", &action.id]),
        (_, Some(user)) => ids::hash(&["member", &action.platform, &action.group, user]),
    }
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
