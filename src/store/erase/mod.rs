//! Erasing a person on request: what they said and are called, what is held against them, what was sent to them. What stays are
//! numbers: of inputs, cases and days.
//!
//! - In the database in one transaction ([`erase`]), while nobody else writes; then it is written anew and its log emptied
//!   ([`scrub`]), so that no free page and no gap has anything left.
//! - `files`: then in the files of the history, one after the other, on a thread of its own.
//! - Actions that name them and are still to be carried out are left to their end, and then erased.
//!
//! A row of `erasures` says how far it has come; a start goes on with it.

mod export;
mod files;
mod redact;

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE32_NOPAD;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, named_params, params};

pub use self::export::{MemberError, export_member};
pub(super) use self::files::{Erasing, aside, write_aside};
use self::redact::Redactor;
use super::error::{decode, encode, signed, unsigned};
use super::forget;
use super::read::{each, text};
use super::seal;
use crate::domain::case::Case;
use crate::domain::ids;
use crate::domain::time::Timestamp;
use crate::ports::{Erasure, Person, RowKind, StoreError};

/// Rows of the journal that are looked at before what was found is written.
const PIECE: usize = 2000;

/// Rows by table.
type Rows = BTreeMap<String, u64>;

/// Erases a person from the database and begins with the files; says how far that is. Once more for one who is being erased
/// already says how far that has come.
pub(super) fn erase(conn: &mut Connection, person: &Person, by: &str, now: Timestamp) -> Result<Erasure, StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let open = "SELECT no FROM erasures WHERE platform = ?1 AND user = ?2 AND done IS NULL";
    let open: Option<i64> = tx.query_row(open, [&*person.platform, &*person.user], |row| row.get(0)).optional()?;
    if let Some(no) = open {
        drop(tx);
        return state(conn, unsigned(no))?.ok_or_else(|| StoreError::Unavailable("the erasure is gone".to_owned()));
    }
    let mut from = Eraser::new(&tx, person)?;
    from.people()?;
    from.cases()?;
    from.actions()?;
    from.commands()?;
    from.values()?;
    from.journal()?;
    from.lessons()?;
    let Eraser { redactor, rows, .. } = from;
    let upto: i64 = tx.query_row(
        "SELECT max((SELECT coalesce(max(seq), 0) FROM journal), (SELECT coalesce(max(last), 0) FROM history))",
        [],
        |row| row.get(0),
    )?;
    tx.execute(
        "INSERT INTO erasures (at, by, platform, user, names, alias, upto, rows)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            now.0,
            by,
            &*person.platform,
            &*person.user,
            encode(&redactor.names)?,
            redactor.alias,
            upto,
            encode(&rows)?
        ],
    )?;
    let no = unsigned(tx.last_insert_rowid());
    tx.commit()?;
    state(conn, no)?.ok_or_else(|| StoreError::Unavailable("the erasure was not written".to_owned()))
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
            let person = Person { platform: platform.into(), user: user.into() };
            let names: Option<String> = row.get(9)?;
            let names = names.map(|json| decode("an erasure", &json)).transpose()?.unwrap_or_default();
            let (user, alias) = (person.user.to_string(), erasure.alias.clone());
            erasure.actions_left = actions_under_way(conn, &person.platform, &Redactor { user, alias, names })?;
            let like = format!("wecom/{}/", person.platform);
            let marks = "SELECT count(*) FROM marks WHERE substr(source, 1, length(?1)) = ?1
                         AND instr(unseal('marks.value', source, value), ?2) > 0";
            let marks: i64 = conn.query_row(marks, [&like, &quoted(&person.user)], |row| row.get(0))?;
            erasure.rosters = unsigned(marks);
        }
        Ok(erasure)
    })?;
    Ok(found.into_iter().next())
}

