//! What a commit made true, for the outbox.

use std::sync::Arc;

use crate::app::metrics::{Metrics, Mode, Reminded};
use crate::domain::action::{Action, ActionId};
use crate::domain::change::{Change, MemberRef};
use crate::domain::picture::Wanted;

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
    /// Who asked for the configuration to be read again.
    pub reloads: Vec<MemberRef>,
    /// Pictures that are to be read.
    pub pictures: Vec<Arc<Wanted>>,
    /// After a failure the store may hold actions, and ends of actions, that are not among these, nor among earlier ones.
    pub missed: bool,
}

impl Effects {
    /// Adds later effects.
    pub fn append(&mut self, mut later: Effects) {
        for id in later.ended.drain(..) {
            self.end(id);
        }
        self.acts.append(&mut later.acts);
        self.observed.append(&mut later.observed);
        self.recorded.append(&mut later.recorded);
        self.reloads.append(&mut later.reloads);
        self.pictures.append(&mut later.pictures);
        self.missed |= later.missed;
    }

    /// One that was decided in the same turn and has come to its end already, for it was cancelled, never reaches the outbox.
    fn end(&mut self, id: ActionId) {
        let decided = self.acts.len();
        self.acts.retain(|action| action.id != id);
        if self.acts.len() == decided {
            self.ended.push(id);
        }
    }

    pub(super) fn take(&mut self, change: Change, metrics: &Metrics) {
        match change {
            Change::Act(action) => {
                metrics.action(&action);
                if action.observe { self.observed.push(action) } else { self.acts.push(action) }
            }
            Change::Attempted { id, body } => self.recorded.push((id, body)),
            Change::Ended { id, .. } => self.end(id),
            Change::Case(case) => metrics.case(&case.step, if case.observe { Mode::Observe } else { Mode::Act }),
            Change::Reload { member } => self.reloads.push(member),
            Change::Commanded(commanded) if !commanded.is_of_operator() => {
                metrics.command(&commanded.command, &commanded.result);
            }
            Change::Kept(kept) => metrics.reminder(if kept.sent { Reminded::Sent } else { Reminded::Missed }),
            Change::PictureWanted(wanted) => self.pictures.push(wanted),
            Change::ImageUnsent { platform, group, reminder } => tracing::warn!(
                %platform,
                %group,
                %reminder,
                "the reminder's picture was not sent: this group's bot cannot send pictures"
            ),
            Change::Evidence(_)
            | Change::PictureRead { .. }
            | Change::Untried { .. }
            | Change::Undone { .. }
            | Change::Decided(_)
            | Change::Task { .. }
            | Change::TaskClosed { .. }
            | Change::Chat(_)
            | Change::ChatUndone { .. }
            | Change::Commanded(_)
            | Change::Pause { .. }
            | Change::Standing { .. }
            | Change::Role { .. }
            | Change::Membership { .. }
            | Change::Ledger { .. }
            | Change::Newcomers { .. }
            | Change::CompanyAlerts(_)
            | Change::Known(_)
            | Change::Unknown { .. }
            | Change::Schedule(_)
            | Change::ScheduleGone { .. }
            | Change::Reminder(_)
            | Change::Lesson { .. }
            | Change::LessonForgotten { .. }
            | Change::ReminderOver { .. }
            | Change::ForgetKept { .. }
            | Change::Timer(_)
            | Change::TimerDone(_) => {}
        }
    }
}
