//! Whether a store is sound, looked at beside a daemon that may be running.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::make::{EMPTY, faults};
use crate::domain::action::Action;
use crate::domain::case::{Case, Evidence};
use crate::domain::standing::{Ledger, Standing};
use crate::domain::tasks::OpenTask;
use crate::domain::timer::TimerKind;
use crate::ports::StoreError;
use crate::store::audit::{self, Link};
use crate::store::error::{decode, unsigned};
use crate::store::history::{self, Day};
use crate::store::read::text;
use crate::store::{Keyring, OpenError, peek, schema, seal};

/// What a look at one thing found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// As it should be.
    Sound,
    /// As it may be: something that was not looked at, or that an operator should know.
    Noted,
    /// As it must not be.
    Wrong,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckLine {
    /// How it is.
    pub found: Found,
    /// What was looked at.
    pub what: String,
    /// In words.
    pub said: String,
}

/// What came of looking.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// In the order it was looked at.
    pub lines: Vec<CheckLine>,
    /// The newest link of the audit chain, where the chain is whole.
    pub newest: Option<Link>,
    /// The inputs that are there, when they are all there were: the first has the number 1.
    pub whole: Option<u64>,
}

impl Checked {
    fn say(&mut self, found: Found, what: &str, said: impl Into<String>) {
        self.lines.push(CheckLine { found, what: what.to_owned(), said: said.into() });
    }

    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.lines.iter().all(|line| line.found != Found::Wrong)
    }
}

/// Looks at everything in a data directory but what would come of its inputs. `kept`: a link of its audit chain that was kept elsewhere.
///
/// # Errors
/// There is no store of this or an older version in it.
pub fn check(dir: &Path, keys: &Keyring, kept: Option<&Link>) -> Result<Checked, OpenError> {
    let conn = peek::snapshot(dir, keys)?;
    let sql = |error: rusqlite::Error| peek::unreadable(dir, &error);
    let mut checked = Checked::default();
    match faults(&conn, "integrity_check") {
        Ok(None) => checked.say(Found::Sound, "database", "sound"),
        Ok(Some(why)) => checked.say(Found::Wrong, "database", format!("damaged: {why}")),
        Err(error) => checked.say(Found::Wrong, "database", format!("cannot be read: {error}")),
    }
    if !checked.is_sound() {
        return Ok(checked);
    }
    let (version, known) = (schema::version(&conn).map_err(sql)?, schema::MIGRATIONS.len());
    if version == 0 {
        checked.say(Found::Wrong, "database", format!("no store: {EMPTY}"));
        return Ok(checked);
    }
    if version < known {
        let said = format!("{version}; the next start brings it to {known}");
        checked.say(Found::Noted, "schema", said);
    } else {
        checked.say(Found::Sound, "schema", format!("{version}, the latest"));
    }
    let days = history::named(&conn).map_err(sql)?;
    files(&mut checked, dir, &days);
    numbers(&mut checked, &conn, &days).map_err(sql)?;
    rows(&mut checked, &conn).map_err(sql)?;
    seals(&mut checked, dir, &conn, keys, &days).map_err(sql)?;
    references(&mut checked, &conn).map_err(sql)?;
    chain(&mut checked, &conn, kept);
    Ok(checked)
}

/// Whether decisions are as they were written.
fn chain(checked: &mut Checked, conn: &Connection, kept: Option<&Link>) {
    let found = match audit::check(conn, kept) {
        Ok(found) => found,
        Err(error) => return checked.say(Found::Wrong, "audit", format!("the chain cannot be read: {error}")),
    };
    for wrong in &found.wrong {
        checked.say(Found::Wrong, "audit", wrong.as_str());
    }
    let Some(rows) = found.rows.filter(|_| found.wrong.is_empty()) else {
        if found.wrong.is_empty() {
            checked.say(Found::Noted, "audit", "there is no chain yet: the next start begins it");
        }
        return;
    };
    let audit::Found { same, rewritten, gone, newest, .. } = found;
    let since = kept.map_or(String::new(), |kept| format!("; nothing up to row {} was written anew", kept.no));
    let said = format!(
        "{rows} rows follow from each other; {same} records are as they were written, {rewritten} of them anew when a member was erased; \
         {gone} are deleted{since}"
    );
    checked.say(Found::Sound, "audit", said);
    checked.newest = newest;
}

