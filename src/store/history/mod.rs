//! Days of the journal that are over, each in a file of its own: `history/2026-11-23.db`.
//!
//! - `copy`: a thread with connections of its own copies a day into a file aside, indexes it, brings it to the disk and gives
//!   it its name. Nobody waits for it.
//! - Then one row of the table `history` says that the file is whole, and from that commit on its numbers are read from it.
//!   Before, the file is nothing: it is made anew.
//! - Then the rows left in the database are deleted from the oldest on, a few at a time ([`History::step`]).
//!
//! So a crash at any moment finds each row in exactly one place that is read. Files hold runs of numbers without a gap; a day
//! whose clock was put back may have several.

mod copy;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use super::error::{signed, unsigned};
use super::{Keyring, audit, read, tidy};
use crate::domain::time::Timestamp;
use crate::ports::{Archived, HistorySize, Row, StoreError};
pub(super) use copy::can_make_temporary_files;
use copy::{Copying, Order};

/// The folder in the data directory.
pub(super) const FOLDER: &str = "history";

/// What the files look like (`PRAGMA user_version`): another number with every change of it.
const FORM: i64 = 1;

/// How much of a file is kept in memory while it is read, in KiB.
const CACHE_KIB: i64 = 512;

/// One file.
#[derive(Clone, Debug)]
pub(super) struct Day {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) rows: u64,
    oldest: Timestamp,
    newest: Timestamp,
    pub(super) bytes: u64,
    pub(super) file: String,
}

/// The files, and the copy that is being made.
pub(super) struct History {
    data: PathBuf,
    keys: Keyring,
    /// By their numbers.
    days: Vec<Day>,
    copying: Option<Copying>,
    /// The file that was read last.
    open: Option<(u64, Connection)>,
    /// The largest file a test allows, in pages.
    #[cfg(test)]
    pages: Option<u32>,
}

impl History {
    /// Reads which files there are.
    pub(super) fn load(conn: &Connection, data: &Path, keys: &Keyring) -> rusqlite::Result<Self> {
        Ok(Self { days: days(conn)?, keys: keys.clone(), ..Self::none(data) })
    }

