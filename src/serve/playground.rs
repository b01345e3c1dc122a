//! The daemon with a playground: its page, its clock, its scenes (`qunwei demo`).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Extra, Guest, PATIENCE, Running, Source, bind, start_with};
use crate::adapters::playground::clock::MovedClock;
use crate::adapters::playground::people::BOT;
use crate::adapters::playground::{Kind, Playground};
use crate::app::intake::Intake;
use crate::app::outbox::Pace;
use crate::config::{Config, Seen};
use crate::domain::policy;
use crate::ports::{Clock, Store};
use crate::web;
use crate::web::playground::editor::{Editor, Env, InForce};
use crate::web::playground::guard::Guard;
use crate::web::playground::scenes::{self, Player};
use crate::web::playground::turning::Turning;
use crate::web::playground::witness::PageWitness;
use crate::web::playground::{PlaygroundState, hand_in};

/// Actions a second: a page has no limit, and a raid should be seen at once.
const PACE: f64 = 1_000.0;

/// What a playground needs besides a daemon.
pub struct Playing {
    /// Where the page is.
    pub listen: SocketAddr,
    /// Who may see it from elsewhere.
    pub token: Option<String>,
    /// The configuration's folder.
    pub dir: PathBuf,
    /// The environment that its files name variables of.
    pub env: Env,
}

/// A running daemon with its playground.
pub struct Demo {
    /// Where the page is.
    pub listen: SocketAddr,
    /// The daemon.
    pub running: Running,
    player: Player,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Starts the daemon with a playground. The configuration is what it is for any daemon; the playground comes to it as one
/// more platform.
///
/// # Errors
/// As [`super::start`], and when the page's port is in use.
pub async fn start(
    config: Config,
    seen: Seen,
    kept: Option<String>,
    store: impl Store + 'static,
    clock: Arc<dyn Clock>,
    playing: Playing,
) -> anyhow::Result<Demo> {
    let listener = bind(playing.listen, "--listen").await?;
    let listen = listener.local_addr()?;
    let scenes = scenes::read().map_err(anyhow::Error::msg)?;
    let clock = Arc::new(MovedClock::new(clock));
    let (playground, follow) = Playground::new(clock.clone());
    let last_case = Arc::new(AtomicU64::new(0));
    let witness = PageWitness::new(playground.clone(), last_case.clone());
    let pace = Pace { idempotent: true, per_second: PACE, per_group: None, pulls: false };
    let guest = |kind: Kind| {
        let known =
            policy::Platform { capabilities: kind.capabilities(), bot_user: Some(BOT.into()), ..Default::default() };
        Guest { name: kind.name().into(), known, platform: Arc::new(playground.clone()), pace }
    };
    let extra = Extra { guests: Kind::ALL.map(guest).into(), witness: Some(Box::new(witness)), ..Extra::default() };
    let source = Source { env: playing.env.clone(), ..Source::new(&playing.dir, |_| None) };
    let files = InForce::of(&config);
    let zone = config.settings.default_policy.timezone.iana_name().unwrap_or("Asia/Shanghai").to_owned();
    let running = start_with(config, source, seen, kept, store, clock.clone(), extra).await?;

    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let turning = Turning::new(clock, running.pulse(), playground.clone());
    tasks.spawn(following(follow, running.intake(), playground.clone(), turning.clone(), stop.clone()));
    let player = Player::new(scenes, playground.clone(), running.intake(), turning.clone(), last_case);
    turning.show();
    let state = PlaygroundState {
        playground,
        intake: running.intake(),
        turning,
        player: player.clone(),
        editor: Editor::new(playing.dir, files, playing.env, running.reloader.clone()),
        guard: Guard::new(playing.token.as_deref()),
        zone,
        stop: stop.clone(),
    };
    let router = web::playground::router(Arc::new(state));
    tasks.spawn(web::serve(listener, router, stop.clone().cancelled_owned()));
    tasks.close();
    Ok(Demo { listen, running, player, stop, tasks })
}

impl Demo {
    /// Stops the scene and the page, then the daemon.
    pub async fn stop(self) {
        if tokio::time::timeout(PATIENCE, self.player.stop()).await.is_err() {
            tracing::warn!("the scene did not come to an end and was left");
        }
        self.stop.cancel();
        self.tasks.wait().await;
        self.running.stop().await;
    }
}

/// Tells the daemon what follows from its actions: who is removed has left.
async fn following(
    mut follow: UnboundedReceiver<Value>,
    intake: Intake,
    playground: Playground,
    turning: Turning,
    stop: CancellationToken,
) {
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = follow.recv() => event,
        };
        let Some(event) = event else { return };
        if hand_in(&intake, playground.kind(), turning.now(), &event).await.is_err() {
            tracing::warn!("the daemon did not take in what followed from an action of its own");
        }
    }
}
