//! All state of a data directory as text, to be compared.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

const STATE: [(&str, &str); 22] = [
    ("cases", "SELECT no, body FROM cases ORDER BY no"),
    ("evidence", "SELECT case_no, body FROM evidence ORDER BY id"),
    (
        "messages",
        "SELECT name, message, case_no FROM case_messages JOIN groups ON groups.id = group_id ORDER BY 1, 2, 3",
    ),
    ("standings", "SELECT name, user, standing FROM standings JOIN groups ON groups.id = group_id ORDER BY 1, 2"),
    ("ledgers", "SELECT name, ledger FROM ledgers JOIN groups ON groups.id = group_id ORDER BY 1"),
    ("newcomers", "SELECT name, newcomers FROM newcomers JOIN groups ON groups.id = group_id ORDER BY 1"),
    ("company", "SELECT alerts FROM company_alerts"),
    (
        "members",
        "SELECT groups.name, user, members.name, joined, gone, role FROM members JOIN groups ON groups.id = group_id
         ORDER BY 1, 2",
    ),
    ("admins", "SELECT name, user FROM admins JOIN groups ON groups.id = group_id ORDER BY 1, 2"),
    ("undone", "SELECT case_no, by FROM undone ORDER BY 1"),
    ("decisions", "SELECT task, case_no, decision FROM decisions ORDER BY id"),
    ("tasks", "SELECT task, name, body FROM tasks JOIN groups ON groups.id = group_id ORDER BY place"),
    ("chat", "SELECT no, change, undone FROM chat_changes ORDER BY 1"),
    ("pauses", "SELECT platform, group_name, by FROM pauses ORDER BY 1, 2"),
    ("commands", "SELECT at, user, event, command, result, text FROM commands ORDER BY id"),
    ("known", "SELECT platform, name, since, seen FROM known_groups JOIN groups ON groups.id = group_id ORDER BY 1, 2"),
    ("schedules", "SELECT name, written, since FROM schedules ORDER BY 1"),
    ("reminders", "SELECT no, reminder, over FROM reminders ORDER BY 1"),
    (
        "reminded",
        "SELECT reminder, slot, name, sent FROM reminded JOIN groups ON groups.id = group_id ORDER BY 1, 2, 3",
    ),
    (
        "lessons",
        "SELECT no, name, subject, violation, model, band, step, hex(features) FROM lessons
         JOIN groups ON groups.id = group_id ORDER BY 1",
    ),
    ("timers", "SELECT group_name, id, due, what FROM timers ORDER BY 1, 2"),
    (
        "outbox",
        "SELECT id, lane, case_no, state, attempted, error, message, ended_at, action FROM outbox ORDER BY place",
    ),
];

const JOURNAL: (&str, &str) = ("journal", "SELECT seq, at, kind, platform, time, body FROM journal ORDER BY seq");

/// The state, table by table, row by row.
pub fn state(data: &Path) -> BTreeMap<&'static str, Vec<String>> {
    let conn = Connection::open(data.join("qunwei.db")).unwrap();
    STATE.iter().map(|(name, sql)| (*name, rows(&conn, sql))).collect()
}

/// The inputs.
pub fn journal(data: &Path) -> Vec<String> {
    rows(&Connection::open(data.join("qunwei.db")).unwrap(), JOURNAL.1)
}

/// Fails naming the first rows that differ.
pub fn assert_same(left: &BTreeMap<&'static str, Vec<String>>, right: &BTreeMap<&'static str, Vec<String>>) {
    for (table, rows) in left {
        let other = &right[table];
        for (at, (a, b)) in rows.iter().zip(other).enumerate() {
            assert_eq!(a, b, "row {at} of {table}");
        }
        assert_eq!(rows.len(), other.len(), "rows of {table}: {:#?}\n{:#?}", rows.last(), other.last());
    }
}

fn rows(conn: &Connection, sql: &str) -> Vec<String> {
    let mut read = conn.prepare(sql).unwrap();
    let columns = read.column_count();
    let written = |row: &rusqlite::Row<'_>| {
        let cell = |at| match row.get_ref(at)? {
            ValueRef::Null => Ok("-".to_owned()),
            ValueRef::Integer(number) => Ok(number.to_string()),
            ValueRef::Real(number) => Ok(number.to_string()),
            ValueRef::Text(text) => Ok(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Ok(format!("{} bytes", bytes.len())),
        };
        let cells: rusqlite::Result<Vec<String>> = (0..columns).map(cell).collect();
        cells.map(|cells| cells.join(" | "))
    };
    read.query_map([], written).unwrap().map(Result::unwrap).collect()
}
