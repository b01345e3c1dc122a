//! The path of a message, from the queue to the outbox: **load → core → record → answer → act**.
//!
//! One thread turns the engine. It runs the core over jobs ([`Engine::apply`]), writes what they changed in one transaction
//! ([`Engine::commit`]), and only then answers the requests and lets actions go. A failed commit never lies: its requests are
//! told so, and everything they had changed in memory is thrown away and loaded again.

mod commands;
mod commit;
mod effects;
mod ends;
mod erase;
mod load;
mod named;
mod pictures;
mod lookout;
mod recover;
mod rules;
mod settling;
mod step;
mod tally;
mod witness;

use self::commit::{Batch, Counts};
pub use self::effects::Effects;
use self::erase::Slices;
pub use self::load::event_of;
use self::lookout::Lookout;
use self::named::Named;
use self::settling::Settling;
pub use self::settling::{Disk, Tell};
use self::tally::Tally;
pub use self::witness::{Sight, Witness};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::app::intake::{Answers, Inbound, Job};
use crate::app::metrics::{EventOutcome, Metrics};
use crate::domain::case::ByWhom;
use crate::domain::change::Change;
use crate::domain::core::{Core, Judged, Loaded, ReloadWord, TIMERS_AT_ONCE, Word};
use crate::domain::event::Kind;
use crate::domain::ids::{GroupKey, SeenKey};
use crate::domain::policy::Settings;
use crate::domain::recent::Place;
use crate::domain::state::{Limits, State};
use crate::domain::time::Timestamp;
use crate::domain::timer::TimerKind;
use crate::ports::{Row, RowKind, Store, StoreError, Unit};

/// The windows are written at least every so many inputs: a start reads the rest from the journal, which takes it 10 µs each. More often
/// would write and read more: what similar texts are found by is as much for 10,000 messages as for all …
const MARK_ROWS: u64 = 25_000;
/// … and so much time; after a start at its first turn, for what they do not include is not moved into files.
const MARK_TIME: Duration = Duration::from_secs(30);
/// All of them at least this often: short messages stand in them as they were written.
const WHOLE_EVERY: Duration = Duration::from_secs(24 * 3600);
/// In at most so many pieces: one each time, until there are too many; then all is written anew.
const MOST_PIECES: usize = 32;
/// Seen ids that are too old are forgotten this often.
const FORGET_EVERY: Duration = Duration::from_secs(600);
/// Ids are kept for this much longer than repetitions can be acted on: an event's own time may be minutes ahead of ours.
const KEEP_LONGER: Duration = Duration::from_secs(600);
/// A store that cannot be written is tried again this often.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// The engine.
pub struct Engine {
    core: Core,
    store: Box<dyn Store>,
    metrics: Arc<Metrics>,
    limits: Limits,
    seq: u64,
    /// The last input that a commit is known to have written.
    durable: u64,
    batch: Batch,
    mark: (u64, Timestamp),
    /// The pieces in which the windows are in the store: the last input of each, and how far it goes.
    written: VecDeque<(u64, Place)>,
    /// When all of the windows were last written anew: what is older than they need is in the store no longer than a day more.
    whole: Timestamp,
    forgot: Timestamp,
    broken: Option<Broken>,
    /// What was stored and cannot be read.
    damage: Option<String>,
    /// The damage that kept the last commit from being written: a probe, which writes elsewhere, says nothing of it.
    doubt: Option<String>,
    /// Jobs that must not be lost while the store cannot be written.
    deferred: Vec<Job>,
    /// Memory was loaded anew since the last effects.
    reloaded: bool,
    /// Who is shown what was decided, if anybody looks.
    witness: Option<Box<dyn Witness>>,
    /// What it watches besides, if it has been told to.
    lookout: Option<Lookout>,
    /// Of a commit that was made because the next job reads the store; given with those of the next.
    early: Effects,
    /// The rules that held before those of a change that is not committed.
    before: Option<Arc<Settings>>,
    /// The journal's last rules are not those in force: a commit that is said to have failed may have been written.
    unsure: bool,
    /// Tells requests what became of them.
    tell: Tell,
    /// What waits for the disk, where that is done beside the engine.
    settling: Option<Settling>,
    /// What is erased beside the messages.
    slices: Slices,
}

struct Broken {
    reason: String,
    tried: Timestamp,
}

