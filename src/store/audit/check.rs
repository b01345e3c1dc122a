//! Whether the chain is whole, and whether what it covers is as it was written.

use std::cmp::Ordering;
use std::collections::HashMap;

use rusqlite::{Connection, Row, Rows};

use super::{ANSWER, CASE, COMMAND, EVIDENCE, Entry, JOURNAL, Link, RECORDS, Record, UNDONE, What, digest, origin};
use crate::ports::StoreError;
use crate::store::error::{signed, unsigned};
use crate::store::read::{each, text};
use crate::store::seal;

/// So many records are named of each kind that are not as they should be.
const NAMED: usize = 3;

/// What came of looking.
#[derive(Debug, Default)]
pub(in crate::store) struct Found {
    /// How many rows the chain has; `None` where the store is of before there was one.
    pub(in crate::store) rows: Option<u64>,
    /// What is wrong, and what that means.
    pub(in crate::store) wrong: Vec<String>,
    /// Records that are as they were written last.
    pub(in crate::store) same: u64,
    /// How many of them were rewritten since they were new: when a member was erased.
    pub(in crate::store) rewritten: u64,
    /// Records that are gone, or without their text, and of which the chain says so.
    pub(in crate::store) gone: u64,
    /// The newest link.
    pub(in crate::store) newest: Option<Link>,
}

/// Looks at all of it; `kept`: a link that somebody kept elsewhere.
pub(in crate::store) fn check(conn: &Connection, kept: Option<&Link>) -> Result<Found, StoreError> {
    let mut found = Found::default();
    if conn.table_exists(None, "audit")? {
        chain(conn, kept, &mut found)?;
        records(conn, &mut found)?;
    } else if kept.is_some() {
        found
            .wrong
            .push("there is no chain, and a link of it was kept: this is an older state, or it was removed".to_owned());
    }
    Ok(found)
}

/// The last input that was deleted by age, by what the chain says; `None` where it says of none.
pub(in crate::store) fn inputs_deleted(conn: &Connection) -> rusqlite::Result<Option<u64>> {
    if !conn.table_exists(None, "audit")? {
        return Ok(None);
    }
    let sql = format!("SELECT max(key) FROM audit WHERE kind = '{JOURNAL}' AND what = '{}'", What::Aged.word());
    let upto: Option<i64> = conn.query_row(&sql, [], |row| row.get(0))?;
    Ok(upto.map(unsigned))
}

/// Each row and the one before it.
fn chain(conn: &Connection, kept: Option<&Link>, found: &mut Found) -> Result<(), StoreError> {
    let mut read = conn.prepare("SELECT no, at, kind, what, key, case_no, digest, link FROM audit ORDER BY no")?;
    let mut rows = read.query([])?;
    let (mut last, mut link, mut kept) = (0, origin(conn)?.to_vec(), kept);
    let (mut count, mut whole) = (0_u64, true);
    while let Some(row) = rows.next()? {
        let no: i64 = row.get(0)?;
        let stored: Vec<u8> = row.get(7)?;
        count += 1;
        if no != last + 1 {
            found.wrong.push(format!("row {no} follows row {last}: the rows between were removed"));
            whole = false;
        } else if whole && stored_row(row)?.as_entry().link(no, &link)[..] != stored {
            let before = if no == 1 { "what was there before the chain".to_owned() } else { format!("row {last}") };
            found.wrong.push(format!(
                "it breaks at row {no}, which does not follow from {before}: it was changed, put in, or its place was; what is before \
                 it is as it was written"
            ));
            whole = false;
        }
        if let Some(same) = kept.filter(|kept| signed(kept.no).is_ok_and(|kept| kept == no)) {
            if same.link[..] != stored {
                found.wrong.push(format!(
                    "row {no} has another link than the one that was kept: the chain was written anew up to it, or further"
                ));
            }
            kept = None;
        }
        (last, link) = (no, stored);
    }
    if let Some(kept) = kept {
        found.wrong.push(format!(
            "it ends at row {last}, and the link of row {} was kept: its end was cut off, or an older state was put back",
            kept.no
        ));
    }
    found.rows = Some(count);
    found.newest = link.try_into().ok().filter(|_| count > 0).map(|link| Link { no: unsigned(last), link });
    Ok(())
}

/// A row as it is stored.
struct Stored {
    at: i64,
    kind: String,
    what: String,
    key: i64,
    case: Option<i64>,
    digest: Vec<u8>,
}

impl Stored {
    fn as_entry(&self) -> Entry<'_> {
        let Self { at, kind, what, key, case, digest } = self;
        Entry { at: *at, kind, what, key: *key, case: *case, digest }
    }
}

fn stored_row(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        at: row.get(1)?,
        kind: row.get(2)?,
        what: row.get(3)?,
        key: row.get(4)?,
        case: row.get(5)?,
        digest: row.get(6)?,
    })
}

/// What the chain says of one record last.
struct Said {
    key: i64,
    deleted: bool,
    rewritten: bool,
    digest: Vec<u8>,
    case: Option<i64>,
    no: i64,
}

/// A record that is there.
struct There {
    key: i64,
    /// `None`: it does not open.
    text: Option<String>,
    salt: Option<Vec<u8>>,
    salted: bool,
}

/// How far deleting by age has come, and what was there before the chain, by kind.
struct Bounds {
    aged: HashMap<String, i64>,
    before: HashMap<String, i64>,
}

impl Bounds {
    fn read(conn: &Connection) -> Result<Self, StoreError> {
        let map = |sql: &str| -> Result<HashMap<String, i64>, StoreError> {
            let mut read = conn.prepare(sql)?;
            let all = each(read.query([])?, |row| Ok((text(row, 0)?.to_owned(), row.get(1)?)))?;
            Ok(all.into_iter().collect())
        };
        let aged = format!("SELECT kind, max(key) FROM audit WHERE what = '{}' GROUP BY kind", What::Aged.word());
        Ok(Self { aged: map(&aged)?, before: map("SELECT kind, upto FROM audit_before")? })
    }

