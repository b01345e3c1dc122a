//! Reads the configuration again while the daemon runs, and puts it in force: rules first, at one point between two
//! messages, then the bridges. What is broken changes nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::bridges::Bridges;
use super::watch::Watcher;
use crate::app::health::{self, Health};
use crate::app::intake::{Intake, Job};
use crate::app::metrics::{Metrics, Reload};
use crate::app::reload::{Cause, NotReloaded, Outcome, Reloaded, Request};
use crate::config::{self, Bridge, Config, Reading, Seen, Summary, Written};
use crate::domain::core::{ReloadWord, Word};
use crate::fault::{self, Fault, Level};
use crate::ports::StoreError;
use crate::store::pack_files;

/// A file that looks broken may be half written: it is looked at once more after this.
const MOMENT: Duration = Duration::from_millis(300);
/// How often files that change while they are read are read again, and how long is waited between.
const TRIES: usize = 20;
const BETWEEN: Duration = Duration::from_millis(25);
/// A sound configuration that could not be put in force is tried again after this.
const AGAIN: Duration = Duration::from_secs(5);
/// So many faults are logged one by one.
const SHOWN: usize = 20;

/// Reads the environment from any thread.
pub type SharedEnv = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Where a configuration comes from, to be read again.
#[derive(Clone)]
pub struct Source {
    /// The directory.
    pub dir: PathBuf,
    /// The environment.
    pub env: SharedEnv,
    /// How often the files are looked at where the file system tells nothing of itself. Default 30 seconds.
    pub poll: Duration,
}

impl Source {
    /// The configuration in this directory.
    pub fn new(dir: impl Into<PathBuf>, env: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self { dir: dir.into(), env: Arc::new(env), poll: Duration::from_secs(30) }
    }
}

/// Does all reloads, one after the other.
pub(super) struct Worker {
    pub(super) source: Source,
    /// The version in force.
    pub(super) version: Arc<str>,
    /// Its files.
    pub(super) files: Arc<[(String, String)]>,
    /// What was looked at when the files were last read.
    pub(super) seen: Seen,
    /// What was already said of it.
    pub(super) said: (Vec<Fault>, Vec<String>),
    pub(super) bridges: Bridges,
    pub(super) intake: Intake,
    pub(super) metrics: Arc<Metrics>,
    pub(super) health: Health,
    pub(super) watcher: Watcher,
    /// What was last wrong: it is told once, not each time the files are looked at.
    pub(super) wrong: Option<String>,
}

impl Worker {
    pub(super) async fn run(mut self, mut requests: UnboundedReceiver<Request>, stop: CancellationToken) {
        let mut again = false;
        loop {
            let later = async { if again { tokio::time::sleep(AGAIN).await } else { std::future::pending().await } };
            let mut waiting = tokio::select! {
                () = stop.cancelled() => break,
                request = requests.recv() => match request {
                    Some(request) => vec![request],
                    None => break,
                },
                () = later => Vec::new(),
            };
            // Who asked before the files are read is answered by this reading.
            waiting.extend(std::iter::from_fn(|| requests.try_recv().ok()));
            let patient = waiting.iter().all(|request| request.cause == Cause::Watch);
            let outcome = self.reload(patient).await;
            if !patient && !waiting.is_empty() {
                self.bridges.enable(); // somebody asked, whatever the files say
            }
            again = matches!(outcome, Err(NotReloaded::Unavailable(_)));
            self.tell_people(&outcome, &waiting);
            for answer in waiting.into_iter().filter_map(|request| request.answer) {
                answer.send(outcome.clone()).ok(); // who asked may have gone
            }
        }
        self.watcher.stop();
    }

    async fn reload(&mut self, patient: bool) -> Outcome {
        let mut read = self.read().await;
        if patient && read.is_err() {
            tokio::time::sleep(MOMENT).await;
            read = self.read().await;
        }
        let watch = read.as_ref().ok().map(|config| config.daemon.watch);
        self.watcher.look_at(self.seen.clone(), watch);
        let outcome = match read {
            Ok(config) => self.put_in_force(config).await,
            Err(faults) => Err(NotReloaded::Broken(faults.into())),
        };
        self.tell(&outcome);
        outcome
    }

