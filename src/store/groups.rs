//! Numbers for groups, so that rows of members carry eight bytes and not two names.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use lru::LruCache;
use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::domain::ids::GroupKey;

/// The numbers, those used lately in memory.
pub(super) struct GroupIds {
    known: LruCache<GroupKey, i64>,
    /// Given out by the transaction under way: not to be known if it fails.
    fresh: HashMap<GroupKey, i64>,
}

/// How many are in memory; about 100 bytes each.
const KNOWN: NonZeroUsize = NonZeroUsize::new(8192).expect("it is not zero");

impl GroupIds {
    pub(super) fn new() -> Self {
        Self { known: LruCache::new(KNOWN), fresh: HashMap::new() }
    }

    /// The number of a group that has one.
    pub(super) fn find(&mut self, conn: &Connection, platform: &str, group: &str) -> rusqlite::Result<Option<i64>> {
        let key = GroupKey::new(platform, group);
        if let Some(id) = self.fresh.get(&key).or_else(|| self.known.get(&key)) {
            return Ok(Some(*id));
        }
        let mut read = conn.prepare_cached("SELECT id FROM groups WHERE platform = ?1 AND name = ?2")?;
        let id = read.query_row([platform, group], |row| row.get(0)).optional()?;
        if let Some(id) = id {
            self.known.put(key, id); // not of the transaction under way: those are in `fresh`
        }
        Ok(id)
    }

    /// The number of a group, which gets one if it has none.
    pub(super) fn find_or_add(&mut self, tx: &Transaction<'_>, platform: &str, group: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.find(tx, platform, group)? {
            return Ok(id);
        }
        tx.prepare_cached("INSERT INTO groups (platform, name) VALUES (?1, ?2)")?.execute([platform, group])?;
        let id = tx.last_insert_rowid();
        self.fresh.insert(GroupKey::new(platform, group), id);
        Ok(id)
    }

    /// The transaction has succeeded.
    pub(super) fn keep(&mut self) {
        for (key, id) in self.fresh.drain() {
            self.known.put(key, id);
        }
    }

    /// The transaction has failed.
    pub(super) fn discard(&mut self) {
        self.fresh.clear();
    }
}
