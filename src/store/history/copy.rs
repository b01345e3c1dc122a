//! Copying a day into a file of its own, beside everything else.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use rusqlite::{Connection, InterruptHandle, OpenFlags, params};

use super::{Day, FORM, broken, remove, sync};
use crate::domain::core::message_key;
use crate::domain::event::{Event, Kind};
use crate::domain::ids::{GroupKey, MemberKey};
use crate::domain::time::Timestamp;
use crate::ports::{Row, RowKind, StoreError};
use crate::store::error::signed;
use crate::store::{Keyring, open, private, read};

/// Rows read and written at once: the log of the database cannot begin anew while one is read, and what is written is brought
/// to the disk each time, so that a commit never has to wait for more than a few megabytes of ours.
const PIECE: usize = 2000;

/// How much of both databases is kept in memory, in KiB each; also how much is sorted there before the rest goes to a file.
const CACHE_KIB: i64 = 2048;

/// Marks the file as ours (`PRAGMA application_id`, "QUNH").
const APPLICATION: i64 = 0x5155_4e48;

/// The journal's columns, and what messages are looked for by. `sent`: the event's own time. The keys are the first 64 bits of
/// those in `domain/ids.rs`: a hit must be looked at, for names may share one.
const TABLES: &str = "
    CREATE TABLE journal (
        seq         INTEGER PRIMARY KEY,
        at          INTEGER NOT NULL,
        kind        INTEGER NOT NULL,
        platform    TEXT NOT NULL,
        time        INTEGER,
        body        TEXT NOT NULL,
        sent        INTEGER,
        group_key   INTEGER,
        member_key  INTEGER,
        message_key INTEGER
    ) STRICT;";

/// Made when all rows are there: they are sorted once instead of a page being written for each.
const INDEXES: &str = "
    CREATE INDEX journal_of_group ON journal (group_key, sent) WHERE group_key IS NOT NULL;
    CREATE INDEX journal_of_member ON journal (member_key, sent) WHERE member_key IS NOT NULL;
    CREATE INDEX journal_of_message ON journal (message_key) WHERE message_key IS NOT NULL;";

/// Which rows are to be copied, and where.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) data: PathBuf,
    pub(super) keys: Keyring,
    pub(super) folder: PathBuf,
    pub(super) file: String,
    /// The last number that is in a file already.
    pub(super) after: u64,
    /// The day's end: rows from the first one on that was judged later stay.
    pub(super) end: Timestamp,
    /// Rows judged later than this do not end the day: their clock was wrong.
    pub(super) now: Timestamp,
    /// The last input that the windows include: a start reads those after it.
    pub(super) included: u64,
    #[cfg(test)]
    pub(super) pages: Option<u32>,
}

/// The thread that copies.
pub(super) struct Copying {
    stop: Arc<Stop>,
    done: Receiver<Result<Option<Day>, StoreError>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Stop {
    asked: AtomicBool,
    /// Ends what takes long.
    interrupt: std::sync::Mutex<Option<InterruptHandle>>,
}

impl Copying {
    pub(super) fn start(order: Order) -> Result<Self, StoreError> {
        let stop = Arc::new(Stop::default());
        let (tell, done) = channel();
        let asked = stop.clone();
        let copy = move || drop(tell.send(copy(&order, &asked))); // who asked may be gone
        let thread = Builder::new().name("history".to_owned()).spawn(copy);
        let thread = thread.map_err(|error| StoreError::Unavailable(format!("no thread can be started: {error}")))?;
        Ok(Self { stop, done, thread: Some(thread) })
    }

    /// What came of it, once it has come to its end: the file, or nothing if it was stopped or the day cannot be moved yet.
    pub(super) fn result(&mut self) -> Option<Result<Option<Day>, StoreError>> {
        match self.done.try_recv() {
            Ok(result) => Some(result),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(StoreError::Unavailable(
                "copying a day of the journal fell over a fault of the program".into(),
            ))),
        }
    }
}

