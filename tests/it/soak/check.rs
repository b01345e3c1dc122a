//! What must be true of a data directory, whatever happened to the daemon on it.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::Connection;
use serde_json::Value;

use super::bot::Log;
use super::load::Told;
use crate::journal::run_again;
use crate::support::daemon::Home;
use crate::support::{SECRET, dump};

/// A fresh run of the journal knows nothing of any kill and gives the same state.
pub fn check_journal(home: &Home) {
    let env = |name: &str| match name {
        "QUNWEI_EXAMPLE_SECRET" => Some(SECRET.to_owned()),
        "QUNWEI_EXAMPLE_ACTIONS_URL" => Some(home.actions_url.clone()),
        _ => None,
    };
    let settings = qunwei::config::load(&home.config(), &env).unwrap().settings;
    let again = tempfile::tempdir().unwrap();
    run_again(&settings, &home.data(), again.path());
    dump::assert_same(&dump::state(&home.data()), &dump::state(again.path()));
    assert_eq!(dump::journal(&home.data()), dump::journal(again.path()));
}

/// The actions that have come to one of these ends.
pub fn ended(database: &Connection, ends: &[&str]) -> HashSet<String> {
    let mut read = database.prepare("SELECT id, state FROM outbox").unwrap();
    let rows = read.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
    rows.map(Result::unwrap).filter(|(_, state)| ends.contains(&&**state)).map(|(id, _)| id).collect()
}

pub fn pending(database: &Connection) -> i64 {
    database.query_row("SELECT count(*) FROM outbox WHERE state = 'pending'", [], |row| row.get(0)).unwrap()
}

/// The time of the database, in milliseconds.
pub fn now(database: &Connection) -> i64 {
    database.query_row("SELECT unixepoch() * 1000", [], |row| row.get(0)).unwrap()
}

/// Timers that are due before that: the windows of newcomers, merged notices and alerts, and with `mutes` the ends of
/// mutes.
pub fn open_timers(database: &Connection, before: i64, mutes: bool) -> usize {
    let soon = format!("SELECT what FROM timers WHERE due < {before}");
    let waited_for = |what: &Value| mutes || what.get("Unmute").is_none();
    texts(database, &soon).iter().filter(|what| waited_for(what)).count()
}

