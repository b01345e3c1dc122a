//! Reminders set in the chat: read back, confirmed, listed, deleted; what people type by mistake, and who may.

use std::time::Duration;

use serde_json::{Value, json};

use crate::commands::{command, give, has, world};
use crate::support::daemon::{qunwei, stderr};
use crate::support::playground::Play;
use crate::support::{MORNING, World};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn one_is_read_back_confirmed_said_once_and_over() {
    let mut world = world().await;
    let answer = command(&mut world, "boss", "/提醒 明天9点 开会，别迟到！", &[]).await;
    has(
        &answer,
        &[
            "提醒 1",
            "还没有定下",
            "2026年11月24日（周二）09:00（Asia/Shanghai），只说一次",
            "开会，别迟到！",
            "/确认 1",
        ],
    );
    let set = command(&mut world, "boss", "/确认 1", &[]).await;
    has(&set, &["提醒 1 定下了", "2026年11月24日（周二）09:00", "/提醒 删除 1"]);
    has(&command(&mut world, "boss", "/确认 1", &[]).await, &["已经定下了"]);
    world.settled().await;
    world.killed().await;
    world.clock_is("2026-11-24T08:59:59+08:00").await;
    world.silent().await;
    world.clock_is("2026-11-24T09:00:00+08:00").await;
    let action = world.next().await;
    assert_eq!((&action["type"], &action["text"]), (&json!("send"), &json!("提醒：开会，别迟到！")));
    assert_eq!(action["cause"], json!({"step": "reminder", "reminder": "1"}));
    world.restart().await;
    has(&command(&mut world, "boss", "/提醒", &[]).await, &["本群没有提醒"]);
    has(&command(&mut world, "boss", "/提醒 明天9点 又开会", &[]).await, &["提醒 2"]);
    world.finish().await;
}

#[tokio::test]
async fn one_that_comes_again_is_listed_until_it_is_deleted() {
    let mut world = world().await;
    let read = command(&mut world, "boss", "/提醒 每周一三五 10:00 打卡", &[]).await;
    has(
        &read,
        &[
            "每周一、三、五 10:00（Asia/Shanghai），接下来是 2026年11月23日（周一）10:00、2026年11月25日（周三）10:00、2026年11月27日（周五）10:00",
        ],
    );
    has(&command(&mut world, "boss", "／提醒工作日下午6点 下班", &[]).await, &["工作日 18:00"]);
    has(
        &command(&mut world, "boss", "/提醒 列表", &[]).await,
        &["1  每周一、三、五 10:00  打卡（还没确认", "2  工作日 18:00"],
    );
    // Without a number: the last that this person wrote.
    has(&command(&mut world, "boss2", "/确认", &[]).await, &["没有等您确认的提醒"]);
    has(&command(&mut world, "boss", "/确认", &[]).await, &["提醒 2 定下了"]);
    has(&command(&mut world, "boss2", "／确认 １", &[]).await, &["提醒 1 定下了"]);
    world.clock_shows("10:00:00").await;
    assert_eq!(world.reminded().await, "提醒：打卡");
    has(
        &command(&mut world, "boss", "/提醒 列表", &[]).await,
        &["1  每周一、三、五 10:00  打卡（下次 2026年11月25日（周三）10:00）"],
    );
    let gone = command(&mut world, "boss", "/提醒 删除 1", &[]).await;
    has(&gone, &["已删除提醒 1", "/提醒 每周一、三、五 10:00 打卡"]);
    has(&command(&mut world, "boss", "/撤销 提醒2", &[]).await, &["已删除提醒 2"]);
    has(&command(&mut world, "boss", "/提醒 删除 1", &[]).await, &["本群没有提醒 1"]);
    // What the answer to a deletion says can be typed as it is.
    has(
        &command(&mut world, "boss", "/提醒 每周一、三、五 10:00 打卡", &[]).await,
        &["提醒 3", "每周一、三、五 10:00"],
    );
    world.clock_is("2026-11-25T10:00:00+08:00").await;
    world.finish().await;
}

