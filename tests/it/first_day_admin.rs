//! The first day of an admin: commands typed nearly right, and what is said of them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::World;

const MINUTE: Duration = Duration::from_secs(60);

async fn world() -> World {
    World::with("[group.g1]\nowner = \"chief\"\nadmins = [\"boss\"]\n").await
}

/// The admin says something, mentioning these members; what is done.
async fn command(world: &mut World, text: &str, whom: &[&str], quote: Option<Value>, actions: usize) -> Vec<Value> {
    let id = format!("c-{}-{}", world.clock_now().0, world.sent());
    let mut event = world.message(&id, "boss", "");
    let mut content = vec![json!({"type": "text", "text": text})];
    content.extend(whom.iter().map(|user| json!({"type": "mention", "user": user, "name": format!("小{user}")})));
    event.as_object_mut().unwrap().remove("text");
    event["content"] = json!(content);
    if let Some(quote) = quote {
        event["quote"] = quote;
    }
    assert_eq!(world.post(event.to_string()).await.0, 200);
    let mut done = Vec::new();
    for _ in 0..actions {
        done.push(world.next().await);
    }
    world.settled().await;
    done
}

/// The answer to the command among what was done.
fn answer(done: &[Value]) -> &str {
    let answer = done.iter().find(|action| action["cause"]["step"] == "command");
    answer.unwrap_or_else(|| panic!("no answer in {done:#?}"))["text"].as_str().unwrap()
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[tokio::test]
async fn a_length_behind_the_reason_counts_and_the_answer_says_what_was_done() {
    let mut world = world().await;
    let done = command(&mut world, "/禁言 刷屏 2小时", &["9"], None, 3).await;
    let mute = done.iter().find(|action| action["type"] == "mute").unwrap();
    assert_eq!(mute["seconds"], json!(7200), "{mute}");
    has(answer(&done), &["@小9", "禁言到", "案件 1", "/撤销 1"]);
    has(answer(&command(&mut world, "/禁言 一会儿", &["9"], None, 1).await), &["没看懂“一会儿”是多久"]);
    has(answer(&command(&mut world, "/解禁", &["9"], None, 2).await), &["已解除 @小9", "/撤销 1"]);
    has(answer(&command(&mut world, "/解禁", &["9"], None, 2).await), &["@小9 没有被我禁言"]);
    world.turn(2 * MINUTE);
    let done = command(&mut world, "/警告 刷屏", &["7", "8"], None, 3).await;
    has(answer(&done), &["@小7、@小8", "点名提醒", "案件 2、3", "/撤销 2、/撤销 3"]);
    has(answer(&command(&mut world, "/撤销 2 3", &[], None, 1).await), &["一次只能写一个编号"]);
    has(answer(&command(&mut world, "/移出 广告", &["9"], None, 1).await), &["/移出 @小9 广告 确认"]);
    world.finish_after_mutes().await;
}

#[tokio::test]
async fn a_mute_into_the_next_year_says_which() {
    let mut world = world().await;
    let done = command(&mut world, "/禁言 365天", &["9"], None, 3).await;
    has(answer(&done), &["禁言到 2027年"]);
    command(&mut world, "/解禁", &["9"], None, 2).await;
    world.finish_after_mutes().await;
}

#[tokio::test]
async fn who_is_quoted_is_called_by_name() {
    let mut world = world().await;
    world.say("9", "大家好").await;
    let quote = json!({"message": "m", "sender": "9", "text": "大家好"});
    let done = command(&mut world, "/警告 刷屏", &[], Some(quote), 2).await;
    has(answer(&done), &["@小9"]);
    world.finish().await;
}

#[tokio::test]
async fn a_shorter_mute_is_left_when_the_longer_one_is_undone() {
    let mut world = world().await;
    command(&mut world, "/禁言 1天", &["9"], None, 3).await;
    world.turn(2 * MINUTE);
    let done = command(&mut world, "/禁言 1小时", &["9"], None, 3).await;
    has(answer(&done), &["原来的禁言更晚结束"]);
    let done = command(&mut world, "/撤销 1", &[], None, 4).await;
    has(answer(&done), &["禁言缩短到"]);
    let mute = done.iter().find(|action| action["type"] == "mute").unwrap();
    assert_eq!(mute["seconds"], json!(3600), "{mute}");
    world.turn(61 * MINUTE);
    assert_eq!(world.next_kinds(1).await, [("unmute".to_owned(), "unmute".to_owned())]);
    world.finish_after_mutes().await;
}
