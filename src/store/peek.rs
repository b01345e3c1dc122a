//! What was changed in the chat, read beside a daemon that is running: without the lock on its directory, and writing nothing.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::open::{self, OpenError};
use super::{Keyring, chat, configs, reminders, schema, seal};
use crate::domain::chat::ChatChange;
use crate::domain::reminder::ChatReminder;
use crate::ports::{StoreError, StoredPause};

/// How long somebody who brings the log in order after a crash is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The first schema that knows of changes made in the chat.
const SINCE: usize = 2;

/// The first that knows of reminders.
const WITH_REMINDERS: usize = 7;

/// What people changed in the chat, as it was at one moment.
#[derive(Debug, Default)]
pub struct ChatState {
    /// The changes in force, oldest first.
    pub changes: Vec<ChatChange>,
    /// Reminders that are set, or wait to be confirmed.
    pub reminders: Vec<ChatReminder>,
    /// What somebody stopped; empty names stand for everything.
    pub pauses: Vec<StoredPause>,
    /// The files of the last good configuration, by their paths from its directory.
    pub config: Option<Vec<(String, String)>>,
}

/// Reads what was changed in the chat. A daemon may be writing meanwhile.
///
/// # Errors
/// There is no store in the directory, or one that cannot be read, and why.
pub fn chat_state(dir: &Path, keys: &Keyring) -> Result<ChatState, OpenError> {
    let conn = snapshot(dir, keys)?;
    let other = |why: String| OpenError::Other { file: dir.join(open::FILE), why };
    if schema::version(&conn).map_err(|error| open::sql_error(dir, &error))? < SINCE {
        return Ok(ChatState::default());
    }
    read(&conn).map_err(|error| other(error.to_string()))
}

/// A connection that only reads, and reads everything as it is at this moment.
pub(super) fn snapshot(dir: &Path, keys: &Keyring) -> Result<Connection, OpenError> {
    let conn = reader(dir)?;
    let sql = |error: rusqlite::Error| unreadable(dir, &error);
    conn.execute_batch("BEGIN").map_err(sql)?;
    open::inspect(&conn, keys, &dir.join(open::FILE)).map_err(sql)??;
    keys.install(&conn).map_err(sql)?;
    Ok(conn)
}

/// The keys that texts in a data directory are sealed with, by their names; none where nothing is sealed.
///
/// # Errors
/// There is no store in the directory, or one that cannot be read, and why.
pub fn keys_of(dir: &Path) -> Result<Vec<String>, OpenError> {
    let conn = snapshot(dir, &Keyring::as_stored())?;
    seal::used(&conn).map_err(|error| unreadable(dir, &error))
}

/// The files of the last good configuration, which are not sealed: they say where the key is.
///
/// # Errors
/// There is no store in the directory, or one that cannot be read, and why.
pub fn last_config(dir: &Path) -> Result<Option<Vec<(String, String)>>, OpenError> {
    let conn = snapshot(dir, &Keyring::as_stored())?;
    configs::last(&conn).map_err(|error| OpenError::Other { file: dir.join(open::FILE), why: error.to_string() })
}

/// A connection that only reads, each time what is there then.
pub(super) fn reader(dir: &Path) -> Result<Connection, OpenError> {
    let file = dir.join(open::FILE);
    if !file.is_file() {
        return Err(OpenError::Missing(dir.to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&file, flags).map_err(|error| unreadable(dir, &error))?;
    conn.busy_timeout(PATIENCE).map_err(|error| unreadable(dir, &error))?;
    Ok(conn)
}

/// What an error means to who only reads.
pub(super) fn unreadable(dir: &Path, error: &rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        // Nothing is written, so nothing can be said of writing.
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            OpenError::Other { file: dir.join(open::FILE), why: error.to_string() }
        }
        _ => open::sql_error(dir, error),
    }
}

fn read(conn: &Connection) -> Result<ChatState, StoreError> {
    let (changes, _) = chat::in_force(conn)?;
    let knows = schema::version(conn)? >= WITH_REMINDERS;
    let reminders = if knows { reminders::in_force(conn)? } else { Vec::new() };
    Ok(ChatState { changes, reminders, pauses: chat::pauses(conn)?, config: configs::last(conn)? })
}