    /// Reads the files until nothing changed while they were read: half of an edit is never taken for the whole.
    async fn read(&mut self) -> Result<Config, Vec<Fault>> {
        let mut tries = 0;
        loop {
            let (source, before, files) = (self.source.clone(), self.seen.clone(), self.files.clone());
            let reading = apart(move || config::load_again(&source.dir, &*source.env, &before, &files)).await;
            let Ok(Reading { config, seen, steady }) = reading else {
                tracing::error!("reading the configuration fell over a fault of the program");
                return Err(vec![self.fault("reading it fell over a fault of the program, which the log shows")]);
            };
            self.seen = seen;
            tries += 1;
            match config {
                config if steady => return config,
                _ if tries < TRIES => tokio::time::sleep(BETWEEN).await,
                _ => {
                    let fault = self.fault("the files change all the time while they are read");
                    let help = "write all of a change aside and move it into place, or reload when it is finished";
                    return Err(vec![fault.help(help)]);
                }
            }
        }
    }

    fn fault(&self, message: &str) -> Fault {
        let file = Arc::from(self.source.dir.to_string_lossy());
        fault::Source { file, text: Arc::from("") }.fault(0..0, message)
    }

    async fn put_in_force(&mut self, config: Config) -> Outcome {
        let Config { mut settings, daemon, files, warnings, notes, .. } = config;
        let known = super::bridges::announce(&self.bridges.guests, &mut settings);
        known.map_err(|error| NotReloaded::Unavailable(format!("{error:#}")))?;
        let files: Arc<[(String, String)]> = files.into();
        let (from, to) = (self.version.clone(), settings.version.clone());
        let changed = from != to || !self.bridges.are(&daemon.bridges, &daemon.wecom);
        if !changed {
            self.bridges.outbox.show(&settings); // a file that could not be read at the start may be back
            return Ok(Reloaded { from, to, changed, summary: Arc::default() });
        }
        let written = |files: &Arc<[(String, String)]>, bridges: &[Bridge]| (files.clone(), bridges.to_vec());
        let (old, new) = (written(&self.files, self.bridges.configured()), written(&files, &daemon.bridges));
        // Long lists take a while, and this thread carries requests.
        let read = apart(move || {
            let [old, new] = [&old, &new].map(|(files, bridges)| Written { files, bridges });
            Ok::<_, StoreError>((Summary::between(old, new), pack_files(new.files)?))
        });
        let fallen = |_| NotReloaded::Unavailable("comparing it fell over a fault of the program".to_owned());
        let (summary, packed) =
            read.await.map_err(fallen)?.map_err(|error| NotReloaded::Unavailable(error.to_string()))?;
        let summary = Arc::new(summary);
        // Whatever may fail comes before anything is changed.
        let next = self.bridges.prepare(daemon.bridges, daemon.wecom, &settings);
        let next = next.map_err(|error| NotReloaded::Unavailable(format!("{error:#}")))?;
        if from != to {
            let answer = self.intake.change_rules(settings, packed).map_err(|_| NotReloaded::Stopping)?;
            match answer.await {
                Ok(Ok(())) => {}
                Ok(Err(reason)) => return Err(NotReloaded::Unavailable(reason)),
                Err(_) => return Err(NotReloaded::Stopping),
            }
            self.metrics.config_version(&to);
        }
        self.bridges.switch(next);
        (self.version, self.files) = (to.clone(), files);
        for warning in warnings.iter().filter(|warning| !self.said.0.contains(warning)).take(SHOWN) {
            tracing::warn!("{}", config::human(std::slice::from_ref(warning), false).trim_end());
        }
        for note in notes.iter().filter(|note| !self.said.1.contains(note)) {
            tracing::warn!("{note}");
        }
        self.said = (warnings, notes);
        Ok(Reloaded { from, to, changed, summary })
    }

