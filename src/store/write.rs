//! The one transaction: inputs, their keys, and what they changed.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::audit::{self, What};
use super::cased::CasedMessages;
use super::error::{encode, signed};
use super::groups::GroupIds;
use super::marks;
use super::seen::SeenIds;
use super::waiting;
use crate::domain::action::{Action, Outcome};
use crate::domain::alerts::Alerts;
use crate::domain::case::{ByWhom, Case, Evidence, TaskDecision};
use crate::domain::change::Commanded;
use crate::domain::chat::ChatChange;
use crate::domain::event::Role;
use crate::domain::newcomers::Newcomers;
use crate::domain::standing::{Ledger, Standing};
use crate::domain::tasks::OpenTask;
use crate::domain::time::Timestamp;
use crate::domain::timer::Timer;
use crate::ports::{Change, MemberRef, Row, StoreError, Unit};

/// Writes all of it or nothing; says how many actions were there already.
pub(super) fn commit(
    conn: &mut Connection,
    (groups, cased): (&mut GroupIds, &mut CasedMessages),
    seen: &mut SeenIds,
    units: &[Unit],
) -> Result<u64, StoreError> {
    let empty =
        |unit: &Unit| unit.rows.is_empty() && unit.seen.is_empty() && unit.changes.is_empty() && unit.marks.is_empty();
    if units.iter().all(empty) {
        return Ok(0);
    }
    let done = transact(conn, (groups, cased), seen, units);
    if done.is_ok() {
        groups.keep()
    } else {
        groups.discard()
    }
    done
}

fn transact(
    conn: &mut Connection,
    (groups, cased): (&mut GroupIds, &mut CasedMessages),
    seen: &mut SeenIds,
    units: &[Unit],
) -> Result<u64, StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let at = write_journal(&tx, units)?;
    let keys = seen.write(&tx, units.iter().flat_map(|unit| &unit.seen), at)?;
    let mut changes = Changes { tx: &tx, groups, cased, at, repeated: 0 };
    for change in units.iter().flat_map(|unit| &unit.changes) {
        changes.write(change)?;
    }
    let repeated = changes.repeated;
    marks::write(&tx, units.iter().flat_map(|unit| &unit.marks))?;
    tx.commit()?;
    seen.keep(keys);
    Ok(repeated)
}

/// Writes the inputs; says when the last of them was judged.
fn write_journal(tx: &Transaction<'_>, units: &[Unit]) -> Result<Timestamp, StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO journal (seq, at, kind, platform, time, body)
         VALUES (?1, ?2, ?3, ?4, ?5, seal('journal.body', ?1, ?6))",
    )?;
    let mut at = Timestamp(0);
    for row in units.iter().flat_map(|unit| &unit.rows) {
        write_row(&mut insert, row)?;
        at = at.max(row.at);
    }
    Ok(at)
}

fn write_row(insert: &mut CachedStatement<'_>, row: &Row) -> Result<(), StoreError> {
    let time = row.time.map(|time| time.0);
    insert.execute(params![signed(row.seq)?, row.at.0, row.kind as u8, &*row.platform, time, &*row.body])?;
    Ok(())
}

pub(super) struct Changes<'a> {
    pub(super) tx: &'a Transaction<'a>,
    pub(super) groups: &'a mut GroupIds,
    cased: &'a mut CasedMessages,
    /// When the last of the inputs was judged.
    at: Timestamp,
    /// Actions that were there already.
    repeated: u64,
}

