//! The daemon put together: the only file that constructs adapters and hands them their store.
//!
//! ```text
//! bots ── HTTP ──► web::hooks ─► intake ─► engine (one thread, with the store) ─► outbox ─► delivery ── HTTP ──► bots
//! ```

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::deliver::{Delivery, Platforms};
use crate::app::engine::Witness;
use crate::app::health::{self, Health};
use crate::app::intake::{Answers, Intake};
use crate::app::jobs::Jobs;
use crate::app::metrics::Metrics;
use crate::app::outbox::Pace;
use crate::app::pulse::Pulse;
use crate::app::recent_log::RecentLog;
use crate::app::reload::Reloader;
use crate::app::turning::{Rules, Sizes, Turning};
use crate::config::{Config, Seen};
use crate::domain::policy;
use crate::domain::time::Timestamp;
use crate::ports::{Clock, Platform, Store};
use crate::store::{Keyring, OpenError, Options, SqliteStore};
use crate::web::wecom::WecomState;
use crate::web::{self, Looks};

mod bridges;
mod pictures;
pub mod playground;
mod reload;
mod watch;
pub mod wecom;

use bridges::Bridges;
use reload::Worker;
pub use reload::{SharedEnv, Source, apart, broken};
use watch::Watcher;
use wecom::Tenants;

/// The longest the engine sleeps: a hand-turned or jumping clock is noticed within it.
const LONGEST_SLEEP: Duration = Duration::from_millis(20);
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
    /// Reads the configuration again.
    pub reloader: Reloader,
    intake: Intake,
    pulse: Pulse,
    stop_reload: CancellationToken,
    stop_web: CancellationToken,
    stop_delivery: CancellationToken,
    stop_engine: CancellationToken,
    reload: tokio::task::JoinHandle<()>,
    web: TaskTracker,
    delivery: tokio::task::JoinHandle<()>,
    pictures: tokio::task::JoinHandle<()>,
    engine: JoinHandle<()>,
}

/// Opens the store of a data directory.
///
/// # Errors
/// Another daemon uses it, these are not its keys, or it cannot be read or written.
pub fn open_store(data: &Path, keys: &Keyring) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(data, Options { keys: keys.clone(), ..Options::default() })
}

/// A platform that no file names.
#[derive(Clone)]
pub struct Guest {
    /// Its name in events.
    pub name: Arc<str>,
    /// What the core knows of it.
    pub known: policy::Platform,
    /// Carries its actions out.
    pub platform: Arc<dyn Platform>,
    /// How fast.
    pub pace: Pace,
}

/// What a daemon has besides what is configured.
#[derive(Default)]
pub struct Extra {
    /// Further platforms.
    pub guests: Vec<Guest>,
    /// Who is shown what is decided.
    pub witness: Option<Box<dyn Witness>>,
    /// The last lines of the log.
    pub log: RecentLog,
}

/// Starts the daemon. It reads its configuration again from `source`; `seen` is what was looked at when `config` was read
/// from there. `kept` says why an older configuration than the one on disk is in force, if so.
///
/// # Errors
/// A port is in use, or the store cannot be read.
pub async fn start(
    config: Config,
    source: Source,
    seen: Seen,
    kept: Option<String>,
    store: impl Store + 'static,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Running> {
    start_with(config, source, seen, kept, store, clock, Extra::default()).await
}

