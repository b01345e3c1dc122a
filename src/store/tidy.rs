//! Nothing that was deleted is left: not in the log, where it stands as it was written, and for who was erased not in a file of the
//! history either. Done in steps between two commits.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params};

use super::erase::{self, Erasing};
use super::error::{signed, unsigned};
use super::history::History;
use crate::domain::time::Timestamp;
use crate::ports::{Person, StoreError};

/// So long after the last deletion the log is emptied: there may be more slices to come.
const QUIET: Duration = Duration::from_secs(2);
/// What has not succeeded, e.g. because a backup is being read, is tried again this often.
const AGAIN: Duration = Duration::from_secs(10);

/// What has to be made clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unclean {
    Nothing,
    /// The log.
    Log,
    /// All of the database.
    Database,
}

/// What is to be done.
pub(super) struct Tidying {
    unclean: Unclean,
    /// Not before this.
    wait: Option<Instant>,
    /// Whether an erasure is not done.
    erasing: bool,
    file: Option<Erasing>,
}

impl Tidying {
    /// What was left to be done when the store was closed.
    pub(super) fn load(conn: &Connection, data: &Path) -> rusqlite::Result<Self> {
        History::clear_parts(data);
        let erasing = erase::open(conn)?.is_some();
        let unclean = if erasing { Unclean::Database } else { Unclean::Log };
        Ok(Self { unclean, wait: Some(Instant::now() + QUIET), erasing, file: None })
    }

    /// Something was deleted.
    pub(super) fn deleted(&mut self) {
        self.unclean = self.unclean.max(Unclean::Log);
        self.wait = Some(Instant::now() + QUIET);
    }

    /// A file that is being written anew for one erasure is thrown away: it is begun again.
    pub(super) fn stop(&mut self) {
        self.file = None;
    }

    /// An erasure has begun.
    pub(super) fn begun(&mut self) {
        (self.erasing, self.unclean) = (true, Unclean::Database);
    }

    /// Makes clean, as far as it can be now.
    pub(super) fn scrub(&mut self, conn: &Connection) {
        let clean = match self.unclean {
            Unclean::Nothing => return,
            Unclean::Log => erase::clear_log(conn),
            Unclean::Database => erase::scrub(conn),
        };
        match clean {
            Ok(true) => (self.unclean, self.wait) = (Unclean::Nothing, None),
            Ok(false) => (self.unclean, self.wait) = (Unclean::Log, Some(Instant::now() + AGAIN)),
            Err(error) => {
                tracing::warn!(%error, "what was deleted may still be in the log of the store; it is tried again");
                self.wait = Some(Instant::now() + AGAIN);
            }
        }
    }

    /// One step further.
    pub(super) fn step(
        &mut self,
        conn: &mut Connection,
        history: &mut History,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.erasing {
            match erase::open(conn)? {
                Some((no, person)) => self.erase(conn, history, no, &person, now)?,
                None => self.erasing = false,
            }
        }
        if self.wait.is_none_or(|wait| wait <= Instant::now()) {
            self.scrub(conn);
        }
        Ok(())
    }

    fn erase(
        &mut self,
        conn: &mut Connection,
        history: &mut History,
        no: u64,
        person: &Person,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some(file) = &self.file {
            let Some(done) = file.result() else { return Ok(()) };
            let first = file.first;
            self.file = None;
            let erased = done?;
            if erased > 0
                && let Some(path) = history.file_of(first)
            {
                history.replace(first, &erase::aside(&path))?;
            }
            erase::file_done(conn, no, first, erased)?;
        }
        let (after, upto, alias): (i64, i64, String) =
            conn.query_row("SELECT after, upto, alias FROM erasures WHERE no = ?1", [signed(no)?], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        let next = "SELECT first FROM history WHERE first > ?1 AND first <= ?2 ORDER BY first LIMIT 1";
        let first: Option<i64> = conn.query_row(next, params![after, upto], |row| row.get(0)).optional()?;
        if let Some(first) = first.map(unsigned) {
            match history.file_of(first).filter(|path| path.is_file()) {
                Some(path) => self.file = Some(Erasing::start(first, &path, history.keys(), person, alias)?),
                None => erase::file_done(conn, no, first, 0)?, // somebody took it away
            }
            return Ok(());
        }
        let (done, erased) = erase::finish(conn, no, person, now)?;
        self.unclean = self.unclean.max(if erased { Unclean::Database } else { Unclean::Log });
        if done {
            tracing::info!(no, alias, "nothing is left of the member who was to be erased");
            self.scrub(conn);
        }
        Ok(())
    }
}
