//! Writing the state, as it is at one moment, beside a daemon that may be running. What is sealed stays so.

use std::io::{self, Write};
use std::path::Path;

use data_encoding::{BASE64, HEXLOWER};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row as Record};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{End, FORMAT, Head, JOURNAL, Rows, Sums, TABLES, TableHead, TransferError};
use crate::domain::time::Timestamp;
use crate::store::history::History;
use crate::store::{Keyring, peek, schema};

/// Inputs in files that are in memory at once.
const PIECE: usize = 1000;

/// Writes the state of a data directory, with every stored message if that is wanted; says how many rows it has.
///
/// # Errors
/// There is no store in the directory, or one that cannot be read, or what is written to fails. What was written is then of no
/// use: it has no last line.
pub fn export_state(dir: &Path, messages: bool, at: Timestamp, to: &mut dyn Write) -> Result<Rows, TransferError> {
    let conn = peek::snapshot(dir, &Keyring::as_stored())?;
    let schema = schema::version(&conn)?;
    let mut out = Out { to, hash: Sha256::new(), rows: Rows::new() };
    out.line(&Head {
        qunwei: "state".to_owned(),
        format: FORMAT,
        schema: u32::try_from(schema).unwrap_or(u32::MAX),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at: at.to_string(),
        messages,
    })?;
    for table in TABLES {
        // A store that no daemon has brought up to date yet may not have it.
        if conn.table_exists(None, *table)? {
            out.table(&conn, table, &format!("SELECT * FROM {table}"))?;
        }
    }
    if messages && conn.table_exists(None, "history")? {
        out.journal_in_files(&conn, dir)?;
        out.table_rows(&conn, JOURNAL, &format!("SELECT {COLUMNS} FROM journal WHERE {NOT_IN_FILES} ORDER BY seq"))?;
    } else {
        let which = if messages { "" } else { "WHERE seq > (SELECT coalesce(max(seq), 0) FROM windows)" };
        out.table(&conn, JOURNAL, &format!("SELECT {COLUMNS} FROM journal {which} ORDER BY seq"))?;
    }
    let rows = out.rows.clone();
    let end = End { end: Sums { rows: rows.clone(), sha256: HEXLOWER.encode(&out.hash.clone().finalize()[..]) } };
    out.line(&end)?;
    out.to.flush().map_err(TransferError::io("the export cannot be written"))?;
    Ok(rows)
}

const COLUMNS: &str = "seq, at, kind, platform, time, body";
const NOT_IN_FILES: &str = "seq > (SELECT coalesce(max(last), 0) FROM history)";

struct Out<'a> {
    to: &'a mut dyn Write,
    hash: Sha256,
    rows: Rows,
}

impl Out<'_> {
    fn line(&mut self, value: &impl serde::Serialize) -> Result<(), TransferError> {
        let failed = TransferError::io("the export cannot be written");
        let mut text = serde_json::to_vec(value).map_err(|error| failed(io::Error::from(error)))?;
        text.push(b'\n');
        self.hash.update(&text);
        self.to.write_all(&text).map_err(TransferError::io("the export cannot be written"))
    }

    fn table(&mut self, conn: &Connection, table: &str, sql: &str) -> Result<(), TransferError> {
        let columns = conn.prepare(sql)?.column_names().map(str::to_owned).collect();
        self.line(&TableHead { table: table.to_owned(), columns })?;
        self.table_rows(conn, table, sql)
    }

    fn table_rows(&mut self, conn: &Connection, table: &str, sql: &str) -> Result<(), TransferError> {
        let mut read = conn.prepare(sql)?;
        let columns = read.column_count();
        let mut rows = read.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            let cells = (0..columns).map(|column| cell(row, column)).collect::<rusqlite::Result<Vec<Value>>>()?;
            self.line(&cells)?;
            count += 1;
        }
        *self.rows.entry(table.to_owned()).or_default() += count;
        Ok(())
    }

    /// Inputs of days that are over. A file that is deleted meanwhile is passed over.
    fn journal_in_files(&mut self, conn: &Connection, dir: &Path) -> Result<(), TransferError> {
        let columns = COLUMNS.split(", ").map(str::to_owned).collect();
        self.line(&TableHead { table: JOURNAL.to_owned(), columns })?;
        let mut history = History::load(conn, dir, &Keyring::as_stored())?;
        let mut last = 0;
        loop {
            let unreadable = |error: crate::ports::StoreError| TransferError::Io {
                what: "the history cannot be read".to_owned(),
                error: io::Error::other(error.to_string()),
            };
            let rows = history.after(last, PIECE).map_err(unreadable)?;
            let Some(row) = rows.last() else { return Ok(()) };
            last = row.seq;
            for row in &rows {
                let time = row.time.map(|time| time.0);
                self.line(&json!([row.seq, row.at.0, row.kind as u8, *row.platform, time, *row.body]))?;
            }
            *self.rows.entry(JOURNAL.to_owned()).or_default() += rows.len() as u64;
        }
    }
}

fn cell(row: &Record<'_>, column: usize) -> rusqlite::Result<Value> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        value @ ValueRef::Text(_) => value.as_str()?.into(),
        ValueRef::Blob(bytes) => json!({ "base64": BASE64.encode(bytes) }),
    })
}
