//! Whether the daemon is ready, and if not, why: each part says so under its own name and takes it back itself.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The part that is not ready until everything is built.
pub const STARTED: &str = "started";
/// The part that stands for the engine.
pub const ENGINE: &str = "engine";
/// The part that stands for the store.
pub const STORE: &str = "store";
/// The part that stands for what operators stopped.
pub const PAUSE: &str = "pause";
/// The part that stands for backups.
pub const BACKUP: &str = "backup";

/// The part that stands for the disk with the data.
pub const DISK: &str = "disk";
/// The part that stands for the configuration.
pub const CONFIG: &str = "config";

/// The part that stands for a bridge.
pub fn bridge(name: &str) -> String {
    format!("bridge.{name}")
}

/// The reasons, shared by clones. A reason never holds a secret or the text of a message: everybody who reaches the admin
/// port reads it.
#[derive(Clone, Debug)]
pub struct Health {
    reasons: Arc<RwLock<BTreeMap<String, String>>>,
    notes: Arc<RwLock<BTreeMap<String, String>>>,
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    /// Not ready, because it has not [`STARTED`].
    pub fn new() -> Self {
        let health = Self { reasons: Arc::default(), notes: Arc::default() };
        health.set(STARTED, "still starting");
        health
    }

    /// This part is not well; a reason that it gave before is replaced.
    pub fn set(&self, part: &str, reason: impl Into<String>) {
        self.reasons.write().unwrap_or_else(PoisonError::into_inner).insert(part.to_owned(), reason.into());
    }

    /// This part is well. Cheap when it was before.
    pub fn clear(&self, part: &str) {
        if self.is_unwell(part) {
            self.reasons.write().unwrap_or_else(PoisonError::into_inner).remove(part);
        }
    }

    /// Whether this part is not well.
    pub fn is_unwell(&self, part: &str) -> bool {
        self.reasons.read().unwrap_or_else(PoisonError::into_inner).contains_key(part)
    }

    /// Something about this part that an operator should look at while the daemon is ready all the same; what was noted of
    /// it before is replaced.
    pub fn note(&self, part: &str, note: impl Into<String>) {
        self.notes.write().unwrap_or_else(PoisonError::into_inner).insert(part.to_owned(), note.into());
    }

    /// There is nothing to be noted of this part any more.
    pub fn clear_note(&self, part: &str) {
        self.notes.write().unwrap_or_else(PoisonError::into_inner).remove(part);
    }

    /// `part: note` of each part that has one, in the order of their names.
    pub fn notes(&self) -> Vec<String> {
        let notes = self.notes.read().unwrap_or_else(PoisonError::into_inner);
        notes.iter().map(|(part, note)| format!("{part}: {note}")).collect()
    }

    /// Whether every part is well.
    ///
    /// # Errors
    /// `part: reason` of each that is not, in the order of their names.
    pub fn ready(&self) -> Result<(), Vec<String>> {
        let reasons = self.reasons.read().unwrap_or_else(PoisonError::into_inner);
        if reasons.is_empty() {
            return Ok(());
        }
        Err(reasons.iter().map(|(part, reason)| format!("{part}: {reason}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_must_be_well() {
        let health = Health::new();
        let shared = health.clone();
        assert_eq!(health.ready(), Err(vec!["started: still starting".to_owned()]));
        shared.clear(STARTED);
        assert_eq!(health.ready(), Ok(()));
        shared.set(STORE, "the disk is full");
        shared.set(&bridge("example"), "broken: HTTP 500");
        shared.set(&bridge("example"), "broken: HTTP 404");
        let expected = ["bridge.example: broken: HTTP 404", "store: the disk is full"].map(str::to_owned);
        assert_eq!(health.ready(), Err(expected.to_vec()));
        shared.clear(STORE);
        shared.clear(CONFIG);
        shared.clear(&bridge("example"));
        assert_eq!(health.ready(), Ok(()));
    }
}
