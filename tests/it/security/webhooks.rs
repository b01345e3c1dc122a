//! Forged and replayed requests.

use std::time::Duration;

use qunwei::adapters::bridge::sign::{Secret, header_seconds, sign};
use qunwei::ports::Clock;
use qunwei::web::wecom::Limits;
use serde_json::json;

use crate::commands::SPAM;
use crate::fake_wecom::Attempt;
use crate::support::corp::{APP, Corp, ONCE, ROBOT};
use crate::support::pull::{ask, fetching};
use crate::support::{SECRET, TOKEN, World, dump, signed};

fn stored(world: &World) -> usize {
    dump::journal(world.data.path()).len()
}

#[tokio::test]
async fn a_recorded_webhook_is_a_duplicate_and_then_too_old() {
    let mut world = World::new().await;
    let body = world.message("recorded", "9", SPAM).to_string().into_bytes();
    let headers = signed("msg_1", world.clock.now(), &body);
    assert_eq!(world.post_with(&headers, body.clone()).await, (200, json!({"accepted": 1, "duplicates": 0})));
    world.next_kinds(2).await;
    for _ in 0..3 {
        assert_eq!(world.post_with(&headers, body.clone()).await, (200, json!({"accepted": 0, "duplicates": 1})));
    }
    world.settled().await;
    let before = stored(&world);
    for seconds in [301, 86_400, 90 * 86_400] {
        world.turn(Duration::from_secs(seconds));
        let (status, answer) = world.post_with(&headers, body.clone()).await;
        assert_eq!(status, 401, "{answer}");
    }
    world.quiet().await;
    assert_eq!(stored(&world), before);
    world.say("8", "好消息").await;
    world.finish().await;
}

#[tokio::test]
async fn nothing_of_a_signature_can_be_used_for_something_else() {
    let world = World::new().await;
    let body = world.message("m-1", "9", SPAM).to_string();
    let now = world.clock.now();
    let seconds = header_seconds(now);
    let secret = Secret::parse(SECRET).unwrap();
    let sound = sign(&secret, "msg_1", now, body.as_bytes());
    let signature = sound.trim_start_matches("v1,");
    let other = body.replace("m-1", "m-2");
    // What is signed is `id.time.body`: none of the dots may be moved.
    let rows = [
        ("another body", "msg_1".to_owned(), seconds.to_string(), sound.clone(), other.clone()),
        ("a piece of the body in the time", "msg_1".into(), format!("{seconds}.{body}"), sound.clone(), String::new()),
        ("the time in the id", format!("msg_1.{seconds}"), String::new(), sound.clone(), body.clone()),
        ("a sign before the time", "msg_1".into(), format!("+{seconds}"), sound.clone(), body.clone()),
        ("a zero before the time", "msg_1".into(), format!("0{seconds}"), sound.clone(), body.clone()),
        ("a bare signature", "msg_1".into(), seconds.to_string(), signature.to_owned(), body.clone()),
        ("a piece of it", "msg_1".into(), seconds.to_string(), sound[..sound.len() - 4].to_owned(), body.clone()),
        ("too much of it", "msg_1".into(), seconds.to_string(), format!("{sound}AAAA"), body.clone()),
        ("nothing behind the version", "msg_1".into(), seconds.to_string(), "v1,".to_owned(), body.clone()),
        (
            "an empty secret's",
            "msg_1".into(),
            seconds.to_string(),
            sign(&Secret::from_bytes(b""), "msg_1", now, body.as_bytes()),
            body.clone(),
        ),
    ];
    for (what, id, time, signature, body) in rows {
        let headers = [("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", signature)];
        let (status, answer) = world.post_with(&headers, body.into_bytes()).await;
        assert_eq!(status, 401, "{what}: {answer}");
    }
    // Many wrong signatures in one header find nothing and cost little.
    let many = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= ".repeat(500);
    let headers =
        [("webhook-id", "msg_1".to_owned()), ("webhook-timestamp", seconds.to_string()), ("webhook-signature", many)];
    assert_eq!(world.post_with(&headers, body.into_bytes()).await.0, 401);
    assert_eq!(stored(&world), 1, "only that the rules came into force");
    world.finish().await;
}