    /// In the chat: whoever asked there, and the company's place when there is something new.
    fn tell_people(&mut self, outcome: &Outcome, asked: &[Request]) {
        let (in_force, text, wrong) = match outcome {
            Ok(reloaded) => (true, reloaded.summary_zh(), None),
            Err(NotReloaded::Stopping) => return,
            Err(not) => (false, not.summary_zh(), Some(not.summary_zh())),
        };
        let news = matches!(outcome, Ok(reloaded) if reloaded.changed) || (wrong.is_some() && wrong != self.wrong);
        let mended = wrong.is_none() && self.wrong.is_some();
        self.wrong = wrong;
        let to = asked.iter().filter_map(|request| request.member.clone()).map(Some);
        for to in to.chain((news || mended).then_some(None)) {
            let word = ReloadWord { to, in_force, text: text.as_str().into() };
            self.intake.tell(Job::Told(Box::new(Word::Reload(word))));
        }
    }

    /// In the log, the metrics and `/readyz`.
    fn tell(&self, outcome: &Outcome) {
        let version = &self.version;
        let counted = match outcome {
            Ok(reloaded) => {
                let mended = self.health.is_unwell(health::CONFIG);
                self.health.clear(health::CONFIG);
                let Reloaded { from, to, .. } = reloaded;
                if reloaded.changed {
                    tracing::info!(%from, %to, "the configuration was reloaded: {}", reloaded.line());
                    Reload::Changed
                } else if mended {
                    tracing::info!(%version, "the configuration on disk is sound again: it is the one in force");
                    Reload::Unchanged
                } else {
                    tracing::debug!(%version, "the configuration was read again: nothing has changed");
                    Reload::Unchanged
                }
            }
            Err(NotReloaded::Broken(faults)) => {
                self.tell_broken(faults);
                Reload::Broken
            }
            Err(NotReloaded::Unavailable(reason)) => {
                let why = "the configuration on disk is sound but could not be put in force";
                self.health.set(health::CONFIG, format!("{why}: {reason}; it is tried again; {version} is in force"));
                tracing::error!(reason, %version, "{why}; it is tried again");
                Reload::Failed
            }
            Err(NotReloaded::Stopping) => Reload::Failed,
        };
        self.metrics.reload(counted);
    }

    fn tell_broken(&self, faults: &[Fault]) {
        let (version, dir) = (&self.version, self.source.dir.display());
        let why = broken(faults, &dir.to_string(), version);
        let errors: Vec<Fault> = faults.iter().filter(|fault| fault.level == Level::Error).cloned().collect();
        let shown = config::human(errors.get(..SHOWN).unwrap_or(&errors), false);
        let more = match errors.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!("\n… and {more} more"),
        };
        tracing::error!(faults = errors.len(), %version, "{why}\n{}{more}", shown.trim_end());
        self.health.set(health::CONFIG, why);
    }
}

/// Does something on a thread that ends with it: what it took from memory and needs no more goes back to the system then; a thread that
/// waits for more to do keeps it.
pub fn apart<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> oneshot::Receiver<T> {
    let (done, result) = oneshot::channel();
    // Where no thread can be had, or it panics, nothing is ever told.
    drop(std::thread::Builder::new().name("reload".to_owned()).spawn(move || drop(done.send(what()))));
    result
}

/// What an operator is told of a broken configuration: how many faults, where the first is, what shows them, and what is in
/// force instead.
pub fn broken(faults: &[Fault], dir: &str, version: &str) -> String {
    let errors = || faults.iter().filter(|fault| fault.level == Level::Error);
    let count = match errors().count() {
        1 => "1 fault".to_owned(),
        count => format!("{count} faults"),
    };
    let first = errors().next().map(|fault| format!("{}:{}:{}", fault.file, fault.line, fault.column));
    format!(
        "the configuration on disk is broken ({count}, first at {}; `qunwei check --config {dir}` lists all); \
         the last good one, {version}, is in force",
        first.unwrap_or_default()
    )
}
