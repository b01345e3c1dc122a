//! Deleting by age, a few rows at a time, the oldest first.
//!
//! Where all rows go, they go from the low end of their table. Where some stay, `forgotten` says how far the table was looked
//! through. The newest row of a table that gives out numbers stays in any case, so that no number comes twice.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::error::{decode, encode, signed};
use super::read::{each, text};
use super::{audit, tidy};
use crate::domain::case::Case;
use crate::domain::standing::Standing;
use crate::domain::time::Timestamp;
use crate::ports::{Forgotten, Kept, StoreError};

/// A case is some rows in each of five tables.
const ROWS_OF_CASE: usize = 8;

/// Deletes at most about `limit` rows of what became older than `before`. Files of the history are not looked at.
pub(super) fn forget(
    conn: &mut Connection,
    what: Kept,
    before: Timestamp,
    limit: usize,
) -> Result<Forgotten, StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let slice =
        Slice { tx: &tx, before, limit: signed(limit as u64)?, cases: signed((limit / ROWS_OF_CASE).max(1) as u64)? };
    let done = match what {
        Kept::Journal => slice.journal(),
        Kept::Answers => slice.answers(),
        Kept::Evidence => slice.evidence(),
        Kept::Commands => slice.commands(),
        Kept::Members => slice.all(
            "DELETE FROM members WHERE (group_id, user) IN
             (SELECT group_id, user FROM members WHERE gone < ?1 AND coalesce(role, 'member') = 'member'
              AND NOT EXISTS (SELECT 1 FROM standings WHERE standings.group_id = members.group_id
                              AND standings.user = members.user) LIMIT ?2)",
        ),
        Kept::Changes => {
            let changes = slice.keys(
                "DELETE FROM chat_changes WHERE no IN
                 (SELECT no FROM chat_changes WHERE json_extract(unseal('chat_changes.undone', no, undone), '$.at') < ?1
                  AND no < (SELECT max(no) FROM chat_changes) ORDER BY no LIMIT ?2) RETURNING no",
            )?;
            for record in [&audit::CHANGE, &audit::CHANGE_UNDONE] {
                audit::deleted(slice.tx, record, changes.iter().copied(), before)?;
            }
            let reminders = slice.all(
                "DELETE FROM reminders WHERE no IN
                 (SELECT no FROM reminders WHERE over = 1
                  AND json_extract(unseal('reminders.reminder', no, reminder), '$.at') < ?1
                  AND no < (SELECT max(no) FROM reminders) ORDER BY no LIMIT ?2)",
            )?;
            let deleted = changes.len() + reminders.deleted;
            Ok(Forgotten { looked: deleted, deleted })
        }
        Kept::Cases => slice.cases(),
    }?;
    if done.deleted > 0 {
        tidy::owe(&tx)?;
    }
    // A transaction that wrote nothing costs nothing.
    tx.commit()?;
    Ok(done)
}

struct Slice<'a> {
    tx: &'a Transaction<'a>,
    before: Timestamp,
    limit: i64,
    cases: i64,
}