/// Files of the history: those that are named, and those that are not.
fn files(checked: &mut Checked, dir: &Path, days: &[Day]) {
    for day in days {
        let what = format!("{}/{}", history::FOLDER, day.file);
        let path = history::path(dir, &day.file);
        if !path.is_file() {
            let said = format!("named, but not there: inputs {} to {} are missing", day.first, day.last);
            checked.say(Found::Wrong, &what, said);
            continue;
        }
        match file(&path, day) {
            Ok(None) => checked.say(Found::Sound, &what, format!("sound, inputs {} to {}", day.first, day.last)),
            Ok(Some(why)) => checked.say(Found::Wrong, &what, why),
            Err(error) => checked.say(Found::Wrong, &what, format!("cannot be read: {error}")),
        }
    }
    let known: HashSet<&str> = days.iter().map(|day| day.file.as_str()).collect();
    let entries = fs::read_dir(dir.join(history::FOLDER)).into_iter().flatten().flatten();
    let mut strays: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    strays.retain(|name| !known.contains(name.as_str()));
    strays.sort();
    if !strays.is_empty() {
        let said = format!("named by nothing, deleted when old enough: {}", strays.join(", "));
        checked.say(Found::Noted, history::FOLDER, said);
    }
}

fn file(path: &Path, day: &Day) -> Result<Option<String>, StoreError> {
    let conn = history::open(path)?;
    if let Some(why) = faults(&conn, "integrity_check")? {
        return Ok(Some(format!("damaged: {why}")));
    }
    let (first, last, count) = run(&conn, "")?;
    let expected = (day.first, day.last, day.rows);
    Ok(((first, last, count) != expected).then(|| {
        format!(
            "has {count} inputs from {first} to {last}; it should have {} from {} to {}",
            day.rows, day.first, day.last
        )
    }))
}

/// The first and the last number and how many there are.
fn run(conn: &Connection, which: &str) -> rusqlite::Result<(u64, u64, u64)> {
    let sql = format!("SELECT coalesce(min(seq), 0), coalesce(max(seq), 0), count(*) FROM journal {which}");
    conn.query_row(&sql, [], |row| Ok((unsigned(row.get(0)?), unsigned(row.get(1)?), unsigned(row.get(2)?))))
}

/// The numbers of the inputs, over files and database.
fn numbers(checked: &mut Checked, conn: &Connection, days: &[Day]) -> rusqlite::Result<()> {
    let mut gaps = Vec::new();
    let mut last: Option<u64> = None;
    for day in days {
        if let Some(last) = last.filter(|last| last + 1 != day.first) {
            gaps.push(format!("{} follows {last}", day.first));
        }
        if day.last + 1 - day.first != day.rows {
            gaps.push(format!("{} to {} are {} inputs", day.first, day.last, day.rows));
        }
        last = Some(day.last);
    }
    let moved = last.unwrap_or(0);
    let (first_here, last_here, count) = run(conn, &format!("WHERE seq > {moved}"))?;
    if count > 0 {
        if last.is_some() && first_here != moved + 1 {
            gaps.push(format!("{first_here} follows {moved}"));
        }
        if last_here + 1 - first_here != count {
            gaps.push(format!("{first_here} to {last_here} are {count} inputs"));
        }
    }
    let included: i64 = conn.query_row("SELECT coalesce(max(seq), 0) FROM windows", [], |row| row.get(0))?;
    let end = last_here.max(moved);
    if count + moved > 0 && unsigned(included) > end {
        gaps.push(format!("the windows include {included}, and the last input is {end}"));
    }
    let begin = days.first().map_or(first_here, |day| day.first);
    let first = if end == 0 { unsigned(included) + 1 } else { begin };
    if let Some((found, said)) = unlike(first, audit::inputs_deleted(conn)?) {
        checked.say(found, "journal", said);
    }
    checked.whole = (begin == 1 && gaps.is_empty()).then_some(end);
    if !gaps.is_empty() {
        checked.say(Found::Wrong, "journal", format!("its numbers have gaps: {}", gaps.join("; ")));
    } else if end == 0 {
        checked.say(Found::Sound, "journal", "no input is stored");
    } else {
        checked.say(Found::Sound, "journal", format!("inputs {begin} to {end}, without a gap"));
    }
    Ok(())
}

/// What is to be said of a journal that begins so, where by the audit chain the inputs up to `upto` were deleted by age, or none were.
fn unlike(begin: u64, upto: Option<u64>) -> Option<(Found, String)> {
    let Some(upto) = upto else {
        let said = "the audit chain does not say what became of the inputs before: they were deleted before there was a chain, or removed";
        return (begin > 1).then(|| (Found::Noted, said.to_owned()));
    };
    let what = match begin.cmp(&(upto + 1)) {
        Ordering::Equal => return None,
        Ordering::Greater => "those between were removed",
        Ordering::Less => "they were put back",
    };
    let said = format!(
        "it begins with input {begin}, and the audit chain says that those up to {upto} were deleted by age: {what}"
    );
    Some((Found::Wrong, said))
}

type Read = fn(&str) -> Result<(), StoreError>;

