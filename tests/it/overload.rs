//! Many times what the daemon can take: what there is no room for is refused at once, admins and operators are heard all the same,
//! memory stays where it was, and afterwards everything is as before. Real process, loopback; it stops by itself.
//!
//! `QUNWEI_SOAK_SECONDS` says how long the flood lasts.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use qunwei::adapters::inbound;
use qunwei::app::health::Health;
use qunwei::app::intake::{Inbound, Intake, Job};
use qunwei::app::metrics::Metrics;
use qunwei::app::reload::Reloader;
use qunwei::app::turning::{Rules, Sizes, Turning};
use qunwei::config;
use qunwei::domain::time::Timestamp;
use qunwei::ports::{Clock, RowKind};
use qunwei::serve::open_store;
use qunwei::store::Keyring;
use serde_json::{Value, json};

use crate::soak::number;
use crate::support::daemon::{Daemon, Home, client_with, send, send_to};
use crate::support::sink::{Sink, percentiles};
use crate::support::{MORNING, root, until_within};

/// Requests that are open at once, and events in each: some fit, most do not.
const FLOODERS: u64 = 24;
const QUEUE: &str = "64";
/// So many times what is taken is offered at least.
const TIMES: f64 = 10.0;
/// Nothing is waited for longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is refused is refused so soon, nearly always; an order of an admin is heard, and what it leads to is done, so soon. They are wide:
/// a build for tests takes seconds for what is in hand (a command is a commit by itself), and the machine does other things too.
const REFUSED: Duration = Duration::from_secs(2);
const HEARD: Duration = Duration::from_secs(15);
const DONE: Duration = Duration::from_secs(25);
/// Operators are answered by those who carry requests, not by who judges.
const OPERATORS: Duration = Duration::from_secs(5);
/// So soon everything is as before.
const CALM: Duration = Duration::from_secs(10);
/// What the flood may add to what the process holds, in MiB.
const MORE: u64 = 160;

/// What a flood is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Of {
    /// Messages that were edited, which nobody can look at before their turn, and some long ones.
    Talk,
    /// The same, shorter.
    Chatter,
    /// Commands of somebody of whom nothing is told.
    Orders,
}

impl Of {
    /// The body of one request.
    fn body(self, number: u64, round: u64) -> String {
        let event = |at: u64| {
            let (id, group) = (format!("f-{number}-{round}-{at}"), format!("f{number}"));
            match self {
                Of::Talk if at == 0 && number == 0 && round % 8 == 1 => {
                    json!({"id": id, "type": "message", "group": group, "sender": {"id": "long"}, "text": "今天路过小区门口，".repeat(780)})
                }
                Of::Talk | Of::Chatter => {
                    let times = if self == Of::Talk { 20 } else { 1 };
                    let text = format!("今天第 {round}{at} 次路过小区门口，").repeat(times);
                    let sender = json!({"id": format!("u{number}-{at}"), "role": "member"});
                    json!({"id": id, "type": "message_edited", "group": group, "message": format!("m{at}"), "sender": sender, "text": text})
                }
                Of::Orders => {
                    json!({"id": id, "type": "message", "group": group, "sender": {"id": "who"}, "text": "/在吗"})
                }
            }
        };
        let count = if self == Of::Orders { 16 } else { 10 };
        Value::Array((0..count).map(event).collect()).to_string()
    }
}

/// Many times what can be taken, from several who do not wait for each other.
pub struct Flood {
    over: Arc<AtomicBool>,
    counts: Arc<Counts>,
    tasks: Vec<tokio::task::JoinHandle<Vec<(u16, Duration)>>>,
}

#[derive(Default)]
struct Counts {
    accepted: AtomicU64,
    refused: AtomicU64,
}

impl Flood {
    /// Begins to flood a bridge.
    pub fn begin(daemon: &Daemon, bridge: &'static str, of: Of) -> Self {
        let (over, counts) = (Arc::<AtomicBool>::default(), Arc::<Counts>::default());
        let http = client_with(PATIENCE);
        let one = |number| {
            tokio::spawn(flood((http.clone(), daemon.listen), (bridge, of, number), over.clone(), counts.clone()))
        };
        let tasks = (0..FLOODERS).map(one).collect();
        Self { over, counts, tasks }
    }

    /// Waits until there is no room.
    pub async fn is_too_much(&self) {
        until_within(PATIENCE, "the queue is full", || (self.counts.refused.load(Ordering::Relaxed) > 0).then_some(()))
            .await;
    }

