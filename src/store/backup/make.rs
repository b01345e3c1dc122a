//! Making a backup.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension};
use tempfile::TempDir;

use super::archive::{self, Writer};
use super::{BackupError, FORMAT, Head};
use crate::domain::time::Timestamp;
use crate::store::history::{self, Day};
use crate::store::lock::DirLock;
use crate::store::{Keyring, open, peek, private, schema};

/// What a backup came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// The file.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Of when the database in it is.
    pub at: Timestamp,
    /// Files of the history in it.
    pub days: usize,
    /// What an operator should look at all the same: files of the history that are named and not there.
    pub missing: Vec<String>,
}

/// Folders in which a backup is made, beside where it will be: what a run that was killed leaves is removed by the next one.
const ASIDE: &str = ".qunwei-backup-";

/// SQLite's steps after which it is looked whether it is time to rest.
const STEPS: i32 = 10_000;
/// So long it works …
const WORK: Duration = Duration::from_millis(50);
/// … and then rests as long as that and the syncing took, but no longer than this.
const REST: Duration = Duration::from_millis(500);

/// Of a database that no daemon has begun: a file of 0 bytes is one to SQLite.
pub(super) const EMPTY: &str = "it is empty, without a single table";

/// A file that is named and not there may just be being deleted by age: its name goes next.
const GOING: (u32, Duration) = (40, Duration::from_millis(50));

/// Writes everything in a data directory into a new file, checks it, and only then gives it its name. A daemon may be running.
///
/// # Errors
/// There is no such file afterwards, and nothing is left of it.
pub fn back_up(data: &Path, to: &Path, at: Timestamp) -> Result<BackedUp, BackupError> {
    if to.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let aside = Aside::make(to)?;
    let database = aside.path(open::FILE);
    write_database(data, &database)?;
    let conn = Connection::open(&database)?;
    let original = data.join(open::FILE);
    sound(&conn, &original)?;
    let schema = schema::version(&conn)?;
    if schema == 0 {
        return Err(BackupError::Damaged { file: original, why: EMPTY.to_owned() });
    }
    let head = Head {
        qunwei: "backup".to_owned(),
        format: FORMAT,
        schema: u32::try_from(schema).unwrap_or(u32::MAX),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at: at.to_string(),
    };
    let packed = aside.path("packed");
    let failed = |error| BackupError::io(format!("cannot write {}", to.display()))(error);
    let mut writer = private::file(&packed).and_then(|file| Writer::new(file, &head)).map_err(failed)?;
    let (mut days, mut missing) = (0, Vec::new());
    for day in history::named(&conn)? {
        match pack(&mut writer, data, &conn, &day)? {
            Packed::Whole => days += 1,
            Packed::Deleted => {}
            Packed::Missing => missing.push(day.file),
        }
    }
    conn.close().map_err(|(_, error)| error)?;
    let file = File::open(&database).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    writer.add(open::FILE, size, file).map_err(failed)?;
    let sums = writer.finish().map_err(failed)?;
    let (_, read) = archive::read(&packed, |_, from| io::copy(from, &mut io::sink()).map(drop))?;
    if read != sums {
        let why = "what was read again is not what was written".to_owned();
        return Err(BackupError::NotWhole { file: to.to_owned(), why });
    }
    let bytes = packed.metadata().map_err(failed)?.len();
    publish(&packed, to)?;
    Ok(BackedUp { file: to.to_owned(), bytes, at, days, missing })
}

/// The database as it is at one moment. SQLite reads and writes it row by row, and nothing that was deleted is in it.
pub(in crate::store) fn write_database(data: &Path, to: &Path) -> Result<(), BackupError> {
    peek::snapshot(data, &Keyring::as_stored())?; // says why, where there is none
    let mut conn = peek::reader(data)?;
    let (mut since, written) = (Instant::now(), to.to_owned());
    let rest = move || {
        if since.elapsed() >= WORK {
            // Brought to the disk little by little: much at once would hold up a daemon's own syncing.
            File::open(&written).and_then(|file| file.sync_data()).ok();
            thread::sleep(since.elapsed().min(REST));
            since = Instant::now();
        }
        false
    };
    conn.progress_handler(STEPS, Some(rest))?;
    let written = conn.execute("VACUUM INTO ?1", [to.to_string_lossy()]);
    written.map_err(|error| BackupError::Open(peek::unreadable(data, &error)))?;
    Ok(())
}

/// What is written must be sound: a damaged copy would take the place of good ones.
fn sound(conn: &Connection, file: &Path) -> Result<(), BackupError> {
    match faults(conn, "integrity_check")? {
        None => Ok(()),
        Some(why) => Err(BackupError::Damaged { file: file.to_owned(), why }),
    }
}

