//! Every row of every table of a database, whatever tables it has.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

/// By table, then by row, as SQLite has them.
pub type Tables = BTreeMap<String, Vec<String>>;

/// All of them, read as they are at one moment.
pub fn all(database: &Path) -> Tables {
    let conn = Connection::open(database).unwrap();
    conn.execute_batch("BEGIN").unwrap();
    let mut names = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    names.into_iter().map(|name| (name.clone(), rows(&conn, &format!("SELECT * FROM {name}")))).collect()
}

/// The rows of a query, sorted.
pub fn rows(conn: &Connection, sql: &str) -> Vec<String> {
    let mut read = conn.prepare(sql).unwrap();
    let columns = read.column_count();
    let row = |row: &rusqlite::Row<'_>| (0..columns).map(|at| row.get::<_, Value>(at)).collect::<Result<Vec<_>, _>>();
    let mut rows: Vec<String> = read.query_map([], row).unwrap().map(|row| format!("{:?}", row.unwrap())).collect();
    rows.sort();
    rows
}

/// Fails naming the table and the first row that differs.
pub fn assert_same(left: &Tables, right: &Tables) {
    assert_eq!(left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>());
    for (table, rows) in left {
        for (at, (a, b)) in rows.iter().zip(&right[table]).enumerate() {
            assert_eq!(a, b, "row {at} of {table}");
        }
        assert_eq!(rows.len(), right[table].len(), "rows of {table}");
    }
}
