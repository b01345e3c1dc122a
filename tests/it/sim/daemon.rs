//! The daemon of a simulation: what `serve` builds, without threads and sockets. One thread turns it.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::body::Bytes;
use qunwei::adapters::bridge::sign::Secret;
use qunwei::app::deliver::{ByName, Delivery, Platforms};
use qunwei::app::engine::Disk;
use qunwei::app::health::Health;
use qunwei::app::intake::{Job, LateAcks};
use qunwei::app::jobs::{JOBS, Slice, Step};
use qunwei::app::metrics::Metrics;
use qunwei::app::outbox::{Acked, Due, Leased};
use qunwei::app::reload::{Reloader, Request};
use qunwei::app::turning::{Rules, Sizes, Turning};
use qunwei::domain::action::{ActionId, Outcome};
use qunwei::domain::core::{ReloadWord, Word};
use qunwei::domain::state::Limits;
use qunwei::ports::{Clock, Platform, Reply};
use qunwei::serve::wecom::ByHand;
use qunwei::store::{Durability, Keyring, OpenError, Options, SqliteStore, pack_files};
use qunwei::web::hooks::{self, BridgeIn, HooksState, Switch, router};
use qunwei::web::wecom::WecomState;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::bot::Bots;
use super::office::{Office, Watched};
use super::people::Parcel;
use super::rules::{CORP, FETCH, ONCE, PLAIN, PLATFORMS, PUSH, versions};
use super::wire::{Answering, Pages};
use crate::support::SECRET;
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
    pages: Pages,
    /// What was asked and is not answered.
    pub requests: Vec<(Parcel, Answering)>,
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
    /// Opens the store of a simulation.
    pub fn open(data: &Path, keys: &Keyring) -> Result<SqliteStore, OpenError> {
        let options = Options { durability: Durability::Scratch, keys: keys.clone(), ..Options::default() };
        SqliteStore::open(data, options)
    }

    pub fn start(
        (data, keys): (&Path, &Keyring),
        rules: usize,
        clock: Arc<HandClock>,
        (bots, office): (&Bots, &Office),
        faults: &Faults,
    ) -> Result<Self, Down> {
        let store = Self::open(data, keys).map_err(|error| Down::Refused(error.to_string()))?;
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
        let (intake, carrier) = (turning.intake.clone(), Arc::new(office.clone()));
        let company = ByHand::new(&version.company, intake.clone(), clock.clone(), metrics.clone(), carrier);
        let company = company.expect("its configuration is sound");
        let watched: Arc<dyn Platform> = Arc::new(Watched { inner: company.platform, bots: bots.clone() });
        let all = [PUSH, ONCE, PLAIN].map(bot).into_iter().chain([(CORP.into(), watched)]);
        platforms.replace(all.collect::<ByName>());
        let stop = CancellationToken::new();
        let callbacks = WecomState::new(intake.clone(), clock.clone(), metrics.clone(), stop.clone());
        callbacks.replace(company.doors);
        let hooks = HooksState::new(intake, turning.outbox.clone(), clock.clone(), metrics.clone(), stop);
        hooks.replace(PLATFORMS.map(|name| (name.to_owned(), bridge())).into());
        let pages = Pages::new(router(hooks), callbacks);
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
            pages,
            requests: Vec::new(),
            reload: None,
            pauses: Vec::new(),
            late: Vec::new(),
            asked_to_reload,
        })
    }

    /// Makes a request, the `id`th of the run.
    pub fn ask(&mut self, parcel: Parcel, id: u64) {
        let mut answering = self.pages.ask(&parcel, id, self.clock.now());
        // It is read at once: what is in it waits for the next turn.
        let mut context = Context::from_waker(Waker::noop());
        let answering: Answering = match answering.as_mut().poll(&mut context) {
            Poll::Ready(answer) => Box::pin(std::future::ready(answer)),
            Poll::Pending => answering,
        };
        self.requests.push((parcel, answering));
    }

    /// What was answered since, and to what.
    pub fn answers(&mut self) -> Vec<(Parcel, u16, Bytes)> {
        let mut context = Context::from_waker(Waker::noop());
        let mut answers = Vec::new();
        for (parcel, mut answering) in std::mem::take(&mut self.requests) {
            match answering.as_mut().poll(&mut context) {
                Poll::Ready((status, body)) => answers.push((parcel, status, body)),
                Poll::Pending => self.requests.push((parcel, answering)),
            }
        }
        answers
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

/// A bridge as it is configured for all of them.
fn bridge() -> BridgeIn {
    let (secrets, limits) = (vec![Secret::parse(SECRET).expect("it is one")], hooks::Limits::default());
    BridgeIn { secrets, tokens: None, limits, state: Switch::On }
}
