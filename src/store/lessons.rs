//! What people's decisions have taught.

use rusqlite::{Connection, params};

use super::error::{signed, unsigned};
use super::read::each;
use super::write::Changes;
use crate::domain::ids::GroupKey;
use crate::domain::score::Lesson;
use crate::ports::StoreError;

/// All of them, by number.
pub(super) fn all(conn: &Connection) -> Result<Vec<(u64, Lesson)>, StoreError> {
    let mut read = conn.prepare(
        "SELECT no, platform, name, subject, violation, model, band, step, unseal('lessons.features', no, features)
         FROM lessons JOIN groups ON groups.id = group_id ORDER BY no",
    )?;
    each(read.query([])?, |row| {
        let (platform, group): (String, String) = (row.get(1)?, row.get(2)?);
        let (model, band): (Option<u32>, Option<u8>) = (row.get(5)?, row.get(6)?);
        let features = row.get_ref(8)?.as_blob().map_err(rusqlite::Error::from)?;
        let lesson = Lesson {
            subject: row.get::<_, i64>(3)?.cast_unsigned(),
            group: GroupKey::new(&platform, &group),
            right: row.get(4)?,
            found: model.zip(band),
            step: row.get(7)?,
            features: features.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect(),
        };
        Ok((unsigned(row.get(0)?), lesson))
    })
}

impl Changes<'_> {
    pub(super) fn lesson(&mut self, no: u64, platform: &str, group: &str, lesson: &Lesson) -> Result<(), StoreError> {
        let group = self.groups.find_or_add(self.tx, platform, group)?;
        let (model, band) = lesson.found.unzip();
        let features: Vec<u8> = lesson.features.iter().flat_map(|feature| feature.to_le_bytes()).collect();
        self.run(
            "INSERT INTO lessons (no, group_id, subject, violation, model, band, step, features)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, seal('lessons.features', ?1, ?8))",
            params![signed(no)?, group, lesson.subject.cast_signed(), lesson.right, model, band, lesson.step, features],
        )
    }

    pub(super) fn lesson_forgotten(&self, no: u64) -> Result<(), StoreError> {
        self.run("DELETE FROM lessons WHERE no = ?1", [signed(no)?])
    }
}