/// The erasure that is not done yet, with whose it is.
pub(super) fn open(conn: &Connection) -> rusqlite::Result<Option<(u64, Person)>> {
    let sql = "SELECT no, platform, user FROM erasures WHERE done IS NULL AND user IS NOT NULL ORDER BY no LIMIT 1";
    let person = |row: &rusqlite::Row<'_>| {
        let (platform, user): (String, String) = (row.get(1)?, row.get(2)?);
        Ok((unsigned(row.get(0)?), Person { platform: platform.into(), user: user.into() }))
    };
    conn.query_row(sql, [], person).optional()
}

/// A file of the history has nothing of them any more.
pub(super) fn file_done(conn: &Connection, no: u64, first: u64, erased: u64) -> Result<(), StoreError> {
    conn.execute(
        "UPDATE erasures SET after = ?2,
         rows = json_set(rows, '$.history', coalesce(json_extract(rows, '$.history'), 0) + ?3) WHERE no = ?1",
        params![signed(no)?, signed(first)?, signed(erased)?],
    )?;
    Ok(())
}

/// When all files are done: erases what has come to its end since, and with the last of it who it was. Says whether it is done, and
/// whether there was anything to be erased.
pub(super) fn finish(
    conn: &mut Connection,
    no: u64,
    person: &Person,
    now: Timestamp,
) -> Result<(bool, bool), StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut from = Eraser::new(&tx, person)?;
    let known = "SELECT alias, coalesce(names, '[]') FROM erasures WHERE no = ?1";
    let (alias, names): (String, String) = tx.query_row(known, [signed(no)?], |row| Ok((row.get(0)?, row.get(1)?)))?;
    from.redactor.alias = alias;
    from.redactor.names.extend(decode::<BTreeSet<String>>("an erasure", &names)?);
    from.actions()?;
    let erased = !from.rows.is_empty();
    let done = actions_under_way(&tx, &person.platform, &from.redactor)? == 0;
    if done {
        let sql = "UPDATE erasures SET done = ?2, user = NULL, names = NULL WHERE no = ?1";
        tx.execute(sql, params![signed(no)?, now.0])?;
    }
    tx.commit()?;
    Ok((done, erased))
}

/// Writes the database anew, so that nothing that was deleted is left in it, and empties its log. Stands still for as long as
/// copying the database takes. Says whether the log is empty: it is not while somebody reads an older state, e.g. for a backup.
pub(super) fn scrub(conn: &Connection) -> Result<bool, StoreError> {
    conn.pragma_update(None, "temp_store", if super::history::can_make_temporary_files() { "FILE" } else { "MEMORY" })?;
    let written = conn.execute_batch("VACUUM");
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    written?;
    clear_log(conn)
}

/// Copies the log into the database and empties it, so that nothing older is left in it. Says whether it is empty.
pub(super) fn clear_log(conn: &Connection) -> Result<bool, StoreError> {
    let busy: i64 = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}

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

/// Columns with values of the core, of groups: the table, its key, the column, and how its platform is known.
const VALUES: &[(&str, &str, &str, &str)] = &[
    ("ledgers", "group_id", "ledger", OF_GROUP),
    ("newcomers", "group_id", "newcomers", OF_GROUP),
    ("company_alerts", "id", "alerts", "1"),
    ("undone", "case_no", "by", OF_CASE),
    ("evidence", "id", "body", OF_CASE),
    (
        "decisions",
        "task",
        "decision",
        "(case_no IS NULL OR case_no IN (SELECT no FROM cases WHERE group_id IN (SELECT id FROM groups WHERE platform = :platform)))",
    ),
    ("chat_changes", "no", "change", OF_GROUP),
    ("chat_changes", "no", "undone", OF_GROUP),
    ("reminders", "no", "reminder", OF_GROUP),
    ("tasks", "task", "body", OF_GROUP),
    ("pauses", "group_name", "by", "platform = :platform"),
];

const OF_GROUP: &str = "group_id IN (SELECT id FROM groups WHERE platform = :platform)";
const OF_CASE: &str =
    "case_no IN (SELECT no FROM cases WHERE group_id IN (SELECT id FROM groups WHERE platform = :platform))";

struct Eraser<'a> {
    tx: &'a Transaction<'a>,
    platform: &'a str,
    redactor: Redactor,
    rows: Rows,
    /// Groups and ids of messages that were theirs.
    messages: BTreeSet<(String, String)>,
}

