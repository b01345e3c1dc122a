//! A backup into an empty folder: all of it or nothing.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rusqlite::Connection;

use super::archive;
use super::make::{EMPTY, faults};
use super::{BackupError, Head};
use crate::store::lock::{DirLock, Refusal};
use crate::store::{Keyring, OpenError, history, open, private, schema};

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// Whose backup it was, and of when.
    pub head: Head,
    /// Files of the history in it.
    pub days: usize,
}

/// A backup that lies open in a folder.
#[derive(Clone, Debug)]
pub struct Unpacked {
    /// What stands in its head.
    pub head: Head,
    /// Files of the history in it.
    pub days: usize,
}

/// Unpacks a backup into a folder that is there and has nothing of ours in it, comparing every sum.
///
/// # Errors
/// It is not whole, or the folder cannot be written; what was unpacked is left in the folder.
pub fn unpack(file: &Path, into: &Path) -> Result<Unpacked, BackupError> {
    let mut days = 0;
    let (head, _) = archive::read(file, |name, from| {
        let path = into.join(name);
        if let Some(folder) = path.parent().filter(|folder| *folder != into) {
            private::folder(folder)?;
            days += 1;
        }
        let mut to = private::file(&path)?;
        io::copy(from, &mut to)?;
        to.sync_all()
    })?;
    if !into.join(open::FILE).is_file() {
        let why = format!("there is no `{}` in it", open::FILE);
        return Err(BackupError::NotWhole { file: file.to_owned(), why });
    }
    Ok(Unpacked { head, days })
}

/// Fills an empty or new data directory from a backup.
///
/// # Errors
/// Nothing was restored, and the directory is as empty as it was.
pub fn restore(file: &Path, dir: &Path) -> Result<Restored, BackupError> {
    let here = |error| BackupError::io(format!("cannot write {}", dir.display()))(error);
    let made = !dir.exists();
    open::make_dir(dir)?;
    let lock = DirLock::take_to_fill(dir, made).map_err(|refusal| match refusal {
        Refusal::Held(holder) => BackupError::Open(OpenError::InUse { dir: dir.to_owned(), holder }),
        Refusal::Io(error) => here(error),
    })?;
    let aside = dir.join(open::RESTORING);
    let cut_off = aside.is_dir();
    if let Some(found) = in_the_way(dir, cut_off).map_err(here)? {
        return Err(BackupError::NotEmpty { dir: dir.to_owned(), found });
    }
    if cut_off {
        clear(dir).map_err(here)?; // of a restore that was killed
    }
    let restored = fill(file, dir, &aside);
    if restored.is_err() {
        clear(dir).ok();
        fs::remove_file(dir.join("lock")).ok();
        drop(lock);
        if made {
            fs::remove_dir(dir).ok(); // only if it is empty
        }
    }
    restored
}

fn fill(file: &Path, dir: &Path, aside: &Path) -> Result<Restored, BackupError> {
    let here = |error| BackupError::io(format!("cannot write {}", dir.display()))(error);
    private::folder(aside).map_err(here)?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(here)?; // from here on it is known that this is half-way
    let Unpacked { head, days } = unpack(file, aside)?;
    let database = aside.join(open::FILE);
    let conn = Connection::open(&database)?;
    open::inspect(&conn, &Keyring::as_stored(), &database)??;
    if let Some(why) = faults(&conn, "integrity_check")? {
        return Err(BackupError::NotWhole { file: file.to_owned(), why: format!("its database is damaged: {why}") });
    }
    if schema::version(&conn)? == 0 {
        return Err(BackupError::NotWhole { file: file.to_owned(), why: format!("its database is no store: {EMPTY}") });
    }
    conn.close().map_err(|(_, error)| error)?;
    let folder = aside.join(history::FOLDER);
    if folder.is_dir() {
        File::open(&folder).and_then(|folder| folder.sync_all()).map_err(here)?;
        fs::rename(&folder, dir.join(history::FOLDER)).map_err(here)?;
    }
    fs::rename(&database, dir.join(open::FILE)).map_err(here)?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(here)?;
    fs::remove_dir_all(aside).map_err(here)?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(here)?;
    Ok(Restored { head, days })
}

/// What keeps a directory from being an empty one; what a restore that was cut off left is nothing.
fn in_the_way(dir: &Path, cut_off: bool) -> io::Result<Option<String>> {
    let names = fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names = names.collect::<io::Result<Vec<String>>>()?;
    let ours = [open::RESTORING, open::FILE, history::FOLDER];
    let left = |name: &String| name != "lock" && !(cut_off && ours.contains(&name.as_str()));
    Ok(names.into_iter().filter(left).min())
}

/// Takes away what a restore has put there: what says that it is half-way goes last.
fn clear(dir: &Path) -> io::Result<()> {
    let gone = |removed: io::Result<()>| match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    gone(fs::remove_file(dir.join(open::FILE)))?;
    gone(fs::remove_dir_all(dir.join(history::FOLDER)))?;
    gone(fs::remove_dir_all(dir.join(open::RESTORING)))
}
