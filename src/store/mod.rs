//! The store in one SQLite file, and the lock on its directory.
//!
//! - `open`, `lock`, `schema`: a data directory is looked at, locked and brought up to date. `private`: its files are its owner's alone.
//! - `checkpoint`: the log is copied into the database beside the writing. `sync`: the disk is waited for beside it.
//! - `write`: the one transaction of a commit. `groups`: numbers for groups. `cased`: which messages are in cases. `seen`, `filter`: which events were seen.
//! - `read`: what the core reads back. `chat`: what commands look at. `configs`: versions of the configuration. `inspect`: what people look at.
//!   `peek`: what is read beside a running daemon. `history`: days of the journal that are over, in files of their own.
//!   `forget`: deleting by age. `transfer`: the state as one file, for another machine. `backup`: all of it as one file.
//!   `erase`: a person, on request; `tidy`: nothing deleted is left in the log. `seal`: what people wrote is sealed with a key.
//!   `waiting`: actions that have not come to their end. `audit`: the chain that shows whether decisions were changed.
//!
//! Indexes cost more than syncing to the disk, so a message that breaks no rule writes one journal row, at the end of a
//! table without indexes, and 16 bytes of its key. All writing goes through one connection, with `synchronous = FULL`: what
//! [`Store::commit`] has returned from survives a power cut; what [`Store::write`] has, once it was synced. What is in memory beside the database (`seen`, `groups`) changes
//! only after its transaction has succeeded.

mod audit;
mod backup;
mod cased;
mod chat;
mod checkpoint;
mod configs;
mod erase;
mod error;
mod filter;
mod forget;
mod groups;
mod history;
mod inspect;
mod lessons;
mod lock;
mod marks;
mod open;
mod peek;
mod pictures;
mod private;
mod read;
mod reminders;
mod schema;
mod seal;
mod seen;
mod sync;
mod tidy;
#[cfg(test)]
mod tests;
mod transfer;
mod waiting;
mod write;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use rusqlite::{Connection, TransactionBehavior, params};

pub use self::audit::Link;
pub use self::backup::{
    BackedUp, BackupError, CheckLine, Checked, Found, Head, Moment, Restored, SUFFIX, Unpacked, back_up, check,
    name_at, restore, unpack,
};
pub use self::configs::{pack_files, unpack_files};
pub use self::erase::{MemberError, export_member};
pub use self::inspect::{Membership, TableCount};
pub use self::open::{OpenError, begins_empty};
pub use self::peek::{ChatState, chat_state, keys_of, last_config};
pub use self::private::file as private_file;
pub use self::seal::{Keyring, Resealed, SealError, reseal};
pub use self::seen::SeenLimits;
pub use self::transfer::{Rows, TransferError, export_state, import_state};
use crate::domain::action::{Action, StoredAction};
use crate::domain::case::{Case, CaseFile, TaskDecision};
use crate::domain::chat::ChatChange;
use crate::domain::ids::SeenKey;
use crate::domain::picture::Wanted;
use crate::domain::standing::Standing;
use crate::domain::time::Timestamp;
use crate::ports::{
    Archived, Copier, Erasure, Forgotten, HistorySize, Kept, Meant, MemberRef, PackedFiles, Pending, Person, Row,
    Start, Store, StoreError, StoredGroup, StoredMember, Syncer, Tidied, Unit,
};

/// What can be set about a store.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether a commit survives a power cut.
    pub durability: Durability,
    /// How much is kept in memory of the keys of events.
    pub seen: SeenLimits,
    /// What texts are sealed with.
    pub keys: Keyring,
}

/// Whether a commit survives a power cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// It does: what `serve` needs.
    #[default]
    Full,
    /// It need not: a temporary store that is thrown away.
    Scratch,
}

/// The schema that this version brings a store to.
pub fn known_schema() -> usize {
    schema::MIGRATIONS.len()
}

/// What has happened since the store was opened, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounters {
    /// Actions that were decided again under an id that was there, and dropped.
    pub repeated_actions: u64,
    /// Segments of event keys that were forgotten early because there were too many.
    pub shed_segments: u64,
}

/// A data directory in use. Dropping it ends the lock.
pub struct SqliteStore {
    // First: its connection is closed before the other. A store that is thrown away has none.
    checkpoints: Option<checkpoint::Checkpoints>,
    // Before the connection too: what it copies with is closed first.
    history: history::History,
    tidying: tidy::Tidying,
    log: sync::Log,
    conn: Connection,
    groups: groups::GroupIds,
    cased: cased::CasedMessages,
    seen: seen::SeenIds,
    repeated: u64,
    // Last: the database is closed before the lock ends.
    _lock: lock::DirLock,
}