impl<'a> Eraser<'a> {
    fn new(tx: &'a Transaction<'a>, person: &'a Person) -> Result<Self, StoreError> {
        let (platform, user) = (&*person.platform, person.user.to_string());
        let mut names = BTreeSet::new();
        let sql = format!(
            "SELECT DISTINCT {} FROM members WHERE {OF_GROUP} AND user = :user AND name IS NOT NULL",
            seal::unsealed("members", "name")
        );
        let mut read = tx.prepare(&sql)?;
        names.extend(each(read.query(named_params! {":platform": platform, ":user": user})?, |row| {
            Ok(text(row, 0)?.to_owned())
        })?);
        let redactor = Redactor { user, alias: alias()?, names };
        Ok(Self { tx, platform, redactor, rows: Rows::new(), messages: BTreeSet::new() })
    }

    fn count(&mut self, what: &str, rows: usize) {
        if rows > 0 {
            *self.rows.entry(what.to_owned()).or_default() += rows as u64;
        }
    }

    /// Names, comings and goings, roles, and what is held against them.
    fn people(&mut self) -> Result<(), StoreError> {
        for table in ["members", "admins", "standings"] {
            let sql = format!("DELETE FROM {table} WHERE {OF_GROUP} AND user = :user");
            let values = named_params! {":platform": self.platform, ":user": self.redactor.user};
            let deleted = self.tx.execute(&sql, values)?;
            self.count(table, deleted);
        }
        Ok(())
    }

