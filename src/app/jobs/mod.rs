//! What is done now and then beside the messages, on the engine's thread between two commits and in slices so small that no
//! commit waits for one: [`JOBS`], one file and one line each.
//!
//! A slice should take [`TARGET`]; how many rows that is, is learnt from the one before. After it, messages have the store for
//! nine times as long.

mod clock;
mod history;
mod retention;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::engine::Engine;
use crate::app::metrics::Metrics;
use crate::domain::policy::Settings;
use crate::domain::time::Timestamp;
use crate::ports::{Store, StoreError};
use clock::Clock;

/// A job.
pub struct JobInfo {
    /// Its name in the log and in metrics.
    pub name: &'static str,
    /// How long after its end it begins anew.
    pub every: Duration,
    /// Does one slice.
    pub step: fn(&mut Slice<'_>) -> Result<Step, StoreError>,
}

/// Every job, the first that has something to do first. Days are moved before anything is deleted: of a day that is being copied nothing
/// can be, and the next round of deleting is an hour later.
pub const JOBS: &[JobInfo] = &[history::JOB, retention::JOB];

/// What a slice has to work with.
pub struct Slice<'a> {
    /// Where.
    pub store: &'a mut dyn Store,
    /// By which settings.
    pub settings: &'a Settings,
    /// What o'clock it is; platforms agree.
    pub now: Timestamp,
    /// How many rows it may change.
    pub rows: usize,
    /// Where it is counted.
    pub metrics: &'a Metrics,
}

/// What a slice came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is nothing more to do.
    Done,
    /// There is more.
    More,
    /// Something else must come to its end first.
    Wait,
}

/// How long a slice should take.
const TARGET: Duration = Duration::from_millis(4);
/// How many times as long messages then have the store.
const REST: u32 = 9;
/// How many rows a slice may change.
const ROWS: std::ops::RangeInclusive<usize> = 16..=4096;
/// How long something is waited for before it is asked again.
const WAIT: Duration = Duration::from_millis(50);
/// After a failure, and while the clock is not trusted, it is tried again this often.
const AGAIN: Duration = Duration::from_secs(60);

/// The jobs as they stand.
pub struct Jobs {
    metrics: Arc<Metrics>,
    clock: Clock,
    /// When each is to begin, by the daemon's clock; `None` while it is at work.
    begin: Vec<Option<Timestamp>>,
    rows: usize,
    rest: Option<Instant>,
}

impl Jobs {
    /// All of them begin at once.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        JOBS.iter().for_each(|job| metrics.job(job.name));
        let begin = JOBS.iter().map(|_| None).collect();
        Self { metrics, clock: Clock::default(), begin, rows: 256, rest: None }
    }

    /// Does at most one slice of one job. Does nothing while the store is in trouble.
    pub fn step(&mut self, engine: &mut Engine, now: Timestamp) {
        let resting = self.rest.is_some_and(|until| Instant::now() < until);
        if resting || engine.trouble().is_some() {
            return;
        }
        // A clock that was put back by more than a job waits must not keep it from its work.
        let due = |begin: &Option<Timestamp>, every| begin.is_none_or(|at| at <= now || at.since(now) > every);
        let Some(at) = self.begin.iter().zip(JOBS).position(|(begin, job)| due(begin, job.every)) else { return };
        let (Some(job), Some(begin)) = (JOBS.get(at), self.begin.get_mut(at)) else { return };
        let settings = engine.settings().clone();
        let started = Instant::now();
        let done = match self.clock.is_borne_out(engine.store(), now, &self.metrics) {
            Ok(true) => {
                let metrics = &*self.metrics;
                (job.step)(&mut Slice { store: engine.store(), settings: &settings, now, rows: self.rows, metrics })
            }
            Ok(false) => {
                *begin = Some(now.plus(AGAIN));
                return;
            }
            Err(error) => Err(error),
        };
        let took = started.elapsed();
        let rest = match done {
            Ok(Step::More) => {
                *begin = None;
                self.rows = if took > TARGET * 2 {
                    self.rows / 2
                } else if took < TARGET / 2 {
                    self.rows * 2
                } else {
                    self.rows
                };
                self.rows = self.rows.clamp(*ROWS.start(), *ROWS.end());
                took * REST
            }
            Ok(Step::Wait) => {
                *begin = None;
                WAIT
            }
            Ok(Step::Done) => {
                *begin = Some(now.plus(job.every));
                self.metrics.history(engine.store().history());
                Duration::ZERO
            }
            Err(error) => {
                tracing::warn!(%error, job = job.name, "a job could not go on; it is tried again in a minute");
                self.metrics.job_failed(job.name);
                *begin = Some(now.plus(AGAIN));
                took * REST
            }
        };
        self.rest = Some(Instant::now() + rest);
    }
}
