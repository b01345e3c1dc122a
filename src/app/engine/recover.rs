//! After a failed commit: nobody is told what is not true, and nothing the daemon said to itself is lost.

use super::{Broken, Effects, Engine, PROBE_EVERY};
use crate::app::intake::{Answer, Job};
use crate::domain::time::Timestamp;
use crate::ports::StoreError;

impl Engine {
    /// After a failed commit: everything in memory is loaded again, and the jobs are tried one by one if the fault may lie
    /// in one of them.
    pub(super) fn recover(&mut self, error: StoreError, jobs: Vec<Job>, now: Timestamp) -> Effects {
        self.metrics.store_failure();
        tracing::error!(%error, jobs = jobs.len(), "a commit failed; its events are refused or tried again one by one");
        if let Err(error) = self.reload() {
            return self.give_up(error, jobs, now);
        }
        if let StoreError::Unavailable(_) = error {
            return self.give_up(error, jobs, now);
        }
        let mut effects = Effects::default();
        let mut jobs = jobs.into_iter();
        while let Some(job) = jobs.next() {
            match self.apply(job, now).and_then(|()| self.commit()) {
                Ok(done) => effects.append(done),
                Err(error) => {
                    tracing::error!(%error, "one job cannot be stored");
                    let failed = self.take_back();
                    let unavailable = matches!(error, StoreError::Unavailable(_));
                    if let Err(error) = self.reload() {
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

    fn give_up(&mut self, error: StoreError, jobs: Vec<Job>, now: Timestamp) -> Effects {
        self.broken = Some(Broken { reason: error.to_string(), tried: now });
        self.refuse(jobs);
        Effects::default()
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

    /// Whether the store can be written; a broken one is tried again now and then.
    pub(super) fn writable(&mut self, now: Timestamp) -> bool {
        let Some(broken) = &mut self.broken else { return true };
        if now.since(broken.tried) < PROBE_EVERY && now >= broken.tried {
            return false;
        }
        broken.tried = now;
        match self.store.probe().and_then(|()| self.reload()) {
            Ok(()) => {
                tracing::info!("the store can be written again");
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
        Job::Attempt { .. } | Job::Untried { .. } | Job::Told(_) | Job::Outcome { .. } => Some(job),
    }
}
