//! The daemon of a simulation: what `serve` builds, without threads and sockets. One thread turns it.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use qunwei::adapters::inbound;
use qunwei::app::deliver::{ByName, Delivery, Platforms};
use qunwei::app::engine::Disk;
use qunwei::app::health::Health;
use qunwei::app::intake::{Answer, Job, LateAcks};
use qunwei::app::jobs::{JOBS, Slice, Step};
use qunwei::app::metrics::Metrics;
use qunwei::app::outbox::{Acked, Due, Leased};
use qunwei::app::reload::{Reloader, Request};
use qunwei::app::turning::{Rules, Sizes, Turning};
use qunwei::domain::action::{ActionId, Outcome};
use qunwei::domain::core::{ReloadWord, Word};
use qunwei::domain::state::Limits;
use qunwei::ports::{Clock, Platform, Reply};
use qunwei::store::{Durability, Options, SqliteStore, pack_files};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use super::bot::Bots;
use super::people::Parcel;
use super::rules::{FETCH, ONCE, PLAIN, PUSH, versions};
use crate::support::clock::HandClock;
use crate::support::faulty::{Died, Faults, FaultyStore};

/// Little is held in memory, though more than one commit can touch, so that it is shed and loaded again.
pub const SIZES: Sizes = Sizes { queue: 30, outbox: 24, limits: Limits { groups: 100, members: 160, messages: 60 } };

type Attempt = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A daemon that is up.
pub struct Daemon {
    pub turning: Turning,
    /// Waits for the disk when it is told to.
    pub disk: Disk,
    pub health: Health,
    delivery: Arc<Delivery>,
    attempts: Vec<Attempt>,
    metrics: Arc<Metrics>,
    clock: Arc<HandClock>,
    /// What was asked and is not answered.
    pub requests: Vec<(Parcel, oneshot::Receiver<Answer>)>,
    /// Other rules that are not in force: which, and the word that they are.
    reload: Option<(usize, oneshot::Receiver<Result<(), String>>)>,
    pub pauses: Vec<oneshot::Receiver<bool>>,
    pub late: Vec<oneshot::Receiver<Option<LateAcks>>>,
    asked_to_reload: UnboundedReceiver<Request>,
}

/// How it ended before it was up, or in the middle of something.
pub enum Down {
    /// It was killed.
    Killed,
    /// Its store could not be read or written, and it did not start.
    Refused(String),
}

