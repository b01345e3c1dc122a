//! The audit chain: every decision that somebody may dispute, every erasure, and every deletion by age has a row that no later one can be
//! written without. Who changes, removes or puts in a row, or changes what it covers, is found by [`check`](fn@check), as far as they cannot
//! write the rest of the chain anew; against that an operator keeps a [`Link`] elsewhere. What they add behind that link (that a record was erased,
//! say) follows like any row: so the check counts such rows.
//!
//! - A row is written in the transaction of what it covers: [`wrote`], [`deleted`], [`aged`].
//! - Its digest is SHA-256 of a salt and the record as it is stored (opened, where it is sealed). The salt is a column beside the record: a
//!   record that is erased or deleted takes it along, and of the digest alone nothing can be guessed. The chain needs neither.
//! - Its link is SHA-256 of the link before and of all else in the row. The first follows from what was there before there was a chain.
//! - A record that is changed on purpose (a member is erased) has another row, and the last one is what it must be.
//!
//! A migration that changes a stored record must bring the chain along.

mod check;

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER_PERMISSIVE;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

pub(super) use self::check::{Found, check, inputs_deleted};
use super::read::{each, text};
use super::seal;
use crate::domain::time::Timestamp;
use crate::ports::StoreError;

/// A kind of record: where it is, and what of it is covered.
#[derive(Debug)]
pub(super) struct Record {
    /// Its word in the chain.
    kind: &'static str,
    table: &'static str,
    key: &'static str,
    /// One column is covered as it is, several as a JSON array.
    columns: &'static [&'static str],
    /// The column of the case that it belongs to.
    case: &'static str,
    salt: &'static str,
    /// Which rows of the table are such records. A row that was none may become one; no other way round.
    which: &'static str,
}

pub(super) static CASE: Record =
    Record { kind: "case", table: "cases", key: "no", columns: &["body"], case: "no", salt: "salt", which: "1" };
pub(super) static EVIDENCE: Record = Record {
    kind: "evidence",
    table: "evidence",
    key: "id",
    columns: &["body"],
    case: "case_no",
    salt: "salt",
    which: "1",
};
pub(super) static UNDONE: Record = Record {
    kind: "undone",
    table: "undone",
    key: "case_no",
    columns: &["by"],
    case: "case_no",
    salt: "salt",
    which: "1",
};
pub(super) static ANSWER: Record = Record {
    kind: "answer",
    table: "decisions",
    key: "id",
    columns: &["decision"],
    case: "case_no",
    salt: "salt",
    which: "1",
};
pub(super) static CHANGE: Record = Record {
    kind: "change",
    table: "chat_changes",
    key: "no",
    columns: &["change"],
    case: "NULL",
    salt: "salt",
    which: "1",
};
pub(super) static CHANGE_UNDONE: Record = Record {
    kind: "change undone",
    table: "chat_changes",
    key: "no",
    columns: &["undone"],
    case: "NULL",
    salt: "undone_salt",
    which: "undone IS NOT NULL",
};
/// Commands that change something. One more here is a migration that says up to which number it was none.
pub(super) static COMMAND: Record = Record {
    kind: "command",
    table: "commands",
    key: "id",
    columns: &["group_id", "at", "user", "event", "command", "result", "text"],
    case: "NULL",
    salt: "salt",
    which: "result = 'done' AND command IN ('warn', 'mute', 'unmute', 'remove', 'undo', 'add_word', 'drop_word', 'remind', 'stop', 'resume', 'reload')",
};
pub(super) static ERASURE: Record = Record {
    kind: "erasure",
    table: "erasures",
    key: "no",
    columns: &["at", "by", "platform", "alias"],
    case: "NULL",
    salt: "salt",
    which: "1",
};

/// All of them.
static RECORDS: [&Record; 8] = [&CASE, &EVIDENCE, &UNDONE, &ANSWER, &CHANGE, &CHANGE_UNDONE, &COMMAND, &ERASURE];

/// That a group, or with the key 0 everything, was stopped (`written`) or goes on (`deleted`): what says so is not kept.
pub(super) const PAUSE: &str = "pause";
/// Inputs.
pub(super) const JOURNAL: &str = "journal";

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// It is new.
    Written,
    /// It is another one from here on: something was erased from it.
    Rewritten,
    /// It is gone.
    Deleted,
    /// Those up to this one were old enough to be deleted. Of [`EVIDENCE`] the key is the last case; its row stays, without text and salt. Of
    /// [`CASE`] it is the last case that is gone with all it had.
    Aged,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            What::Written => "written",
            What::Rewritten => "rewritten",
            What::Deleted => "deleted",
            What::Aged => "aged",
        }
    }
}

impl Record {
    /// The one that covers a column, if one does.
    pub(super) fn of(table: &str, column: &str) -> Option<&'static Record> {
        RECORDS.into_iter().find(|record| record.table == table && record.columns.contains(&column))
    }

    /// What of a row is covered, as SQL.
    fn text(&self, opened: fn(&str, &str) -> String) -> String {
        match self.columns {
            [column] => opened(self.table, column),
            columns => {
                let columns: Vec<String> = columns.iter().map(|column| opened(self.table, column)).collect();
                format!("json_array({})", columns.join(", "))
            }
        }
    }
}

/// A row of the chain, without its number and link.
struct Entry<'a> {
    at: i64,
    kind: &'a str,
    what: &'a str,
    key: i64,
    case: Option<i64>,
    digest: &'a [u8],
}

impl Entry<'_> {
    fn link(&self, no: i64, before: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new().chain_update(before);
        for number in [no, self.at, self.key, i64::from(self.case.is_some()), self.case.unwrap_or(0)] {
            hash.update(number.to_le_bytes());
        }
        for bytes in [self.kind.as_bytes(), self.what.as_bytes(), self.digest] {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
        hash.finalize().into()
    }
}

