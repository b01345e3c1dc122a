//! The course of one erasure, slice by slice.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::files::Erasing;
use super::pages::Pages;
use super::redact::Redactor;
use super::rows::{self, Cursor, Eraser, Known, Pass, Rows};
use super::{
    Open, ROWS, actions_under_way, add_rows, aside, clear_log, encode, file_done, names_of, open, signed, unsigned,
};
use crate::domain::time::Timestamp;
use crate::ports::{Person, StoreError};
use crate::store::history::History;

/// What waits for something, e.g. for an action or a backup to come to its end, is tried again this often.
const AGAIN: Duration = Duration::from_secs(10);

/// How far one erasure has come.
pub(in crate::store) struct Course {
    pub(in crate::store) no: u64,
    alias: String,
    known: Known,
    stage: Stage,
}

enum Stage {
    Learning(Cursor),
    /// What memory holds too is next: the engine must see to it ([`Course::held`]).
    Held,
    Rows(Cursor),
    Files(Option<Erasing>),
    /// Actions are left to their end. What is done so far is made final first.
    Waiting(Final, Option<Instant>),
    /// What has come to its end since.
    Ended(Cursor),
    /// It is forgotten who it was.
    Pages(Pages),
    Log(Option<Instant>),
}

/// What makes final that something was erased.
enum Final {
    Pages(Pages),
    Log,
    Done,
}

/// What one slice came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Slice {
    More,
    /// Something else must come to its end first.
    Waits,
    /// The engine must have what memory holds erased.
    Held,
    Done,
}

impl Course {
    /// Those that are not done, as far as they have come.
    pub(in crate::store) fn open(conn: &Connection) -> Result<Vec<Self>, StoreError> {
        open(conn)?.into_iter().map(Self::of).collect()
    }

    fn of(open: Open) -> Result<Self, StoreError> {
        let Open { no, at, after, alias, platform, user, names, upto } = open;
        let stage = match after {
            _ if user.is_none() => Stage::Pages(Pages::default()),
            ROWS => Stage::Rows(Cursor::default()),
            after if after < 0 => Stage::Learning(Cursor::default()),
            _ => Stage::Files(None),
        };
        let redactor =
            Redactor { user: user.unwrap_or_default(), alias: alias.clone(), names: names_of(names.as_deref())? };
        let known = Known { platform, redactor, messages: BTreeSet::new(), upto, at };
        Ok(Self { no, alias, known, stage })
    }

    /// Who it is.
    pub(in crate::store) fn person(&self) -> Person {
        Person { platform: self.known.platform.as_str().into(), user: self.known.redactor.user.as_str().into() }
    }

    /// Whether inputs of the database are not done yet: no file must take them over before they were looked at.
    pub(in crate::store) fn is_in_database(&self) -> bool {
        matches!(self.stage, Stage::Learning(_) | Stage::Held | Stage::Rows(_))
    }

    /// Whether nothing but actions keeps it.
    pub(in crate::store) fn waits_for_actions(&self) -> bool {
        matches!(self.stage, Stage::Waiting(Final::Done, _))
    }

    /// Goes on for about this long.
    pub(in crate::store) fn step(
        &mut self,
        conn: &mut Connection,
        history: &mut History,
        now: Timestamp,
        budget: Duration,
    ) -> Result<Slice, StoreError> {
        match &mut self.stage {
            Stage::Learning(at) => {
                // What comes meanwhile is looked at too: until they are somebody new, it is theirs.
                self.known.upto = i64::MAX;
                let mut at = *at;
                let done = self.go_on(conn, rows::LEARNING, &mut at, budget)?;
                self.stage = if done { Stage::Held } else { Stage::Learning(at) };
                Ok(if done { Slice::Held } else { Slice::More })
            }
            Stage::Held => Ok(Slice::Held),
            Stage::Rows(at) => {
                let mut at = *at;
                let done = self.go_on(conn, rows::ROWS, &mut at, budget)?;
                self.stage = Stage::Rows(at);
                if done {
                    conn.execute("UPDATE erasures SET after = 0 WHERE no = ?1", [signed(self.no)?])?;
                    tracing::info!(
                        no = self.no,
                        "nothing of the member is left in the tables; days of the history are next"
                    );
                    self.stage = Stage::Files(None);
                }
                Ok(Slice::More)
            }
            Stage::Files(_) => self.files(conn, history),
            Stage::Waiting(made @ Final::Pages(_), _) => {
                if let Final::Pages(pages) = made
                    && pages.step(conn, budget)?
                {
                    *made = Final::Log;
                }
                Ok(Slice::More)
            }
            Stage::Waiting(made, again) => {
                if again.is_some_and(|again| Instant::now() < again) {
                    return Ok(Slice::Waits);
                }
                *again = Some(Instant::now() + AGAIN);
                if matches!(made, Final::Log) && clear_log(conn)? {
                    *made = Final::Done;
                }
                if actions_under_way(conn, &self.known.platform, &self.known.redactor)? > 0 {
                    return Ok(Slice::Waits);
                }
                self.stage = Stage::Ended(Cursor::default());
                Ok(Slice::More)
            }
            Stage::Ended(at) => {
                let mut at = *at;
                let done = self.go_on(conn, rows::ENDED, &mut at, budget)?;
                self.stage = Stage::Ended(at);
                if done {
                    let sql = "UPDATE erasures SET user = NULL, names = NULL WHERE no = ?1";
                    conn.execute(sql, [signed(self.no)?])?;
                    self.stage = Stage::Pages(Pages::default());
                }
                Ok(Slice::More)
            }
            Stage::Pages(pages) => {
                if pages.step(conn, budget)? {
                    self.stage = Stage::Log(None);
                }
                Ok(Slice::More)
            }
            Stage::Log(again) => {
                if again.is_some_and(|again| Instant::now() < again) {
                    return Ok(Slice::Waits);
                }
                *again = Some(Instant::now() + AGAIN);
                if !clear_log(conn)? {
                    return Ok(Slice::Waits);
                }
                conn.execute("UPDATE erasures SET done = ?2 WHERE no = ?1", params![signed(self.no)?, now.0])?;
                tracing::info!(no = self.no, alias = self.alias, "nothing is left of the member who was to be erased");
                Ok(Slice::Done)
            }
        }
    }

