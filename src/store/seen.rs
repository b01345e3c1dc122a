//! Which events were seen in the last 24 hours: exact, bounded in memory, cheap to write.
//!
//! An index over event ids would dirty one page a key, because hashes fall anywhere in a tree: the costliest write a message
//! could make. Tables by the hour that are dropped whole only keep that tree small. Here no tree is ever filled key by key:
//!
//! - The keys of a commit are appended as one row of `seen_log`: 16 bytes a key. The same keys are in memory, in `current`.
//! - When `current` has as many keys as it may, or is an hour old, the next commit closes it: its keys are written once more,
//!   sorted into 256 buckets, with a [`Filter`] that stays in memory, and the log is emptied. All of it is part of that
//!   commit's transaction, so that there is no state between open and closed that a crash could leave behind.
//! - A lookup asks `current`, then the filters from new to old, and reads one bucket (some KiB) where a filter says "perhaps".
//! - Forgetting drops whole segments. So a key lives up to an hour longer than it must, never shorter, unless the filters
//!   reach their limit, when the oldest segment goes first ([`SeenIds::shed`]).

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::filter::Filter;
use crate::domain::ids::SeenKey;
use crate::domain::time::Timestamp;

/// How much is kept in memory of the keys of events.
#[derive(Clone, Debug)]
pub struct SeenLimits {
    /// Keys in memory before they are sorted away; about 20 bytes each. The default is what a hash table of 2^16 places takes.
    pub keys: usize,
    /// The longest time before they are sorted away.
    pub time: Duration,
    /// All filters together, in bytes: 1.5 for each key of the last 24 hours.
    pub filters: usize,
}

impl Default for SeenLimits {
    fn default() -> Self {
        Self { keys: 57_344, time: Duration::from_secs(3600), filters: 32 << 20 }
    }
}

const BUCKETS: i64 = 256;
const KEY: usize = 16;

/// The keys.
pub(super) struct SeenIds {
    limits: SeenLimits,
    current: HashMap<Id, u32>,
    /// When the first and the last key of `current` came; meaningless while it is empty.
    first: Timestamp,
    last: Timestamp,
    /// Oldest first.
    segments: VecDeque<Segment>,
    shed: u64,
}

struct Segment {
    id: i64,
    last: Timestamp,
    filter: Filter,
}

/// The 96 bits of a key that are its event's.
type Id = [u32; 3];

/// What a commit has written, to be taken over when it has succeeded.
#[derive(Default)]
pub(super) struct Written {
    closed: Option<Segment>,
    shed: usize,
    keys: Vec<u8>,
    at: Timestamp,
}

impl SeenIds {
    /// Reads the log and the filters.
    pub(super) fn load(conn: &Connection, limits: SeenLimits) -> rusqlite::Result<Self> {
        let (first, last) = (Timestamp(0), Timestamp(0));
        let mut seen = Self { limits, current: HashMap::new(), first, last, segments: VecDeque::new(), shed: 0 };
        let mut log = conn.prepare("SELECT at, keys FROM seen_log ORDER BY id")?;
        let mut rows = log.query([])?;
        while let Some(row) = rows.next()? {
            seen.add(row.get_ref(1)?.as_blob()?, Timestamp(row.get(0)?));
        }
        let mut stored = conn.prepare("SELECT id, last_at, filter FROM seen_segments ORDER BY id DESC")?;
        let mut rows = stored.query([])?;
        let mut size = 0;
        while let Some(row) = rows.next()? {
            let filter = Filter::from_bytes(row.get_ref(2)?.as_blob()?);
            size += filter.size();
            if size > seen.limits.filters {
                seen.shed += 1; // its rows go when a later segment is shed or forgotten
                continue;
            }
            seen.segments.push_front(Segment { id: row.get(0)?, last: Timestamp(row.get(1)?), filter });
        }
        Ok(seen)
    }

    /// The body's hash under this key.
    pub(super) fn find(&self, conn: &Connection, key: SeenKey) -> rusqlite::Result<Option<u32>> {
        if let Some(body) = self.current.get(&short(key.id)) {
            return Ok(Some(*body));
        }
        for segment in self.segments.iter().rev().filter(|segment| segment.filter.may_hold(key.id)) {
            let mut read = conn.prepare_cached("SELECT keys FROM seen_buckets WHERE id = ?1")?;
            let place = segment.id * BUCKETS + bucket(key.id);
            let body = read.query_row([place], |row| Ok(search(row.get_ref(0)?.as_blob()?, key.id))).optional()?;
            if let Some(body) = body.flatten() {
                return Ok(Some(body));
            }
        }
        Ok(None)
    }

