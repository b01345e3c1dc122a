//! A store that fails: nobody is told what is not true, nothing of it stays in memory, and it comes back by itself.

use std::time::Duration;

use qunwei::app::intake::{Answer, Inbound, Job};
use qunwei::domain::event::Event;
use qunwei::domain::state::Limits;
use qunwei::domain::time::Timestamp;
use qunwei::ports::{Clock, Mark, RowKind};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::support::bot::Answer as Bot;
use crate::support::engine::Bench;
use crate::support::faulty::Fault;
use crate::support::{MORNING, World, dump, signed, until};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

#[tokio::test]
async fn a_failed_commit_is_answered_503_and_the_daemon_recovers_by_itself() {
    let world = World::new().await;
    world.faults.set([Fault::Full]);
    let body = world.message("m-1", "9", SPAM).to_string().into_bytes();
    let headers = signed("msg_1", world.clock.now(), &body);
    let (status, again, answer) = world.post_to("example", &headers, body.clone()).await;
    assert_eq!((status, again.as_deref()), (503, Some("10")), "{answer}");
    until("it is not ready", || world.running().health.ready().err()).await;
    let (status, why) = world.admin("/readyz").await;
    assert!(status == 503 && why.contains("store: ") && why.contains("full"), "{status} {why}");
    world.faults.set([]);
    assert_eq!(world.post_with(&headers, body.clone()).await.0, 503, "it is tried again once a second");
    world.turn(SECOND);
    until("it is ready again", || world.running().health.ready().ok()).await;
    assert_eq!(world.post_with(&headers, body).await, (200, json!({"accepted": 1, "duplicates": 0})));
    let kinds = world.next_kinds(2).await;
    assert!(kinds.contains(&("private".to_owned(), "warn_private".to_owned())), "the first step: {kinds:?}");
    let (_, metrics) = world.admin("/metrics").await;
    assert!(metrics.contains("qunwei_store_failures_total 1"), "{metrics}");
    world.finish().await;
}

/// A probe writes elsewhere, so it says of a full disk that there is room, and of a damaged page nothing.
#[tokio::test]
async fn a_damaged_store_is_tried_again_and_is_not_ready_before_something_was_written() {
    let mut world = World::new().await;
    world.faults.set([Fault::DamagedFor(RowKind::Event)]);
    for at in 0..3 {
        let event = world.message(&format!("m-{at}"), "9", "你好").to_string();
        let failed = world.faults.failed();
        assert_eq!(world.post(event).await.0, 503);
        assert!(world.faults.failed() > failed, "it was tried");
        world.turn(2 * SECOND);
        world.quiet().await;
        let (status, why) = world.admin("/readyz").await;
        assert!(status == 503 && why.contains("store: ") && why.contains("malformed"), "{status} {why}");
        let (_, metrics) = world.admin("/metrics").await;
        assert!(metrics.contains("qunwei_ready 0\n"), "{metrics}");
    }
    world.faults.set([]);
    world.turn(2 * SECOND);
    let event = world.message("m-0", "9", "你好").to_string();
    assert_eq!(world.post(event).await, (200, json!({"accepted": 1, "duplicates": 0})));
    until("it is ready again", || world.running().health.ready().ok()).await;
    let (status, ready) = world.admin("/readyz").await;
    assert!(status == 200 && ready.contains("note: store: "), "what is damaged is still in it: {status} {ready}");
    world.finish().await;
}

/// A day's events, each at its own time: strikes, a burst, flooding, a merged notice, an edit.
fn events() -> Vec<Value> {
    let mut events = Vec::new();
    let mut event = |second: i64, user: &str, text: &str| {
        let time = Timestamp(MORNING.0 + second * 1000).to_string();
        let id = format!("m-{}", events.len());
        let sender =
            json!({"id": user, "name": format!("小{user}"), "role": if user == "1" { "admin" } else { "member" }});
        events.push(json!({"id": id, "type": "message", "group": "g1", "time": time, "sender": sender, "text": text}));
    };
    event(0, "1", "大家早上好");
    event(1, "9", SPAM);
    for at in 0..9 {
        event(2, "8", &format!("第 {at} 句"));
    }
    event(70, "9", SPAM);
    event(140, "9", SPAM);
    for user in 20..28 {
        event(200, &user.to_string(), SPAM);
    }
    for user in 20..28 {
        event(300, &user.to_string(), SPAM);
    }
    events.push(json!({"id": "e-1", "type": "message_edited", "group": "g1", "message": "m-0",
                       "time": Timestamp(MORNING.0 + 400_000).to_string(), "sender": {"id": "7"}, "text": SPAM}));
    events
}

