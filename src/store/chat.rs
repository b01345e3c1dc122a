//! What commands look at: case files, changes made in the chat, pauses.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::SqliteStore;
use super::error::{decode, signed, unsigned};
use super::groups::GroupIds;
use super::read::{each, text};
use crate::domain::action::Action;
use crate::domain::case::{CaseFile, TaskDecision};
use crate::domain::chat::ChatChange;
use crate::domain::standing::Standing;
use crate::ports::{Meant, StoreError, StoredPause};

/// Cases of all groups among which those of one are looked for: there is no index by group, and people ask rarely.
pub(super) const CASES_LOOKED_AT: usize = 2000;

pub(super) fn case_file(store: &SqliteStore, no: u64) -> Result<Option<CaseFile>, StoreError> {
    let Some(case) = store.case(no)? else { return Ok(None) };
    let mut read = store.conn.prepare_cached("SELECT count(*) FROM evidence WHERE case_no = ?1")?;
    let evidence = unsigned(read.query_row([signed(no)?], |row| row.get(0))?) as usize;
    let actions = store.actions_of(no)?;
    let mut read =
        store.conn.prepare_cached("SELECT unseal('undone.by', case_no, by) FROM undone WHERE case_no = ?1")?;
    let undone = each(read.query([signed(no)?])?, |row| decode("who undid a case", text(row, 0)?))?.pop();
    let mut read = store.conn.prepare_cached(
        "SELECT unseal('decisions.decision', task, decision) FROM decisions WHERE case_no = ?1 ORDER BY id",
    )?;
    let decisions = each(read.query([signed(no)?])?, |row| decode("what was decided", text(row, 0)?))?;
    Ok(Some(CaseFile { case, evidence, actions, decisions, undone }))
}

pub(super) fn decision(conn: &Connection, task: &str) -> Result<Option<TaskDecision>, StoreError> {
    let mut read =
        conn.prepare_cached("SELECT unseal('decisions.decision', task, decision) FROM decisions WHERE task = ?1")?;
    Ok(each(read.query([task])?, |row| decode("what was decided", text(row, 0)?))?.pop())
}

pub(super) fn case_of_notice(conn: &Connection, platform: &str, message: &str) -> Result<Option<u64>, StoreError> {
    let mut read = conn.prepare_cached(
        "SELECT case_no, unseal('outbox.action', id, action) FROM outbox WHERE message = ?1 AND case_no IS NOT NULL",
    )?;
    let told = each(read.query([message])?, |row| {
        let action: Action = decode("an action", text(row, 1)?)?;
        Ok((unsigned(row.get(0)?), action.platform))
    })?;
    Ok(told.into_iter().find(|(_, of)| **of == *platform).map(|(no, _)| no))
}

pub(super) fn is_cancelled(conn: &Connection, id: &str) -> Result<bool, StoreError> {
    let mut read = conn.prepare_cached("SELECT 1 FROM outbox WHERE id = ?1 AND state = 'cancelled'")?;
    Ok(read.exists([id])?)
}

pub(super) fn meant(
    conn: &Connection,
    groups: &mut GroupIds,
    platform: &str,
    group: &str,
    word: &str,
) -> Result<Meant, StoreError> {
    let Some(group) = groups.find(conn, platform, group)? else { return Ok(Meant::default()) };
    // By the members of one group, 2,000 at most: names have no index, and only commands ask.
    let mut read = conn.prepare_cached(
        "SELECT user, called IS ?2, user = ?2, gone IS NULL FROM
         (SELECT user, gone, unseal('members.name', group_id, user, name) AS called FROM members WHERE group_id = ?1)
         WHERE called = ?2 OR user = ?2",
    )?;
    let rows = each(read.query((group, word))?, |row| {
        let user: Arc<str> = text(row, 0)?.into();
        Ok((user, row.get::<_, bool>(1)?, row.get::<_, bool>(2)?, row.get::<_, bool>(3)?))
    })?;
    let mut read = conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM members WHERE group_id = ?1 AND unseal('members.name', group_id, user, name) <> '')",
    )?;
    let mut meant = Meant { names: read.query_row([group], |row| row.get(0))?, ..Meant::default() };
    for (user, called, is_id, here) in rows {
        meant.is_id |= is_id && here;
        meant.left |= !here;
        meant.called.extend((called && here).then_some(user));
    }
    Ok(meant)
}

pub(super) fn change(conn: &Connection, no: u64) -> Result<Option<ChatChange>, StoreError> {
    let mut read = conn.prepare_cached(
        "SELECT unseal('chat_changes.change', no, change), unseal('chat_changes.undone', no, undone)
         FROM chat_changes WHERE no = ?1",
    )?;
    let Some((change, undone)) = read
        .query_row([signed(no)?], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)))
        .optional()?
    else {
        return Ok(None);
    };
    let undone = undone.map(|by| decode("who undid a change", &by)).transpose()?;
    Ok(Some(ChatChange { undone, ..decode("a change", &change)? }))
}

/// Every change that is in force, and the number of the last one there was.
pub(super) fn in_force(conn: &Connection) -> Result<(Vec<ChatChange>, u64), StoreError> {
    let mut read = conn.prepare(
        "SELECT unseal('chat_changes.change', no, change) FROM chat_changes WHERE undone IS NULL ORDER BY no",
    )?;
    let changes = each(read.query([])?, |row| decode("a change", text(row, 0)?))?;
    let last: i64 = conn.query_row("SELECT coalesce(max(no), 0) FROM chat_changes", [], |row| row.get(0))?;
    Ok((changes, unsigned(last)))
}

/// What somebody stopped.
pub(super) fn pauses(conn: &Connection) -> Result<Vec<StoredPause>, StoreError> {
    let mut read = conn.prepare(
        "SELECT platform, group_name, unseal('pauses.by', platform, group_name, by) FROM pauses ORDER BY 1, 2",
    )?;
    each(read.query([])?, |row| {
        let by = decode("who stopped a group", text(row, 2)?)?;
        Ok(StoredPause { platform: row.get(0)?, group: row.get(1)?, by })
    })
}

pub(super) fn standings_of(
    conn: &Connection,
    platform: &str,
    user: &str,
) -> Result<Vec<(Arc<str>, Standing)>, StoreError> {
    let mut read = conn.prepare_cached(
        "SELECT groups.name, standing FROM standings JOIN groups ON groups.id = group_id
         WHERE user = ?1 AND platform = ?2 ORDER BY groups.name",
    )?;
    each(read.query([user, platform])?, |row| Ok((row.get(0)?, decode("the standing of a member", text(row, 1)?)?)))
}
