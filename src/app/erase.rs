//! Erasing a person from the data of a daemon that is stopped: the same engine does it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::app::engine::Engine;
use crate::app::metrics::Metrics;
use crate::config;
use crate::domain::state::Limits;
use crate::domain::time::Timestamp;
use crate::ports::{Erasure, Person, Store, StoreError};
use crate::store::{Keyring, OpenError, Options, SqliteStore};

/// Nobody waits.
const SLICE: Duration = Duration::from_secs(1);
/// How often it is looked whether a file is done.
const PAUSE: Duration = Duration::from_millis(10);

/// Why nobody was erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The data directory, e.g. a daemon is running in it.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What is in it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No daemon ever ran on it, or one with another version of the configuration's language.
    #[error("the store has no configuration that this Qunwei reads; start the daemon on it once")]
    NoConfig,
}

/// Erases a person from database and files.
///
/// # Errors
/// Nothing was erased, or not yet from all files: the next start goes on with them.
pub fn erase_stopped(
    data: &Path,
    keys: &Keyring,
    person: &Person,
    by: &str,
    now: Timestamp,
) -> Result<Erasure, EraseError> {
    if !data.is_dir() {
        return Err(OpenError::Missing(data.to_owned()).into());
    }
    let mut store = SqliteStore::open(data, Options { keys: keys.clone(), ..Options::default() })?;
    let files = store.last_config()?.ok_or(EraseError::NoConfig)?;
    let settings = config::settings_from_files(&files).map_err(|_| EraseError::NoConfig)?;
    let metrics = Arc::new(Metrics::new());
    let mut engine = Engine::new(settings, Box::new(store), metrics, Limits::default(), now)?;
    let begun = engine.erase(person, by, now)?;
    loop {
        let state = engine.store().erasure(begun.no)?.unwrap_or_else(|| begun.clone());
        if state.is_all_for_now() {
            return Ok(Erasure { rosters: begun.rosters, ..state });
        }
        if !engine.tidy(now, SLICE)? {
            std::thread::sleep(PAUSE);
        }
    }
}