impl Slice<'_> {
    /// One statement that finds what it deletes.
    fn all(&self, sql: &str) -> Result<Forgotten, StoreError> {
        let deleted = self.tx.prepare_cached(sql)?.execute(params![self.before.0, self.limit])?;
        Ok(Forgotten { looked: deleted, deleted })
    }

    /// The same of one that says which keys they had.
    fn keys(&self, sql: &str) -> Result<Vec<i64>, StoreError> {
        let mut delete = self.tx.prepare_cached(sql)?;
        each(delete.query(params![self.before.0, self.limit])?, |row| Ok(row.get(0)?))
    }

    fn commands(&self) -> Result<Forgotten, StoreError> {
        let deleted = self.keys(
            "DELETE FROM commands WHERE at < ?1 AND id IN (SELECT id FROM commands ORDER BY id LIMIT ?2) RETURNING id",
        )?;
        if let Some(last) = deleted.iter().max() {
            audit::aged(self.tx, audit::COMMAND.kind(), *last, self.before)?;
        }
        Ok(Forgotten { looked: deleted.len(), deleted: deleted.len() })
    }

    /// What no file has taken over, e.g. because the folder cannot be written. Never what a start still needs.
    fn journal(&self) -> Result<Forgotten, StoreError> {
        let mut read = self.tx.prepare_cached(
            "SELECT seq, at FROM journal WHERE seq <= (SELECT max(seq) FROM windows) ORDER BY seq LIMIT ?1",
        )?;
        let rows = each(read.query([self.limit])?, |row| Ok((row.get::<_, i64>(0)?, Timestamp(row.get(1)?))))?;
        let Some((last, _)) = rows.into_iter().take_while(|(_, at)| *at < self.before).last() else {
            return Ok(Forgotten::default());
        };
        let deleted = self.tx.prepare_cached("DELETE FROM journal WHERE seq <= ?1")?.execute([last])?;
        audit::aged(self.tx, audit::JOURNAL, last, self.before)?;
        Ok(Forgotten { looked: deleted, deleted })
    }

    /// Actions that belong to no case. Those of cases stay and are passed over.
    fn answers(&self) -> Result<Forgotten, StoreError> {
        let mut read = self.tx.prepare_cached(
            "SELECT place, case_no IS NULL,
                    coalesce(ended_at, json_extract(unseal('outbox.action', id, action), '$.time')) FROM outbox
             WHERE place > ?1 AND place < (SELECT max(place) FROM outbox) AND place <
                   coalesce((SELECT min(place) FROM outbox WHERE state = 'pending'), 9223372036854775807)
             ORDER BY place LIMIT ?2",
        )?;
        let rows = each(read.query([self.upto(Kept::Answers)?, self.limit])?, |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?, Timestamp(row.get(2)?)))
        })?;
        let old: Vec<_> = rows.into_iter().take_while(|(_, _, time)| *time < self.before).collect();
        let mut answered = self.tx.prepare_cached(
            "DELETE FROM decisions WHERE task = (SELECT id FROM outbox WHERE place = ?1) RETURNING id",
        )?;
        let mut delete = self.tx.prepare_cached("DELETE FROM outbox WHERE place = ?1")?;
        let mut deleted = 0;
        for (place, alone, _) in &old {
            if *alone {
                let answers = each(answered.query([place])?, |row| Ok(row.get(0)?))?;
                audit::deleted(self.tx, &audit::ANSWER, answers, self.before)?;
                deleted += delete.execute([place])?;
            }
        }
        if let Some((last, ..)) = old.last() {
            self.came_to(Kept::Answers, *last)?;
        }
        Ok(Forgotten { looked: old.len(), deleted })
    }

    /// What was said, and what was sent because of it. The case itself stays and says so.
    fn evidence(&self) -> Result<Forgotten, StoreError> {
        let cases = self.cases_after(self.upto(Kept::Evidence)?)?;
        let mut deleted = 0;
        for (no, mut case) in cases.iter().cloned() {
            deleted += what_a_case_has(self.tx, no, &case)?;
            case.forget();
            let update = "UPDATE cases SET body = seal('cases.body', no, ?2), salt = NULL WHERE no = ?1";
            self.tx.prepare_cached(update)?.execute(params![no, encode(&case)?])?;
        }
        if let Some((last, _)) = cases.last() {
            self.came_to(Kept::Evidence, *last)?;
            audit::aged(self.tx, audit::EVIDENCE.kind(), *last, self.before)?;
        }
        Ok(Forgotten { looked: cases.len(), deleted })
    }

    /// Cases with everything that is left of them: strikes too, which are all long dead.
    fn cases(&self) -> Result<Forgotten, StoreError> {
        let last: i64 = self.tx.query_row("SELECT coalesce(max(no), 0) FROM cases", [], |row| row.get(0))?;
        let mut cases = self.cases_after(0)?;
        cases.retain(|(no, _)| *no < last);
        for (no, case) in &cases {
            what_a_case_has(self.tx, *no, case)?;
            self.standing_of(case)?;
            for sql in [
                "DELETE FROM undone WHERE case_no = ?1",
                "DELETE FROM decisions WHERE case_no = ?1",
                "DELETE FROM cases WHERE no = ?1",
            ] {
                self.tx.prepare_cached(sql)?.execute([no])?;
            }
        }
        if let Some((last, _)) = cases.last() {
            audit::aged(self.tx, audit::CASE.kind(), *last, self.before)?;
            let sql = "DELETE FROM config_cases WHERE last_case < (SELECT min(no) FROM cases)";
            self.tx.execute(sql, [])?;
        }
        Ok(Forgotten { looked: cases.len(), deleted: cases.len() })
    }

    /// The oldest cases after this one that were opened long enough ago.
    fn cases_after(&self, no: i64) -> Result<Vec<(i64, Case)>, StoreError> {
        let mut read = self.tx.prepare_cached(
            "SELECT no, unseal('cases.body', no, body) FROM cases WHERE no > ?1 ORDER BY no LIMIT ?2",
        )?;
        let cases =
            each(read.query([no, self.cases])?, |row| Ok((row.get(0)?, decode::<Case>("a case", text(row, 1)?)?)))?;
        Ok(cases.into_iter().take_while(|(_, case)| case.opened < self.before).collect())
    }

    /// Deletes what is held against the member of a case if none of it can count any more.
    fn standing_of(&self, case: &Case) -> Result<(), StoreError> {
        let values = params![&*case.platform, &*case.group, &*case.user];
        let mut read = self.tx.prepare_cached(
            "SELECT standing FROM standings WHERE user = ?3 AND group_id =
             (SELECT id FROM groups WHERE platform = ?1 AND name = ?2)",
        )?;
        let held: Option<String> = read.query_row(values, |row| row.get(0)).optional()?;
        let Some(held) = held else { return Ok(()) };
        if decode::<Standing>("the standing of a member", &held)?.is_of_before(self.before) {
            self.tx
                .prepare_cached(
                    "DELETE FROM standings WHERE user = ?3 AND group_id =
                     (SELECT id FROM groups WHERE platform = ?1 AND name = ?2)",
                )?
                .execute(values)?;
        }
        Ok(())
    }

    fn upto(&self, what: Kept) -> Result<i64, StoreError> {
        let mut read = self.tx.prepare_cached("SELECT upto FROM forgotten WHERE what = ?1")?;
        Ok(read.query_row([what.word()], |row| row.get(0)).optional()?.unwrap_or(0))
    }

    fn came_to(&self, what: Kept, upto: i64) -> Result<(), StoreError> {
        self.tx
            .prepare_cached(
                "INSERT INTO forgotten (what, upto) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET upto = excluded.upto",
            )?
            .execute(params![what.word(), upto])?;
        Ok(())
    }
}

/// Deletes a case's evidence, its messages' ids, and its actions; says how many rows that were.
pub(super) fn what_a_case_has(tx: &Transaction<'_>, no: i64, case: &Case) -> Result<usize, StoreError> {
    let mut deleted = 0;
    let evidence = super::read::evidence(tx, no)?;
    let group: i64 =
        tx.prepare_cached("SELECT group_id FROM cases WHERE no = ?1")?.query_row([no], |row| row.get(0))?;
    let mut delete =
        tx.prepare_cached("DELETE FROM case_messages WHERE group_id = ?1 AND message = ?2 AND case_no = ?3")?;
    for message in evidence.iter().map(|evidence| &evidence.message).chain([&case.message]) {
        deleted += delete.execute(params![group, &**message, no])?;
    }
    for sql in [
        "DELETE FROM evidence WHERE case_no = ?1",
        "DELETE FROM outbox WHERE case_no = ?1 AND state != 'pending' AND place < (SELECT max(place) FROM outbox)",
    ] {
        deleted += tx.prepare_cached(sql)?.execute([no])?;
    }
    Ok(deleted)
}
