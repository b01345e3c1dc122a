//! Buttons of tasks: who may press them, once, and what comes of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::journal;
use crate::support::bot::message_of;
use crate::support::corp::{Corp, ROBOT};
use crate::support::{World, dump};

const MINUTE: Duration = Duration::from_secs(60);
const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

/// One rule; admins are `1` and `2`; `boss` is told privately of what happens anywhere.
fn config(capabilities: &str, profile: &str) -> String {
    format!(
        r#"
[bridge.example]
secret_env = "QUNWEI_EXAMPLE_SECRET"
actions_url_env = "QUNWEI_EXAMPLE_ACTIONS_URL"
capabilities = {capabilities}
[daemon.alerts]
platform = "example"
group = "hq"
users = ["boss"]
[[rule]]
name = "ads.contact"
kind = "regex"
title = "广告"
delete = false
patterns = ['加薇信']
hit = ["加薇信"]
[profile.default]
{profile}
[group.g1]
admins = ["1", "2"]
"#
    )
}

const NO_REMOVE: &str = r#"["send", "private", "mute", "task", "idempotent"]"#;
const ALL: &str = r#"["send", "private", "mute", "remove", "task", "idempotent"]"#;

impl World {
    /// Everything the bot was asked since it was last read.
    async fn asked(&self) -> Vec<Value> {
        self.settled().await;
        std::iter::from_fn(|| self.bot.read()).collect()
    }

    fn press_of(&self, user: &str, task: &str, choice: &str) -> Value {
        json!({"id": format!("b-{}-{user}", self.sent()), "type": "button", "group": "g1",
               "time": self.clock_now().to_string(), "user": user, "task": task, "choice": choice})
    }

    /// Presses a button; what the bot is asked then.
    async fn press(&mut self, user: &str, task: &str, choice: &str) -> Vec<Value> {
        let event = self.press_of(user, task, choice);
        assert_eq!(self.post(event.to_string()).await.0, 200);
        self.asked().await
    }

    async fn pressed(&self, result: &str) -> bool {
        let metric = format!(r#"qunwei_commands_total{{command="button",result="{result}"}} 1"#);
        self.admin("/metrics").await.1.contains(&metric)
    }
}

/// The one task among actions, and the choices of its buttons.
fn task(actions: &[Value]) -> (String, Vec<String>) {
    let tasks: Vec<&Value> = actions.iter().filter(|action| action["type"] == "task").collect();
    let [task] = tasks[..] else { panic!("not one task: {actions:#?}") };
    let choice = |button: &Value| button["choice"].as_str().unwrap().to_owned();
    (task["id"].as_str().unwrap().to_owned(), task["buttons"].as_array().unwrap().iter().map(choice).collect())
}

/// What was said to somebody alone.
fn told<'a>(actions: &'a [Value], user: &str) -> Vec<&'a str> {
    let to = |action: &&Value| action["type"] == "private" && action["user"] == user;
    actions.iter().filter(to).map(|action| action["text"].as_str().unwrap()).collect()
}

