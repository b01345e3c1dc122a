//! How far readers of other places have come.

use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::ports::{Mark, StoreError};

/// The mark of a source.
pub(super) fn mark(conn: &Connection, source: &str) -> Result<Option<String>, StoreError> {
    let mut read = conn.prepare_cached("SELECT unseal('marks.value', source, value) FROM marks WHERE source = ?1")?;
    Ok(read.query_row([source], |row| row.get(0)).optional()?)
}

/// Writes marks over those of before.
pub(super) fn write<'m>(tx: &Transaction<'_>, marks: impl Iterator<Item = &'m Mark>) -> Result<(), StoreError> {
    for mark in marks {
        let insert = "INSERT OR REPLACE INTO marks (source, value) VALUES (?1, seal('marks.value', ?1, ?2))";
        let mut write = tx.prepare_cached(insert)?;
        write.execute([&*mark.source, &*mark.value])?;
    }
    Ok(())
}