impl Drop for Copying {
    fn drop(&mut self) {
        self.stop.asked.store(true, Ordering::Relaxed);
        if let Some(interrupt) = &*self.stop.interrupt.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            interrupt.interrupt();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn copy(order: &Order, stop: &Stop) -> Result<Option<Day>, StoreError> {
    let aside = order.folder.join(format!("{}.part", order.file));
    let copied = copy_aside(order, &aside, stop);
    if !matches!(copied, Ok(Some(_))) {
        remove(&aside).ok(); // the next try does it again
    }
    match copied {
        Err(_) if stop.asked.load(Ordering::Relaxed) => Ok(None),
        copied => copied,
    }
}

fn copy_aside(order: &Order, aside: &Path, stop: &Stop) -> Result<Option<Day>, StoreError> {
    let io = |error: io::Error| broken(&order.folder, &error);
    make_folder(&order.data, &order.folder).and_then(|()| remove(aside)).map_err(io)?;
    let Some(day) = fill(order, aside, stop)? else { return Ok(None) };
    let file = File::open(aside).map_err(io)?;
    file.sync_all().map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    fs::rename(aside, order.folder.join(&order.file)).and_then(|()| sync(&order.folder)).map_err(io)?;
    Ok(Some(Day { bytes, ..day }))
}

fn make_folder(data: &Path, folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    private::folder(folder)?;
    sync(data)
}

fn fill(order: &Order, aside: &Path, stop: &Stop) -> Result<Option<Day>, StoreError> {
    let from = Connection::open_with_flags(
        order.data.join(open::FILE),
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    from.pragma_update(None, "cache_size", -CACHE_KIB)?;
    order.keys.install(&from)?;
    let mut to = create(aside)?;
    order.keys.install(&to)?;
    #[cfg(test)]
    to.pragma_update(None, "max_page_count", order.pages.unwrap_or(1 << 30))?;
    *stop.interrupt.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(to.get_interrupt_handle());
    let mut day: Option<Day> = None;
    loop {
        let begun = Instant::now();
        let after = day.as_ref().map_or(order.after, |day| day.last);
        let mut rows = read::journal(&from, after, PIECE)?;
        let ends = rows.iter().position(|row| row.at >= order.end && row.at <= order.now);
        let over = ends.is_some() || rows.len() < PIECE;
        rows.truncate(ends.unwrap_or(rows.len()));
        if rows.last().is_some_and(|row| row.seq > order.included) {
            return Ok(None); // a start still needs them where they are
        }
        write(&mut to, &rows)?;
        for row in &rows {
            let day = day.get_or_insert_with(|| first(order, row));
            (day.last, day.rows) = (row.seq, day.rows + 1);
            day.newest = day.newest.max(row.at.min(order.now));
        }
        if over {
            break;
        }
        if stop.asked.load(Ordering::Relaxed) {
            return Ok(None);
        }
        // Half of the time at most: others want the disk too.
        std::thread::sleep(begun.elapsed());
    }
    to.execute_batch(INDEXES)?;
    to.close().map_err(|(_, error)| error)?;
    Ok(day)
}

fn first(order: &Order, row: &Row) -> Day {
    let (first, at) = (row.seq, row.at.min(order.now));
    Day { first, last: first, rows: 0, oldest: at, newest: at, bytes: 0, file: order.file.clone() }
}

fn create(aside: &Path) -> rusqlite::Result<Connection> {
    private::for_sqlite(aside)?;
    let to = Connection::open(aside)?;
    to.pragma_update(None, "journal_mode", "OFF")?; // half a file is thrown away
    to.pragma_update(None, "synchronous", "FULL")?;
    to.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    to.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // Sorting a large day then takes no more memory than a small one.
    to.pragma_update(None, "temp_store", if can_make_temporary_files() { "FILE" } else { "MEMORY" })?;
    to.pragma_update(None, "application_id", APPLICATION)?;
    to.pragma_update(None, "user_version", FORM)?;
    to.execute_batch(TABLES)?;
    Ok(to)
}

/// Whether SQLite can, where it looks for a place: a container may have none. Asked before, for what is half done in a file
/// without a journal is done for.
pub(in crate::store) fn can_make_temporary_files() -> bool {
    let named = ["SQLITE_TMPDIR", "TMPDIR"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
    let usual = ["/var/tmp", "/usr/tmp", "/tmp", "."].into_iter().map(PathBuf::from);
    named.chain(usual).any(|folder| tempfile::tempfile_in(folder).is_ok())
}

fn write(to: &mut Connection, rows: &[Row]) -> Result<(), StoreError> {
    let tx = to.transaction()?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO journal (seq, at, kind, platform, time, body, sent, group_key, member_key, message_key)
         VALUES (?1, ?2, ?3, ?4, ?5, seal('journal.body', ?1, ?6), ?7, ?8, ?9, ?10)",
    )?;
    for row in rows {
        let keys = Keys::of(row);
        insert.execute(params![
            signed(row.seq)?,
            row.at.0,
            row.kind as u8,
            &*row.platform,
            row.time.map(|time| time.0),
            &*row.body,
            keys.sent.map(|time| time.0),
            keys.group,
            keys.member,
            keys.message
        ])?;
    }
    drop(insert);
    Ok(tx.commit()?)
}

/// What an event is looked for by.
#[derive(Default)]
struct Keys {
    sent: Option<Timestamp>,
    group: Option<i64>,
    member: Option<i64>,
    message: Option<i64>,
}

impl Keys {
    fn of(row: &Row) -> Self {
        let Some(event) =
            Some(row).filter(|row| row.kind == RowKind::Event).and_then(|row| Event::parse(&row.body).ok())
        else {
            return Self::default();
        };
        let (platform, group) = (&*row.platform, &*event.group);
        let of = |user: &str| Some(short(MemberKey::new(platform, group, user).0));
        let (member, message) = match &event.kind {
            Kind::Message(message) => (of(&message.sender.id), Some(&event.id)),
            Kind::Private(message) => (of(&message.sender.id), None),
            Kind::Edited { message, now } => (of(&now.sender.id), Some(message)),
            Kind::Picture { message, read, .. } => (of(&read.sender.id), Some(message)),
            Kind::Recalled { message } => (None, Some(message)),
            Kind::Renamed { member } | Kind::JoinRequest { member, .. } | Kind::Track { member, .. } => {
                (of(&member.id), None)
            }
            Kind::Button { user, .. } => (of(user), None),
            Kind::Joined { .. } | Kind::Left { .. } | Kind::GroupUpdated { .. } | Kind::Other(_) => (None, None),
        };
        Self {
            sent: row.time.or(event.time).or(Some(row.at)),
            group: (!group.is_empty()).then(|| short(GroupKey::new(platform, group).0)),
            member,
            message: message.map(|id| short(message_key(platform, group, id))),
        }
    }
}

fn short(key: u128) -> i64 {
    ((key >> 64) as u64).cast_signed()
}