fn texts(database: &Connection, sql: &str) -> Vec<Value> {
    let mut read = database.prepare(sql).unwrap();
    let rows = read.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(|text| serde_json::from_str(&text.unwrap()).unwrap()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Compares what the senders were told, what the store has and what the bot saw.
pub fn check(database: &Connection, told: &Told, sink: &Log, mutes: bool) {
    let mut journal: HashMap<String, usize> = HashMap::new();
    for event in texts(database, "SELECT body FROM journal WHERE kind = 0") {
        *journal.entry(text(&event["id"])).or_default() += 1;
    }
    let twice: Vec<_> = journal.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "events twice in the journal: {twice:?}");
    let lost: Vec<_> = told.answered.iter().filter(|id| !journal.contains_key(*id)).collect();
    assert!(lost.is_empty(), "answered and lost: {lost:?}");

    let cases = texts(database, "SELECT body FROM cases ORDER BY no");
    let evidence = texts(database, "SELECT body FROM evidence");
    let mut homes: HashMap<String, usize> = HashMap::new();
    for one in cases.iter().chain(&evidence) {
        *homes.entry(text(&one["message"])).or_default() += 1;
    }
    let numbers: Vec<u64> = cases.iter().map(|case| case["no"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=cases.len() as u64).collect::<Vec<_>>(), "case numbers have no gaps");
    let bad: Vec<_> = told.violating.iter().filter(|id| journal.contains_key(*id)).collect();
    let wrong: Vec<_> = bad.iter().filter(|id| homes.get(**id) != Some(&1)).collect();
    assert!(wrong.is_empty(), "violations not in exactly one case: {wrong:?}");

    check_welcomes(database);
    let reminded = check_reminders(database);
    let unmuted = check_mutes(database, mutes);

    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    let mut read = database.prepare("SELECT id, state, coalesce(error, '') FROM outbox").unwrap();
    let columns = |row: &rusqlite::Row<'_>| Ok([row.get::<_, String>(0)?, row.get(1)?, row.get(2)?]);
    for [id, state, error] in read.query_map([], columns).unwrap().map(Result::unwrap) {
        let reached = sink.tried.contains_key(&id);
        match state.as_str() {
            "done" => assert!(reached, "{id} is done and never came"),
            "uncertain" => assert!(sink.once, "{id} is uncertain"),
            // It tells of what is uncertain.
            "failed" => assert!(sink.once && !reached && error.starts_with("not sent"), "{id} has failed: {error}"),
            _ => panic!("{id} is {state}"),
        }
        *states.entry(state).or_default() += 1;
    }
    let known = states.values().sum::<usize>();
    let unsure: usize = ["uncertain", "failed"].iter().filter_map(|state| states.get(*state)).sum();
    assert!((known - unsure..=known).contains(&sink.tried.len()), "the bot saw what the store does not know");
    for (cause, ids) in &sink.causes {
        assert_eq!(ids.len(), 1, "{cause} came under several ids: {ids:?}");
    }
    assert_eq!(sink.faults, Vec::<String>::new());
    println!(
        "{} events answered, {} in the journal ({} not answered), {} cases, {} evidence; actions {states:?} in {} attempts; \
         {reminded} reminders, {unmuted} mutes ended",
        told.answered.len(),
        journal.len(),
        journal.len() - told.answered.len(),
        cases.len(),
        evidence.len(),
        sink.attempts,
    );
    assert!(told.answered.len() > 500 && cases.len() > 20, "the load was too small to mean anything");
}

/// Who came was welcomed, once.
fn check_welcomes(database: &Connection) {
    let mut welcomed: HashMap<String, usize> = HashMap::new();
    for action in texts(database, "SELECT action FROM outbox").iter().filter(|one| one["cause"]["step"] == "welcome") {
        for user in action["what"]["Send"]["mentions"].as_array().unwrap() {
            *welcomed.entry(text(user)).or_default() += 1;
        }
    }
    let joins = texts(database, "SELECT body FROM journal WHERE kind = 0 AND body LIKE '%\"member_joined\"%'");
    let came: Vec<String> = joins.iter().map(|event| text(&event["members"][0]["id"])).collect();
    let wrong: Vec<_> = came.iter().filter(|user| welcomed.get(*user) != Some(&1)).collect();
    assert!(wrong.is_empty(), "newcomers not welcomed exactly once: {wrong:?}");
    assert!(came.len() > 3, "too few came: {}", came.len());
}

/// Each group was reminded once at each time, and what is remembered of that is what was sent.
fn check_reminders(database: &Connection) -> usize {
    let mut sent: HashMap<(String, String), usize> = HashMap::new();
    let actions = texts(database, "SELECT action FROM outbox");
    let mut count = 0;
    for action in actions.iter().filter(|action| action["cause"]["step"] == "reminder") {
        count += 1;
        *sent.entry((text(&action["group"]), action["deadline"].to_string())).or_default() += 1;
    }
    let twice: Vec<_> = sent.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "reminded twice: {twice:?}");
    assert!(count > 0, "nobody was reminded");
    count
}

/// A mute that is over was ended once, unless a longer one or a removal came meanwhile. Gives how many were.
fn check_mutes(database: &Connection, waited: bool) -> usize {
    let (mut muted, mut worse) = (HashSet::new(), HashSet::new());
    let mut unmuted = HashMap::<[String; 3], usize>::new();
    for action in texts(database, "SELECT action FROM outbox WHERE state IN ('done', 'uncertain')") {
        let (group, case) = (text(&action["group"]), text(&action["cause"]["case"]));
        if let Some(mute) = action["what"].get("Mute") {
            let kind = if mute["seconds"] == 60 { &mut muted } else { &mut worse };
            kind.insert((group.clone(), text(&mute["user"])));
        }
        if let Some(remove) = action["what"].get("Remove") {
            worse.insert((group.clone(), text(&remove["user"])));
        }
        if let Some(unmute) = action["what"].get("Unmute") {
            *unmuted.entry([group, text(&unmute["user"]), case]).or_default() += 1;
        }
    }
    let twice: Vec<_> = unmuted.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "ended twice: {twice:?}");
    let freed: HashSet<_> = unmuted.keys().map(|[group, user, _]| (group.clone(), user.clone())).collect();
    let never: Vec<_> = muted.difference(&freed).filter(|member| !worse.contains(member)).collect();
    assert!(!waited || never.is_empty(), "muted for ever: {never:?}");
    unmuted.len()
}
