//! The schema: numbered steps, each applied once and whole. `PRAGMA user_version` counts them.

use rusqlite::{Connection, TransactionBehavior};

/// One step from a version to the next.
pub(super) struct Migration {
    /// Its file's name, for the log and for errors.
    pub(super) name: &'static str,
    /// What it does.
    pub(super) sql: &'static str,
}

/// Every step there is. Those that were ever released are not changed any more; new ones go below. What is
/// sealed cannot be read by a step: an import takes them without the key.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_first", sql: include_str!("migrations/0001_first.sql") },
    Migration { name: "0002_chat", sql: include_str!("migrations/0002_chat.sql") },
    Migration { name: "0003_newcomers", sql: include_str!("migrations/0003_newcomers.sql") },
    Migration { name: "0004_habits", sql: include_str!("migrations/0004_habits.sql") },
    Migration { name: "0005_history", sql: include_str!("migrations/0005_history.sql") },
    Migration { name: "0006_decisions", sql: include_str!("migrations/0006_decisions.sql") },
    Migration { name: "0007_reminders", sql: include_str!("migrations/0007_reminders.sql") },
    Migration { name: "0008_lessons", sql: include_str!("migrations/0008_lessons.sql") },
    Migration { name: "0009_marks", sql: include_str!("migrations/0009_marks.sql") },
    Migration { name: "0010_tasks", sql: include_str!("migrations/0010_tasks.sql") },
    Migration { name: "0011_erasures", sql: include_str!("migrations/0011_erasures.sql") },
    Migration { name: "0012_seals", sql: include_str!("migrations/0012_seals.sql") },
    Migration { name: "0013_pictures", sql: include_str!("migrations/0013_pictures.sql") },
    Migration { name: "0014_audit", sql: include_str!("migrations/0014_audit.sql") },
    Migration { name: "0015_waiting", sql: include_str!("migrations/0015_waiting.sql") },
];

/// Marks the file as ours (`PRAGMA application_id`, "QUNW").
pub(super) const APPLICATION: i64 = 0x5155_4e57;

/// How many steps were applied; 0 for an empty file.
pub(super) fn version(conn: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX)) // below zero: written by something else, refused as too new
}

/// Applies the steps that are missing, each in its own transaction.
pub(super) fn migrate(conn: &mut Connection, steps: &[Migration]) -> rusqlite::Result<()> {
    let from = version(conn)?;
    for (number, step) in (1_i64..).zip(steps).skip(from) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(step.sql)?;
        tx.pragma_update(None, "user_version", number)?;
        tx.commit()?;
        tracing::info!(migration = step.name, "the store has a new schema");
    }
    Ok(())
}
