//! What was changed in the chat, read beside a daemon that is running: without the lock on its directory, and writing nothing.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::open::{self, OpenError};
use super::{chat, configs, schema};
use crate::domain::chat::ChatChange;
use crate::ports::{StoreError, StoredPause};

/// How long somebody who brings the log in order after a crash is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The first schema that knows of changes made in the chat.
const SINCE: usize = 2;

/// What people changed in the chat, as it was at one moment.
#[derive(Debug, Default)]
pub struct ChatState {
    /// The changes in force, oldest first.
    pub changes: Vec<ChatChange>,
    /// What somebody stopped; empty names stand for everything.
    pub pauses: Vec<StoredPause>,
    /// The files of the last good configuration, by their paths from its directory.
    pub config: Option<Vec<(String, String)>>,
}

/// Reads what was changed in the chat. A daemon may be writing meanwhile.
///
/// # Errors
/// There is no store in the directory, or one that cannot be read, and why.
pub fn chat_state(dir: &Path) -> Result<ChatState, OpenError> {
    let conn = snapshot(dir)?;
    let other = |why: String| OpenError::Other { file: dir.join(open::FILE), why };
    if schema::version(&conn).map_err(|error| open::sql_error(dir, &error))? < SINCE {
        return Ok(ChatState::default());
    }
    read(&conn).map_err(|error| other(error.to_string()))
}

/// A connection that only reads, and reads everything as it is at this moment.
pub(super) fn snapshot(dir: &Path) -> Result<Connection, OpenError> {
    let file = dir.join(open::FILE);
    if !file.is_file() {
        return Err(OpenError::Missing(dir.to_owned()));
    }
    let sql = |error: rusqlite::Error| match error.sqlite_error_code() {
        // Nothing is written, so nothing can be said of writing.
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            OpenError::Other { file: file.clone(), why: error.to_string() }
        }
        _ => open::sql_error(dir, &error),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&file, flags).map_err(sql)?;
    conn.busy_timeout(PATIENCE).map_err(sql)?;
    conn.execute_batch("BEGIN").map_err(sql)?;
    open::inspect(&conn, &file).map_err(sql)??;
    Ok(conn)
}

fn read(conn: &Connection) -> Result<ChatState, StoreError> {
    let (changes, _) = chat::in_force(conn)?;
    Ok(ChatState { changes, pauses: chat::pauses(conn)?, config: configs::last(conn)? })
}