/// Takes the events in one by one, a second after each; where a fault is set first, each is refused before it is accepted.
async fn a_day(fault: Option<Fault>) -> World {
    let mut world = World::new().await;
    for event in events() {
        let time = Timestamp::parse(event["time"].as_str().unwrap()).unwrap();
        world.clock.set(world.clock.now().max(time));
        world.quiet().await;
        if let Some(fault) = &fault {
            let failed = world.faults.failed();
            world.faults.set([fault.clone()]);
            assert_eq!(world.post(event.to_string()).await.0, 503, "{event}");
            assert!(world.faults.failed() > failed);
            world.faults.set([]);
        }
        world.turn(SECOND);
        until("it is ready", || world.running().health.ready().ok()).await;
        assert_eq!(world.post(event.to_string()).await, (200, json!({"accepted": 1, "duplicates": 0})), "{event}");
        world.quiet().await;
    }
    world.turn(2 * MINUTE);
    world.settled().await;
    world.down().await;
    world
}

#[tokio::test]
async fn what_could_not_be_stored_leaves_no_trace() {
    let sound = a_day(None).await;
    let expected = dump::state(sound.data.path());
    assert!(expected["cases"].len() >= 20 && expected["outbox"].len() >= 40, "{expected:#?}");
    for fault in [Fault::Full, Fault::Reads] {
        let failing = a_day(Some(fault)).await;
        dump::assert_same(&expected, &dump::state(failing.data.path()));
        assert_eq!(dump::journal(sound.data.path()), dump::journal(failing.data.path()));
        assert_eq!(failing.bot.faults(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_could_not_be_stored_is_not_counted() {
    let mut world = World::new().await;
    let event = world.message("m-1", "9", SPAM).to_string();
    world.faults.set([Fault::Full]);
    assert_eq!(world.post(event.clone()).await.0, 503);
    world.faults.set([]);
    world.turn(SECOND);
    until("it is ready", || world.running().health.ready().ok()).await;
    assert_eq!(world.post(event.clone()).await, (200, json!({"accepted": 1, "duplicates": 0})));
    assert_eq!(world.post(event).await, (200, json!({"accepted": 0, "duplicates": 1})));
    let (_, metrics) = world.admin("/metrics").await;
    for counted in [
        "qunwei_verdicts_total{verdict=\"violation\"} 1",
        "qunwei_findings_total{rule=\"ads.contact\",mode=\"act\"} 1",
        "outcome=\"accepted\"} 1",
        "outcome=\"duplicate\"} 1",
    ] {
        assert!(metrics.contains(&format!("{counted}\n")), "{counted}: {metrics}");
    }
    world.next_kinds(2).await;
    world.finish().await;
}

#[tokio::test]
async fn how_an_action_ended_is_not_lost() {
    let mut world = World::new().await;
    world.faults.set([Fault::FullFor(RowKind::Outcome)]);
    world.say("9", SPAM).await;
    world.next_kinds(2).await;
    until("the outcome could not be stored", || (world.faults.failed() > 0).then_some(())).await;
    world.turn(SECOND);
    until("it could not be stored again", || (world.faults.failed() > 1).then_some(())).await;
    world.faults.set([]);
    world.turn(SECOND);
    world.settled().await;
    world.restart().await;
    world.settled().await;
    let attempts: Vec<usize> = world.bot.model().attempts.values().map(|(count, _)| *count).collect();
    assert_eq!(attempts, [1, 1], "done once, recorded in the end");
    world.turn(5 * MINUTE);
    world.say("9", SPAM).await; // the notice arrived, so the burst is over
    let kinds = world.next_kinds(2).await;
    assert!(kinds.contains(&("send".to_owned(), "warn_public".to_owned())), "{kinds:?}");
    world.finish().await;
}

#[tokio::test]
async fn what_was_stored_though_the_store_said_no_is_done_once() {
    let mut world = World::new().await;
    world.faults.set([Fault::Lies]);
    let event = world.message("m-1", "9", SPAM).to_string();
    assert_eq!(world.post(event.clone()).await.0, 503);
    world.faults.set([]);
    world.turn(SECOND);
    until("it is ready again", || world.running().health.ready().ok()).await;
    assert_eq!(world.post(event).await, (200, json!({"accepted": 0, "duplicates": 1})));
    world.next_kinds(2).await;
    world.finish().await;
}

#[tokio::test]
async fn what_was_cancelled_though_the_store_said_no_is_not_done() {
    let mut world = World::new().await;
    world.bot.always(Some(Bot::Status(503, Vec::new())));
    world.say("9", SPAM).await;
    world.quiet().await;
    world.faults.set([Fault::Lies]);
    let mut undo = world.message("undo", "boss", "/撤销 1");
    undo["sender"]["role"] = json!("admin");
    assert_eq!(world.post(undo.to_string()).await.0, 503, "it was written, and nobody knows");
    world.faults.set([]);
    world.bot.always(None);
    world.turn(SECOND);
    until("it is ready again", || world.running().health.ready().ok()).await;
    world.quiet().await;
    world.turn(10 * MINUTE);
    world.settled().await;
    let done: Vec<Value> = std::iter::from_fn(|| world.bot.read()).collect();
    let of_case = |action: &&Value| action["type"] == "private" || action["type"] == "delete";
    assert_eq!(done.iter().filter(of_case).count(), 0, "what was taken back was done: {done:#?}");
    world.finish().await;
}

/// An end of an action that was written though the store said no counts once, and what comes of it does not come twice.
#[tokio::test]
async fn how_an_action_ended_is_recorded_once_though_the_store_said_no() {
    let mut world = World::new().await;
    world.bot.answers([Bot::Status(400, Vec::new()), Bot::Status(400, Vec::new())]);
    world.say("9", SPAM).await;
    world.faults.set([Fault::Lies]);
    world.turn(SECOND);
    until("a commit is said to have failed", || (world.faults.failed() > 0).then_some(())).await;
    world.faults.set([]);
    for _ in 0..5 {
        world.turn(2 * SECOND);
        world.quiet().await;
    }
    world.settled().await;
    world.down().await;
    let ends = dump::journal(world.data.path()).into_iter().filter(|row| row.split(" | ").nth(2) == Some("3"));
    let mut ends: Vec<String> = ends.map(|row| row.split(" | ").nth(5).unwrap().to_owned()).collect();
    let all = ends.len();
    ends.sort_unstable();
    ends.dedup();
    assert_eq!(ends.len(), all, "an end was recorded twice: {ends:#?}");
}

/// Whatever comes due at once, as after a day without the daemon: no group is shed from memory before its turn.
#[test]
fn more_timers_at_once_than_memory_holds_groups() {
    const GROUPS: usize = 300;
    let mut bench = Bench::within("", Limits { groups: 100, members: 200, messages: 100 });
    for group in 0..GROUPS {
        let raw = json!({"id": format!("j-{group}"), "type": "member_joined", "platform": "example", "group": format!("g{group}"),
                         "time": MORNING.to_string(), "members": [{"id": "n", "name": "新人"}]});
        let event = Event::parse(&raw.to_string()).unwrap();
        let events = vec![Inbound { event, raw: raw.to_string().into(), given_time: None, glance: None }];
        bench.engine.step(vec![Job::Events { events, answer: oneshot::channel().0 }], MORNING);
    }
    let later = MORNING.plus(2 * MINUTE);
    let mut welcomed = 0;
    while bench.engine.next_timer().is_some_and(|due| due <= later) {
        welcomed += bench.engine.step(Vec::new(), later).acts.len();
    }
    assert_eq!(welcomed, GROUPS);
}

#[tokio::test]
async fn windows_that_cannot_be_written_cost_nothing() {
    let mut world = World::new().await;
    world.faults.set([Fault::Windows]);
    for at in 0..30 {
        if at % 7 == 0 {
            world.turn(Duration::from_secs(11)); // never eight in ten seconds
        }
        world.say("9", &format!("第 {at} 句")).await;
    }
    world.quiet().await;
    assert!(world.faults.failed() > 0);
    world.down().await;
    world.faults.set([]);
    world.up().await;
    world.say("9", "第 30 句").await; // one more than thirty in a minute
    let kinds = world.next_kinds(2).await;
    assert!(kinds.contains(&("private".to_owned(), "warn_private".to_owned())), "{kinds:?}");
    world.finish().await;
}

#[tokio::test]
async fn a_daemon_that_stops_while_the_store_is_broken_writes_nothing_that_is_not_true() {
    let mut world = World::new().await;
    world.say("9", "早").await;
    world.quiet().await;
    world.faults.set([Fault::Full, Fault::Start]);
    for at in 0..7 {
        let event = world.message(&format!("x-{at}"), "9", &format!("第 {at} 句")).to_string();
        assert_eq!(world.post(event).await.0, 503);
    }
    world.down().await;
    world.faults.set([]);
    world.up().await;
    world.say("9", "晚").await;
    world.quiet().await;
    world.down().await;
    let journal = dump::journal(world.data.path());
    let numbers: Vec<u64> = journal.iter().map(|row| row.split(" | ").next().unwrap().parse().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "{journal:#?}");
}

#[tokio::test]
async fn a_bot_that_is_down_and_a_store_that_is_full_at_once() {
    let mut world = World::new().await;
    world.bot.always(Some(Bot::Status(503, Vec::new())));
    world.say("9", SPAM).await;
    world.quiet().await;
    world.faults.set([Fault::Full]);
    world.turn(10 * MINUTE);
    world.bot.always(None);
    until("the actions are done", || (world.bot.model().done.len() == 2).then_some(())).await;
    let event = world.message("m-9", "7", "你好").to_string();
    assert_eq!(world.post(event).await.0, 503);
    world.faults.set([]);
    world.turn(SECOND);
    world.settled().await;
    world.next_kinds(2).await;
    world.finish().await;
}

#[tokio::test]
async fn a_daemon_without_its_engine_says_so_and_lets_nobody_wait() {
    let mut world = World::new().await;
    world.faults.set([Fault::Panic]);
    let event = world.message("m-1", "9", SPAM).to_string();
    assert_eq!(world.post(event.clone()).await.0, 503);
    until("it is not ready", || world.running().health.ready().err()).await;
    let (status, why) = world.admin("/readyz").await;
    assert!(status == 503 && why.starts_with("engine: "), "{status} {why}");
    assert_eq!(world.post(event.clone()).await.0, 503);
    world.faults.set([]);
    world.restart().await;
    assert_eq!(world.post(event).await.0, 200);
    world.next_kinds(2).await;
    world.finish().await;
}

fn request(ids: &[&str], text: &str) -> (Job, oneshot::Receiver<Answer>) {
    let incoming = |id: &&str| {
        let raw = json!({"id": id, "type": "message", "platform": "example", "group": "g1", "sender": {"id": id},
                         "time": MORNING.to_string(), "text": format!("{text} {id}")})
        .to_string();
        let event = Event::parse(&raw).unwrap();
        Inbound { event, raw: raw.into(), given_time: None, glance: None }
    };
    let (answer, answered) = oneshot::channel();
    (Job::Events { events: ids.iter().map(incoming).collect(), answer }, answered)
}

#[test]
fn one_event_that_cannot_be_stored_takes_no_other_with_it() {
    let mut bench = Bench::new();
    bench.faults.set([Fault::Poison("\"bad\"".to_owned())]);
    let (jobs, answers): (Vec<_>, Vec<_>) =
        [&["a", "b"][..], &["c", "bad", "d"], &["e"], &["a"]].into_iter().map(|ids| request(ids, SPAM)).unzip();
    let effects = bench.engine.step(jobs, MORNING);
    let told: Vec<Answer> = answers.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect();
    assert_eq!(told[0], Answer::Durable { accepted: 2, duplicates: 0 });
    assert!(matches!(told[1], Answer::Unavailable { .. }), "a request stands or falls whole: {:?}", told[1]);
    assert_eq!(told[2], Answer::Durable { accepted: 1, duplicates: 0 });
    assert_eq!(told[3], Answer::Durable { accepted: 0, duplicates: 1 });
    assert_eq!(bench.engine.trouble(), None, "the store itself is well");
    let cases: Vec<_> = effects.acts.iter().filter_map(|action| action.cause.case.clone()).collect();
    assert_eq!(cases, ["1", "1", "2", "2", "3", "3"], "numbers go on without a gap");
    // Its neighbours in the request can come alone.
    bench.faults.set([]);
    let (job, mut answer) = request(&["c", "d"], SPAM);
    bench.engine.step(vec![job], MORNING);
    assert_eq!(answer.try_recv().unwrap(), Answer::Durable { accepted: 2, duplicates: 0 });
}

#[test]
fn ids_are_remembered_for_as_long_as_a_repetition_would_be_acted_on() {
    let mut bench = Bench::new();
    let ahead = MORNING.plus(5 * MINUTE); // the most that an event may be ahead
    let raw = json!({"id": "a", "type": "message", "group": "g1", "sender": {"id": "9"}, "time": ahead.to_string(), "text": SPAM});
    let job = || {
        let event = Event::parse(&raw.to_string()).unwrap();
        let (answer, answered) = oneshot::channel();
        let events = vec![Inbound { event, raw: raw.to_string().into(), given_time: None, glance: None }];
        (Job::Events { events, answer }, answered)
    };
    let (first, mut answer) = job();
    bench.engine.step(vec![first], MORNING);
    assert_eq!(answer.try_recv().unwrap(), Answer::Durable { accepted: 1, duplicates: 0 });
    let day = Duration::from_secs(24 * 3600);
    bench.engine.step(Vec::new(), MORNING.plus(day + MINUTE)); // it may forget
    let (second, mut answer) = job();
    let effects = bench.engine.step(vec![second], MORNING.plus(day + 4 * MINUTE));
    let answer = answer.try_recv().unwrap();
    assert!(effects.acts.is_empty(), "acted a second time: {answer:?}");
    assert_eq!(answer, Answer::Durable { accepted: 0, duplicates: 1 });
}

#[test]
fn how_far_a_reader_has_come_is_written_with_what_it_read() {
    let mut bench = Bench::new();
    let found = |ids: &[&str], value: &str| {
        let (Job::Events { events, answer }, answered) = request(ids, SPAM) else {
            unreachable!("a request is events")
        };
        let mark = Mark { source: "wecom/corp/archive".into(), value: value.into() };
        (Job::Marked { events, mark, answer }, answered)
    };
    let ask = |bench: &mut Bench| {
        let (answer, mut answered) = oneshot::channel();
        bench.engine.step(vec![Job::Mark { source: "wecom/corp/archive".into(), answer }], MORNING);
        answered.try_recv()
    };
    assert_eq!(ask(&mut bench), Ok(None));
    let (job, mut answer) = found(&["a", "b"], "2");
    bench.engine.step(vec![job], MORNING);
    assert_eq!(answer.try_recv().unwrap(), Answer::Durable { accepted: 2, duplicates: 0 });
    assert_eq!(ask(&mut bench), Ok(Some("2".to_owned())));
    // A request that cannot be stored takes its mark with it; its neighbour does not mind.
    bench.faults.set([Fault::Poison("\"bad\"".to_owned())]);
    let ((bad, mut refused), (good, mut answer)) = (found(&["c", "bad"], "4"), request(&["e"], SPAM));
    bench.engine.step(vec![bad, good], MORNING);
    assert!(matches!(refused.try_recv().unwrap(), Answer::Unavailable { .. }));
    assert_eq!(answer.try_recv().unwrap(), Answer::Durable { accepted: 1, duplicates: 0 });
    assert_eq!(ask(&mut bench), Ok(Some("2".to_owned())));
    bench.faults.set([]);
    let (job, mut answer) = found(&["b", "c"], "3");
    bench.engine.step(vec![job], MORNING);
    assert_eq!(answer.try_recv().unwrap(), Answer::Durable { accepted: 1, duplicates: 1 });
    assert_eq!(ask(&mut bench), Ok(Some("3".to_owned())));
    // While the store cannot be read nothing is said: who asks, asks again.
    bench.faults.set([Fault::Reads]);
    assert!(ask(&mut bench).is_err());
    bench.faults.set([]);
    assert_eq!(ask(&mut bench), Ok(Some("3".to_owned())));
}
