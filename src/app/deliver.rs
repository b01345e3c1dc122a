//! Turns the outbox: lets what is due go to its platform, and tells the engine how it ended.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::engine::Effects;
use crate::app::health::{self, Health};
use crate::app::intake::Intake;
use crate::app::metrics::{BridgeState, Metrics};
use crate::app::outbox::{Due, Outbox, Pace, Wellness};
use crate::domain::action::{Action, ActionState, What};
use crate::domain::image::Images;
use crate::domain::policy::Settings;
use crate::ports::{Clock, Platform, Reply, Store, StoreError, Way};

/// The longest the outbox sleeps: a hand-turned or jumping clock is noticed within it.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// Images that are sent to a platform at once: each is megabytes, several times. One that does not take any keeps nobody else's back.
const IMAGES: usize = 4;

/// The outbox as engine and delivery share it. Clones share it.
#[derive(Clone)]
pub struct SharedOutbox {
    outbox: Arc<Mutex<Outbox>>,
    /// For the one that turns it.
    changed: Arc<Notify>,
    /// For those who wait for actions, or for the end of some.
    news: Arc<Notify>,
    /// Those of the rules in force, for what goes out.
    images: Arc<ArcSwap<Images>>,
    /// Room for those under way to each platform.
    room: Arc<Mutex<HashMap<Arc<str>, Arc<Semaphore>>>>,
}

impl SharedOutbox {
    /// Shares an outbox.
    pub fn new(outbox: Outbox) -> Self {
        let outbox = Arc::new(Mutex::new(outbox));
        Self { outbox, changed: Arc::default(), news: Arc::default(), images: Arc::default(), room: Arc::default() }
    }

    /// What goes out from here on has the images of these settings.
    pub fn show(&self, settings: &Settings) {
        self.images.store(Arc::new(Images::of(settings)));
    }

    /// The same where another version is in force.
    pub fn show_if_new(&self, settings: &Settings) {
        if self.images.load().version != settings.version {
            self.show(settings);
        }
    }

    /// An action and its JSON as they go out: an image gets its bytes now.
    ///
    /// # Errors
    /// It is not there any more.
    pub fn complete(&self, action: Arc<Action>, body: Arc<str>) -> Result<(Arc<Action>, Arc<str>), &'static str> {
        if !matches!(action.what, What::Image { .. }) {
            return Ok((action, body));
        }
        let action = self.images.load().complete(&action)?;
        let body = action.to_json().into();
        Ok((action, body))
    }

    /// Room to send a platform an image, once there is some.
    async fn room_for_image(&self, platform: &Arc<str>) -> Option<OwnedSemaphorePermit> {
        let room = {
            let mut rooms = self.room.lock().unwrap_or_else(PoisonError::into_inner);
            rooms.entry(platform.clone()).or_insert_with(|| Arc::new(Semaphore::new(IMAGES))).clone()
        };
        room.acquire_owned().await.ok()
    }

    /// Is done when there may be something new in it. To be enabled before looking, so that nothing is missed between.
    pub fn news(&self) -> Notified<'_> {
        self.news.notified()
    }

    /// Somebody changed it.
    pub fn changed(&self) {
        self.changed.notify_one();
        self.news.notify_waiters();
    }

    /// The outbox itself.
    pub fn lock(&self) -> MutexGuard<'_, Outbox> {
        // A panic while it is held leaves at worst an action that is tried again after a restart.
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Other platforms from here on ([`Outbox::configure`]).
    pub fn configure(&self, platforms: &HashMap<Arc<str>, Pace>, afresh: &HashSet<Arc<str>>) {
        self.lock().configure(platforms, afresh);
        self.changed();
    }

    /// Platforms that wanted no more are asked again ([`Outbox::enable`]).
    pub fn enable(&self) -> Vec<Arc<str>> {
        let enabled = self.lock().enable();
        if !enabled.is_empty() {
            self.changed();
        }
        enabled
    }

    /// Takes in what a commit made true. While the store is not `sound` nothing is taken from there: it may not be durable.
    ///
    /// # Errors
    /// The store could not be read for what did not fit into memory.
    pub fn take(&self, effects: Effects, store: &mut dyn Store, sound: bool) -> Result<(), StoreError> {
        let something = !(effects.acts.is_empty() && effects.ended.is_empty() && effects.recorded.is_empty());
        let mut outbox = self.lock();
        for id in &effects.ended {
            outbox.ended(id);
        }
        for (id, body) in effects.recorded {
            outbox.recorded(&id, body);
        }
        for action in effects.acts {
            outbox.push(action);
        }
        if effects.missed {
            outbox.missed();
        }
        if let Some(doubted) = outbox.doubted() {
            for id in doubted {
                let stored = store.action(&id)?;
                if !stored.is_some_and(|stored| stored.state == ActionState::Pending) {
                    outbox.ended(&id); // cancelled, by a commit that was said to have failed
                }
            }
            outbox.is_sure(&store.pending_platforms()?);
        }
        if sound {
            outbox.fill_up(store)?;
        }
        drop(outbox);
        if something {
            self.changed();
        }
        Ok(())
    }
}

