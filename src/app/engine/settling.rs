//! What is written and not yet known to be durable.
//!
//! The disk takes longer to promise a batch than judging it takes. So it is waited for beside the engine, which judges and writes
//! the next batch meanwhile; one promise then is for all that came before it. Nobody is answered and nothing is sent before.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{Effects, Engine};
use crate::app::intake::Answers;
use crate::app::metrics::Metrics;
use crate::domain::time::Timestamp;
use crate::ports::{StoreError, Syncer};

/// With so many inputs unsettled the engine waits too, so that what is held in memory keeps its bound when the disk is slow.
const MOST_INPUTS: usize = 8192;

/// Tells requests what became of them.
pub type Tell = Arc<dyn Fn(Answers) + Send + Sync>;

/// One batch, for the disk's side.
struct Written {
    number: u64,
    answers: Answers,
    begun: Instant,
    inputs: usize,
}

/// Waits for the disk in the engine's place. Clones share it.
#[derive(Clone)]
pub struct Disk(Arc<Shared>);

struct Shared {
    syncer: Mutex<Box<dyn Syncer>>,
    line: Mutex<Line>,
    arrived: Condvar,
    tell: Tell,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Line {
    written: Vec<Written>,
    /// The last batch that is durable.
    settled: u64,
    failed: Option<StoreError>,
    closed: bool,
}

impl Disk {
    /// Settles what is written by the time it begins; `false` when there was nothing.
    pub fn settle(&self) -> bool {
        let mut syncer = lock(&self.0.syncer);
        let written = std::mem::take(&mut lock(&self.0.line).written);
        let Some(last) = written.last().map(|written| written.number) else { return false };
        let synced = syncer.sync();
        let mut line = lock(&self.0.line);
        match synced {
            Ok(()) => {
                line.settled = last;
                drop(line);
                for Written { answers, begun, inputs, .. } in written {
                    self.0.metrics.commit(begun.elapsed(), inputs);
                    (self.0.tell)(answers);
                }
            }
            Err(error) => {
                let reason = error.to_string();
                line.failed = Some(error);
                drop(line);
                written.into_iter().for_each(|written| written.answers.refuse(&reason));
            }
        }
        true
    }

    /// Settles whatever comes, until the engine is gone; calls `settled` each time.
    pub fn run(&self, settled: impl Fn()) {
        loop {
            let line = lock(&self.0.line);
            let idle = |line: &mut Line| line.written.is_empty() && !line.closed;
            let line = self.0.arrived.wait_while(line, idle).unwrap_or_else(PoisonError::into_inner);
            if line.written.is_empty() {
                return;
            }
            drop(line);
            self.settle();
            settled();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner) // nothing in it can be half changed
}

/// The engine's side.
pub(super) struct Settling {
    disk: Disk,
    /// Of each batch its number, its last input, how many it has, and what becomes of it.
    unsettled: VecDeque<(u64, u64, usize, Effects)>,
    last: u64,
}

impl Drop for Settling {
    fn drop(&mut self) {
        lock(&self.disk.0.line).closed = true;
        self.disk.0.arrived.notify_all();
    }
}

impl Settling {
    pub(super) fn push(&mut self, seq: u64, answers: Answers, (begun, inputs): (Instant, usize), effects: Effects) {
        self.last += 1;
        self.unsettled.push_back((self.last, seq, inputs, effects));
        lock(&self.disk.0.line).written.push(Written { number: self.last, answers, begun, inputs });
        self.disk.0.arrived.notify_one();
    }
}

impl Engine {
    /// From now on batches are settled beside the engine, by who is given this: [`Disk::run`] on a thread, or [`Disk::settle`] now
    /// and then. `None` where writing is all that there is to it.
    pub fn settle_apart(&mut self) -> Option<Disk> {
        let syncer = self.store.syncer()?;
        let shared = Shared {
            syncer: Mutex::new(syncer),
            line: Mutex::default(),
            arrived: Condvar::new(),
            tell: self.tell.clone(),
            metrics: self.metrics.clone(),
        };
        let disk = Disk(Arc::new(shared));
        self.settling = Some(Settling { disk: disk.clone(), unsettled: VecDeque::new(), last: 0 });
        Some(disk)
    }

    /// Whether something is written and not yet known to be durable.
    pub fn is_unsettled(&self) -> bool {
        self.settling.as_ref().is_some_and(|settling| !settling.unsettled.is_empty())
    }

    /// What has become durable since this was last asked.
    ///
    /// # Errors
    /// The disk has failed. What was written is in the store and may be lost with the power: its requests were refused.
    pub(super) fn settled(&mut self) -> Result<Effects, StoreError> {
        let mut effects = Effects::default();
        let Some(settling) = &mut self.settling else { return Ok(effects) };
        let inputs = settling.unsettled.iter().map(|(_, _, inputs, _)| inputs).sum::<usize>();
        if inputs > MOST_INPUTS {
            settling.disk.settle();
        }
        let (upto, failed) = {
            let mut line = lock(&settling.disk.0.line);
            (line.settled, line.failed.take())
        };
        while settling.unsettled.front().is_some_and(|(number, ..)| *number <= upto) {
            if let Some((_, seq, _, settled)) = settling.unsettled.pop_front() {
                self.durable = seq;
                effects.append(settled);
            }
        }
        let Some(error) = failed else { return Ok(effects) };
        tracing::error!(%error, "what was written may not be durable; who sent it is told to send it again");
        settling.disk.settle(); // what was written meanwhile is refused too
        lock(&settling.disk.0.line).failed = None;
        settling.unsettled.clear();
        self.early.append(effects); // these stand
        Err(error)
    }

    /// Waits until all that was written is durable.
    pub(super) fn settle_all(&mut self) -> Result<Effects, StoreError> {
        if let Some(settling) = &self.settling
            && !settling.unsettled.is_empty()
        {
            settling.disk.settle();
        }
        self.settled()
    }

    /// Waits until all that was written is durable, so that what is read from the store may be acted on.
    pub fn settle_now(&mut self, now: Timestamp) -> Effects {
        self.settle_all().unwrap_or_else(|error| self.recover(error, Vec::new(), now))
    }
}
