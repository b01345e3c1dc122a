//! What a bot's answers lead to: repeated under the same id with the same bytes, recorded, told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::support::bot::Answer;
use crate::support::{World, dump, now, until};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

fn status(status: u16) -> Answer {
    Answer::Status(status, Vec::new())
}

/// One private message and nothing else for each violation, and attempts that do not last.
fn simple(capabilities: &str) -> String {
    format!(
        r#"
[bridge.example]
secret_env = "QUNWEI_EXAMPLE_SECRET"
actions_url_env = "QUNWEI_EXAMPLE_ACTIONS_URL"
capabilities = {capabilities}
timeout_seconds = 1
[[rule]]
name = "ads.contact"
kind = "regex"
title = "广告"
patterns = ['加薇信']
hit = ["加薇信"]
[profile.default.tasks]
chases = 0
escalate = false
"#
    )
}

const ONE: &str = r#"["private", "task", "idempotent"]"#;

/// The states of all actions, in the order they were decided.
fn states(world: &World) -> Vec<String> {
    let state = |row: &String| row.split(" | ").nth(3).unwrap().to_owned();
    dump::state(world.data.path())["outbox"].iter().map(state).collect()
}

/// The id that was tried, when there is one only.
fn tried(world: &World) -> (String, usize) {
    let model = world.bot.model();
    assert_eq!(model.attempts.len(), 1, "{:?}", model.attempts.keys());
    let (id, (count, _)) = model.attempts.iter().next().unwrap();
    (id.clone(), *count)
}

/// Violates, and waits for the answer to the first attempt to be taken in.
async fn world_answering(answer: Answer) -> World {
    let mut world = World::with_only(&simple(ONE)).await;
    world.bot.always(Some(answer));
    world.say("9", SPAM).await;
    until("it is tried", || (world.bot.model().attempts.len() == 1).then_some(())).await;
    world
}

