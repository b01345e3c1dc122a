//! The daemon put together: the only file that constructs adapters and hands them their store.
//!
//! ```text
//! bots ── HTTP ──► web::hooks ─► intake ─► engine (one thread, with the store) ─► outbox ─► delivery ── HTTP ──► bots
//! ```

use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::adapters::bridge::push::{Push, Target};
use crate::adapters::bridge::sign::Secret;
use crate::app::deliver::{Delivery, SharedOutbox};
use crate::app::engine::Engine;
use crate::app::health::{self, Health};
use crate::app::intake::{Answers, Intake, Job};
use crate::app::metrics::{BridgeState, Metrics};
use crate::app::outbox::{Outbox, Pace};
use crate::config::{Bridge, Config, State};
use crate::domain::policy::Capability;
use crate::domain::state::Limits;
use crate::domain::time::Timestamp;
use crate::ports::{Clock, Platform, Store};
use crate::store::{OpenError, Options, SqliteStore};
use crate::web;

/// Inputs in one commit, unless one request alone has more.
const BATCH: usize = 2048;
/// The longest the engine sleeps: a hand-turned or jumping clock is noticed within it.
const LONGEST_SLEEP: Duration = Duration::from_millis(20);
/// Actions in memory that have not come to their end; the rest waits in the store.
const OUTBOX: usize = 20_000;
/// How long requests and attempts under way may take when the daemon stops.
const PATIENCE: Duration = Duration::from_secs(30);

/// The clock of the machine.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A running daemon.
pub struct Running {
    /// Where bots are heard.
    pub listen: SocketAddr,
    /// Where operators ask.
    pub admin: SocketAddr,
    /// What an operator sees.
    pub health: Health,
    intake: Intake,
    outbox: SharedOutbox,
    next_timer: Arc<AtomicI64>,
    stop_web: CancellationToken,
    stop_delivery: CancellationToken,
    stop_engine: CancellationToken,
    web: TaskTracker,
    delivery: tokio::task::JoinHandle<()>,
    engine: JoinHandle<()>,
}

/// Opens the store of a data directory.
///
/// # Errors
/// Another daemon uses it, or it cannot be read or written.
pub fn open_store(data: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(data, Options::default())
}

/// Starts the daemon. `kept` says why an older configuration than the one on disk is in force, if so.
///
/// # Errors
/// A port is in use, or the store cannot be read.
pub async fn start(
    config: &Config,
    kept: Option<String>,
    mut store: impl Store + 'static,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Running> {
    let listen = bind(config.daemon.listen, "listen").await?;
    let admin = bind(config.daemon.admin_listen, "admin_listen").await?;
    let metrics = Arc::new(Metrics::new());
    let health = Health::default();
    if let Some(why) = kept {
        health.set(health::CONFIG, why);
    }
    let intake = Intake::new(config.daemon.queue);
    let now = clock.now();
    store.save_config(&config.settings.version, &config.files, now)?;
    metrics.config_version(&config.settings.version);
    let bridges = || config.daemon.bridges.iter().filter(|bridge| bridge.state == State::On);

    let pace = |bridge: &Bridge| Pace {
        idempotent: config.settings.capabilities(&bridge.name).has(Capability::Idempotent),
        per_second: bridge.actions_per_second,
    };
    let mut outbox = Outbox::new(bridges().map(|bridge| (bridge.name.clone(), pace(bridge))), OUTBOX, now);
    outbox.refill(store.pending(OUTBOX)?, OUTBOX);
    let outbox = SharedOutbox::new(outbox);

    let mut engine = Engine::new(config.settings.clone(), Box::new(store), metrics.clone(), Limits::default(), now)?;
    engine.change_rules(config.settings.clone(), now)?;
    let (told, mut to_tell) = mpsc::unbounded_channel::<Answers>();
    engine.answer_by(move |answers| {
        if let Err(untold) = told.send(answers) {
            untold.0.tell(); // the runtime is ending, and nobody listens any more
        }
    });
    tokio::spawn(async move {
        while let Some(answers) = to_tell.recv().await {
            answers.tell();
        }
    });
    let stop_engine = CancellationToken::new();
    let next_timer = Arc::new(AtomicI64::new(i64::MIN));
    let turning = Turning {
        engine,
        next_timer: next_timer.clone(),
        intake: intake.clone(),
        outbox: outbox.clone(),
        clock: clock.clone(),
        metrics: metrics.clone(),
        health: health.clone(),
        stop: stop_engine.clone(),
    };
    let engine = std::thread::Builder::new().name("engine".to_owned()).spawn(move || turning.run())?;

    let mut platforms: HashMap<Arc<str>, Arc<dyn Platform>> = HashMap::new();
    for bridge in bridges() {
        platforms.insert(bridge.name.clone(), Arc::new(push(bridge, clock.clone())?));
    }
    let delivery = Delivery {
        outbox: outbox.clone(),
        platforms,
        intake: intake.clone(),
        clock: clock.clone(),
        metrics: metrics.clone(),
        health: health.clone(),
        silent: Default::default(),
    };
    let stop_delivery = CancellationToken::new();
    let delivery = tokio::spawn(delivery.run(stop_delivery.clone()));

    let stop_web = CancellationToken::new();
    let web = TaskTracker::new();
    let (listen_at, admin_at) = (listen.local_addr()?, admin.local_addr()?);
    let doors = config.daemon.bridges.iter().map(inbound).collect();
    for bridge in &config.daemon.bridges {
        let state = if bridge.state == State::On { BridgeState::On } else { BridgeState::Off };
        metrics.bridge_state(&bridge.name, state);
    }
    let hooks = web::hooks::HooksState::new(intake.clone(), doors, clock, metrics.clone());
    web.spawn(web::serve_by(listen, web::hooks::service(hooks), stop_web.clone().cancelled_owned()));
    let admin_pages = web::admin::router(web::admin::AdminState { health: health.clone(), metrics });
    web.spawn(web::serve(admin, admin_pages, stop_web.clone().cancelled_owned()));
    health.clear(health::STARTED);
    web.close();
    Ok(Running {
        listen: listen_at,
        admin: admin_at,
        health,
        intake,
        outbox,
        next_timer,
        stop_web,
        stop_delivery,
        stop_engine,
        web,
        delivery,
        engine,
    })
}

