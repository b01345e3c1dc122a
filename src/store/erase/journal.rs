//! Taking one person out of a table `journal`: of the database some rows at a time, of a file of the history all of it.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::Value;

use super::redact::Redactor;
use crate::ports::{RowKind, StoreError};
use crate::store::read::text;

/// Rows of a file that are looked at before what was found is written.
const PIECE: i64 = 2000;

/// Which rows are looked at.
#[derive(Clone, Copy)]
pub(super) struct Stretch {
    /// After this one,
    pub(super) after: i64,
    /// up to this one,
    pub(super) upto: i64,
    /// and at most so many.
    pub(super) limit: i64,
}

/// What came of it.
pub(super) struct Looked {
    /// The last row.
    pub(super) last: i64,
    /// Whether there may be more.
    pub(super) more: bool,
    /// How many were changed.
    pub(super) changed: usize,
}

const READ: &str = "SELECT seq, kind, platform, unseal('journal.body', seq, body) FROM journal
                    WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3";

/// Learns what they are called, and notes groups and ids of their messages.
pub(super) fn learn(
    tx: &Transaction<'_>,
    platform: &str,
    redactor: &mut Redactor,
    stretch: Stretch,
    mut messages: Option<&mut BTreeSet<(String, String)>>,
) -> Result<Looked, StoreError> {
    let mut read = tx.prepare_cached(READ)?;
    let mut rows = read.query(params![stretch.after, stretch.upto, stretch.limit])?;
    let (mut last, mut looked) = (stretch.after, 0);
    while let Some(row) = rows.next()? {
        (last, looked) = (row.get(0)?, looked + 1);
        let (kind, of, body) = (row.get::<_, i64>(1)?, text(row, 2)?, text(row, 3)?);
        let concerned =
            kind == RowKind::Event as i64 && (of == platform || of.is_empty()) && redactor.may_concern(body);
        let Some(json) = Some(body).filter(|_| concerned).and_then(|body| serde_json::from_str::<Value>(body).ok())
        else {
            continue;
        };
        redactor.note_names(&json);
        if let Some(messages) = messages.as_deref_mut().filter(|_| redactor.is_theirs(&json)) {
            let part = |key: &str| json.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            messages.insert((part("group"), part("id")));
        }
    }
    Ok(Looked { last, more: looked >= stretch.limit, changed: 0 })
}

/// Takes them out; of `attempts` alone, or of all.
pub(super) fn redact(
    tx: &Transaction<'_>,
    platform: &str,
    redactor: &Redactor,
    stretch: Stretch,
    attempts: bool,
) -> Result<Looked, StoreError> {
    let indexed = tx.column_exists(None, "journal", "member_key")?;
    let mut read = tx.prepare_cached(READ)?;
    let mut rows = read.query(params![stretch.after, stretch.upto, stretch.limit])?;
    let (mut last, mut looked, mut changed) = (stretch.after, 0, Vec::new());
    while let Some(row) = rows.next()? {
        (last, looked) = (row.get(0)?, looked + 1);
        let (kind, of, body) = (row.get::<_, i64>(1)?, text(row, 2)?, text(row, 3)?);
        let event = kind == RowKind::Event as i64;
        let concerned = if event { redactor.may_concern(body) } else { redactor.is_in_ours(body) };
        let wanted = !attempts || kind == RowKind::Attempt as i64;
        if (of != platform && !of.is_empty()) || !concerned || !wanted {
            continue;
        }
        let redacted = if event { redactor.event(body) } else { redactor.state(body) };
        if let Some(redacted) = redacted.filter(|_| event || is_of(tx, platform, body)) {
            // The key by which it is found is made of their id.
            let theirs = event && serde_json::from_str(body).is_ok_and(|event| redactor.is_theirs(&event));
            changed.push((last, redacted, theirs));
        }
    }
    drop(rows);
    let mut update = tx.prepare_cached("UPDATE journal SET body = seal('journal.body', seq, ?2) WHERE seq = ?1")?;
    for (seq, body, theirs) in &changed {
        update.execute(params![seq, body])?;
        if indexed && *theirs {
            tx.prepare_cached("UPDATE journal SET member_key = NULL WHERE seq = ?1")?.execute([seq])?;
        }
    }
    Ok(Looked { last, more: looked >= stretch.limit, changed: changed.len() })
}

/// Takes them out of all of it; says of how many rows. What they are called there is learnt first.
pub(super) fn redact_all(tx: &Transaction<'_>, platform: &str, redactor: &mut Redactor) -> Result<u64, StoreError> {
    let from = |after| Stretch { after, upto: i64::MAX, limit: PIECE };
    let (mut after, mut changed) = (0, 0);
    loop {
        let looked = learn(tx, platform, redactor, from(after), None)?;
        if !looked.more {
            break;
        }
        after = looked.last;
    }
    after = 0;
    loop {
        let looked = redact(tx, platform, redactor, from(after), false)?;
        changed += looked.changed as u64;
        if !looked.more {
            return Ok(changed);
        }
        after = looked.last;
    }
}

/// Whether an input that is no event is about an action of this platform, as far as that is known.
fn is_of(tx: &Transaction<'_>, platform: &str, body: &str) -> bool {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let id = json.get("id").or_else(|| json.get("action")).and_then(Value::as_str).unwrap_or_default();
    let sql = "SELECT json_extract(unseal('outbox.action', id, action), '$.platform') FROM outbox WHERE id = ?1";
    let known = tx.query_row(sql, [id], |row| row.get::<_, String>(0)).optional();
    known.ok().flatten().is_none_or(|known| known == platform)
}