    /// Ends it: requests that were taken and refused, and how long each of the latter took.
    pub async fn end(self) -> (u64, u64, Vec<Duration>) {
        self.over.store(true, Ordering::Relaxed);
        let mut refused = Vec::new();
        for task in self.tasks {
            refused.extend(task.await.unwrap().into_iter().filter(|(status, _)| *status != 200).map(|(_, took)| took));
        }
        (self.counts.accepted.load(Ordering::Relaxed), self.counts.refused.load(Ordering::Relaxed), refused)
    }
}

async fn flood(
    (http, listen): (reqwest::Client, std::net::SocketAddr),
    (bridge, of, number): (&str, Of, u64),
    over: Arc<AtomicBool>,
    counts: Arc<Counts>,
) -> Vec<(u16, Duration)> {
    let (mut round, mut times) = (1, Vec::new());
    let mut body = of.body(number, round);
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let answer = send_to(&http, listen, bridge, &format!("f-{number}-{round}"), &body).await;
        let (status, answer) = answer.expect("the daemon answers, whatever it answers");
        times.push((status, began.elapsed()));
        match status {
            200 => {
                // what is refused is sent again as it was
                round += 1;
                body = of.body(number, round);
                counts.accepted.fetch_add(1, Ordering::Relaxed)
            }
            503 => counts.refused.fetch_add(1, Ordering::Relaxed),
            status => panic!("{status} {answer}"),
        };
    }
    times
}

/// What the process has held at most and holds now, in MiB.
pub fn memory(daemon: &Daemon) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let read = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() / 1024
    };
    (read("VmHWM:"), read("VmRSS:"))
}

/// What the shipped service may hold, in MiB.
pub fn memory_max() -> u64 {
    let unit = std::fs::read_to_string(root().join("packaging/qunwei.service")).unwrap();
    let max = unit.lines().find_map(|line| line.strip_prefix("MemoryMax=")).expect("a limit");
    max.strip_suffix('G').expect("in GiB").parse::<u64>().unwrap() * 1024
}

/// Messages as they are queued.
fn events(platform: &str, id: &str, more: &Value) -> Vec<Inbound> {
    let mut event = json!({"id": id, "type": "message", "group": "g1", "sender": {"id": "u1"}, "text": "早"});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    inbound::read(event.to_string().as_bytes(), &platform.into(), MORNING, 1).unwrap().events
}

/// The ids of so many of what waits, as they are handed out.
fn taken(intake: &Intake, limit: usize) -> Vec<String> {
    let id = |job| match job {
        Job::Events { events, .. } => events[0].event.id.to_string(),
        other => panic!("{other:?}"),
    };
    intake.take(limit, Duration::ZERO).into_iter().map(id).collect()
}

/// The queue by itself: what admins ask for goes into the tenth that is kept, and before the rest.
#[test]
fn what_admins_ask_for_goes_first() {
    let intake = Intake::new(20);
    let say = |id: &str, more: Value| intake.submit(events("example", id, &more)).map(drop);
    for at in 0..18 {
        say(&format!("m-{at}"), json!({})).unwrap();
    }
    let role = |role: &str| json!({"sender": {"id": "u2", "role": role}, "text": "/停"});
    assert!(say("more", json!({})).is_err(), "nine tenths are taken");
    assert!(say("member", role("member")).is_err(), "whoever may not ask waits like all");
    let button = json!({"type": "button", "user": "boss", "task": "t", "choice": "removed"});
    say("button", button.clone()).unwrap();
    assert!(say("another", button).is_err(), "of what is kept, half is for those who are known to be admins");
    say("order", role("admin")).unwrap();
    assert!(say("late", role("admin")).is_err(), "all is taken");
    assert_eq!(taken(&intake, 100)[..4], ["button", "order", "m-0", "m-1"]);
}

/// What the daemon says to itself (outcomes, attempts, pictures) is bounded elsewhere; it takes nothing of what is kept for others.
#[test]
fn what_the_daemon_says_to_itself_takes_nobodys_room() {
    let intake = Intake::new(20);
    for at in 0..100 {
        intake.tell(Job::Picture { id: format!("{at}").into(), read: None });
    }
    for at in 0..18 {
        drop(intake.submit(events("example", &format!("m-{at}"), &json!({}))).expect("nine tenths are free"));
    }
    let order = json!({"sender": {"id": "boss", "role": "admin"}, "text": "/停"});
    drop(intake.submit(events("example", "order", &order)).expect("and a tenth"));
    assert_eq!((intake.depth(), intake.take(1000, Duration::ZERO).len()), (119, 119));
    for at in 0..18 {
        drop(intake.submit(events("example", &format!("n-{at}"), &json!({}))).expect("it is empty again"));
    }
}