impl Running {
    /// Stops: takes no more requests, finishes those under way, records how the attempts under way end. What is still to
    /// be done stays in the store for the next start.
    pub async fn stop(self) {
        self.intake.close();
        self.stop_web.cancel();
        if tokio::time::timeout(PATIENCE, self.web.wait()).await.is_err() {
            tracing::warn!("some requests were still open after {} s and were cut off", PATIENCE.as_secs());
        }
        self.stop_delivery.cancel();
        if tokio::time::timeout(PATIENCE, self.delivery).await.is_err() {
            tracing::warn!("some attempts were still under way after {} s; they are made again", PATIENCE.as_secs());
        }
        self.stop_engine.cancel();
        let stopped = tokio::task::spawn_blocking(move || self.engine.join()).await;
        if !matches!(stopped, Ok(Ok(()))) {
            tracing::error!("the engine did not stop in an orderly way; the next start recovers");
        }
    }

    /// Whether nothing happens before the clock is later than `now`: no input is queued, no timer is due, no action can
    /// go out. For tests, which turn the clock by hand.
    pub fn only_waits(&self, now: Timestamp) -> bool {
        self.intake.depth() == 0 && self.next_timer.load(Ordering::SeqCst) > now.0 && self.outbox.lock().only_waits(now)
    }

    /// Whether there is also nothing left to be sent.
    pub fn is_idle(&self, now: Timestamp) -> bool {
        self.only_waits(now) && self.outbox.lock().is_empty()
    }
}

/// Turns the engine until told to stop and nothing is queued.
struct Turning {
    engine: Engine,
    /// When the next timer is due, for [`Running::only_waits`].
    next_timer: Arc<AtomicI64>,
    intake: Intake,
    outbox: SharedOutbox,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    health: Health,
    stop: CancellationToken,
}

/// Without its engine the daemon can do nothing, and must not look as if it could: whoever watches it starts it anew.
struct Fallen {
    intake: Intake,
    health: Health,
}

impl Drop for Fallen {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.health.set(health::ENGINE, "it fell over a fault of the program; the daemon must be started anew");
            self.intake.abandon();
        }
    }
}

impl Turning {
    fn run(mut self) {
        let _fallen = Fallen { intake: self.intake.clone(), health: self.health.clone() };
        loop {
            let stopping = self.stop.is_cancelled();
            // While the store is in trouble nothing fires, however long it has been due.
            let next = self.engine.next_timer().filter(|_| self.engine.trouble().is_none());
            let until_timer = next.map_or(LONGEST_SLEEP, |due| due.since(self.clock.now()));
            let wait = if stopping { Duration::ZERO } else { until_timer.min(LONGEST_SLEEP) };
            let jobs = self.intake.take(BATCH, wait);
            if stopping && jobs.is_empty() {
                break;
            }
            self.metrics.queue_depth(self.intake.depth());
            let mut room = BATCH.saturating_sub(jobs.iter().map(Job::len).sum());
            let intake = &self.intake;
            let effects = self.engine.step_with(jobs, self.clock.now(), || {
                let more = intake.take_more(room);
                room = room.saturating_sub(more.iter().map(Job::len).sum());
                more
            });
            if let Err(error) = self.outbox.take(effects, self.engine.store()) {
                tracing::error!(%error, "the outbox could not be filled up from the store; it is tried again");
            }
            let next = self.engine.next_timer().unwrap_or(Timestamp(i64::MAX));
            self.next_timer.store(next.0, Ordering::SeqCst);
            match self.engine.trouble() {
                None => self.health.clear(health::STORE),
                Some(why) => self.health.set(health::STORE, why),
            }
        }
        if let Err(error) = self.engine.save_windows(self.clock.now()) {
            tracing::warn!(%error, "the windows were not written; the next start reads the journal instead");
        }
    }
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} ({key})"))
}

fn push(bridge: &Bridge, clock: Arc<dyn Clock>) -> anyhow::Result<Push> {
    let actions_url = bridge.actions_url.clone().context("a bridge that is on has an actions URL")?;
    let target = Target { actions_url, secrets: secrets(bridge), timeout: bridge.timeout };
    Push::new(target, clock).with_context(|| format!("bridge {}", bridge.name))
}

fn inbound(bridge: &Bridge) -> (String, web::hooks::BridgeIn) {
    let limits = web::hooks::Limits {
        max_bytes: bridge.max_body,
        max_events: bridge.max_events,
        rate: bridge.requests_per_minute.and_then(NonZeroU32::new).map(|per_minute| web::hooks::Rate { per_minute }),
        ..web::hooks::Limits::default()
    };
    let state = match &bridge.state {
        State::On => web::hooks::Switch::On,
        State::Off { why } => web::hooks::Switch::Off(why.clone()),
    };
    (bridge.name.to_string(), web::hooks::BridgeIn { secrets: secrets(bridge), limits, state })
}

fn secrets(bridge: &Bridge) -> Vec<Secret> {
    bridge.secrets.iter().map(|secret| Secret::from_bytes(secret.bytes())).collect()
}
