//! Opening a data directory, and why one is refused. Nothing is written before everything was looked at.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::lock::{DirLock, Refusal};
use super::seal::{self, Keyring};
use super::{private, schema};
use crate::ports::StoreError;

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is something else of that name.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// Nothing of ours is there.
    #[error("there is no store in {}", .0.display())]
    Missing(PathBuf),
    /// Read-only, or no permission.
    #[error("data directory {} cannot be written: {why}", dir.display())]
    Unwritable {
        /// The data directory.
        dir: PathBuf,
        /// What the system says.
        why: String,
    },
    /// No space left.
    #[error("data directory {} cannot be written: the disk is full", .0.display())]
    DiskFull(PathBuf),
    /// A second daemon.
    #[error("data directory {} is in use by {holder}", dir.display())]
    InUse {
        /// The data directory.
        dir: PathBuf,
        /// Who has it, with process id and since when.
        holder: String,
    },
    /// Garbage, or another program's database.
    #[error("{} is not a store of Qunwei ({why}); it was left as it is", file.display())]
    NotAStore {
        /// The file.
        file: PathBuf,
        /// How that is known.
        why: String,
    },
    /// Damaged.
    #[error("{} is damaged ({why}); it was left as it is: restore a backup", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What was found.
        why: String,
    },
    /// Written by a later version.
    #[error("{} was written by a newer Qunwei (schema {found}; this one knows {known}); it was left as it is. \
         Install that version again: this is {this}", file.display(), this = env!("CARGO_PKG_VERSION"))]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its schema.
        found: usize,
        /// The latest known here.
        known: usize,
    },
    /// Sealed with a key that was not given.
    #[error("{} has texts that are sealed with the key {key}, and {given}; it was left as it is", file.display())]
    Sealed {
        /// The file.
        file: PathBuf,
        /// The name of the key.
        key: String,
        /// What was given instead, and what to do.
        given: String,
    },
    /// A restore was killed.
    #[error("a restore into {} was cut off; run `qunwei restore` into it again", .0.display())]
    HalfRestored(PathBuf),
    /// Anything else.
    #[error("{} cannot be opened: {why}", file.display())]
    Other {
        /// The file.
        file: PathBuf,
        /// What went wrong.
        why: String,
    },
}

/// The database's file in the data directory.
pub(super) const FILE: &str = "qunwei.db";

/// A folder in the data directory while a backup is being restored into it.
pub(super) const RESTORING: &str = ".restoring";

/// How much of the database is kept in memory, in KiB: enough for the inner pages of every tree.
const CACHE_KIB: i64 = 3072;
/// A commit copies what is left of the log once it holds this many pages of 4 KiB …
const CHECKPOINT_PAGES: i64 = 8000;
/// … and a log that one large commit has made longer than this is cut back to it, in bytes.
const LOG_LIMIT: i64 = 64 << 20;

/// Locks the directory (created if missing) and opens its database, brought to the latest schema.
pub(super) fn open(dir: &Path, keys: &Keyring) -> Result<(DirLock, Connection), OpenError> {
    make_dir(dir)?;
    let lock = DirLock::take(dir).map_err(|refusal| match refusal {
        Refusal::Held(holder) => OpenError::InUse { dir: dir.to_owned(), holder },
        Refusal::Io(error) => io_error(dir, &error),
    })?;
    if dir.join(RESTORING).exists() {
        return Err(OpenError::HalfRestored(dir.to_owned()));
    }
    let file = dir.join(FILE);
    let conn = connect(&file, keys).map_err(|error| sql_error(dir, &error))??;
    Ok((lock, conn))
}

/// Whether a directory has the file of a store with nothing in it: a start that ended just then leaves that, and who lost what was there.
pub fn begins_empty(dir: &Path) -> bool {
    dir.join(FILE).metadata().is_ok_and(|about| about.len() == 0)
}

pub(super) fn make_dir(dir: &Path) -> Result<(), OpenError> {
    if dir.is_dir() {
        return Ok(());
    }
    private::folder(dir).map_err(|error| io_error(dir, &error))?;
    // Otherwise a power cut could take the directory away with everything in it. Not every file system can.
    if let Some(parent) = dir.parent().and_then(|parent| File::open(parent).ok()) {
        let _ = parent.sync_all();
    }
    Ok(())
}

fn connect(file: &Path, keys: &Keyring) -> rusqlite::Result<Result<Connection, OpenError>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    private::for_sqlite(file)?;
    let mut conn = Connection::open_with_flags(file, flags)?;
    if let Err(refused) = inspect(&conn, keys, file)? {
        return Ok(Err(refused));
    }
    keys.install(&conn)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "fullfsync", true)?; // where fsync alone does not reach the disk (macOS)
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    conn.pragma_update(None, "journal_size_limit", LOG_LIMIT)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    // Else a query is planned anew for every value that is bound to it, at four times what running it costs.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // What is deleted or replaced is overwritten too: it is gone from the file, not only from its tables.
    conn.pragma_update(None, "secure_delete", true)?;
    conn.set_prepared_statement_cache_capacity(96);
    schema::migrate(&mut conn, schema::MIGRATIONS)?;
    if seal::begin(&mut conn, keys)? {
        let key = keys.name().unwrap_or_default();
        tracing::warn!(
            key,
            "what was stored before this key is plain, or sealed with another; `qunwei seal` with the daemon stopped seals all of it"
        );
    }
    Ok(Ok(conn))
}

/// For a store that is thrown away: nothing waits for the disk.
pub(super) fn scratch(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "synchronous", "OFF")?;
    conn.pragma_update(None, "secure_delete", false)
}

/// Reads, and only reads, whether the file is ours, and whether these keys open it.
pub(super) fn inspect(conn: &Connection, keys: &Keyring, file: &Path) -> rusqlite::Result<Result<(), OpenError>> {
    let found = schema::version(conn)?;
    let application: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let known = schema::MIGRATIONS.len();
    let ours = application == schema::APPLICATION || (application == 0 && found == 0 && tables == 0);
    Ok(if !ours {
        let why = "it is a database of another program".to_owned();
        Err(OpenError::NotAStore { file: file.to_owned(), why })
    } else if found > known {
        Err(OpenError::Newer { file: file.to_owned(), found, known })
    } else {
        seal::inspect(conn, keys, file)?
    })
}

fn io_error(dir: &Path, error: &io::Error) -> OpenError {
    let dir = dir.to_owned();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => OpenError::DiskFull(dir),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => OpenError::NotADirectory(dir),
        _ => OpenError::Unwritable { dir, why: error.to_string() },
    }
}

/// What an error of SQLite means when a data directory is opened.
pub(super) fn sql_error(dir: &Path, error: &rusqlite::Error) -> OpenError {
    let (file, why) = (dir.join(FILE), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotAStore { file, why },
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { file, why },
        Some(ErrorCode::DiskFull) => OpenError::DiskFull(dir.to_owned()),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            OpenError::Unwritable { dir: dir.to_owned(), why }
        }
        _ => OpenError::Other { file, why },
    }
}

/// What an error of the store means when a data directory is opened.
pub(super) fn store_error(dir: &Path, error: &StoreError) -> OpenError {
    let (file, why) = (dir.join(FILE), error.to_string());
    match error {
        StoreError::Damaged(why) => OpenError::Damaged { file, why: why.clone() },
        StoreError::Row(_) | StoreError::Unavailable(_) => OpenError::Other { file, why },
    }
}