#[tokio::test]
async fn what_nobody_confirms_in_time_is_not_set() {
    let mut world = world().await;
    command(&mut world, "boss", "/提醒 11点 开会", &[]).await;
    command(&mut world, "boss", "/提醒 1分钟后 快", &[]).await;
    world.turn(2 * MINUTE);
    has(&command(&mut world, "boss", "/确认 2", &[]).await, &["时间已经过了，没有定下"]);
    world.turn(9 * MINUTE);
    has(&command(&mut world, "boss", "/提醒 列表", &[]).await, &["没有提醒"]);
    has(&command(&mut world, "boss", "/确认 1", &[]).await, &["没有定下"]);
    world.clock_shows("11:00:00").await;
    world.finish().await;
}

#[tokio::test]
async fn what_cannot_be_is_answered_with_what_to_write() {
    let mut world = world().await;
    for (text, part) in [
        ("/提醒 开会", "没看懂什么时候"),
        ("/提醒 明天 开会", "没有写几点"),
        ("/提醒 每天 打卡", "没有写几点"),
        ("/提醒 明天9点", "没有写要提醒什么"),
        ("/提醒 今天8点 开会", "已经过了"),
        ("/提醒 2020-01-01 9:00 开会", "已经过了"),
        ("/提醒 2099-01-01 9:00 开会", "两年"),
        ("/提醒 明天25点 开会", "没看懂"),
        ("/提醒 每两周 9:00 开会", "隔这么久重复做不到"),
        ("/提醒 每月32号 9点 开会", "每月的哪一天"),
        ("/提醒 删除", "没有写提醒的编号"),
        ("/提醒 @小王 刷屏", "/警告"),
        ("/确认 三点", "不是提醒的编号"),
    ] {
        let (text, whom): (_, &[&str]) = if text.contains('@') { ("/提醒 ", &["9"]) } else { (text, &[]) };
        has(&command(&mut world, "boss", text, whom).await, &[part]);
    }
    let long = "长".repeat(301);
    has(&command(&mut world, "boss", &format!("/提醒 明天9点 {long}"), &[]).await, &["最多 300 个字"]);
    world.clock_shows("23:00:00").await;
    has(
        &command(&mut world, "boss", "/提醒 7点 晨跑", &[]).await,
        &["11月24日（周二）07:00", "安静时间", "08:00 才说", "准时"],
    );
    let punctual = command(&mut world, "boss", "/提醒 7点 准时 晨跑", &[]).await;
    has(&punctual, &["11月24日（周二）07:00", "内容：晨跑"]);
    assert!(!punctual.contains("安静时间"), "{punctual}");
    has(&command(&mut world, "boss", "/确认", &[]).await, &["定下了"]);
    world.clock_is("2026-11-24T07:00:00+08:00").await;
    assert_eq!(world.reminded().await, "提醒：晨跑");
    world.clock_is("2026-11-24T08:00:00+08:00").await;
    world.finish().await;
}

#[tokio::test]
async fn only_who_may_sets_reminders_and_nobody_else_calls_everybody_by_one() {
    let mut world = world().await;
    has(&command(&mut world, "9", "/提醒 明天9点 开会", &[]).await, &["只有群主和管理员能用"]);
    has(&command(&mut world, "9", "/确认 1", &[]).await, &["只有群主和管理员能用"]);
    has(&command(&mut world, "boss", "/提醒 10点 @所有人 开会", &[]).await, &["内容：@所有人 开会"]);
    give(&mut world, "boss", "/提醒 11点 交作业 ", &["7"], None).await;
    has(world.next().await["text"].as_str().unwrap(), &["内容：交作业 @小7"]);
    command(&mut world, "boss", "/确认 1", &[]).await;
    command(&mut world, "boss", "/确认 2", &[]).await;
    world.clock_shows("10:00:00").await;
    assert_eq!(world.reminded().await, "提醒：@所有人 开会", "as the admin typed it");
    world.clock_shows("11:00:00").await;
    let action = world.next().await;
    assert_eq!((&action["text"], &action["mentions"]), (&json!("提醒：交作业 @小7"), &json!(["7"])));
    world.finish().await;

    let toml = "[group.g1]\n[group.g1.commands]\nremind = [\"member\"]\n[group.g1.reminders]\nlimit = 2\n[group.g1.rule.\"mentions.everybody\"]\nmode = \"off\"\n";
    let mut world = World::with(toml).await;
    has(&command(&mut world, "9", "/提醒 10点 @所有人 ＠all 开会", &[]).await, &["内容：所有人 all 开会"]);
    world.turn(MINUTE);
    has(&command(&mut world, "9", "/提醒 10点 二", &[]).await, &["提醒 2"]);
    has(&command(&mut world, "9", "/提醒 10点 三", &[]).await, &["最多 2 条"]);
    world.finish().await;
}