/// Runs what may be killed in the middle.
pub fn unless_killed<T>(what: impl FnOnce() -> T) -> Option<T> {
    match std::panic::catch_unwind(AssertUnwindSafe(what)) {
        Ok(done) => Some(done),
        Err(panic) if panic.is::<Died>() => None,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

impl Daemon {
    pub fn start(data: &Path, rules: usize, clock: Arc<HandClock>, bots: &Bots, faults: &Faults) -> Result<Self, Down> {
        let options = Options { durability: Durability::Scratch, ..Options::default() };
        let store = SqliteStore::open(data, options).map_err(|error| Down::Refused(error.to_string()))?;
        let store = FaultyStore::new(store, faults.clone());
        let (metrics, health, (reloader, asked_to_reload)) = (Arc::new(Metrics::new()), Health::new(), Reloader::new());
        let version = &versions()[rules];
        let begin = || {
            let rules =
                Rules { settings: version.settings.clone(), files: &version.files, paces: version.paces.clone() };
            Turning::begin(rules, store, SIZES, clock.clone(), (metrics.clone(), health.clone(), reloader))
        };
        let mut turning =
            unless_killed(begin).ok_or(Down::Killed)?.map_err(|error| Down::Refused(error.to_string()))?;
        let disk = turning.engine.settle_apart().expect("it has one");
        let platforms = Platforms::default();
        let bot = |name: &str| (Arc::<str>::from(name), Arc::new(bots.clone()) as Arc<dyn Platform>);
        platforms.replace(ByName::from([PUSH, ONCE, PLAIN].map(bot)));
        let delivery = Delivery {
            outbox: turning.outbox.clone(),
            platforms,
            intake: turning.intake.clone(),
            clock: clock.clone(),
            metrics: metrics.clone(),
            health: health.clone(),
            silent: Default::default(),
            blocked: Default::default(),
            unpolled: Default::default(),
        };
        Ok(Self {
            turning,
            disk,
            health,
            delivery: Arc::new(delivery),
            attempts: Vec::new(),
            metrics,
            clock,
            requests: Vec::new(),
            reload: None,
            pauses: Vec::new(),
            late: Vec::new(),
            asked_to_reload,
        })
    }

    /// Hands in what a request brings; gives it back when there is no room.
    pub fn submit(&mut self, parcel: Parcel) -> Option<Parcel> {
        let platform: Arc<str> = parcel.platform.into();
        let batch = inbound::read(parcel.body().as_bytes(), &platform, self.clock.now(), 1000);
        match self.turning.intake.submit(batch.expect("people send what can be read").events) {
            Ok(answered) => {
                self.requests.push((parcel, answered));
                None
            }
            Err(_) => Some(parcel),
        }
    }

    /// The engine's thread turns once.
    pub fn turn(&mut self) {
        self.turning.turn(Duration::ZERO);
        while let Ok(Request { member, .. }) = self.asked_to_reload.try_recv() {
            let word = ReloadWord { to: member, in_force: true, text: "设置没有变化".into() };
            self.turning.intake.tell(Job::Told(Box::new(Word::Reload(word))));
        }
    }

    /// The outbox turns once.
    pub fn deliver(&mut self) {
        for due in self.delivery.step() {
            match due {
                Due::Tell(job) => self.turning.intake.tell(job),
                Due::Perform { action, body } => {
                    self.attempts.push(Box::pin(self.delivery.clone().perform(action, body)))
                }
            }
        }
        self.look_at_attempts();
    }

    /// Takes in the answers that have come.
    pub fn look_at_attempts(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        self.attempts.retain_mut(|attempt| attempt.as_mut().poll(&mut context) == Poll::Pending);
    }

    /// A bot asks for its actions, as `web/hooks/pull.rs` lets it.
    pub fn fetch(&mut self, most: usize) -> Vec<Leased> {
        let (mut leased, jobs) = self.turning.outbox.lock().lease(FETCH, most, self.clock.now());
        jobs.into_iter().for_each(|job| self.turning.intake.tell(job));
        Leased::sort(&mut leased);
        leased
    }

    /// What was fetched did not reach the bot, and that was seen.
    pub fn give_back(&mut self, leased: &[Leased]) {
        let jobs = self.turning.outbox.lock().give_back(leased, self.clock.now());
        jobs.into_iter().for_each(|job| self.turning.intake.tell(job));
    }

    /// A bot says what came of an action, as `web/hooks/pull.rs` takes it.
    pub fn ack(&mut self, id: &ActionId, reply: Reply) {
        let acked = self.turning.outbox.lock().acked(FETCH, id, reply.clone(), self.clock.now());
        match acked {
            Acked::Taken(Some(job)) => self.turning.intake.tell(*job),
            Acked::Taken(None) | Acked::Ending => {}
            Acked::NotHere => {
                let outcome = match reply {
                    Reply::Done { message } => Some(Outcome::Done { message }),
                    Reply::Refused { error } => Some(Outcome::Failed { error }),
                    _ => None,
                };
                if let Ok(answered) = self.turning.intake.late(FETCH.into(), vec![(id.clone(), outcome)]) {
                    self.late.push(answered);
                }
            }
        }
    }

    /// Somebody puts other rules in force.
    pub fn reload(&mut self, rules: usize) {
        if self.reload.is_none() {
            let version = &versions()[rules];
            let files = pack_files(&version.files).unwrap();
            let asked = self.turning.intake.change_rules(version.settings.clone(), files);
            self.reload = asked.ok().map(|answer| (rules, answer));
        }
    }

    /// The rules that have come into force since this was last asked.
    pub fn reloaded(&mut self) -> Option<usize> {
        let (rules, answer) = self.reload.as_mut()?;
        match answer.try_recv() {
            Ok(Ok(())) => {
                let rules = *rules;
                self.reload = None;
                self.turning.outbox.configure(&versions()[rules].paces, &Default::default());
                Some(rules)
            }
            Ok(Err(_)) | Err(oneshot::error::TryRecvError::Closed) => {
                self.reload = None;
                None
            }
            Err(oneshot::error::TryRecvError::Empty) => None,
        }
    }

    /// One slice of one job, whichever has something to do.
    pub fn work(&mut self, rows: usize) {
        if self.turning.engine.trouble().is_some() {
            return;
        }
        let settings = self.turning.engine.settings().clone();
        for job in JOBS {
            let now = self.clock.now();
            loop {
                let store = self.turning.engine.store();
                let mut slice = Slice { store, settings: &settings, now, rows, metrics: &self.metrics };
                match (job.step)(&mut slice) {
                    Ok(Step::Wait) => std::thread::sleep(Duration::from_millis(1)), // a thread copies a day
                    Ok(Step::Done | Step::More) | Err(_) => break,
                }
            }
        }
    }

    /// Platforms that wanted no more are asked again.
    pub fn enable(&mut self) {
        self.turning.outbox.enable();
    }

    /// How many attempts are under way.
    pub fn attempts(&self) -> usize {
        self.attempts.len()
    }
}
