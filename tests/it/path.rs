//! A message in, a penalty out: over HTTP, through the store, to the bot.

use std::time::Duration;

use serde_json::json;

use crate::support::World;
use crate::support::bot::Answer;

const MINUTE: Duration = Duration::from_secs(60);
const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

#[tokio::test]
async fn violations_climb_the_ladder_and_the_mute_ends() {
    let mut world = World::new().await;
    world.say("1", "大家早上好").await;
    let expected = [
        vec![("delete", "warn_private"), ("private", "warn_private")],
        vec![("delete", "warn_public"), ("send", "warn_public")],
        vec![("delete", "mute"), ("mute", "mute"), ("send", "mute")],
    ];
    for step in expected {
        world.say("9", SPAM).await;
        let mut got = world.next_kinds(step.len()).await;
        got.sort();
        let mut step: Vec<_> = step.into_iter().map(|(kind, step)| (kind.to_owned(), step.to_owned())).collect();
        step.sort();
        assert_eq!(got, step);
        world.settled().await;
        world.turn(5 * MINUTE);
    }
    assert!(world.bot.model().muted.contains(&("g1".to_owned(), "9".to_owned())));
    world.turn(Duration::from_secs(24 * 3600));
    assert_eq!(world.next_kinds(1).await, [("unmute".to_owned(), "unmute".to_owned())]);
    assert!(world.bot.model().muted.is_empty());
    world.say("9", SPAM).await;
    let mut kinds: Vec<String> = world.next_kinds(4).await.into_iter().map(|(kind, _)| kind).collect();
    kinds.sort();
    assert_eq!(kinds, ["delete", "private", "remove", "send"]);
    world.finish().await;
}

#[tokio::test]
async fn a_burst_is_one_case_until_a_minute_after_the_notice_arrived() {
    let mut world = World::new().await;
    // The notice does not arrive: everything said meanwhile belongs to the case.
    world.bot.always(Some(Answer::Status(503, Vec::new())));
    world.say("9", SPAM).await;
    world.quiet().await;
    world.turn(10 * MINUTE);
    world.say("9", SPAM).await;
    world.quiet().await;
    world.bot.always(None);
    world.turn(10 * MINUTE);
    let first: Vec<_> = [world.next().await, world.next().await, world.next().await]
        .into_iter()
        .filter(|action| action["type"] == "private")
        .collect();
    assert_eq!(first.len(), 1, "one notice for the burst");
    assert_eq!(first[0]["cause"]["case"], "1");
    world.settled().await;
    world.turn(Duration::from_secs(59));
    world.say("9", SPAM).await; // still within the minute
    assert_eq!(world.next().await["type"], "delete");
    world.turn(Duration::from_secs(2));
    world.say("9", SPAM).await; // a case of its own
    let kinds = world.next_kinds(2).await;
    assert!(kinds.contains(&("send".to_owned(), "warn_public".to_owned())), "{kinds:?}");
    world.finish().await;
}

#[tokio::test]
async fn a_second_delivery_acts_no_second_time_even_after_a_restart() {
    let mut world = World::new().await;
    let event = world.message("m-1", "9", SPAM).to_string();
    assert_eq!(world.post(event.clone()).await, (200, json!({"accepted": 1, "duplicates": 0})));
    world.next_kinds(2).await;
    assert_eq!(world.post(event.clone()).await, (200, json!({"accepted": 0, "duplicates": 1})));
    world.restart().await;
    assert_eq!(world.post(event).await, (200, json!({"accepted": 0, "duplicates": 1})));
    let other = world.message("m-1", "9", "另一段文字").to_string();
    assert_eq!(world.post(other).await, (200, json!({"accepted": 0, "duplicates": 1})));
    let (_, metrics) = world.admin("/metrics").await;
    assert!(metrics.contains("outcome=\"duplicate_other_body\"} 1"), "{metrics}");
    world.finish().await;
}

#[tokio::test]
async fn strikes_outlive_a_restart() {
    let mut world = World::new().await;
    world.say("9", SPAM).await;
    world.next_kinds(2).await;
    world.settled().await;
    world.restart().await;
    world.turn(5 * MINUTE);
    world.say("9", SPAM).await;
    let kinds = world.next_kinds(2).await;
    assert!(kinds.contains(&("send".to_owned(), "warn_public".to_owned())), "{kinds:?}");
    world.finish().await;
}

#[tokio::test]
async fn a_mute_ends_even_when_the_daemon_was_down_at_the_time() {
    let mut world = World::with("[profile.strict]\nladder = [\"mute 1h\"]\n[group.g1]\nprofile = \"strict\"\n").await;
    world.say("9", SPAM).await;
    world.next_kinds(3).await;
    world.settled().await;
    world.down().await;
    world.turn(90 * MINUTE);
    world.up().await;
    assert_eq!(world.next().await["type"], "unmute");
    world.finish().await;
}

#[tokio::test]
async fn admins_are_not_punished_and_their_roles_are_remembered() {
    let mut world = World::new().await;
    let mut event = world.message("m-1", "5", SPAM);
    event["sender"]["role"] = json!("admin");
    assert_eq!(world.post(event.to_string()).await.0, 200);
    world.restart().await;
    world.say("5", SPAM).await; // the role is not said again
    world.finish().await;
}

#[tokio::test]
async fn an_edit_that_turns_bad_is_judged_and_the_same_finding_stays_the_same_case() {
    let mut world = World::new().await;
    world.say("9", "今天天气不错").await;
    let time = "2026-11-23T09:00:30+08:00";
    let edit = |id: &str, text: &str| {
        json!({"id": id, "type": "message_edited", "group": "g1", "time": time, "message": "m-1",
               "sender": {"id": "9", "name": "小9"}, "text": text})
        .to_string()
    };
    world.turn(MINUTE);
    assert_eq!(world.post(edit("e-1", "加微信 abc12345")).await.0, 200);
    let kinds = world.next_kinds(2).await;
    assert!(kinds.contains(&("private".to_owned(), "warn_private".to_owned())), "{kinds:?}");
    world.settled().await;
    world.turn(5 * MINUTE);
    world.restart().await;
    assert_eq!(world.post(edit("e-2", "加微信 abc12345")).await.0, 200);
    world.finish().await;
}
