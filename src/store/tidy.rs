//! Nothing that was deleted is left: not in the log, where it stands as it was written, and of who was erased not between the cells of a
//! page or in a file of the history either. Done in slices between two commits.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::erase::{self, Course, Slice};
use super::history::History;
use crate::domain::time::Timestamp;
use crate::ports::{StoreError, Tidied};

/// So long after the last deletion the log is emptied: there may be more slices to come.
const QUIET: Duration = Duration::from_secs(2);
/// What has not succeeded, e.g. because a backup is being read, is tried again this often.
const AGAIN: Duration = Duration::from_secs(10);

/// What is to be done.
pub(super) struct Tidying {
    /// When the log is to be emptied, if it is.
    log: Option<Instant>,
    /// Erasures that are not done, as far as they are known.
    courses: Vec<Course>,
    /// Whether there may be others.
    unknown: bool,
}

impl Tidying {
    /// What was left to be done when the store was closed.
    pub(super) fn load(conn: &Connection, data: &Path) -> rusqlite::Result<Self> {
        History::clear_parts(data);
        Ok(Self { log: Some(Instant::now() + QUIET), courses: Vec::new(), unknown: erase::is_open(conn)? })
    }

    /// Something was deleted.
    pub(super) fn deleted(&mut self) {
        self.log = Some(Instant::now() + QUIET);
    }

    /// An erasure has begun.
    pub(super) fn begun(&mut self) {
        self.unknown = true;
    }

    /// Whether inputs are being erased from the database: until that is done no file may take them over.
    pub(super) fn holds_journal(&self) -> bool {
        self.unknown || self.courses.iter().any(Course::is_in_database)
    }

    /// Whether an erasure that is not done is at work, and not only waits for actions to come to their end.
    pub(super) fn is_at_work(&self, no: u64) -> bool {
        self.unknown || self.courses.iter().any(|course| course.no == no && !course.waits_for_actions())
    }

    /// One slice further, of about this long.
    pub(super) fn step(
        &mut self,
        conn: &mut Connection,
        history: &mut History,
        now: Timestamp,
        budget: Duration,
    ) -> Result<Tidied, StoreError> {
        match self.erase(conn, history, now, budget) {
            Ok(Tidied::Nothing) => {}
            Ok(tidied) => return Ok(tidied),
            Err(error) => {
                // They begin again where the store says.
                (self.courses, self.unknown) = (Vec::new(), true);
                return Err(error);
            }
        }
        if self.log.is_some_and(|at| at <= Instant::now()) {
            match erase::clear_log(conn) {
                Ok(true) => self.log = None,
                Ok(false) => self.log = Some(Instant::now() + AGAIN),
                Err(error) => {
                    tracing::warn!(%error, "what was deleted may still be in the log of the store; it is tried again");
                    self.log = Some(Instant::now() + AGAIN);
                }
            }
        }
        Ok(Tidied::Nothing)
    }

    fn erase(
        &mut self,
        conn: &mut Connection,
        history: &mut History,
        now: Timestamp,
        budget: Duration,
    ) -> Result<Tidied, StoreError> {
        if self.unknown {
            let open = Course::open(conn)?;
            let known: Vec<u64> = self.courses.iter().map(|course| course.no).collect();
            self.courses.extend(open.into_iter().filter(|course| !known.contains(&course.no)));
            self.unknown = false;
        }
        for course in &mut self.courses {
            match course.step(conn, history, now, budget)? {
                Slice::More => return Ok(Tidied::More),
                Slice::Held => return Ok(Tidied::Held { no: course.no, person: course.person() }),
                Slice::Done => {
                    let no = course.no;
                    self.courses.retain(|course| course.no != no);
                    return Ok(Tidied::More);
                }
                Slice::Waits if course.waits_for_actions() => {} // others need not
                Slice::Waits => break,
            }
        }
        Ok(Tidied::Nothing)
    }

    /// Erases what memory holds too of who is being erased.
    pub(super) fn held(&mut self, conn: &mut Connection, no: u64) -> Result<(), StoreError> {
        match self.courses.iter_mut().find(|course| course.no == no) {
            Some(course) => course.held(conn),
            None => Err(StoreError::Unavailable("that erasure is not under way".to_owned())),
        }
    }
}
