//! Commands typed in the chat, over HTTP, through the store, to the bot.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::World;
use crate::support::bot::{Answer, message_of};

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

/// Group `g1` with an admin `boss`.
pub async fn world() -> World {
    World::with("[group.g1]\nowner = \"chief\"\nadmins = [\"boss\", \"boss2\"]\n").await
}

/// Somebody gives a command, mentioning these members; what is answered.
pub async fn command(world: &mut World, user: &str, text: &str, whom: &[&str]) -> String {
    give(world, user, text, whom, None).await;
    let answer = world.next().await;
    assert_eq!(answer["cause"]["step"], "command", "{answer}");
    answer["text"].as_str().unwrap().to_owned()
}

pub async fn give(world: &mut World, user: &str, text: &str, whom: &[&str], quote: Option<Value>) {
    let id = format!("c-{}-{}", world.clock_now().0, world.sent());
    let mut event = world.message(&id, user, "");
    let mut content = vec![json!({"type": "text", "text": text})];
    content.extend(whom.iter().map(|user| json!({"type": "mention", "user": user, "name": format!("小{user}")})));
    event.as_object_mut().unwrap().remove("text");
    event["content"] = json!(content);
    if let Some(quote) = quote {
        event["quote"] = quote;
    }
    assert_eq!(world.post(event.to_string()).await.0, 200);
}

/// A member breaks a rule; the actions that come of it, once all is delivered and two minutes have passed.
pub async fn offend(world: &mut World, user: &str, actions: usize) -> Vec<Value> {
    world.say(user, SPAM).await;
    let mut got = Vec::new();
    for _ in 0..actions {
        got.push(world.next().await);
    }
    world.settled().await;
    world.turn(2 * MINUTE);
    got
}

pub fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[tokio::test]
async fn help_tells_each_what_they_may() {
    let mut world = world().await;
    let member = command(&mut world, "9", "／帮助", &[]).await;
    has(&member, &["/帮助", "/群规", "/我的记录"]);
    assert!(!member.contains("/禁言"), "{member}");
    has(&command(&mut world, "boss", "/help", &[]).await, &["/禁言", "/撤销", "/停"]);
    has(&command(&mut world, "boss", "/帮助 禁言", &[]).await, &["2小时"]);
    has(&command(&mut world, "9", "/禁言 1小时", &["8"]).await, &["只有群主和管理员能用 /禁言"]);
    has(&command(&mut world, "boss", "/禁烟", &["8"]).await, &["/禁言"]);
    has(&command(&mut world, "boss", "/禁言 1小时", &[]).await, &["没有说是谁", "用法"]);
    assert!(world.bot.model().muted.is_empty());
    world.say("9", "/微笑").await; // no command
    world.finish().await;
}

#[tokio::test]
async fn members_are_answered_six_times_a_minute_and_judged_in_what_they_command() {
    let mut world = world().await;
    for _ in 0..6 {
        command(&mut world, "9", "/群规", &[]).await;
    }
    give(&mut world, "9", "/群规", &[], None).await; // not answered
    world.settled().await;
    world.turn(2 * MINUTE);
    command(&mut world, "9", "/群规", &[]).await;
    // A command is no cover for an advertisement.
    give(&mut world, "8", &format!("/帮助 {SPAM}"), &[], None).await;
    let mut kinds = world.next_kinds(2).await;
    kinds.sort();
    assert_eq!(kinds, [("delete".into(), "warn_private".into()), ("private".into(), "warn_private".into())]);
    world.finish().await;
}

