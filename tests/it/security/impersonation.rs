//! Members who call themselves what they are not, and commands that nobody gave.

use serde_json::{Value, json};

use crate::commands::{SPAM, world};
use crate::support::{World, dump};

/// What the bot is asked after an event.
async fn asked(world: &mut World, event: Value) -> Vec<Value> {
    let (status, answer) = world.post(event.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    world.quiet().await;
    world.settled().await;
    std::iter::from_fn(|| world.bot.read()).collect()
}

fn said(world: &World, id: &str, user: &str, name: &str, content: Value) -> Value {
    json!({"id": id, "type": "message", "group": "g1", "time": world.clock_now().to_string(), "sender": {"id": user, "name": name}, "content": content})
}

fn is_penalty(action: &Value) -> bool {
    matches!(action["type"].as_str(), Some("mute" | "remove" | "delete" | "unmute"))
        || matches!(action["cause"]["step"].as_str(), Some("warn_public" | "warn_private" | "mute" | "remove" | "undo"))
}

#[tokio::test]
async fn a_name_gives_no_rights() {
    let mut world = world().await;
    let names = ["群主", "管理员", "boss", "chief", "群卫", "guard", "系统通知", "管\u{200b}理员", "bоss"];
    for (no, name) in names.iter().enumerate() {
        for (at, words) in ["/禁言 ", "/移出 确认 ", "/停", "/加词 早上好"].iter().enumerate() {
            let content =
                json!([{"type": "text", "text": words}, {"type": "mention", "user": "victim", "name": "小李"}]);
            let id = format!("n-{no}-{at}");
            let user = format!("u{no}-{at}");
            let mut event = said(&world, &id, &user, name, content);
            event["time"] = json!(world.clock_now().to_string());
            let actions = asked(&mut world, event).await;
            assert!(!actions.iter().any(is_penalty), "{name} {words}: {actions:?}");
        }
    }
    let state = dump::state(world.data.path());
    assert!(state["pauses"].is_empty() && state["chat"].is_empty(), "{state:?}");
    assert!(state["commands"].iter().all(|row| row.contains("refused")), "{:?}", state["commands"]);
    world.finish().await;
}

#[tokio::test]
async fn who_is_called_like_an_admin_or_the_bot_is_put_before_the_admins() {
    let mut world = world().await;
    for (no, name) in [
        "群主",
        "管理员",
        "群 管 理 员",
        "群卫",
        "群衛",
        "管理員小王",
        "【官方】系统通知",
        "群\u{200b}主",
        "ＱＵＮＷＥＩ",
        "群主2号",
    ]
    .iter()
    .enumerate()
    {
        let event =
            said(&world, &format!("n-{no}"), &format!("u{no}"), name, json!([{"type": "text", "text": "大家好"}]));
        let actions = asked(&mut world, event).await;
        assert!(actions.iter().any(|action| action["cause"]["rule"] == "names.imitates"), "{name}: {actions:?}");
        assert!(!actions.iter().any(is_penalty), "nobody is punished for a name: {actions:?}");
        world.turn(std::time::Duration::from_secs(61));
    }
    // The real ones may be called so.
    for (no, user) in ["chief", "boss"].iter().enumerate() {
        let event = said(&world, &format!("r-{no}"), user, "群主", json!([{"type": "text", "text": "大家好"}]));
        let actions = asked(&mut world, event).await;
        assert!(!actions.iter().any(|action| action["cause"]["event"] == format!("r-{no}")), "{user}: {actions:?}");
    }
    world.finish().await;
}

#[tokio::test]
async fn what_is_quoted_or_forwarded_is_obeyed_by_nobody() {
    let mut world = world().await;
    let order = "/移出 @小李 确认";
    let mention = json!({"type": "mention", "user": "victim", "name": "小李"});
    let contents = [
        json!([{"type": "text", "text": "看这个"}, {"type": "chat_record", "text": order, "items": [{"sender": "boss", "text": order}]}, mention]),
        json!([{"type": "forward", "text": order, "content": [{"type": "text", "text": order}, mention]}]),
        json!([{"type": "card", "title": order}, mention]),
        json!([{"type": "link", "url": "https://a.example", "title": order}, mention]),
        json!([{"type": "file", "name": order}, mention]),
        json!([{"type": "image", "url": "https://a.example/x.png", "text": order}, mention]),
        json!([{"type": "text", "text": format!("他说：{order} ")}, mention]),
        json!([{"type": "text", "text": format!("“{order}” ")}, mention]),
        json!([{"type": "text", "text": format!("> {order} ")}, mention]),
        json!([{"type": "text", "text": "好的\n/移出 确认 "}, mention]),
        json!([{"type": "text", "text": format!("小王：\n{order} ")}, mention]),
        json!([{"type": "text", "text": format!("「boss: {order}」\n- - - - - - -\n哈哈 ")}, mention]),
    ];
    for (no, content) in contents.into_iter().enumerate() {
        // By an admin, who would be obeyed.
        let event = said(&world, &format!("q-{no}"), "boss", "老板", content.clone());
        let actions = asked(&mut world, event).await;
        assert!(!actions.iter().any(is_penalty), "{content}: {actions:?}");
    }
    // A quote of an order is no order either, and neither is one that claims to be the bot's notice.
    for (no, quote) in [
        json!({"message": "m-1", "sender": "boss", "text": order}),
        json!({"message": "m-2", "sender": "guard", "text": order}),
        json!({"message": "m-3", "sender": "9", "text": "案件 1"}),
        json!({"message": "m-4", "text": "案件 1"}),
    ]
    .into_iter()
    .enumerate()
    {
        for (at, words) in ["哈哈", "看看", "同意"].iter().enumerate() {
            let mut event =
                said(&world, &format!("qq-{no}-{at}"), "boss", "老板", json!([{"type": "text", "text": words}]));
            event["quote"] = quote.clone();
            let actions = asked(&mut world, event).await;
            assert!(!actions.iter().any(is_penalty), "{words} on {quote}: {actions:?}");
        }
    }
    // An edit that becomes an order, and an order that was recalled.
    let edited = json!({"id": "ed-1", "type": "message_edited", "group": "g1", "message": "q-1", "time": world.clock_now().to_string(), "sender": {"id": "boss"}, "content": [{"type": "text", "text": "/移出 确认 "}, mention]});
    assert!(!asked(&mut world, edited).await.iter().any(is_penalty));
    assert!(dump::state(world.data.path())["cases"].is_empty());
    world.finish().await;
}

#[tokio::test]
async fn a_forged_notice_undoes_nothing() {
    let mut world = world().await;
    world.say("9", SPAM).await;
    world.settled().await;
    while world.bot.read().is_some() {}
    // Who may undo, and quotes what a member wrote to look like a notice.
    for (no, quote) in [
        json!({"message": "x", "sender": "9", "text": "您的消息被判为广告（案件 1）"}),
        json!({"message": "x", "text": "案件 1"}),
        json!({"sender": "群卫", "text": "案件 1"}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut event = said(&world, &format!("f-{no}"), "boss", "老板", json!([{"type": "text", "text": "误判"}]));
        event["quote"] = quote;
        let actions = asked(&mut world, event).await;
        assert!(!actions.iter().any(is_penalty), "{actions:?}");
    }
    assert!(dump::state(world.data.path())["undone"].is_empty());
    let event = said(&world, "u-1", "boss", "老板", json!([{"type": "text", "text": "/撤销 1"}]));
    let actions = asked(&mut world, event).await;
    assert!(
        actions.iter().any(|action| action["text"].as_str().is_some_and(|text| text.contains("已撤销案件 1"))),
        "{actions:?}"
    );
    world.finish().await;
}

/// The role that a bridge tells of a member is the bridge's word; a member cannot write it into a message.
#[tokio::test]
async fn rights_are_not_taken_from_what_members_write() {
    let mut world = world().await;
    let mut event = said(
        &world,
        "r-1",
        "9",
        "小王",
        json!([{"type": "text", "text": "/停 {\"role\":\"owner\"}", "role": "owner", "sender": {"id": "boss", "role": "owner"}}]),
    );
    event["role"] = json!("owner");
    event["quote"] = json!({"message": "m", "sender": "boss", "role": "owner", "text": "/停"});
    let actions = asked(&mut world, event).await;
    assert_eq!(actions.len(), 1, "{actions:?}");
    assert!(actions[0]["text"].as_str().unwrap().contains("能用"), "{actions:?}");
    assert!(dump::state(world.data.path())["pauses"].is_empty());
    world.finish().await;
}
