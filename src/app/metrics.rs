//! What is counted and measured, for `/metrics`. Nothing global: whoever counts holds a handle.
//!
//! Labels are names from the configuration and words from closed sets: never text, ids or secrets, and never more than a
//! fixed number of them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use crate::app::backups::FolderState;
use crate::domain::action::{Action, Outcome};
use crate::domain::policy::Verdict;
use crate::domain::time::Timestamp;
use crate::ports::{HistorySize, Reply};

use labels::{Answered, Ended, Replied};
pub use labels::{BridgeState, EventOutcome, Forwarded, Mode, Reload, Reminded, Shed, Unjudged};
pub use pictures::{PictureEnd, Pictures, TextEnd};
use table::{Closed, Table};
pub use wecom::{Reading, Wecom};

mod labels;
mod pictures;
mod table;
mod wecom;

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How silent a bridge and its groups are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Which.
    pub bridge: Arc<str>,
    /// When something last came from it.
    pub last: Timestamp,
    /// Whether that is far longer ago than usual.
    pub silent: bool,
    /// How many of its groups are silent far beyond their habits.
    pub groups: usize,
}

/// Everything that is counted. Shared in an `Arc`.
pub struct Metrics {
    registry: Registry,
    events: Table<EventOutcome>,
    requests: Table<Answered>,
    findings: Table<Mode>,
    cases: Table<Mode>,
    actions: Table<Mode>,
    ended: Table<Ended>,
    attempts: Table<Replied>,
    unjudged: Table<Unjudged>,
    forwarded: Table<Forwarded>,
    verdicts: [Counter; 3],
    shed: [Counter; 5],
    commands: Family<[(&'static str, String); 2], Counter>,
    bridges: Family<[(&'static str, String); 2], Gauge>,
    config: Family<[(&'static str, String); 1], Gauge>,
    reloads: [Counter; 4],
    reminders: [Counter; 3],
    ready: Gauge,
    paused: Gauge,
    started: Gauge,
    retries: Counter,
    store_failures: Counter,
    times_ahead: Counter,
    times_missing: Counter,
    queue_depth: Gauge,
    outbox_depth: Gauge,
    disk_free: Gauge<f64, AtomicU64>,
    disk_full_in: Gauge<f64, AtomicU64>,
    last_event: Family<[(&'static str, String); 1], Gauge>,
    bridge_silent: Family<[(&'static str, String); 1], Gauge>,
    groups_silent: Family<[(&'static str, String); 1], Gauge>,
    commit_seconds: Histogram,
    commit_inputs: Histogram,
    moved: Counter,
    /// Files, inputs in them, bytes, and since when.
    history: [Gauge; 4],
    forgotten: Family<[(&'static str, &'static str); 1], Counter>,
    jobs_failed: Family<[(&'static str, &'static str); 1], Counter>,
    clock_doubted: Gauge,
    last_backup: Family<[(&'static str, String); 1], Gauge>,
    backup_failures: Family<[(&'static str, String); 1], Gauge>,
    wecom: Wecom,
    pictures: Pictures,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("qunwei");
        let all = &mut registry;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        all.register("build", "The version of the daemon", build);
        let verdicts =
            words(all, "verdicts", "Messages judged, by verdict", "verdict", ["pass", "review", "violation"]);
        let came_of = [Reload::Changed, Reload::Unchanged, Reload::Broken, Reload::Failed].map(Reload::word);
        let reloads =
            words(all, "config_reloads", "Reloads of the configuration, by what came of them", "outcome", came_of);
        let shed = [Shed::Intake, Shed::Rate, Shed::Windows, Shed::Members, Shed::Notices].map(Shed::word);
        let shed = words(all, "shed", "What was shed to stay within bounds", "what", shed);
        let outcomes = [Reminded::Sent, Reminded::Missed, Reminded::Expired].map(Reminded::word);
        let reminders = words(all, "reminders", "Reminders, by what became of them", "outcome", outcomes);
        // From a quarter of a millisecond to 8 s; a commit that takes longer is a failure.
        let seconds = || Histogram::new(exponential_buckets(0.000_25, 2.0, 16));
        let inputs = || Histogram::new(exponential_buckets(1.0, 2.0, 13));
        let metrics = Self {
            events: Table::new(all, "events", "Events, by what became of them", ["platform", "outcome"]),
            requests: Table::new(all, "requests", "Requests of bridges, by status", ["bridge", "status"]),
            findings: Table::new(all, "findings", "What rules found", ["rule", "mode"]),
            cases: Table::new(all, "cases", "Cases opened, by the ladder's step", ["step", "mode"]),
            actions: Table::new(all, "actions", "Actions decided", ["type", "mode"]),
            ended: Table::new(all, "actions_ended", "Actions that came to their end", ["platform", "state"]),
            attempts: Table::new(all, "attempts", "Attempts to carry actions out", ["platform", "reply"]),
            unjudged: Table::new(all, "unjudged", "Callbacks that went on to a bot unjudged", ["door", "why"]),
            forwarded: Table::new(
                all,
                "forwarded",
                "Callbacks that went on to a bot, by its answer",
                ["door", "outcome"],
            ),
            verdicts,
            shed,
            commands: add(all, "commands", "Commands given in the chat", Family::default()),
            bridges: add(all, "bridge_state", "1 for the state that a bridge is in", Family::default()),
            config: add(all, "config_info", "The version of the configuration in force", Family::default()),
            reloads,
            reminders,
            ready: add(all, "ready", "1 when /readyz says so, else 0", Gauge::default()),
            paused: add(all, "paused", "1 while everything is paused by an operator, else 0", Gauge::default()),
            started: add(all, "start_time_seconds", "When the daemon started, since 1970", Gauge::default()),
            retries: add(all, "retries", "Attempts that were not the first", Counter::default()),
            store_failures: add(all, "store_failures", "Commits that failed", Counter::default()),
            times_ahead: add(all, "event_times_ahead", "Events whose time lay too far ahead", Counter::default()),
            times_missing: add(all, "event_times_missing", "Events without a time", Counter::default()),
            queue_depth: add(all, "queue_depth_inputs", "Inputs that wait to be judged", Gauge::default()),
            outbox_depth: add(all, "outbox_depth_actions", "Actions that wait to be carried out", Gauge::default()),
            disk_free: add(all, "disk_free_bytes", "What can still be written where the data are", Gauge::default()),
            disk_full_in: add(all, "disk_full_in_seconds", "When nothing will be free at this rate", Gauge::default()),
            last_event: add(
                all,
                "bridge_last_event_timestamp_seconds",
                "When something last came from a bridge, since 1970",
                Family::default(),
            ),
            bridge_silent: add(all, "bridge_silent", "1 while a bridge is silent beyond its habit", Family::default()),
            groups_silent: add(all, "silent_groups", "Groups that are silent beyond their habit", Family::default()),
            commit_seconds: add(all, "commit_seconds", "How long commits took", seconds()),
            commit_inputs: add(all, "commit_inputs", "How many inputs commits held", inputs()),
            moved: add(
                all,
                "history_moved_inputs",
                "Inputs of the journal that were moved into files",
                Counter::default(),
            ),
            history: [
                add(all, "history_files", "Files of days that are over", Gauge::default()),
                add(all, "history_inputs", "Inputs in these files", Gauge::default()),
                add(all, "history_bytes", "The size of these files", Gauge::default()),
                add(
                    all,
                    "history_oldest_seconds",
                    "When the first input in them was judged, 0: none",
                    Gauge::default(),
                ),
            ],
            forgotten: add(all, "forgotten_rows", "Rows that were deleted because of their age", Family::default()),
            jobs_failed: add(all, "jobs_failed", "Slices of jobs that failed", Family::default()),
            clock_doubted: add(
                all,
                "clock_doubted",
                "1 while nothing is deleted by age: the clock leapt",
                Gauge::default(),
            ),
            last_backup: add(
                all,
                "backup_last_timestamp_seconds",
                "When the newest backup in a folder was made, since 1970; 0: none is known",
                Family::default(),
            ),
            backup_failures: add(
                all,
                "backup_failures",
                "Backups that could not be made since the start, by folder",
                Family::default(),
            ),
            wecom: Wecom::new(all),
            pictures: Pictures::new(all),
            registry,
        };
        metrics.disk_free.set(f64::NAN); // not known yet, and no alert's business
        metrics.disk_full_in.set(f64::INFINITY);
        metrics
    }

    /// Everything, as Prometheus reads it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a String takes any text");
        text
    }

    /// What became of an event.
    pub fn event(&self, platform: &str, outcome: EventOutcome) {
        self.events.count(platform, outcome, 1);
    }

    /// Events that said a time too far ahead, and events that said none.
    pub fn times_given(&self, ahead: usize, missing: usize) {
        for (counter, count) in [(&self.times_ahead, ahead), (&self.times_missing, missing)] {
            if count > 0 {
                counter.inc_by(count as u64);
            }
        }
    }

    /// A bridge's requests; keep it where they are answered.
    pub fn requests(&self, bridge: &str) -> Requests {
        Requests { by_status: self.requests.row(bridge) }
    }

    /// A message was judged.
    pub fn verdict(&self, verdict: Verdict) {
        let [pass, review, violation] = &self.verdicts;
        match verdict {
            Verdict::Pass => pass.inc(),
            Verdict::Review => review.inc(),
            Verdict::Violation => violation.inc(),
        };
    }

    /// A rule found something.
    pub fn finding(&self, rule: &str, mode: Mode) {
        self.findings.count(rule, mode, 1);
    }

    /// A case was opened at this step of the ladder.
    pub fn case(&self, step: &str, mode: Mode) {
        self.cases.count(step, mode, 1);
    }

    /// An action was decided.
    pub fn action(&self, action: &Action) {
        self.actions.count(action.what.name(), if action.observe { Mode::Observe } else { Mode::Act }, 1);
    }

    /// An action has come to its end.
    pub fn ended(&self, platform: &str, outcome: &Outcome) {
        let ended = match outcome {
            Outcome::Done { .. } => Ended::Done,
            Outcome::Failed { .. } => Ended::Failed,
            Outcome::Expired => Ended::Expired,
            Outcome::Cancelled => Ended::Cancelled,
            Outcome::Uncertain { .. } => Ended::Uncertain,
        };
        self.ended.count(platform, ended, 1);
    }

    /// An attempt was answered; `again` when it was not the action's first.
    pub fn attempt(&self, platform: &str, reply: &Reply, again: bool) {
        let replied = match reply {
            Reply::Done { .. } => Replied::Done,
            Reply::Retry { .. } => Replied::Retry,
            Reply::Unknown { .. } => Replied::Unknown,
            Reply::Refused { .. } => Replied::Refused,
            Reply::Broken { .. } => Replied::Broken,
            Reply::Disabled => Replied::Disabled,
        };
        self.attempts.count(platform, replied, 1);
        if again {
            self.retries.inc();
        }
    }

    /// A callback went on to the bot behind an address, and was not judged.
    pub fn unjudged(&self, door: &str, why: Unjudged) {
        self.unjudged.count(door, why, 1);
    }

    /// The bot behind an address was asked.
    pub fn forwarded(&self, door: &str, outcome: Forwarded) {
        self.forwarded.count(door, outcome, 1);
    }

    /// A commit went through.
    pub fn commit(&self, took: Duration, inputs: usize) {
        self.commit_seconds.observe(took.as_secs_f64());
        self.commit_inputs.observe(inputs as f64);
    }

    /// A commit failed.
    pub fn store_failure(&self) {
        self.store_failures.inc();
    }

    /// A file has taken over so many inputs.
    pub fn moved(&self, inputs: u64) {
        self.moved.inc_by(inputs);
    }

    /// What is in files now.
    pub fn history(&self, size: HistorySize) {
        let of = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let oldest = size.oldest.map_or(0, |time| time.0.div_euclid(1000));
        for (gauge, value) in self.history.iter().zip([whole(size.files), of(size.rows), of(size.bytes), oldest]) {
            gauge.set(value);
        }
    }

    /// Rows were old enough to be deleted.
    pub fn forgotten(&self, what: &'static str, rows: usize) {
        self.forgotten.get_or_create_owned(&[("what", what)]).inc_by(rows as u64);
    }

    /// There is such a job: how often it failed is shown from now on.
    pub fn job(&self, job: &'static str) {
        self.jobs_failed.get_or_create_owned(&[("name", job)]);
    }

    /// A slice of a job failed.
    pub fn job_failed(&self, job: &'static str) {
        self.jobs_failed.get_or_create_owned(&[("name", job)]).inc();
    }

    /// Whether the clock leapt ahead and nothing bears it out.
    pub fn clock_doubted(&self, doubted: bool) {
        self.clock_doubted.set(i64::from(doubted));
    }

    /// Something was shed.
    pub fn shed(&self, what: Shed) {
        if let Some(counter) = self.shed.get(what.at()) {
            counter.inc();
        }
    }

    /// A command was given.
    pub fn command(&self, command: &str, result: &str) {
        self.commands.get_or_create_owned(&[("command", command.to_owned()), ("result", result.to_owned())]).inc();
    }

    /// How many inputs wait.
    pub fn queue_depth(&self, inputs: usize) {
        self.queue_depth.set(whole(inputs));
    }

    /// How many actions wait.
    pub fn outbox_depth(&self, actions: usize) {
        self.outbox_depth.set(whole(actions));
    }

    /// The daemon starts.
    pub fn started(&self, now: Timestamp) {
        self.started.set(now.0 / 1000);
    }

    /// Whether everything is paused.
    pub fn paused(&self, paused: bool) {
        self.paused.set(i64::from(paused));
    }

    /// Whether the daemon is ready.
    pub fn ready(&self, ready: bool) {
        self.ready.set(i64::from(ready));
    }

    /// How many bytes are free where the data are, and in what time none will be, as far as it looks so.
    pub fn disk(&self, free: u64, full_in: Option<Duration>) {
        self.disk_free.set(free as f64);
        self.disk_full_in.set(full_in.map_or(f64::INFINITY, |time| time.as_secs_f64()));
    }

    /// How silent the bridges and their groups are.
    pub fn silences(&self, silences: &[Silence]) {
        for family in [&self.last_event, &self.bridge_silent, &self.groups_silent] {
            family.clear(); // of those that are gone nothing is shown
        }
        for silence in silences {
            let bridge = [("bridge", silence.bridge.to_string())];
            self.last_event.get_or_create_owned(&bridge).set(silence.last.0 / 1000);
            self.bridge_silent.get_or_create_owned(&bridge).set(i64::from(silence.silent));
            self.groups_silent.get_or_create_owned(&bridge).set(whole(silence.groups));
        }
    }

    /// How the backups stand.
    pub fn backups<'a>(&self, states: impl Iterator<Item = &'a FolderState>) {
        for family in [&self.last_backup, &self.backup_failures] {
            family.clear(); // of folders that are not configured any more nothing is shown
        }
        for state in states {
            let folder = [("folder", state.folder.to_string())];
            self.last_backup.get_or_create_owned(&folder).set(state.newest.map_or(0, |time| time.0 / 1000));
            self.backup_failures.get_or_create_owned(&folder).set(i64::try_from(state.failures).unwrap_or(i64::MAX));
        }
    }

    /// Another version of the configuration is in force.
    pub fn config_version(&self, version: &str) {
        self.config.clear();
        self.config.get_or_create_owned(&[("version", version.to_owned())]).set(1);
    }

    /// The configuration was read again.
    pub fn reload(&self, outcome: Reload) {
        if let Some(counter) = self.reloads.get(outcome.at()) {
            counter.inc();
        }
    }

    /// A reminder was sent, missed or expired.
    pub fn reminder(&self, outcome: Reminded) {
        if let Some(counter) = self.reminders.get(outcome.at()) {
            counter.inc();
        }
    }

    /// What is counted of companies on WeCom.
    pub fn wecom(&self) -> &Wecom {
        &self.wecom
    }

    /// What is counted of pictures.
    pub fn pictures(&self) -> &Pictures {
        &self.pictures
    }

    /// A bridge is not configured any more.
    pub fn bridge_gone(&self, bridge: &str) {
        for word in BridgeState::WORDS {
            self.bridges.remove(&[("bridge", bridge.to_owned()), ("state", (*word).to_owned())]);
        }
    }

    /// A bridge is in this state.
    pub fn bridge_state(&self, bridge: &str, state: BridgeState) {
        for (at, word) in BridgeState::WORDS.iter().enumerate() {
            let gauge =
                self.bridges.get_or_create_owned(&[("bridge", bridge.to_owned()), ("state", (*word).to_owned())]);
            gauge.set(i64::from(at == state.at()));
        }
    }
}

/// The requests of one bridge.
#[derive(Clone)]
pub struct Requests {
    by_status: Arc<[Counter]>,
}

impl Requests {
    /// One was answered with this status.
    pub fn answered(&self, status: u16) {
        let answered = match status {
            200 => Answered::Reply200,
            400 => Answered::Reply400,
            401 => Answered::Reply401,
            408 => Answered::Reply408,
            413 => Answered::Reply413,
            429 => Answered::Reply429,
            503 => Answered::Reply503,
            _ => Answered::Other,
        };
        if let Some(counter) = self.by_status.get(answered.at()) {
            counter.inc();
        }
    }
}

fn add<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

/// Counters by a word, all shown from the start: a rate is never computed from a counter's first appearance.
fn words<const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    label: &'static str,
    words: [&'static str; N],
) -> [Counter; N] {
    let family: Family<[(&'static str, &'static str); 1], Counter> = add(registry, name, help, Family::default());
    words.map(|word| family.get_or_create_owned(&[(label, word)]))
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
