//! After a failed commit: nobody is told what is not true, and nothing the daemon said to itself is lost.

use super::ends::outcome_body;
use super::{Broken, Effects, Engine, PROBE_EVERY};
use crate::app::intake::{Answer, Job};
use crate::domain::time::Timestamp;
use crate::ports::{Row, RowKind, StoreError};

impl Engine {
    /// After a failed commit: everything in memory is loaded again, and the jobs are tried one by one if the fault may lie
    /// in one of them.
    pub(super) fn recover(&mut self, error: StoreError, jobs: Vec<Job>, now: Timestamp) -> Effects {
        // What was written before stands, once it is durable: all that the store has is, when it is read again.
        let error = match self.settle_all() {
            Ok(settled) => {
                self.early.append(settled);
                error
            }
            Err(worse) => worse,
        };
        let mut effects = std::mem::take(&mut self.early);
        effects.append(self.try_one_by_one(error, jobs, now));
        effects
    }

    fn try_one_by_one(&mut self, error: StoreError, mut jobs: Vec<Job>, now: Timestamp) -> Effects {
        self.metrics.store_failure();
        self.note_damage(&error);
        tracing::error!(%error, jobs = jobs.len(), "a commit failed; its events are refused or tried again one by one");
        if let Err(error) = self.reload_for(&mut jobs) {
            return self.give_up(error, jobs, now);
        }
        if !matches!(error, StoreError::Row(_)) {
            return self.give_up(error, jobs, now);
        }
        let mut effects = Effects::default();
        let mut jobs = jobs.into_iter();
        while let Some(job) = jobs.next() {
            match self.apply(job, now).and_then(|()| self.commit()) {
                Ok(done) => effects.append(done),
                Err(error) => {
                    tracing::error!(%error, "one job cannot be stored");
                    let mut failed = self.take_back();
                    self.note_damage(&error);
                    let unavailable = !matches!(error, StoreError::Row(_));
                    if let Err(error) = self.reload_for(&mut failed) {
                        effects.append(self.give_up(error, failed.into_iter().chain(jobs).collect(), now));
                        return effects;
                    }
                    if unavailable {
                        effects.append(self.give_up(error, failed.into_iter().chain(jobs).collect(), now));
                        return effects;
                    }
                    for job in failed.into_iter().filter_map(|job| answer_unavailable(job, &error.to_string())) {
                        let action = job.action().map(|action| &*action.id);
                        tracing::error!(action, "this cannot be recorded; its action is tried again after a restart");
                    }
                }
            }
        }
        effects
    }

    /// A probe writes elsewhere and succeeds; so it is remembered until the daemon ends, and doubted until a commit was written.
    fn note_damage(&mut self, error: &StoreError) {
        if let StoreError::Damaged(_) = error {
            self.damage = Some(error.to_string());
            self.doubt = Some(error.to_string());
        }
    }

    /// A commit was written: what a probe could not say of damage is said now.
    pub(super) fn end_doubt(&mut self) {
        if self.doubt.take().is_some() {
            tracing::info!("the store was written again; what is damaged is still in it");
        }
    }

    /// Loads what the store has. A commit that is said to have failed may have been written all the same: what the daemon said
    /// to itself is then no job any more, or it would count twice.
    fn reload_for(&mut self, jobs: &mut Vec<Job>) -> Result<(), StoreError> {
        self.reload()?;
        if self.seq > self.durable {
            let mut rows =
                self.store.journal(self.durable, usize::try_from(self.seq - self.durable).unwrap_or(usize::MAX))?;
            rows.retain(|row| matches!(row.kind, RowKind::Outcome | RowKind::Told));
            jobs.retain(|job| !rows.iter().any(|row| is_in(job, row)));
            self.durable = self.seq;
        }
        Ok(())
    }

    fn give_up(&mut self, error: StoreError, jobs: Vec<Job>, now: Timestamp) -> Effects {
        self.note_damage(&error);
        self.broken = Some(Broken { reason: error.to_string(), tried: now });
        self.refuse(jobs);
        // What the store has now is known, though it cannot be written: nothing is sent that it says is not to be.
        Effects { missed: std::mem::take(&mut self.reloaded), ..Effects::default() }
    }

    /// Tells requests to come again later; keeps what the daemon said to itself.
    pub(super) fn refuse(&mut self, jobs: Vec<Job>) {
        let reason = self.trouble().unwrap_or("the store cannot be written").to_owned();
        for job in jobs {
            match answer_unavailable(job, &reason) {
                None => {}
                Some(job) => self.deferred.push(job),
            }
        }
    }

    /// The jobs of the batch that was not committed.
    pub(super) fn take_back(&mut self) -> Vec<Job> {
        std::mem::take(&mut self.batch).jobs.into_iter().filter_map(|(job, _)| job).collect()
    }

    /// Whether the store can be written; a broken one is tried again now and then. With damage that only means that events may
    /// try: room on the disk is everywhere, damage is in one place.
    pub(super) fn writable(&mut self, now: Timestamp) -> bool {
        let Some(broken) = &mut self.broken else { return true };
        if now.since(broken.tried) < PROBE_EVERY && now >= broken.tried {
            return false;
        }
        broken.tried = now;
        let mut deferred = std::mem::take(&mut self.deferred);
        let sound = self.store.probe().and_then(|()| self.reload_for(&mut deferred));
        self.deferred = deferred;
        match sound {
            Ok(()) => {
                if self.doubt.is_none() {
                    tracing::info!("the store can be written again");
                }
                self.broken = None;
                true
            }
            Err(error) => {
                self.broken = Some(Broken { reason: error.to_string(), tried: now });
                false
            }
        }
    }
}

/// Whether this is the row that a job became.
fn is_in(job: &Job, row: &Row) -> bool {
    match job {
        Job::Outcome { action, outcome } => {
            row.kind == RowKind::Outcome && *row.body == *outcome_body(&action.id, outcome)
        }
        Job::Told(word) => {
            row.kind == RowKind::Told && serde_json::to_string(word).is_ok_and(|body| *row.body == *body)
        }
        _ => false,
    }
}

/// Answers a request; gives back what is not a request.
fn answer_unavailable(job: Job, reason: &str) -> Option<Job> {
    match job {
        Job::Events { answer, .. } | Job::Marked { answer, .. } => {
            let _ = answer.send(Answer::Unavailable { reason: reason.to_owned() }); // the client may have gone
            None
        }
        Job::Rules(new) => {
            let _ = new.answer.send(Err(reason.to_owned())); // nobody may be waiting any more
            None
        }
        Job::Pause { answer, .. } => {
            let _ = answer.send(false); // the operator may have gone
            None
        }
        Job::Mark { .. } | Job::Erasure { .. } => None, // asked again
        Job::Erase { answer, .. } => {
            let _ = answer.send(Err(reason.to_owned())); // the operator may have gone
            None
        }
        Job::Late { answer, .. } => {
            let _ = answer.send(None); // the bot may have gone; it says the same again
            None
        }
        Job::Attempt { .. } | Job::Untried { .. } | Job::Told(_) | Job::Picture { .. } | Job::Outcome { .. } => {
            Some(job)
        }
    }
}
