//! What is left between the cells of a page. `secure_delete` overwrites what is deleted, but where SQLite moves cells from a full or an
//! empty page to its neighbours, copies of them stay in the gap they left, and nobody overwrites those when the cells themselves are
//! deleted. So the gaps of all pages are overwritten, some pages at a time, as changes of these pages like any other: through the
//! log, all of a slice or nothing of it.
//!
//! Pages that are free or hold the rest of a long value were overwritten by `secure_delete` itself.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::ports::StoreError;

/// Pages between two looks at the clock.
const PIECE: u32 = 64;

/// A page that SQLite moves while they are looked through may be missed. So they are looked through again until nothing is found,
/// this often at most, for what is deleted by age meanwhile leaves something again and again.
const PASSES: u8 = 4;

/// The first byte of every other page is the high one of a page's number: more pages than this and it could be mistaken.
const MOST: u32 = 0x01ff_ffff;

/// How far it has come.
#[derive(Debug, Default)]
pub(in crate::store) struct Pages {
    /// The pages up to this one are done.
    done: u32,
    passes: u8,
    /// Whether this pass found anything.
    found: bool,
}

impl Pages {
    /// Whether the pages of this database can be looked at one by one.
    pub(in crate::store) fn can_be_looked_at(conn: &Connection) -> rusqlite::Result<bool> {
        // Pages that say where others are begin as pages with cells do, and only databases that shrink by themselves have those.
        let shrinks: u32 = conn.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
        Ok(count(conn)? <= MOST && shrinks == 0 && has_pages(conn)?)
    }

    /// Goes on for about this long; says whether all is done. Does all at once, by writing the database anew, where SQLite was built
    /// without the table of its pages.
    pub(in crate::store) fn step(&mut self, conn: &mut Connection, budget: Duration) -> Result<bool, StoreError> {
        let count = count(conn)?;
        if !Self::can_be_looked_at(conn)? {
            tracing::warn!(
                "pages cannot be looked at one by one: the database is written anew, and nothing is taken in meanwhile"
            );
            super::scrub(conn)?;
            return Ok(true);
        }
        let began = Instant::now();
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (mut done, mut found) = (self.done, false);
        while done < count {
            let upto = count.min(done.saturating_add(PIECE));
            for page in done + 1..=upto {
                found |= overwrite(&tx, page)?;
            }
            done = upto;
            if began.elapsed() >= budget {
                break;
            }
        }
        tx.commit()?;
        (self.done, self.found) = (done, self.found | found);
        if done < count {
            return Ok(false);
        }
        self.passes += 1;
        let clean = !self.found || self.passes >= PASSES;
        (self.done, self.found) = (0, false);
        Ok(clean)
    }
}

fn count(conn: &Connection) -> rusqlite::Result<u32> {
    conn.pragma_query_value(None, "page_count", |row| row.get(0))
}

/// Whether this SQLite can show its pages: `.cargo/config.toml` has it built so.
pub(super) fn has_pages(conn: &Connection) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM pragma_module_list WHERE name = 'sqlite_dbpage')")?
        .query_row([], |row| row.get(0))
}

/// Overwrites what is in a page between its cells; says whether there was anything.
fn overwrite(conn: &Connection, number: u32) -> Result<bool, StoreError> {
    let mut read = conn.prepare_cached("SELECT data FROM sqlite_dbpage WHERE pgno = ?1")?;
    let page: Option<Vec<u8>> = read.query_row([number], |row| row.get(0)).optional()?;
    let Some(page) = page.and_then(|page| cleaned(page, number)) else { return Ok(false) };
    conn.prepare_cached("UPDATE sqlite_dbpage SET data = ?2 WHERE pgno = ?1")?.execute(params![number, page])?;
    Ok(true)
}

/// The page without what is between its cells; `None` when there is nothing, or it is no page with cells.
fn cleaned(mut page: Vec<u8>, number: u32) -> Option<Vec<u8>> {
    let head = if number == 1 { 100 } else { 0 }; // the file's own
    let length = match page.get(head)? {
        2 | 5 => 12,
        10 | 13 => 8,
        _ => return None,
    };
    let cells = usize::from(word(&page, head + 3)?);
    let from = head + length + 2 * cells;
    let upto = match word(&page, head + 5)? {
        0 => 1 << 16,
        upto => usize::from(upto),
    };
    let mut changed = clear(page.get_mut(from..upto)?);
    // Places of deleted cells, each with the place of the next and its own length.
    let mut free = usize::from(word(&page, head + 1)?);
    while free != 0 {
        let (next, length) = (usize::from(word(&page, free)?), usize::from(word(&page, free + 2)?));
        changed |= clear(page.get_mut(free + 4..free + length)?);
        if next <= free && next != 0 {
            return None; // they ascend
        }
        free = next;
    }
    changed.then_some(page)
}

fn word(page: &[u8], at: usize) -> Option<u16> {
    let bytes = page.get(at..at + 2)?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

/// Whether there was anything.
fn clear(bytes: &mut [u8]) -> bool {
    let any = bytes.iter().any(|byte| *byte != 0);
    bytes.fill(0);
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gaps of a database from which most was deleted hold copies, and afterwards none; its rows are as they were.
    #[test]
    fn gaps_are_overwritten_and_rows_stay() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.db");
        let mut conn = Connection::open(&file).unwrap();
        conn.pragma_update(None, "secure_delete", true).unwrap();
        conn.execute_batch("CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT) WITHOUT ROWID").unwrap();
        let tx = conn.transaction().unwrap();
        for n in 0..5000_u64 {
            let key = n.wrapping_mul(7919) % 5000;
            let values = params![format!("k{key:05}"), format!("secret-{key}-{}", "x".repeat(key as usize % 90))];
            tx.execute("INSERT INTO t VALUES (?1, ?2)", values).unwrap();
        }
        tx.execute("UPDATE t SET b = 'kept-' || substr(a, 2) WHERE CAST(substr(a, 2) AS INT) % 7 != 0", []).unwrap();
        tx.execute("DELETE FROM t WHERE CAST(substr(a, 2) AS INT) % 7 = 0", []).unwrap();
        tx.commit().unwrap();
        let secrets = || std::fs::read(&file).unwrap().windows(7).filter(|bytes| bytes == b"secret-").count();
        let rows = |conn: &Connection| -> (i64, String) {
            let sql = "SELECT count(*), group_concat(a || b) FROM (SELECT * FROM t ORDER BY a)";
            conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
        };
        let before = rows(&conn);
        assert!(secrets() > 0, "SQLite leaves none any more: this file is not needed");
        let mut pages = Pages::default();
        let mut steps = 1;
        while !pages.step(&mut conn, Duration::ZERO).unwrap() {
            steps += 1;
        }
        assert!(steps > 2, "it was not done at once: {steps}");
        assert_eq!(secrets(), 0);
        assert_eq!(rows(&conn), before);
        let sound: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
    }
}
