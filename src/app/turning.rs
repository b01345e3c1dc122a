//! One turn of the daemon: what is queued is judged, recorded, answered, and let go to the outbox.
//!
//! Nothing here waits for anything but the queue, and nothing runs beside it: `serve.rs` turns it on a thread of its own, and a
//! simulation turns everything on one thread, by one seed (`tests/it/sim/`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::app::deliver::SharedOutbox;
use crate::app::engine::Engine;
use crate::app::health::{self, Health};
use crate::app::intake::{Intake, Job};
use crate::app::metrics::{Metrics, PictureEnd};
use crate::app::outbox::{Outbox, Pace};
use crate::app::pictures::{self, Pictures};
use crate::app::pulse::Pulse;
use crate::app::reload::Reloader;
use crate::domain::case::ByWhom;
use crate::domain::picture::Wanted;
use crate::domain::policy::Settings;
use crate::domain::state::Limits;
use crate::ports::{Clock, Store, StoreError};
use crate::store::pack_files;

/// Inputs in one commit, unless one request alone has more.
const BATCH: usize = 2048;
/// So many of them are taken from the queue at once, then it is looked who is next by now: an order of an admin waits for these.
const SLICE: usize = 32;
/// After so long no more are taken into a commit: messages that take a millisecond each are not two seconds of waiting for all. As much
/// as keeps waiting for the disk small beside judging.
const LONGEST: Duration = Duration::from_millis(50);

/// How much is held in memory.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Inputs that wait to be judged.
    pub queue: usize,
    /// Actions that have not come to their end, each platform its share of them; the rest waits in the store.
    pub outbox: usize,
    /// What the core remembers.
    pub limits: Limits,
}

impl Sizes {
    /// What `serve` holds, with a queue for so many inputs.
    pub fn with_queue(queue: usize) -> Self {
        Self { queue, outbox: 20_000, limits: Limits::default() }
    }
}

/// The rules a daemon begins with.
pub struct Rules<'a> {
    /// As they are compiled.
    pub settings: Arc<Settings>,
    /// The files they were made of.
    pub files: &'a [(String, String)],
    /// The platforms they name.
    pub paces: HashMap<Arc<str>, Pace>,
}

/// The daemon without what carries its requests and actions.
pub struct Turning {
    /// What judges and records.
    pub engine: Engine,
    /// Where requests go.
    pub intake: Intake,
    /// Where actions come from.
    pub outbox: SharedOutbox,
    /// Whether it is at work.
    pub pulse: Pulse,
    /// What reads pictures takes them from here.
    pub pictures: Pictures,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    health: Health,
    reloader: Reloader,
    /// Who stopped everything, as operators were told.
    paused: Option<ByWhom>,
}

