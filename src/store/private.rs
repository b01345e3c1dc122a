//! Folders and files that only their owner reads, whatever the umask: they hold what people said. What exists keeps its mode.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// For a file that only its owner reads, should it be made.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A new file.
///
/// # Errors
/// There is one of that name, or it cannot be made.
pub fn file(path: &Path) -> io::Result<File> {
    options().write(true).create_new(true).open(path)
}

/// A file for SQLite to fill, where there is none: what SQLite makes itself is as the umask says. Its log and what else it puts
/// beside a database take the database's mode.
pub(super) fn for_sqlite(path: &Path) -> rusqlite::Result<()> {
    match file(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            let code = match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => rusqlite::ffi::SQLITE_FULL,
                _ => rusqlite::ffi::SQLITE_CANTOPEN,
            };
            Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(error.to_string())))
        }
        _ => Ok(()),
    }
}

/// A folder, and those above it that are missing.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
