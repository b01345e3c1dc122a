//! One engine over a store that fails as it is told, without a daemon around it: driven by hand.

use std::sync::Arc;

use qunwei::app::engine::Engine;
use qunwei::app::metrics::Metrics;
use qunwei::domain::state::Limits;
use qunwei::serve::open_store;
use qunwei::store::Keyring;
use tempfile::TempDir;

use super::faulty::{Faults, FaultyStore};
use super::{MORNING, root};

/// The engine, with the shipped configuration.
pub struct Bench {
    pub engine: Engine,
    /// What its store does wrong.
    pub faults: Faults,
    pub metrics: Arc<Metrics>,
    _data: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self::with("")
    }

    /// With one more file over it.
    pub fn with(toml: &str) -> Self {
        Self::within(toml, Limits::default())
    }

    /// The same, with so much in memory.
    pub fn within(toml: &str, limits: Limits) -> Self {
        let data = tempfile::tempdir().unwrap();
        let faults = Faults::default();
        let store = Box::new(FaultyStore::new(open_store(data.path(), &Keyring::none()).unwrap(), faults.clone()));
        let dir = root().join("config");
        let mut files = qunwei::config::load(&dir, &|_| None).unwrap().files;
        files.push(("zz-test.toml".to_owned(), toml.to_owned()));
        let config = qunwei::config::from_files(&dir, &files, &|_| None).unwrap();
        let metrics = Arc::new(Metrics::new());
        let engine = Engine::new(config.settings, store, metrics.clone(), limits, MORNING).unwrap();
        Self { engine, faults, metrics, _data: data }
    }
}