/// The largest piece of the windows in one row, in bytes.
const PIECE: usize = 1 << 20;

impl SqliteStore {
    /// Opens a data directory, which is created if it is missing, and brings its database to the latest schema.
    ///
    /// # Errors
    /// Says why the directory cannot be used; what is in it was left as it is.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        let (lock, mut conn) = open::open(dir, &options.keys)?;
        waiting::place_all(&mut conn).map_err(|error| open::store_error(dir, &error))?;
        if options.durability == Durability::Scratch {
            open::scratch(&conn).map_err(|error| open::sql_error(dir, &error))?;
        }
        let seen = seen::SeenIds::load(&conn, options.seen).map_err(|error| open::sql_error(dir, &error))?;
        let durable = options.durability == Durability::Full;
        let checkpoints = durable.then(|| checkpoint::Checkpoints::start(&dir.join(open::FILE))).transpose();
        let checkpoints = checkpoints.map_err(|error| open::sql_error(dir, &error))?;
        let history =
            history::History::load(&conn, dir, &options.keys).map_err(|error| open::sql_error(dir, &error))?;
        let tidying = tidy::Tidying::load(&conn, dir).map_err(|error| open::sql_error(dir, &error))?;
        Ok(Self {
            checkpoints,
            history,
            tidying,
            log: sync::Log::of(&dir.join(open::FILE), durable),
            conn,
            groups: groups::GroupIds::new(),
            cased: cased::CasedMessages::new(),
            seen,
            repeated: 0,
            _lock: lock,
        })
    }

    fn wrote(&mut self, bytes: usize) {
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.wrote(bytes);
        }
    }

    /// What has happened since the store was opened.
    pub fn counters(&self) -> StoreCounters {
        StoreCounters { repeated_actions: self.repeated, shed_segments: self.seen.shed() }
    }
}

/// What a row that is changed in place takes in the log: its page.
const PAGE: usize = 4096;

/// About how many bytes a row of the journal takes in the log besides its text.
const ROW: usize = 64;

/// About how many bytes a unit takes in the log.
fn size(unit: &Unit) -> usize {
    const CHANGE: usize = 1024;
    unit.rows.iter().map(|row| row.body.len() + ROW).sum::<usize>() + unit.changes.len() * CHANGE
}

impl Store for SqliteStore {
    fn commit(&mut self, units: &[Unit]) -> Result<(), StoreError> {
        let done = write::commit(&mut self.conn, (&mut self.groups, &mut self.cased), &mut self.seen, units);
        self.repeated += done.map_err(|error| error::explain(error, &self.conn))?;
        self.wrote(units.iter().map(size).sum());
        Ok(())
    }

    fn write(&mut self, units: &[Unit]) -> Result<(), StoreError> {
        if !self.log.is_apart() {
            return self.commit(units);
        }
        self.conn.pragma_update(None, "synchronous", "NORMAL")?;
        let done = self.commit(units);
        self.conn.pragma_update(None, "synchronous", "FULL")?;
        done
    }

    fn syncer(&mut self) -> Option<Box<dyn Syncer>> {
        self.log.syncer()
    }

    fn seen(&mut self, key: SeenKey) -> Result<Option<u32>, StoreError> {
        Ok(self.seen.find(&self.conn, key)?)
    }

    fn forget_seen(&mut self, before: Timestamp) -> Result<(), StoreError> {
        Ok(self.seen.forget(&mut self.conn, before)?)
    }

    fn mark(&mut self, source: &str) -> Result<Option<String>, StoreError> {
        marks::mark(&self.conn, source)
    }

    fn group(&mut self, platform: &str, group: &str) -> Result<StoredGroup, StoreError> {
        read::group(&self.conn, &mut self.groups, platform, group)
    }

    fn member(&mut self, member: &MemberRef) -> Result<StoredMember, StoreError> {
        read::member(&self.conn, &mut self.groups, member)
    }

    fn case_of(&mut self, platform: &str, group: &str, message: &str) -> Result<Option<Case>, StoreError> {
        read::case_of(&self.conn, (&mut self.groups, &mut self.cased), platform, group, message)
    }