/// Who carries actions out, by the platform's name. Clones share it; a new configuration replaces it.
#[derive(Clone, Default)]
pub struct Platforms(Arc<ArcSwap<ByName>>);

/// Platforms by name.
pub type ByName = HashMap<Arc<str>, Arc<dyn Platform>>;

impl Platforms {
    /// One of them.
    pub fn get(&self, name: &str) -> Option<Arc<dyn Platform>> {
        self.0.load().get(name).cloned()
    }

    /// These and no others from now on; attempts under way end where they began.
    pub fn replace(&self, platforms: ByName) {
        self.0.store(Arc::new(platforms));
    }

    /// Whether this is the one that has the name now.
    fn is_current(&self, name: &str, platform: &Arc<dyn Platform>) -> bool {
        self.0.load().get(name).is_some_and(|current| Arc::ptr_eq(current, platform))
    }
}

/// A platform's name, and the name of one of its ways where it has several.
pub type Road = (Arc<str>, Option<Arc<str>>);

/// Carries actions out until told to stop; then waits for the attempts under way.
pub struct Delivery {
    /// What is to be done.
    pub outbox: SharedOutbox,
    /// By whom.
    pub platforms: Platforms,
    /// Who is told how it ended.
    pub intake: Intake,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What an operator sees.
    pub health: Health,
    /// Ways that did not take the last action.
    pub silent: Mutex<HashSet<Road>>,
    /// Ways that an operator must look at, of platforms that are not broken as a whole.
    pub blocked: Mutex<HashMap<Road, Arc<dyn Platform>>>,
    /// Platforms whose bots do not fetch their actions, as far as that was told.
    pub unpolled: Mutex<HashSet<Arc<str>>>,
}

impl Delivery {
    /// Runs until `stop`, and then until no attempt is under way.
    pub async fn run(self, stop: CancellationToken) {
        let delivery = Arc::new(self);
        let attempts = TaskTracker::new();
        while !stop.is_cancelled() {
            for due in delivery.step() {
                match due {
                    Due::Tell(job) => delivery.intake.tell(job),
                    Due::Perform { action, body } => {
                        attempts.spawn(delivery.clone().perform(action, body));
                    }
                }
            }
            let changed = delivery.outbox.changed.notified();
            tokio::select! {
                () = stop.cancelled() => {}
                _ = tokio::time::timeout(LONGEST_SLEEP, changed) => {}
            }
        }
        attempts.close();
        attempts.wait().await;
    }

    /// What is to be done now: attempts to be made ([`Delivery::perform`]), and what the engine is to be told.
    pub fn step(&self) -> Vec<Due> {
        self.forget_blocked();
        let mut outbox = self.outbox.lock();
        let limits = |action: &Action| self.platforms.get(&action.platform)?.wait(action);
        let due = outbox.step_with(self.clock.now(), &limits);
        self.metrics.outbox_depth(outbox.len());
        let fetched: Vec<_> = outbox.fetched().map(|(name, wellness)| (name.clone(), wellness)).collect();
        drop(outbox);
        if !fetched.is_empty() {
            self.outbox.news.notify_waiters();
        }
        for (name, wellness) in fetched {
            self.tell_unpolled(name, wellness);
        }
        due
    }

    /// Says once that a bot does not fetch its actions, and once that it does again.
    fn tell_unpolled(&self, name: Arc<str>, wellness: Wellness) {
        let mut unpolled = self.unpolled.lock().unwrap_or_else(PoisonError::into_inner);
        if wellness != Wellness::Unpolled && unpolled.remove(&name) {
            tracing::info!(platform = &*name, "the bot fetches its actions again");
            self.report(&name, wellness, None);
        } else if wellness == Wellness::Unpolled && unpolled.insert(name.clone()) {
            tracing::error!(platform = &*name, "actions wait, and the bot has not asked for any for 5 minutes");
            self.report(&name, wellness, None);
        }
    }

    /// Makes one attempt, and takes in what came of it.
    pub async fn perform(self: Arc<Self>, action: Arc<Action>, body: Arc<str>) {
        let platform = self.platforms.get(&action.platform);
        let way = platform.as_ref().and_then(|platform| platform.way(&action));
        let reply = self.attempt(platform.as_ref(), &action, body).await;
        self.tell(&action, way.as_ref(), &reply);
        let error = match &reply {
            Reply::Broken { error } => Some(error.clone()),
            _ => None,
        };
        self.metrics.attempt(&action.platform, &reply, self.outbox.lock().attempts(&action.id) > 0);
        let reply = match (platform, way) {
            (Some(platform), Some(way)) => self.of_way(&action, platform, &way, reply),
            _ => reply,
        };
        let (job, wellness) = {
            let mut outbox = self.outbox.lock();
            let job = outbox.replied(&action.id, reply, self.clock.now());
            (job, outbox.wellness(&action.platform))
        };
        if let Some(wellness) = wellness {
            self.report(&action.platform, wellness, error.as_deref());
        }
        if let Some(job) = job {
            self.intake.tell(job);
        }
        self.outbox.changed.notify_one();
    }

