//! Reading exported state into an empty data directory: all of it or nothing.

use std::fs::{self, File};
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, HEXLOWER};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{End, FORMAT, Head, JOURNAL, Rows, TABLES, TableHead, TransferError};
use crate::domain::time::Timestamp;
use crate::ports::StoreError;
use crate::store::lock::{DirLock, Refusal};
use crate::store::{OpenError, audit, open, private, schema};

/// The database while it is being filled.
const ASIDE: &str = "qunwei.db.import";

/// Rows in one transaction.
const PIECE: u64 = 10_000;

/// The longest line, in bytes: a configuration with its word lists.
const LONGEST: u64 = 256 << 20;

/// Fills an empty or new data directory with the state that was exported; says how many rows it has.
///
/// # Errors
/// Nothing was imported, and the directory is as empty as it was.
pub fn import_state(dir: &Path, from: &mut dyn BufRead) -> Result<Rows, TransferError> {
    let here = |error| TransferError::io(dir.display().to_string())(error);
    let made = !dir.exists();
    open::make_dir(dir)?;
    let _lock = DirLock::take_to_fill(dir, made).map_err(|refusal| match refusal {
        Refusal::Held(holder) => TransferError::Open(OpenError::InUse { dir: dir.to_owned(), holder }),
        Refusal::Io(error) => here(error),
    })?;
    if let Some(found) = in_the_way(dir).map_err(here)? {
        return Err(TransferError::NotEmpty { dir: dir.to_owned(), found });
    }
    let aside = dir.join(ASIDE);
    clear(&aside).map_err(here)?;
    let filled = fill(&aside, from).and_then(|rows| {
        let file = File::open(&aside).map_err(here)?;
        file.sync_all().and_then(|()| fs::rename(&aside, dir.join(open::FILE))).map_err(here)?;
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(here)?;
        Ok(rows)
    });
    if filled.is_err() {
        clear(&aside).ok();
        fs::remove_file(dir.join("lock")).ok();
        if made {
            fs::remove_dir(dir).ok(); // only if it is empty
        }
    }
    filled
}

/// What keeps a directory from being an empty one; what an import that was cut off left is nothing.
fn in_the_way(dir: &Path) -> io::Result<Option<String>> {
    let names = fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names = names.collect::<io::Result<Vec<String>>>()?;
    Ok(names.into_iter().filter(|name| name != "lock" && !name.starts_with(ASIDE)).min())
}