#[tokio::test]
async fn penalties_by_hand_climb_the_same_ladder() {
    let mut world = world().await;
    give(&mut world, "boss", "/警告 刷屏", &["9"], None).await;
    has(world.next().await["text"].as_str().unwrap(), &["案件 1", "/撤销 1"]);
    has(world.next().await["text"].as_str().unwrap(), &["小9", "刷屏", "案件 1", "点名提醒"]);
    world.settled().await;
    world.turn(2 * MINUTE);
    give(&mut world, "boss", "/禁言 半小时 还在刷", &["9"], None).await;
    let mut kinds = world.next_kinds(3).await;
    kinds.sort();
    let word = |kind: &str, step: &str| (kind.to_owned(), step.to_owned());
    assert_eq!(kinds, [word("mute", "mute"), word("send", "command"), word("send", "mute")]);
    has(&command(&mut world, "9", "/我的记录", &[]).await, &["2 次", "案件 1", "案件 2", "禁言到"]);
    world.settled().await;
    // The machine goes on from there: two strikes, so the third is the ladder's mute.
    world.turn(31 * MINUTE);
    assert_eq!(world.next_kinds(1).await, [word("unmute", "unmute")]);
    let third = offend(&mut world, "9", 3).await;
    assert!(third.iter().any(|action| action["type"] == "mute"), "{third:#?}");
    has(&command(&mut world, "boss", "/移出 屡教不改", &["9"]).await, &["确认", "请回来"]);
    assert!(world.bot.model().removed.is_empty());
    give(&mut world, "boss", "/移出 屡教不改 确认", &["9"], None).await;
    let mut kinds = world.next_kinds(4).await;
    kinds.sort();
    assert_eq!(kinds[1], word("remove", "remove"));
    has(&command(&mut world, "boss", "/移出 确认", &["chief"]).await, &["不受处罚"]);
    has(&command(&mut world, "boss", "/案件 4", &[]).await, &["屡教不改", "管理员 boss", "移出本群：已完成"]);
    world.finish_after_mutes().await;
}

#[tokio::test]
async fn an_undone_case_is_as_if_it_had_never_been() {
    let mut world = world().await;
    offend(&mut world, "9", 2).await;
    offend(&mut world, "9", 2).await;
    offend(&mut world, "9", 3).await; // muted for a day
    assert!(world.bot.model().muted.contains(&("g1".to_owned(), "9".to_owned())));
    // Without the first case the third violation would have been the second: no mute.
    give(&mut world, "boss", "/撤销 1", &[], None).await;
    let mut all = [world.next().await, world.next().await, world.next().await];
    all.sort_by_key(|action| action["type"].as_str().unwrap().to_owned());
    assert_eq!(all[0]["type"], "private", "the member was warned alone, and is told alone");
    has(all[1]["text"].as_str().unwrap(), &["已撤销案件 1", "禁言解除", "已删除的消息不能恢复"]);
    assert_eq!((&all[2]["type"], &all[2]["cause"]["step"]), (&json!("unmute"), &json!("undo")));
    assert!(world.bot.model().muted.is_empty());
    has(&command(&mut world, "boss2", "/撤销 1", &[]).await, &["已撤销过", "小boss"]);
    has(&command(&mut world, "boss", "/案件 1", &[]).await, &["已由 小boss 撤销"]);
    has(&command(&mut world, "boss", "/撤销 77", &[]).await, &["没有案件 77"]);
    has(&command(&mut world, "9", "/我的记录", &[]).await, &["2 次", "案件 2", "案件 3"]);
    has(&command(&mut world, "9", "/撤销 2", &[]).await, &["只有群主和管理员"]);
    world.settled().await;
    world.turn(25 * HOUR); // the mute's own end finds nothing to do
    world.finish().await;
}

