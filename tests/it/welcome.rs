//! Newcomers through the daemon: one welcome for a window, through restarts and kills; none in a raid, none that is late. And
//! what the admins and the company's place are told.

use std::process::Command;
use std::time::Duration;

use qunwei::domain::time::Timestamp;
use serde_json::{Value, json};

use crate::support::bot::Answer;
use crate::support::daemon::{Home, qunwei, stderr};
use crate::support::{World, now, root, until};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// An event that says that members came into a group.
fn joined(id: &str, group: &str, time: Timestamp, names: &[&str]) -> Value {
    let names = names.iter().enumerate();
    let members: Vec<Value> = names.map(|(at, name)| json!({"id": format!("{id}.{at}"), "name": name})).collect();
    json!({"id": id, "type": "member_joined", "group": group, "time": time.to_string(), "members": members})
}

impl World {
    async fn join(&mut self, id: &str, name: &str) {
        let event = joined(id, "g1", now(self), &[name]);
        assert_eq!(self.post(event.to_string()).await.0, 200);
    }

    /// The next action, which must be a welcome in the group.
    async fn next_welcome(&self) -> String {
        let action = self.next().await;
        assert_eq!((&action["type"], &action["cause"]["step"]), (&json!("send"), &json!("welcome")), "{action}");
        action["text"].as_str().unwrap().to_owned()
    }

    /// Ends the daemon as `kill -9` at this moment would, and starts another on what is on the disk.
    async fn kill(&mut self) {
        let disk = tempfile::tempdir().unwrap();
        for name in ["qunwei.db", "qunwei.db-wal"] {
            std::fs::copy(self.data.path().join(name), disk.path().join(name)).unwrap();
        }
        self.down().await; // what it still writes is lost
        self.data = disk;
        self.up().await;
    }
}

#[tokio::test]
async fn one_who_comes_is_welcomed_with_the_short_rules() {
    let mut world = World::new().await;
    world.join("e-1", "小王").await;
    world.quiet().await;
    world.turn(59 * SECOND);
    world.quiet().await;
    assert_eq!(world.bot.read(), None, "not before the end of the window");
    world.turn(SECOND);
    let action = world.next().await;
    let text = action["text"].as_str().unwrap();
    let rules = world.config().settings.default_policy.rules_text.short.to_string();
    assert!(text.contains("@小王 加入") && text.contains(&rules) && text.contains("群规"), "{text}");
    assert_eq!(action["mentions"], json!(["e-1.0"]));
    assert_eq!(action["cause"], json!({"event": "e-1", "step": "welcome"}));
    world.finish().await;
}

#[tokio::test]
async fn each_of_two_names_in_one_event_is_put_before_the_admins() {
    let mut world = World::new().await;
    let event = joined("e-1", "g1", now(&world), &["官方客服小美", "办证13812345678"]);
    assert_eq!(world.post(event.to_string()).await.0, 200);
    let tasks = [world.next().await, world.next().await];
    assert_ne!(tasks[0]["id"], tasks[1]["id"]);
    for (task, user) in tasks.iter().zip(["e-1.0", "e-1.1"]) {
        assert_eq!((&task["type"], &task["cause"]["user"]), (&json!("task"), &json!(user)), "{task}");
    }
    world.turn(MINUTE);
    world.next_welcome().await;
    world.finish().await;
}

#[tokio::test]
async fn three_who_come_within_the_window_get_one_welcome_through_a_restart_and_a_kill() {
    let mut world = World::new().await;
    world.join("e-1", "甲").await;
    world.restart().await;
    world.turn(20 * SECOND);
    world.join("e-2", "乙").await;
    world.kill().await;
    world.turn(20 * SECOND);
    world.join("e-3", "丙").await;
    world.join("e-4", "丁").await;
    let left = json!({"id": "e-5", "type": "member_left", "group": "g1", "members": [{"id": "e-4.0"}]});
    assert_eq!(world.post(left.to_string()).await.0, 200);
    world.join("e-1", "甲").await; // delivered again
    world.kill().await;
    world.turn(20 * SECOND);
    let welcome = world.next_welcome().await;
    assert!(welcome.contains("@甲、@乙、@丙 加入") && !welcome.contains('丁'), "{welcome}");
    world.settled().await;
    world.restart().await;
    world.turn(HOUR);
    world.finish().await; // once
}

