//! Many times what the daemon can take: what there is no room for is refused at once, admins are heard all the same, memory stays
//! where it was, and afterwards everything is as before. Real process, loopback; it stops by itself.
//!
//! `QUNWEI_SOAK_SECONDS` says how long the flood lasts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use qunwei::adapters::inbound;
use qunwei::app::intake::{Inbound, Intake, Job};
use serde_json::{Value, json};

use crate::soak::number;
use crate::support::MORNING;
use crate::support::daemon::{Daemon, Home, client_with, send};
use crate::support::sink::{Sink, percentiles};
use crate::support::until_within;

/// Requests that are open at once, and events in each: a second one does not fit beside one that is queued, an order does. The
/// threads that bring them look at messages first, so what is offered is hardly ever many times what the engine takes.
const FLOODERS: u64 = 16;
const EVENTS: u64 = 50;
const QUEUE: &str = "64";
/// No answer may take so long, whatever it is: a full queue, judged by a build for tests on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the process may hold, in MiB.
const MEMORY: u64 = 700;

#[derive(Default)]
struct Flood {
    over: AtomicBool,
    accepted: AtomicU64,
    refused: AtomicU64,
}

async fn flood(listen: std::net::SocketAddr, number: u64, flood: Arc<Flood>) -> Vec<Duration> {
    let (http, mut round, mut times) = (client_with(PATIENCE), 0, Vec::new());
    while !flood.over.load(Ordering::Relaxed) {
        round += 1;
        let event = |at: u64| {
            let text = if at.is_multiple_of(20) {
                format!("兼职刷单日结，加薇信 abc{number}{round}")
            } else {
                format!("今天第 {round}{at} 次路过小区门口")
            };
            let (id, user) = (format!("f-{number}-{round}-{at}"), format!("u{number}-{at}"));
            json!({"id": id, "type": "message", "group": format!("f{number}"), "sender": {"id": user, "role": "member"}, "text": text})
        };
        let body = Value::Array((0..EVENTS).map(event).collect()).to_string();
        let began = Instant::now();
        let answer = send(&http, listen, &format!("f-{number}-{round}"), &body).await;
        times.push(began.elapsed());
        match answer.expect("the daemon answers, whatever it answers").0 {
            200 => flood.accepted.fetch_add(EVENTS, Ordering::Relaxed),
            503 | 429 => flood.refused.fetch_add(EVENTS, Ordering::Relaxed),
            status => panic!("{status}"),
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_there_is_no_room_for_is_refused_and_admins_are_heard() {
    let seconds = number("QUNWEI_SOAK_SECONDS").unwrap_or(8);
    let sink = Sink::start().await;
    let mut home = Home::light();
    home.actions_url = sink.url.clone();
    home.edit("config/qunwei.toml", "queue = 16384", &format!("queue = {QUEUE}"));
    let daemon = home.start().await;
    let flooding = Arc::<Flood>::default();
    let flooders: Vec<_> =
        (0..FLOODERS).map(|number| tokio::spawn(flood(daemon.listen, number, flooding.clone()))).collect();
    let began = Instant::now();
    until_within(PATIENCE, "the queue is full", || (flooding.refused.load(Ordering::Relaxed) > 0).then_some(())).await;

    // An admin says one thing after the other, and lets people speak again.
    let (http, mut heard, mut asked) = (client_with(PATIENCE), Vec::new(), Vec::new());
    while began.elapsed() < Duration::from_secs(seconds) {
        let id = format!("admin-{}", heard.len());
        let mention = json!({"type": "mention", "user": "u1", "name": "小一"});
        let order = json!({"id": id, "type": "message", "group": "quiet", "sender": {"id": "boss", "role": "admin"},
                           "content": [{"type": "text", "text": "/解禁 "}, mention]});
        let began = Instant::now();
        let (status, answer) = send(&http, daemon.listen, &id, &order.to_string()).await.expect("an answer");
        assert_eq!(status, 200, "an admin was refused: {answer}");
        heard.push(began.elapsed());
        asked.push((id, began));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let most = memory(&daemon).0;
    flooding.over.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for flooder in flooders {
        times.extend(flooder.await.unwrap());
    }
    let over = Instant::now();
    let lifted = || asked.iter().map(|(id, began)| Some(sink.came(id, "unmute")?.duration_since(*began))).collect();
    let lifted: Vec<Duration> = until_within(PATIENCE, "every unmute reached the bot", lifted).await;
    let (mut calm, mut last) = (false, String::new());
    while !calm {
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
        calm = status == 200 && took < within && empty;
        last = format!("{status} {answer} after {took:?}, the queue {}", if empty { "empty" } else { "not empty" });
    }
    let calm = over.elapsed();
    assert_eq!(daemon.admin("/readyz").await.0, 200);
    let (accepted, refused) = (flooding.accepted.load(Ordering::Relaxed), flooding.refused.load(Ordering::Relaxed));
    let longest = times.iter().max().copied().unwrap_or_default();
    println!(
        "{seconds} s: {} events offered, {accepted} accepted, {refused} refused ({:.1} times what was taken); \
         requests {:?} and {:?}, longest {longest:?}; {} commands of admins {:?} and {:?}, their unmutes {:?} and {:?} \
         (middle, one in twenty); at most {most} MiB; normal again after {calm:?}",
        accepted + refused,
        (accepted + refused) as f64 / accepted as f64,
        percentiles(times.clone()).0,
        percentiles(times.clone()).1,
        heard.len(),
        percentiles(heard.clone()).0,
        percentiles(heard.clone()).1,
        percentiles(lifted.clone()).0,
        percentiles(lifted.clone()).1,
    );
    assert!(accepted > 0 && refused > 0, "{accepted} accepted, {refused} refused");
    assert!(longest < PATIENCE && heard.iter().chain(&lifted).all(|time| *time < PATIENCE));
    assert!(most < MEMORY, "{most} MiB");
    daemon.stop().await;
}