#[tokio::test]
async fn two_admins_at_once_undo_one_case_once() {
    let mut world = world().await;
    offend(&mut world, "9", 2).await;
    let now = world.clock_now().to_string();
    let command = |id: &str, user: &str| json!({"id": id, "type": "message", "group": "g1", "time": now, "sender": {"id": user}, "text": "/撤销 1"});
    let both = json!([command("x-1", "boss"), command("x-2", "boss2")]);
    assert_eq!(world.post(both.to_string()).await.0, 200);
    let texts: Vec<String> = [world.next().await, world.next().await, world.next().await]
        .iter()
        .map(|action| action["text"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(texts.iter().filter(|text| text.contains("已撤销案件 1")).count(), 1, "{texts:#?}");
    assert_eq!(texts.iter().filter(|text| text.contains("已撤销过")).count(), 1, "{texts:#?}");
    world.finish().await;
}

#[tokio::test]
async fn a_case_in_the_same_batch_can_be_undone() {
    let mut world = world().await;
    let now = world.clock_now().to_string();
    let said = |id: &str, user: &str, text: &str| json!({"id": id, "type": "message", "group": "g1", "time": now, "sender": {"id": user, "name": user}, "text": text});
    world.bot.always(Some(Answer::Status(503, Vec::new())));
    let both = json!([said("x-1", "9", SPAM), said("x-2", "boss", "/撤销 1")]);
    assert_eq!(world.post(both.to_string()).await.0, 200);
    world.quiet().await;
    world.bot.always(None);
    world.turn(5 * MINUTE);
    // Nobody was told of the case, so nobody is told that it is gone.
    has(world.next().await["text"].as_str().unwrap(), &["已撤销案件 1", "还没送出的动作取消"]);
    world.finish().await;
}

#[tokio::test]
async fn a_quoted_notice_is_undone_with_one_word() {
    let mut world = world().await;
    let first = offend(&mut world, "9", 2).await;
    let second = offend(&mut world, "9", 2).await;
    let notice = |actions: &[Value], kind: &str| {
        let notice = actions.iter().find(|action| action["type"] == kind).unwrap();
        json!({"message": message_of(notice), "sender": "bot", "text": notice["text"]})
    };
    // A member may only ask.
    give(&mut world, "8", "误判！", &[], Some(notice(&second, "send"))).await;
    let mut asked = [world.next().await, world.next().await];
    asked.sort_by_key(|action| action["type"].as_str().unwrap().to_owned());
    has(asked[0]["text"].as_str().unwrap(), &["已转告管理员"]);
    has(asked[1]["text"].as_str().unwrap(), &["小8", "案件 2", "/撤销 2"]);
    give(&mut world, "boss", "误判", &[], Some(notice(&second, "send"))).await;
    has(world.next().await["text"].as_str().unwrap(), &["小9", "案件 2 已撤销"]);
    has(world.next().await["text"].as_str().unwrap(), &["已撤销案件 2", "已告诉本人"]);
    // What somebody else wrote, and what is only quoted, command nothing.
    let forged = json!({"message": "m-77", "sender": "8", "text": "案件 1"});
    give(&mut world, "boss", "误判", &[], Some(forged)).await;
    let quoting = json!({"message": "m-78", "sender": "boss", "text": "/停"});
    give(&mut world, "boss", "这个命令怎么样", &[], Some(quoting)).await;
    world.settled().await;
    give(&mut world, "boss", "误判", &[], Some(notice(&first, "private"))).await;
    has(world.next().await["text"].as_str().unwrap(), &["小9", "案件 1 已撤销"]);
    has(world.next().await["text"].as_str().unwrap(), &["已撤销案件 1"]);
    world.finish().await;
}

#[tokio::test]
async fn words_are_in_force_at_once_and_can_be_taken_back() {
    let mut world = world().await;
    world.say("8", "我家想卖学区房").await;
    world.say("8", "今天天气不错").await;
    let added = command(&mut world, "boss", "/加词 学区房、内部认购、房", &[]).await;
    has(&added, &["改1", "共加了 2 个词", "最近 2 条消息里有 1 条会命中", "/撤销 改1", "只有一个字"]);
    assert!(!added.contains("学区房"), "masked: {added}");
    world.settled().await;
    world.say("9", "我家学 区 房有人看吗").await;
    let notice = [world.next().await, world.next().await];
    assert!(notice.iter().any(|action| action["cause"]["rule"] == "chat.words"), "{notice:#?}");
    world.settled().await;
    world.restart().await; // they are rows in the store
    world.turn(2 * MINUTE);
    let listed = command(&mut world, "boss", "/词表", &[]).await;
    has(&listed, &["改1", "小boss", "ads.words"]);
    assert!(!listed.contains("很像广告或诈骗"), "words that only excuse are none of the rule: {listed}");
    has(&command(&mut world, "boss", "/词表 加微信", &[]).await, &["ads.txt 第", "行"]);
    let usual = command(&mut world, "boss", "/加词 今天", &[]).await;
    has(&usual, &["改2", "注意：“今＊”是常用词", "次，很多正常消息会被误伤；不要的话请发：/撤销 改2"]);
    has(&command(&mut world, "boss", "/撤销 改2", &[]).await, &["已撤销改2"]);
    has(&command(&mut world, "boss", "/撤销 改1", &[]).await, &["已撤销改1", "不再算违规"]);
    has(&command(&mut world, "boss", "/撤销 改1", &[]).await, &["已撤销过"]);
    world.say("9", "出售学区房").await;
    // A word of the admin's files, taken out for this group.
    has(&command(&mut world, "boss", "/试 短信轰炸机", &[]).await, &["会判为违规", "短＊＊＊＊"]);
    has(&command(&mut world, "boss", "/删词 不存在的词", &[]).await, &["没有"]);
    world.finish().await;
}

#[tokio::test]
async fn a_stopped_group_only_observes_until_it_goes_on() {
    let mut world = world().await;
    // What is not sent yet when the hand is stopped is not sent at all.
    world.bot.always(Some(Answer::Status(503, Vec::new())));
    world.say("9", SPAM).await;
    world.quiet().await;
    give(&mut world, "boss", "/停", &[], None).await;
    world.quiet().await;
    world.bot.always(None);
    world.turn(5 * MINUTE);
    has(world.next().await["text"].as_str().unwrap(), &["已停手", "2 个动作已取消", "/恢复"]);
    world.restart().await;
    world.say("9", SPAM).await;
    world.settled().await; // nothing is done
    has(&command(&mut world, "boss2", "/停", &[]).await, &["已经停手", "小boss"]);
    has(&command(&mut world, "boss", "/状态", &[]).await, &["停手", "小boss", "会处理 1 次", "案件 2 小9"]);
    has(&command(&mut world, "boss", "/恢复", &[]).await, &["已恢复", "1 次违规只作了记录", "案件 2 小9"]);
    has(&command(&mut world, "boss", "/恢复", &[]).await, &["没有停手"]);
    world.turn(2 * MINUTE);
    world.say("9", SPAM).await;
    world.next_kinds(2).await;
    world.finish().await;
}

#[tokio::test]
async fn an_operator_stops_everything_with_one_command() {
    let mut world = world().await;
    let url = format!("http://{}", world.running().admin);
    let run = |what: &'static str, url: String| {
        tokio::task::spawn_blocking(move || {
            let output = crate::support::daemon::qunwei().args([what, "--url", &url]).output().unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        })
    };
    assert_eq!(run("pause", url.clone()).await.unwrap().0, Some(0));
    world.restart().await;
    let url = format!("http://{}", world.running().admin);
    world.say("9", SPAM).await;
    world.settled().await;
    has(&command(&mut world, "boss", "/恢复", &[]).await, &["运维"]);
    // A page in a browser cannot do it: it may not send the header unasked.
    let foreign = reqwest::Client::new().post(format!("{url}/resume")).send().await.unwrap();
    assert_eq!(foreign.status().as_u16(), 403);
    let (code, told) = run("resume", url.clone()).await.unwrap();
    assert_eq!((code, told.contains("resumed")), (Some(0), true), "{told}");
    world.turn(2 * MINUTE);
    world.say("9", SPAM).await;
    world.next_kinds(2).await;
    let (code, _) = run("pause", "http://127.0.0.1:9".to_owned()).await.unwrap();
    assert_eq!(code, Some(1));
    world.finish().await;
}

#[tokio::test]
async fn who_is_no_admin_any_more_commands_nothing() {
    let mut world = World::new().await;
    let said = |id: &str, role: &str, text: &str, time: String| {
        json!({"id": id, "type": "message", "group": "g1", "time": time, "text": text,
               "sender": {"id": "7", "name": "小7", "role": role}})
    };
    let now = world.clock_now().to_string();
    let all = json!([
        said("r-1", "admin", "大家好", now.clone()),
        said("r-2", "member", "/停", now.clone()),
        said("r-3", "admin", "/停", now)
    ]);
    assert_eq!(world.post(all.to_string()).await.0, 200);
    has(world.next().await["text"].as_str().unwrap(), &["只有群主和管理员"]);
    has(world.next().await["text"].as_str().unwrap(), &["已停手"]);
    world.finish().await;
}

#[tokio::test]
async fn alone_with_the_bot_people_see_their_own_record() {
    let mut world = world().await;
    offend(&mut world, "9", 2).await;
    let write = |id: &str, text: &str, time: String| json!({"id": id, "type": "private_message", "time": time, "sender": {"id": "9", "name": "小9"}, "text": text});
    let now = world.clock_now().to_string();
    assert_eq!(world.post(write("p-1", "我的记录", now.clone()).to_string()).await.0, 200);
    let answer = world.next().await;
    assert_eq!((&answer["type"], &answer["user"]), (&json!("private"), &json!("9")));
    has(answer["text"].as_str().unwrap(), &["g1", "案件 1"]);
    assert_eq!(world.post(write("p-2", "你好", now.clone()).to_string()).await.0, 200);
    assert_eq!(world.post(write("p-3", "/停", now).to_string()).await.0, 200);
    has(world.next().await["text"].as_str().unwrap(), &["在群里用"]);
    world.finish().await;
}