    /// Of a store that has none.
    pub(super) fn none(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            keys: Keyring::none(),
            days: Vec::new(),
            copying: None,
            open: None,
            #[cfg(test)]
            pages: None,
        }
    }

    /// Whether a day is being copied, or is and its file has no row yet.
    pub(super) fn is_copying(&self) -> bool {
        self.copying.is_some()
    }

    /// A copy that is being made is thrown away, and made anew later.
    pub(super) fn stop_copying(&mut self) {
        self.copying = None;
    }

    /// A file was written anew aside: it takes the place of the old one, if that is still named.
    pub(super) fn replace(&mut self, first: u64, aside: &Path) -> Result<(), StoreError> {
        self.open = None;
        let folder = self.folder();
        let done = match self.days.iter().find(|day| day.first == first) {
            Some(day) => fs::rename(aside, self.path(&day.file)),
            None => remove(aside), // old enough to be deleted meanwhile
        };
        done.and_then(|()| sync(&folder)).map_err(|error| broken(&folder, &error))
    }

    /// Half files in the folder are of a process that was killed.
    pub(super) fn clear_parts(data: &Path) {
        for entry in fs::read_dir(data.join(FOLDER)).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().ends_with(".part") {
                remove(&entry.path()).ok(); // what cannot be removed is written over when its day is copied
            }
        }
    }

    /// Where the file is that begins with this number.
    pub(super) fn file_of(&self, first: u64) -> Option<PathBuf> {
        self.days.iter().find(|day| day.first == first).map(|day| self.path(&day.file))
    }

    /// What its files are sealed with.
    pub(super) fn keys(&self) -> &Keyring {
        &self.keys
    }

    /// The data directory.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// From now on no file can be larger: as if the disk were full.
    #[cfg(test)]
    pub(super) fn limit_files(&mut self, pages: u32) {
        self.pages = Some(pages);
    }

    /// After a failure: what is in memory is as the database says.
    pub(super) fn reload(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        self.open = None;
        self.days = days(conn)?;
        Ok(())
    }

    /// The last number that is in a file; 0 when there is none.
    pub(super) fn last(&self) -> u64 {
        self.days.last().map_or(0, |day| day.last)
    }

    pub(super) fn size(&self) -> HistorySize {
        HistorySize {
            files: self.days.len(),
            rows: self.days.iter().map(|day| day.rows).sum(),
            bytes: self.days.iter().map(|day| day.bytes).sum(),
            oldest: self.days.first().map(|day| day.oldest),
        }
    }

    /// Inputs after `seq` that are in files, in order, at most `limit`.
    pub(super) fn after(&mut self, seq: u64, limit: usize) -> Result<Vec<Row>, StoreError> {
        let mut rows: Vec<Row> = Vec::new();
        let mut at = self.days.partition_point(|day| day.last <= seq);
        while rows.len() < limit && at < self.days.len() {
            let after = rows.last().map_or(seq, |row| row.seq);
            let room = limit - rows.len();
            rows.extend(self.read(at, |conn| read::journal(conn, after, room))?);
            at += 1;
        }
        Ok(rows)
    }

    /// Inputs before `seq` that are in files, newest first, at most `limit`.
    pub(super) fn before(&mut self, seq: u64, limit: usize) -> Result<Vec<Row>, StoreError> {
        let mut rows: Vec<Row> = Vec::new();
        let mut at = self.days.partition_point(|day| day.first < seq);
        while rows.len() < limit && at > 0 {
            at -= 1;
            let before = rows.last().map_or(seq, |row| row.seq);
            let room = limit - rows.len();
            rows.extend(self.read(at, |conn| read::journal_before(conn, 0, before, room))?);
        }
        Ok(rows)
    }

    /// Reads one file. One that an operator took away has no rows: what is gone is no reason to stop.
    fn read(
        &mut self,
        at: usize,
        read: impl FnOnce(&Connection) -> Result<Vec<Row>, StoreError>,
    ) -> Result<Vec<Row>, StoreError> {
        let Some(day) = self.days.get(at) else { return Ok(Vec::new()) };
        if self.open.as_ref().is_none_or(|(first, _)| *first != day.first) {
            let path = self.path(&day.file);
            if !path.is_file() {
                tracing::warn!(file = %path.display(), "a file of the history is not there; its messages are passed over");
                return Ok(Vec::new());
            }
            let conn = open(&path)?;
            self.keys.install(&conn)?;
            self.open = Some((day.first, conn));
        }
        self.open.as_ref().map_or(Ok(Vec::new()), |(_, conn)| read(conn))
    }

    /// One step of moving away the days that were over `now`. Deletes at most `limit` rows.
    pub(super) fn step(
        &mut self,
        conn: &mut Connection,
        zone: &TimeZone,
        now: Timestamp,
        limit: usize,
    ) -> Result<Archived, StoreError> {
        let deleted = self.delete_moved(conn, limit)?;
        if deleted > 0 {
            return Ok(Archived::Deleted(deleted));
        }
        let Some(copying) = &mut self.copying else {
            let Some(order) = self.next(conn, zone, now)? else { return Ok(Archived::Nothing) };
            self.copying = Some(Copying::start(order)?);
            return Ok(Archived::Copying);
        };
        let Some(done) = copying.result() else { return Ok(Archived::Copying) };
        self.copying = None;
        let Some(day) = done? else { return Ok(Archived::Nothing) };
        let rows = day.rows;
        adopt(conn, &day)?;
        self.days.push(day);
        Ok(Archived::Copied(rows))
    }

    /// Deletes rows that are in files, the oldest first.
    fn delete_moved(&self, conn: &Connection, limit: usize) -> Result<usize, StoreError> {
        let first: Option<i64> =
            conn.prepare_cached("SELECT min(seq) FROM journal")?.query_row([], |row| row.get(0))?;
        let (Some(first), last) = (first, signed(self.last())?) else { return Ok(0) };
        if first > last {
            return Ok(0);
        }
        let end = first.saturating_add(signed(limit as u64)?).min(last.saturating_add(1));
        tidy::owe(conn)?; // before, so that a kill between the two leaves none unswept
        Ok(conn.prepare_cached("DELETE FROM journal WHERE seq < ?1")?.execute([end])?)
    }

    /// The next day that is over, if there is one.
    fn next(&self, conn: &Connection, zone: &TimeZone, now: Timestamp) -> Result<Option<Order>, StoreError> {
        // What was judged later than now was judged by a clock that has been put back since: it goes with what is around it.
        let sql = "SELECT at FROM journal WHERE seq > ?1 AND at <= ?2 ORDER BY seq LIMIT 1";
        let at: Option<i64> = conn.query_row(sql, params![signed(self.last())?, now.0], |row| row.get(0)).optional()?;
        let Some(at) = at else { return Ok(None) };
        let date = Timestamp(at).zoned(zone).date();
        let Some(end) = end_of(date, zone).filter(|end| *end <= now) else { return Ok(None) };
        let included = conn.query_row("SELECT coalesce(max(seq), 0) FROM windows", [], |row| row.get(0))?;
        Ok(Some(Order {
            data: self.data.clone(),
            keys: self.keys.clone(),
            folder: self.folder(),
            file: self.free_name(date),
            after: self.last(),
            end,
            now,
            included: unsigned(included),
            #[cfg(test)]
            pages: self.pages,
        }))
    }

    /// 2026-11-23.db, or where there is one already, 2026-11-23.2.db.
    fn free_name(&self, date: Date) -> String {
        let mut names = std::iter::once(format!("{date}.db")).chain((2..).map(|n: u32| format!("{date}.{n}.db")));
        names.find(|name| self.days.iter().all(|day| day.file != *name)).unwrap_or_default()
    }

    /// Deletes the oldest file if all in it was judged before this time; how many rows it had.
    pub(super) fn forget(&mut self, conn: &mut Connection, before: Timestamp) -> Result<Option<usize>, StoreError> {
        let Some(day) = self.days.first().filter(|day| day.newest < before).cloned() else {
            self.forget_strays(before)?;
            return Ok(None);
        };
        self.open = None;
        // The file first: what the table names and is not there is passed over; what it does not name would stay for long.
        let folder = self.folder();
        remove(&self.path(&day.file)).and_then(|()| sync(&folder)).map_err(|error| broken(&folder, &error))?;
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute("DELETE FROM history WHERE first = ?1", [signed(day.first)?])?;
        audit::aged(&tx, audit::JOURNAL, signed(day.last)?, before)?;
        tx.commit()?;
        self.days.remove(0);
        tracing::info!(file = day.file, rows = day.rows, "a day of the history was old enough to be deleted");
        Ok(Some(usize::try_from(day.rows).unwrap_or(usize::MAX)))
    }

    /// Files of a day long over that the table does not name: of another life of this store, before a backup came back.
    fn forget_strays(&self, before: Timestamp) -> Result<(), StoreError> {
        let Ok(entries) = fs::read_dir(self.folder()) else { return Ok(()) };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let date = name.strip_suffix(".db").and_then(|stem| stem.split('.').next()?.parse::<Date>().ok());
            let over = date.and_then(|date| end_of(date, &TimeZone::UTC)).is_some_and(|end| end < before);
            if over && self.days.iter().all(|day| day.file != name) {
                remove(&entry.path()).map_err(|error| broken(&self.folder(), &error))?;
                tracing::info!(file = name, "a file that nothing names was old enough to be deleted");
            }
        }
        Ok(())
    }

    fn folder(&self) -> PathBuf {
        self.data.join(FOLDER)
    }

    fn path(&self, file: &str) -> PathBuf {
        path(&self.data, file)
    }
}