    fn case_file(&mut self, no: u64) -> Result<Option<CaseFile>, StoreError> {
        chat::case_file(self, no)
    }

    fn case_of_notice(&mut self, platform: &str, message: &str) -> Result<Option<u64>, StoreError> {
        chat::case_of_notice(&self.conn, platform, message)
    }

    fn observed_cases(&mut self, platform: &str, group: &str, since: Timestamp) -> Result<Vec<Case>, StoreError> {
        let mut cases = self.cases(chat::CASES_LOOKED_AT)?;
        cases.retain(|case| {
            case.observe && case.opened >= since && *case.platform == *platform && *case.group == *group
        });
        Ok(cases)
    }

    fn is_cancelled(&mut self, id: &str) -> Result<bool, StoreError> {
        chat::is_cancelled(&self.conn, id)
    }

    fn action(&mut self, id: &str) -> Result<Option<StoredAction>, StoreError> {
        self.stored_action(id)
    }

    fn decision(&mut self, task: &str) -> Result<Option<TaskDecision>, StoreError> {
        chat::decision(&self.conn, task)
    }

    fn member_name(&mut self, member: &MemberRef) -> Result<Option<Arc<str>>, StoreError> {
        Ok(self.membership(member)?.and_then(|known| known.name))
    }

    fn meant(&mut self, platform: &str, group: &str, word: &str) -> Result<Meant, StoreError> {
        chat::meant(&self.conn, &mut self.groups, platform, group, word)
    }

    fn chat_change(&mut self, no: u64) -> Result<Option<ChatChange>, StoreError> {
        chat::change(&self.conn, no)
    }

    fn standings_of(&mut self, platform: &str, user: &str) -> Result<Vec<(Arc<str>, Standing)>, StoreError> {
        chat::standings_of(&self.conn, platform, user)
    }

    fn pending_of(&mut self, group: Option<(&str, &str)>) -> Result<Vec<Arc<Action>>, StoreError> {
        waiting::of_group(&self.conn, group)
    }

    fn journal_before(&mut self, seq: u64, limit: usize) -> Result<Vec<Row>, StoreError> {
        let mut rows = read::journal_before(&self.conn, self.history.last(), seq, limit)?;
        let before = rows.last().map_or(seq, |row| row.seq);
        rows.extend(self.history.before(before, limit - rows.len())?);
        Ok(rows)
    }

    fn start(&mut self) -> Result<Start, StoreError> {
        read::start(&self.conn, self.history.last())
    }

    fn journal(&mut self, after: u64, limit: usize) -> Result<Vec<Row>, StoreError> {
        let mut rows = self.history.after(after, limit)?;
        let after = self.history.last().max(after);
        rows.extend(read::journal(&self.conn, after, limit - rows.len())?);
        Ok(rows)
    }

    fn save_windows(&mut self, seq: u64, keep: u64, windows: &[u8]) -> Result<(), StoreError> {
        let (seq, keep) = (error::signed(seq)?, error::signed(keep)?);
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute("DELETE FROM windows WHERE seq < ?1", [keep])?;
        let mut insert = tx.prepare(
            "INSERT INTO windows (piece, seq, body)
             SELECT n, ?1, seal('windows.body', n, ?2) FROM (SELECT coalesce(max(piece), 0) + 1 AS n FROM windows)",
        )?;
        let empty: &[u8] = &[]; // empty windows are windows too
        for piece in windows.chunks(PIECE).chain(windows.is_empty().then_some(empty)) {
            insert.execute(params![seq, piece])?;
        }
        drop(insert);
        tx.commit()?;
        self.wrote(windows.len());
        Ok(())
    }

    fn pending(&mut self, platform: &str, limit: usize) -> Result<Vec<Pending>, StoreError> {
        waiting::of_platform(&self.conn, platform, limit)
    }

    fn pending_platforms(&mut self) -> Result<Vec<Arc<str>>, StoreError> {
        waiting::platforms(&self.conn)
    }

    fn pictures(&mut self, limit: usize) -> Result<Vec<Wanted>, StoreError> {
        pictures::wanted(&self.conn, limit)
    }

    fn renew_config(&mut self, version: &str, at: Timestamp) -> Result<bool, StoreError> {
        configs::renew(&self.conn, version, at)
    }

    fn save_config(&mut self, version: &str, files: &PackedFiles, at: Timestamp) -> Result<(), StoreError> {
        configs::save(&mut self.conn, version, files, at)
    }

