//! Waiting for the disk beside the writing.
//!
//! With `synchronous = NORMAL` SQLite writes a commit to the end of its log and returns. It is durable when the log is synced after
//! that, by whomever: a start reads the log up to its first frame that is not whole, so what was synced is found whatever came
//! behind it (sqlite.org/wal.html, "The WAL File Format"). Checkpoints sync the log themselves before they copy from it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::ports::{StoreError, Syncer};

/// So much of the log is read and written at once.
const PIECE: usize = 1 << 20;

/// The log of a database, on the side of the store.
pub(super) struct Log {
    path: PathBuf,
    /// Whether what is written is to survive a power cut at all.
    durable: bool,
    apart: bool,
    failed: Arc<AtomicBool>,
}

impl Log {
    pub(super) fn of(database: &Path, durable: bool) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        Self { path: path.into(), durable, apart: false, failed: Arc::default() }
    }

    /// Whether somebody else syncs.
    pub(super) fn is_apart(&self) -> bool {
        self.apart
    }

    pub(super) fn syncer(&mut self) -> Option<Box<dyn Syncer>> {
        self.apart = self.durable;
        self.durable.then(|| {
            Box::new(Apart { path: self.path.clone(), file: None, failed: self.failed.clone() }) as Box<dyn Syncer>
        })
    }

    /// After a sync that failed, makes the whole log durable. What failed is not tried again by the system, which takes it for
    /// written (Rebello et al., "Can Applications Recover from fsync Failures?", 2020): so every byte is written once more, as it
    /// is, and then synced.
    pub(super) fn mend(&self) -> io::Result<()> {
        if !self.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut log = OpenOptions::new().read(true).write(true).open(&self.path)?;
        let mut piece = vec![0; PIECE];
        let mut at = 0;
        loop {
            log.seek(SeekFrom::Start(at))?;
            let read = log.read(&mut piece)?;
            let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else { break };
            log.seek(SeekFrom::Start(at))?;
            log.write_all(read)?;
            at += read.len() as u64;
        }
        log.sync_all()?;
        self.failed.store(false, Ordering::Release);
        Ok(())
    }
}

/// The log, on the side of who waits for the disk.
struct Apart {
    path: PathBuf,
    /// Opened when there is something in it. SQLite keeps one file for as long as the database is open, and its locks are on
    /// others, so that closing this one ends none of them.
    file: Option<File>,
    failed: Arc<AtomicBool>,
}

impl Apart {
    fn try_sync(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            self.file = Some(OpenOptions::new().write(true).open(&self.path)?);
        }
        self.file.as_ref().map_or(Ok(()), File::sync_data)
    }
}

impl Syncer for Apart {
    fn sync(&mut self) -> Result<(), StoreError> {
        if self.failed.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable("a sync of its log has failed".to_owned()));
        }
        self.try_sync().map_err(|error| {
            self.failed.store(true, Ordering::Release);
            StoreError::Unavailable(format!("its log cannot be synced: {error}"))
        })
    }
}
