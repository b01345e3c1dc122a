//! `kill -9` at any moment: nothing answered is lost, nothing is judged or counted twice, nothing confirmed is sent again.
//!
//! `QUNWEI_SOAK_KILLS` says how often, `QUNWEI_SOAK_SEED` repeats a run's moments.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use qunwei::adapters::bridge::sign::{Headers, Secret, verify};
use qunwei::ports::Clock;
use qunwei::serve::SystemClock;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::journal::run_again;
use crate::support::daemon::{Home, client, send};
use crate::support::dice::Dice;
use crate::support::{SECRET, dump, until, until_within};

const CLIENTS: u64 = 4;
const PATIENCE: Duration = Duration::from_secs(120);

/// Half of the groups are looked after as shipped; in the others members climb the ladder, and newcomers are welcomed, within
/// seconds.
const FAST: &str = r#"
[profile.fast]
burst_seconds = 1
notices_per_minute = 500
mutes_per_hour = 500
removals_per_hour = 500
ladder = ["warn_private", "warn_public", "mute 1h", "mute 2h", "remove"]
welcome = { window_seconds = 5, raid_joins = 500 }
[group.g4]
profile = "fast"
[group.g5]
profile = "fast"
[group.g6]
profile = "fast"
[group.g7]
profile = "fast"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_is_done_twice() {
    soak(true, 20).await;
}

/// A bot that would do a repeated id again: what may have happened is never repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_repeated_where_a_repeated_id_is_not_dropped() {
    soak(false, 10).await;
}