/// Where a file of the history is.
pub(super) fn path(data: &Path, file: &str) -> PathBuf {
    data.join(FOLDER).join(file)
}

/// A file of the history, to be read.
///
/// # Errors
/// As [`is_known`], or it cannot be read.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    is_known(&conn, path)?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(conn)
}

/// Whether this version knows what a file looks like.
///
/// # Errors
/// It is of a later form, and is not read as if it were of ours.
pub(super) fn is_known(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found <= FORM {
        return Ok(());
    }
    let newer = format!("was written by a newer Qunwei (form {found}; this one knows {FORM})");
    Err(StoreError::Unavailable(format!("{} {newer}", path.display())))
}

/// The files that a database names, in order of their numbers; none where it is older than the history.
pub(super) fn named(conn: &Connection) -> rusqlite::Result<Vec<Day>> {
    if conn.table_exists(None, "history")? { days(conn) } else { Ok(Vec::new()) }
}

/// The row that makes a file the place where its numbers are read.
fn adopt(conn: &mut Connection, day: &Day) -> Result<(), StoreError> {
    let tx: Transaction<'_> = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute(
        "INSERT INTO history (first, last, rows, oldest, newest, bytes, file) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            signed(day.first)?,
            signed(day.last)?,
            signed(day.rows)?,
            day.oldest.0,
            day.newest.0,
            signed(day.bytes)?,
            day.file
        ],
    )?;
    Ok(tx.commit()?)
}

fn days(conn: &Connection) -> rusqlite::Result<Vec<Day>> {
    let mut read = conn.prepare("SELECT first, last, rows, oldest, newest, bytes, file FROM history ORDER BY first")?;
    let days = read.query_map([], |row| {
        Ok(Day {
            first: unsigned(row.get(0)?),
            last: unsigned(row.get(1)?),
            rows: unsigned(row.get(2)?),
            oldest: Timestamp(row.get(3)?),
            newest: Timestamp(row.get(4)?),
            bytes: unsigned(row.get(5)?),
            file: row.get(6)?,
        })
    })?;
    days.collect()
}

/// When a day ends: when the next one begins.
fn end_of(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let next = date.tomorrow().ok()?.to_zoned(zone.clone()).ok()?;
    Some(Timestamp(next.timestamp().as_millisecond()))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A name is only there after a power cut when its folder was brought to the disk.
fn sync(folder: &Path) -> io::Result<()> {
    match File::open(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        opened => opened?.sync_all(),
    }
}

fn broken(folder: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", folder.display()))
}
