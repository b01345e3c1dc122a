//! The state of a data directory as one file that another machine can read: JSON Lines, written and read line by line.
//!
//! ```text
//! {"qunwei":"state","format":1,"schema":4,"version":"0.1.0","at":"…","messages":false}
//! {"table":"cases","columns":["no","group_id","body"]}
//! [1,1,"{…}"]                                            a row; bytes are {"base64":"…"}
//! {"end":{"rows":{"cases":1,…},"sha256":"…"}}            of everything before this line
//! ```
//!
//! The tables are those of [`TABLES`], with the columns they have: who adds a table adds a word there. A file of an older schema
//! is read into a database of that schema, which is then brought up to date as any older database is.

mod export;
mod import;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::OpenError;
use crate::ports::StoreError;

pub use export::export_state;
pub use import::import_state;

/// Every table that is state. The journal is written after them.
pub(super) const TABLES: &[&str] = &[
    "groups",
    "members",
    "admins",
    "standings",
    "ledgers",
    "newcomers",
    "company_alerts",
    "cases",
    "evidence",
    "case_messages",
    "undone",
    "decisions",
    "tasks",
    "chat_changes",
    "pauses",
    "known_groups",
    "schedules",
    "reminders",
    "reminded",
    "lessons",
    "marks",
    "commands",
    "timers",
    "pictures",
    "outbox",
    "windows",
    "habits",
    "configs",
    "config_cases",
    "forgotten",
    "erasures",
    "audit",
    "audit_before",
    // What is sealed stays sealed; the other machine needs the key.
    "seals",
    // So that what is sent again to the new place is known there.
    "seen_log",
    "seen_segments",
    "seen_buckets",
];

/// The table of the inputs: those that the windows do not include, or with messages all, in files or not.
pub(super) const JOURNAL: &str = "journal";

/// The version of the format above; a reader refuses later ones.
const FORMAT: u32 = 1;

/// What a transfer came to: rows by table.
pub type Rows = BTreeMap<String, u64>;

/// Why state was not written or read.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The data directory.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database.
    #[error("the store: {0}")]
    Store(#[from] rusqlite::Error),
    /// Its audit chain.
    #[error(transparent)]
    Chain(#[from] StoreError),
    /// The file, or the disk.
    #[error("{what}: {error}")]
    Io {
        /// What was done.
        what: String,
        /// What the system says.
        error: io::Error,
    },
    /// Something is there already.
    #[error("{} is not empty: `{found}` is in the way; nothing was imported. Name a new or an empty folder", dir.display())]
    NotEmpty {
        /// The data directory.
        dir: PathBuf,
        /// What is there.
        found: String,
    },
    /// Written by a later version.
    #[error(
        "it was exported by a newer Qunwei ({what} {found}; this one knows {known}); nothing was imported. Install that version"
    )]
    Newer {
        /// `format` or `schema`.
        what: &'static str,
        /// The file's.
        found: u32,
        /// The latest known here.
        known: u32,
    },
    /// The file is not what it should be.
    #[error("line {line}: {why}; nothing was imported. Copy the file again, or export again")]
    Damaged {
        /// From 1.
        line: u64,
        /// What is wrong.
        why: String,
    },
}

impl TransferError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |error| Self::Io { what, error }
    }
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    qunwei: String,
    format: u32,
    schema: u32,
    version: String,
    at: String,
    messages: bool,
}

/// The line before the rows of a table.
#[derive(Serialize, Deserialize)]
struct TableHead {
    table: String,
    columns: Vec<String>,
}

/// The last line.
#[derive(Serialize, Deserialize)]
struct End {
    end: Sums,
}

/// What all the lines before come to.
#[derive(Serialize, Deserialize)]
struct Sums {
    rows: Rows,
    sha256: String,
}