#[tokio::test]
async fn a_kill_after_the_window_repeats_nothing_and_loses_nothing() {
    let mut world = World::new().await;
    world.bot.always(Some(Answer::Status(503, Vec::new())));
    world.join("e-1", "甲").await;
    world.turn(MINUTE);
    until("it is tried", || (!world.bot.model().attempts.is_empty()).then_some(())).await;
    world.quiet().await;
    world.kill().await; // decided and tried, and not done
    world.bot.always(None);
    world.turn(MINUTE);
    assert!(world.next_welcome().await.contains("@甲 加入"));
    world.settled().await;
    world.bot.answers([Answer::DoAndHang(3 * SECOND)]);
    world.join("e-2", "乙").await;
    world.turn(MINUTE);
    assert!(world.next_welcome().await.contains("@乙 加入"));
    world.kill().await; // done, and the daemon does not know
    world.settled().await;
    let attempts: Vec<usize> = world.bot.model().attempts.values().map(|(count, _)| *count).collect();
    assert!(attempts.len() == 2 && attempts.iter().all(|count| *count >= 2), "under the same id: {attempts:?}");
    world.finish().await;
}

#[tokio::test]
async fn a_raid_is_not_welcomed_and_its_admins_are_told_once() {
    let mut world = World::with("[group.g1]\nadmins = [\"boss\"]\n").await;
    for at in 0..30 {
        world.join(&format!("e-{at}"), &format!("新{at}")).await;
        world.turn(SECOND);
        world.quiet().await;
    }
    let alert = world.next().await;
    assert_eq!((&alert["type"], &alert["cause"]["step"]), (&json!("task"), &json!("alert")), "{alert}");
    assert_eq!(alert["mentions"], json!(["boss"]));
    assert!(alert["text"].as_str().unwrap().contains("60 秒内有 21 人入群"), "{alert}");
    world.restart().await;
    world.turn(3 * MINUTE);
    world.join("e-99", "小王").await;
    world.turn(MINUTE);
    assert!(world.next_welcome().await.contains("@小王 加入"), "it is over");
    world.finish().await;
}

#[tokio::test]
async fn after_an_outage_nobody_is_welcomed_late_in_bulk() {
    let mut world = World::new().await;
    world.join("e-0", "早到").await;
    world.down().await;
    world.turn(HOUR);
    world.up().await; // its timer is due, and too late
    let start = now(&world);
    let backlog: Vec<Value> = (0..58)
        .map(|at| joined(&format!("b-{at}"), "g1", start.minus((59 - at) * MINUTE), &[&format!("新{at:02}")]))
        .collect();
    for part in backlog.chunks(10) {
        assert_eq!(world.post(Value::from(part).to_string()).await.0, 200);
        world.quiet().await;
    }
    world.turn(MINUTE);
    let welcome = world.next_welcome().await;
    let named: Vec<u32> = (0..58).filter(|at| welcome.contains(&format!("@新{at:02}"))).collect();
    assert_eq!(named, (51..58).collect::<Vec<_>>(), "those of the last ten minutes, at once: {welcome}");
    world.finish().await;

    // A bot that is down until the welcome is too late does not get it.
    let mut world = World::new().await;
    world.bot.always(Some(Answer::Status(503, Vec::new())));
    world.join("e-1", "甲").await;
    world.turn(MINUTE);
    until("it is tried", || (!world.bot.model().attempts.is_empty()).then_some(())).await;
    world.quiet().await;
    world.turn(9 * MINUTE);
    world.bot.always(None);
    world.finish().await; // and nobody is told that it did not
}