/// Who is not known to be an admin asks for little at once; the rest waits with what all say.
#[test]
fn what_anybody_asks_for_goes_ahead_only_a_little() {
    let intake = Intake::new(200);
    let say = |id: &str, user: &str| {
        let order = json!({"sender": {"id": user}, "text": "/在吗"});
        intake.submit(events("example", id, &order)).map(drop)
    };
    intake.submit(events("example", "before", &json!({}))).unwrap();
    for at in 0..179 {
        say(&format!("one-{at}"), "one").unwrap();
    }
    assert!(say("one-more", "one").is_err(), "nine tenths are taken, and nothing of what is kept");
    for at in 0..10 {
        say(&format!("other-{at}"), &format!("u{at}")).ok();
    }
    for at in 0..10 {
        let order = json!({"sender": {"id": "boss", "role": "admin"}, "text": "/停"});
        intake.submit(events("example", &format!("boss-{at}"), &order)).expect("room is kept for admins");
    }
    let first = taken(&intake, 20);
    assert_eq!(first.iter().filter(|id| id.starts_with("one-")).count(), 2, "{first:?}");
    assert_eq!(first.iter().filter(|id| id.starts_with("other-")).count(), 8, "{first:?}");
    assert_eq!(first.iter().filter(|id| id.starts_with("boss-")).count(), 10, "{first:?}");
    assert_eq!(taken(&intake, 1), ["before"]);
    say("again", "one").unwrap();
    assert_eq!(taken(&intake, 1), ["again"], "what was handed out does not count any more");
}

/// A clock that does something whenever somebody looks at it.
struct Looked(Mutex<Box<dyn FnMut() -> Timestamp + Send>>);

impl Clock for Looked {
    fn now(&self) -> Timestamp {
        (self.0.lock().unwrap())()
    }
}

/// What `serve` turns, by this clock, with a thousand messages that wait.
fn turning(data: &Path, look: impl FnMut() -> Timestamp + Send + 'static) -> Turning {
    let files = [("a.toml".to_owned(), String::new())];
    let config = config::from_files(Path::new("config"), &files, &|_| None).unwrap();
    let rules = Rules { settings: config.settings, files: &files, paces: HashMap::new() };
    let known = (Arc::new(Metrics::new()), Health::new(), Reloader::new().0);
    let store = open_store(data, &Keyring::none()).unwrap();
    let clock = Arc::new(Looked(Mutex::new(Box::new(look))));
    let turning = Turning::begin(rules, store, Sizes::with_queue(16_384), clock, known).unwrap();
    for at in 0..1000 {
        drop(turning.intake.submit(events("example", &format!("m-{at}"), &json!({}))).unwrap());
    }
    turning
}

