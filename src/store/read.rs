//! What the core and the outbox read back.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row as Record, Rows};

use super::cased::CasedMessages;
use super::chat;
use super::error::{decode, signed, unsigned};
use super::groups::GroupIds;
use super::lessons;
use super::reminders;
use crate::domain::case::{Case, Evidence};
use crate::domain::event::Role;
use crate::domain::time::Timestamp;
use crate::domain::timer::Timer;
use crate::ports::{MemberRef, Row, RowKind, Start, StoreError, StoredGroup, StoredMember};

/// Reads every record of a query.
pub(super) fn each<T>(
    mut rows: Rows<'_>,
    read: impl Fn(&Record<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}

/// A text column, not copied.
pub(super) fn text<'a>(row: &'a Record<'_>, column: usize) -> Result<&'a str, StoreError> {
    let value = row.get_ref(column)?;
    value.as_str().map_err(|error| StoreError::Damaged(format!("column {column} of a row: {error}")))
}

pub(super) fn group(
    conn: &Connection,
    groups: &mut GroupIds,
    platform: &str,
    group: &str,
) -> Result<StoredGroup, StoreError> {
    let Some(id) = groups.find(conn, platform, group)? else {
        return Ok(StoredGroup::default());
    };
    let mut read =
        conn.prepare_cached("SELECT unseal('ledgers.ledger', group_id, ledger) FROM ledgers WHERE group_id = ?1")?;
    let ledger = each(read.query([id])?, |row| decode("the ledger of a group", text(row, 0)?))?;
    let mut read = conn.prepare_cached("SELECT user FROM admins WHERE group_id = ?1 ORDER BY user")?;
    let admins = each(read.query([id])?, |row| Ok(Arc::from(text(row, 0)?)))?;
    let mut read = conn.prepare_cached(
        "SELECT unseal('newcomers.newcomers', group_id, newcomers) FROM newcomers WHERE group_id = ?1",
    )?;
    let newcomers = each(read.query([id])?, |row| decode("the newcomers of a group", text(row, 0)?))?;
    let mut read =
        conn.prepare_cached("SELECT unseal('tasks.body', task, body) FROM tasks WHERE group_id = ?1 ORDER BY place")?;
    let tasks = each(read.query([id])?, |row| decode("a task", text(row, 0)?))?;
    let (ledger, newcomers) = (ledger.into_iter().next(), newcomers.into_iter().next());
    let (ledger, newcomers) = (ledger.unwrap_or_default(), newcomers.unwrap_or_default());
    Ok(StoredGroup { ledger, admins, newcomers, tasks })
}

pub(super) fn member(conn: &Connection, groups: &mut GroupIds, member: &MemberRef) -> Result<StoredMember, StoreError> {
    let Some(group) = groups.find(conn, &member.platform, &member.group)? else {
        return Ok(StoredMember::default());
    };
    let mut read = conn.prepare_cached(
        "SELECT (SELECT role FROM members WHERE group_id = ?1 AND user = ?2),
                (SELECT standing FROM standings WHERE group_id = ?1 AND user = ?2),
                (SELECT joined FROM members WHERE group_id = ?1 AND user = ?2)",
    )?;
    let mut rows = read.query((group, &*member.user))?;
    let Some(row) = rows.next()? else { return Ok(StoredMember::default()) };
    let role = row.get_ref(0)?.as_str_or_null().map_err(rusqlite::Error::from)?.and_then(Role::parse);
    let standing = row.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    let standing = standing.map(|json| decode("the standing of a member", json)).transpose()?;
    let joined = row.get::<_, Option<i64>>(2)?.map(Timestamp);
    Ok(StoredMember { role, standing: standing.unwrap_or_default(), joined })
}

pub(super) fn case_of(
    conn: &Connection,
    (groups, cased): (&mut GroupIds, &mut CasedMessages),
    platform: &str,
    group: &str,
    message: &str,
) -> Result<Option<Case>, StoreError> {
    let Some(group) = groups.find(conn, platform, group)? else { return Ok(None) };
    if !cased.may_be(conn, group, message)? {
        return Ok(None);
    }
    let mut read =
        conn.prepare_cached("SELECT max(case_no) FROM case_messages WHERE group_id = ?1 AND message = ?2")?;
    let no: Option<i64> = read.query_row((group, message), |row| row.get(0))?;
    let Some(no) = no else { return Ok(None) };
    let mut read = conn.prepare_cached("SELECT unseal('cases.body', no, body) FROM cases WHERE no = ?1")?;
    let case = each(read.query([no])?, |row| decode::<Case>("a case", text(row, 0)?))?.pop();
    let Some(mut case) = case else { return Ok(None) };
    // Only what was found in this message: another of the same burst says nothing about it.
    if *case.message != *message {
        case.findings.clear();
    }
    for evidence in evidence(conn, no)?.into_iter().filter(|evidence| *evidence.message == *message) {
        case.findings.extend(evidence.findings);
    }
    Ok(Some(case))
}

/// The evidence of a case, in the order it came.
pub(super) fn evidence(conn: &Connection, case: i64) -> Result<Vec<Evidence>, StoreError> {
    let mut read =
        conn.prepare_cached("SELECT unseal('evidence.body', id, body) FROM evidence WHERE case_no = ?1 ORDER BY id")?;
    each(read.query([case])?, |row| decode("evidence", text(row, 0)?))
}

/// `moved`: the last input that is in a file.
pub(super) fn start(conn: &Connection, moved: u64) -> Result<Start, StoreError> {
    let last = |sql| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).map(unsigned);
    let mut windows: Option<(u64, Vec<u8>)> = None;
    let mut read = conn.prepare("SELECT seq, unseal('windows.body', piece, body) FROM windows ORDER BY piece")?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        let (seq, body) = windows.get_or_insert_default();
        *seq = unsigned(row.get(0)?);
        body.extend_from_slice(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?);
    }
    let mut read = conn.prepare("SELECT due, group_name, id, platform, what FROM timers ORDER BY 1, 2, 3, 4")?;
    let timers = each(read.query([])?, |row| {
        Ok(Timer {
            due: Timestamp(row.get(0)?),
            group: row.get(1)?,
            id: row.get(2)?,
            platform: row.get(3)?,
            what: decode("a timer", text(row, 4)?)?,
        })
    })?;
    let mut read = conn.prepare("SELECT unseal('company_alerts.alerts', id, alerts) FROM company_alerts")?;
    let company = each(read.query([])?, |row| decode("the company's alerts", text(row, 0)?))?.pop().unwrap_or_default();
    // Rows of the journal may have been moved away or deleted; its numbers still go on from where they were.
    let included = windows.as_ref().map_or(0, |(seq, _)| *seq);
    let seq = last("SELECT coalesce(max(seq), 0) FROM journal")?.max(included).max(moved);
    let case = last("SELECT coalesce(max(no), 0) FROM cases")?;
    let (changes, change) = chat::in_force(conn)?;
    let pauses = chat::pauses(conn)?;
    let (reminders, lessons) = (reminders::stored(conn)?, lessons::all(conn)?);
    Ok(Start { seq, case, windows, timers, chat: changes, change, pauses, company, reminders, lessons })
}

