//! What a commit made true, for the outbox.

use std::sync::Arc;

use crate::app::metrics::{Metrics, Mode};
use crate::domain::action::{Action, ActionId};
use crate::domain::change::Change;

/// What a commit made true: for the outbox.
#[derive(Debug, Default)]
pub struct Effects {
    /// Actions to be carried out, in the order they were decided.
    pub acts: Vec<Arc<Action>>,
    /// Actions that are only observed.
    pub observed: Vec<Arc<Action>>,
    /// Actions whose attempt is recorded, with their body.
    pub recorded: Vec<(ActionId, Arc<str>)>,
    /// Actions whose end is recorded.
    pub ended: Vec<ActionId>,
    /// After a failure the store may hold actions that are not among these, nor among earlier ones.
    pub missed: bool,
}

impl Effects {
    /// Adds later effects.
    pub fn append(&mut self, mut later: Effects) {
        self.acts.append(&mut later.acts);
        self.observed.append(&mut later.observed);
        self.recorded.append(&mut later.recorded);
        self.ended.append(&mut later.ended);
    }

    pub(super) fn take(&mut self, change: Change, metrics: &Metrics) {
        match change {
            Change::Act(action) => {
                metrics.action(&action);
                if action.observe { self.observed.push(action) } else { self.acts.push(action) }
            }
            Change::Attempted { id, body } => self.recorded.push((id, body)),
            Change::Ended { id, .. } => self.ended.push(id),
            Change::Case(case) => metrics.case(&case.step, if case.observe { Mode::Observe } else { Mode::Act }),
            Change::Evidence(_)
            | Change::Standing { .. }
            | Change::Role { .. }
            | Change::Membership { .. }
            | Change::Ledger { .. }
            | Change::Newcomers { .. }
            | Change::CompanyAlerts(_)
            | Change::Timer(_)
            | Change::TimerDone(_) => {}
        }
    }
}
