//! A data directory as one file, made beside a daemon that may be running, and back again.
//!
//! ```text
//! backup.json        what it is, of which schema, of when
//! history/DAY.db     days of the journal that are over, as they are
//! qunwei.db          the database as it was at one moment, without its free pages
//! SHA256SUMS         of everything before it
//! ```
//!
//! A `tar` compressed by `gzip`, so that any machine can look into it, with Qunwei or without.
//!
//! - `make`: SQLite writes the database aside (`VACUUM INTO`, from a connection that only reads, so that no commit waits); files
//!   are packed; the whole is read again and compared, brought to the disk, and only then gets its name.
//! - `archive`: the file's form. `restore`: a file into an empty folder. `check`: whether a store is sound. `compare`: whether two
//!   are the same. `keep`: backups in a folder, by the clock.

pub(super) mod archive;
mod check;
mod compare;
mod keep;
pub(super) mod make;
mod restore;

use std::io;
use std::path::PathBuf;

pub use check::{CheckLine, Checked, Found, check};
pub use compare::Moment;
pub(super) use keep::Backups;
pub use keep::name_at;
pub use make::{BackedUp, back_up};
pub use restore::{Restored, Unpacked, restore, unpack};

use super::OpenError;

/// Ends the name of every backup.
pub const SUFFIX: &str = ".tar.gz";

/// Why there is no backup, or none was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The data directory.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database.
    #[error("the store: {0}")]
    Store(#[from] rusqlite::Error),
    /// A file, or the disk.
    #[error("{what}: {error}")]
    Io {
        /// What was to be done.
        what: String,
        /// What the system says.
        error: io::Error,
    },
    /// There is a file of that name.
    #[error("{} is there already and was left as it is; name a new file", .0.display())]
    Exists(PathBuf),
    /// What would be backed up is not sound.
    #[error("{} is damaged ({why}); no backup was made of it, and older backups are worth keeping", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What was found.
        why: String,
    },
    /// A file is not what `qunwei backup` writes, or not whole.
    #[error("{} is no whole backup: {why}", file.display())]
    NotWhole {
        /// The file.
        file: PathBuf,
        /// How that is known.
        why: String,
    },
    /// Written by a later version.
    #[error(
        "{} was made by a newer Qunwei {version} ({what} {found}; this is {this}, which knows {known}): install that version",
        file.display(), this = env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its Qunwei.
        version: String,
        /// `format` or `schema`.
        what: &'static str,
        /// The file's.
        found: u32,
        /// The latest known here.
        known: u32,
    },
    /// The folder to restore into is in use.
    #[error("{} is not empty: `{found}` is in the way; nothing was restored. Name a new or an empty folder", dir.display())]
    NotEmpty {
        /// The data directory.
        dir: PathBuf,
        /// What is there.
        found: String,
    },
}

impl BackupError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |error| Self::Io { what, error }
    }
}

/// The first entry of a backup.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Head {
    /// Always `backup`.
    pub(super) qunwei: String,
    /// Of the file, from 1.
    pub(super) format: u32,
    /// Of its database.
    pub schema: u32,
    /// Who made it.
    pub version: String,
    /// When, as RFC 3339.
    pub at: String,
}

/// The format that is written; later ones are refused.
const FORMAT: u32 = 1;