    /// Writes the keys of a commit that is made at `at`, closing the current segment first if it is time.
    pub(super) fn write<'a>(
        &self,
        tx: &Transaction<'_>,
        keys: impl Iterator<Item = &'a SeenKey>,
        at: Timestamp,
    ) -> rusqlite::Result<Written> {
        let keys: Vec<u8> = keys.flat_map(|key| (key.id | u128::from(key.body)).to_be_bytes()).collect();
        let mut written = Written { at, ..Written::default() };
        if keys.is_empty() {
            return Ok(written);
        }
        let full = self.current.len() + keys.len() / KEY > self.limits.keys;
        if !self.current.is_empty() && (full || at.since(self.first) >= self.limits.time) {
            let closed = self.close(tx)?;
            written.shed = self.make_room(tx, closed.filter.size())?;
            written.closed = Some(closed);
        }
        tx.prepare_cached("INSERT INTO seen_log (at, keys) VALUES (?1, ?2)")?.execute(params![at.0, keys])?;
        written.keys = keys;
        Ok(written)
    }

    /// Takes over what was written, once it is durable.
    pub(super) fn keep(&mut self, written: Written) {
        if let Some(closed) = written.closed {
            self.segments.drain(..written.shed);
            self.shed += written.shed as u64;
            self.segments.push_back(closed);
            self.current.clear();
        }
        self.add(&written.keys, written.at);
    }

    /// Drops every segment whose last key came before this time.
    pub(super) fn forget(&mut self, conn: &mut Connection, before: Timestamp) -> rusqlite::Result<()> {
        let current = !self.current.is_empty() && self.last < before;
        if !current && self.segments.iter().all(|segment| segment.last >= before) {
            return Ok(());
        }
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Asked of the table: it may hold segments older than those whose filters fitted into memory.
        let mut read = tx.prepare("SELECT id FROM seen_segments WHERE last_at < ?1")?;
        let old: Vec<i64> = read.query_map([before.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
        drop(read);
        for id in old {
            drop_segments(&tx, id, id)?;
        }
        if current {
            tx.execute("DELETE FROM seen_log", [])?;
        }
        tx.commit()?;
        self.segments.retain(|segment| segment.last >= before);
        if current {
            self.current.clear();
        }
        Ok(())
    }

    /// How many segments were dropped before their time because the filters had reached their limit.
    pub(super) fn shed(&self) -> u64 {
        self.shed
    }

    fn add(&mut self, keys: &[u8], at: Timestamp) {
        if keys.is_empty() {
            return;
        }
        if self.current.is_empty() {
            (self.first, self.last) = (at, at);
        }
        self.last = self.last.max(at);
        for key in keys.as_chunks::<KEY>().0 {
            let key = u128::from_be_bytes(*key);
            self.current.entry(short(key)).or_insert(key as u32); // the first body wins
        }
    }

    fn close(&self, tx: &Transaction<'_>) -> rusqlite::Result<Segment> {
        let mut keys: Vec<u128> = self.current.iter().map(|(id, body)| long(*id) | u128::from(*body)).collect();
        keys.sort_unstable();
        let filter = Filter::of(&keys);
        tx.execute(
            "INSERT INTO seen_segments (id, last_at, filter)
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM seen_segments), ?1, ?2)",
            params![self.last.0, filter.to_bytes()],
        )?;
        let id = tx.last_insert_rowid();
        let mut insert = tx.prepare_cached("INSERT INTO seen_buckets (id, keys) VALUES (?1, ?2)")?;
        for keys in keys.chunk_by(|a, b| bucket(*a) == bucket(*b)) {
            let place = id * BUCKETS + keys.first().map_or(0, |key| bucket(*key));
            let bytes: Vec<u8> = keys.iter().flat_map(|key| key.to_be_bytes()).collect();
            insert.execute(params![place, bytes])?;
        }
        tx.execute("DELETE FROM seen_log", [])?; // without a condition: SQLite drops the pages and reads no row
        Ok(Segment { id, last: self.last, filter })
    }

    /// Drops the oldest segments until a new filter of this size fits; says how many.
    fn make_room(&self, tx: &Transaction<'_>, size: usize) -> rusqlite::Result<usize> {
        let mut total = size + self.segments.iter().map(|segment| segment.filter.size()).sum::<usize>();
        let mut dropped = 0;
        for segment in &self.segments {
            if total <= self.limits.filters {
                break;
            }
            total -= segment.filter.size();
            drop_segments(tx, 0, segment.id)?;
            dropped += 1;
        }
        Ok(dropped)
    }
}

fn drop_segments(tx: &Transaction<'_>, first: i64, last: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM seen_segments WHERE id BETWEEN ?1 AND ?2", [first, last])?;
    let places = [first * BUCKETS, last * BUCKETS + BUCKETS - 1];
    tx.execute("DELETE FROM seen_buckets WHERE id BETWEEN ?1 AND ?2", places)?;
    Ok(())
}

/// Finds a key in a sorted bucket.
fn search(bucket: &[u8], id: u128) -> Option<u32> {
    let keys = bucket.as_chunks::<KEY>().0;
    let at = keys.partition_point(|key| u128::from_be_bytes(*key) < id); // the low 32 bits of an id are zero
    let key = u128::from_be_bytes(*keys.get(at)?);
    (key >> 32 == id >> 32).then_some(key as u32)
}

fn bucket(key: u128) -> i64 {
    (key >> 120) as i64
}

fn short(key: u128) -> Id {
    [(key >> 96) as u32, (key >> 64) as u32, (key >> 32) as u32]
}

fn long([a, b, c]: Id) -> u128 {
    u128::from(a) << 96 | u128::from(b) << 64 | u128::from(c) << 32
}