#[tokio::test]
async fn names_do_no_harm() {
    let mut world = World::new().await;
    let long = "长".repeat(200);
    let names = [
        "@所有人",
        "a\u{202E}b\u{2066}c",
        "一\n二\u{1b}[31m",
        "{{ short_rules }}",
        "<script>",
        "加微信abc12345",
        &long,
    ];
    assert_eq!(world.post(joined("e-1", "g1", now(&world), &names).to_string()).await.0, 200);
    let review = world.next_kinds(1).await; // one of the names is an advertisement
    assert_eq!(review, [("task".to_owned(), "review".to_owned())]);
    world.turn(MINUTE);
    let welcome = world.next_welcome().await;
    let shown = format!(
        "@所＊＊、@abc、@一二[31m、@{{{{ short_rules }}}}、@<script>、@加＊＊＊＊＊＊＊、@{}… 加入",
        "长".repeat(31)
    );
    assert!(welcome.contains(&shown), "{welcome}");
    assert!(!welcome.chars().any(char::is_control), "{welcome:?}");
    world.finish().await;
}

#[tokio::test]
async fn a_group_has_its_own_rules_words_and_channels() {
    let config = r#"
[group.g1]
rules_text.short = "本群只聊书"
rules_text.full = "第一条 只聊书"
welcome.window_seconds = 10
welcome.channels."qr-3" = "三号店的朋友来领书签"
notices.welcome = '{{ list }} 来了。{{ channel }} {{ short_rules }} {{ count }}'
[group.g2]
welcome.on = false
"#;
    let mut world = World::with(config).await;
    let mut first = joined("e-1", "g1", now(&world), &["甲"]);
    first["channel"] = json!("qr-3");
    let all = json!([first, joined("e-2", "g1", now(&world), &["乙"]), joined("e-3", "g2", now(&world), &["丙"])]);
    assert_eq!(world.post(all.to_string()).await.0, 200);
    world.turn(10 * SECOND);
    assert_eq!(world.next_welcome().await, "@甲、@乙 来了。@甲：三号店的朋友来领书签 本群只聊书 2");
    world.say("9", "群 规").await;
    let reply = world.next().await;
    assert_eq!((&reply["text"], &reply["cause"]["step"]), (&json!("第一条 只聊书"), &json!("reply")));
    world.restart().await;
    world.say("8", "群规").await; // within the minute: held back
    world.turn(MINUTE);
    world.say("8", "群规").await;
    assert_eq!(world.next().await["mentions"], json!(["8"]));
    let private = json!({"id": "p-1", "type": "private_message", "sender": {"id": "7"}, "text": "群规"});
    assert_eq!(world.post(private.to_string()).await.0, 200);
    let reply = world.next().await;
    assert_eq!((&reply["type"], &reply["user"]), (&json!("private"), &json!("7")));
    assert!(reply["text"].as_str().unwrap().starts_with("本群群规\n1. 不发广告"), "{reply}");
    world.finish().await;
}

#[test]
fn check_warns_of_rules_that_are_too_long() {
    let home = Home::new();
    let text = format!("[group.g1.rules_text]\nshort = \"{}\"\nfull = \"{}\"\n", "规".repeat(101), "规".repeat(501));
    home.write("config/mine.toml", &text);
    let mut command = qunwei();
    command.args(["check", "--format", "json", "--config"]).arg(home.config());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let faults: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let told: Vec<_> = faults.iter().map(|fault| (&fault["level"], fault["line"].as_u64().unwrap())).collect();
    assert_eq!(told, [(&json!("warning"), 2), (&json!("warning"), 3)], "{faults:?}");
}

