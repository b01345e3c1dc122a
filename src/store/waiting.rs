//! Actions that have not come to their end, and where they wait: by platform for the outbox, by group for who stops it.
//!
//! The action itself may be sealed, so what it is looked for by stands beside it as long as it waits.

use std::sync::Arc;

use rusqlite::{Connection, Transaction, params};

use super::error::{decode, encode, signed, unsigned};
use super::read::{each, text};
use crate::domain::action::Action;
use crate::ports::{Pending, StoreError};

/// Writes an action that was decided; says in how many rows: in none if it is there already.
pub(super) fn add(tx: &Transaction<'_>, action: &Action, case: Option<i64>) -> Result<usize, StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO outbox (id, lane, case_no, state, action) VALUES (?1, ?2, ?3, ?4, seal('outbox.action', ?1, ?5))
         ON CONFLICT (id) DO NOTHING",
    )?;
    let state = if action.observe { "observed" } else { "pending" };
    let rows = insert.execute(params![&*action.id, action.lane as u8, case, state, encode(action)?])?;
    if rows > 0 && !action.observe {
        place(tx, tx.last_insert_rowid(), action)?;
    }
    Ok(rows)
}

/// Notes where an action waits, when everything it follows has been noted.
///
/// It takes the later turn of those, so that none stands before what it follows, however few are read.
fn place(tx: &Transaction<'_>, place: i64, action: &Action) -> Result<(), StoreError> {
    // Half of it: where two differ only in the other half, one of them goes later than it might.
    let follows = action.follows().map(|key| (key as u64).cast_signed());
    // `+`: looked for by what it follows, and not through all of the platform's by turn.
    let mut note = tx.prepare_cached(
        "UPDATE outbox SET platform = ?2, group_name = ?3, follows = ?4, turn = max(lane, coalesce(
             (SELECT max(+turn) FROM outbox WHERE state = 'pending' AND platform = ?2 AND group_name = ?3 AND follows = ?4), 0))
         WHERE place = ?1",
    )?;
    note.execute(params![place, &*action.platform, &*action.group, follows])?;
    Ok(())
}

/// Notes where those wait that were decided by an earlier version.
pub(super) fn place_all(conn: &mut Connection) -> Result<(), StoreError> {
    let tx = conn.transaction()?;
    let mut read =
        tx.prepare("SELECT place FROM outbox WHERE state = 'pending' AND platform IS NULL ORDER BY place")?;
    let places: Vec<i64> = each(read.query([])?, |row| Ok(row.get(0)?))?;
    drop(read);
    for at in places {
        let mut read = tx.prepare_cached("SELECT unseal('outbox.action', id, action) FROM outbox WHERE place = ?1")?;
        let found = each(read.query([at])?, action)?;
        for action in found {
            place(&tx, at, &action)?;
        }
    }
    Ok(tx.commit()?)
}

/// Those of a platform, by turn.
pub(super) fn of_platform(conn: &Connection, platform: &str, limit: usize) -> Result<Vec<Pending>, StoreError> {
    let mut read = conn.prepare_cached(
        "SELECT unseal('outbox.action', id, action), place, unseal('outbox.attempted', id, attempted) FROM outbox
         WHERE state = 'pending' AND platform = ?1 ORDER BY turn, place LIMIT ?2",
    )?;
    each(read.query(params![platform, signed(limit as u64)?])?, |row| {
        Ok(Pending { order: unsigned(row.get(1)?), action: action(row)?, attempted: row.get(2)? })
    })
}

/// The platforms that have some.
pub(super) fn platforms(conn: &Connection) -> Result<Vec<Arc<str>>, StoreError> {
    let mut read = conn.prepare_cached(
        "SELECT DISTINCT platform FROM outbox WHERE state = 'pending' AND platform IS NOT NULL ORDER BY 1",
    )?;
    each(read.query([])?, |row| Ok(row.get(0)?))
}

/// Those of one group or of all, in the order they were decided.
pub(super) fn of_group(conn: &Connection, group: Option<(&str, &str)>) -> Result<Vec<Arc<Action>>, StoreError> {
    let Some((platform, group)) = group else {
        // `+`: sorted, and not looked for among all that have ended.
        let mut read = conn.prepare_cached(
            "SELECT unseal('outbox.action', id, action) FROM outbox
             WHERE state = 'pending' AND platform IS NOT NULL ORDER BY +place",
        )?;
        return each(read.query([])?, action);
    };
    let mut read = conn.prepare_cached(
        "SELECT unseal('outbox.action', id, action) FROM outbox
         WHERE state = 'pending' AND platform = ?1 AND group_name = ?2 ORDER BY place",
    )?;
    each(read.query([platform, group])?, action)
}

/// The action of a row, which begins with it.
fn action(row: &rusqlite::Row<'_>) -> Result<Arc<Action>, StoreError> {
    Ok(Arc::new(decode("an action", text(row, 0)?)?))
}