impl Changes<'_> {
    fn write(&mut self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::Case(case) => self.case(case),
            Change::Evidence(evidence) => self.evidence(evidence),
            Change::Standing { member, standing } => self.standing(member, standing),
            Change::Role { member, role } => self.role(member, *role),
            Change::Membership { member, name, joined, left } => {
                self.membership(member, name.as_deref(), *joined, *left)
            }
            Change::Ledger { platform, group, ledger } => self.ledger(platform, group, ledger),
            Change::Undone { case, undone } => self.undone(*case, undone),
            Change::Decided(decision) => self.decided(decision),
            Change::Task { platform, group, task } => self.task(platform, group, task),
            Change::TaskClosed { id } => self.run("DELETE FROM tasks WHERE task = ?1", [&**id]),
            Change::Chat(change) => self.chat(change),
            Change::ChatUndone { no, undone, .. } => self.chat_undone(*no, undone),
            Change::Pause { platform, group, pause } => self.pause(platform, group, pause.as_ref()),
            Change::Lesson { no, platform, group, lesson } => self.lesson(*no, platform, group, lesson),
            Change::LessonForgotten { no } => self.lesson_forgotten(*no),
            Change::Commanded(commanded) => self.commanded(commanded),
            Change::Reload { .. } | Change::ImageUnsent { .. } => Ok(()), // for the daemon, once what it is of is recorded
            Change::Newcomers { platform, group, newcomers } => self.newcomers(platform, group, newcomers),
            Change::CompanyAlerts(alerts) => self.company_alerts(alerts),
            Change::Known(known) => self.known(known),
            Change::Unknown { platform, group } => self.unknown(platform, group),
            Change::Schedule(since) => self.schedule(since),
            Change::ScheduleGone { name } => self.run("DELETE FROM schedules WHERE name = ?1", [&**name]),
            Change::Reminder(reminder) => self.reminder(reminder),
            Change::ReminderOver { no } => self.reminder_over(*no),
            Change::Kept(kept) => self.kept(kept),
            Change::ForgetKept { key, before } => self.forget_kept(key, *before),
            Change::Timer(timer) => self.timer(timer),
            Change::TimerDone(timer) => self.run(
                "DELETE FROM timers WHERE platform = ?1 AND group_name = ?2 AND id = ?3",
                params![&*timer.platform, &*timer.group, &*timer.id],
            ),
            Change::Act(action) => self.act(action),
            Change::Attempted { id, body } => self.run(
                "UPDATE outbox SET attempted = seal('outbox.attempted', id, ?2) WHERE id = ?1 AND state = 'pending'",
                params![&**id, &**body],
            ),
            Change::Untried { id } => {
                self.run("UPDATE outbox SET attempted = NULL WHERE id = ?1 AND state = 'pending'", params![&**id])
            }
            Change::PictureWanted(wanted) => self.picture_wanted(wanted),
            Change::PictureRead { id } => self.run("DELETE FROM pictures WHERE id = ?1", [&**id]),
            Change::Ended { id, outcome, at } => self.ended(id, outcome, *at),
        }
    }

    pub(super) fn run(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), StoreError> {
        self.tx.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// Like [`Changes::run`]; says whether a row was written.
    fn writes(&self, sql: &str, values: impl rusqlite::Params) -> Result<bool, StoreError> {
        Ok(self.tx.prepare_cached(sql)?.execute(values)? > 0)
    }

    /// The last statement wrote a record of the chain.
    fn wrote(&self, record: &audit::Record, key: i64) -> Result<(), StoreError> {
        audit::wrote(self.tx, record, key, self.at, What::Written)
    }

    fn case(&mut self, case: &Case) -> Result<(), StoreError> {
        let no = signed(case.no)?;
        let group = self.groups.find_or_add(self.tx, &case.platform, &case.group)?;
        let (body, salt) = (encode(case)?, audit::salt()?);
        self.run(
            "INSERT INTO cases (no, group_id, body, salt)
             VALUES (?1, ?2, seal('cases.body', ?1, ?3), seal('cases.salt', ?1, ?4))",
            params![no, group, body, &salt[..]],
        )?;
        audit::wrote_salted(self.tx, &audit::CASE, (no, no), self.at, (&salt, &body))?;
        if !case.message.is_empty() {
            self.case_message(group, &case.message, no)?;
        }
        self.run(
            "INSERT INTO config_cases (version, last_case) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET last_case = excluded.last_case",
            params![&*case.rules, no],
        )
    }

    fn evidence(&mut self, evidence: &Evidence) -> Result<(), StoreError> {
        let no = signed(evidence.case)?;
        let mut read = self.tx.prepare_cached("SELECT group_id FROM cases WHERE no = ?1")?;
        let group: Option<i64> = read.query_row([no], |row| row.get(0)).optional()?;
        let group = group.ok_or_else(|| StoreError::Row(format!("evidence of case {no}, which there is not")))?;
        let (body, salt) = (encode(evidence)?, audit::salt()?);
        self.run(
            "INSERT INTO evidence (id, case_no, body, salt)
             SELECT n, ?1, seal('evidence.body', n, ?2), seal('evidence.salt', n, ?3)
             FROM (SELECT coalesce(max(id), 0) + 1 AS n FROM evidence)",
            params![no, body, &salt[..]],
        )?;
        let id = self.tx.last_insert_rowid();
        audit::wrote_salted(self.tx, &audit::EVIDENCE, (id, no), self.at, (&salt, &body))?;
        if evidence.message.is_empty() {
            return Ok(()); // it is about a name
        }
        self.case_message(group, &evidence.message, no)
    }

    fn case_message(&mut self, group: i64, message: &str, case: i64) -> Result<(), StoreError> {
        self.cased.add(group, message);
        self.run(
            "INSERT INTO case_messages (group_id, message, case_no) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![group, message, case],
        )
    }

    /// The first time is the one.
    fn undone(&self, case: u64, undone: &ByWhom) -> Result<(), StoreError> {
        let no = signed(case)?;
        let insert = "INSERT INTO undone (case_no, by) VALUES (?1, seal('undone.by', ?1, ?2)) ON CONFLICT DO NOTHING";
        if self.writes(insert, params![no, encode(undone)?])? {
            self.wrote(&audit::UNDONE, no)?;
        }
        Ok(())
    }

    /// The first answer is the one.
    fn decided(&self, decision: &TaskDecision) -> Result<(), StoreError> {
        let insert =
            "INSERT INTO decisions (task, case_no, decision) VALUES (?1, ?2, seal('decisions.decision', ?1, ?3))
                      ON CONFLICT DO NOTHING";
        let case = decision.case.map(signed).transpose()?;
        if self.writes(insert, params![&*decision.task, case, encode(decision)?])? {
            self.wrote(&audit::ANSWER, self.tx.last_insert_rowid())?;
        }
        Ok(())
    }

    fn standing(&mut self, member: &MemberRef, standing: &Standing) -> Result<(), StoreError> {
        let group = self.groups.find_or_add(self.tx, &member.platform, &member.group)?;
        if *standing == Standing::default() {
            return self.run("DELETE FROM standings WHERE group_id = ?1 AND user = ?2", params![group, &*member.user]);
        }
        self.run(
            "INSERT INTO standings (group_id, user, standing) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET standing = excluded.standing",
            params![group, &*member.user, encode(standing)?],
        )
    }

    fn role(&mut self, member: &MemberRef, role: Role) -> Result<(), StoreError> {
        let group = self.groups.find_or_add(self.tx, &member.platform, &member.group)?;
        self.run(
            "INSERT INTO members (group_id, user, role) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET role = excluded.role",
            params![group, &*member.user, role_name(role)],
        )?;
        let list = if role.is_admin() {
            "INSERT INTO admins (group_id, user) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM admins WHERE group_id = ?1 AND user = ?2"
        };
        self.run(list, params![group, &*member.user])
    }

    fn membership(
        &mut self,
        member: &MemberRef,
        name: Option<&str>,
        joined: Option<Timestamp>,
        left: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let group = self.groups.find_or_add(self.tx, &member.platform, &member.group)?;
        // Who comes is not gone any more; who leaves or is renamed keeps the time they came.
        self.run(
            "INSERT INTO members (group_id, user, name, joined, gone)
             VALUES (?1, ?2, seal('members.name', ?1, ?2, ?3), ?4, ?5)
             ON CONFLICT DO UPDATE SET
                 name = coalesce(excluded.name, name),
                 joined = coalesce(excluded.joined, joined),
                 gone = CASE WHEN coalesce(excluded.joined, excluded.gone) IS NULL THEN gone ELSE excluded.gone END",
            params![group, &*member.user, name, joined.map(|time| time.0), left.map(|time| time.0)],
        )
    }

    fn ledger(&mut self, platform: &str, group: &str, ledger: &Ledger) -> Result<(), StoreError> {
        let group = self.groups.find_or_add(self.tx, platform, group)?;
        if *ledger == Ledger::default() {
            return self.run("DELETE FROM ledgers WHERE group_id = ?1", [group]);
        }
        self.run(
            "INSERT INTO ledgers (group_id, ledger) VALUES (?1, seal('ledgers.ledger', ?1, ?2))
             ON CONFLICT DO UPDATE SET ledger = excluded.ledger",
            params![group, encode(ledger)?],
        )
    }

    fn newcomers(&mut self, platform: &str, group: &str, newcomers: &Newcomers) -> Result<(), StoreError> {
        let group = self.groups.find_or_add(self.tx, platform, group)?;
        if *newcomers == Newcomers::default() {
            return self.run("DELETE FROM newcomers WHERE group_id = ?1", [group]);
        }
        self.run(
            "INSERT INTO newcomers (group_id, newcomers) VALUES (?1, seal('newcomers.newcomers', ?1, ?2))
             ON CONFLICT DO UPDATE SET newcomers = excluded.newcomers",
            params![group, encode(newcomers)?],
        )
    }

    /// Later in the order than those before it; one that has changed stays where it is.
    fn task(&mut self, platform: &str, group: &str, task: &OpenTask) -> Result<(), StoreError> {
        let group = self.groups.find_or_add(self.tx, platform, group)?;
        self.run(
            "INSERT INTO tasks (task, group_id, body) VALUES (?1, ?2, seal('tasks.body', ?1, ?3))
             ON CONFLICT (task) DO UPDATE SET body = excluded.body",
            params![&*task.id, group, encode(task)?],
        )
    }

    fn company_alerts(&self, alerts: &Alerts) -> Result<(), StoreError> {
        self.run(
            "INSERT OR REPLACE INTO company_alerts (id, alerts) VALUES (1, seal('company_alerts.alerts', 1, ?1))",
            [encode(alerts)?],
        )
    }

    fn timer(&self, timer: &Timer) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO timers (platform, group_name, id, due, what) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET due = excluded.due, what = excluded.what",
            params![&*timer.platform, &*timer.group, &*timer.id, timer.due.0, encode(&timer.what)?],
        )
    }

    fn chat(&mut self, change: &ChatChange) -> Result<(), StoreError> {
        let group = self.groups.find_or_add(self.tx, &change.platform, &change.group)?;
        self.run(
            "INSERT INTO chat_changes (no, group_id, change) VALUES (?1, ?2, seal('chat_changes.change', ?1, ?3))",
            params![signed(change.no)?, group, encode(change)?],
        )?;
        self.wrote(&audit::CHANGE, signed(change.no)?)
    }

    fn chat_undone(&self, no: u64, undone: &ByWhom) -> Result<(), StoreError> {
        let no = signed(no)?;
        let update =
            "UPDATE chat_changes SET undone = seal('chat_changes.undone', no, ?2) WHERE no = ?1 AND undone IS NULL";
        if self.writes(update, params![no, encode(undone)?])? {
            self.wrote(&audit::CHANGE_UNDONE, no)?;
        }
        Ok(())
    }

    fn pause(&mut self, platform: &str, group: &str, pause: Option<&ByWhom>) -> Result<(), StoreError> {
        let everything = platform.is_empty() && group.is_empty();
        let key = if everything { 0 } else { self.groups.find_or_add(self.tx, platform, group)? };
        let what = if pause.is_some() { What::Written } else { What::Deleted };
        audit::noted(self.tx, audit::PAUSE, key, self.at, what)?;
        let Some(by) = pause else {
            return self.run("DELETE FROM pauses WHERE platform = ?1 AND group_name = ?2", [platform, group]);
        };
        self.run(
            "INSERT INTO pauses (platform, group_name, by) VALUES (?1, ?2, seal('pauses.by', ?1, ?2, ?3))
             ON CONFLICT DO UPDATE SET by = excluded.by",
            params![platform, group, encode(by)?],
        )
    }

    fn commanded(&mut self, commanded: &Commanded) -> Result<(), StoreError> {
        let Commanded { member, event, at, command, text, result } = commanded;
        let group = self.groups.find_or_add(self.tx, &member.platform, &member.group)?;
        self.run(
            "INSERT INTO commands (id, group_id, at, user, event, command, result, text)
             SELECT n, ?1, ?2, ?3, ?4, ?5, ?6, seal('commands.text', n, ?7)
             FROM (SELECT coalesce(max(id), 0) + 1 AS n FROM commands)",
            params![group, at.0, &*member.user, &**event, &**command, &**result, text],
        )?;
        self.wrote(&audit::COMMAND, self.tx.last_insert_rowid())
    }

    fn act(&mut self, action: &Action) -> Result<(), StoreError> {
        let case: Option<i64> = action.cause.case.as_ref().and_then(|no| no.parse().ok());
        let rows = waiting::add(self.tx, action, case)?;
        self.repeated += u64::from(rows == 0); // the same id is the same cause: it is decided already
        Ok(())
    }

    fn ended(&self, id: &str, outcome: &Outcome, at: Timestamp) -> Result<(), StoreError> {
        let (message, error) = match outcome {
            Outcome::Done { message } => (message.as_deref(), None),
            Outcome::Failed { error } | Outcome::Uncertain { error } => (None, Some(&**error)),
            Outcome::Expired | Outcome::Cancelled => (None, None),
        };
        // The first end is the end, but what was under way when it was cancelled may have been done all the same; and what
        // was only supposed gives way to what is known.
        self.run(
            "UPDATE outbox SET state = ?2, message = ?3, error = seal('outbox.error', id, ?4), ended_at = ?5,
                 platform = NULL, group_name = NULL, follows = NULL, turn = NULL
             WHERE id = ?1 AND (state = 'pending' OR (state = 'cancelled' AND ?2 IN ('done', 'uncertain'))
                 OR (state IN ('uncertain', 'expired') AND ?2 = 'done') OR (state = 'uncertain' AND ?2 = 'failed'))",
            params![id, outcome.state(), message, error, at.0],
        )
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Bot => "bot",
        Role::TrialAdmin => "trial_admin", // never written: it is not what a platform says
        Role::Admin => "admin",
        Role::Owner => "owner",
    }
}
