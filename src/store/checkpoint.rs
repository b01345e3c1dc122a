//! Copying the log into the database, beside the writing and not in the middle of it.
//!
//! SQLite makes a checkpoint in the commit that fills the log, and nobody is answered while many megabytes are copied and synced.
//! So a thread with a connection of its own copies what has come, every few megabytes. It is a help and no more: that commit
//! still copies what is left, which is little, and then the log begins anew; where the thread fails, it copies all.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use rusqlite::{Connection, OpenFlags};

/// Bytes written, about, after which the log is copied.
const EVERY: usize = 4 << 20;

/// What a commit writes besides its rows, in bytes, about: the last page of each table it touches.
const COMMIT: usize = 16 << 10;

/// The thread.
pub(super) struct Checkpoints {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Bytes since it was last woken.
    written: usize,
}

impl Checkpoints {
    /// Starts the thread for a database that is open already.
    pub(super) fn start(file: &Path) -> rusqlite::Result<Self> {
        let conn =
            Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "fullfsync", true)?;
        conn.pragma_update(None, "checkpoint_fullfsync", true)?;
        let (wake, woken) = sync_channel(1);
        let thread = Builder::new().name("checkpoint".to_owned()).spawn(move || copy_when_woken(&conn, &woken)).ok();
        Ok(Self { wake: Some(wake), thread, written: 0 })
    }

    /// A commit has written so many bytes.
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.written += bytes + COMMIT;
        if self.written >= EVERY {
            self.written = 0;
            // When the thread is still at it, it has been told enough.
            self.wake.as_ref().map(|wake| wake.try_send(()).ok());
        }
    }
}

impl Drop for Checkpoints {
    /// The connection must be closed before the store's own is, which clears the log away.
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn copy_when_woken(conn: &Connection, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        // Passive: whoever writes waits for nothing.
        if let Err(error) = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::debug!(%error, "the log was not copied; a later commit will do it");
        }
    }
}
