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
            return Ok(Copied { newest, made: None });
        }
        let made = back_up(&self.data, &folder.join(name_at(now)), now).map_err(|error| error.to_string())?;
        for missing in &made.missing {
            tracing::warn!(file = missing, "a file of the history is not there, and so not in the backup");
        }
        // Only now, when there is a newer one.
        let all = there(folder, now)?;
        for (_, old) in all.iter().rev().skip(keep) {
            fs::remove_file(old).map_err(|error| format!("{} cannot be deleted: {error}", old.display()))?;
            tracing::info!(file = %old.display(), "a backup was old enough to be deleted");
        }
        Ok(Copied { newest: now, made: Some(made.bytes) })
    }
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