impl Engine {
    /// An engine over a store, as the store last was.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(
        settings: Arc<Settings>,
        store: Box<dyn Store>,
        metrics: Arc<Metrics>,
        limits: Limits,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut engine = Self {
            core: Core::new(settings, State::new(limits)),
            store,
            metrics,
            limits,
            seq: 0,
            durable: 0,
            batch: Batch::default(),
            mark: (0, now.minus(MARK_TIME)),
            written: VecDeque::new(),
            whole: now,
            forgot: now,
            broken: None,
            damage: None,
            doubt: None,
            deferred: Vec::new(),
            reloaded: false,
            witness: None,
            lookout: None,
            early: Effects::default(),
            before: None,
            unsure: false,
            tell: Arc::new(Answers::tell),
            settling: None,
            slices: Slices::default(),
        };
        engine.reload()?;
        engine.durable = engine.seq;
        engine.reloaded = false;
        engine.unsure = false; // at a start the rules are only about to be said
        Ok(engine)
    }

    /// Has requests told by somebody else: not by the thread that turns the engine, nor by the one that waits for the disk
    /// ([`Engine::settle_apart`], afterwards).
    pub fn answer_by(&mut self, tell: impl Fn(Answers) + Send + Sync + 'static) {
        self.tell = Arc::new(tell);
    }

    /// The rules in force.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.core.settings
    }

    /// The store, for reading what the engine does not need.
    pub fn store(&mut self) -> &mut dyn Store {
        &mut *self.store
    }

    /// What of the store was found damaged since the start.
    pub fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// Why nothing can be stored now.
    pub fn trouble(&self) -> Option<&str> {
        self.broken.as_ref().map(|broken| broken.reason.as_str())
    }

    /// Why the store is not well: nothing can be stored now, or damage kept the last commit from being written.
    pub fn unwell(&self) -> Option<&str> {
        self.trouble().or(self.doubt.as_deref())
    }

    /// Who stopped everything, if somebody did.
    pub fn paused(&self) -> Option<&ByWhom> {
        self.core.state.paused_all.as_ref()
    }

    /// When the next timer or reminder is due.
    pub fn next_timer(&self) -> Option<Timestamp> {
        let timer = self.core.state.timers.first().map(|timer| timer.due);
        [timer, self.core.next_reminder()].into_iter().flatten().min()
    }

    /// When there is something to be done: at once, when it has told itself something, else when the next timer is due.
    pub fn next_turn(&self) -> Option<Timestamp> {
        let at_once = !self.deferred.is_empty() && self.broken.is_none();
        if at_once { Some(Timestamp(0)) } else { self.next_timer() }
    }

    /// Runs the core over a job. Nothing is durable before [`Engine::commit`].
    ///
    /// # Errors
    /// The store cannot be read; the job is among those that [`Engine::step`] then recovers.
    pub fn apply(&mut self, job: Job, now: Timestamp) -> Result<(), StoreError> {
        if let Job::Mark { source, answer } = job {
            match self.store.mark(&source) {
                Ok(mark) => drop(answer.send(mark)), // who asked may have gone: no matter
                Err(error) => tracing::warn!(%error, %source, "how far a reader has come could not be read"),
            }
            return Ok(());
        }
        let job = match job {
            Job::Erase { person, by, answer } => {
                let erased = self.erase(&person, &by, now);
                drop(answer.send(erased.map_err(|error| error.to_string()))); // who asked may have gone
                return Ok(());
            }
            Job::Erasure { no, answer } => {
                drop(answer.send(self.store.erasure(no).ok().flatten()));
                return Ok(());
            }
            job => job,
        };
        let mut unit = Unit::default();
        let counts = self.run(&job, now, &mut unit);
        self.batch.units.push(unit);
        match counts {
            Ok(counts) => {
                self.batch.jobs.push((Some(job), counts));
                Ok(())
            }
            Err(error) => {
                self.batch.jobs.push((Some(job), Counts::default()));
                Err(error)
            }
        }
    }

    /// Fires the timers and reminders that are due, or so many of them as one turn may have.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn apply_due(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let timer = self.core.state.timers.first().is_some_and(|timer| timer.due <= now);
        if !self.core.reminders_due(now) && !timer {
            return Ok(());
        }
        let due = self.core.state.timers.iter().take_while(|timer| timer.due <= now);
        let due: Vec<_> = due.take(TIMERS_AT_ONCE).cloned().collect();
        for timer in &due {
            self.load_group(&timer.platform, &timer.group)?;
            let users = match &timer.what {
                TimerKind::Unmute { user, .. } => vec![user.clone()],
                TimerKind::MergedNotice => {
                    let group = self.core.state.group(GroupKey::new(&timer.platform, &timer.group));
                    group.ledger.held.iter().filter_map(|held| held.user.clone()).collect()
                }
                // Who among them is the owner.
                TimerKind::Task { .. } => {
                    self.core.state.group(GroupKey::new(&timer.platform, &timer.group)).admins.clone()
                }
                TimerKind::HeldAlerts | TimerKind::CompanyAlerts | TimerKind::Welcome => Vec::new(),
            };
            for user in users {
                self.load_member(&timer.platform, &timer.group, &user)?;
            }
        }
        for (platform, group) in self.core.asked_by_reminders(now) {
            self.load_group(&platform, &group)?;
        }
        let mut unit = Unit::default();
        unit.rows.push(self.row(RowKind::Tick, now, "".into()));
        self.core.tick(now, &mut unit.changes);
        self.sight(None, now, &unit.changes);
        self.batch.units.push(unit);
        self.batch.jobs.push((None, Counts::default()));
        Ok(())
    }

    /// Writes the windows, so that a start need not read the journal.
    ///
    /// # Errors
    /// Nothing was written. Always so while the store is in trouble: what is in memory may then include what was refused.
    pub fn save_windows(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if let Some(why) = self.trouble() {
            return Err(StoreError::Unavailable(why.to_owned()));
        }
        let (recent, needs) = (&self.core.state.recent, self.core.settings.rules.needs());
        let outlived = self.written.iter().take_while(|(_, place)| recent.has_outlived(*place)).count();
        // Only what came since the last time, unless that would leave too many pieces.
        let stale = now.since(self.whole) >= WHOLE_EVERY;
        let more = !stale && outlived < self.written.len() && self.written.len() - outlived < MOST_PIECES;
        let last = self.written.back().map(|(_, place)| *place).filter(|_| more);
        // A message may be as late as that and still be judged, by what was there when it was sent.
        let oldest = now.minus(self.core.settings.dedupe);
        let windows = recent.snapshot_since(last.unwrap_or_default(), needs, oldest);
        let dropped = if more { outlived } else { self.written.len() };
        let keep = self.written.get(dropped).map_or(self.seq + 1, |(seq, _)| *seq);
        self.store.save_windows(self.seq, keep, &windows)?;
        self.written.drain(..dropped);
        self.written.push_back((self.seq, recent.place()));
        self.mark = (self.seq, now);
        if !more {
            self.whole = now;
        }
        Ok(())
    }

    fn run(&mut self, job: &Job, now: Timestamp, unit: &mut Unit) -> Result<Counts, StoreError> {
        let mut counts = Counts::default();
        match job {
            Job::Events { events, .. } => self.events(events, now, unit, &mut counts)?,
            Job::Marked { events, mark, .. } => {
                self.events(events, now, unit, &mut counts)?;
                unit.marks.push(mark.clone());
            }
            Job::Mark { .. } | Job::Erase { .. } | Job::Erasure { .. } => {} // answered before
            Job::Attempt { action, body } => {
                unit.rows.push(self.row(RowKind::Attempt, now, body.clone())); // it names the action
                unit.changes.push(Change::Attempted { id: action.id.clone(), body: body.clone() });
            }
            // No input of the core: it leads to nothing but another attempt.
            Job::Untried { action } => unit.changes.push(Change::Untried { id: action.id.clone() }),
            Job::Pause { halt, .. } => {
                let body = serde_json::to_string(halt).map_err(|error| StoreError::Row(error.to_string()))?;
                self.core.loaded = Loaded::default();
                if halt.stopped().is_some() {
                    self.load_pending(None)?;
                }
                unit.rows.push(self.row(RowKind::Pause, now, body.into()));
                self.core.pause_all(halt, now, &mut unit.changes);
            }
            Job::Told(word) => {
                if let Word::Reload(ReloadWord { to: Some(member), .. }) = &**word {
                    self.load_group(&member.platform, &member.group)?;
                }
                if let Some(groups) = word.groups() {
                    for (group, _) in &groups.groups {
                        self.load_group(&groups.bridge, group)?; // what they are called
                    }
                }
                let body = serde_json::to_string(word).map_err(|error| StoreError::Row(error.to_string()))?;
                unit.rows.push(self.row(RowKind::Told, now, body.into()));
                self.core.tell(word, self.seq, now, &mut unit.changes);
            }
            Job::Picture { id, read } => {
                if let Some(read) = read {
                    self.event(read, now, unit)?;
                }
                unit.changes.push(Change::PictureRead { id: id.clone() });
            }
            Job::Outcome { action, outcome } => self.ended(action, outcome, now, unit)?,
            Job::Late { platform, acks, .. } => {
                for (id, outcome) in acks {
                    match self.late(platform, id, outcome.as_ref(), now, unit)? {
                        Some(true) => counts.accepted += 1,
                        Some(false) => counts.duplicates += 1,
                        None => {}
                    }
                }
            }
            Job::Rules(new) => {
                self.store.save_config(&new.settings.version, &new.files, now)?;
                self.save_windows(now)?; // so that no start warms them by two versions
                self.take_rules(new.settings.clone(), now, unit)?;
            }
        }
        Ok(counts)
    }

    fn events(
        &mut self,
        events: &[Inbound],
        now: Timestamp,
        unit: &mut Unit,
        counts: &mut Counts,
    ) -> Result<(), StoreError> {
        for incoming in events {
            if self.event(incoming, now, unit)? {
                counts.accepted += 1;
            } else {
                counts.duplicates += 1;
            }
        }
        Ok(())
    }

    /// Takes in one event; `false` when it was there already.
    fn event(&mut self, incoming: &Inbound, now: Timestamp, unit: &mut Unit) -> Result<bool, StoreError> {
        let event = &incoming.event;
        if !matches!(event.kind, Kind::Picture { .. }) {
            self.heard(&event.platform, &event.group, now); // that one says what was heard before
        }
        let key = SeenKey::new(&event.platform, &event.id, &incoming.raw);
        let before = match self.batch.seen.get(&key.id) {
            Some(body) => Some(*body),
            None => self.store.seen(key)?,
        };
        if let Some(body) = before {
            let outcome = if body == key.body { EventOutcome::Duplicate } else { EventOutcome::DuplicateOtherBody };
            self.batch.tally.push(Tally::Event(event.platform.clone(), outcome));
            return Ok(false);
        }
        let Named { event: named, unmet } = self.named(event, unit)?;
        let event = named.as_ref().unwrap_or(event);
        self.load(event, now)?;
        self.load_command(event, unmet, now, unit)?;
        self.batch.seen.insert(key.id, key.body);
        unit.seen.push(key);
        self.seq += 1;
        unit.rows.push(Row {
            seq: self.seq,
            at: now,
            kind: RowKind::Event,
            platform: event.platform.clone(),
            time: incoming.given_time,
            body: incoming.raw.clone(),
        });
        let from = unit.changes.len();
        self.core.glance = incoming.glance.clone().filter(|_| named.is_none());
        let judged = self.core.event(event, now, &mut unit.changes);
        self.sight(Some((event, &judged)), now, unit.changes.get(from..).unwrap_or_default());
        match judged {
            Judged::Stored | Judged::Command => {}
            Judged::TooOld => self.batch.tally.push(Tally::Event(event.platform.clone(), EventOutcome::TooOld)),
            Judged::Message(judgement) => {
                self.want_pictures(event, now, unit);
                self.batch.tally.push(Tally::Message(judgement));
            }
        }
        Ok(true)
    }

    fn row(&mut self, kind: RowKind, at: Timestamp, body: Arc<str>) -> Row {
        self.seq += 1;
        Row { seq: self.seq, at, kind, platform: "".into(), time: None, body }
    }

    /// The watermark, and forgetting ids that are too old.
    fn look_after(&mut self, now: Timestamp) {
        let rows = self.seq.saturating_sub(self.mark.0);
        let stale = now.since(self.whole) >= WHOLE_EVERY && now.since(self.mark.1) >= MARK_TIME;
        let due = rows >= MARK_ROWS || (rows > 0 && now.since(self.mark.1) >= MARK_TIME) || stale;
        if due && let Err(error) = self.save_windows(now) {
            tracing::warn!(%error, "the windows were not written; they will be tried again");
            self.mark.1 = now;
        }
        if now.since(self.forgot) >= FORGET_EVERY {
            self.forgot = now;
            let keep = self.core.settings.dedupe + KEEP_LONGER;
            if let Err(error) = self.store.forget_seen(now.minus(keep)) {
                tracing::warn!(%error, "old ids were not forgotten; they will be tried again");
            }
        }
    }
}
