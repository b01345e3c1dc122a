//! Days that are over move into files, what is old is deleted, and nobody who reads the journal notices the first.

use std::path::Path;
use std::time::Duration;

use qunwei::domain::time::Timestamp;
use qunwei::ports::{Clock, Row, RowKind, Store, Unit};
use qunwei::serve::{SystemClock, open_store};
use qunwei::store::Keyring;
use serde_json::json;

use crate::journal::run_again;
use crate::support::daemon::{Home, client, send};
use crate::support::dice::Dice;
use crate::support::faulty::Fault;
use crate::support::{World, dump, until};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);
const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

/// The whole files of the history.
pub fn files(data: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(data.join("history")).into_iter().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with(".part"));
    names.sort();
    names
}

/// How many inputs are in the database itself.
pub fn hot(data: &Path) -> i64 {
    let conn = rusqlite::Connection::open(data.join("qunwei.db")).unwrap();
    conn.query_row("SELECT count(*) FROM journal", [], |row| row.get(0)).unwrap()
}

/// What a metric says; 0 while it was never counted.
async fn metric(world: &World, name: &str) -> f64 {
    let (_, text) = world.admin("/metrics").await;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().unwrap())
}

/// Turns to the next day, in which somebody says something: now it is known to be one.
async fn next_day(world: &mut World) {
    world.quiet().await;
    world.turn(DAY);
    world.quiet().await;
    world.say("7", "早上好").await;
    world.quiet().await;
}

/// Waits until so many files have taken over what they hold, and it is deleted where it had been.
async fn moved(world: &World, count: i64) {
    let conn = rusqlite::Connection::open(world.data.path().join("qunwei.db")).unwrap();
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let done = || {
        number("SELECT count(*) FROM history") == count
            && number("SELECT count(*) FROM journal WHERE seq <= (SELECT max(last) FROM history)") == 0
    };
    until("the days that are over are in files", || done().then_some(())).await;
}

#[tokio::test]
async fn a_fresh_run_reads_days_that_were_moved_as_if_they_were_not() {
    let mut world = World::with("").await;
    let joined = json!({"id": "e-1", "type": "member_joined", "group": "g1",
                        "members": [{"id": "5", "name": "李姐", "role": "admin"}]});
    assert_eq!(world.post(joined.to_string()).await.0, 200);
    for day in 1..=3 {
        for user in 20..24 {
            world.say(&user.to_string(), SPAM).await;
            world.quiet().await;
            world.turn(2 * MINUTE);
        }
        for n in 0..30 {
            world.say("8", &format!("今天说的第 {n} 句，是第 {day} 天")).await;
            world.turn(MINUTE);
        }
        next_day(&mut world).await;
        moved(&world, day).await;
        if day == 2 {
            world.restart().await;
        }
    }
    assert_eq!(files(world.data.path()), ["2026-11-23.db", "2026-11-24.db", "2026-11-25.db"]);
    // A command looks at the messages before it, whichever file they are in.
    while world.bot.read().is_some() {}
    world.say("5", "/加词 今天说的").await;
    let answer = world.next().await["text"].as_str().unwrap().to_owned();
    assert!(answer.contains("90"), "ninety of the messages of three days have it: {answer}");
    assert_eq!(metric(&world, "qunwei_history_files").await, 3.0);
    world.quiet().await;
    world.down().await;

    let again = tempfile::tempdir().unwrap();
    run_again(&world.config().settings, world.data.path(), again.path());
    dump::assert_same(&dump::state(world.data.path()), &dump::state(again.path()));
    let journal = |data: &Path| open_store(data, &Keyring::none()).unwrap().journal(0, 100_000).unwrap();
    assert_eq!(journal(world.data.path()), journal(again.path()));
    assert!(hot(again.path()) > hot(world.data.path()) + 90);
}