pub(super) fn journal(conn: &Connection, after: u64, limit: usize) -> Result<Vec<Row>, StoreError> {
    let mut read = conn.prepare_cached(
        "SELECT seq, at, kind, platform, time, unseal('journal.body', seq, body) FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    each(read.query([signed(after)?, signed(limit as u64)?])?, input)
}

/// Those between `after` and `before`.
pub(super) fn journal_before(conn: &Connection, after: u64, before: u64, limit: usize) -> Result<Vec<Row>, StoreError> {
    let mut read = conn.prepare_cached(
        "SELECT seq, at, kind, platform, time, unseal('journal.body', seq, body) FROM journal WHERE seq > ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3",
    )?;
    each(read.query([signed(after)?, signed(before)?, signed(limit as u64)?])?, input)
}

fn input(row: &Record<'_>) -> Result<Row, StoreError> {
    let seq = unsigned(row.get(0)?);
    Ok(Row {
        seq,
        at: Timestamp(row.get(1)?),
        kind: row_kind(row.get(2)?)
            .ok_or_else(|| StoreError::Damaged(format!("row {seq} of the journal is of no known kind")))?,
        platform: row.get(3)?,
        time: row.get::<_, Option<i64>>(4)?.map(Timestamp),
        body: row.get(5)?,
    })
}

/// A case by its number, without its evidence.
pub(super) fn case(conn: &Connection, no: u64) -> Result<Option<Case>, StoreError> {
    let mut read = conn.prepare_cached("SELECT unseal('cases.body', no, body) FROM cases WHERE no = ?1")?;
    let body = read.query_row([signed(no)?], |row| row.get::<_, String>(0)).optional()?;
    body.map(|body| decode("a case", &body)).transpose()
}

fn row_kind(number: i64) -> Option<RowKind> {
    use RowKind::{Attempt, Event, Outcome, Pause, Rules, Tick, Told};
    [Event, Tick, Attempt, Outcome, Rules, Pause, Told].into_iter().find(|kind| *kind as i64 == number)
}