#[tokio::test]
async fn those_of_the_files_are_listed_as_such() {
    let toml =
        "[group.g1]\nadmins = [\"boss\"]\n[[reminder]]\nname = \"早安\"\ntext = \"早\"\ncron = \"0 9 * * MON-FRI\"\n";
    let mut world = World::with(toml).await;
    world.clock_shows("09:30:00").await;
    while world.bot.read().is_some() {}
    has(&command(&mut world, "boss", "/提醒 列表", &[]).await, &["文件  早安（下次 2026年11月24日（周二）09:00）"]);
    world.finish().await;
}

#[tokio::test]
async fn they_are_exported_as_reminders_of_a_file() {
    let mut world = world().await;
    for text in ["/提醒 每天早上7点 准时 念{{ 单词 }}", "/提醒 明天9点 开会\n带上{# 本子"] {
        command(&mut world, "boss", text, &[]).await;
        has(&command(&mut world, "boss", "/确认", &[]).await, &["定下了"]);
    }
    command(&mut world, "boss", "/提醒 明天9点 没确认", &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("chat");
    let output = qunwei().arg("export").arg("--data").arg(world.data.path()).arg("--to").arg(&to).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let toml = std::fs::read_to_string(to.join("chat-reminders.toml")).unwrap();
    has(
        &toml,
        &[
            "name = \"群提醒 1\"",
            "cron = \"0 7 * * *\"",
            "in_quiet_hours = \"send\"",
            "groups = [\"g1\"]",
            "小boss（boss）",
        ],
    );
    assert!(!toml.contains("没确认") && toml.matches("mode = \"off\"").count() == 2 + 1, "{toml}");
    // Switched on, and without those of the chat, they say the same.
    world.write("config/chat.toml", &toml.replace("\nmode = \"off\"\n", "\n"));
    for no in ["1", "2", "3"] {
        command(&mut world, "boss", &format!("/提醒 删除 {no}"), &[]).await;
    }
    assert!(world.running().reloader.reload().await.unwrap().changed);
    world.clock_is("2026-11-24T07:00:00+08:00").await;
    assert_eq!(world.reminded().await, "念{{ 单词 }}");
    world.clock_is("2026-11-24T09:00:00+08:00").await;
    assert_eq!(world.reminded().await, "开会\n带上{# 本子");
    world.finish().await;
}

#[tokio::test]
async fn in_the_playground_they_are_said_when_the_clock_is_moved() {
    let play = Play::start().await;
    let mut feed = play.feed().await;
    play.say("chen", "/提醒 10点 喝水").await;
    let said = |part: &'static str| {
        move |item: &Value| {
            item["kind"] == "message" && item["data"]["text"].as_str().is_some_and(|text| text.contains(part))
        }
    };
    feed.until("it is read back", said("还没有定下")).await;
    play.say("chen", "/确认").await;
    feed.until("it is set", said("定下了")).await;
    play.forward(2 * 3600).await;
    let reminded = feed.until("the reminder", said("提醒：喝水")).await;
    assert_eq!(reminded["data"]["at"], json!(MORNING.0 + 3_600_000), "at its time, not when the clock stops");
    play.stop().await;
}
