//! Pictures that are to be read.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::read::{each, text};
use super::write::Changes;
use crate::domain::picture::Wanted;
use crate::domain::time::Timestamp;
use crate::ports::StoreError;

/// Those that were asked for first, at most `limit`.
pub(super) fn wanted(conn: &Connection, limit: usize) -> Result<Vec<Wanted>, StoreError> {
    let sql = "SELECT id, platform, user, at, unseal('pictures.url', id, url), unseal('pictures.event', id, event) FROM pictures
               ORDER BY place LIMIT ?1";
    let mut read = conn.prepare_cached(sql)?;
    each(read.query([i64::try_from(limit).unwrap_or(i64::MAX)])?, |row| {
        let part = |column| text(row, column).map(Arc::from);
        let (id, platform, user, url, event) = (part(0)?, part(1)?, part(2)?, part(4)?, part(5)?);
        Ok(Wanted { id, platform, user, at: Timestamp(row.get(3)?), url, event })
    })
}

impl Changes<'_> {
    pub(super) fn picture_wanted(&self, wanted: &Wanted) -> Result<(), StoreError> {
        let Wanted { id, platform, user, at, url, event } = wanted;
        self.run(
            "INSERT INTO pictures (id, platform, user, at, url, event)
             VALUES (?1, ?2, ?3, ?4, seal('pictures.url', ?1, ?5), seal('pictures.event', ?1, ?6))
             ON CONFLICT (id) DO NOTHING",
            params![&**id, &**platform, &**user, at.0, &**url, &**event],
        )
    }
}