async fn assert_done(world: World) {
    world.bot.always(None);
    world.turn(5 * MINUTE);
    let action = world.next().await;
    assert_eq!((&action["id"], &action["type"]), (&Value::from(tried(&world).0), &Value::from("private")));
    world.settled().await;
    assert_eq!(states(&world), ["done"]);
    assert_eq!(world.admin("/readyz").await, (200, "ready\n".to_owned()));
    world.finish().await;
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_again() {
    for code in [408, 425, 429, 500, 502, 503, 504, 599] {
        let world = world_answering(status(code)).await;
        world.quiet().await;
        assert_eq!(world.admin("/readyz").await.0, 200, "{code} is no trouble yet");
        for last in 1..7 {
            world.turn(5 * MINUTE); // longer than any wait
            until("it is tried again", || (tried(&world).1 > last).then_some(())).await;
            world.quiet().await;
            assert_eq!(tried(&world).1, last + 1, "once after each wait");
        }
        assert_done(world).await;
    }
}

#[tokio::test]
async fn retry_after_is_kept_to() {
    let world = world_answering(Answer::Status(429, vec![("retry-after", "90".to_owned())])).await;
    world.quiet().await;
    world.turn(89 * SECOND);
    world.quiet().await;
    assert_eq!(tried(&world).1, 1);
    world.turn(SECOND);
    until("it is tried again", || (tried(&world).1 == 2).then_some(())).await;
    world.quiet().await;
    assert_done(world).await;
}

#[tokio::test]
async fn what_is_refused_for_good_is_recorded_and_the_admins_are_told() {
    for code in [400, 413, 422] {
        let mut world = World::with_only(&simple(ONE)).await;
        world.bot.answers([status(code)]);
        world.say("9", SPAM).await;
        let alert = world.next().await;
        assert_eq!((alert["type"].as_str(), alert["cause"]["step"].as_str()), (Some("task"), Some("alert")), "{code}");
        assert_eq!(alert["case"], "1");
        world.settled().await;
        world.turn(HOUR);
        world.settled().await;
        assert_eq!(states(&world), ["failed", "done"]);
        let outbox = &dump::state(world.data.path())["outbox"];
        assert!(outbox[0].contains(&format!("HTTP {code}")), "{outbox:?}");
        assert_eq!(world.admin("/readyz").await.0, 200);
        world.finish().await;
    }
}

#[tokio::test]
async fn an_alert_that_fails_alerts_nobody() {
    let mut world = World::with_only(&simple(ONE)).await;
    world.bot.always(Some(status(400)));
    world.say("9", SPAM).await;
    world.settled().await;
    assert_eq!(states(&world), ["failed", "failed"]);
    world.finish().await;
}

#[tokio::test]
async fn gone_disables_the_bridge_until_the_next_start() {
    let mut world = world_answering(status(410)).await;
    world.quiet().await;
    let (status, why) = world.admin("/readyz").await;
    assert!(status == 503 && why.starts_with("bridge.example: disabled"), "{status} {why}");
    let (_, metrics) = world.admin("/metrics").await;
    assert!(metrics.contains(r#"qunwei_bridge_state{bridge="example",state="disabled"} 1"#), "{metrics}");
    world.say("8", SPAM).await; // events are still taken
    world.turn(HOUR);
    world.quiet().await;
    assert_eq!(tried(&world).1, 1, "nothing more is sent");
    world.bot.always(None);
    world.restart().await;
    world.next_kinds(2).await;
    world.settled().await;
    assert_eq!(world.admin("/readyz").await.0, 200);
    world.finish().await;
}

#[tokio::test]
async fn a_reload_that_somebody_asks_for_asks_a_disabled_bridge_again() {
    let world = world_answering(status(410)).await;
    world.quiet().await;
    world.bot.always(None);
    world.turn(MINUTE);
    world.quiet().await;
    assert_eq!(tried(&world).1, 1);
    assert!(!world.running().reloader.reload().await.unwrap().changed, "nothing of the files");
    assert_done(world).await;
}

/// Somebody to whom nothing may be sent: how many came.
async fn elsewhere() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (url, came) = (format!("http://{}/", listener.local_addr().unwrap()), Arc::<AtomicUsize>::default());
    let counted = came.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (url, came)
}

#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let (url, came) = elsewhere().await;
    for code in [301, 302, 303, 307, 308] {
        let world = world_answering(Answer::Status(code, vec![("location", url.clone())])).await;
        world.quiet().await;
        assert!(world.admin("/readyz").await.1.starts_with("bridge.example: broken"), "{code}");
        assert_done(world).await;
    }
    assert_eq!(came.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_breaks_the_bridge_until_it_makes_sense() {
    for code in [300, 304, 401, 402, 403, 404, 405, 406, 409, 411, 418, 451] {
        let world = world_answering(status(code)).await;
        world.quiet().await;
        let (status, why) = world.admin("/readyz").await;
        assert!(status == 503 && why.starts_with("bridge.example: broken"), "{code}: {status} {why}");
        let (_, metrics) = world.admin("/metrics").await;
        assert!(metrics.contains(r#"state="broken"} 1"#), "{metrics}");
        assert_done(world).await;
    }
}

#[tokio::test]
async fn no_answer_in_time_is_tried_again_where_a_repeated_id_is_dropped() {
    let world = world_answering(Answer::DoAndHang(Duration::from_secs(3))).await;
    world.quiet().await; // the answer is given up
    world.bot.always(None);
    world.turn(MINUTE);
    until("it is tried again", || (tried(&world).1 == 2).then_some(())).await;
    assert_eq!(world.next().await["type"], "private", "done once");
    world.settled().await;
    assert_eq!(states(&world), ["done"]);
    world.finish().await;
}

#[tokio::test]
async fn no_answer_in_time_is_uncertain_where_it_is_not() {
    let mut world = World::with_only(&simple(r#"["private", "task"]"#)).await;
    world.bot.answers([Answer::DoAndHang(Duration::from_secs(3))]);
    world.say("9", SPAM).await;
    let kinds = world.next_kinds(2).await;
    assert_eq!(kinds[1], ("task".to_owned(), "alert".to_owned()), "{kinds:?}");
    world.settled().await;
    assert_eq!(states(&world), ["uncertain", "done"]);
    world.finish().await;
}

#[tokio::test]
async fn what_is_too_late_expires_and_the_admins_are_told() {
    let world = world_answering(status(503)).await;
    for _ in 0..6 {
        world.quiet().await;
        world.turn(HOUR);
    }
    let alert = until("the alert is tried", || {
        world
            .bot
            .model()
            .attempts
            .values()
            .map(|(_, body)| serde_json::from_slice(body).unwrap())
            .find(|action: &Value| action["type"] == "task")
    })
    .await;
    assert!(alert["text"].as_str().unwrap().contains("时限"), "{alert}");
    world.quiet().await; // the answer to that attempt has been taken in: it waits by the clock as it stands
    world.bot.always(None);
    world.turn(5 * MINUTE);
    assert_eq!(world.next().await["type"], "task");
    world.settled().await;
    assert_eq!(states(&world), ["expired", "done"]);
    world.finish().await;
}

#[tokio::test]
async fn a_bot_that_is_down_for_an_hour_gets_everything_in_order() {
    let mut world = World::new().await;
    world.bot.always(Some(status(503)));
    for at in 0..30 {
        let user = format!("u{}", at % 10);
        world.say(&user, SPAM).await;
        world.quiet().await;
        world.turn(2 * MINUTE);
    }
    world.restart().await;
    world.bot.always(None);
    world.turn(5 * MINUTE);
    let mut turns = 0;
    while !world.running().is_idle(now(&world)) {
        world.turn(SECOND); // the pace is kept by the clock
        world.quiet().await;
        turns += 1;
        assert!(turns < 400, "it ends");
    }
    let done = world.bot.model().done.len();
    assert_eq!(world.next_kinds(done).await.len(), states(&world).len());
    assert!(states(&world).iter().all(|state| state == "done"));
    world.finish().await;
}