/// What SQLite's own check finds wrong.
pub(super) fn faults(conn: &Connection, check: &str) -> rusqlite::Result<Option<String>> {
    let mut read = conn.prepare(&format!("PRAGMA {check}(3)"))?;
    let lines: Vec<String> = read.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok((lines != ["ok"]).then(|| lines.join("; ").replace('\n', " ")))
}

#[derive(Debug, PartialEq, Eq)]
pub(in crate::store) enum Packed {
    Whole,
    /// By age, since the database was copied: the copy names it no more either.
    Deleted,
    /// Somebody took it away.
    Missing,
}

/// Adds a file of the history, which may be deleted at any moment: once it is open, that does no harm.
pub(in crate::store) fn pack(
    writer: &mut Writer,
    data: &Path,
    copy: &Connection,
    day: &Day,
) -> Result<Packed, BackupError> {
    let path = history::path(data, &day.file);
    let failed = |error| BackupError::io(format!("cannot read {}", path.display()))(error);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if !is_gone(data, day)? {
                return Ok(Packed::Missing);
            }
            copy.execute("DELETE FROM history WHERE first = ?1", [day.first.cast_signed()])?;
            return Ok(Packed::Deleted);
        }
        Err(error) => return Err(failed(error)),
    };
    if let Ok(conn) = history::open(&path)
        && let Some(why) = faults(&conn, "quick_check")?
    {
        return Err(BackupError::Damaged { file: path.clone(), why });
    }
    let size = file.metadata().map_err(failed)?.len();
    writer.add(&format!("{}/{}", history::FOLDER, day.file), size, file).map_err(failed)?;
    Ok(Packed::Whole)
}

/// Whether the store has deleted a file by age: it takes the file away first, then its name.
fn is_gone(data: &Path, day: &Day) -> Result<bool, BackupError> {
    let conn = peek::reader(data)?;
    let (times, pause) = GOING;
    for _ in 0..times {
        let named = "SELECT 1 FROM history WHERE first = ?1";
        if conn.query_row(named, [day.first.cast_signed()], |_| Ok(())).optional()?.is_none() {
            return Ok(true);
        }
        thread::sleep(pause);
    }
    Ok(false)
}

/// Gives a finished file its name, where no file of that name has come meanwhile.
fn publish(packed: &Path, to: &Path) -> Result<(), BackupError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    let failed = |error| BackupError::io(format!("cannot write {}", to.display()))(error);
    match renameat_with(CWD, packed, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => {}
        Err(rustix::io::Errno::EXIST) => return Err(BackupError::Exists(to.to_owned())),
        // Not every file system can; then the look before must do.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            if to.symlink_metadata().is_ok() {
                return Err(BackupError::Exists(to.to_owned()));
            }
            fs::rename(packed, to).map_err(failed)?;
        }
        Err(error) => return Err(failed(error.into())),
    }
    File::open(folder(to)).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn folder(of: &Path) -> &Path {
    of.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A folder of our own beside a file that is to be.
pub(super) struct Aside {
    // First: the lock ends before its folder goes.
    _lock: DirLock,
    dir: TempDir,
}

/// Removes what a killed run has left; the file by which it is known to be that goes last, should this one be killed too.
fn remove(aside: &Path) -> io::Result<()> {
    for entry in fs::read_dir(aside)?.flatten().filter(|entry| entry.file_name() != "lock") {
        fs::remove_file(entry.path())?;
    }
    fs::remove_dir_all(aside)
}

impl Drop for Aside {
    fn drop(&mut self) {
        remove(self.dir.path()).ok(); // else the next run does
    }
}

impl Aside {
    /// Makes one, after what killed runs have left was removed.
    pub(super) fn make(beside: &Path) -> Result<Self, BackupError> {
        let folder = folder(beside);
        let failed = |error| BackupError::io(format!("cannot write into {}", folder.display()))(error);
        for entry in fs::read_dir(folder).map_err(failed)?.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let ours = name.to_string_lossy().starts_with(ASIDE) && path.join("lock").is_file();
            if ours && let Ok(_unused) = DirLock::take(&path) {
                remove(&path).map_err(failed)?;
            }
        }
        let dir = tempfile::Builder::new().prefix(ASIDE).tempdir_in(folder).map_err(failed)?;
        let lock = DirLock::take(dir.path()).map_err(|refusal| failed(refusal.into_io()))?;
        Ok(Self { _lock: lock, dir })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}
