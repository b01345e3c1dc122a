//! Another version of the rules, as an input like any other: between two commits, so that no message is judged by half of
//! each, and in the journal, so that a fresh run of it judges every message by the same version.

use std::sync::Arc;

use super::{Counts, Engine};
use crate::app::intake::Job;
use crate::domain::policy::Settings;
use crate::domain::recent::Recent;
use crate::domain::time::Timestamp;
use crate::ports::{RowKind, StoreError, Unit};

impl Engine {
    /// From here on these rules hold: at a start, and for a fresh run of the journal. Everything must be committed. The windows
    /// are not written: at a start those that are stored, and the journal since, are what they were just made of.
    ///
    /// # Errors
    /// The old rules still hold.
    pub fn change_rules(&mut self, settings: Arc<Settings>, now: Timestamp) -> Result<(), StoreError> {
        debug_assert!(self.batch.units.is_empty(), "what came before is committed first");
        let mut unit = Unit::default();
        let taken = self.take_rules(settings, now, &mut unit);
        self.batch.units.push(unit);
        self.batch.jobs.push((None, Counts::default()));
        if let Err(error) = taken.and_then(|()| self.commit()) {
            self.reload()?;
            return Err(error);
        }
        Ok(())
    }

    /// Whether a job must have a commit of its own: rules hold between two commits, and who stops everything cancels what is
    /// in the store.
    pub(super) fn stands_alone(job: &Job) -> bool {
        matches!(job, Job::Rules(_) | Job::Pause { .. } | Job::Erase { .. })
    }

    /// Puts other rules in force as soon as the batch, which has nothing else in it, is committed.
    pub(super) fn take_rules(
        &mut self,
        settings: Arc<Settings>,
        now: Timestamp,
        unit: &mut Unit,
    ) -> Result<(), StoreError> {
        let (old, new) = (self.core.settings.rules.needs().clone(), settings.rules.needs());
        let oldest = now.minus(self.core.settings.dedupe);
        if old != *new {
            // What a restart would have forgotten is forgotten now: rules that look further back must find the same
            // whether there was a restart or not.
            let kept = Recent::restore(&self.core.state.recent.snapshot(&old, oldest));
            self.core.state.recent = kept.unwrap_or_default();
        }
        unit.rows.push(self.row(RowKind::Rules, now, settings.version.clone()));
        self.before = Some(std::mem::replace(&mut self.core.settings, settings));
        self.core.sync_reminders(now, &mut unit.changes);
        Ok(())
    }

    /// The change was not committed.
    pub(super) fn forget_rules(&mut self) {
        if let Some(old) = self.before.take() {
            self.core.settings = old;
        }
    }

    /// Says once more in the journal which rules hold, when it may say others.
    pub(super) fn say_rules(&mut self, now: Timestamp) {
        if std::mem::take(&mut self.unsure) {
            let mut unit = Unit::default();
            unit.rows.push(self.row(RowKind::Rules, now, self.core.settings.version.clone()));
            self.batch.units.push(unit);
            self.batch.jobs.push((None, Counts::default()));
        }
    }
}