/// Columns with a value of the core, and how it is read.
const VALUES: &[(&str, &str, Read)] = &[
    ("cases", "body", |json| decode::<Case>("a case", json).map(drop)),
    ("evidence", "body", |json| decode::<Evidence>("evidence", json).map(drop)),
    ("standings", "standing", |json| decode::<Standing>("the standing of a member", json).map(drop)),
    ("ledgers", "ledger", |json| decode::<Ledger>("the ledger of a group", json).map(drop)),
    ("outbox", "action", |json| decode::<Action>("an action", json).map(drop)),
    ("timers", "what", |json| decode::<TimerKind>("a timer", json).map(drop)),
    ("tasks", "body", |json| decode::<OpenTask>("a task", json).map(drop)),
];

/// Whether what is stored can be read.
fn rows(checked: &mut Checked, conn: &Connection) -> rusqlite::Result<()> {
    let (mut count, mut wrong) = (0_u64, Vec::new());
    for (table, column, decode) in VALUES {
        if !conn.table_exists(None, *table)? {
            continue; // of an older store
        }
        let mut read = conn.prepare(&format!("SELECT {} FROM {table}", seal::unsealed_or_null(table, column)))?;
        let mut found = read.query([])?;
        let mut bad = 0;
        while let Some(row) = found.next()? {
            bad += u64::from(text(row, 0).and_then(decode).is_err());
            count += 1;
        }
        if bad > 0 {
            wrong.push(format!("{bad} of {table}"));
        }
    }
    if wrong.is_empty() {
        checked.say(Found::Sound, "rows", format!("{count} cases, actions, standings and other values can be read"));
    } else {
        checked.say(Found::Wrong, "rows", format!("cannot be read: {}", wrong.join(", ")));
    }
    Ok(())
}

/// How much is sealed with which key, and whether it opens.
fn seals(checked: &mut Checked, dir: &Path, conn: &Connection, keys: &Keyring, days: &[Day]) -> rusqlite::Result<()> {
    if seal::used(conn)?.is_empty() {
        return Ok(());
    }
    let (mut by_key, mut wrong) = (BTreeMap::<Option<String>, u64>::new(), Vec::new());
    let mut count = |conn: &Connection, column: &seal::Column, of: &str| -> rusqlite::Result<()> {
        for (key, values, bad) in seal::counted(conn, column)? {
            *by_key.entry(key).or_default() += values;
            if bad > 0 {
                wrong.push(format!("{bad} of {}.{}{of}", column.table, column.name));
            }
        }
        Ok(())
    };
    for column in seal::SEALED {
        // A store of an older version may not have it yet.
        if conn.column_exists(None, column.table, column.name)? {
            count(conn, column, "")?;
        }
    }
    for day in days {
        let path = history::path(dir, &day.file);
        if path.is_file() {
            let Ok(file) = history::open(&path) else { continue }; // that was said where files are looked at
            keys.install(&file)?;
            for column in seal::SEALED.iter().filter(|column| column.table == "journal") {
                count(&file, column, &format!(" in {}", day.file))?;
            }
        }
    }
    let plain = by_key.remove(&None).unwrap_or(0);
    let mut said: Vec<String> =
        by_key.iter().filter_map(|(key, values)| Some(format!("{values} values with {}", key.as_ref()?))).collect();
    if plain > 0 {
        said.push(format!("{plain} not sealed: `qunwei seal`"));
    }
    if wrong.is_empty() {
        let found = if plain > 0 { Found::Noted } else { Found::Sound };
        checked.say(found, "seals", said.join(", "));
    } else {
        checked.say(Found::Wrong, "seals", format!("do not open: {}", wrong.join(", ")));
    }
    Ok(())
}

/// What must be there because something names it.
fn references(checked: &mut Checked, conn: &Connection) -> rusqlite::Result<()> {
    let mut tables = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut wrong = Vec::new();
    let mut count = |what: String, sql: String| -> rusqlite::Result<()> {
        let rows: i64 = conn.query_row(&sql, [], |row| row.get(0))?;
        if rows > 0 {
            wrong.push(format!("{rows} {what}"));
        }
        Ok(())
    };
    for table in tables.iter().filter(|table| *table != "groups") {
        if conn.column_exists(None, table.as_str(), "group_id")? {
            let sql = format!("SELECT count(*) FROM {table} WHERE group_id NOT IN (SELECT id FROM groups)");
            count(format!("of {table} are of groups that there are not"), sql)?;
        }
    }
    for table in ["evidence", "case_messages"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE case_no NOT IN (SELECT no FROM cases)");
        count(format!("of {table} are of cases that there are not"), sql)?;
    }
    if wrong.is_empty() {
        checked.say(Found::Sound, "references", "every group and case that is named is there");
    } else {
        checked.say(Found::Wrong, "references", wrong.join("; "));
    }
    Ok(())
}