/// What the first row follows: what was there before there was a chain.
fn origin(conn: &Connection) -> Result<[u8; 32], StoreError> {
    let mut hash = Sha256::new().chain_update("qunwei: the beginning of an audit chain");
    let mut read = conn.prepare("SELECT kind, upto FROM audit_before ORDER BY kind")?;
    let before = each(read.query([])?, |row| Ok((text(row, 0)?.to_owned(), row.get::<_, i64>(1)?)))?;
    for (kind, upto) in before {
        hash.update((kind.len() as u64).to_le_bytes());
        hash.update(kind);
        hash.update(upto.to_le_bytes());
    }
    Ok(hash.finalize().into())
}

fn digest(salt: &[u8], text: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(text).finalize().into()
}

fn add(tx: &Transaction<'_>, entry: &Entry<'_>) -> Result<(), StoreError> {
    let last = "SELECT no, link FROM audit ORDER BY no DESC LIMIT 1";
    let last: Option<(i64, Vec<u8>)> =
        tx.prepare_cached(last)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (last, link) = match last {
        Some(last) => last,
        None => (0, origin(tx)?.to_vec()),
    };
    let no = last + 1;
    let Entry { at, kind, what, key, case, digest } = *entry;
    tx.prepare_cached(
        "INSERT INTO audit (no, at, kind, what, key, case_no, digest, link) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![no, at, kind, what, key, case, digest, &entry.link(no, &link)[..]])?;
    Ok(())
}

/// A record was written, or written anew, as it is in the database now: it gets a salt, and the chain a row. One that is none of its kind gets
/// nothing.
pub(super) fn wrote(
    tx: &Transaction<'_>,
    record: &Record,
    key: i64,
    at: Timestamp,
    what: What,
) -> Result<(), StoreError> {
    let Record { kind, table, key: column, case, salt: place, which, .. } = record;
    let covered = record.text(seal::unsealed);
    let mut read =
        tx.prepare_cached(&format!("SELECT {case}, {covered} FROM {table} WHERE {column} = ?1 AND {which}"))?;
    let found = each(read.query([key])?, |row| Ok((row.get::<_, Option<i64>>(0)?, text(row, 1)?.to_owned())))?;
    let Some((case, covered)) = found.into_iter().next() else { return Ok(()) };
    let salt = salt()?;
    let sealed = seal::sealed(table, place, "?2");
    tx.prepare_cached(&format!("UPDATE {table} SET {place} = {sealed} WHERE {column} = ?1"))?
        .execute(params![key, &salt[..]])?;
    let digest = digest(&salt, covered.as_bytes());
    add(tx, &Entry { at: at.0, kind, what: what.word(), key, case, digest: &digest })
}

/// The salt of a record.
pub(super) fn salt() -> Result<[u8; 16], StoreError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| StoreError::Unavailable(format!("no random numbers: {error}")))?;
    Ok(salt)
}

/// A record of a case was written with its salt: what every violation writes is not read and written a second time.
pub(super) fn wrote_salted(
    tx: &Transaction<'_>,
    record: &Record,
    (key, case): (i64, i64),
    at: Timestamp,
    (salt, covered): (&[u8], &str),
) -> Result<(), StoreError> {
    let digest = digest(salt, covered.as_bytes());
    add(tx, &Entry { at: at.0, kind: record.kind, what: What::Written.word(), key, case: Some(case), digest: &digest })
}

/// These records are deleted, and not by age.
pub(super) fn deleted(
    tx: &Transaction<'_>,
    record: &Record,
    keys: impl IntoIterator<Item = i64>,
    at: Timestamp,
) -> Result<(), StoreError> {
    for key in keys {
        noted(tx, record.kind, key, at, What::Deleted)?;
    }
    Ok(())
}

/// Records were deleted by age: those up to this one, from before this time.
pub(super) fn aged(tx: &Transaction<'_>, kind: &str, upto: i64, before: Timestamp) -> Result<(), StoreError> {
    noted(tx, kind, upto, before, What::Aged)
}

/// Something happened of which no record is kept.
pub(super) fn noted(tx: &Transaction<'_>, kind: &str, key: i64, at: Timestamp, what: What) -> Result<(), StoreError> {
    add(tx, &Entry { at: at.0, kind, what: what.word(), key, case: None, digest: &[] })
}

impl Record {
    /// Its word in the chain.
    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    /// Whether a row of its table is covered.
    pub(super) fn covers(&self, tx: &Transaction<'_>, key: i64) -> Result<bool, StoreError> {
        let Record { table, key: column, salt, .. } = self;
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {column} = ?1 AND {salt} IS NOT NULL)");
        Ok(tx.prepare_cached(&sql)?.query_row([key], |row| row.get(0))?)
    }
}

/// A row of the chain as it is kept elsewhere: `NUMBER:LINK`. As long as it is the row's, nothing up to that row was rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The row's number, from 1.
    pub no: u64,
    /// SHA-256.
    pub link: [u8; 32],
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.no, data_encoding::HEXLOWER.encode(&self.link))
    }
}

impl FromStr for Link {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "it must be NUMBER:LINK as `qunwei verify` prints it: a number, a colon, 64 hexadecimal digits";
        let (no, link) = text.trim().split_once(':').ok_or(wrong)?;
        let no = no.parse().ok().filter(|no| *no > 0).ok_or(wrong)?;
        let link = HEXLOWER_PERMISSIVE.decode(link.as_bytes()).ok().and_then(|link| link.try_into().ok());
        Ok(Self { no, link: link.ok_or(wrong)? })
    }
}