/// The same, with more than the configuration names.
///
/// # Errors
/// As [`start`].
pub async fn start_with(
    config: Config,
    source: Source,
    seen: Seen,
    kept: Option<String>,
    store: impl Store + 'static,
    clock: Arc<dyn Clock>,
    extra: Extra,
) -> anyhow::Result<Running> {
    let Extra { guests, witness, log } = extra;
    let Config { mut settings, daemon, files, warnings, notes, .. } = config;
    let listen = bind(daemon.listen, "listen").await?;
    let admin = bind(daemon.admin_listen, "admin_listen").await?;
    let metrics = Arc::new(Metrics::new());
    let health = Health::default();
    if let Some(why) = kept {
        health.set(health::CONFIG, why);
    }
    metrics.started(clock.now());
    metrics.config_version(&settings.version);

    bridges::announce(&guests, &mut settings)?;
    let mut paces = bridges::paces(&daemon.bridges, &guests, &settings);
    paces.extend(wecom::paces(&daemon.wecom));
    let version = settings.version.clone();
    let (reloader, requests) = Reloader::new();
    let rules = Rules { settings: settings.clone(), files: &files, paces };
    let known = (metrics.clone(), health.clone(), reloader.clone());
    let mut turning = Turning::begin(rules, store, Sizes::with_queue(daemon.queue), clock.clone(), known)?;
    let (intake, outbox, pulse) = (turning.intake.clone(), turning.outbox.clone(), turning.pulse.clone());
    let pictures = pictures::Reader {
        pictures: turning.pictures.clone(),
        intake: intake.clone(),
        metrics: metrics.clone(),
        clock: clock.clone(),
        clients: Default::default(),
        unpacking: Semaphore::new(1),
    };
    if let Some(witness) = witness {
        turning.engine.watched_by(witness);
    }
    let (told, mut to_tell) = mpsc::unbounded_channel::<Answers>();
    turning.engine.answer_by(move |answers| {
        if let Err(untold) = told.send(answers) {
            untold.0.tell(); // the runtime is ending, and nobody listens any more
        }
    });
    tokio::spawn(async move {
        while let Some(answers) = to_tell.recv().await {
            answers.tell();
        }
    });
    if let Some(disk) = turning.engine.settle_apart() {
        let intake = intake.clone();
        std::thread::Builder::new().name("disk".to_owned()).spawn(move || disk.run(|| intake.call()))?;
    }
    let stop_engine = CancellationToken::new();
    let thread = Thread {
        turning,
        jobs: Jobs::new(metrics.clone()),
        clock: clock.clone(),
        health: health.clone(),
        stop: stop_engine.clone(),
    };
    let engine = std::thread::Builder::new().name("engine".to_owned()).spawn(move || thread.run())?;

    let platforms = Platforms::default();
    let stop_web = CancellationToken::new();
    let hooks =
        web::hooks::HooksState::new(intake.clone(), outbox.clone(), clock.clone(), metrics.clone(), stop_web.clone());
    let callbacks = WecomState::new(intake.clone(), clock.clone(), metrics.clone(), stop_web.clone());
    let around = wecom::Around {
        intake: intake.clone(),
        clock: clock.clone(),
        health: health.clone(),
        metrics: metrics.clone(),
        counted: wecom::Counted::default(),
        carrier: None,
    };
    let mut bridges = Bridges {
        configured: Vec::new(),
        guests,
        tenants: Tenants::new(callbacks.clone(), around),
        platforms: platforms.clone(),
        outbox: outbox.clone(),
        hooks: hooks.clone(),
        metrics: metrics.clone(),
        health: health.clone(),
        clock: clock.clone(),
    };
    let first = bridges.prepare(daemon.bridges, daemon.wecom, &settings)?;
    drop(settings); // only the engine holds the rules, so that old ones are freed
    bridges.switch(first);
    let delivery = Delivery {
        outbox: outbox.clone(),
        platforms,
        intake: intake.clone(),
        clock: clock.clone(),
        metrics: metrics.clone(),
        health: health.clone(),
        silent: Default::default(),
        blocked: Default::default(),
        unpolled: Default::default(),
    };
    let stop_delivery = CancellationToken::new();
    let delivery = tokio::spawn(delivery.run(stop_delivery.clone()));
    let pictures = tokio::spawn(pictures.run(stop_delivery.clone()));

    let watcher = Watcher::start(reloader.clone(), source.poll)?;
    watcher.look_at(seen.clone(), Some(daemon.watch));
    let worker = Worker {
        source,
        version,
        files: files.into(),
        seen,
        said: (warnings, notes),
        bridges,
        intake: intake.clone(),
        metrics: metrics.clone(),
        health: health.clone(),
        watcher,
        wrong: None,
    };
    let stop_reload = CancellationToken::new();
    let reload = tokio::spawn(worker.run(requests, stop_reload.clone()));

    let web = TaskTracker::new();
    let (listen_at, admin_at) = (listen.local_addr()?, admin.local_addr()?);
    let looks = Looks { lines: hooks.watched(), callers: callbacks.asking() };
    let doors = web::wecom::beside(callbacks, web::hooks::service(hooks));
    web.spawn(web::serve_looking(listen, doors, looks, stop_web.clone().cancelled_owned()));
    let admin_pages = web::admin::router(web::admin::AdminState {
        health: health.clone(),
        metrics,
        intake: intake.clone(),
        clock,
        log,
    });
    web.spawn(web::serve_asking_whence(admin, admin_pages, stop_web.clone().cancelled_owned()));
    health.clear(health::STARTED);
    web.close();
    Ok(Running {
        listen: listen_at,
        admin: admin_at,
        health,
        reloader,
        intake,
        pulse,
        stop_reload,
        stop_web,
        stop_delivery,
        stop_engine,
        reload,
        web,
        delivery,
        pictures,
        engine,
    })
}

