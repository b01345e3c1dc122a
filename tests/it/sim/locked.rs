//! The operator's key of a simulated store: forgotten, mistaken for another, and changed.

use std::collections::BTreeMap;
use std::path::Path;

use qunwei::domain::secret::Key;
use qunwei::store::{Keyring, OpenError, keys_of, reseal};
use tempfile::TempDir;

use super::daemon::Daemon;
use crate::support::{copy, raw};

/// Words of what people write, which no file may show.
const WRITTEN: [&str; 3] = ["兼职刷单", "今天天气不错", "abc12345"];

/// The keys of one store.
pub struct Locks {
    /// The first seals; the second was the first before. None where nothing is sealed.
    held: Vec<u8>,
    next: u8,
}

/// What was done about a key.
pub enum Handled {
    Nothing,
    /// Tried without the right one.
    LockedOut,
    /// Another one holds.
    Changed,
}

fn ring(of: &[u8]) -> Keyring {
    Keyring::of(&of.iter().map(|number| Key::of([*number; 32])).collect::<Vec<_>>())
}

impl Locks {
    pub fn new(sealed: bool) -> Self {
        Self { held: if sealed { vec![1] } else { Vec::new() }, next: 2 }
    }

    /// What the daemon is given.
    pub fn keys(&self) -> Keyring {
        ring(&self.held)
    }

    /// Every key there will ever be.
    pub fn all(&self) -> Keyring {
        ring(&(1..=u8::MAX).collect::<Vec<_>>())
    }

    /// While no daemon is running.
    pub fn handle(&mut self, data: &Path, coin: u64) -> Handled {
        let used = keys_of(data).unwrap_or_default();
        if self.held.is_empty() || used.is_empty() {
            return Handled::Nothing; // or it has never been started
        }
        match (coin % 10, self.held.len()) {
            (0, _) => self.try_without(data, &ring(&[0])),
            (1, _) => self.try_without(data, &Keyring::none()),
            (2 | 3, 1) if self.next < u8::MAX => {
                self.held.insert(0, self.next);
                self.next += 1;
                return Handled::Changed;
            }
            (2 | 3, 2) => {
                reseal(data, &self.keys(), false).unwrap();
                let before = self.held.pop().unwrap();
                self.try_without(data, &ring(&[before]));
                return Handled::Changed;
            }
            _ => return Handled::Nothing,
        }
        Handled::LockedOut
    }

    /// It is not opened, and nothing in it is changed.
    fn try_without(&self, data: &Path, keys: &Keyring) {
        let before = bytes(data);
        match Daemon::open(data, keys) {
            Ok(_) => panic!("it was opened with {keys:?} and is sealed with {:?}", self.keys()),
            Err(OpenError::Sealed { .. }) => {}
            Err(other) => panic!("{other}"),
        }
        assert!(bytes(data) == before, "who has no key changed something");
    }

    /// A copy of the store that nothing is sealed in, if this is sealed; which shows nothing of what was written.
    pub fn opened(&self, data: &Path) -> Option<TempDir> {
        if self.held.is_empty() {
            return None;
        }
        for text in WRITTEN {
            assert_eq!(raw::holding(data, text), Vec::<String>::new(), "{text} can be read");
        }
        let opened = tempfile::tempdir_in(data.parent().unwrap()).unwrap();
        copy(data, opened.path());
        reseal(opened.path(), &self.keys(), true).unwrap();
        Some(opened)
    }
}

/// All that is in the database and its history.
fn bytes(data: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for file in raw::files(data) {
        let name = file.strip_prefix(data).unwrap().display().to_string();
        if !name.ends_with("-shm") && !name.ends_with("lock") {
            files.insert(name, std::fs::read(&file).unwrap_or_default());
        }
    }
    files
}