#[tokio::test]
async fn old_messages_and_evidence_are_deleted_and_the_case_says_so() {
    let mut world = World::with("").await;
    let mut toml = std::fs::read_to_string(world.file("config/qunwei.toml")).unwrap();
    for (key, shipped, days) in [("messages", 30, 2), ("evidence", 180, 4), ("cases", 730, 40)] {
        let line = format!("{key}_days = {shipped}\n");
        assert!(toml.contains(&line), "{line}");
        toml = toml.replace(&line, &format!("{key}_days = {days}\n"));
    }
    world.write("config/qunwei.toml", &toml);
    assert!(world.running().reloader.reload().await.unwrap().changed, "it holds at once");
    let joined = json!({"id": "e-1", "type": "member_joined", "group": "g1",
                        "members": [{"id": "5", "name": "李姐", "role": "admin"}]});
    assert_eq!(world.post(joined.to_string()).await.0, 200);
    world.say("9", SPAM).await;
    world.quiet().await;
    for _ in 0..3 {
        next_day(&mut world).await;
    }
    let data = world.data.path().to_owned();
    until("the first day is deleted, the others are there", || {
        (files(&data) == ["2026-11-24.db", "2026-11-25.db"]).then_some(())
    })
    .await;
    while world.bot.read().is_some() {}
    world.say("5", "/案件 1").await;
    let answer = world.next().await["text"].as_str().unwrap().to_owned();
    assert!(answer.contains("命中") && !answer.contains("保存期"), "the evidence is there for longer: {answer}");
    for _ in 0..2 {
        next_day(&mut world).await;
    }
    let database = rusqlite::Connection::open(data.join("qunwei.db")).unwrap();
    let said = || database.query_row("SELECT body FROM cases WHERE no = 1", [], |row| row.get::<_, String>(0)).unwrap();
    until("what was said is deleted", || (!said().contains("abc12345")).then_some(())).await;
    while world.bot.read().is_some() {}
    world.say("5", "/案件 1").await;
    let answer = world.next().await["text"].as_str().unwrap().to_owned();
    assert!(answer.contains("原话和通知已过保存期") && !answer.contains("命中"), "{answer}");
    world.say("5", "/撤销 1").await;
    let answer = world.next().await["text"].as_str().unwrap().to_owned();
    assert!(answer.contains("已撤销案件 1"), "it can still be undone: {answer}");
    assert!(metric(&world, "qunwei_forgotten_rows_total{what=\"journal\"}").await > 1.0);
    world.quiet().await;
    world.down().await;
}

#[tokio::test]
async fn a_clock_that_leaps_by_years_deletes_nothing_until_a_platform_bears_it_out() {
    let mut world = World::with("").await;
    world.say("8", "大家好").await;
    next_day(&mut world).await;
    moved(&world, 1).await;
    world.turn(400 * DAY);
    let doubted = || async { metric(&world, "qunwei_clock_doubted").await };
    let mut waited = 0;
    while doubted().await != 1.0 {
        tokio::task::yield_now().await;
        waited += 1;
        assert!(waited < 10_000, "the clock was not doubted");
    }
    // However often it is looked again.
    for _ in 0..5 {
        world.turn(2 * MINUTE);
        world.quiet().await;
    }
    assert_eq!(files(world.data.path()), ["2026-11-23.db"]);
    // Not by an event of the time before, nor by one that says no time.
    let mut old = world.message("old", "8", "昨天的话");
    old["time"] = json!("2026-11-24T12:00:00+08:00");
    let mut timeless = world.message("timeless", "8", "什么时候");
    timeless.as_object_mut().unwrap().remove("time");
    for event in [old, timeless] {
        assert_eq!(world.post(event.to_string()).await.0, 200);
        world.turn(2 * MINUTE);
        world.quiet().await;
    }
    assert_eq!(metric(&world, "qunwei_clock_doubted").await, 1.0);
    assert_eq!(files(world.data.path()), ["2026-11-23.db"]);
    // A restart believes it no more.
    world.restart().await;
    world.turn(2 * MINUTE);
    world.quiet().await;
    assert_eq!(files(world.data.path()), ["2026-11-23.db"]);
    world.say("8", "今天的话").await;
    world.turn(2 * MINUTE);
    let data = world.data.path().to_owned();
    until("it is a year later", || files(&data).iter().all(|name| *name != "2026-11-23.db").then_some(())).await;
    world.down().await;
}

