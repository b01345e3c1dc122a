//! Nothing that was deleted is left: not between the cells of a page, not in the log, where it stands as it was written, and of who was erased
//! not in a file of the history either. Done in slices between two commits.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::erase::{self, Course, Pages, Slice};
use super::history::History;
use crate::domain::time::Timestamp;
use crate::ports::{StoreError, Tidied};

/// So long after the last deletion pages and log are seen to: there may be more slices to come.
const QUIET: Duration = Duration::from_secs(2);
/// What has not succeeded, e.g. because a backup is being read, is tried again this often.
const AGAIN: Duration = Duration::from_secs(10);

/// What is to be done.
pub(super) struct Tidying {
    /// What was deleted by age or moved is left where nobody reads it.
    sweep: Option<Sweep>,
    /// Erasures that are not done, as far as they are known.
    courses: Vec<Course>,
    /// Whether there may be others.
    unknown: bool,
}

/// Overwriting what is left of deleted rows: first between the cells of all pages, then in the log.
struct Sweep {
    /// Not before.
    at: Instant,
    /// `None`: they are done.
    pages: Option<Pages>,
}

impl Sweep {
    fn begin() -> Self {
        Self { at: Instant::now() + QUIET, pages: Some(Pages::default()) }
    }

    /// One slice; whether there is more to be done at once.
    fn step(&mut self, conn: &mut Connection, budget: Duration) -> Result<bool, StoreError> {
        if let Some(pages) = &mut self.pages {
            // To write the database anew each time would keep messages waiting, again and again.
            if Pages::can_be_looked_at(conn)? && !pages.step(conn, budget)? {
                return Ok(true);
            }
            self.pages = None;
        }
        Ok(false)
    }
}

/// What says so beside how far deleting has come.
const OWED: &str = "sweep";

/// Writes down that something was deleted, which a start sweeps where nobody has: all pages are read for that, so not without reason.
pub(super) fn owe(conn: &Connection) -> Result<(), StoreError> {
    let sql = "INSERT INTO forgotten (what, upto) VALUES (?1, 0) ON CONFLICT DO NOTHING";
    conn.prepare_cached(sql)?.execute([OWED])?;
    Ok(())
}

fn is_owed(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row("SELECT EXISTS (SELECT 1 FROM forgotten WHERE what = ?1)", [OWED], |row| row.get(0))
}

/// Empties the log once all pages are done; says whether it could, and then nothing is owed any more.
fn finish(conn: &Connection) -> Result<bool, StoreError> {
    let cleared = erase::clear_log(conn)?;
    if cleared {
        conn.execute("DELETE FROM forgotten WHERE what = ?1", [OWED])?;
    }
    Ok(cleared)
}

impl Tidying {
    /// What was left to be done when the store was closed.
    pub(super) fn load(conn: &Connection, data: &Path) -> rusqlite::Result<Self> {
        History::clear_parts(data);
        let sweep = is_owed(conn)?.then(Sweep::begin);
        Ok(Self { sweep, courses: Vec::new(), unknown: erase::is_open(conn)? })
    }

    /// Something was deleted, and [`owe`] wrote it down.
    pub(super) fn deleted(&mut self) {
        self.sweep = Some(Sweep::begin());
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
        let Some(sweep) = self.sweep.as_mut().filter(|sweep| sweep.at <= Instant::now()) else {
            return Ok(Tidied::Nothing);
        };
        let done = match sweep.step(conn, budget) {
            Ok(true) => return Ok(Tidied::More),
            Ok(false) => finish(conn),
            Err(error) => Err(error),
        };
        sweep.at = Instant::now() + AGAIN;
        match done {
            Ok(true) => self.sweep = None,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "what was deleted may still be in a file of the store; it is tried again");
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
