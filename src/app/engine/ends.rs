//! How actions ended, told by whoever carried them out: in time, or when their end was already taken for known.

use std::sync::Arc;

use super::{Engine, Tally};
use crate::domain::action::{Action, ActionId, ActionState, Outcome, StoredAction, What};
use crate::domain::case::{Case, CaseFile};
use crate::domain::change::{Change, MemberRef};
use crate::domain::core::Loaded;
use crate::domain::subject::Subject;
use crate::domain::time::Timestamp;
use crate::ports::{RowKind, StoreError, Unit};

impl Engine {
    /// An action has come to its end.
    pub(super) fn ended(
        &mut self,
        action: &Arc<Action>,
        outcome: &Outcome,
        now: Timestamp,
        unit: &mut Unit,
    ) -> Result<(), StoreError> {
        self.load_group(&action.platform, &action.group)?;
        for user in action.notifies.iter().map(|(user, _)| user).chain(action.what.user()) {
            self.load_member(&action.platform, &action.group, user)?;
        }
        unit.rows.push(self.row(RowKind::Outcome, now, outcome_body(&action.id, outcome).into()));
        let from = unit.changes.len();
        let case = self.told_in_vain(action, outcome)?;
        let cancelled = case.is_some() || self.was_taken_back(action, outcome)?;
        let gone = case.as_ref().map(|file| self.has_left(&file.case)).transpose()?.unwrap_or_default();
        let failed = matches!(outcome, Outcome::Failed { .. } | Outcome::Uncertain { .. } | Outcome::Expired);
        let about = if cancelled || failed { self.about(action)? } else { Subject::default() };
        self.core.loaded = Loaded { cancelled, about, case, gone, ..Loaded::default() };
        self.core.outcome(action, outcome, now, &mut unit.changes);
        self.sight(None, now, unit.changes.get(from..).unwrap_or_default());
        self.batch.tally.push(Tally::Ended(action.clone(), outcome.clone()));
        Ok(())
    }

    /// What an action was about, for those who are told that it was not done.
    fn about(&mut self, action: &Action) -> Result<Subject, StoreError> {
        let case = action.cause.case.as_ref().and_then(|no| no.parse().ok());
        if let Some(file) = case.map(|no| self.store.case_file(no)).transpose()?.flatten() {
            return Ok(Subject::of(&file.case.user, &file.case.name, &file.case.text));
        }
        let Some(user) = action.what.user().or(action.notifies.first().map(|(user, _)| user)) else {
            return Ok(Subject::default());
        };
        let name = self.store.member_name(&MemberRef::new(&action.platform, &action.group, user))?;
        Ok(Subject::of(user, &name.unwrap_or_default(), ""))
    }

    /// A bot says what came of an action that the outbox does not have any more. Gives whether it counts; `None` when there
    /// is no such action on its platform. The truth replaces what was only supposed: that nobody knows, that its time was
    /// over, that it was cancelled in time.
    pub(super) fn late(
        &mut self,
        platform: &str,
        id: &ActionId,
        outcome: Option<&Outcome>,
        now: Timestamp,
        unit: &mut Unit,
    ) -> Result<Option<bool>, StoreError> {
        let stored = self.store.action(id)?.filter(|stored| *stored.action.platform == *platform);
        let Some(StoredAction { action, state }) = stored else { return Ok(None) };
        let ends = |change: &Change| matches!(change, Change::Ended { id: ended, .. } if ended == id);
        let before = self.batch.units.iter().chain([&*unit]).flat_map(|unit| &unit.changes).any(ends);
        let outcome = outcome.filter(|_| !before);
        let counts = match (&state, outcome) {
            (ActionState::Pending, outcome) => {
                if let Some(outcome) = outcome {
                    self.ended(&action, outcome, now, unit)?;
                }
                true
            }
            (ActionState::Ended { outcome: supposed, .. }, Some(outcome)) if is_truer(outcome, supposed) => {
                self.ended(&action, outcome, now, unit)?;
                true
            }
            (ActionState::Ended { .. } | ActionState::Observed, _) => false,
        };
        Ok(Some(counts))
    }