#[test]
fn a_scene_of_comings_gives_the_same_bytes_each_time() {
    let home = Home::new();
    home.write("config/mine.toml", "[daemon.alerts]\nplatform = \"example\"\ngroup = \"hq\"\n");
    let start = Timestamp::parse("2026-11-23T09:00:00+08:00").unwrap();
    let mut events = vec![joined("e-a", "g1", start, &["甲"]), joined("e-b", "g1", start.plus(30 * SECOND), &["乙"])];
    for at in 0..25 {
        events.push(joined(&format!("r-{at}"), "g1", start.plus(HOUR + at * SECOND), &["丙"]));
    }
    events.push(joined("e-c", "g1", start.plus(2 * HOUR), &["丁"]));
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    home.write("scene.jsonl", &lines);
    let play = || {
        let mut command: Command = qunwei();
        command.args(["replay", "--until", "2026-11-24T00:00:00+08:00", "--config"]).arg(home.config());
        let output = command.arg(home.folder.path().join("scene.jsonl")).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        String::from_utf8(output.stdout).unwrap()
    };
    let once = play();
    let actions: Vec<Value> = once.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let steps: Vec<_> =
        actions.iter().map(|one| (one["group"].as_str().unwrap(), one["cause"]["step"].as_str().unwrap())).collect();
    assert_eq!(
        steps,
        [("g1", "welcome"), ("g1", "alert"), ("hq", "alert"), ("g1", "task"), ("hq", "alert"), ("g1", "welcome")],
        "{once}"
    ); // nobody acted on the raid: it is told again, then others are asked
    assert_eq!(actions[0]["time"], "2026-11-23T09:01:00+08:00");
    assert_eq!(once, play());
}

#[test]
fn a_transcript_shows_a_welcome_at_its_own_time_and_an_alert_at_its_own_place() {
    let home = Home::new();
    home.write("config/mine.toml", "[daemon.alerts]\nplatform = \"example\"\ngroup = \"hq\"\n");
    let message = json!({"id": "m", "type": "message", "group": "g1", "time": "2026-11-23T09:00:00+08:00",
                         "sender": {"id": "1", "name": "小王"}, "text": "看看 www.lingjiang-88.top"});
    home.write("scene.jsonl", &message.to_string());
    let mut command = qunwei();
    command.args(["replay", "--format", "human", "--config"]).arg(home.config());
    let output = command.arg(home.folder.path().join("scene.jsonl")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("  → 管理员任务：请看一下 小王") && text.contains("  → （hq）群内：【g1】请看一下 小王"),
        "{text}"
    );

    let mut command = qunwei();
    command.current_dir(root()).args(["replay", "--format", "human", "scenes/first-day.jsonl"]);
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(text.contains("\n09:01:00  → 群内：欢迎 @小王、@加＊＊＊＊ 加入本群！"), "{text}");
    assert!(text.contains("\n          → 私信"), "what follows at once stands below its message: {text}");
}

#[tokio::test]
async fn the_company_s_place_is_told_of_every_group_through_a_restart() {
    let config = "[daemon.alerts]\nplatform = \"example\"\ngroup = \"hq\"\nusers = [\"boss\"]\nper_minute = 2\n";
    let mut world = World::with(config).await;
    let link = "看看 http://www.lingjiang-88.top/?id=3";
    let mut company = Vec::new();
    for (at, group) in ["g1", "g2", "g3", "g3", "g4"].into_iter().enumerate() {
        let mut event = world.message(&format!("m-{at}"), &format!("u{at}"), link);
        event["group"] = json!(group);
        assert_eq!(world.post(event.to_string()).await.0, 200);
        world.settled().await;
        company.extend(std::iter::from_fn(|| world.bot.read()).filter(|action| action["group"] == "hq"));
        world.turn(SECOND);
    }
    let kinds: Vec<_> = company.iter().map(|action| action["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["send", "private", "send", "private"], "the first two: {company:?}");
    assert!(company[0]["text"].as_str().unwrap().starts_with("【g1】请看一下 小u0"), "{company:?}");
    world.restart().await;
    world.turn(MINUTE);
    let [send, private] = [world.next().await, world.next().await];
    let text = send["text"].as_str().unwrap();
    assert!(text.contains("另有 3 条") && text.contains("【g3】") && text.contains("【g4】"), "{text}");
    assert!(text.contains("×2") && text.contains("×1") && private["text"] == send["text"], "{text}");
    world.bot.always(Some(Answer::Status(400, Vec::new())));
    let event = world.message("m-9", "9", link);
    assert_eq!(world.post(event.to_string()).await.0, 200);
    world.settled().await; // what tells is never told of itself
    world.finish().await;
}