    fn go_on(
        &mut self,
        conn: &mut Connection,
        passes: &[Pass],
        at: &mut Cursor,
        budget: Duration,
    ) -> Result<bool, StoreError> {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut eraser = Eraser { tx: &tx, known: &mut self.known, rows: Rows::new() };
        let done = eraser.go_on(passes, at, budget)?;
        let rows = eraser.rows;
        add_rows(&tx, self.no, &rows)?;
        tx.commit()?;
        Ok(done)
    }

    /// Erases what memory holds too, when everything that it decided is written. It must be loaded anew then.
    pub(in crate::store) fn held(&mut self, conn: &mut Connection) -> Result<(), StoreError> {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let upto =
            "SELECT max((SELECT coalesce(max(seq), 0) FROM journal), (SELECT coalesce(max(last), 0) FROM history))";
        self.known.upto = tx.query_row(upto, [], |row| row.get(0))?;
        let mut eraser = Eraser { tx: &tx, known: &mut self.known, rows: Rows::new() };
        eraser.held()?;
        let rows = eraser.rows;
        add_rows(&tx, self.no, &rows)?;
        tx.execute(
            "UPDATE erasures SET after = ?2, upto = ?3, names = ?4 WHERE no = ?1",
            params![signed(self.no)?, ROWS, self.known.upto, encode(&self.known.redactor.names)?],
        )?;
        tx.commit()?;
        self.stage = Stage::Rows(Cursor::default());
        Ok(())
    }

    /// One file after the other.
    fn files(&mut self, conn: &mut Connection, history: &mut History) -> Result<Slice, StoreError> {
        let Stage::Files(file) = &mut self.stage else { return Ok(Slice::More) };
        if let Some(erasing) = file {
            let Some(done) = erasing.result() else { return Ok(Slice::Waits) };
            let first = erasing.first;
            *file = None;
            let erased = done?;
            if erased > 0
                && let Some(path) = history.file_of(first)
            {
                history.replace(first, &aside(&path))?;
            }
            file_done(conn, self.no, first, erased)?;
        }
        let next = "SELECT first FROM history WHERE first > (SELECT after FROM erasures WHERE no = ?1) AND first <= ?2
                    ORDER BY first LIMIT 1";
        let first: Option<i64> =
            conn.query_row(next, params![signed(self.no)?, self.known.upto], |row| row.get(0)).optional()?;
        let Some(first) = first.map(unsigned) else {
            let waits = actions_under_way(conn, &self.known.platform, &self.known.redactor)? > 0;
            let made = Final::Pages(Pages::default());
            self.stage = if waits { Stage::Waiting(made, None) } else { Stage::Ended(Cursor::default()) };
            return Ok(Slice::More);
        };
        let Some(path) = history.file_of(first).filter(|path| path.is_file()) else {
            file_done(conn, self.no, first, 0)?; // somebody took it away
            return Ok(Slice::More);
        };
        let person = self.person();
        self.stage = Stage::Files(Some(Erasing::start(first, &path, history.keys(), &person, self.alias.clone())?));
        Ok(Slice::Waits)
    }
}
