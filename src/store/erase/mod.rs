//! Erasing a person on request: what they said and are called, what is held against them, what was sent to them. What stays are
//! numbers: of inputs, of cases, and days.
//!
//! All of it in slices between two commits, so that no message waits for it ([`Course`]):
//!
//! - What they are called and which messages are theirs is learnt from cases and journal.
//! - What memory holds too is erased in one transaction, and memory is loaded anew. From here on they are somebody new.
//! - `rows`: all else in the database, some rows at a time.
//! - `files`: the files of the history, one after the other, on a thread of its own.
//! - Actions that name them and are still to be carried out are left to their end, and then erased.
//! - `pages`: copies that SQLite left between cells are overwritten, some pages at a time; then the log is emptied.
//!
//! A row of `erasures` says how far it has come; a start goes on with it.

mod course;
mod export;
mod files;
mod journal;
mod pages;
mod redact;
mod rows;

use std::collections::BTreeSet;
use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

pub(super) use self::course::{Course, Slice};
pub use self::export::{MemberError, export_member};
pub(super) use self::files::{aside, write_aside};
pub(super) use self::pages::Pages;
use self::redact::Redactor;
use self::rows::Rows;
use super::audit::{self, What};
use super::error::{decode, encode, signed, unsigned};
use super::read::{each, text};
use crate::domain::time::Timestamp;
use crate::ports::{Erasure, Person, StoreError};

/// `after` of an erasure: files of the history up to this number are done. Before that it is one of these: nothing was erased yet …
const LEARNING: i64 = -2;
/// … or what memory holds was.
const ROWS: i64 = -1;

/// Begins to erase a person, and says how far that is. Once more for one who is being erased already says how far that has come.
pub(super) fn begin(conn: &mut Connection, person: &Person, by: &str, now: Timestamp) -> Result<Erasure, StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let open = "SELECT no FROM erasures WHERE platform = ?1 AND user = ?2 AND done IS NULL";
    let open: Option<i64> = tx.query_row(open, [&*person.platform, &*person.user], |row| row.get(0)).optional()?;
    let no = match open {
        Some(no) => no,
        None => {
            tx.execute(
                "INSERT INTO erasures (at, by, platform, user, names, alias, upto, after, rows)
                 VALUES (?1, ?2, ?3, ?4, '[]', ?5, (SELECT max((SELECT coalesce(max(seq), 0) FROM journal),
                                                              (SELECT coalesce(max(last), 0) FROM history))), ?6, '{}')",
                params![now.0, by, &*person.platform, &*person.user, alias()?, LEARNING],
            )?;
            let no = tx.last_insert_rowid();
            audit::wrote(&tx, &audit::ERASURE, no, now, What::Written)?;
            no
        }
    };
    tx.commit()?;
    let state = state(conn, unsigned(no))?;
    let state = state.ok_or_else(|| StoreError::Unavailable("the erasure was not written".to_owned()))?;
    Ok(Erasure { rosters: rosters(conn, person)?, ..state })
}

/// In how many lists of members, as last read from WeCom, a person is. Reads all of them.
fn rosters(conn: &Connection, person: &Person) -> Result<u64, StoreError> {
    let like = format!("wecom/{}/", person.platform);
    let marks = "SELECT count(*) FROM marks WHERE substr(source, 1, length(?1)) = ?1
                 AND instr(unseal('marks.value', source, value), ?2) > 0";
    let marks: i64 = conn.query_row(marks, [&like, &quoted(&person.user)], |row| row.get(0))?;
    Ok(unsigned(marks))
}

/// How far an erasure has come.
pub(super) fn state(conn: &Connection, no: u64) -> Result<Option<Erasure>, StoreError> {
    let sql = "SELECT at, by, platform, user, alias, after, upto, rows, done, names FROM erasures WHERE no = ?1";
    let mut read = conn.prepare(sql)?;
    let found = each(read.query([signed(no)?])?, |row| {
        let (platform, user): (String, Option<String>) = (row.get(2)?, row.get(3)?);
        let (after, upto): (i64, i64) = (row.get(5)?, row.get(6)?);
        let files = "SELECT count(*) FROM history WHERE first > ?1 AND first <= ?2";
        let files: i64 = conn.query_row(files, [after, upto], |row| row.get(0))?;
        let done = row.get::<_, Option<i64>>(8)?.map(Timestamp);
        let mut erasure = Erasure {
            no,
            at: Timestamp(row.get(0)?),
            by: row.get(1)?,
            alias: row.get(4)?,
            rows: decode("an erasure", text(row, 7)?)?,
            files_left: if done.is_some() { 0 } else { unsigned(files) },
            done,
            ..Erasure::default()
        };
        if let Some(user) = user {
            let names: Option<String> = row.get(9)?;
            let redactor = Redactor { user, alias: erasure.alias.clone(), names: names_of(names.as_deref())? };
            erasure.actions_left = actions_under_way(conn, &platform, &redactor)?;
        }
        Ok(erasure)
    })?;
    Ok(found.into_iter().next())
}

