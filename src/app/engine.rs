//! The path of a message, from the queue to the outbox: **load → core → record → answer → act**.
//!
//! One thread turns the engine. It runs the core over jobs ([`Engine::apply`]), writes what they changed in one transaction
//! ([`Engine::commit`]), and only then answers the requests and lets actions go. A failed commit never lies: its requests are
//! told so, and everything they had changed in memory is thrown away and loaded again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::intake::{Answer, Incoming, Job};
use crate::app::metrics::{EventOutcome, Metrics, Mode};
use crate::domain::action::{Action, ActionId};
use crate::domain::change::{Change, MemberRef};
use crate::domain::core::{Core, Judged, message_key};
use crate::domain::event::{Event, Kind};
use crate::domain::ids::{GroupKey, MemberKey, SeenKey};
use crate::domain::judge::Judgement;
use crate::domain::policy::Settings;
use crate::domain::recent::Recent;
use crate::domain::state::{Group, Limits, Member, Memo, State};
use crate::domain::time::Timestamp;
use crate::domain::timer::TimerKind;
use crate::ports::{Row, RowKind, Store, StoreError, Unit};

/// The windows are written at least every so many inputs …
const MARK_ROWS: u64 = 50_000;
/// … and so much time.
const MARK_TIME: Duration = Duration::from_secs(30);
/// Seen ids that are too old are forgotten this often.
const FORGET_EVERY: Duration = Duration::from_secs(600);
/// A store that cannot be written is tried again this often.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// What a commit made true: for the outbox.
#[derive(Debug, Default)]
pub struct Effects {
    /// Actions to be carried out, in the order they were decided.
    pub acts: Vec<Arc<Action>>,
    /// Actions that are only observed.
    pub observed: Vec<Arc<Action>>,
    /// Actions whose attempt is recorded, with their body.
    pub recorded: Vec<(ActionId, Arc<str>)>,
    /// Actions whose end is recorded.
    pub ended: Vec<ActionId>,
}

/// The engine.
pub struct Engine {
    core: Core,
    store: Box<dyn Store>,
    metrics: Arc<Metrics>,
    limits: Limits,
    seq: u64,
    batch: Batch,
    mark: (u64, Timestamp),
    forgot: Timestamp,
    broken: Option<Broken>,
    /// Jobs that must not be lost while the store cannot be written.
    deferred: Vec<Job>,
}