    fn aged(&self, record: &Record) -> i64 {
        self.aged.get(record.kind).copied().unwrap_or(0)
    }

    /// Whether a record may be gone, for it was old enough.
    fn may_be_gone(&self, record: &Record, said: &Said) -> bool {
        let of_case = |upto: i64| said.case.is_some_and(|case| case <= upto);
        let has_case = [&CASE, &EVIDENCE, &UNDONE, &ANSWER].iter().any(|other| other.kind == record.kind);
        (has_case && of_case(self.aged(&CASE)))
            || (record.kind == EVIDENCE.kind && of_case(self.aged(&EVIDENCE)))
            || (record.kind == COMMAND.kind && said.key <= self.aged(record))
    }

    /// Whether what was said in a case may be gone.
    fn may_be_without_text(&self, record: &Record, key: i64) -> bool {
        record.kind == CASE.kind && key <= self.aged(&EVIDENCE)
    }

    fn is_older(&self, record: &Record, key: i64) -> bool {
        self.before.get(record.kind).is_some_and(|upto| key <= *upto)
    }
}

/// What is covered, and what the chain says of it.
fn records(conn: &Connection, found: &mut Found) -> Result<(), StoreError> {
    let bounds = Bounds::read(conn)?;
    for record in RECORDS {
        let mut wrong = Vec::new();
        let Record { kind, table, key, salt, which, .. } = record;
        let mut said = conn.prepare(&format!(
            "SELECT key, what = '{}', digest, case_no, max(no), what = '{}' FROM audit WHERE kind = ?1 AND what != '{}' GROUP BY key ORDER BY key",
            What::Deleted.word(),
            What::Rewritten.word(),
            What::Aged.word(),
        ))?;
        let mut there = conn.prepare(&format!(
            "SELECT {key}, {}, {}, {salt} IS NOT NULL FROM {table} WHERE {which} ORDER BY {key}",
            record.text(seal::unsealed_or_null),
            seal::unsealed_or_null(table, salt),
        ))?;
        let (mut said, mut there) = (said.query([kind])?, there.query([])?);
        let (mut next, mut here) = (next_said(&mut said)?, next_there(&mut there)?);
        loop {
            let order = match (&next, &here) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(said), Some(there)) => said.key.cmp(&there.key),
            };
            let last = next.as_ref().filter(|_| order.is_le());
            let record_there = here.as_ref().filter(|_| order.is_ge());
            match judge(&bounds, record, last, record_there) {
                Judged::Same => {
                    found.same += 1;
                    found.rewritten += u64::from(last.is_some_and(|said| said.rewritten));
                }
                Judged::Gone => found.gone += 1,
                Judged::Older => {}
                Judged::Wrong(why) => wrong.push(why),
            }
            if order.is_le() {
                next = next_said(&mut said)?;
            }
            if order.is_ge() {
                here = next_there(&mut there)?;
            }
        }
        let more = wrong.len().saturating_sub(NAMED);
        wrong.truncate(NAMED);
        if more > 0 {
            wrong.push(format!("{more} more"));
        }
        if !wrong.is_empty() {
            found.wrong.push(format!("{kind} {}", wrong.join(", ")));
        }
    }
    Ok(())
}

enum Judged {
    Same,
    Gone,
    /// From before there was a chain.
    Older,
    Wrong(String),
}

/// A record, and what the chain says of it last; one of them is there.
fn judge(bounds: &Bounds, record: &Record, said: Option<&Said>, there: Option<&There>) -> Judged {
    match (said, there) {
        (Some(said), None) if said.deleted || bounds.may_be_gone(record, said) => Judged::Gone,
        (Some(said), None) => Judged::Wrong(format!("{} is missing: it was removed after row {}", said.key, said.no)),
        (None, Some(there)) if bounds.is_older(record, there.key) => Judged::Older,
        (None, Some(there)) => Judged::Wrong(format!("{} has no row: it was put in", there.key)),
        (Some(said), Some(there)) if said.deleted => {
            Judged::Wrong(format!("{} was deleted, says row {}, and is there again", there.key, said.no))
        }
        (Some(_), Some(there)) if !there.salted && bounds.may_be_without_text(record, there.key) => Judged::Gone,
        (Some(said), Some(there)) => match (&there.text, &there.salt) {
            (Some(text), Some(salt)) if digest(salt, text.as_bytes())[..] == said.digest => Judged::Same,
            (Some(_), Some(_)) => {
                Judged::Wrong(format!("{} is not what row {} covers: it was changed", there.key, said.no))
            }
            (None, _) => Judged::Wrong(format!("{} does not open", there.key)),
            (Some(_), None) => Judged::Wrong(format!("{} has lost its salt: it was changed", there.key)),
        },
        (None, None) => Judged::Older,
    }
}

fn next_said(rows: &mut Rows<'_>) -> rusqlite::Result<Option<Said>> {
    let said = |row: &Row<'_>| {
        Ok(Said {
            key: row.get(0)?,
            deleted: row.get(1)?,
            rewritten: row.get(5)?,
            digest: row.get(2)?,
            case: row.get(3)?,
            no: row.get(4)?,
        })
    };
    rows.next()?.map(said).transpose()
}

fn next_there(rows: &mut Rows<'_>) -> rusqlite::Result<Option<There>> {
    let there =
        |row: &Row<'_>| Ok(There { key: row.get(0)?, text: row.get(1)?, salt: row.get(2)?, salted: row.get(3)? });
    rows.next()?.map(there).transpose()
}
