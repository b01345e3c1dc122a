//! Sealing what was stored before a key was given, or under another one; or opening all of it. While no daemon is running.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, params};

use super::{Column, HEAD, Keyring, SEALED};
use crate::ports::StoreError;
use crate::store::error::signed;
use crate::store::history::{self, History};
use crate::store::{OpenError, erase, open};

/// Rows that are written in one transaction.
const PIECE: i64 = 10_000;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Values of the database.
    pub values: u64,
    /// Files of the history that were written anew.
    pub files: u64,
}

/// Why not everything was sealed or opened. What was done stays; the next run does the rest.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The data directory, e.g. a daemon is running in it.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What is in it.
    #[error("{0}; what was done stays, and the next run does the rest")]
    Store(#[from] StoreError),
    /// Nothing to seal with.
    #[error("there is no key to seal with: name one in [daemon.seal], key_file = \"PATH\" or key_env = \"NAME\"")]
    NoKey,
}

impl From<rusqlite::Error> for SealError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Seals everything in a data directory with the first of these keys, or opens everything (`open_all`); then the database is written
/// anew, so that nothing of before is left in it.
///
/// # Errors
/// Not everything could be; nothing is lost.
pub fn reseal(dir: &Path, keys: &Keyring, open_all: bool) -> Result<Resealed, SealError> {
    if !dir.is_dir() {
        return Err(OpenError::Missing(dir.to_owned()).into());
    }
    if keys.current().is_none() && !open_all {
        return Err(SealError::NoKey);
    }
    let to = if open_all { keys.only_opening() } else { keys.clone() };
    let (_lock, conn) = open::open(dir, &to)?;
    let mut done = Resealed::default();
    for column in SEALED {
        done.values += in_table(&conn, column, &to)?;
    }
    History::clear_parts(dir);
    let mut history = History::load(&conn, dir, &to)?;
    for day in history::named(&conn)? {
        let path = history::path(dir, &day.file);
        if path.is_file() && in_file(&path, &to)? > 0 {
            let aside = erase::aside(&path);
            let bytes = fs::metadata(&aside).map_or(day.bytes, |about| about.len());
            history.replace(day.first, &aside)?;
            conn.execute(
                "UPDATE history SET bytes = ?2 WHERE first = ?1",
                params![signed(day.first)?, signed(bytes)?],
            )?;
            done.files += 1;
        }
    }
    erase::scrub(&conn)?;
    let last = to.name().unwrap_or_default();
    conn.execute("DELETE FROM seals WHERE key != ?1", [last])?;
    conn.execute("UPDATE seals SET rest = 0", [])?;
    erase::clear_log(&conn)?;
    Ok(done)
}

/// Writes every value of a column anew that is not as it should be; says how many.
fn in_table(conn: &Connection, column: &Column, keys: &Keyring) -> Result<u64, StoreError> {
    let Column { table, name, .. } = column;
    let (head, other) = match keys.name() {
        Some(key) => (format!("{HEAD}{key}:"), "!="),
        None => (HEAD.to_owned(), "="),
    };
    let to = column.call("seal", &column.call("unseal", name));
    let which = format!("{name} IS NOT NULL AND CAST(substr({name}, 1, {}) AS TEXT) {other} '{head}'", head.len());
    let sql = "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1";
    let by_name: bool = conn.query_row(sql, [table], |row| row.get(0))?;
    if by_name {
        let changed = conn.execute(&format!("UPDATE {table} SET {name} = {to} WHERE {which}"), [])?;
        return Ok(changed as u64); // small tables
    }
    let (mut after, last): (i64, i64) = conn.query_row(
        &format!("SELECT coalesce(min(rowid), 1) - 1, coalesce(max(rowid), 0) FROM {table}"),
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut update =
        conn.prepare(&format!("UPDATE {table} SET {name} = {to} WHERE rowid > ?1 AND rowid <= ?2 AND {which}"))?;
    let mut changed = 0;
    while after < last {
        changed += update.execute(params![after, after.saturating_add(PIECE)])? as u64;
        after = after.saturating_add(PIECE);
    }
    Ok(changed)
}

/// Writes a file of the history anew, aside; says how many values were changed.
fn in_file(path: &Path, keys: &Keyring) -> Result<u64, StoreError> {
    erase::write_aside(path, keys, |tx| {
        let journal = SEALED.iter().filter(|column| column.table == "journal");
        journal.map(|column| in_table(tx, column, keys)).sum()
    })
}