async fn soak(idempotent: bool, kills: u64) {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let kills = number("QUNWEI_SOAK_KILLS").unwrap_or(kills);
    let seed = number("QUNWEI_SOAK_SEED").unwrap_or_else(|| SystemClock.now().0.cast_unsigned());
    println!("QUNWEI_SOAK_SEED={seed} QUNWEI_SOAK_KILLS={kills}");

    let sink = Sink::start(seed).await;
    let mut home = Home::new();
    home.actions_url = sink.url.clone();
    home.write("config/zz-fast.toml", FAST);
    home.edit("config/qunwei.toml", "actions_per_second = 20", "actions_per_second = 500");
    if !idempotent {
        home.edit("config/qunwei.toml", r#", "idempotent"]"#, "]");
        sink.log().once = true;
    }
    let load = Load::start(seed);
    let mut dice = Dice::new(seed);
    for _ in 0..kills {
        let daemon = home.start().await;
        load.aim(Some(daemon.listen));
        random_moment(&mut dice, &load, &sink).await;
        daemon.kill();
        load.aim(None);
        sink.log().confirmed = confirmed(&home.database());
    }
    // Once more for what is left, a last kill when it is all done, and a start that has nothing to do.
    let daemon = home.start().await;
    load.aim(Some(daemon.listen));
    load.finish().await;
    let database = home.database();
    until_within(PATIENCE, "every window is over", || (windows(&database) == 0).then_some(())).await;
    until_within(PATIENCE, "every action comes to its end", || (pending(&database) == 0).then_some(())).await;
    daemon.kill();
    sink.log().confirmed = confirmed(&database);
    let before = sink.log().attempts;
    last_round(&home).await;
    assert_eq!(sink.log().attempts, before, "something was tried again though all had ended");

    check(&database, &load.told(), &sink.log());
    drop(database);
    check_journal(&home);
}

/// A fresh run of the journal knows nothing of any kill and gives the same state.
fn check_journal(home: &Home) {
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

/// A moment that hits the daemon while it answers, while it sends, as soon as it is up, or just anywhere.
async fn random_moment(dice: &mut Dice, load: &Load, sink: &Sink) {
    match dice.below(4) {
        0 => {}
        1 => {
            let goal = load.told().answered.len() + dice.below(400) as usize;
            until("events are answered", || (load.told().answered.len() >= goal).then_some(())).await;
        }
        2 => {
            let goal = sink.log().attempts + dice.below(40);
            let enough = load.told().answered.len() + 5000; // when there is nothing to send
            let reached = || sink.log().attempts >= goal || load.told().answered.len() >= enough;
            until("actions are sent", || reached().then_some(())).await;
        }
        _ => tokio::time::sleep(Duration::from_millis(dice.below(700))).await, // not a wait for anything: the moment itself
    }
}

async fn last_round(home: &Home) {
    let daemon = home.start().await;
    let event =
        json!({"id": "last", "type": "message", "group": "g0", "sender": {"id": "last"}, "text": "晚安"}).to_string();
    let (status, _) = send(&client(), daemon.listen, "last", &event).await.expect("an answer");
    assert_eq!(status, 200);
    daemon.stop().await;
}

fn confirmed(database: &Connection) -> HashSet<String> {
    let mut read = database.prepare("SELECT id FROM outbox WHERE state = 'done'").unwrap();
    read.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn pending(database: &Connection) -> i64 {
    database.query_row("SELECT count(*) FROM outbox WHERE state = 'pending'", [], |row| row.get(0)).unwrap()
}

/// Windows of newcomers that are not over.
fn windows(database: &Connection) -> i64 {
    database.query_row("SELECT count(*) FROM timers WHERE id = 'welcome'", [], |row| row.get(0)).unwrap()
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
fn check(database: &Connection, told: &Told, sink: &Log) {
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
        "{} events answered, {} in the journal ({} not answered), {} cases, {} evidence; actions {states:?} in {} attempts",
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

/// A bot that only writes down what it gets.
struct Sink {
    url: String,
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
struct Log {
    attempts: u64,
    /// The body of each id's first attempt.
    tried: HashMap<String, Bytes>,
    /// Ids by what must have one id only.
    causes: HashMap<String, HashSet<String>>,
    /// What the store had recorded as done when the daemon was last down.
    confirmed: HashSet<String>,
    /// What was done, where doing it again would be seen; an unmute may be repeated.
    once: bool,
    answered: HashSet<String>,
    faults: Vec<String>,
    dice: Option<Dice>,
}

impl Sink {
    async fn start(seed: u64) -> Self {
        let log = Arc::new(Mutex::new(Log { dice: Some(Dice::new(seed ^ 1)), ..Log::default() }));
        let router = Router::new().route("/actions", post(take)).with_state(log.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/actions", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, log }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }
}

async fn take(State(log): State<Arc<Mutex<Log>>>, headers: HeaderMap, body: Bytes) -> Response {
    let (wait, status) = log.lock().unwrap().take(&headers, body);
    tokio::time::sleep(Duration::from_millis(wait)).await; // a bot needs its time, and is killed into it
    (status, r#"{"message":"m"}"#).into_response()
}

impl Log {
    fn take(&mut self, headers: &HeaderMap, body: Bytes) -> (u64, StatusCode) {
        let header = |name: &str| headers.get(name).map(|value| value.as_bytes());
        let (id, timestamp, signature) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        let secret = Secret::parse(SECRET).unwrap();
        let signed = Headers { id, timestamp, signature };
        if let Err(error) = verify(&[secret], signed, &body, SystemClock.now(), Duration::from_secs(300)) {
            self.faults.push(format!("signature: {error:?}"));
        }
        let action: Value = serde_json::from_slice(&body).unwrap();
        let id = text(&action["id"]);
        self.attempts += 1;
        if self.confirmed.contains(&id) {
            self.faults.push(format!("{id} came again after the store had recorded it as done"));
        }
        let first = self.tried.entry(id.clone()).or_insert_with(|| body.clone());
        if *first != body {
            self.faults.push(format!("the body of {id} changed"));
        }
        if action["cause"]["event"].is_string() {
            let cause = format!("{} {} {}", action["type"], action["user"], action["cause"]);
            self.causes.entry(cause).or_default().insert(id.clone());
        }
        if self.once && action["type"] != "unmute" && self.answered.contains(&id) {
            self.faults.push(format!("{id} came again after it was done"));
        }
        let dice = self.dice.as_mut().unwrap();
        let wait = if dice.percent(20) { dice.below(60) } else { 0 };
        let status = if dice.percent(5) { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        if status == StatusCode::OK {
            self.answered.insert(id);
        }
        (wait, status)
    }
}

/// Senders that go on through everything, and what they were told.
struct Load {
    shared: Arc<Shared>,
    clients: Vec<tokio::task::JoinHandle<()>>,
}

struct Shared {
    told: Mutex<Told>,
    target: Mutex<Option<SocketAddr>>,
    finish: Mutex<bool>,
}

#[derive(Default)]
struct Told {
    answered: HashSet<String>,
    /// Of all that were ever sent.
    violating: HashSet<String>,
}

/// A request and the events in it.
struct Parcel {
    body: String,
    ids: Vec<String>,
}

impl Load {
    fn start(seed: u64) -> Self {
        let shared = Arc::new(Shared { told: Mutex::default(), target: Mutex::default(), finish: Mutex::default() });
        let clients = (0..CLIENTS)
            .map(|number| tokio::spawn(run(shared.clone(), number, Dice::new(seed.wrapping_add(1000 + number)))))
            .collect();
        Self { shared, clients }
    }

    fn aim(&self, at: Option<SocketAddr>) {
        *self.shared.target.lock().unwrap() = at;
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.shared.told.lock().unwrap()
    }

    /// Lets the senders end; those that have something unanswered send it first.
    async fn finish(&self) {
        *self.shared.finish.lock().unwrap() = true;
        until("the senders end", || self.clients.iter().all(|client| client.is_finished()).then_some(())).await;
    }
}

async fn run(shared: Arc<Shared>, number: u64, mut dice: Dice) {
    let http = client();
    let (mut count, mut again, mut sent) = (0, Vec::<Parcel>::new(), Vec::<Parcel>::new());
    loop {
        let target = *shared.target.lock().unwrap();
        let finish = *shared.finish.lock().unwrap();
        let Some(target) = target else {
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        };
        let parcel = match again.pop() {
            Some(parcel) => parcel,
            None if finish => return,
            None if dice.percent(3) && !sent.is_empty() => sent.swap_remove(dice.below(sent.len() as u64) as usize),
            None => {
                count += 1;
                new_parcel(&shared, &format!("{number}-{count}"), &mut dice)
            }
        };
        match send(&http, target, &format!("msg-{number}-{count}"), &parcel.body).await {
            Some((200, answer)) => {
                let told = answer["accepted"].as_u64().unwrap() + answer["duplicates"].as_u64().unwrap();
                assert_eq!(told, parcel.ids.len() as u64, "{answer}");
                shared.told.lock().unwrap().answered.extend(parcel.ids.iter().cloned());
                sent.push(parcel);
            }
            Some((503, _)) => again.push(parcel),
            Some((status, answer)) => panic!("{status} {answer}"),
            None if dice.percent(70) => again.push(parcel), // most senders try again, some do not
            None => {}
        }
    }
}

fn new_parcel(shared: &Shared, name: &str, dice: &mut Dice) -> Parcel {
    let size = if dice.percent(20) { 2 + dice.below(6) } else { 1 };
    let (mut events, mut ids) = (Vec::new(), Vec::new());
    for part in 0..size {
        let id = format!("e-{name}-{part}");
        if dice.percent(3) {
            let (group, time) = (format!("g{}", 4 + dice.below(4)), SystemClock.now().to_string());
            let newcomer = json!({"id": format!("new-{id}"), "name": "新人"});
            events
                .push(json!({"id": id, "type": "member_joined", "group": group, "time": time, "members": [newcomer]}));
            ids.push(id);
            continue;
        }
        let violating = dice.percent(10);
        let (user, said) = if violating {
            shared.told.lock().unwrap().violating.insert(id.clone());
            (format!("bad{}", dice.below(60)), format!("兼职刷单日结，加薇信 abc{}9", dice.below(100_000)))
        } else {
            (format!("u{}", dice.below(50_000)), format!("今天第 {} 次路过小区门口", dice.below(1_000_000)))
        };
        let group = format!("g{}", dice.below(8));
        let time = SystemClock.now().to_string();
        let sender = json!({"id": user, "name": format!("小{user}")});
        events.push(json!({"id": id, "type": "message", "group": group, "time": time, "sender": sender, "text": said}));
        ids.push(id);
    }
    let body = if size == 1 { events[0].to_string() } else { Value::Array(events).to_string() };
    Parcel { body, ids }
}