/// What was applied and is not committed.
#[derive(Default)]
struct Batch {
    units: Vec<Unit>,
    /// With each unit the job it came from; `None` for a tick.
    jobs: Vec<(Option<Job>, Counts)>,
    /// Ids of the events in it.
    seen: HashMap<u128, u32>,
    /// Units whose decisions [`Engine::decided`] has given.
    asked: usize,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    accepted: usize,
    duplicates: usize,
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
            batch: Batch::default(),
            mark: (0, now),
            forgot: now,
            broken: None,
            deferred: Vec::new(),
        };
        engine.reload()?;
        Ok(engine)
    }

    /// The rules in force.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.core.settings
    }

    /// The store, for reading what the engine does not need.
    pub fn store(&mut self) -> &mut dyn Store {
        &mut *self.store
    }

    /// Why nothing can be stored now.
    pub fn trouble(&self) -> Option<&str> {
        self.broken.as_ref().map(|broken| broken.reason.as_str())
    }

    /// When the next timer is due.
    pub fn next_timer(&self) -> Option<Timestamp> {
        self.core.state.timers.first().map(|timer| timer.due)
    }

    /// Takes in jobs and whatever is due, makes it durable, answers.
    pub fn step(&mut self, jobs: Vec<Job>, now: Timestamp) -> Effects {
        let mut all = std::mem::take(&mut self.deferred);
        all.extend(jobs);
        if !self.writable(now) {
            self.refuse(all);
            return Effects::default();
        }
        let mut rest = all.into_iter();
        let mut failed = self.apply_due(now).err();
        while failed.is_none() {
            let Some(job) = rest.next() else { break };
            failed = self.apply(job, now).err();
        }
        let result = match failed {
            None => self.commit(),
            Some(error) => Err(error),
        };
        match result {
            Ok(effects) => {
                self.look_after(now);
                effects
            }
            Err(error) => {
                let jobs = self.take_back().into_iter().chain(rest).collect();
                self.recover(error, jobs, now)
            }
        }
    }

    /// Runs the core over a job. Nothing is durable before [`Engine::commit`].
    ///
    /// # Errors
    /// The store cannot be read; the job is among those that [`Engine::step`] then recovers.
    pub fn apply(&mut self, job: Job, now: Timestamp) -> Result<(), StoreError> {
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

    /// Fires the timers that are due.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn apply_due(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if self.next_timer().is_none_or(|due| due > now) {
            return Ok(());
        }
        let due: Vec<_> = self.core.state.timers.iter().take_while(|timer| timer.due <= now).cloned().collect();
        for timer in &due {
            self.load_group(&timer.platform, &timer.group)?;
            let users = match &timer.what {
                TimerKind::Unmute { user, .. } => vec![user.clone()],
                TimerKind::MergedNotice => {
                    let group = self.core.state.group(GroupKey::new(&timer.platform, &timer.group));
                    group.ledger.held.iter().map(|held| held.user.clone()).collect()
                }
            };
            for user in users {
                self.load_member(&timer.platform, &timer.group, &user)?;
            }
        }
        let mut unit = Unit::default();
        unit.rows.push(self.row(RowKind::Tick, now, "".into()));
        self.core.tick(now, &mut unit.changes);
        self.batch.units.push(unit);
        self.batch.jobs.push((None, Counts::default()));
        Ok(())
    }

    /// Writes what was applied in one transaction, then answers.
    ///
    /// # Errors
    /// Nothing was written, nobody was answered; the engine must recover ([`Engine::step`] does).
    pub fn commit(&mut self) -> Result<Effects, StoreError> {
        if self.batch.units.is_empty() {
            return Ok(Effects::default());
        }
        let begun = Instant::now();
        self.store.commit(&self.batch.units)?;
        self.metrics.commit(begun.elapsed(), self.batch.units.iter().map(|unit| unit.rows.len()).sum());
        let batch = std::mem::take(&mut self.batch);
        for row in batch.units.iter().flat_map(|unit| &unit.rows).filter(|row| row.kind == RowKind::Event) {
            self.metrics.event(&row.platform, EventOutcome::Accepted);
        }
        let mut effects = Effects::default();
        for change in batch.units.into_iter().flat_map(|unit| unit.changes) {
            effects.take(change, &self.metrics);
        }
        for (job, counts) in batch.jobs {
            if let Some(Job::Events { answer, .. }) = job {
                let Counts { accepted, duplicates } = counts;
                let _ = answer.send(Answer::Durable { accepted, duplicates }); // the client may have gone: no matter
            }
        }
        Ok(effects)
    }

    /// What was decided since this was last asked and is not yet committed (cases, evidence, actions): for `replay`, which
    /// carries actions out at once.
    pub fn decided(&mut self) -> Vec<Change> {
        let new = self.batch.units.iter().skip(self.batch.asked).flat_map(|unit| &unit.changes);
        let told = |change: &&Change| matches!(change, Change::Act(_) | Change::Case(_) | Change::Evidence(_));
        let decided = new.filter(told).cloned().collect();
        self.batch.asked = self.batch.units.len();
        decided
    }

    /// From here on these rules hold. The windows are written first, so that no start mixes two versions.
    ///
    /// # Errors
    /// Nothing was written; the old rules still hold.
    pub fn change_rules(&mut self, settings: Arc<Settings>, now: Timestamp) -> Result<(), StoreError> {
        self.save_windows(now)?;
        let row = self.row(RowKind::Rules, now, settings.version.clone());
        self.store.commit(&[Unit { rows: vec![row], ..Unit::default() }])?;
        self.core.settings = settings;
        Ok(())
    }

    /// Writes the windows, so that a start need not read the journal.
    ///
    /// # Errors
    /// Nothing was written.
    pub fn save_windows(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.store.save_windows(self.seq, &self.core.state.recent.snapshot())?;
        self.mark = (self.seq, now);
        Ok(())
    }

    fn run(&mut self, job: &Job, now: Timestamp, unit: &mut Unit) -> Result<Counts, StoreError> {
        let mut counts = Counts::default();
        match job {
            Job::Events { events, .. } => {
                for incoming in events {
                    if self.event(incoming, now, unit)? {
                        counts.accepted += 1;
                    } else {
                        counts.duplicates += 1;
                    }
                }
            }
            Job::Attempt { action, body } => {
                unit.rows.push(self.row(RowKind::Attempt, now, action.id.clone()));
                unit.changes.push(Change::Attempted { id: action.id.clone(), body: body.clone() });
            }
            Job::Outcome { action, outcome } => {
                self.load_group(&action.platform, &action.group)?;
                for (user, _) in &action.notifies {
                    self.load_member(&action.platform, &action.group, user)?;
                }
                // What a fresh run of the journal needs: which action, and how it ended.
                let body = serde_json::json!({ "action": *action.id, "outcome": outcome }).to_string();
                unit.rows.push(self.row(RowKind::Outcome, now, body.into()));
                self.core.outcome(action, outcome, now, &mut unit.changes);
                self.metrics.ended(&action.platform, outcome);
            }
        }
        Ok(counts)
    }

    /// Takes in one event; `false` when it was there already.
    fn event(&mut self, incoming: &Incoming, now: Timestamp, unit: &mut Unit) -> Result<bool, StoreError> {
        let event = &incoming.event;
        let key = SeenKey::new(&event.platform, &event.id, &incoming.raw);
        let before = match self.batch.seen.get(&key.id) {
            Some(body) => Some(*body),
            None => self.store.seen(key)?,
        };
        if let Some(body) = before {
            let outcome = if body == key.body { EventOutcome::Duplicate } else { EventOutcome::DuplicateOtherBody };
            self.metrics.event(&event.platform, outcome);
            return Ok(false);
        }
        self.load(event)?;
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
        match self.core.event(event, now, &mut unit.changes) {
            Judged::Stored => {}
            Judged::TooOld => self.metrics.event(&event.platform, EventOutcome::TooOld),
            Judged::Judged(judgement) => count(&self.metrics, &judgement),
        }
        Ok(true)
    }

    /// Loads what the core will look at.
    fn load(&mut self, event: &Event) -> Result<(), StoreError> {
        if event.group.is_empty() || !self.core.settings.looks_after(&event.group) {
            return Ok(());
        }
        let (platform, group) = (&event.platform, &*event.group);
        let people = match &event.kind {
            Kind::Message(message) => std::slice::from_ref(&message.sender),
            Kind::Edited { message: id, now: message } => {
                let key = message_key(platform, group, id);
                if !self.core.state.has_message(key) {
                    let case = self.store.case_of(platform, group, id)?;
                    self.core.state.load_message(key, case.map(|case| Memo::new(case.no, &case.findings)));
                }
                std::slice::from_ref(&message.sender)
            }
            Kind::Joined { members, .. } | Kind::Left { members, .. } => members,
            Kind::Renamed { member } => std::slice::from_ref(member),
            _ => return Ok(()),
        };
        self.load_group(platform, group)?;
        for person in people {
            self.load_member(platform, group, &person.id)?;
        }
        Ok(())
    }

    fn load_group(&mut self, platform: &Arc<str>, group: &str) -> Result<(), StoreError> {
        let key = GroupKey::new(platform, group);
        if !self.core.state.has_group(key) {
            let stored = self.store.group(platform, group)?;
            self.core.state.load_group(key, Group { ledger: stored.ledger, admins: stored.admins });
        }
        Ok(())
    }

    fn load_member(&mut self, platform: &Arc<str>, group: &str, user: &str) -> Result<(), StoreError> {
        let key = MemberKey::new(platform, group, user);
        if !self.core.state.has_member(key) {
            let member = MemberRef { platform: platform.clone(), group: group.into(), user: user.into() };
            let stored = self.store.member(&member)?;
            let clean = stored.standing == Default::default();
            let standing = (!clean).then(|| Box::new(stored.standing));
            self.core.state.load_member(key, Member { role: stored.role, standing });
        }
        Ok(())
    }

    fn row(&mut self, kind: RowKind, at: Timestamp, body: Arc<str>) -> Row {
        self.seq += 1;
        Row { seq: self.seq, at, kind, platform: "".into(), time: None, body }
    }

    /// Throws away what is in memory and loads it as the store has it.
    fn reload(&mut self) -> Result<(), StoreError> {
        self.batch = Batch::default();
        let start = self.store.start()?;
        let mut state = State::new(self.limits);
        let (mut after, windows) = start.windows.unwrap_or_default();
        match Recent::restore(&windows) {
            Some(recent) => state.recent = recent,
            // Windows of another version: the journal that is still there has to do.
            None => after = 0,
        }
        after = after.max(start.seq.saturating_sub(2 * MARK_ROWS));
        state.timers = start.timers.into_iter().collect();
        state.last_case = start.case;
        self.core.state = state;
        self.seq = start.seq;
        loop {
            let rows = self.store.journal(after, 5000)?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            for row in rows.iter().filter(|row| row.kind == RowKind::Event) {
                if let Ok(event) = event_of(row) {
                    self.core.warm(&event, row.at);
                }
            }
        }
        self.mark.0 = self.seq;
        Ok(())
    }

    /// After a failed commit: everything in memory is loaded again, and the jobs are tried one by one if the fault may lie
    /// in one of them.
    fn recover(&mut self, error: StoreError, jobs: Vec<Job>, now: Timestamp) -> Effects {
        self.metrics.store_failure();
        tracing::error!(%error, jobs = jobs.len(), "a commit failed; its events are refused or tried again one by one");
        if let Err(error) = self.reload() {
            return self.give_up(error, jobs, now);
        }
        if let StoreError::Unavailable(_) = error {
            return self.give_up(error, jobs, now);
        }
        let mut effects = Effects::default();
        let mut jobs = jobs.into_iter();
        while let Some(job) = jobs.next() {
            match self.apply(job, now).and_then(|()| self.commit()) {
                Ok(done) => effects.append(done),
                Err(error) => {
                    tracing::error!(%error, "one job cannot be stored");
                    let failed = self.take_back();
                    let unavailable = matches!(error, StoreError::Unavailable(_));
                    if let Err(error) = self.reload() {
                        effects.append(self.give_up(error, failed.into_iter().chain(jobs).collect(), now));
                        return effects;
                    }
                    if unavailable {
                        effects.append(self.give_up(error, failed.into_iter().chain(jobs).collect(), now));
                        return effects;
                    }
                    for job in failed.into_iter().filter_map(|job| answer_unavailable(job, &error.to_string())) {
                        tracing::error!(?job, "this cannot be recorded; its action is tried again after a restart");
                    }
                }
            }
        }
        effects
    }

    fn give_up(&mut self, error: StoreError, jobs: Vec<Job>, now: Timestamp) -> Effects {
        self.broken = Some(Broken { reason: error.to_string(), tried: now });
        self.refuse(jobs);
        Effects::default()
    }

    /// Tells requests to come again later; keeps what the daemon said to itself.
    fn refuse(&mut self, jobs: Vec<Job>) {
        let reason = self.trouble().unwrap_or("the store cannot be written").to_owned();
        for job in jobs {
            match answer_unavailable(job, &reason) {
                None => {}
                Some(job) => self.deferred.push(job),
            }
        }
    }

    /// The jobs of the batch that was not committed.
    fn take_back(&mut self) -> Vec<Job> {
        std::mem::take(&mut self.batch).jobs.into_iter().filter_map(|(job, _)| job).collect()
    }

    /// Whether the store can be written; a broken one is tried again now and then.
    fn writable(&mut self, now: Timestamp) -> bool {
        let Some(broken) = &mut self.broken else { return true };
        if now.since(broken.tried) < PROBE_EVERY && now >= broken.tried {
            return false;
        }
        broken.tried = now;
        match self.store.probe().and_then(|()| self.reload()) {
            Ok(()) => {
                tracing::info!("the store can be written again");
                self.broken = None;
                true
            }
            Err(error) => {
                self.broken = Some(Broken { reason: error.to_string(), tried: now });
                false
            }
        }
    }

    /// The watermark, and forgetting ids that are too old.
    fn look_after(&mut self, now: Timestamp) {
        let rows = self.seq.saturating_sub(self.mark.0);
        if rows >= MARK_ROWS || (rows > 0 && now.since(self.mark.1) >= MARK_TIME) {
            if let Err(error) = self.save_windows(now) {
                tracing::warn!(%error, "the windows were not written; they will be tried again");
                self.mark.1 = now;
            }
        }
        if now.since(self.forgot) >= FORGET_EVERY {
            self.forgot = now;
            if let Err(error) = self.store.forget_seen(now.minus(self.core.settings.dedupe)) {
                tracing::warn!(%error, "old ids were not forgotten; they will be tried again");
            }
        }
    }
}

