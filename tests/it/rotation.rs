//! Secrets that are changed while requests come in and actions go out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use qunwei::adapters::bridge::sign::{Secret, header_seconds, sign};
use qunwei::ports::Clock;
use serde_json::json;

use crate::support::bot::Bot;
use crate::support::{SECRET, World, until};

const NEW: &str = "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3";

fn config(secrets: &str, url: &str) -> String {
    format!(
        r#"
[bridge.example]
{secrets}
actions_url = "{url}"
capabilities = ["private", "idempotent"]
[[rule]]
name = "ads.contact"
kind = "regex"
title = "广告"
patterns = ['加薇信']
hit = ["加薇信"]
"#
    )
}

/// Sends one event after the other until it is told to end; the secret is that which `phase` says.
async fn send(
    listen: std::net::SocketAddr,
    now: qunwei::domain::time::Timestamp,
    phase: Arc<[AtomicUsize; 2]>,
) -> usize {
    let (http, secrets) = (reqwest::Client::new(), [SECRET, NEW].map(|secret| Secret::parse(secret).unwrap()));
    let mut sent = 0;
    loop {
        let at = phase[0].load(Ordering::SeqCst);
        let Some(secret) = secrets.get(at) else { return sent };
        sent += 1;
        let id = format!("r-{sent}");
        let body =
            json!({"id": id, "type": "message", "group": "g1", "sender": {"id": id}, "text": "大家好"}).to_string();
        let request = http.post(format!("http://{listen}/hooks/bridge/example"));
        let request = request.header("webhook-id", &id).header("webhook-timestamp", header_seconds(now));
        let request = request.header("webhook-signature", sign(secret, &id, now, body.as_bytes()));
        let status = request.body(body).send().await.unwrap().status().as_u16();
        assert_eq!(status, 200, "request {sent} was refused");
        phase[1].store(at * 1_000_000 + sent, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_changed_without_losing_a_request() {
    let world = World::with_only(&config("secret_env = \"QUNWEI_EXAMPLE_SECRET\"", "http://127.0.0.1:9/nobody")).await;
    let newer = Bot::start(NEW, world.clock.clone()).await; // it knows the new secret alone, as the world's knows the old
    let phase = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let sender = tokio::spawn(send(world.running().listen, world.clock.now(), phase.clone()));
    let more = async |secret: usize| {
        let from = phase[1].load(Ordering::SeqCst);
        let enough = || {
            let at = phase[1].load(Ordering::SeqCst);
            (at / 1_000_000 == secret && at % 1_000_000 > from % 1_000_000 + 20).then_some(())
        };
        until("twenty more are taken in", enough).await;
    };
    more(0).await;
    world.write("config/now.txt", NEW);
    world.write("config/before.txt", SECRET);
    let both = "secret_file = \"now.txt\"\nprevious_secret_file = \"before.txt\"";
    let mut world = world;
    for bot in [world.bot.url(), newer.url()] {
        world.write("config/test.toml", &config(both, &bot));
        world.running().reloader.reload().await.unwrap();
        more(0).await; // the sender still has the old one
        world.say(&format!("spammer of {bot}"), "加薇信 abc12345").await;
        until("the action is done", || world.bot.read().or_else(|| newer.read())).await;
        world.settled().await;
    }
    phase[0].store(1, Ordering::SeqCst);
    more(1).await;
    world.write("config/test.toml", &config("secret_file = \"now.txt\"", &newer.url()));
    world.running().reloader.reload().await.unwrap();
    more(1).await;
    phase[0].store(2, Ordering::SeqCst);
    assert!(sender.await.unwrap() > 100);
    let event = world.message("late", "1", "大家好").to_string();
    assert_eq!(world.post(event).await.0, 401, "the old one is over");
    assert_eq!(newer.faults(), [""; 0], "both secrets signed, each bot knew one");
    world.finish().await;
}
