//! Backups in a folder: one for each time that is set, and only so many of them.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{SUFFIX, back_up};
use crate::domain::time::Timestamp;
use crate::ports::{Copied, Copier};

/// Begins the names of these files; only they are counted and deleted.
const PREFIX: &str = "qunwei-";
/// When it was made, in UTC.
const TIME: &str = "%Y%m%dT%H%M%SZ";

/// Backs up one data directory.
#[derive(Debug)]
pub(in crate::store) struct Backups {
    pub(in crate::store) data: PathBuf,
}

/// The name of a backup that is made at this time.
pub fn name_at(at: Timestamp) -> String {
    format!("{PREFIX}{}{SUFFIX}", at.zoned(&TimeZone::UTC).strftime(TIME))
}

impl Copier for Backups {
    fn keep_up(&self, folder: &Path, due: Timestamp, keep: usize, now: Timestamp) -> Result<Copied, String> {
        if let Some((newest, _)) = there(folder, now)?.pop().filter(|(newest, _)| *newest >= due) {
            return Ok(Copied { newest, made: None, left: None });
        }
        let made = back_up(&self.data, &folder.join(name_at(now)), now).map_err(|error| error.to_string())?;
        for missing in &made.missing {
            tracing::warn!(file = missing, "a file of the history is not there, and so not in the backup");
        }
        // Only now, when there is a newer one.
        Ok(Copied { newest: now, made: Some(made.bytes), left: rotate(folder, keep, now).err() })
    }
}

/// Deletes the oldest until only `keep` are left; tries each, and says why one of them is still there.
fn rotate(folder: &Path, keep: usize, now: Timestamp) -> Result<(), String> {
    let mut result = Ok(());
    for (_, old) in there(folder, now)?.iter().rev().skip(keep) {
        match fs::remove_file(old) {
            Ok(()) => tracing::info!(file = %old.display(), "a backup was old enough to be deleted"),
            Err(error) => result = Err(format!("{} cannot be deleted: {error}", old.display())),
        }
    }
    result
}

/// The backups in a folder that were made by now, the newest last.
fn there(folder: &Path, now: Timestamp) -> Result<Vec<(Timestamp, PathBuf)>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
    let mut files: Vec<_> =
        entries.flatten().filter_map(|entry| Some((made(&entry.file_name())?, entry.path()))).collect();
    files.retain(|(at, _)| at.0 <= now.0 + 1000); // a clock that was wrong once is no reason to make none for years
    files.sort();
    Ok(files)
}

/// When the file of this name was made; `None` where it is none of ours.
fn made(name: &std::ffi::OsStr) -> Option<Timestamp> {
    let time = name.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let at = DateTime::strptime(TIME, time).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp(at.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Options, SqliteStore};

    #[test]
    fn one_that_cannot_be_deleted_is_told_beside_the_new_one() {
        let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        drop(SqliteStore::open(data.path(), Options::default()).unwrap());
        let day = |day: i64| Timestamp(1_795_395_600_000 + day * 86_400_000);
        // A folder cannot be deleted as a file is, by whomever.
        let stuck = folder.path().join(name_at(day(0)));
        fs::create_dir(&stuck).unwrap();
        fs::write(folder.path().join(name_at(day(-1))), "old").unwrap();
        let backups = Backups { data: data.path().to_owned() };
        let copied = backups.keep_up(folder.path(), day(1), 1, day(1)).unwrap();
        assert!(copied.made.is_some() && copied.newest == day(1), "{copied:?}");
        assert!(copied.left.unwrap().contains(&*stuck.to_string_lossy()));
        assert!(!folder.path().join(name_at(day(-1))).exists(), "the others go all the same");
        assert!(folder.path().join(name_at(day(1))).is_file());
        fs::remove_dir(stuck).unwrap();
        let copied = backups.keep_up(folder.path(), day(2), 1, day(2)).unwrap();
        assert_eq!((copied.left, there(folder.path(), day(2)).unwrap().len()), (None, 1));
    }
}