    /// What one way answers says nothing of the platform's others: what is broken there is shown under the way's name, and the
    /// action is tried again as any other.
    fn of_way(&self, action: &Action, platform: Arc<dyn Platform>, way: &Way, reply: Reply) -> Reply {
        let part = format!("{}.{}", health::bridge(&action.platform), way.name);
        let road = (action.platform.clone(), Some(way.name.clone()));
        let mut blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        match reply {
            Reply::Broken { error } => {
                let called =
                    if way.name.ends_with(&*way.called) { String::new() } else { format!(" ({})", way.called) };
                self.health.set(&part, format!("broken{called}: {error}"));
                blocked.insert(road, platform);
                Reply::Retry { after: None, error }
            }
            Reply::Done { .. } if blocked.remove(&road).is_some() => {
                self.health.clear(&part);
                reply
            }
            reply => reply,
        }
    }

    /// Ways of platforms that were taken out of the configuration, or are not what they were, are not shown any more.
    fn forget_blocked(&self) {
        let mut blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        blocked.retain(|(name, way), platform| {
            let stays = self.platforms.is_current(name, platform);
            if let (false, Some(way)) = (stays, way) {
                self.health.clear(&format!("{}.{way}", health::bridge(name)));
            }
            stays
        });
    }

    async fn attempt(&self, platform: Option<&Arc<dyn Platform>>, action: &Arc<Action>, body: Arc<str>) -> Reply {
        let name = &action.platform;
        let Some(platform) = platform else {
            let error = "the bridge was taken out of the configuration".to_owned();
            return Reply::Retry { after: None, error };
        };
        let image = matches!(action.what, What::Image { .. });
        let _room = if image { self.outbox.room_for_image(name).await } else { None };
        let (action, body) = match self.outbox.complete(action.clone(), body) {
            Ok(complete) => complete,
            Err(error) => return Reply::Refused { error: error.to_owned() },
        };
        match platform.perform(action, body).await {
            // What the platform was before its configuration changed says nothing about what it is.
            Reply::Broken { error } if !self.platforms.is_current(name, platform) => {
                Reply::Retry { after: None, error }
            }
            Reply::Disabled if !self.platforms.is_current(name, platform) => {
                Reply::Retry { after: None, error: "410 from the address it had before".to_owned() }
            }
            reply => reply,
        }
    }

    /// A line when a platform stops answering and when it answers again, and one for each attempt that an operator or admin
    /// may ask about; never the text of what was to be said. An hour's outage must not fill the log.
    fn tell(&self, action: &Action, way: Option<&Way>, reply: &Reply) {
        let (id, kind, platform) = (&*action.id, action.what.name(), &*action.platform);
        let road = (action.platform.clone(), way.map(|way| way.name.clone()));
        let (name, called) = way.map(|way| (&*way.name, &*way.called)).unzip();
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        match reply {
            Reply::Retry { error, .. } | Reply::Unknown { error } => {
                if silent.insert(road) {
                    tracing::warn!(
                        platform,
                        way = name,
                        called,
                        error,
                        "the bridge does not take actions; they are tried again"
                    );
                }
                tracing::debug!(id, kind, platform, error, "not done yet");
            }
            Reply::Done { .. } => {
                if silent.remove(&road) {
                    tracing::info!(platform, way = name, called, "the bridge takes actions again");
                }
                tracing::debug!(id, kind, platform, "done");
            }
            Reply::Refused { error } => tracing::warn!(id, kind, platform, error, "refused for good"),
            Reply::Broken { error } => {
                if silent.insert(road) {
                    tracing::error!(
                        id,
                        kind,
                        platform,
                        way = name,
                        called,
                        error,
                        "an operator must look at this bridge"
                    );
                }
            }
            Reply::Disabled => tracing::error!(id, kind, platform, "410: the bridge wants nothing more"),
        }
    }

    fn report(&self, platform: &str, wellness: Wellness, error: Option<&str>) {
        let name = health::bridge(platform);
        let state = match wellness {
            Wellness::Well => {
                self.health.clear(&name);
                let blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
                let broken = blocked.keys().any(|(other, _)| **other == *platform);
                if broken { BridgeState::Broken } else { BridgeState::On }
            }
            Wellness::Broken => {
                let why = error.unwrap_or("its actions URL answers in a way that needs an operator");
                self.health.set(&name, format!("broken: {why}"));
                BridgeState::Broken
            }
            Wellness::Disabled => {
                self.health.set(&name, "disabled: its actions URL answered 410 Gone");
                BridgeState::Disabled
            }
            Wellness::Unpolled => {
                self.health.set(&name, "unpolled: actions wait and its bot has not asked for any for 5 minutes");
                BridgeState::Unpolled
            }
            Wellness::Absent => return,
        };
        self.metrics.bridge_state(platform, state);
    }
}

#[cfg(test)]
mod tests;