    /// What was said in their cases, and who they were; the case stays with its number.
    fn cases(&mut self) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT no, {} AS opened FROM cases WHERE {OF_GROUP} AND instr(opened, :user) > 0 ORDER BY no",
            seal::unsealed("cases", "body")
        );
        let mut read = self.tx.prepare(&sql)?;
        let values = named_params! {":platform": self.platform, ":user": quoted(&self.redactor.user)};
        let found =
            each(read.query(values)?, |row| Ok((row.get::<_, i64>(0)?, decode::<Case>("a case", text(row, 1)?)?)))?;
        let theirs = |case: &Case| *case.user == *self.redactor.user;
        let names = found.iter().filter(|(_, case)| theirs(case)).map(|(_, case)| case.name.clone());
        let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        self.redactor.names.extend(names);
        for (no, mut case) in found {
            if *case.user == *self.redactor.user {
                self.messages.insert((case.group.to_string(), case.message.to_string()));
                for evidence in super::read::evidence(self.tx, no)? {
                    self.messages.insert((case.group.to_string(), evidence.message.to_string()));
                }
                let deleted = forget::what_a_case_has(self.tx, no, &case)?;
                self.count("evidence and actions of cases", deleted);
                case.forget();
                case.name.clear();
                case.user = self.redactor.alias.as_str().into();
            }
            let body = encode(&case)?;
            let body = self.redactor.state(&body).unwrap_or(body);
            let sql = "UPDATE cases SET body = seal('cases.body', no, ?2) WHERE no = ?1";
            self.tx.execute(sql, params![no, body])?;
            self.count("cases", 1);
        }
        Ok(())
    }

    /// What was sent because of them, when it has come to its end.
    fn actions(&mut self) -> Result<(), StoreError> {
        let mut read = self.tx.prepare(
            "SELECT place, unseal('outbox.action', id, action) AS opened, unseal('outbox.attempted', id, attempted) FROM outbox
             WHERE state != 'pending' AND json_extract(opened, '$.platform') = ?1",
        )?;
        let mut found = Vec::new();
        let mut rows = read.query([self.platform])?;
        while let Some(row) = rows.next()? {
            let (action, attempted) = (text(row, 1)?, row.get::<_, Option<String>>(2)?);
            if !self.redactor.is_in_ours(action)
                && !attempted.as_ref().is_some_and(|body| self.redactor.is_in_ours(body))
            {
                continue;
            }
            let redacted = self.redactor.state(action);
            let attempt = attempted.as_ref().and_then(|body| self.redactor.state(body));
            if redacted.is_some() || attempt.is_some() {
                let action = redacted.unwrap_or_else(|| action.to_owned());
                found.push((row.get::<_, i64>(0)?, action, attempt.or(attempted)));
            }
        }
        for (place, action, attempted) in found {
            let sql =
                "UPDATE outbox SET action = seal('outbox.action', id, ?2), attempted = seal('outbox.attempted', id, ?3)
                       WHERE place = ?1";
            self.tx.execute(sql, params![place, action, attempted])?;
            self.count("actions", 1);
        }
        Ok(())
    }

    /// Commands they gave, and what others wrote of them in theirs.
    fn commands(&mut self) -> Result<(), StoreError> {
        let sql = format!("DELETE FROM commands WHERE {OF_GROUP} AND user = :user");
        let values = named_params! {":platform": self.platform, ":user": self.redactor.user};
        let deleted = self.tx.execute(&sql, values)?;
        self.count("commands", deleted);
        let mut read = self
            .tx
            .prepare(&format!("SELECT id, {} FROM commands WHERE {OF_GROUP}", seal::unsealed("commands", "text")))?;
        let mut redacted = Vec::new();
        let mut found = read.query(named_params! {":platform": self.platform})?;
        while let Some(row) = found.next()? {
            if let Some(masked) = self.redactor.text(text(row, 1)?) {
                redacted.push((row.get::<_, i64>(0)?, masked));
            }
        }
        for (id, masked) in &redacted {
            let sql = "UPDATE commands SET text = seal('commands.text', id, ?2) WHERE id = ?1";
            self.tx.execute(sql, params![id, masked])?;
        }
        self.count("commands", redacted.len());
        Ok(())
    }

    /// Everything that groups keep; tasks and timers about them go.
    fn values(&mut self) -> Result<(), StoreError> {
        let user = self.redactor.user.clone();
        let sql = format!(
            "DELETE FROM tasks WHERE {OF_GROUP} AND json_extract({}, '$.cause.user') = :user",
            seal::unsealed("tasks", "body")
        );
        let tasks = self.tx.execute(&sql, named_params! {":platform": self.platform, ":user": user})?;
        self.count("tasks", tasks);
        let timers = self.tx.execute(
            "DELETE FROM timers WHERE platform = ?1 AND json_extract(what, '$.Unmute.user') = ?2",
            [self.platform, &user],
        )?;
        self.count("timers", timers);
        let sql = "DELETE FROM pictures WHERE platform = ?1 AND user = ?2";
        let pictures = self.tx.execute(sql, [self.platform, &user])?;
        self.count("pictures", pictures);
        for (table, key, column, which) in VALUES {
            let sql = format!(
                "SELECT {key}, {} FROM {table} WHERE {which} AND {column} IS NOT NULL",
                seal::unsealed(table, column)
            );
            let mut read = self.tx.prepare(&sql)?;
            let mut values: Vec<(&str, &dyn rusqlite::ToSql)> = Vec::new();
            let platform = self.platform;
            if which.contains(":platform") {
                values.push((":platform", &platform));
            }
            let found = each(read.query(&*values)?, |row| {
                Ok((row.get::<_, rusqlite::types::Value>(0)?, text(row, 1)?.to_owned()))
            })?;
            let extra = if *table == "pauses" { " AND platform = ?3" } else { "" };
            for (key_value, json) in found {
                let theirs = Some(&json).filter(|json| self.redactor.is_in_ours(json));
                let Some(json) = theirs.and_then(|json| self.redactor.state(json)) else { continue };
                let sql = format!(
                    "UPDATE {table} SET {column} = {} WHERE {key} = ?1{extra}",
                    seal::sealed(table, column, "?2")
                );
                let mut values: Vec<&dyn rusqlite::ToSql> = vec![&key_value, &json];
                if !extra.is_empty() {
                    values.push(&platform);
                }
                self.tx.execute(&sql, &*values)?;
                self.count(table, 1);
            }
        }
        Ok(())
    }

    /// Inputs that no file has taken over.
    fn journal(&mut self) -> Result<(), StoreError> {
        let erased = redact_journal(self.tx, self.platform, &mut self.redactor, Some(&mut self.messages))?;
        self.count("journal", erased);
        Ok(())
    }

    /// What decisions about their messages have taught.
    fn lessons(&mut self) -> Result<(), StoreError> {
        let mut delete = self.tx.prepare("DELETE FROM lessons WHERE subject = ?1")?;
        let mut deleted = 0;
        for (group, message) in &self.messages {
            let subject = ids::hash(&["lesson", self.platform, group, message]) as u64;
            deleted += delete.execute([subject.cast_signed()])?;
        }
        drop(delete);
        self.count("lessons", deleted);
        Ok(())
    }
}