    /// A mute or removal that was under way when it was cancelled may have been done all the same: the core must know.
    fn was_taken_back(&mut self, action: &Action, outcome: &Outcome) -> Result<bool, StoreError> {
        let deed = matches!(action.what, What::Mute { .. } | What::Remove { .. });
        if !deed || !may_be_done(outcome) {
            return Ok(false);
        }
        if self.was_cancelled(&action.id)? {
            return Ok(true);
        }
        // It was not known to be done when its case was undone; now it is.
        let supposed = self.store.action(&action.id)?.map(|stored| stored.state);
        let uncertain = matches!(supposed, Some(ActionState::Ended { outcome: Outcome::Uncertain { .. }, .. }));
        let case = action.cause.case.as_ref().and_then(|no| no.parse().ok()).filter(|_| uncertain);
        let file = case.map(|no| self.store.case_file(no)).transpose()?.flatten();
        Ok(file.is_some_and(|file| file.undone.is_some()))
    }

    /// The case of a notice that was under way when the case was undone, and arrived all the same: its member must be told.
    fn told_in_vain(&mut self, action: &Action, outcome: &Outcome) -> Result<Option<CaseFile>, StoreError> {
        let notice = matches!(action.what, What::Send { .. } | What::Private { .. }) && !action.notifies.is_empty();
        if !notice || !may_be_done(outcome) || !self.was_cancelled(&action.id)? {
            return Ok(None);
        }
        let case = action.cause.case.as_ref().and_then(|no| no.parse().ok());
        let Some(mut file) = case.map(|no| self.store.case_file(no)).transpose()?.flatten() else { return Ok(None) };
        for change in self.batch.units.iter().flat_map(|unit| &unit.changes) {
            match change {
                Change::Undone { case, undone } if *case == file.case.no => file.undone = Some(undone.clone()),
                _ => {}
            }
        }
        Ok(Some(file).filter(|file| file.undone.is_some()))
    }

    /// Whether somebody cancelled an action; the command may be in the same batch.
    fn was_cancelled(&mut self, action: &ActionId) -> Result<bool, StoreError> {
        let cancels =
            |change: &Change| matches!(change, Change::Ended { id, outcome: Outcome::Cancelled, .. } if id == action);
        let now = self.batch.units.iter().flat_map(|unit| &unit.changes).any(cancels);
        Ok(now || self.store.is_cancelled(action)?)
    }

    /// Whether the member of a case has left the group.
    pub(super) fn has_left(&mut self, case: &Case) -> Result<bool, StoreError> {
        let meant = self.store.meant(&case.platform, &case.group, &case.user)?;
        let mut left = meant.left && !meant.is_id;
        let member = MemberRef::new(&case.platform, &case.group, &case.user);
        for change in self.batch.units.iter().flat_map(|unit| &unit.changes) {
            match change {
                Change::Membership { member: of, joined, left: at, .. } if *of == member => {
                    left = at.is_some() || (left && joined.is_none());
                }
                _ => {}
            }
        }
        Ok(left)
    }
}

/// Whether an action was done, as far as anybody knows.
fn may_be_done(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Done { .. } | Outcome::Uncertain { .. })
}

/// What a fresh run of the journal needs: which action, and how it ended.
pub(super) fn outcome_body(action: &str, outcome: &Outcome) -> String {
    serde_json::json!({ "action": action, "outcome": outcome }).to_string()
}

/// Whether what a bot says replaces what was supposed.
fn is_truer(said: &Outcome, supposed: &Outcome) -> bool {
    match supposed {
        Outcome::Uncertain { .. } => matches!(said, Outcome::Done { .. } | Outcome::Failed { .. }),
        Outcome::Expired | Outcome::Cancelled => matches!(said, Outcome::Done { .. }),
        Outcome::Done { .. } | Outcome::Failed { .. } => false,
    }
}
