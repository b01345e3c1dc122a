//! What people and tests look at: cases, what became of actions, how much there is.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row as Record};

use super::error::{decode, signed, unsigned};
use super::read::{each, text};
use super::{SqliteStore, configs, read};
use crate::domain::action::{ActionId, ActionState, Outcome, StoredAction};
use crate::domain::case::{Case, Evidence};
use crate::domain::time::Timestamp;
use crate::ports::{MemberRef, StoreError};

/// What is known of a member's coming and going.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Membership {
    /// The last known name.
    pub name: Option<Arc<str>>,
    /// When they came last.
    pub joined: Option<Timestamp>,
    /// When they left, if they are gone.
    pub left: Option<Timestamp>,
}

/// How many rows a table has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableCount {
    /// The table.
    pub table: String,
    /// Its rows.
    pub rows: u64,
}

impl SqliteStore {
    /// The last `limit` cases, newest first, without their evidence.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn cases(&self, limit: usize) -> Result<Vec<Case>, StoreError> {
        let mut rows =
            self.conn.prepare_cached("SELECT unseal('cases.body', no, body) FROM cases ORDER BY no DESC LIMIT ?1")?;
        each(rows.query([signed(limit as u64)?])?, |row| decode("a case", text(row, 0)?))
    }

    /// A case by its number, without its evidence.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn case(&self, no: u64) -> Result<Option<Case>, StoreError> {
        read::case(&self.conn, no)
    }

    /// The further messages of a case, in the order they came.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn evidence(&self, case: u64) -> Result<Vec<Evidence>, StoreError> {
        read::evidence(&self.conn, signed(case)?)
    }

    /// The actions that a case caused, in the order they were decided.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn actions_of(&self, case: u64) -> Result<Vec<StoredAction>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE case_no = ?1 ORDER BY place");
        each(self.conn.prepare_cached(&sql)?.query([signed(case)?])?, stored_action)
    }

    pub(super) fn stored_action(&self, id: &str) -> Result<Option<StoredAction>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE id = ?1");
        Ok(each(self.conn.prepare_cached(&sql)?.query([id])?, stored_action)?.pop())
    }

    /// What became of an action; `None` when there is no such action.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn action_state(&self, id: &ActionId) -> Result<Option<ActionState>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE id = ?1");
        Ok(each(self.conn.prepare_cached(&sql)?.query([&**id])?, state)?.pop())
    }

    /// What is known of a member's coming and going; `None` when nothing is.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn membership(&mut self, member: &MemberRef) -> Result<Option<Membership>, StoreError> {
        let Some(group) = self.groups.find(&self.conn, &member.platform, &member.group)? else { return Ok(None) };
        let sql = "SELECT unseal('members.name', group_id, user, name), joined, gone FROM members
                   WHERE group_id = ?1 AND user = ?2";
        let found = self.conn.prepare_cached(sql)?.query_row((group, &*member.user), |row| {
            let time = |column| row.get::<_, Option<i64>>(column).map(|time| time.map(Timestamp));
            Ok(Membership { name: row.get(0)?, joined: time(1)?, left: time(2)? })
        });
        Ok(found.optional()?)
    }

    /// The files of a version of the configuration, if they are kept.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn config(&self, version: &str) -> Result<Option<Vec<(String, String)>>, StoreError> {
        configs::find(&self.conn, version)
    }

    /// How many rows each table has. Reads all of them: seconds in a large store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn counts(&self) -> Result<Vec<TableCount>, StoreError> {
        counts(&self.conn)
    }
}

pub(super) fn counts(conn: &Connection) -> Result<Vec<TableCount>, StoreError> {
    let mut names = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    each(names.query([])?, |row| {
        let table: String = row.get(0)?;
        let sql = format!("SELECT count(*) FROM \"{table}\""); // a name of our own schema
        let rows = conn.query_row(&sql, [], |row| row.get(0)).map(unsigned)?;
        Ok(TableCount { table, rows })
    })
}

const COLUMNS: &str =
    "state, message, unseal('outbox.error', id, error), ended_at, unseal('outbox.action', id, action)";

fn stored_action(row: &Record<'_>) -> Result<StoredAction, StoreError> {
    Ok(StoredAction { action: Arc::new(decode("an action", text(row, 4)?)?), state: state(row)? })
}

fn state(row: &Record<'_>) -> Result<ActionState, StoreError> {
    let error = || Ok::<String, StoreError>(row.get::<_, Option<String>>(2)?.unwrap_or_default());
    let outcome = match text(row, 0)? {
        "pending" => return Ok(ActionState::Pending),
        "observed" => return Ok(ActionState::Observed),
        "done" => Outcome::Done { message: row.get(1)? },
        "failed" => Outcome::Failed { error: error()? },
        "expired" => Outcome::Expired,
        "cancelled" => Outcome::Cancelled,
        "uncertain" => Outcome::Uncertain { error: error()? },
        _ => return Err(StoreError::Damaged("an action is in no known state".to_owned())),
    };
    Ok(ActionState::Ended { outcome, at: Timestamp(row.get(3)?) })
}