fn kinds(actions: &[Value]) -> Vec<&str> {
    actions.iter().map(|action| action["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_a_person_did_is_recorded_once() {
    let mut world = World::with_only(&config(NO_REMOVE, "ladder = [\"remove\"]")).await;
    world.say("9", SPAM).await;
    let asked = world.asked().await;
    let (card, choices) = task(&asked);
    assert_eq!(choices, ["removed", "later", "keep", "undo"]);

    // Who may not, what is no task, and what is no button of it.
    let refused = world.press("9", &card, "removed").await;
    assert!(told(&refused, "9")[0].contains("只有群主和管理员"), "{refused:?}");
    for (task, choice) in [("a-nothing", "removed"), (&*card, "invited"), (&*card, "fly")] {
        assert_eq!(world.press("1", task, choice).await, [json!(null); 0], "{task} {choice}");
    }
    let other = json!({"id": "b-x", "type": "button", "group": "g2", "user": "1", "task": card, "choice": "removed"});
    assert_eq!(world.post(other.to_string()).await.0, 200);
    world.asked().await; // in another group they are nobody
    let metrics = world.admin("/metrics").await.1;
    assert!(metrics.contains(r#"{command="button",result="misused"} 3"#), "{metrics}");
    assert!(!world.pressed("done").await);

    let done = world.press("1", &card, "removed").await;
    assert!(told(&done, "1")[0].contains("已移出") && told(&done, "1")[0].contains("案件 1"), "{done:?}");
    let again = world.press("2", &card, "keep").await;
    assert!(told(&again, "2")[0].starts_with("已处理过：1，"), "{again:?}");
    assert!(world.pressed("done").await && world.pressed("again").await);
    world.say("2", "/案件 1").await;
    let shown = world.asked().await;
    assert!(shown[0]["text"].as_str().unwrap().contains("已移出：1，"), "{shown:?}");
    // Undone, the one who is out is to be invited again.
    world.say("2", "/撤销 1").await;
    let undone = world.asked().await;
    assert_eq!(task(&undone).1, ["invited", "later", "keep"]);
    let invited = world.press("2", &task(&undone).0, "invited").await;
    assert!(told(&invited, "2")[0].contains("已邀请"), "{invited:?}");
    world.finish().await;
}

#[tokio::test]
async fn what_waits_for_a_person_is_done_when_one_says_so() {
    let profile = "ladder = [\"remove\"]\nremovals_per_hour = 1";
    let mut world = World::with_only(&config(ALL, profile)).await;
    world.say("8", SPAM).await;
    world.asked().await;
    world.say("9", SPAM).await;
    let asked = world.asked().await;
    let (card, choices) = task(&asked);
    assert_eq!(choices, ["remove", "later", "keep", "undo"]);
    assert!(!kinds(&asked).contains(&"remove"), "{asked:?}");
    // Two press in the same moment.
    let both = [world.press_of("1", &card, "remove"), world.press_of("boss", &card, "keep")];
    assert_eq!(world.post(Value::from(both.to_vec()).to_string()).await.0, 200);
    let done = world.asked().await;
    assert_eq!(kinds(&done).iter().filter(|kind| **kind == "remove").count(), 1, "{done:?}");
    assert!(told(&done, "boss")[0].starts_with("已处理过：1，"), "{done:?}");
    assert!(told(&done, "9")[0].contains("案件 2"), "they are told why: {done:?}");
    assert!(world.bot.model().removed.contains(&("g1".to_owned(), "9".to_owned())));
    world.say("1", "/撤销 2").await;
    let undone = world.asked().await;
    assert_eq!(task(&undone).1, ["invited", "later", "keep"], "what a button did is undone like all else");

    let settings = world.config().settings;
    world.down().await;
    let again = tempfile::tempdir().unwrap();
    journal::run_again(&settings, world.data.path(), again.path());
    let lived = dump::state(world.data.path());
    assert_eq!(lived["decisions"].len(), 1);
    dump::assert_same(&lived, &dump::state(again.path()));
    world.up().await;
    world.finish().await;
}

#[tokio::test]
async fn a_mute_that_waits_is_given_as_long_as_the_card_says() {
    let profile = "ladder = [\"mute 2h\"]\nmutes_per_hour = 1";
    let mut world = World::with_only(&config(ALL, profile)).await;
    world.say("8", SPAM).await;
    world.say("9", SPAM).await;
    let (card, choices) = task(&world.asked().await);
    assert_eq!(choices, ["mute:7200", "later", "keep", "undo"]);
    let done = world.press("boss", &card, "mute:7200").await;
    let mute = done.iter().find(|action| action["type"] == "mute").unwrap();
    assert_eq!((&mute["user"], &mute["seconds"]), (&json!("9"), &json!(7200)));
    world.say("1", "/撤销 2").await;
    assert!(kinds(&world.asked().await).contains(&"unmute"));
    let late = world.press("1", &card, "undo").await;
    assert!(told(&late, "1")[0].starts_with("已处理过"), "{late:?}");
    world.finish_after_mutes().await;
}

#[tokio::test]
async fn a_case_is_undone_or_upheld_from_the_card() {
    let mut world = World::with_only(&config(ALL, "ladder = [\"warn_public\"]")).await;
    // Whoever appeals is told what became of it, whosever case it is.
    for (user, by, choice) in [("7", "7", "undo"), ("8", "8", "uphold"), ("9", "6", "uphold")] {
        world.say(user, SPAM).await;
        let notice = world.asked().await.into_iter().find(|action| action["type"] == "send").unwrap();
        let mut appeal = world.message(&format!("q-{user}"), by, "误判");
        appeal["quote"] = json!({"message": message_of(&notice), "sender": "bot", "text": notice["text"]});
        assert_eq!(world.post(appeal.to_string()).await.0, 200);
        let (card, choices) = task(&world.asked().await);
        assert_eq!(choices, ["undo", "uphold", "later"]);
        let done = world.press("1", &card, choice).await;
        let no = notice["cause"]["case"].as_str().unwrap();
        let undone = dump::state(world.data.path())["undone"].iter().any(|row| row.starts_with(&format!("{no} |")));
        assert_eq!(undone, choice == "undo", "{done:?}");
        assert_eq!(told(&done, by).iter().any(|text| text.contains("维持")), choice == "uphold", "{done:?}");
        assert!(by == user || told(&done, user).is_empty(), "{done:?}");
        world.turn(2 * MINUTE);
        world.quiet().await;
    }
    world.finish().await;
}

const CARDS: &str = r#"["send", "private", "mute", "task", "task_done", "idempotent"]"#;

/// Turns the clock when nothing happens any more; what the bot is asked then.
async fn later(world: &World, by: Duration) -> Vec<Value> {
    world.quiet().await;
    world.turn(by);
    world.quiet().await;
    world.asked().await
}

/// A fresh run of the journal comes to the same.
async fn comes_to_the_same(mut world: World) {
    let settings = world.config().settings;
    world.down().await;
    let again = tempfile::tempdir().unwrap();
    journal::run_again(&settings, world.data.path(), again.path());
    dump::assert_same(&dump::state(world.data.path()), &dump::state(again.path()));
    world.up().await;
    world.finish().await;
}

#[tokio::test]
async fn a_task_is_chased_through_a_restart_and_every_card_learns_how_it_ended() {
    let mut world = World::with_only(&config(CARDS, "ladder = [\"remove\"]")).await;
    world.say("9", SPAM).await;
    let first = world.asked().await;
    let (card, _) = task(&first);
    world.restart().await;
    // An advertisement: again after 3 minutes, others after 5.
    let again = later(&world, 3 * MINUTE).await;
    let (second, _) = task(&again);
    assert!(again[0]["text"].as_str().unwrap().contains("第 1 次提醒"), "{again:?}");
    assert_eq!((&again[0]["cause"]["task"], &again[0]["cause"]["case"]), (&json!(card), &json!("1")));
    let waits = world.press("1", &second, "later").await;
    assert!(told(&waits, "1")[0].contains("再提醒"), "{waits:?}");
    assert!(world.pressed("later").await);
    world.restart().await;
    let reminded = later(&world, 30 * MINUTE).await;
    assert!(reminded[0]["text"].as_str().unwrap().starts_with("1 说稍后处理"), "{reminded:?}");
    // Those who were asked get the rest of their time; then the company is asked.
    let chased = later(&world, 2 * MINUTE).await;
    let (third, _) = task(&chased);
    assert_eq!((kinds(&chased), &chased[0]["mentions"]), (vec!["task", "send"], &json!(["boss"])), "{chased:?}");
    assert_eq!(chased[1]["group"], "hq");
    // The member leaves: every card that arrived says so.
    let time = world.clock_now().to_string();
    let left = json!({"id": "l-1", "type": "member_left", "group": "g1", "time": time, "members": [{"id": "9"}],
                      "reason": "removed"});
    assert_eq!(world.post(left.to_string()).await.0, 200);
    let updates = world.asked().await;
    assert_eq!(kinds(&updates), ["task_done"; 4], "{updates:?}");
    let updated: Vec<&str> = updates.iter().map(|one| one["task"].as_str().unwrap()).collect();
    assert!([&card, &second, &third].iter().all(|id| updated.contains(&id.as_str())), "{updates:?}");
    for one in &updates {
        assert!(one["text"].as_str().unwrap().starts_with("已移出（平台 "), "{one}");
        assert!(one["message"].as_str().is_some_and(|message| !message.is_empty()), "what the bot called it: {one}");
    }
    let late = world.press("boss", &third, "keep").await;
    assert!(told(&late, "boss")[0].starts_with("已处理过：平台，"), "{late:?}");
    world.say("1", "/案件 1").await;
    let shown = world.asked().await;
    assert!(shown[0]["text"].as_str().unwrap().contains("已移出：平台，"), "{shown:?}");
    assert_eq!(later(&world, 20 * 24 * 60 * MINUTE).await, [json!(null); 0]);
    assert!(dump::state(world.data.path())["tasks"].is_empty());
    comes_to_the_same(world).await;
}

#[tokio::test]
async fn a_member_reports_and_the_admins_decide() {
    let mut world = World::with_only(&config(CARDS, "")).await;
    world.say("9", "今天天气不错").await;
    world.asked().await;
    let report = |world: &World, id: &str, user: &str, quote: Value| {
        let mut event = world.message(id, user, "/举报 天天发");
        event["quote"] = quote;
        event.to_string()
    };
    let quote = json!({"message": "m-1", "sender": "9", "text": SPAM});
    assert_eq!(world.post(report(&world, "r-1", "7", quote.clone())).await.0, 200);
    let asked = world.asked().await;
    let (card, choices) = task(&asked);
    assert_eq!(choices, ["handled", "keep", "later"]);
    let text = asked.iter().find(|one| one["type"] == "task").unwrap()["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("小7 举报了 小9 的消息（案件 1）") && text.contains("像「广告」"), "{text}");
    assert!(told(&asked, "7")[0].contains("案件 1"), "{asked:?}");
    let aloud: Vec<&Value> = asked.iter().filter(|one| one["type"] == "send" && one["group"] == "g1").collect();
    assert!(aloud.is_empty(), "{aloud:?}");
    assert_eq!(world.post(report(&world, "r-2", "8", quote)).await.0, 200);
    assert_eq!(kinds(&world.asked().await), ["private"], "the same message");
    let decided = world.press("1", &card, "handled").await;
    assert!(kinds(&decided).contains(&"task_done"), "{decided:?}");
    // Where nobody knows who wrote it.
    world.turn(2 * MINUTE);
    assert_eq!(world.post(report(&world, "r-3", "7", json!({"text": "你好"}))).await.0, 200);
    let asked = world.asked().await;
    assert!(asked.iter().any(|one| one["text"].as_str().unwrap_or_default().contains("找到发的人")), "{asked:?}");
    world.say("1", "/案件 1").await;
    let shown = world.asked().await;
    let shown = shown[0]["text"].as_str().unwrap();
    assert!(shown.contains("没有处罚") && shown.contains("已处理：1，"), "{shown}");
    comes_to_the_same(world).await;
}

#[tokio::test]
async fn who_asks_to_be_let_in_becomes_a_task() {
    let mut world = World::with_only(&config(CARDS, "")).await;
    let time = world.clock_now().to_string();
    let came = json!({"id": "j-1", "type": "member_joined", "group": "g1", "time": time,
                      "members": [{"id": "u1", "name": "老王"}]});
    let asks = json!({"id": "q-1", "type": "join_request", "group": "g1", "time": time,
                      "member": {"id": "u8", "name": "新人"}, "answer": "三号店", "inviter": "u1"});
    assert_eq!(world.post(Value::from(vec![came, asks.clone()]).to_string()).await.0, 200);
    let asked = world.asked().await;
    let (card, choices) = task(&asked);
    assert_eq!(choices, ["admitted", "declined", "later"]);
    let text = asked.iter().find(|one| one["type"] == "task").unwrap()["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("新人 申请入群，邀请人 老王，回答：三号店。"), "{text}");
    let mut again = asks;
    again["id"] = json!("q-2");
    assert_eq!(world.post(again.to_string()).await.0, 200);
    assert_eq!(world.asked().await, [json!(null); 0], "it waits already");
    let done = world.press("1", &card, "admitted").await;
    assert!(done.iter().any(|one| one["type"] == "task_done" && one["task"] == card), "{done:?}");
    world.quiet().await;
    world.turn(2 * MINUTE);
    world.quiet().await;
    world.asked().await; // the welcome of who came
    comes_to_the_same(world).await;
}

/// A smart robot hears only what mentions it; quoting is the one way to show it another message, and nobody says whose it is.
#[tokio::test]
async fn a_member_reports_to_a_smart_robot() {
    let toml = config(CARDS, "").replace("capabilities =", "bot_user = \"guard\"\ncapabilities =");
    let world = World::with_only(&toml).await;
    let intake = world.running().intake();
    let corp = Corp::before(world, intake, |_| {}).await;
    let mut spoken: Value = serde_json::from_str(&corp.spoken("M1", "")).unwrap();
    spoken["quote"] = json!({"msgtype": "text", "text": {"content": SPAM}});
    assert_eq!(corp.post(ROBOT, &spoken.to_string()).await.0, 200);
    let asked = corp.world.asked().await;
    let (_, choices) = task(&asked);
    assert_eq!(choices, ["handled", "keep", "later"]);
    let card = asked.iter().find(|one| one["type"] == "task").unwrap()["text"].as_str().unwrap();
    assert!(card.contains("有人 的消息") && card.contains("找到发的人") && card.contains("像「广告」"), "{card}");
    assert!(told(&asked, "9")[0].contains("案件 1"), "{asked:?}");
    corp.world.finish().await;
}