/// An erasure that is not done.
struct Open {
    no: u64,
    at: Timestamp,
    after: i64,
    alias: String,
    platform: String,
    /// `None` when all that is left to be done is to overwrite what nobody can read any more.
    user: Option<String>,
    names: Option<String>,
    upto: i64,
}

/// The erasures that are not done: first those with something left in the database.
fn open(conn: &Connection) -> rusqlite::Result<Vec<Open>> {
    let sql = "SELECT no, after, alias, platform, user, names, upto, at FROM erasures WHERE done IS NULL
               ORDER BY after >= 0, no";
    let mut read = conn.prepare(sql)?;
    let open = read.query_map([], |row| {
        Ok(Open {
            no: unsigned(row.get(0)?),
            after: row.get(1)?,
            alias: row.get(2)?,
            platform: row.get(3)?,
            user: row.get(4)?,
            names: row.get(5)?,
            upto: row.get(6)?,
            at: Timestamp(row.get(7)?),
        })
    })?;
    open.collect()
}

/// Whether an erasure is not done.
pub(super) fn is_open(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row("SELECT EXISTS (SELECT 1 FROM erasures WHERE done IS NULL)", [], |row| row.get(0))
}

fn names_of(json: Option<&str>) -> Result<BTreeSet<String>, StoreError> {
    json.map_or(Ok(BTreeSet::new()), |json| decode("an erasure", json))
}

/// More rows were erased.
fn add_rows(conn: &Connection, no: u64, more: &Rows) -> Result<(), StoreError> {
    if more.is_empty() {
        return Ok(());
    }
    let rows: String = conn.query_row("SELECT rows FROM erasures WHERE no = ?1", [signed(no)?], |row| row.get(0))?;
    let mut rows: Rows = decode("an erasure", &rows)?;
    for (table, more) in more {
        *rows.entry(table.clone()).or_default() += more;
    }
    conn.execute("UPDATE erasures SET rows = ?2 WHERE no = ?1", params![signed(no)?, encode(&rows)?])?;
    Ok(())
}

/// A file of the history has nothing of them any more.
fn file_done(conn: &Connection, no: u64, first: u64, erased: u64) -> Result<(), StoreError> {
    add_rows(conn, no, &Rows::from([("history".to_owned(), erased)]))?;
    conn.execute("UPDATE erasures SET after = ?2 WHERE no = ?1", params![signed(no)?, signed(first)?])?;
    Ok(())
}

/// Writes the database anew and empties its log. Nobody can write meanwhile: for a store that nobody uses. Says whether the log is
/// empty: it is not while somebody reads an older state, e.g. for a backup.
pub(super) fn scrub(conn: &Connection) -> Result<bool, StoreError> {
    conn.pragma_update(None, "temp_store", if super::history::can_make_temporary_files() { "FILE" } else { "MEMORY" })?;
    let written = conn.execute_batch("VACUUM");
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    written?;
    clear_log(conn)
}

/// Copies the log into the database and empties it, so that nothing older is left in it. Says whether it is empty; waits for nobody
/// who still reads it.
pub(super) fn clear_log(conn: &Connection) -> Result<bool, StoreError> {
    conn.busy_timeout(Duration::ZERO)?;
    let busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    conn.busy_timeout(BUSY)?;
    Ok(busy? == 0)
}

/// How long is waited otherwise for who has locked the database: what rusqlite sets too.
const BUSY: Duration = Duration::from_secs(5);

/// Actions that name them and are to be carried out.
fn actions_under_way(conn: &Connection, platform: &str, redactor: &Redactor) -> Result<u64, StoreError> {
    let sql = "SELECT unseal('outbox.action', id, action) AS opened FROM outbox
               WHERE state = 'pending' AND json_extract(opened, '$.platform') = ?1";
    let mut read = conn.prepare(sql)?;
    let found = each(read.query([platform])?, |row| {
        let action = text(row, 0)?;
        Ok(redactor.is_in_ours(action) && redactor.state(action).is_some())
    })?;
    Ok(found.into_iter().filter(|theirs| *theirs).count() as u64)
}

/// A text as JSON that we wrote has it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// An id that says nothing of whose it was.
fn alias() -> Result<String, StoreError> {
    let mut random = [0; 5];
    getrandom::fill(&mut random).map_err(|error| StoreError::Unavailable(format!("no random numbers: {error}")))?;
    Ok(format!("erased-{}", BASE32_NOPAD.encode(&random).to_ascii_lowercase()))
}
