//! The end of a turn: what was applied is written in one transaction, then answered and let go.

use std::collections::HashMap;
use std::time::Instant;

use super::{Effects, Engine, Sight, Tally};
use crate::app::intake::{Answer, Answers, Job, LateAcks};
use crate::app::metrics::EventOutcome;
use crate::domain::change::Change;
use crate::ports::{RowKind, StoreError, Unit};

/// What was applied and is not committed.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) units: Vec<Unit>,
    /// With each unit the job it came from; `None` for a tick.
    pub(super) jobs: Vec<(Option<Job>, Counts)>,
    /// Ids of the events in it.
    pub(super) seen: HashMap<u128, u32>,
    /// Units whose decisions [`Engine::decided`] has given.
    pub(super) asked: usize,
    /// What the witness will be shown.
    pub(super) sights: Vec<Sight>,
    /// What is to be counted.
    pub(super) tally: Vec<Tally>,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) accepted: usize,
    /// Of events, those that were there already; of a bot's late words, those that change nothing.
    pub(super) duplicates: usize,
}

impl Batch {
    pub(super) fn inputs(&self) -> usize {
        self.units.iter().map(|unit| unit.rows.len()).sum()
    }
}

impl Engine {
    /// Writes what was applied in one transaction, waits until it and all before it is durable, then answers.
    ///
    /// # Errors
    /// It is not durable, nobody was answered; the engine must recover ([`Engine::step`] does).
    pub fn commit(&mut self) -> Result<Effects, StoreError> {
        let settled = self.settle_all()?;
        self.early.append(settled);
        if !self.batch.units.is_empty() {
            let begun = Instant::now();
            self.store.commit(&self.batch.units)?;
            self.metrics.commit(begun.elapsed(), self.batch.inputs());
            self.durable = self.seq;
            let (answers, effects) = self.written();
            self.early.append(effects);
            (self.tell)(answers);
        }
        Ok(std::mem::take(&mut self.early))
    }

    /// The batch was written: what is to be answered and done once it is durable.
    fn written(&mut self) -> (Answers, Effects) {
        let room = self.batch.units.len(); // the next batch is about as large
        let next = Batch { units: Vec::with_capacity(room), jobs: Vec::with_capacity(room), ..Batch::default() };
        let batch = std::mem::replace(&mut self.batch, next);
        for row in batch.units.iter().flat_map(|unit| &unit.rows) {
            if row.kind == RowKind::Event {
                self.metrics.event(&row.platform, EventOutcome::Accepted);
            }
        }
        if let Some(witness) = &mut self.witness {
            batch.sights.iter().for_each(|sight| witness.saw(sight));
        }
        self.before = None;
        self.end_doubt();
        batch.tally.iter().for_each(|tally| tally.count(&self.metrics));
        let mut effects = Effects::default();
        for change in batch.units.into_iter().flat_map(|unit| unit.changes) {
            effects.take(change, &self.metrics);
        }
        let mut answers = Answers::with_capacity(batch.jobs.len());
        for (job, Counts { accepted, duplicates }) in batch.jobs {
            match job {
                Some(Job::Events { events, answer } | Job::Marked { events, answer, .. }) => {
                    answers.push(answer, Answer::Durable { accepted, duplicates }, events);
                }
                // Who asked may have gone: no matter.
                Some(Job::Rules(new)) => drop(new.answer.send(Ok(()))),
                Some(Job::Pause { answer, .. }) => drop(answer.send(true)),
                Some(Job::Late { acks, answer, .. }) => {
                    let unknown = acks.len().saturating_sub(accepted + duplicates);
                    answers.push_late(answer, LateAcks { accepted, ended: duplicates, unknown });
                }
                Some(
                    Job::Attempt { .. }
                    | Job::Untried { .. }
                    | Job::Told(_)
                    | Job::Picture { .. }
                    | Job::Outcome { .. }
                    | Job::Mark { .. }
                    | Job::Erase { .. }
                    | Job::Erasure { .. },
                )
                | None => {}
            }
        }
        (answers, effects)
    }

    /// What was decided since this was last asked and is not yet committed (cases, evidence, actions): for `replay`, which
    /// carries actions out at once.
    pub fn decided(&mut self) -> Vec<Change> {
        let new = self.batch.units.iter().skip(self.batch.asked).flat_map(|unit| &unit.changes);
        let told = |change: &&Change| matches!(change, Change::Act(_) | Change::Case(_) | Change::Evidence(_));
        let decided = new.filter(told).cloned().collect();
        self.batch.asked = self.batch.units.len();
        decided
    }

    /// Writes what was applied in one transaction; answers and effects follow when it is durable ([`Engine::settled`]).
    ///
    /// # Errors
    /// As [`Engine::commit`].
    pub(super) fn commit_apart(&mut self) -> Result<Effects, StoreError> {
        if self.settling.is_none() {
            return self.commit();
        }
        if !self.batch.units.is_empty() {
            let begun = Instant::now();
            self.store.write(&self.batch.units)?;
            let (seq, inputs) = (self.seq, self.batch.inputs());
            let (answers, effects) = self.written();
            if let Some(settling) = &mut self.settling {
                settling.push(seq, answers, (begun, inputs), effects);
            }
        }
        Ok(std::mem::take(&mut self.early))
    }
}
