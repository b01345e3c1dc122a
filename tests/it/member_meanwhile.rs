//! Messages that come while a member is erased: none waits for it, none is lost, none is stored twice.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::backup::verify;
use crate::member::{NAME, SAID, USER, two_days};
use crate::support::{World, raw, signed};

/// Bodies of so many messages each are posted before.
const BODIES: u64 = 30;
const IN_A_BODY: u64 = 200;

/// What is said before: every third message is the member's, and another third answers them.
fn before(world: &World, body: u64) -> String {
    let events: Vec<Value> = (0..IN_A_BODY)
        .map(|n| {
            let no = body * IN_A_BODY + n;
            let (id, other) = (format!("b-{no}"), format!("u{}", no % 97));
            let mut event = match no % 3 {
                0 => world.message(&id, USER, &format!("{} 第 {no} 次", SAID[0])),
                1 => world.message(&id, &other, &format!("路过小区门口，第 {no} 次")),
                _ => world.message(&id, &other, ""),
            };
            event["group"] = json!(format!("g{}", no % 7));
            match no % 3 {
                0 => event["sender"]["name"] = json!(NAME),
                1 => {}
                _ => {
                    event.as_object_mut().unwrap().remove("text");
                    event["quote"] = json!({"message": format!("b-{}", no - 2), "sender": USER, "text": SAID[0]});
                    event["content"] = json!([{"type": "mention", "user": USER, "name": NAME},
                                              {"type": "text", "text": format!("@{NAME} 同意，第 {no} 次")}]);
                }
            }
            event
        })
        .collect();
    json!(events).to_string()
}

/// Whether the erasure is done, and whether it has come further than the tables.
fn stage(conn: &Connection) -> (bool, bool) {
    conn.query_row("SELECT done IS NOT NULL, after >= 0 FROM erasures", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
}

/// What came of speaking while the erasure was under way.
#[derive(Default)]
struct Spoken {
    answered: u64,
    /// Of these, while rows of tables were being erased.
    early: u64,
    longest: Duration,
}

/// How often each event's id is stored, in the database and in days of the history.
fn stored(data: &Path) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    let days = std::fs::read_dir(data.join("history")).into_iter().flatten().map(|day| day.unwrap().path());
    for file in days.chain([data.join("qunwei.db")]) {
        let conn = Connection::open(file).unwrap();
        let mut read = conn.prepare("SELECT json_extract(body, '$.id') FROM journal WHERE kind = 0").unwrap();
        for id in read.query_map([], |row| row.get::<_, String>(0)).unwrap() {
            *counts.entry(id.unwrap()).or_default() += 1;
        }
    }
    counts
}

/// Turns the clock until nothing is left to be sent.
async fn rest(world: &World) {
    let began = Instant::now();
    while !world.running().is_idle(world.clock_now()) {
        assert!(began.elapsed() < Duration::from_secs(60), "something is never sent");
        world.turn(Duration::from_secs(30));
        world.quiet().await;
    }
}

/// Posts one message; how long its answer took.
async fn post(world: &World, id: &str, text: &str) -> Duration {
    let body = world.message(id, &format!("u{}", id.len() % 5), text).to_string();
    let began = Instant::now();
    let (status, answer) = world.post_with(&signed(id, world.clock_now(), body.as_bytes()), body.into_bytes()).await;
    assert_eq!((status, &answer["accepted"], &answer["duplicates"]), (200, &json!(1), &json!(0)), "{id}: {answer}");
    began.elapsed()
}

/// Posts messages one after the other until the erasure is done.
async fn speaker(world: &World, who: &str, conn: &Connection) -> Spoken {
    let (began, mut spoken) = (Instant::now(), Spoken::default());
    loop {
        let n = spoken.answered;
        let took = post(world, &format!("{who}-{n}"), &format!("今天第 {n} 次路过小区门口")).await;
        let (done, late) = stage(conn);
        if done {
            return spoken;
        }
        spoken.answered += 1;
        spoken.early += u64::from(!late);
        spoken.longest = spoken.longest.max(took);
        assert!(began.elapsed() < Duration::from_secs(90), "it does not come to its end: {n} were answered");
        world.turn(Duration::from_millis(500));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_come_while_a_member_is_erased_are_answered_and_stored_once() {
    let mut world = World::with("").await;
    two_days(&mut world).await;
    for body in 0..BODIES {
        let body = before(&world, body);
        let (status, answer) = world.post(body).await;
        assert_eq!((status, &answer["accepted"]), (200, &json!(IN_A_BODY)), "{answer}");
        world.turn(Duration::from_secs(60));
    }
    rest(&world).await;
    let data = world.data.path().to_owned();
    assert!(!raw::holding(&data, USER).is_empty() && !raw::holding(&data, SAID[0]).is_empty());
    let held = stored(&data);

    let url = format!("http://{}/erase", world.running().admin);
    let body = json!({"platform": "example", "user": USER}).to_string();
    let asked = reqwest::Client::new().post(&url).header("x-qunwei-operator", "lili").body(body).send().await.unwrap();
    assert_eq!(asked.status().as_u16(), 200);
    let conns = [(); 3].map(|()| Connection::open(data.join("qunwei.db")).unwrap());
    let (a, b, c) = tokio::join!(
        speaker(&world, "a", &conns[0]),
        speaker(&world, "bb", &conns[1]),
        speaker(&world, "ccc", &conns[2])
    );
    drop(conns);
    let all = [&a, &b, &c];
    let (answered, early) = all.iter().fold((0, 0), |sum, one| (sum.0 + one.answered, sum.1 + one.early));
    let longest = all.iter().map(|one| one.longest).max().unwrap();
    println!(
        "{answered} messages were answered meanwhile, {early} of them between rows; the longest after {longest:?}"
    );
    assert!(answered >= 30 && early >= 3, "messages waited for the erasure: {answered}, {early}");
    assert!(longest < Duration::from_secs(3), "one waited for it: {longest:?}");
    // One that is sent again is known.
    for who in ["a", "bb", "ccc"] {
        let body = world.message(&format!("{who}-0"), "u1", "今天第 0 次路过小区门口").to_string();
        let again = world
            .post_with(&signed(&format!("again-{who}"), world.clock_now(), body.as_bytes()), body.into_bytes())
            .await;
        assert_eq!((again.0, &again.1["duplicates"]), (200, &json!(1)), "{}", again.1);
    }
    rest(&world).await;

    let kept = stored(&data);
    for (id, count) in &held {
        assert_eq!(kept.get(id), Some(count), "{id} was there before");
    }
    for (who, count) in [("a", &a), ("bb", &b), ("ccc", &c)] {
        for n in 0..=count.answered {
            assert_eq!(kept.get(&format!("{who}-{n}")), Some(&1), "{who}-{n} of {}", count.answered);
        }
    }
    for text in SAID.into_iter().chain([NAME, USER]) {
        assert_eq!(raw::holding(&data, text), Vec::<String>::new(), "`{text}`");
    }
    assert!(!raw::holding(&data, "路过小区门口").is_empty());
    world.down().await;
    for text in SAID.into_iter().chain([NAME, USER]) {
        assert_eq!(raw::holding(&data, text), Vec::<String>::new(), "`{text}`, stopped");
    }
    let (sound, said) = verify(&data);
    assert!(sound, "{said}");
}
