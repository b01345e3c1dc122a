//! What SQLite's errors mean to who called: one row that cannot be stored, or nothing can be stored now.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use rusqlite::{Connection, Error, ErrorCode};

use super::{private, seal};
use crate::ports::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let text = error.to_string(); // names tables and columns, never values
        match error {
            Error::ToSqlConversionFailure(_) => StoreError::Row(text),
            Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch => StoreError::Row(text),
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Damaged(text),
                _ if seal::is_damage(&text) => StoreError::Damaged(text),
                // Everything else, an unknown code too: what is not the row's fault must not be answered as if it were.
                _ => StoreError::Unavailable(text),
            },
            _ => StoreError::Unavailable(text),
        }
    }
}

/// SQLite calls everything that the system refuses an I/O error; what the system says is asked of it.
pub(super) fn explain(error: StoreError, conn: &Connection) -> StoreError {
    let StoreError::Unavailable(text) = error else { return error };
    let file = conn.path().filter(|file| !file.is_empty() && text.contains("I/O"));
    let why = file.and_then(|file| try_to_write(&Path::new(file).with_extension("probe")).err());
    StoreError::Unavailable(why.map_or(text.clone(), |why| format!("{text}: {why}")))
}

fn try_to_write(aside: &Path) -> io::Result<()> {
    let written = private::options().write(true).create(true).truncate(true).open(aside);
    let written = written.and_then(|mut file| file.write_all(b"?").and_then(|()| file.sync_all()));
    fs::remove_file(aside).ok(); // it may never have been there
    written
}

/// A number as SQLite keeps it.
pub(super) fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Row(format!("{number} is too large a number")))
}

/// A number that SQLite kept; all that are written are at least zero.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A value as JSON.
pub(super) fn encode<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Row(error.to_string()))
}

/// A value from JSON that was stored; `what` names it to the operator, without its content.
pub(super) fn decode<T: serde::de::DeserializeOwned>(what: &str, json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json)
        .map_err(|error| StoreError::Damaged(format!("{what} cannot be read from column {} on", error.column())))
}
