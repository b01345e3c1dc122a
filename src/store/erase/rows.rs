//! Taking one person out of the database: of what memory holds too at once ([`Eraser::held`]), of all else some rows at a time, so
//! that no message waits for it ([`LEARNING`], [`ROWS`], [`ENDED`]).

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{ToSql, Transaction, named_params, params};

use super::journal::{self, Stretch};
use super::quoted;
use super::redact::Redactor;
use crate::domain::case::Case;
use crate::domain::ids;
use crate::domain::time::Timestamp;
use crate::ports::StoreError;
use crate::store::audit::{self, Record, What};
use crate::store::error::{decode, encode};
use crate::store::read::{self, each, text};
use crate::store::{forget, seal};

/// Rows by table.
pub(super) type Rows = BTreeMap<String, u64>;

/// What is known of who is being erased.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) platform: String,
    pub(super) redactor: Redactor,
    /// Groups and ids of messages that were theirs.
    pub(super) messages: BTreeSet<(String, String)>,
    /// The last input that is looked at.
    pub(super) upto: i64,
    /// When it was asked for.
    pub(super) at: Timestamp,
}

/// A table that is gone through in the order of its keys.
pub(super) struct Pass {
    /// Goes through some rows after a key.
    run: fn(&mut Eraser<'_>, i64) -> Result<Piece, StoreError>,
}

/// What one piece came to.
struct Piece {
    /// The last key.
    last: i64,
    /// Whether there may be more.
    more: bool,
}

/// What they are called, and which messages were theirs, before anything of it is gone.
pub(super) const LEARNING: &[Pass] = &[
    Pass { run: |eraser, after| eraser.learn_cases(after) },
    Pass { run: |eraser, after| eraser.learn_journal(after) },
];

/// What nobody holds in memory.
pub(super) const ROWS: &[Pass] = &[
    Pass { run: |eraser, after| eraser.cases(after) },
    Pass { run: |eraser, after| eraser.actions(after) },
    Pass { run: |eraser, after| eraser.commands(after) },
    Pass { run: |eraser, after| eraser.of_cases("undone", "case_no", "by", after) },
    Pass { run: |eraser, after| eraser.of_cases("evidence", "id", "body", after) },
    Pass { run: |eraser, after| eraser.of_cases("decisions", "id", "decision", after) },
    Pass { run: |eraser, after| eraser.journal(after) },
];

/// What has come to its end since.
pub(super) const ENDED: &[Pass] =
    &[Pass { run: |eraser, after| eraser.actions(after) }, Pass { run: |eraser, after| eraser.attempts(after) }];

/// How far going through tables has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cursor {
    pass: usize,
    after: i64,
}

/// Cases and actions that are looked at before the clock is: each may have rows of other tables.
const FEW: i64 = 32;
/// Rows of which each stands for itself.
const MANY: i64 = 256;

/// Whether the group of a row is of the platform `?3`; a number of a few for each row, so that no statement reads all groups.
const OF_PLATFORM: &str = "(SELECT platform FROM groups WHERE id = group_id) = ?3";
const CASE_OF_PLATFORM: &str =
    "(SELECT platform FROM cases JOIN groups ON groups.id = cases.group_id WHERE cases.no = case_no) = ?3";
pub(super) const OF_GROUP: &str = "group_id IN (SELECT id FROM groups WHERE platform = :platform)";

/// Columns with values of the core, of groups, that memory holds too: the table, its key, the column, and how its platform is known.
const HELD: &[(&str, &str, &str, &str)] = &[
    ("ledgers", "group_id", "ledger", OF_GROUP),
    ("newcomers", "group_id", "newcomers", OF_GROUP),
    ("company_alerts", "id", "alerts", "1"),
    ("chat_changes", "no", "change", OF_GROUP),
    ("chat_changes", "no", "undone", OF_GROUP),
    ("reminders", "no", "reminder", OF_GROUP),
    ("tasks", "task", "body", OF_GROUP),
    ("pauses", "group_name", "by", "platform = :platform"),
];

