//! Versions of the configuration, whole and compressed: the last one, and those that a case names.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::error::encode;
use crate::domain::time::Timestamp;
use crate::ports::{PackedFiles, StoreError};

/// How many versions that no case names are kept: a case may be on its way that was judged under an earlier one.
const UNNAMED: i64 = 16;

/// The most that a version has, in bytes of its JSON: what claims to be more was not written here. Compressed it may be a thousandth of it.
const MOST: u64 = 512 << 20;

type Files = Vec<(String, String)>;

pub(super) fn renew(conn: &Connection, version: &str, at: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE configs SET saved = (SELECT max(saved) + 1 FROM configs), at = ?2 WHERE version = ?1";
    Ok(conn.execute(sql, params![version, at.0])? > 0)
}

pub(super) fn save(conn: &mut Connection, version: &str, files: &PackedFiles, at: Timestamp) -> Result<(), StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute(
        "INSERT INTO configs (version, saved, at, files)
         VALUES (?1, (SELECT coalesce(max(saved), 0) + 1 FROM configs), ?2, ?3)
         ON CONFLICT DO UPDATE SET saved = excluded.saved, at = excluded.at",
        params![version, at.0, files.0],
    )?;
    tx.execute(
        "DELETE FROM configs WHERE version NOT IN (SELECT version FROM config_cases) AND saved <
         (SELECT saved FROM configs WHERE version NOT IN (SELECT version FROM config_cases)
          ORDER BY saved DESC LIMIT 1 OFFSET ?1)",
        [UNNAMED - 1],
    )?;
    Ok(tx.commit()?)
}

pub(super) fn last(conn: &Connection) -> Result<Option<Files>, StoreError> {
    let sql = "SELECT files FROM configs ORDER BY saved DESC LIMIT 1";
    let files = conn.query_row(sql, [], |row| row.get::<_, Vec<u8>>(0)).optional()?;
    files.map(|files| unpack_files(&files)).transpose()
}

pub(super) fn find(conn: &Connection, version: &str) -> Result<Option<Files>, StoreError> {
    let sql = "SELECT files FROM configs WHERE version = ?1";
    let files = conn.query_row(sql, [version], |row| row.get::<_, Vec<u8>>(0)).optional()?;
    files.map(|files| unpack_files(&files)).transpose()
}

/// Packs the files of a configuration, to be kept.
///
/// # Errors
/// They cannot be written as JSON, or are larger than any that is kept (512 MiB).
pub fn pack_files(files: &[(String, String)]) -> Result<PackedFiles, StoreError> {
    let json = encode(&files)?;
    if json.len() as u64 > MOST {
        return Err(StoreError::Row(format!("configuration and word lists are larger than {} MiB", MOST >> 20)));
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    let written = packed.write_all(json.as_bytes()).and_then(|()| packed.finish());
    written.map(|packed| PackedFiles(packed.into())).map_err(|error| StoreError::Row(error.to_string()))
}

/// The files of a configuration that was packed: by [`pack_files`], or by whoever wrote the state that was imported.
///
/// # Errors
/// They are not that, or larger than any that is kept.
pub fn unpack_files(files: &[u8]) -> Result<Vec<(String, String)>, StoreError> {
    unpack(files, MOST)
}

pub(super) fn unpack(files: &[u8], most: u64) -> Result<Files, StoreError> {
    let mut json = String::new();
    let read = ZlibDecoder::new(files).take(most + 1).read_to_string(&mut json);
    let files = read.ok().filter(|read| *read as u64 <= most).and_then(|_| serde_json::from_str(&json).ok());
    files.ok_or_else(|| StoreError::Damaged("a stored configuration cannot be read".to_owned()))
}
