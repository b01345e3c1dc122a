//! Which messages are in a case, of the groups that were asked about lately. A message that comes late may have been edited before it
//! came, so it is asked about; hardly any is in a case, and to ask the database takes as long as to judge a message.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use lru::LruCache;
use rusqlite::Connection;

use crate::domain::ids::hash;

/// The groups asked about lately, each with hashes of its messages that are in cases.
pub(super) struct CasedMessages {
    /// `None`: they are too many to be known, and each is asked about.
    groups: LruCache<i64, Option<HashSet<u64>>>,
}

/// How many groups are known …
const KNOWN: NonZeroUsize = NonZeroUsize::new(1024).expect("it is not zero");
/// … and how many messages of each; 16 bytes each.
const MOST: usize = 500;

impl CasedMessages {
    pub(super) fn new() -> Self {
        Self { groups: LruCache::new(KNOWN) }
    }

    /// Whether a message may be in a case; where it is in one, it may.
    pub(super) fn may_be(&mut self, conn: &Connection, group: i64, message: &str) -> rusqlite::Result<bool> {
        let known = self.groups.try_get_or_insert(group, || read(conn, group))?;
        Ok(known.as_ref().is_none_or(|messages| messages.contains(&key(message))))
    }

    /// A message is now in a case, or will be if the transaction under way succeeds: more that may be do no harm.
    pub(super) fn add(&mut self, group: i64, message: &str) {
        let Some(known) = self.groups.peek_mut(&group) else { return };
        if let Some(messages) = known {
            messages.insert(key(message));
        }
        known.take_if(|messages| messages.len() > MOST);
    }
}

/// All messages of a group that are in cases, unless they are too many.
fn read(conn: &Connection, group: i64) -> rusqlite::Result<Option<HashSet<u64>>> {
    let mut read = conn.prepare_cached("SELECT DISTINCT message FROM case_messages WHERE group_id = ?1 LIMIT ?2")?;
    let mut rows = read.query((group, MOST as i64 + 1))?;
    let (mut messages, mut count) = (HashSet::new(), 0);
    while let Some(row) = rows.next()? {
        messages.insert(key(row.get_ref(0)?.as_str()?));
        count += 1; // two may have one hash
    }
    Ok((count <= MOST).then_some(messages))
}

fn key(message: &str) -> u64 {
    hash(&[message]) as u64
}
