//! Reminders and the groups that can be reminded.

use rusqlite::{Connection, params};

use super::error::{decode, encode, signed, unsigned};
use super::read::{each, text};
use super::write::Changes;
use crate::domain::reminder::{ChatReminder, Kept, Known, Since, Stored};
use crate::domain::time::Timestamp;
use crate::ports::StoreError;

/// All that is kept of them.
pub(super) fn stored(conn: &Connection) -> Result<Stored, StoreError> {
    let mut read =
        conn.prepare("SELECT platform, name, since, seen FROM known_groups JOIN groups ON groups.id = group_id")?;
    let known = each(read.query([])?, |row| {
        let since = Timestamp(row.get(2)?);
        Ok(Known { platform: row.get(0)?, group: row.get(1)?, since, seen: row.get(3)? })
    })?;
    let mut read = conn.prepare("SELECT name, written, since FROM schedules")?;
    let since = each(read.query([])?, |row| {
        Ok(Since { name: row.get(0)?, written: row.get(1)?, since: Timestamp(row.get(2)?) })
    })?;
    let chat = in_force(conn)?;
    let last = conn.query_row("SELECT coalesce(max(no), 0) FROM reminders", [], |row| row.get(0)).map(unsigned)?;
    let mut read =
        conn.prepare("SELECT reminder, slot, platform, name, sent FROM reminded JOIN groups ON groups.id = group_id")?;
    let kept = each(read.query([])?, |row| {
        let slot = Timestamp(row.get(1)?);
        Ok(Kept { key: row.get(0)?, slot, platform: row.get(2)?, group: row.get(3)?, sent: row.get(4)? })
    })?;
    Ok(Stored { known, since, chat, last, kept })
}

/// Reminders set in the chat that are not over, in order of their numbers.
pub(super) fn in_force(conn: &Connection) -> Result<Vec<ChatReminder>, StoreError> {
    let mut read =
        conn.prepare("SELECT unseal('reminders.reminder', no, reminder) FROM reminders WHERE over = 0 ORDER BY no")?;
    each(read.query([])?, |row| decode("a reminder", text(row, 0)?))
}

impl Changes<'_> {
    pub(super) fn known(&mut self, known: &Known) -> Result<(), StoreError> {
        let group = self.groups.find_or_add(self.tx, &known.platform, &known.group)?;
        self.run(
            "INSERT INTO known_groups (group_id, since, seen) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET since = excluded.since, seen = excluded.seen",
            params![group, known.since.0, known.seen],
        )
    }

    pub(super) fn unknown(&mut self, platform: &str, group: &str) -> Result<(), StoreError> {
        let group = self.groups.find_or_add(self.tx, platform, group)?;
        self.run("DELETE FROM known_groups WHERE group_id = ?1", [group])
    }

    pub(super) fn schedule(&self, since: &Since) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO schedules (name, written, since) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET written = excluded.written, since = excluded.since",
            params![&*since.name, &*since.written, since.since.0],
        )
    }

    pub(super) fn reminder(&mut self, reminder: &ChatReminder) -> Result<(), StoreError> {
        let group = self.groups.find_or_add(self.tx, &reminder.platform, &reminder.group)?;
        self.run(
            "INSERT INTO reminders (no, group_id, reminder) VALUES (?1, ?2, seal('reminders.reminder', ?1, ?3))
             ON CONFLICT DO UPDATE SET reminder = excluded.reminder",
            params![signed(reminder.no)?, group, encode(reminder)?],
        )
    }

    pub(super) fn reminder_over(&self, no: u64) -> Result<(), StoreError> {
        self.run("UPDATE reminders SET over = 1 WHERE no = ?1", [signed(no)?])
    }

    pub(super) fn kept(&mut self, kept: &Kept) -> Result<(), StoreError> {
        let group = self.groups.find_or_add(self.tx, &kept.platform, &kept.group)?;
        // What was sent stays sent.
        self.run(
            "INSERT INTO reminded (reminder, slot, group_id, sent) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET sent = max(sent, excluded.sent)",
            params![&*kept.key, kept.slot.0, group, kept.sent],
        )
    }

    pub(super) fn forget_kept(&self, key: &str, before: Timestamp) -> Result<(), StoreError> {
        self.run("DELETE FROM reminded WHERE reminder = ?1 AND slot < ?2", params![key, before.0])
    }
}