/// Takes one person out of a table `journal`; says of how many rows. What they are called there is learnt first. `messages`: is
/// given their groups and ids.
fn redact_journal(
    tx: &Transaction<'_>,
    platform: &str,
    redactor: &mut Redactor,
    mut messages: Option<&mut BTreeSet<(String, String)>>,
) -> Result<usize, StoreError> {
    let indexed = tx.column_exists(None, "journal", "member_key")?;
    for learning in [true, false] {
        let (mut after, mut erased) = (0_i64, 0);
        loop {
            let mut read = tx.prepare_cached(
                "SELECT seq, kind, platform, unseal('journal.body', seq, body) FROM journal
                 WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            )?;
            let mut found = read.query(params![after, PIECE as i64])?;
            let (mut looked, mut changed) = (0, Vec::new());
            while let Some(row) = found.next()? {
                (after, looked) = (row.get(0)?, looked + 1);
                let (kind, of, body) = (row.get::<_, i64>(1)?, text(row, 2)?, text(row, 3)?);
                let event = kind == RowKind::Event as i64;
                let concerned = if event { redactor.may_concern(body) } else { redactor.is_in_ours(body) };
                if (of != platform && !of.is_empty()) || !concerned {
                    continue;
                }
                if learning {
                    let Some(json) = Some(body).filter(|_| event).and_then(|body| serde_json::from_str(body).ok())
                    else {
                        continue;
                    };
                    redactor.note_names(&json);
                    if let Some(messages) = messages.as_deref_mut().filter(|_| redactor.is_theirs(&json)) {
                        let part =
                            |key: &str| json.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
                        messages.insert((part("group"), part("id")));
                    }
                    continue;
                }
                let redacted = if event { redactor.event(body) } else { redactor.state(body) };
                if let Some(redacted) = redacted.filter(|_| event || is_of(tx, platform, body)) {
                    // The key by which it is found is made of their id.
                    let theirs = event && serde_json::from_str(body).is_ok_and(|event| redactor.is_theirs(&event));
                    changed.push((after, redacted, theirs));
                }
            }
            drop(found);
            drop(read);
            let mut update =
                tx.prepare_cached("UPDATE journal SET body = seal('journal.body', seq, ?2) WHERE seq = ?1")?;
            for (seq, body, theirs) in &changed {
                update.execute(params![seq, body])?;
                if indexed && *theirs {
                    tx.prepare_cached("UPDATE journal SET member_key = NULL WHERE seq = ?1")?.execute([seq])?;
                }
            }
            erased += changed.len();
            if looked < PIECE {
                break;
            }
        }
        if !learning {
            return Ok(erased);
        }
    }
    Ok(0)
}

/// Whether an input that is no event is about an action of this platform, as far as that is known.
fn is_of(tx: &Transaction<'_>, platform: &str, body: &str) -> bool {
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let id = json.get("id").or_else(|| json.get("action")).and_then(|id| id.as_str()).unwrap_or_default();
    let sql = "SELECT json_extract(unseal('outbox.action', id, action), '$.platform') FROM outbox WHERE id = ?1";
    let known = tx.query_row(sql, [id], |row| row.get::<_, String>(0)).optional();
    known.ok().flatten().is_none_or(|known| known == platform)
}