impl Running {
    /// Stops: takes no more requests, finishes those under way, records how the attempts under way end. What is still to
    /// be done stays in the store for the next start.
    pub async fn stop(self) {
        self.intake.close();
        self.stop_reload.cancel();
        if tokio::time::timeout(PATIENCE, self.reload).await.is_err() {
            tracing::warn!("a reload was still under way after {} s and was left", PATIENCE.as_secs());
        }
        self.stop_web.cancel();
        if tokio::time::timeout(PATIENCE, self.web.wait()).await.is_err() {
            tracing::warn!("some requests were still open after {} s and were cut off", PATIENCE.as_secs());
        }
        self.stop_delivery.cancel();
        if tokio::time::timeout(PATIENCE, self.delivery).await.is_err() {
            tracing::warn!("some attempts were still under way after {} s; they are made again", PATIENCE.as_secs());
        }
        self.pictures.await.ok(); // it leaves what it was reading
        self.stop_engine.cancel();
        let stopped = tokio::task::spawn_blocking(move || self.engine.join()).await;
        if !matches!(stopped, Ok(Ok(()))) {
            tracing::error!("the engine did not stop in an orderly way; the next start recovers");
        }
    }

    /// Hands events in besides the bridges.
    pub fn intake(&self) -> Intake {
        self.intake.clone()
    }

    /// Whether it is at work.
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// See [`Pulse::only_waits`]. For tests, which turn the clock by hand.
    pub fn only_waits(&self, now: Timestamp) -> bool {
        self.pulse.only_waits(now)
    }

    /// Whether there is also nothing left to be sent.
    pub fn is_idle(&self, now: Timestamp) -> bool {
        self.pulse.is_idle(now)
    }
}

/// Turns the daemon until told to stop and nothing is queued.
struct Thread {
    turning: Turning,
    jobs: Jobs,
    clock: Arc<dyn Clock>,
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

impl Thread {
    fn run(mut self) {
        let _fallen = Fallen { intake: self.turning.intake.clone(), health: self.health.clone() };
        loop {
            let stopping = self.stop.is_cancelled();
            let wait = if stopping { Duration::ZERO } else { self.turning.rest(LONGEST_SLEEP) };
            if !self.turning.turn(wait) && stopping {
                break;
            }
            self.jobs.step(&mut self.turning.engine, self.clock.now());
        }
        self.turning.end();
    }
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} ({key})"))
}