#[tokio::test]
async fn a_store_that_fails_meanwhile_is_told_and_tried_again() {
    let mut world = World::with("").await;
    std::fs::write(world.data.path().join("history"), "in the way").unwrap();
    world.say("8", "大家好").await;
    next_day(&mut world).await;
    let mut waited = 0;
    while metric(&world, "qunwei_jobs_failed_total{name=\"history\"}").await == 0.0 {
        tokio::task::yield_now().await;
        waited += 1;
        assert!(waited < 10_000, "it did not fail");
    }
    world.say("8", "还能说话").await;
    assert_eq!(world.admin("/readyz").await.0, 200, "messages go on");
    world.faults.set([Fault::Full]);
    world.turn(2 * MINUTE);
    world.quiet().await;
    world.faults.set([]);
    std::fs::remove_file(world.data.path().join("history")).unwrap();
    world.turn(2 * MINUTE);
    moved(&world, 1).await;
    world.down().await;
}

/// The daemon itself, killed at any moment while it moves days, as often as it takes.
#[tokio::test]
async fn a_kill_while_days_are_moved_loses_no_message_and_doubles_none() {
    let seed = std::env::var("QUNWEI_SOAK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_122);
    println!("QUNWEI_SOAK_SEED={seed}");
    let mut dice = Dice::new(seed);
    let home = Home::new();
    let rows = past_days(&home.data(), 4, 3000);
    let http = client();
    for kill in 0..12 {
        let daemon = home.start().await;
        let now = SystemClock.now();
        let event = json!({"id": format!("k-{kill}"), "type": "message", "group": "g1", "time": now.to_string(),
                           "sender": {"id": "8"}, "text": "现在"});
        assert_eq!(send(&http, daemon.listen, &format!("msg_{kill}"), &event.to_string()).await.unwrap().0, 200);
        tokio::time::sleep(Duration::from_millis(dice.below(60) * (1 + kill))).await; // the moment is the test
        daemon.kill();
        let mut store = until("the store opens", || open_store(&home.data(), &Keyring::none()).ok()).await;
        let journal = store.journal(0, 100_000).unwrap();
        assert_eq!(journal.len(), journal.last().unwrap().seq as usize, "a row is missing or there twice");
        assert!(journal.iter().zip(&rows).all(|(is, was)| is == was), "a row is not as it was");
        drop(store);
        if files(&home.data()).len() == 4 && hot(&home.data()) < 200 {
            println!("all was moved after {} kills", kill + 1);
            return;
        }
    }
    let daemon = home.start().await;
    let data = home.data();
    until("all is moved", || (files(&data).len() == 4 && hot(&data) < 300).then_some(())).await;
    daemon.kill();
    let journal =
        until("the store opens", || open_store(&data, &Keyring::none()).ok()).await.journal(0, 100_000).unwrap();
    assert!(journal.iter().zip(&rows).all(|(is, was)| is == was) && journal.len() > rows.len());
}

/// A store with so many messages on each of the days before today.
pub fn past_days(data: &Path, days: u64, messages: u64) -> Vec<Row> {
    let mut store = open_store(data, &Keyring::none()).unwrap();
    let today = SystemClock.now().0;
    let mut rows = Vec::new();
    for seq in 1..=days * messages {
        let back = days - (seq - 1) / messages;
        let at = Timestamp(today - (back * 24 * 3600 * 1000) as i64 + (seq % messages) as i64);
        let body = json!({"id": format!("m-{seq}"), "type": "message", "group": "g1", "time": at.to_string(),
                          "sender": {"id": format!("u{}", seq % 50)}, "text": format!("第 {seq} 句")});
        let (platform, body) = ("example".into(), body.to_string().into());
        rows.push(Row { seq, at, kind: RowKind::Event, platform, time: None, body });
    }
    store.commit(&[Unit { rows: rows.clone(), ..Unit::default() }]).unwrap();
    rows
}
