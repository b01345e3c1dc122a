//! WeCom's own SDK for smart robots, connected to our fake and through our middle to it.

use std::process::Command;

use qunwei::adapters::wecom::aibot::speaker::Limits;
use qunwei::adapters::wecom::platform::AibotPush;
use qunwei::ports::Reply;
use serde_json::{Value, json};

use crate::support::foreign::{Foreign, needed, node};
use crate::support::root;
use crate::wecom_aibot::{BOT, SECRET, Stage, said, until};

const NODE: [&str; 1] = ["@wecom/aibot-node-sdk@1.0.7"];

/// The bot; what it answers comes from a thread of its own.
struct Bot(Option<Foreign>);

impl Bot {
    fn start(url: &str, secret: &str) -> Option<Self> {
        let folder = needed("@wecom/aibot-node-sdk", node(&NODE))?;
        let mut command = Command::new("node");
        command.arg(root().join("tests/interop/aibot.js")).arg(folder).args([url, BOT, secret]);
        Some(Self(Some(Foreign::start(&mut command))))
    }

    async fn ask(&mut self, question: Value) -> Value {
        let mut foreign = self.0.take().expect("it answers");
        let asked = tokio::task::spawn_blocking(move || (foreign.ask(&question), foreign));
        let (answer, foreign) = asked.await.unwrap();
        self.0 = Some(foreign);
        answer
    }

    async fn sees(&mut self, what: &[&str]) {
        assert_eq!(self.ask(json!({"seen": what.len()})).await, json!({"seen": what}));
    }
}

/// What a bot of a company does all day.
async fn a_day(stage: &Stage, bot: &mut Bot) {
    bot.sees(&["authenticated"]).await;
    assert!(stage.openws.tell(BOT, "aibot_msg_callback", "r1", &said("m1", "zhangsan", "@群卫 你好 😀")));
    bot.sees(&["text @群卫 你好 😀", "replied 0 0"]).await;
    let click = json!({"msgid": "c1", "create_time": 1_700_000_000, "aibotid": BOT, "chatid": "wrG", "chattype": "group",
        "from": {"userid": "boss"}, "msgtype": "event", "event": {"eventtype": "template_card_event",
        "template_card_event": {"card_type": "button_interaction", "event_key": "removed", "task_id": "t@wrG"}}});
    assert!(stage.openws.tell(BOT, "aibot_event_callback", "r2", &click));
    bot.sees(&["clicked removed 0"]).await;
    assert_eq!(bot.ask(json!({"send": "wrG", "text": "**通知**"})).await, json!({"errcode": 0}));
    let text = "一".repeat(300_000);
    let media = bot.ask(json!({"upload": text})).await;
    let id = media["media_id"].as_str().unwrap_or_else(|| panic!("{media}"));
    assert_eq!(stage.openws.model().files.get(id).map(Vec::len), Some(900_000));
    let pings = || stage.openws.model().frames.iter().filter(|frame| frame["cmd"] == "ping").count();
    let before = pings();
    until("it pings on", || pings() > before + 1).await;
    // It comes again after a failure.
    stage.openws.close(BOT, 1012);
    bot.sees(&["disconnected closed by the test", "authenticated"]).await;
    assert_eq!(stage.openws.model().unexpected, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wecoms_own_sdk_understands_our_fake() {
    let stage = Stage::new(Limits::default()).await;
    let Some(mut bot) = Bot::start(&stage.openws.url(), SECRET) else { return };
    a_day(&stage, &mut bot).await;
    assert_eq!(stage.heard.events(), [json!(null); 0], "nobody stands between");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wecoms_own_sdk_works_through_our_middle_and_what_it_hears_is_judged() {
    let stage = Stage::new(Limits::default()).await;
    let (middle, url) = stage.middle().await;
    let Some(mut bot) = Bot::start(&url, SECRET) else { return };
    stage.openws.model().open.insert("wrG".to_owned());
    let done = Reply::Done { message: None };
    until("it is connected", || stage.speaker.is_up()).await;
    assert_eq!(stage.speaker.push("wrG".into(), "先说一句".to_owned()).await, done);
    a_day(&stage, &mut bot).await;
    until("it is back", || stage.speaker.is_up()).await;
    assert_eq!(stage.speaker.push("wrG".into(), "再说一句".to_owned()).await, done);
    until("both are judged", || stage.heard.events().len() == 2).await;
    let events = stage.heard.events();
    assert_eq!(events[0]["id"], "aibot:m1");
    let button = (&events[1]["type"], &events[1]["task"], &events[1]["choice"], &events[1]["user"]);
    assert_eq!(button, (&json!("button"), &json!("t"), &json!("removed"), &json!("boss")));
    // Replaced by another: the SDK is told and stays away, and so do we.
    let mut other = Bot::start(&url, SECRET).expect("as before");
    other.sees(&["authenticated"]).await;
    let gone = "disconnected New connection established, server disconnected this connection";
    bot.sees(&[gone]).await;
    until("one is left", || middle.numbers().bots() == 1).await;
    assert_eq!(middle.numbers().evicted(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wecoms_own_sdk_is_told_of_a_wrong_secret_through_our_middle() {
    let stage = Stage::new(Limits::default()).await;
    let (_middle, url) = stage.middle().await;
    let Some(mut bot) = Bot::start(&url, "wrong") else { return };
    let seen = bot.ask(json!({"seen": 1})).await;
    assert_eq!(seen["seen"][0], "error Authentication failed: refused (code: 853000)", "{seen}");
    assert!(!stage.speaker.is_up());
}
