//! A data directory as it is at one moment, to be compared with another: with what a fresh run of its inputs comes to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

use crate::ports::{Row, StoreError};
use crate::store::history::{self, History};
use crate::store::inspect::{self, TableCount};
use crate::store::transfer::TABLES;
use crate::store::{Keyring, OpenError, configs, peek, read, schema, seal};

/// Tables that are state but no consequence of the inputs alone: what jobs write, what readers note, what was compressed.
const NOT_COMPARED: &[&str] = &[
    "groups",
    "windows",
    "habits",
    "configs",
    "config_cases",
    "forgotten",
    "erasures",
    "audit", // its salts are drawn at random
    "audit_before",
    "marks",
    "pictures",
    "seals",
    "seen_log",
    "seen_segments",
    "seen_buckets",
];

/// Columns whose values depend on what was tried and not done, only count rows, or are drawn at random.
const LEFT_OUT: &[(&str, &str)] = &[
    ("outbox", "attempted"),
    ("outbox", "place"),
    // What is in the action; an import has not noted it yet.
    ("outbox", "platform"),
    ("outbox", "group_name"),
    ("outbox", "follows"),
    ("outbox", "turn"),
    ("evidence", "id"),
    ("commands", "id"),
    ("decisions", "id"),
    ("tasks", "place"),
    ("cases", "salt"),
    ("evidence", "salt"),
    ("undone", "salt"),
    ("decisions", "salt"),
    ("chat_changes", "salt"),
    ("chat_changes", "undone_salt"),
    ("commands", "salt"),
];

/// One moment of a data directory. While it lives, a daemon's log cannot begin anew.
pub struct Moment {
    dir: PathBuf,
    conn: Connection,
    history: History,
}

impl Moment {
    /// Of a directory in which a daemon may be running.
    ///
    /// # Errors
    /// There is no store in it, or it cannot be read.
    pub fn of(dir: &Path, keys: &Keyring) -> Result<Self, OpenError> {
        let conn = peek::snapshot(dir, keys)?;
        let sql = |error: rusqlite::Error| peek::unreadable(dir, &error);
        let history = if history::named(&conn).map_err(sql)?.is_empty() {
            History::none(dir)
        } else {
            History::load(&conn, dir, keys).map_err(sql)?
        };
        Ok(Self { dir: dir.to_owned(), conn, history })
    }

    /// Whether it has the latest schema.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn is_up_to_date(&self) -> Result<bool, StoreError> {
        Ok(schema::version(&self.conn)? == schema::MIGRATIONS.len())
    }

    /// How many steps of the schema it has had.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn schema(&self) -> Result<usize, StoreError> {
        Ok(schema::version(&self.conn)?)
    }

    /// How many rows each table has.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn counts(&self) -> Result<Vec<TableCount>, StoreError> {
        inspect::counts(&self.conn)
    }

    /// Whether somebody was erased: what they said leads to nothing any more.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn has_erasures(&self) -> Result<bool, StoreError> {
        Ok(self.conn.prepare("SELECT 1 FROM erasures")?.exists([])?)
    }

    /// Inputs after `seq`, in order, at most `limit`.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn journal(&mut self, after: u64, limit: usize) -> Result<Vec<Row>, StoreError> {
        let mut rows = self.history.after(after, limit)?;
        let after = self.history.last().max(after);
        rows.extend(read::journal(&self.conn, after, limit - rows.len())?);
        Ok(rows)
    }

    /// The files of a version of the configuration, if they are kept.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn config(&self, version: &str) -> Result<Option<Vec<(String, String)>>, StoreError> {
        configs::find(&self.conn, version)
    }

    /// In which tables another directory, which these keys open, has other rows, and which row differs first; never what is in it.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn differences(&self, other: &Path, keys: &Keyring) -> Result<Vec<String>, OpenError> {
        let theirs = peek::snapshot(other, keys)?;
        let mut differ = Vec::new();
        for table in TABLES.iter().filter(|table| !NOT_COMPARED.contains(table)) {
            let ours = rows(&self.conn, table).map_err(|error| peek::unreadable(&self.dir, &error))?;
            let theirs = rows(&theirs, table).map_err(|error| peek::unreadable(other, &error))?;
            if ours != theirs {
                let (more, less) = (ours.difference(&theirs).count(), theirs.difference(&ours).count());
                differ.push(format!("{table}: {more} rows are only stored, {less} only computed"));
            }
        }
        Ok(differ)
    }

    /// How many tables [`Moment::differences`] compares.
    pub fn compared() -> usize {
        TABLES.len() - NOT_COMPARED.len()
    }
}

/// The rows of a table, each as a hash, with names for numbers of groups.
fn rows(conn: &Connection, table: &str) -> rusqlite::Result<BTreeSet<[u8; 32]>> {
    let mut columns = Vec::new();
    for column in conn.prepare(&format!("SELECT * FROM {table}"))?.column_names() {
        if LEFT_OUT.contains(&(table, column)) {
            continue;
        }
        columns.push(match column {
            "group_id" => "(SELECT platform || char(0) || name FROM groups WHERE id = group_id)".to_owned(),
            column => seal::unsealed(table, column),
        });
    }
    let mut read = conn.prepare(&format!("SELECT {} FROM {table}", columns.join(", ")))?;
    let mut found = read.query([])?;
    let mut rows = BTreeSet::new();
    while let Some(row) = found.next()? {
        let mut hash = Sha256::new();
        for column in 0..columns.len() {
            let (kind, bytes): (u8, Vec<u8>) = match row.get_ref(column)? {
                ValueRef::Null => (0, Vec::new()),
                ValueRef::Integer(number) => (1, number.to_le_bytes().to_vec()),
                ValueRef::Real(number) => (2, number.to_le_bytes().to_vec()),
                ValueRef::Text(text) => (3, text.to_vec()),
                ValueRef::Blob(blob) => (4, blob.to_vec()),
            };
            hash.update([kind]);
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
        rows.insert(hash.finalize().into());
    }
    Ok(rows)
}
