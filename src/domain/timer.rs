//! What is to happen later, kept in the store until it has happened.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::action::ActionId;
use super::time::Timestamp;

/// Something to happen at a time. Timers fire ordered by (due, group, id).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timer {
    /// When, by the daemon's clock.
    pub due: Timestamp,
    /// The group it belongs to.
    pub group: Arc<str>,
    /// Unique in its group and platform, e.g. `unmute:12`.
    pub id: Arc<str>,
    /// The platform.
    pub platform: Arc<str>,
    /// What is to happen.
    pub what: TimerKind,
}

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TimerKind {
    /// A mute ends.
    Unmute {
        /// Whose.
        user: Arc<str>,
        /// Its case.
        case: u64,
    },
    /// Held notices go out as one.
    MergedNotice,
    /// The admins are told which alerts were held, and how often.
    HeldAlerts,
    /// The company's place is told the same of all groups.
    CompanyAlerts,
    /// Who came since the first join is welcomed.
    Welcome,
    /// Nobody acted on a task: it is sent again, put before others, or given up.
    Task {
        /// Its id.
        task: ActionId,
    },
}