impl Turning {
    /// Begins where the store was left, under these rules.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn begin(
        rules: Rules<'_>,
        mut store: impl Store + 'static,
        sizes: Sizes,
        clock: Arc<dyn Clock>,
        (metrics, health, reloader): (Arc<Metrics>, Health, Reloader),
    ) -> Result<Self, StoreError> {
        let Rules { settings, files, paces } = rules;
        let now = clock.now();
        // Packing takes as long as reading the store; after most starts it is there.
        if !store.renew_config(&settings.version, now)? {
            store.save_config(&settings.version, &pack_files(files)?, now)?;
        }
        let mut outbox = Outbox::new(paces, sizes.outbox, now);
        outbox.expect(&store.pending_platforms()?);
        outbox.fill_up(&mut store)?;
        let wanted = store.pictures(pictures::MOST)?;
        let (intake, outbox) = (Intake::new(sizes.queue), SharedOutbox::new(outbox));
        outbox.show(&settings);
        let mut engine = Engine::new(settings.clone(), Box::new(store), metrics.clone(), sizes.limits, now)?;
        engine.change_rules(settings, now)?;
        engine.keep_watch(health.clone())?;
        let pictures = Pictures::default();
        let pulse = Pulse::new(intake.clone(), outbox.clone(), pictures.clone());
        let paused = None;
        let mut turning = Self { engine, intake, outbox, pulse, pictures, clock, metrics, health, reloader, paused };
        turning.show_pause();
        turning.offer(wanted.into_iter().map(Arc::new).collect());
        Ok(turning)
    }

    /// How long there is nothing to do if nothing comes in, at most `longest`.
    pub fn rest(&self, longest: Duration) -> Duration {
        // While the store is in trouble nothing fires, however long it has been due.
        let next = self.engine.next_turn().filter(|_| self.engine.trouble().is_none());
        next.map_or(longest, |due| due.since(self.clock.now())).min(longest)
    }

    /// Turns once, waiting up to `wait` for something to come in. Gives whether anything had.
    pub fn turn(&mut self, wait: Duration) -> bool {
        let jobs = self.intake.take(SLICE, wait);
        let came = !jobs.is_empty();
        self.metrics.queue_depth(self.intake.depth());
        let mut room = BATCH.saturating_sub(jobs.iter().map(Job::weight).sum());
        let (intake, clock, began) = (&self.intake, &self.clock, self.clock.now());
        let mut effects = self.engine.step_with(jobs, began, || {
            let slice = if clock.now().since(began) < LONGEST { SLICE.min(room) } else { 0 };
            let more = intake.take_more(slice);
            room = room.saturating_sub(more.iter().map(Job::weight).sum());
            more
        });
        // What is taken from the store is sent, so it must be durable.
        if self.engine.is_unsettled() && (effects.missed || self.outbox.lock().wants_refill()) {
            effects.append(self.engine.settle_now(self.clock.now()));
        }
        let mut wanted = std::mem::take(&mut effects.pictures);
        if effects.missed {
            // Those of a commit that is said to have failed, and was written.
            let stored = self.engine.store().pictures(pictures::MOST).unwrap_or_default();
            wanted.extend(stored.into_iter().map(Arc::new));
        }
        self.offer(wanted);
        effects.reloads.iter().for_each(|member| self.reloader.request_for(member.clone()));
        self.outbox.show_if_new(self.engine.settings());
        let sound = self.engine.trouble().is_none() && !self.engine.is_unsettled();
        if let Err(error) = self.outbox.take(effects, self.engine.store(), sound) {
            tracing::error!(%error, "the outbox could not be filled up from the store; it is tried again");
        }
        if let Some(old) = self.intake.glances.by(self.engine.settings()) {
            free_aside(old);
        }
        self.engine.look_around(self.clock.now());
        self.pulse.turned(self.engine.next_turn(), self.engine.is_unsettled());
        match self.engine.unwell() {
            None => self.health.clear(health::STORE),
            Some(why) => self.health.set(health::STORE, why),
        }
        if let Some(what) = self.engine.damage() {
            self.health.note(health::STORE, format!("{what}; stop the daemon, see `qunwei verify`, restore a backup"));
        }
        self.show_pause();
        came
    }

    /// Says in the log and in the notes what an operator must not forget: that nothing is acted on.
    fn show_pause(&mut self) {
        let paused = self.engine.paused();
        if self.paused.as_ref() == paused {
            return;
        }
        self.metrics.paused(paused.is_some());
        match paused {
            Some(ByWhom { name, at, .. }) => {
                tracing::warn!(by = name, since = %at, "everything is paused: it is judged and recorded, and nothing is done");
                let note = format!("everything is paused, by {name} since {at}: nothing is done until `qunwei resume`");
                self.health.note(health::PAUSE, note);
            }
            None => {
                self.health.clear_note(health::PAUSE);
                tracing::info!("everything is resumed: rules are acted on again");
            }
        }
        self.paused = paused.cloned();
    }

    /// Offers pictures to be read; what there is no room for is counted and will not be.
    fn offer(&self, wanted: Vec<Arc<Wanted>>) {
        for beyond in self.pictures.offer(self.engine.settings().pictures.as_ref(), wanted) {
            self.metrics.pictures().picture(PictureEnd::Overflow);
            self.intake.tell(Job::Picture { id: beyond.id.clone(), read: None });
        }
    }

    /// Writes what a start would otherwise have to work out again.
    pub fn end(&mut self) {
        if let Err(error) = self.engine.commit() {
            tracing::warn!(%error, "what was written last may not be durable; its senders were told so");
        }
        self.engine.save_habits();
        if let Err(error) = self.engine.save_windows(self.clock.now()) {
            tracing::warn!(%error, "the windows were not written; the next start reads the journal instead");
        }
    }
}

/// Frees rules that hold no more, on a thread of its own: long lists take some milliseconds, and messages wait for this one.
fn free_aside(old: Arc<Settings>) {
    // Where no thread can be had it is done here.
    drop(std::thread::Builder::new().name("free".to_owned()).spawn(move || drop(old)));
}