    fn last_config(&mut self) -> Result<Option<Vec<(String, String)>>, StoreError> {
        configs::last(&self.conn)
    }

    fn archive(&mut self, zone: &TimeZone, now: Timestamp, limit: usize) -> Result<Archived, StoreError> {
        if self.tidying.holds_journal() {
            return Ok(Archived::Copying); // not as it is
        }
        let history = &mut self.history;
        let step = history.step(&mut self.conn, zone, now, limit);
        match &step {
            Ok(Archived::Deleted(rows)) => {
                self.tidying.deleted();
                self.wrote(rows * ROW);
            }
            Ok(_) => {}
            Err(_) => self.history.reload(&self.conn)?,
        }
        step
    }

    fn forget(&mut self, what: Kept, before: Timestamp, limit: usize) -> Result<Forgotten, StoreError> {
        if what == Kept::Journal {
            if self.history.is_copying() {
                return Ok(Forgotten::default()); // its file looks like one that nothing names, and its rows are still here
            }
            if let Some(rows) = self.history.forget(&mut self.conn, before)? {
                return Ok(Forgotten { looked: rows, deleted: rows });
            }
        }
        let forgotten = forget::forget(&mut self.conn, what, before, limit)?;
        if forgotten.deleted > 0 {
            self.tidying.deleted();
            self.wrote(forgotten.deleted * ROW);
        }
        Ok(forgotten)
    }

    fn history(&self) -> HistorySize {
        self.history.size()
    }

    fn groups(&mut self, platform: &str) -> Result<Vec<Arc<str>>, StoreError> {
        let mut read = self.conn.prepare("SELECT name FROM groups WHERE platform = ?1")?;
        read::each(read.query([platform])?, |row| Ok(Arc::from(read::text(row, 0)?)))
    }

    fn erase(&mut self, person: &Person, by: &str, now: Timestamp) -> Result<Erasure, StoreError> {
        let begun = erase::begin(&mut self.conn, person, by, now)?;
        self.tidying.begun();
        Ok(Erasure { at_work: true, ..begun })
    }

    fn erase_held(&mut self, no: u64) -> Result<(), StoreError> {
        self.history.stop_copying(); // it may have read what is to be erased
        self.tidying.held(&mut self.conn, no)
    }

    fn erasure(&mut self, no: u64) -> Result<Option<Erasure>, StoreError> {
        let state = erase::state(&self.conn, no)?;
        Ok(state.map(|state| Erasure { at_work: state.done.is_none() && self.tidying.is_at_work(no), ..state }))
    }

    fn tidy(&mut self, now: Timestamp, budget: Duration) -> Result<Tidied, StoreError> {
        let before = self.conn.total_changes();
        let tidied = self.tidying.step(&mut self.conn, &mut self.history, now, budget);
        let changed = self.conn.total_changes().saturating_sub(before);
        if changed > 0 {
            self.wrote(usize::try_from(changed).unwrap_or(usize::MAX).saturating_mul(PAGE));
        }
        tidied
    }

    fn copier(&self) -> Option<Arc<dyn Copier>> {
        Some(Arc::new(backup::Backups { data: self.history.data().to_owned() }))
    }

    fn save_habits(&mut self, number: u8, piece: &[u8]) -> Result<(), StoreError> {
        self.conn.execute("INSERT OR REPLACE INTO habits (number, body) VALUES (?1, ?2)", params![number, piece])?;
        self.wrote(piece.len());
        Ok(())
    }

    fn habits(&mut self) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut read = self.conn.prepare("SELECT body FROM habits ORDER BY number")?;
        let pieces = read.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(pieces)
    }

    fn free_space(&self) -> Option<u64> {
        let file = self.conn.path().filter(|path| !path.is_empty())?;
        let disk = rustix::fs::statvfs(file).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn probe(&mut self) -> Result<(), StoreError> {
        self.log.mend().map_err(|error| StoreError::Unavailable(format!("its log cannot be synced: {error}")))?;
        // Large enough to need new pages: changing a row in place can succeed on a disk that is full. Then small again, so
        // that the next probe needs them anew.
        let large = self.conn.execute("INSERT OR REPLACE INTO probe (id, body) VALUES (1, zeroblob(16384))", []);
        let small = large.and_then(|_| self.conn.execute("UPDATE probe SET body = zeroblob(0) WHERE id = 1", []));
        small.map(drop).map_err(|error| error::explain(error.into(), &self.conn))
    }
}
