//! A fresh run of a store's inputs: whether it comes to the state that is stored.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::oneshot;

use crate::app::engine::{Engine, event_of};
use crate::app::intake::{Inbound, Job};
use crate::app::metrics::Metrics;
use crate::config;
use crate::domain::action::{Action, Outcome};
use crate::domain::policy::Settings;
use crate::domain::state::Limits;
use crate::domain::time::Timestamp;
use crate::ports::{Row, RowKind, StoreError};
use crate::store::{Durability, Keyring, Moment, OpenError, Options, SqliteStore};

/// Inputs that are in memory at once.
const PIECE: usize = 1000;

/// What came of a fresh run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rerun {
    /// The same state.
    Same {
        /// So many inputs.
        inputs: u64,
    },
    /// Another state, and in which tables.
    Differs(Vec<String>),
    /// It cannot be known, and why.
    Unknown(String),
}

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RerunError {
    /// One of the two stores.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What is in it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder of the run.
    #[error("a temporary folder cannot be made: {0}")]
    Io(#[from] std::io::Error),
}

/// Runs all inputs of a data directory through a new engine and compares; a daemon may be running on it. All inputs must be there.
/// Takes about as long as judging them did.
///
/// # Errors
/// The store cannot be read, or there is no room for another one.
pub fn rerun(dir: &Path, keys: &Keyring, now: Timestamp) -> Result<Rerun, RerunError> {
    let mut moment = Moment::of(dir, keys)?;
    if !moment.is_up_to_date()? {
        return Ok(Rerun::Unknown(
            "the store is of an older Qunwei; it is brought up to date by the next start".to_owned(),
        ));
    }
    if moment.has_erasures()? {
        return Ok(Rerun::Unknown("a member was erased, and what they said leads to nothing any more".to_owned()));
    }
    let mut rules = Versions::default();
    let Some(first) = moment.journal(0, 1)?.pop() else { return Ok(Rerun::Same { inputs: 0 }) };
    if first.seq != 1 {
        return Ok(Rerun::Unknown(format!(
            "inputs before {} were deleted by age, and what came of them was kept",
            first.seq
        )));
    }
    if first.kind != RowKind::Rules {
        return Ok(Rerun::Unknown("the first input does not say by which rules it was judged".to_owned()));
    }
    let settings = match rules.get(&moment, &first.body)? {
        Ok(settings) => settings,
        Err(why) => return Ok(Rerun::Unknown(why)),
    };
    let kept = [settings.retention.messages, settings.retention.evidence, settings.retention.cases];
    if kept.into_iter().min().is_some_and(|kept| first.at < now.minus(kept)) {
        return Ok(Rerun::Unknown(
            "what came of the first inputs is old enough to have been deleted by age".to_owned(),
        ));
    }
    let again = tempfile::tempdir()?;
    // What they said must not lie about, if the run is killed.
    let for_now = Keyring::random()?;
    let scratch = Options { durability: Durability::Scratch, keys: for_now.clone(), ..Options::default() };
    let store = Box::new(SqliteStore::open(again.path(), scratch)?);
    let mut engine = Engine::new(settings, store, Arc::new(Metrics::new()), Limits::default(), first.at)?;
    let mut last = 0;
    loop {
        let rows = moment.journal(last, PIECE)?;
        let Some(end) = rows.last() else { break };
        last = end.seq;
        for row in &rows {
            if let Some(why) = put(&mut engine, &mut rules, &moment, row)? {
                return Ok(Rerun::Unknown(why));
            }
        }
    }
    drop(engine);
    let differ = moment.differences(again.path(), &for_now)?;
    Ok(if differ.is_empty() { Rerun::Same { inputs: last } } else { Rerun::Differs(differ) })
}

/// Puts one input through; says why that cannot be done.
fn put(engine: &mut Engine, rules: &mut Versions, kept: &Moment, row: &Row) -> Result<Option<String>, StoreError> {
    match row.kind {
        RowKind::Rules => match rules.get(kept, &row.body)? {
            Ok(settings) => engine.change_rules(settings, row.at)?,
            Err(why) => return Ok(Some(why)),
        },
        RowKind::Tick => engine.apply_due(row.at)?,
        RowKind::Event if !engine.settings().platforms.contains_key(&row.platform) => {
            return Ok(Some(format!("no configuration says what the bot of `{}` can do", row.platform)));
        }
        RowKind::Event | RowKind::Attempt | RowKind::Outcome | RowKind::Pause | RowKind::Told => {
            let Some(job) = job(engine, row)? else {
                return Err(StoreError::Unavailable(format!("input {} of the journal cannot be read", row.seq)));
            };
            engine.apply(job, row.at)?;
        }
    }
    engine.commit()?;
    Ok(None)
}

/// The input as the engine takes it; `None` where it is not what its kind needs.
fn job(engine: &mut Engine, row: &Row) -> Result<Option<Job>, StoreError> {
    if row.kind == RowKind::Event {
        let Ok(event) = event_of(row) else { return Ok(None) };
        let events = vec![Inbound { event, raw: row.body.clone(), given_time: row.time, glance: None }];
        return Ok(Some(Job::Events { events, answer: oneshot::channel().0 }));
    }
    let Ok(body) = serde_json::from_str::<Value>(&row.body) else { return Ok(None) };
    let mut action = |key: &str| -> Result<Option<Arc<Action>>, StoreError> {
        let Some(id) = body.get(key).and_then(Value::as_str) else { return Ok(None) };
        Ok(engine.store().action(id)?.map(|stored| stored.action))
    };
    Ok(match row.kind {
        RowKind::Attempt => action("id")?.map(|action| Job::Attempt { action, body: row.body.clone() }),
        RowKind::Outcome => {
            let outcome =
                body.get("outcome").cloned().and_then(|outcome| serde_json::from_value::<Outcome>(outcome).ok());
            action("action")?.zip(outcome).map(|(action, outcome)| Job::Outcome { action, outcome })
        }
        RowKind::Told => serde_json::from_value(body).ok().map(Job::Told),
        RowKind::Pause => {
            serde_json::from_value(body).ok().map(|halt| Job::Pause { halt, answer: oneshot::channel().0 })
        }
        RowKind::Event | RowKind::Tick | RowKind::Rules => None,
    })
}

/// Versions of the rules, made of the files that the store kept. Secrets are not among them, and judging needs none.
#[derive(Default)]
pub struct Versions(HashMap<Arc<str>, Arc<Settings>>);

impl Versions {
    fn get(&mut self, kept: &Moment, version: &Arc<str>) -> Result<Result<Arc<Settings>, String>, StoreError> {
        if let Some(known) = self.0.get(version) {
            return Ok(Ok(known.clone()));
        }
        let Some(files) = kept.config(version)? else {
            return Ok(Err(format!("the configuration {version} is not kept any more")));
        };
        Ok(match config::settings_from_files(&files) {
            Ok(settings) => {
                self.0.insert(version.clone(), settings.clone());
                Ok(settings)
            }
            Err(_) => Err(format!("this Qunwei does not read the configuration {version} of that time")),
        })
    }
}
