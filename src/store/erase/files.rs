//! Taking one person out of a file of the history: into a file aside, which then takes its place.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread::Builder;

use rusqlite::{Connection, Transaction};

use super::journal;
use super::redact::Redactor;
use crate::ports::{Person, StoreError};
use crate::store::{Keyring, history};

/// A file that is being written anew.
pub(super) struct Erasing {
    /// The first number in the file.
    pub(super) first: u64,
    done: Receiver<Result<u64, StoreError>>,
}

impl Erasing {
    /// Begins with a file on a thread of its own.
    pub(super) fn start(
        first: u64,
        path: &Path,
        keys: &Keyring,
        person: &Person,
        alias: String,
    ) -> Result<Self, StoreError> {
        let (tell, done) = channel();
        let (path, keys, person) = (path.to_owned(), keys.clone(), person.clone());
        let work = move || drop(tell.send(rewrite(&path, &keys, &person, alias))); // who asked may be gone
        let started = Builder::new().name("erase".to_owned()).spawn(work);
        started.map_err(|error| StoreError::Unavailable(format!("no thread can be started: {error}")))?;
        Ok(Self { first, done })
    }

    /// How many rows were erased, once the file aside is whole and on the disk.
    pub(super) fn result(&self) -> Option<Result<u64, StoreError>> {
        match self.done.try_recv() {
            Ok(result) => Some(result),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(StoreError::Unavailable(
                "erasing from a file of the history fell over a fault of the program".into(),
            ))),
        }
    }
}

/// Where a file is written anew.
pub(in crate::store) fn aside(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.erased.part", path.display()))
}

/// Writes a file anew without them; 0 and no file aside when there is nothing of them in it.
fn rewrite(path: &Path, keys: &Keyring, person: &Person, alias: String) -> Result<u64, StoreError> {
    write_aside(path, keys, |tx| {
        let mut redactor = Redactor { user: person.user.to_string(), alias, names: Default::default() };
        journal::redact_all(tx, &person.platform, &mut redactor)
    })
}

/// Writes a file of the history anew, [`aside`], with what `change` does to it; says how many values that were, and leaves nothing
/// aside where none was.
pub(in crate::store) fn write_aside(
    path: &Path,
    keys: &Keyring,
    change: impl FnOnce(&Transaction<'_>) -> Result<u64, StoreError>,
) -> Result<u64, StoreError> {
    let failed = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", path.display()));
    let to = aside(path);
    let written = (|| {
        fs::copy(path, &to).map_err(failed)?;
        let mut conn = Connection::open(&to)?;
        history::is_known(&conn, path)?;
        keys.install(&conn)?;
        conn.pragma_update(None, "journal_mode", "MEMORY")?; // half a file is thrown away
        conn.pragma_update(None, "secure_delete", true)?;
        let tx = conn.transaction()?;
        let changed = change(&tx)?;
        tx.commit()?;
        if changed > 0 {
            conn.execute_batch("VACUUM")?;
        }
        conn.close().map_err(|(_, error)| error)?;
        File::open(&to).and_then(|file| file.sync_all()).map_err(failed)?;
        Ok(changed)
    })();
    if !matches!(written, Ok(1..)) {
        fs::remove_file(&to).ok();
    }
    written
}