fn clear(aside: &Path) -> io::Result<()> {
    for end in ["", "-journal"] {
        match fs::remove_file(PathBuf::from(format!("{}{end}", aside.display()))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn fill(aside: &Path, from: &mut dyn BufRead) -> Result<Rows, TransferError> {
    let mut lines = Lines { from, hash: Sha256::new(), number: 0, line: Vec::new() };
    let head = read_head(&mut lines)?;
    private::for_sqlite(aside)?;
    let mut conn = Connection::open(aside)?;
    conn.pragma_update(None, "journal_mode", "OFF")?; // half of it is thrown away
    conn.pragma_update(None, "synchronous", "OFF")?; // it is brought to the disk when it is whole
    let steps = schema::MIGRATIONS;
    schema::migrate(&mut conn, steps.get(..head.schema as usize).unwrap_or(steps))?;
    let (rows, end) = read_rows(&mut conn, &mut lines)?;
    if rows != end.end.rows {
        return Err(lines.damaged("it does not count what is there"));
    }
    if lines.next()? {
        return Err(lines.damaged("there is more after the end"));
    }
    schema::migrate(&mut conn, steps)?;
    if !head.messages {
        note_left_out(&mut conn)?;
    }
    conn.close().map_err(|(_, error)| error)?;
    Ok(rows)
}

/// The export left out the inputs that the state includes: the chain says so, as of those that were old enough.
fn note_left_out(conn: &mut Connection) -> Result<(), StoreError> {
    let tx = conn.transaction()?;
    let sql = "SELECT max(seq), coalesce((SELECT max(at) FROM audit), 0) FROM windows";
    let (upto, at): (Option<i64>, i64) = tx.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if let Some(upto) = upto {
        audit::aged(&tx, audit::JOURNAL, upto, Timestamp(at))?;
    }
    Ok(tx.commit()?)
}

fn read_head(lines: &mut Lines<'_>) -> Result<Head, TransferError> {
    let not_ours = "this is not what `qunwei export --state` writes";
    if !lines.next()? {
        return Err(lines.damaged("the file is empty"));
    }
    // The version is looked at first: a later one may have another head.
    let value: Value = lines.parse(not_ours)?;
    let number = |key: &str| value.get(key).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    let (Some("state"), Some(format), Some(schema)) =
        (value.get("qunwei").and_then(Value::as_str), number("format"), number("schema"))
    else {
        return Err(lines.damaged(not_ours));
    };
    let known = u32::try_from(schema::MIGRATIONS.len()).unwrap_or(u32::MAX);
    for (what, found, known) in [("format", format, FORMAT), ("schema", schema, known)] {
        if found > known {
            return Err(TransferError::Newer { what, found, known });
        }
    }
    lines.parse(not_ours)
}

/// Everything between the first line and the last.
fn read_rows(conn: &mut Connection, lines: &mut Lines<'_>) -> Result<(Rows, End), TransferError> {
    let mut rows = Rows::new();
    let mut table: Option<(String, String, usize)> = None;
    conn.execute_batch("BEGIN")?;
    let mut written = 0;
    loop {
        let before = lines.hash.clone();
        if !lines.next()? {
            return Err(lines.damaged("the file ends here, before its last line"));
        }
        if lines.line.first() == Some(&b'[') {
            let Some((name, sql, columns)) = &table else { return Err(lines.damaged("a row of no table")) };
            let cells: Vec<Value> = lines.parse("this is no row")?;
            let cells = cells.into_iter().map(cell).collect::<Option<Vec<Cell>>>();
            let Some(cells) = cells.filter(|cells| cells.len() == *columns) else {
                return Err(lines.damaged(format!("this is no row of {name}")));
            };
            let inserted = conn.prepare_cached(sql)?.execute(params_from_iter(cells));
            inserted.map_err(|error| lines.damaged(format!("this is no row of {name}: {error}")))?;
            *rows.entry(name.clone()).or_default() += 1;
            written += 1;
            if written % PIECE == 0 {
                conn.execute_batch("COMMIT; BEGIN")?;
            }
        } else if lines.line.starts_with(b"{\"end\"") {
            let end: End = lines.parse("this is no last line")?;
            if end.end.sha256 != HEXLOWER.encode(&before.finalize()[..]) {
                return Err(lines.damaged("something before this line was changed or is missing"));
            }
            conn.execute_batch("COMMIT")?;
            return Ok((rows, end));
        } else {
            let head: TableHead = lines.parse("this is neither a row nor a table")?;
            rows.entry(head.table.clone()).or_default();
            table = Some(insert_into(conn, head).map_err(|why| lines.damaged(why))?);
        }
    }
}

/// The statement for the rows of a table, and how many columns they have.
fn insert_into(conn: &Connection, head: TableHead) -> Result<(String, String, usize), String> {
    let TableHead { table, columns } = head;
    if !TABLES.contains(&&*table) && table != JOURNAL {
        return Err(format!("there is no table `{table}`"));
    }
    for column in &columns {
        if !conn.column_exists(None, &*table, &**column).unwrap_or(false) {
            return Err(format!("the table `{table}` has no column `{column}`"));
        }
    }
    let marks = vec!["?"; columns.len()].join(", ");
    let names = columns.join(", "); // each is a column's name, which was looked up
    Ok((table.clone(), format!("INSERT INTO {table} ({names}) VALUES ({marks})"), columns.len()))
}

fn cell(value: Value) -> Option<Cell> {
    Some(match value {
        Value::Null => Cell::Null,
        Value::Number(number) => match number.as_i64() {
            Some(number) => Cell::Integer(number),
            None => Cell::Real(number.as_f64()?),
        },
        Value::String(text) => Cell::Text(text),
        Value::Object(object) => Cell::Blob(BASE64.decode(object.get("base64")?.as_str()?.as_bytes()).ok()?),
        Value::Bool(_) | Value::Array(_) => return None,
    })
}

struct Lines<'a> {
    from: &'a mut dyn BufRead,
    hash: Sha256,
    number: u64,
    line: Vec<u8>,
}

impl Lines<'_> {
    /// Reads a line; `false` when there is none.
    fn next(&mut self) -> Result<bool, TransferError> {
        self.line.clear();
        self.number += 1;
        let read = (&mut *self.from).take(LONGEST).read_until(b'\n', &mut self.line);
        read.map_err(TransferError::io("the file cannot be read"))?;
        self.hash.update(&self.line);
        if !self.line.is_empty() && !self.line.ends_with(b"\n") {
            return Err(self.damaged("the line is cut off"));
        }
        Ok(!self.line.is_empty())
    }

    fn parse<T: DeserializeOwned>(&self, otherwise: &str) -> Result<T, TransferError> {
        serde_json::from_slice(&self.line).map_err(|_| self.damaged(otherwise))
    }

    fn damaged(&self, why: impl Into<String>) -> TransferError {
        TransferError::Damaged { line: self.number, why: why.into() }
    }
}