#[test]
fn an_admin_waits_for_few_of_the_messages_that_are_being_judged() {
    let (data, asked) = (tempfile::tempdir().unwrap(), Arc::new(Mutex::new(None::<Intake>)));
    let asks = asked.clone();
    let mut turning = turning(data.path(), move || {
        if let Some(intake) = asks.lock().unwrap().take() {
            let order = json!({"sender": {"id": "boss", "role": "admin"}, "text": "/停"});
            drop(intake.submit(events("example", "order", &order)).unwrap());
        }
        MORNING
    });
    *asked.lock().unwrap() = Some(turning.intake.clone());
    assert!(turning.turn(Duration::ZERO), "it was asked when the first of them had been taken");
    let rows = turning.engine.store().journal(0, 5000).unwrap();
    let events: Vec<_> = rows.iter().filter(|row| row.kind == RowKind::Event).collect();
    let before = events.iter().take_while(|row| !row.body.contains(r#""id":"order""#)).count();
    assert!(before <= 32, "{before} were judged first");
    assert_eq!(events.len(), 1001, "all are in one turn where there is time");
}

#[test]
fn a_commit_waits_for_no_more_messages_when_judging_takes_long() {
    let (data, mut now) = (tempfile::tempdir().unwrap(), MORNING);
    let mut turning = turning(data.path(), move || {
        now = now.plus(Duration::from_millis(20));
        now
    });
    turning.turn(Duration::ZERO);
    let judged = 1000 - turning.intake.depth();
    assert!(turning.intake.depth() > 800, "{judged} were judged before anybody was answered");
    while turning.turn(Duration::ZERO) {}
    let events = turning.engine.store().journal(0, 5000).unwrap();
    assert_eq!(events.iter().filter(|row| row.kind == RowKind::Event).count(), 1000);
}

/// The room is everybody's in equal parts, where several want it.
#[test]
fn who_has_most_waiting_makes_room_for_who_has_less() {
    let intake = Intake::new(20);
    let say = |platform: &str, id: &str| intake.submit(events(platform, id, &json!({})));
    let mut noisy: Vec<_> = (0..18).map(|at| say("noisy", &format!("n-{at}")).unwrap()).collect();
    let mut quiet: Vec<_> =
        (0..9).map(|at| say("quiet", &format!("q-{at}")).expect("it has less than its share")).collect();
    assert!(say("noisy", "more").is_err() && say("quiet", "more").is_err(), "both have their share");
    let waits = |answer: &mut tokio::sync::oneshot::Receiver<_>| {
        matches!(answer.try_recv(), Err(tokio::sync::oneshot::error::TryRecvError::Empty))
    };
    assert!(quiet.iter_mut().all(waits));
    assert!(noisy[..9].iter_mut().all(waits), "what came first stays");
    assert!(!noisy[9..].iter_mut().any(waits), "what came last is refused");
    let both = taken(&intake, 100);
    let of = |letter: &str| both.iter().filter(|id| id.starts_with(letter)).cloned().collect::<Vec<_>>();
    for (letter, platform) in [("n", "noisy"), ("q", "quiet")] {
        let expected: Vec<_> = (0..9).map(|at| format!("{letter}-{at}")).collect();
        assert_eq!(of(letter), expected, "{platform} is handed out in its order");
    }
}

/// Who has much waiting does not keep others waiting.
#[test]
fn platforms_are_handed_out_in_turns() {
    let intake = Intake::new(2000);
    for at in 0..1000 {
        drop(intake.submit(events("noisy", &format!("n-{at}"), &json!({}))).unwrap());
    }
    for at in 0..100 {
        drop(intake.submit(events("quiet", &format!("q-{at}"), &json!({}))).unwrap());
    }
    let first = taken(&intake, 300);
    let quiet = first.iter().filter(|id| id.starts_with("q-")).count();
    assert_eq!((first.len(), quiet), (300, 100));
}

/// The queue is bounded by bytes too.
#[test]
fn what_waits_is_bounded_by_bytes_too() {
    let intake = Intake::new(16_384);
    let long = events("example", "long", &json!({"text": "x".repeat(1_000_000)}));
    let fit = (0..300).take_while(|_| intake.submit(long.clone()).is_ok()).count();
    assert!((50..150).contains(&fit), "{fit} messages of a megabyte wait");
    drop(intake.submit(events("example", "short", &json!({}))).expect("a short one fits"));
}

/// How long an admin waits.
struct Admin<'a> {
    daemon: &'a Daemon,
    sink: &'a Sink,
    said: usize,
}

impl Admin<'_> {
    /// Says one thing after the other, until it is enough: how long each took to be answered, and to reach the bot.
    async fn asks(&mut self, enough: impl Fn(usize) -> bool) -> (Vec<Duration>, Vec<Duration>) {
        let (http, mut heard, mut asked) = (client_with(PATIENCE), Vec::new(), Vec::new());
        while !enough(heard.len()) {
            self.said += 1;
            let id = format!("admin-{}", self.said);
            // One after the other: what is done to one member is done in its order.
            let mention = json!({"type": "mention", "user": format!("u{}", self.said), "name": "小一"});
            let order = json!({"id": id, "type": "message", "group": "quiet", "sender": {"id": "boss", "role": "admin"},
                               "content": [{"type": "text", "text": "/解禁 "}, mention]});
            let began = Instant::now();
            let (status, answer) = send(&http, self.daemon.listen, &id, &order.to_string()).await.expect("an answer");
            assert_eq!(status, 200, "an admin was refused: {answer}");
            heard.push(began.elapsed());
            asked.push((id, began));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let lifted =
            || asked.iter().map(|(id, began)| Some(self.sink.came(id, "unmute")?.duration_since(*began))).collect();
        (heard, until_within(PATIENCE, "every unmute reached the bot", lifted).await)
    }
}

/// Asks as an operator and a supervisor do, until it is over: how long each answer took.
async fn operators(admin: std::net::SocketAddr, over: Arc<AtomicBool>) -> Vec<Duration> {
    let (http, mut times) = (client_with(PATIENCE), Vec::new());
    while !over.load(Ordering::Relaxed) {
        for path in ["/readyz", "/metrics"] {
            let began = Instant::now();
            let answer = http.get(format!("http://{admin}{path}")).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 200, "{path} during the flood");
            answer.bytes().await.unwrap();
            times.push(began.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    times
}

/// Waits until a message is answered within a second and nothing waits any more; how long that took.
async fn calm_again(daemon: &Daemon) -> Duration {
    let (http, over, mut last) = (client_with(PATIENCE), Instant::now(), String::new());
    loop {
        assert!(over.elapsed() < PATIENCE, "it does not come back to normal: {last}");
        let event = json!({"id": format!("after-{:?}", over.elapsed()), "type": "message", "group": "quiet",
                           "sender": {"id": "u2"}, "text": "晚安"});
        let began = Instant::now();
        let (status, answer) = send(&http, daemon.listen, "after", &event.to_string()).await.expect("an answer");
        let within = Duration::from_secs(1);
        let took = began.elapsed();
        // What was just judged is counted until the engine turns once more.
        let mut empty = false;
        while !empty && began.elapsed() < within {
            let numbers = daemon.admin("/metrics").await.1;
            empty = numbers.lines().any(|line| line.starts_with("qunwei_queue_depth_inputs") && line.ends_with(" 0"));
        }
        if status == 200 && took < within && empty {
            return over.elapsed();
        }
        last = format!("{status} {answer} after {took:?}, the queue {}", if empty { "empty" } else { "not empty" });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_there_is_no_room_for_is_refused_and_admins_are_heard() {
    let (accepted, refused) = much_too_much(Of::Talk).await;
    let times = (accepted + refused) as f64 / accepted as f64;
    assert!(accepted > 0 && times >= TIMES, "{accepted} accepted, {refused} refused: {times:.1} times what was taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_orders_leaves_admins_their_room() {
    let (accepted, refused) = much_too_much(Of::Orders).await;
    assert!(accepted > 0 && refused > 0, "{accepted} accepted, {refused} refused");
}

/// A flood of this, and how all others fare; how many of its requests were taken and refused.
async fn much_too_much(of: Of) -> (u64, u64) {
    let seconds = Duration::from_secs(number("QUNWEI_SOAK_SECONDS").unwrap_or(8));
    let sink = Sink::start().await;
    let mut home = Home::light();
    home.actions_url = sink.url.clone();
    home.edit("config/qunwei.toml", "queue = 16384", &format!("queue = {QUEUE}"));
    let daemon = home.start().await;
    let mut admin = Admin { daemon: &daemon, sink: &sink, said: 0 };
    let calm = admin.asks(|said| said == 10).await;
    calm_again(&daemon).await;
    let before = memory(&daemon).0;

    let flood = Flood::begin(&daemon, "example", of);
    let (over, began) = (flood.over.clone(), Instant::now());
    let watching = tokio::spawn(operators(daemon.admin, over));
    flood.is_too_much().await;
    let (heard, lifted) = admin.asks(|_| began.elapsed() > seconds).await;
    let most = memory(&daemon).0;
    let (accepted, refused, times) = flood.end().await;
    let watched = watching.await.unwrap();
    let again = calm_again(&daemon).await;
    println!(
        "{of:?}: {} requests offered, {accepted} accepted ({:.1} times what was taken); refused in {:?}; {} commands of \
         admins {:?}, their unmutes {:?}, in calm {:?} and {:?}; operators {:?} (middle, one in twenty); at most {most} MiB, \
         {before} before; normal again after {again:?}",
        accepted + refused,
        (accepted + refused) as f64 / accepted as f64,
        percentiles(times.clone()),
        heard.len(),
        percentiles(heard.clone()),
        percentiles(lifted.clone()),
        percentiles(calm.0.clone()),
        percentiles(calm.1.clone()),
        percentiles(watched.clone()),
    );
    let longest = |wide: Duration, calm: Vec<Duration>| wide.max(percentiles(calm).1 * 10);
    assert!(percentiles(times).1 < REFUSED, "what there is no room for is refused at once");
    assert!(percentiles(heard).1 < longest(HEARD, calm.0), "admins are heard soon");
    assert!(percentiles(lifted).1 < longest(DONE, calm.1), "what admins ask for is done soon");
    assert!(watched.iter().all(|took| *took < OPERATORS), "operators are answered soon");
    assert!(again < CALM, "it is over when it is over");
    assert!(most < before + MORE && most < memory_max(), "{before} MiB before, {most} MiB");
    assert_eq!(daemon.admin("/readyz").await.0, 200);
    daemon.stop().await;
    (accepted, refused)
}
