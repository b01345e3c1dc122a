//! Whatever is sent: a clear answer, nothing half-stored, and the next good message is taken.

use std::time::Duration;

use qunwei::adapters::bridge::sign::{Secret, header_seconds, sign};
use qunwei::domain::time::Timestamp;
use qunwei::ports::Clock;
use serde_json::{Value, json};

use crate::support::{MORNING, SECRET, World, dump, signed};

const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

/// How many inputs are in the journal.
fn stored(world: &World) -> usize {
    dump::journal(world.data.path()).len()
}

fn message(fields: &str) -> String {
    format!(r#"{{"id":"b","type":"message","group":"g1","sender":{{"id":"u"}}{fields}}}"#)
}

#[tokio::test]
async fn a_malformed_body_is_refused_whole_and_says_what_is_wrong() {
    let mut world = World::new().await;
    let deep = format!(r#","text":"a","more":{}1{}"#, "[".repeat(5000), "]".repeat(5000));
    let rows: Vec<(Vec<u8>, &str, Option<&str>)> = vec![
        (b"".to_vec(), "neither an event nor an array", None),
        (b"hello".to_vec(), "neither an event nor an array", None),
        (b"7".to_vec(), "neither an event nor an array", None),
        (br#"{"id":"#.to_vec(), "EOF", None),
        (br#"{"id":"b","type":"message"} {}"#.to_vec(), "trailing", None),
        (b"[]".to_vec(), "no event", None),
        (b"[7]".to_vec(), "not a JSON object", None),
        (b"[{}".to_vec(), "EOF", None),
        (message(r#","text":"a""#).replace(r#""id":"b","#, "").into(), "id: is missing", Some("id")),
        (message(r#","text":"a""#).replace(r#""b""#, r#"[1]"#).into(), "must be a string", Some("id")),
        (message(r#","text":"a""#).replace(r#""b""#, "1.5").into(), "fraction", Some("id")),
        (message(r#","text":"a""#).replace(r#""b""#, r#""""#).into(), "is empty", Some("id")),
        (message(r#","text":"a""#).replace('b', &"b".repeat(600)).into(), "longer than", Some("id")),
        (message(r#","text":"a""#).replace(r#""group":"g1","#, "").into(), "is missing", Some("group")),
        (message(r#","text":"a""#).replace(r#"{"id":"u"}"#, "null").into(), "is missing", Some("sender")),
        (message(r#","text":"a""#).replace(r#"{"id":"u"}"#, "[]").into(), "must be an object", Some("sender")),
        (message(r#","text":"a""#).replace(r#""u""#, "true").into(), "must be", Some("sender.id")),
        (message(r#","text":"a""#).replace(r#""u""#, r#""u","role":"king""#).into(), "king", Some("sender.role")),
        (message("").into(), "is missing", Some("content")),
        (message(r#","text":5"#).into(), "must be a string", Some("text")),
        (message(r#","content":"a""#).into(), "must be an array", Some("content")),
        (message(r#","content":[{"type":"text"}]"#).into(), "is missing", Some("content[0].text")),
        (
            message(r#","content":[{"type":"text","text":"a"},{"text":"b"}]"#).into(),
            "is missing",
            Some("content[1].type"),
        ),
        (message(r#","text":"a","time":"gestern""#).into(), "RFC 3339", Some("time")),
        (message(r#","text":"a","time":"2026-11-22T10:00:00""#).into(), "offset", Some("time")),
        (message(r#","text":"a","time":1795395600"#).into(), "must be a string", Some("time")),
        (message(r#","text":"\ud800""#).into(), "hex escape", None),
        (message(r#","text":"a","more":{"x":"\udc00 b"}"#).into(), "surrogate", None),
        (message(&deep).into(), "recursion limit", None),
        ([message(r#","text":""#).as_bytes(), &[0xff, 0xfe], br#""}"#].concat(), "UTF-8", None),
    ];
    for (body, what, field) in rows {
        let before = stored(&world);
        let shown: String = String::from_utf8_lossy(&body).chars().take(120).collect();
        let (status, answer) = world.post(body).await;
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(status == 400 && error.contains(what), "{shown}: {status} {answer}");
        assert_eq!(answer["field"].as_str(), field, "{shown}: {answer}");
        assert!(error.len() < 300, "short enough to read: {error}");
        assert_eq!(stored(&world), before, "{shown}");
    }
    world.say("9", "好消息").await;
    world.finish().await;
}

#[tokio::test]
async fn one_bad_event_rejects_its_array_and_is_named() {
    let mut world = World::new().await;
    let good = |id: &str| world.message(id, "9", SPAM);
    let mut bad = good("m-2");
    bad["sender"]["id"] = json!({});
    let body = Value::Array(vec![good("m-1"), bad, good("m-3")]).to_string();
    let before = stored(&world);
    let (status, answer) = world.post(body).await;
    assert_eq!((status, &answer["index"], &answer["field"]), (400, &json!(1), &json!("sender.id")), "{answer}");
    assert_eq!(stored(&world), before);
    let many = Value::Array((0..1001).map(|at| world.message(&format!("x-{at}"), "9", "好")).collect()).to_string();
    let (status, answer) = world.post(many).await;
    assert!(status == 400 && answer["error"].as_str().unwrap().contains("1000"), "{answer}");
    assert_eq!(stored(&world), before);
    // The good ones alone, one of them twice with two bodies: the first wins.
    let other = json!({"id": "m-1", "type": "message", "group": "g1", "sender": {"id": "8"}, "text": SPAM});
    let body = Value::Array(vec![world.message("m-1", "9", "早"), other]).to_string();
    assert_eq!(world.post(body).await, (200, json!({"accepted": 1, "duplicates": 1})));
    world.finish().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let mut world = World::new().await;
    let before = stored(&world);
    let body = world.message("m-1", "9", &"长".repeat(10 << 20 >> 1)).to_string();
    let headers = signed("msg_1", world.clock.now(), body.as_bytes());
    assert_eq!(crate::support::post_large(&world, &headers, body.as_bytes()).await, 413);
    assert_eq!(stored(&world), before);
    world.say("9", "好消息").await;
    world.finish().await;
}

#[tokio::test]
async fn a_very_long_message_is_taken_and_judged() {
    let mut world = World::new().await;
    world.say("9", &"很长的话".repeat(25_000)).await;
    world.quiet().await;
    let state = dump::state(world.data.path());
    assert_eq!(state["cases"].len(), 1);
    assert!(state["cases"][0].contains(r#""rule":"length.long""#) && state["cases"][0].contains(r#""observe":true"#));
    is_asked(&world).await;
    world.finish().await;
}

/// The next action asks the admins to look at what was not read.
async fn is_asked(world: &World) {
    let action = world.next().await;
    assert!(action["text"].as_str().is_some_and(|text| text.contains("消息太长，只看了前一部分")), "{action}");
    assert_eq!(action["type"], "task");
}

#[tokio::test]
async fn what_of_a_message_is_too_long_to_be_read_is_left_to_a_person() {
    let mut world = World::new().await;
    // As long as is read, with an offer at its end; then with the offer behind that.
    world.say("9", &format!("{}{SPAM}", "长".repeat(20_000 - SPAM.chars().count()))).await;
    let step = |kind: &str| (kind.to_owned(), "warn_private".to_owned());
    assert_eq!(world.next_kinds(2).await, [step("delete"), step("private")]);
    let talk = "明天下午三点在会议室开会，记得带上材料。";
    world.say("8", &format!("{}{SPAM}", talk.repeat(1_400))).await;
    is_asked(&world).await;
    // The same where it is in many parts of a message.
    let card = json!({"type": "card", "title": talk.repeat(50)});
    let mut event = world.message("m-cards", "7", "");
    event["content"] = Value::Array(vec![card; 21]);
    event.as_object_mut().unwrap().remove("text");
    world.turn(Duration::from_secs(120)); // questions about one group are not asked all at once
    assert_eq!(world.post(event.to_string()).await.0, 200);
    is_asked(&world).await;
    // Who moderates is not asked about.
    let long = json!({"id": "m-boss", "type": "message", "group": "g1", "sender": {"id": "boss", "role": "admin"}, "text": "路".repeat(30_000)});
    assert_eq!(world.post(long.to_string()).await.0, 200);
    world.quiet().await;
    let state = dump::state(world.data.path());
    let punished = state["cases"].iter().filter(|case| case.contains(r#""observe":false"#)).count();
    assert_eq!(punished, 1, "{:?}", state["cases"]);
    world.finish().await;
}

#[tokio::test]
async fn signatures_are_needed_fresh_and_right() {
    let world = World::new().await;
    let body = world.message("m-1", "9", SPAM).to_string().into_bytes();
    let now = world.clock.now();
    let good = |at: Timestamp| signed("msg_1", at, &body).to_vec();
    let replace = |name: &str, value: &str| -> Vec<(&str, String)> {
        let one = |(key, old): (&'static str, String)| (key, if key == name { value.to_owned() } else { old });
        good(now).into_iter().map(one).collect()
    };
    let other = Secret::parse("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let wrong = sign(&other, "msg_1", now, &body);
    let right = sign(&Secret::parse(SECRET).unwrap(), "msg_1", now, &body);
    let late = now.plus(Duration::from_secs(302));
    let early = now.minus(Duration::from_secs(302));
    let rows = [
        ("no header at all", Vec::new()),
        ("no signature", good(now)[..2].to_vec()),
        ("another secret", replace("webhook-signature", &wrong)),
        ("another id", replace("webhook-id", "msg_2")),
        ("another time", replace("webhook-timestamp", &header_seconds(now.plus(Duration::from_secs(1))).to_string())),
        ("no time", replace("webhook-timestamp", "soon")),
        ("a later version only", replace("webhook-signature", &right.replace("v1,", "v2,"))),
        ("no base64", replace("webhook-signature", "v1,???")),
        ("empty", replace("webhook-signature", "")),
        ("five minutes late", good(early)),
        ("five minutes early", good(late)),
    ];
    for (what, headers) in rows {
        let (status, answer) = world.post_with(&headers, body.clone()).await;
        assert!(status == 401 && answer["error"].is_string(), "{what}: {status} {answer}");
    }
    assert_eq!(stored(&world), 1, "only that the rules came into force");
    let several = replace("webhook-signature", &format!("v2,abc {wrong} {right} v1a,xyz"));
    assert_eq!(world.post_with(&several, body.clone()).await.0, 200, "any that is right will do");
    let (status, _, answer) = world.post_to("nobody", &good(now), body).await;
    assert!(status == 404 && answer["error"].as_str().unwrap().contains("bridge"), "{answer}");
    world.next_kinds(2).await;
    world.finish().await;
}

#[tokio::test]
async fn times_that_cannot_be_are_stored_or_replaced() {
    let mut world = World::new().await;
    let at = |id: &str, time: Option<&str>| {
        let mut event = json!({"id": id, "type": "message", "group": "g1", "sender": {"id": id}, "text": SPAM});
        if let Some(time) = time {
            event["time"] = json!(time);
        }
        event.to_string()
    };
    for (id, time) in
        [("p-1", "1970-01-01T00:00:00Z"), ("p-2", "0001-01-01T00:00:00Z"), ("p-3", "2026-11-22T08:59:59+08:00")]
    {
        let body = at(id, Some(time));
        assert_eq!(world.post(body).await, (200, json!({"accepted": 1, "duplicates": 0})), "{time}");
    }
    world.quiet().await;
    assert!(dump::state(world.data.path())["cases"].is_empty(), "stored and never acted on");
    for (id, time) in [("f-1", Some("9999-12-31T23:59:59Z")), ("f-2", Some("2026-11-23T09:05:01+08:00")), ("f-3", None)]
    {
        let body = at(id, time);
        assert_eq!(world.post(body).await.0, 200, "{time:?}");
        let kinds = world.next_kinds(2).await;
        assert!(kinds.contains(&("private".to_owned(), "warn_private".to_owned())), "{kinds:?}");
    }
    let body = at("f-4", Some("2026-11-23T09:05:00+08:00")); // as far ahead as may be
    assert_eq!(world.post(body).await.0, 200);
    world.next_kinds(2).await;
    let given = format!(" | {} | ", MORNING.0);
    let replaced: Vec<_> =
        dump::journal(world.data.path()).into_iter().filter(|row| row.matches(&given).count() > 1).collect();
    assert_eq!(replaced.len(), 3, "{replaced:#?}");
    let (_, metrics) = world.admin("/metrics").await;
    for line in ["qunwei_event_times_ahead_total 2", "qunwei_event_times_missing_total 1", r#"outcome="too_old"} 3"#] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    world.finish().await;
}

#[tokio::test]
async fn groups_that_no_file_names_get_the_default_profile_or_are_ignored() {
    let mut world = World::new().await;
    let mut event = world.message("m-1", "9", SPAM);
    event["group"] = json!("never heard of");
    assert_eq!(world.post(event.to_string()).await.0, 200);
    assert_eq!(world.next().await["group"], "never heard of");
    world.next().await;
    world.finish().await;

    let mut world = World::with_only(
        r#"
[daemon]
unknown_groups = "ignore"
[bridge.example]
secret_env = "QUNWEI_EXAMPLE_SECRET"
actions_url_env = "QUNWEI_EXAMPLE_ACTIONS_URL"
capabilities = ["private", "idempotent"]
[[rule]]
name = "ads.contact"
kind = "regex"
title = "广告"
patterns = ['加薇信']
hit = ["加薇信"]
[group.known]
"#,
    )
    .await;
    assert_eq!(world.post(event.to_string()).await, (200, json!({"accepted": 1, "duplicates": 0})));
    let mut known = world.message("m-2", "9", "加薇信");
    known["group"] = json!("known");
    assert_eq!(world.post(known.to_string()).await.0, 200);
    assert_eq!(world.next().await["group"], "known");
    world.settled().await;
    assert_eq!(stored(&world), 4, "the rules, both events, and how the action ended");
    world.finish().await;
}