impl Effects {
    /// Adds later effects.
    pub fn append(&mut self, mut later: Effects) {
        self.acts.append(&mut later.acts);
        self.observed.append(&mut later.observed);
        self.recorded.append(&mut later.recorded);
        self.ended.append(&mut later.ended);
    }

    fn take(&mut self, change: Change, metrics: &Metrics) {
        match change {
            Change::Act(action) => {
                metrics.action(&action);
                if action.observe { self.observed.push(action) } else { self.acts.push(action) }
            }
            Change::Attempted { id, body } => self.recorded.push((id, body)),
            Change::Ended { id, .. } => self.ended.push(id),
            Change::Case(case) => metrics.case(&case.step, if case.observe { Mode::Observe } else { Mode::Act }),
            Change::Evidence(_)
            | Change::Standing { .. }
            | Change::Role { .. }
            | Change::Membership { .. }
            | Change::Ledger { .. }
            | Change::Timer(_)
            | Change::TimerDone(_) => {}
        }
    }
}

fn count(metrics: &Metrics, judgement: &Judgement) {
    metrics.verdict(judgement.verdict());
    for finding in judgement.violations.iter().chain(&judgement.reviews) {
        metrics.finding(&finding.rule, Mode::Act);
    }
    for finding in &judgement.observed {
        metrics.finding(&finding.rule, Mode::Observe);
    }
}

/// The event of a journal row, with the time it was given.
///
/// # Errors
/// The row is not an event this version can read.
pub fn event_of(row: &Row) -> Result<Event, crate::domain::event::Malformed> {
    let mut event = Event::parse(&row.body)?;
    event.platform = row.platform.clone();
    event.time = row.time.or(event.time);
    Ok(event)
}

/// Answers a request; gives back what is not a request.
fn answer_unavailable(job: Job, reason: &str) -> Option<Job> {
    match job {
        Job::Events { answer, .. } => {
            let _ = answer.send(Answer::Unavailable { reason: reason.to_owned() }); // the client may have gone
            None
        }
        Job::Attempt { .. } | Job::Outcome { .. } => Some(job),
    }
}