#[tokio::test]
async fn one_bridge_cannot_speak_for_another() {
    let other = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    let toml = r#"
[bridge.other]
secret_env = "OTHER"
actions_url_env = "QUNWEI_EXAMPLE_ACTIONS_URL"
capabilities = ["send"]
"#;
    let world = World::with_env(toml, vec![("OTHER".to_owned(), other.to_owned())]).await;
    // Named for another platform in its body, an event belongs to the bridge it came by.
    let mut event = world.message("m-1", "9", "早上好");
    event["platform"] = json!("other");
    let body = event.to_string().into_bytes();
    let headers = signed("msg_1", world.clock.now(), &body);
    assert_eq!(world.post_to("other", &headers, body.clone()).await.0, 401, "signed by another bridge");
    assert_eq!(world.post_to("example", &headers, body).await.0, 200);
    world.quiet().await;
    let last = dump::journal(world.data.path()).pop().unwrap();
    assert_eq!(last.split(" | ").nth(3), Some("example"), "{last}");
    world.finish().await;
}

#[tokio::test]
async fn a_token_opens_its_own_bridge_alone() {
    let world = World::with_only(&fetching(r#"["private","idempotent"]"#)).await;
    let wrong = [
        None,
        Some(String::new()),
        Some(TOKEN[..TOKEN.len() - 1].to_owned()),
        Some(format!("{TOKEN}x")),
        Some(TOKEN.to_uppercase()),
        Some(SECRET.to_owned()),
        Some("x".repeat(100_000)),
    ];
    for token in wrong {
        for (method, path) in [("GET", "example/actions?wait=0"), ("POST", "example/actions/ack")] {
            let (status, answer) = ask(&world, method, path, token.as_deref(), r#"{"done":[]}"#).await;
            assert!([401, 431].contains(&status), "{method} {path}: {status} {answer}");
        }
    }
    assert_eq!(ask(&world, "GET", "sent/actions?wait=0", Some(TOKEN), "").await.0, 409);
    assert_eq!(ask(&world, "GET", "example/actions?wait=0", Some(TOKEN), "").await.0, 200);
    world.finish().await;
}

#[tokio::test]
async fn who_cannot_sign_uses_up_nothing_that_the_bot_may_send() {
    let toml = "[bridge.limited]\nsecret_env = \"LIMITED\"\nactions_url_env = \"QUNWEI_EXAMPLE_ACTIONS_URL\"\nrequests_per_minute = 2\ncapabilities = [\"send\"]\n";
    let world = World::with_env(toml, vec![("LIMITED".to_owned(), SECRET.to_owned())]).await;
    let body = world.message("m-1", "9", "早").to_string().into_bytes();
    let forged = [
        ("webhook-id", "x".to_owned()),
        ("webhook-timestamp", header_seconds(world.clock.now()).to_string()),
        ("webhook-signature", "v1,AAAA".to_owned()),
    ];
    for _ in 0..50 {
        assert_eq!(world.post_to("limited", &forged, body.clone()).await.0, 401);
    }
    let headers = signed("msg_1", world.clock.now(), &body);
    assert_eq!(world.post_to("limited", &headers, body).await.0, 200);
    world.finish().await;
}

/// A message to a smart robot has no time of its own; once its id is forgotten it would be taken for a new one.
#[tokio::test]
async fn a_recorded_callback_is_a_duplicate_and_then_too_old() {
    let corp = Corp::with(|door| door.limits = Limits::default()).await;
    for (name, message) in [(ROBOT, corp.spoken("M1", SPAM)), (APP, corp.written(7, "你好"))] {
        let address = corp.address(name);
        let sealed = address.seal_with(message.as_bytes(), [7; 16], &corp.seconds().to_string(), "n1");
        let send = || address.send(&corp.client, ONCE.patience, &sealed);
        let Attempt::Answered(200, ..) = send().await else { panic!("a sound one is taken") };
        corp.world.quiet().await;
        while corp.world.bot.read().is_some() {}
        let known = corp.ids();
        let Attempt::Answered(200, ..) = send().await else { panic!("one that comes again is no fault") };
        for hours in [1, 23, 25, 24 * 40] {
            corp.world.turn(Duration::from_secs(hours * 3600));
            corp.world.quiet().await;
            while corp.world.bot.read().is_some() {}
            let Attempt::Answered(status, _, body) = send().await else { panic!("an answer") };
            assert_eq!(status, 401, "{hours} hours later: {body}");
        }
        assert_eq!(corp.ids(), known);
    }
    corp.world.finish().await;
}