pub(super) struct Eraser<'a> {
    pub(super) tx: &'a Transaction<'a>,
    pub(super) known: &'a mut Known,
    /// Rows that were deleted or emptied.
    pub(super) rows: Rows,
}

impl Eraser<'_> {
    /// Goes on through these tables for about this long; whether it has come to their end.
    pub(super) fn go_on(&mut self, passes: &[Pass], at: &mut Cursor, budget: Duration) -> Result<bool, StoreError> {
        let began = Instant::now();
        while let Some(pass) = passes.get(at.pass) {
            let Piece { last, more } = (pass.run)(self, at.after)?;
            *at = if more { Cursor { after: last, ..*at } } else { Cursor { pass: at.pass + 1, after: 0 } };
            if began.elapsed() >= budget {
                break;
            }
        }
        Ok(at.pass >= passes.len())
    }

    fn count(&mut self, what: &str, rows: usize) {
        if rows > 0 {
            *self.rows.entry(what.to_owned()).or_default() += rows as u64;
        }
    }

    /// Cases after one in which their id stands.
    fn cases_with(&self, after: i64) -> Result<(Vec<(i64, Case)>, Piece), StoreError> {
        let mut read = self.tx.prepare_cached(&format!(
            "SELECT no, {}, {OF_PLATFORM} FROM cases WHERE no > ?1 ORDER BY no LIMIT ?2",
            seal::unsealed("cases", "body")
        ))?;
        let id = quoted(&self.known.redactor.user);
        let (mut found, mut piece) = (Vec::new(), Progress::new(after, MANY));
        let mut rows = read.query(params![after, MANY, self.known.platform])?;
        while let Some(row) = rows.next()? {
            let no = row.get(0)?;
            let body = text(row, 1)?;
            if row.get::<_, Option<bool>>(2)? == Some(true) && body.contains(&id) {
                found.push((no, decode("a case", body)?));
            }
            piece.looked(no);
            if found.len() as i64 >= FEW {
                return Ok((found, Piece { last: no, more: true }));
            }
        }
        Ok((found, piece.end()))
    }

    fn is_theirs(&self, case: &Case) -> bool {
        *case.user == *self.known.redactor.user
    }

    fn learn_cases(&mut self, after: i64) -> Result<Piece, StoreError> {
        let (found, piece) = self.cases_with(after)?;
        for (no, case) in found {
            if !self.is_theirs(&case) {
                continue;
            }
            self.known.messages.insert((case.group.to_string(), case.message.to_string()));
            for evidence in read::evidence(self.tx, no)? {
                self.known.messages.insert((case.group.to_string(), evidence.message.to_string()));
            }
            if !case.name.is_empty() {
                self.known.redactor.names.insert(case.name);
            }
        }
        Ok(piece)
    }

    fn learn_journal(&mut self, after: i64) -> Result<Piece, StoreError> {
        let Known { platform, redactor, messages, upto, .. } = &mut *self.known;
        let stretch = Stretch { after, upto: *upto, limit: MANY };
        let looked = journal::learn(self.tx, platform, redactor, stretch, Some(messages))?;
        Ok(Piece { last: looked.last, more: looked.more })
    }

    /// Names of theirs that the list of members has.
    pub(super) fn learn_members(&mut self) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT DISTINCT {} FROM members WHERE {OF_GROUP} AND user = :user AND name IS NOT NULL",
            seal::unsealed("members", "name")
        );
        let mut read = self.tx.prepare(&sql)?;
        let Known { platform, redactor, .. } = &mut *self.known;
        let names = each(read.query(named_params! {":platform": &*platform, ":user": redactor.user})?, |row| {
            Ok(text(row, 0)?.to_owned())
        })?;
        redactor.names.extend(names);
        Ok(())
    }

    /// All that memory holds too: in one transaction, after which memory is loaded anew. It is little: nothing of it grows with the
    /// messages that are kept.
    pub(super) fn held(&mut self) -> Result<(), StoreError> {
        self.learn_members()?;
        self.people()?;
        self.tasks()?;
        for (table, key, column, which) in HELD {
            self.values(table, key, column, which)?;
        }
        self.lessons()
    }

    /// Names, comings and goings, roles, and what is held against them.
    fn people(&mut self) -> Result<(), StoreError> {
        for table in ["members", "admins", "standings"] {
            let sql = format!("DELETE FROM {table} WHERE {OF_GROUP} AND user = :user");
            let values = named_params! {":platform": self.known.platform, ":user": self.known.redactor.user};
            let deleted = self.tx.execute(&sql, values)?;
            self.count(table, deleted);
        }
        Ok(())
    }

    /// Tasks and timers about them, and their pictures that are not read yet.
    fn tasks(&mut self) -> Result<(), StoreError> {
        let sql = format!(
            "DELETE FROM tasks WHERE {OF_GROUP} AND json_extract({}, '$.cause.user') = :user",
            seal::unsealed("tasks", "body")
        );
        let values = named_params! {":platform": self.known.platform, ":user": self.known.redactor.user};
        let tasks = self.tx.execute(&sql, values)?;
        self.count("tasks", tasks);
        for (table, sql) in [
            ("timers", "DELETE FROM timers WHERE platform = ?1 AND json_extract(what, '$.Unmute.user') = ?2"),
            ("pictures", "DELETE FROM pictures WHERE platform = ?1 AND user = ?2"),
        ] {
            let deleted = self.tx.execute(sql, [&self.known.platform, &self.known.redactor.user])?;
            self.count(table, deleted);
        }
        Ok(())
    }

    /// Values of the core that groups keep.
    fn values(&mut self, table: &str, key: &str, column: &str, which: &str) -> Result<(), StoreError> {
        let platform = self.known.platform.clone();
        let value = seal::unsealed(table, column);
        let mut read =
            self.tx.prepare(&format!("SELECT {key}, {value} FROM {table} WHERE {which} AND {column} IS NOT NULL"))?;
        let mut values: Vec<(&str, &dyn ToSql)> = Vec::new();
        if which.contains(":platform") {
            values.push((":platform", &platform));
        }
        let mut found = Vec::new();
        let mut rows = read.query(&*values)?;
        while let Some(row) = rows.next()? {
            if let Some(json) = self.redacted(text(row, 1)?) {
                found.push((row.get::<_, Value>(0)?, json));
            }
        }
        let extra = if table == "pauses" { " AND platform = ?3" } else { "" };
        let sealed = seal::sealed(table, column, "?2");
        let sql = format!("UPDATE {table} SET {column} = {sealed} WHERE {key} = ?1{extra}");
        for (key, json) in &found {
            let mut values: Vec<&dyn ToSql> = vec![key, json];
            if !extra.is_empty() {
                values.push(&platform);
            }
            self.tx.execute(&sql, &*values)?;
            if let (Some(record), Value::Integer(key)) = (Record::of(table, column), key) {
                self.rewrote(record, *key)?;
            }
        }
        self.count(table, found.len());
        Ok(())
    }

    /// Something was erased from a record that the chain covers.
    fn rewrote(&self, record: &Record, key: i64) -> Result<(), StoreError> {
        audit::wrote(self.tx, record, key, self.known.at, What::Rewritten)
    }

    /// What decisions about their messages have taught.
    fn lessons(&mut self) -> Result<(), StoreError> {
        let mut delete = self.tx.prepare("DELETE FROM lessons WHERE subject = ?1")?;
        let mut deleted = 0;
        for (group, message) in &self.known.messages {
            let subject = ids::hash(&["lesson", &self.known.platform, group, message]) as u64;
            deleted += delete.execute([subject.cast_signed()])?;
        }
        drop(delete);
        self.count("lessons", deleted);
        Ok(())
    }

    /// A value of the core without them, if there is anything of them in it.
    fn redacted(&self, json: &str) -> Option<String> {
        let redactor = &self.known.redactor;
        Some(json).filter(|json| redactor.is_in_ours(json)).and_then(|json| redactor.state(json))
    }

    /// What was said in their cases, and who they were; the case stays with its number.
    fn cases(&mut self, after: i64) -> Result<Piece, StoreError> {
        let (found, piece) = self.cases_with(after)?;
        for (no, mut case) in found {
            if self.is_theirs(&case) {
                let mut read = self.tx.prepare_cached("SELECT id FROM evidence WHERE case_no = ?1")?;
                let evidence = each(read.query([no])?, |row| Ok(row.get(0)?))?;
                audit::deleted(self.tx, &audit::EVIDENCE, evidence, self.known.at)?;
                let deleted = forget::what_a_case_has(self.tx, no, &case)?;
                self.count("evidence and actions of cases", deleted);
                case.forget();
                case.name.clear();
                case.user = self.known.redactor.alias.as_str().into();
            }
            let body = encode(&case)?;
            let body = self.known.redactor.state(&body).unwrap_or(body);
            let sql = "UPDATE cases SET body = seal('cases.body', no, ?2) WHERE no = ?1";
            self.tx.prepare_cached(sql)?.execute(params![no, body])?;
            self.rewrote(&audit::CASE, no)?;
            self.count("cases", 1);
        }
        Ok(piece)
    }

    /// What was sent because of them, when it has come to its end.
    fn actions(&mut self, after: i64) -> Result<Piece, StoreError> {
        let mut read = self.tx.prepare_cached(
            "SELECT place, state != 'pending' AND json_extract(unseal('outbox.action', id, action), '$.platform') = ?3,
                    unseal('outbox.action', id, action), unseal('outbox.attempted', id, attempted) FROM outbox
             WHERE place > ?1 ORDER BY place LIMIT ?2",
        )?;
        let (mut found, mut piece) = (Vec::new(), Progress::new(after, FEW));
        let mut rows = read.query(params![after, FEW, self.known.platform])?;
        while let Some(row) = rows.next()? {
            let place: i64 = row.get(0)?;
            piece.looked(place);
            let (ended, action, attempted) =
                (row.get::<_, Option<bool>>(1)?, text(row, 2)?, row.get::<_, Option<String>>(3)?);
            let redactor = &self.known.redactor;
            let theirs =
                redactor.is_in_ours(action) || attempted.as_ref().is_some_and(|body| redactor.is_in_ours(body));
            if ended != Some(true) || !theirs {
                continue;
            }
            let redacted = redactor.state(action);
            let attempt = attempted.as_ref().and_then(|body| redactor.state(body));
            if redacted.is_some() || attempt.is_some() {
                found.push((place, redacted.unwrap_or_else(|| action.to_owned()), attempt.or(attempted)));
            }
        }
        drop(rows);
        let mut update = self.tx.prepare_cached(
            "UPDATE outbox SET action = seal('outbox.action', id, ?2), attempted = seal('outbox.attempted', id, ?3)
             WHERE place = ?1",
        )?;
        for (place, action, attempted) in &found {
            update.execute(params![place, action, attempted])?;
        }
        drop((read, update));
        self.count("actions", found.len());
        Ok(piece.end())
    }

    /// Commands they gave, and what others wrote of them in theirs.
    fn commands(&mut self, after: i64) -> Result<Piece, StoreError> {
        let mut read = self.tx.prepare_cached(&format!(
            "SELECT id, user, {}, {OF_PLATFORM} FROM commands WHERE id > ?1 ORDER BY id LIMIT ?2",
            seal::unsealed("commands", "text")
        ))?;
        let (mut theirs, mut masked, mut piece) = (Vec::new(), Vec::new(), Progress::new(after, MANY));
        let mut rows = read.query(params![after, MANY, self.known.platform])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            piece.looked(id);
            if row.get::<_, Option<bool>>(3)? != Some(true) {
                continue;
            }
            if text(row, 1)? == self.known.redactor.user {
                theirs.push(id);
            } else if let Some(text) = self.known.redactor.text(text(row, 2)?) {
                masked.push((id, text));
            }
        }
        drop(rows);
        for id in &theirs {
            if audit::COMMAND.covers(self.tx, *id)? {
                audit::deleted(self.tx, &audit::COMMAND, [*id], self.known.at)?;
            }
            self.tx.prepare_cached("DELETE FROM commands WHERE id = ?1")?.execute([id])?;
        }
        for (id, text) in &masked {
            let sql = "UPDATE commands SET text = seal('commands.text', id, ?2) WHERE id = ?1";
            self.tx.prepare_cached(sql)?.execute(params![id, text])?;
            self.rewrote(&audit::COMMAND, *id)?;
        }
        drop(read);
        self.count("commands", theirs.len() + masked.len());
        Ok(piece.end())
    }

    /// Values of the core that cases have.
    fn of_cases(&mut self, table: &str, key: &str, column: &str, after: i64) -> Result<Piece, StoreError> {
        let value = seal::unsealed(table, column);
        let mut read = self.tx.prepare_cached(&format!(
            "SELECT {key}, case_no IS NULL OR {CASE_OF_PLATFORM}, {value} FROM {table} WHERE {key} > ?1 ORDER BY {key} LIMIT ?2"
        ))?;
        let (mut found, mut piece) = (Vec::new(), Progress::new(after, MANY));
        let mut rows = read.query(params![after, MANY, self.known.platform])?;
        while let Some(row) = rows.next()? {
            let key: i64 = row.get(0)?;
            piece.looked(key);
            if row.get::<_, Option<bool>>(1)? == Some(true)
                && let Some(json) = self.redacted(text(row, 2)?)
            {
                found.push((key, json));
            }
        }
        drop(rows);
        let sealed = seal::sealed(table, column, "?2");
        let mut update = self.tx.prepare_cached(&format!("UPDATE {table} SET {column} = {sealed} WHERE {key} = ?1"))?;
        for (key, json) in &found {
            update.execute(params![key, json])?;
            if let Some(record) = Record::of(table, column) {
                self.rewrote(record, *key)?;
            }
        }
        drop((read, update));
        self.count(table, found.len());
        Ok(piece.end())
    }

    /// Inputs that no file has taken over.
    fn journal(&mut self, after: i64) -> Result<Piece, StoreError> {
        let Known { platform, redactor, upto, .. } = &*self.known;
        let stretch = Stretch { after, upto: *upto, limit: MANY };
        let looked = journal::redact(self.tx, platform, redactor, stretch, false)?;
        self.count("journal", looked.changed);
        Ok(Piece { last: looked.last, more: looked.more })
    }

    /// What was sent of them after they were somebody new, for what they were before.
    fn attempts(&mut self, after: i64) -> Result<Piece, StoreError> {
        let Known { platform, redactor, upto, .. } = &*self.known;
        let stretch = Stretch { after: after.max(*upto), upto: i64::MAX, limit: MANY };
        let looked = journal::redact(self.tx, platform, redactor, stretch, true)?;
        self.count("journal", looked.changed);
        Ok(Piece { last: looked.last, more: looked.more })
    }
}

/// Counts the rows of a piece.
struct Progress {
    last: i64,
    room: i64,
}

impl Progress {
    fn new(after: i64, room: i64) -> Self {
        Self { last: after, room }
    }

    fn looked(&mut self, key: i64) {
        (self.last, self.room) = (key, self.room - 1);
    }

    fn end(self) -> Piece {
        Piece { last: self.last, more: self.room <= 0 }
    }
}
