//! Images of reminders: after the text and once, through restarts and reloads; their bytes are of the running configuration and
//! never in the store.

use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use qunwei::ports::Clock;
use serde_json::{Value, json};

use crate::journal::run_again;
use crate::support::bot::Answer;
use crate::support::daemon::{qunwei, stderr};
use crate::support::fake_wecom::Fake;
use crate::support::fake_wecom::aibot::Openws;
use crate::support::fake_wecom::faults::{Fault, Wrong};
use crate::support::fake_wecom::model::{Kind, Permission};
use crate::support::pull::fetching;
use crate::support::{World, dump, until};

const MINUTE: Duration = Duration::from_secs(60);

const POSTER: &str = r#"
[group.g1]
[[reminder]]
name = "海报"
text = "今晚读书会"
image = "poster.png"
cron = "0 10 * * *"
groups = ["g1"]
"#;

const JPEG: &[u8] = b"\xff\xd8\xff, another one";

/// A picture that is large enough to be found anywhere.
fn png() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend((0..100_000_u32).map(|at| u8::try_from(at % 251).unwrap()));
    bytes
}

impl World {
    fn put(&self, bytes: &[u8]) {
        std::fs::write(self.file("config/poster.png"), bytes).unwrap();
    }

    /// The picture is there, and then what names it.
    async fn showing(self, toml: &str) -> Self {
        self.put(&png());
        self.reload(toml).await;
        self
    }

    /// It is ten o'clock, and the bot takes nothing.
    async fn due_and_not_taken(&self, day: u32) {
        let before = self.bot.model().attempts.len();
        self.bot.always(Some(Answer::Status(503, Vec::new())));
        self.clock_is(&format!("2026-11-{day}T10:00:00+08:00")).await;
        until("it is tried", || (self.bot.model().attempts.len() > before).then_some(())).await;
        self.quiet().await;
    }

    fn bot_is_back(&self) {
        self.bot.always(None);
        self.turn(2 * MINUTE);
    }
}

fn shown(action: &Value) -> Vec<u8> {
    assert_eq!(action["type"], "image", "{action}");
    BASE64.decode(action["base64"].as_str().unwrap().as_bytes()).unwrap()
}

#[tokio::test]
async fn the_image_follows_the_text_once_through_restarts_and_is_in_no_row() {
    let mut world = World::with("").await.showing(POSTER).await;
    world.due_and_not_taken(23).await;
    world.killed().await;
    world.restart().await;
    world.bot_is_back();
    let (text, image) = (world.next().await, world.next().await);
    assert_eq!((&text["type"], &text["text"]), (&json!("send"), &json!("今晚读书会")));
    let mut expected =
        json!({"id": image["id"], "type": "image", "group": "g1", "media": "image/png", "time": text["time"]});
    expected["base64"] = BASE64.encode(&png()).into();
    expected["cause"] = json!({"step": "reminder", "reminder": "海报"});
    assert_eq!(image, expected);
    assert_ne!(text["id"], image["id"]);
    world.restart().await;
    world.woken().await;
    world.silent().await;
    world.down().await;
    let outbox = &dump::state(world.data.path())["outbox"];
    assert_eq!(outbox.len(), 2);
    assert!(outbox.iter().all(|row| row.len() < 2000), "{outbox:?}");
    assert!(dump::journal(world.data.path()).iter().all(|row| row.len() < 2000));
    world.up().await;
    world.finish().await;
}

#[tokio::test]
async fn without_a_text_only_the_image_is_sent_and_observed_nothing() {
    let alone = POSTER.replace("text = \"今晚读书会\"\n", "");
    let quiet = POSTER.replace("海报", "只看").replace("[group.g1]\n", "") + "mode = \"observe\"\n";
    let world = World::with("").await.showing(&format!("{alone}{quiet}")).await;
    world.clock_shows("10:00:00").await;
    let image = world.next().await;
    assert_eq!((shown(&image), &image["cause"]["reminder"]), (png(), &json!("海报")));
    world.silent().await;
    world.finish().await;
}

#[tokio::test]
async fn what_waits_is_sent_as_the_file_is_now_and_without_one_the_admins_are_told() {
    let world = World::with("").await.showing(POSTER).await;
    world.due_and_not_taken(23).await;
    world.put(JPEG);
    assert_eq!(world.reload(POSTER).await, "picture poster.png changed");
    world.bot_is_back();
    assert_eq!(world.next().await["text"], "今晚读书会");
    let image = world.next().await;
    assert_eq!((shown(&image), &image["media"]), (JPEG.to_vec(), &json!("image/jpeg")));

    world.due_and_not_taken(24).await;
    world.reload("[group.g1]\n").await;
    world.bot_is_back();
    assert_eq!(world.next().await["text"], "今晚读书会");
    let told = world.next().await;
    assert_eq!((&told["type"], &told["cause"]["step"]), (&json!("task"), &json!("alert")), "{told}");
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("图片") && text.contains("已不在设置里"), "{text}");
    world.finish().await;
}

/// A bridge that can do this much, and no more files.
async fn able(capabilities: &str) -> World {
    let toml = format!(
        "[bridge.example]\nsecret_env = \"QUNWEI_EXAMPLE_SECRET\"\nactions_url_env = \"QUNWEI_EXAMPLE_ACTIONS_URL\"\n\
         capabilities = {capabilities}\n"
    );
    World::with_only(&toml).await.showing(POSTER).await
}

#[tokio::test]
async fn a_bot_that_cannot_send_pictures_says_the_text_and_a_person_is_asked() {
    let world = able(r#"["send", "task", "idempotent"]"#).await;
    let warnings: Vec<String> = world.config().warnings.iter().map(|fault| fault.message.clone()).collect();
    assert!(warnings.iter().any(|one| one.contains("bot cannot send pictures: the bot `example`")), "{warnings:?}");
    world.clock_shows("10:00:00").await;
    let mut both = [world.next().await, world.next().await];
    both.sort_by_key(|action| action["type"].to_string());
    let [send, task] = both;
    assert_eq!((&send["type"], &send["text"]), (&json!("send"), &json!("今晚读书会")));
    assert_eq!((&task["type"], &task["cause"]["step"]), (&json!("task"), &json!("alert")));
    assert!(task["text"].as_str().unwrap().contains("「海报」的图片（poster.png）"), "{task}");
    world.silent().await;
    world.finish().await;
    let world = able(r#"["send", "idempotent"]"#).await;
    world.clock_shows("10:00:00").await;
    assert_eq!(world.next().await["text"], "今晚读书会");
    world.silent().await; // nobody in the group is disturbed; the log has it
    world.finish().await;
}

#[tokio::test]
async fn a_bot_that_fetches_gets_it_after_the_text_and_not_when_it_is_gone() {
    let mut world = World::with_only(&fetching(r#"["send", "image"]"#)).await.showing(POSTER).await;
    world.say("u1", "早").await;
    world.clock_shows("10:00:00").await;
    let text = world.fetch().await;
    assert_eq!((text.len(), &text[0]["text"]), (1, &json!("今晚读书会")));
    assert_eq!(world.ack(&json!({"done": [text[0]["id"]]})).await.0, 1);
    let image = world.fetch().await;
    assert_eq!((image.len(), shown(&image[0])), (1, png()));
    assert_eq!(world.ack(&json!({"done": [image[0]["id"]]})).await.0, 1);

    world.clock_is("2026-11-24T10:00:00+08:00").await;
    let text = world.fetch().await;
    world.reload("[group.g1]\n").await;
    assert_eq!(world.ack(&json!({"done": [text[0]["id"]]})).await.0, 1);
    let rest = world.poll("wait=5").await;
    assert!(rest.len() == 1 && rest[0]["cause"]["step"] == "alert", "{rest:?}");
    assert_eq!(world.ack(&json!({"done": [rest[0]["id"]]})).await.0, 1);
    world.quiet().await;
    world.down().await;
    let outbox = &dump::state(world.data.path())["outbox"];
    assert!(
        outbox.iter().any(|row| row.contains("failed") && row.contains("not in the configuration any more")),
        "{outbox:?}"
    );
    assert!(outbox.iter().all(|row| row.len() < 2000), "{outbox:?}");
    world.up().await;
    world.finish().await;
}

#[tokio::test]
async fn a_fresh_run_of_the_journal_decides_the_same_images() {
    let mut world = World::with("").await.showing(POSTER).await;
    world.clock_shows("10:00:00").await;
    world.settled().await;
    world.put(JPEG);
    world.reload(POSTER).await;
    world.clock_is("2026-11-24T10:00:00+08:00").await;
    world.settled().await;
    world.down().await;
    let again = tempfile::tempdir().unwrap();
    run_again(&world.config().settings, world.data.path(), again.path());
    let (lived, rerun) = (dump::state(world.data.path()), dump::state(again.path()));
    assert_eq!(lived["outbox"].len(), 4);
    dump::assert_same(&lived, &rerun);
}

#[tokio::test]
async fn on_wecom_the_groups_robot_shows_it() {
    let world = World::with_only("").await;
    let shows = world.clock.clone();
    let fake = Fake::start(([127, 0, 0, 1], 0).into(), Arc::new(move || shows.now().0)).await.unwrap();
    {
        let mut model = fake.model();
        model.hire("zhangsan", "张三");
        model.group("g1", Kind::Customer, "一号店", &["zhangsan"]);
        model.robot("fake-robot-key", "g1");
    }
    std::fs::write(world.file("config/robot.txt"), "fake-robot-key").unwrap();
    let corp = format!(
        "[wecom.corp]\ncorp_id = \"{}\"\napi_url = \"{}\"\n[wecom.corp.group.g1]\nrobot_file = \"robot.txt\"\n",
        fake.model().corp,
        fake.url()
    );
    let world = world.showing(&(corp + POSTER)).await;
    world.clock_shows("10:00:00").await;
    until("it is shown", || (fake.model().said.len() == 2).then_some(())).await;
    let said: Vec<(String, Value)> =
        fake.model().said.iter().map(|said| (said.kind.clone(), said.body["image"]["base64"].clone())).collect();
    assert_eq!(said, [("text".to_owned(), Value::Null), ("image".to_owned(), BASE64.encode(&png()).into())]);
    world.finish().await;
}

#[tokio::test]
async fn on_wecom_an_app_and_a_connected_bot_show_it_where_there_is_no_robot() {
    let world = World::with_only("").await;
    let shows = world.clock.clone();
    let fake = Fake::start(([127, 0, 0, 1], 0).into(), Arc::new(move || shows.now().0)).await.unwrap();
    let openws = Openws::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    openws.model().bots.insert("aib-1".to_owned(), "bot-secret".to_owned());
    {
        let mut model = fake.model();
        model.hire("zhangsan", "张三");
        model.hire("lisi", "李四");
        model.app(1_000_002, "app-secret", Permission::App);
        model.group("g1", Kind::App(1_000_002), "三组", &["zhangsan", "lisi"]);
    }
    std::fs::write(world.file("config/app.txt"), "app-secret").unwrap();
    std::fs::write(world.file("config/bot.txt"), "bot-secret").unwrap();
    let corp = format!(
        "[wecom.corp]\ncorp_id = \"{}\"\napi_url = \"{}\"\n[wecom.corp.app.guard]\nagent_id = 1000002\n\
         secret_file = \"app.txt\"\n[wecom.corp.aibot.guard]\nbot_id = \"aib-1\"\nsecret_file = \"bot.txt\"\nws_url = \"{}\"\n\
         [wecom.corp.group.g1]\nkind = \"app\"\n[wecom.corp.group.g2]\nkind = \"internal\"\naibot = \"guard\"\n[group.g2]\n",
        fake.model().corp,
        fake.url(),
        openws.url(),
    );
    let both = POSTER.replace("groups = [\"g1\"]", "groups = [\"g1\", \"g2\"]");
    // The first answer to the upload is lost: nobody saw it, so it is made again.
    fake.model().faults.push(Fault::next("media/upload", Wrong::DoneCut, 1));
    let world = world.showing(&format!("{corp}{both}")).await;
    until("the bot is connected", || openws.is_connected("aib-1").then_some(())).await;
    let spoken = json!({"msgid": "m1", "aibotid": "aib-1", "chatid": "g2", "chattype": "group", "from": {"userid": "lisi"},
                        "msgtype": "text", "text": {"content": "@群卫 在吗"}});
    assert!(openws.tell("aib-1", "aibot_msg_callback", "r1", &spoken));
    world.clock_shows("10:00:00").await;
    let sent = |kind: &str| {
        let model = openws.model();
        let all =
            model.frames.iter().filter(|frame| frame["cmd"] == "aibot_send_msg" && frame["body"]["msgtype"] == kind);
        all.map(|frame| frame["body"].clone()).collect::<Vec<_>>()
    };
    until("the bot shows it", || (sent("image").len() == 1).then_some(())).await;
    until("the upload is tried", || (fake.model().media.len() == 1).then_some(())).await;
    world.quiet().await;
    world.turn(MINUTE);
    until("the app shows it", || (fake.model().said.len() == 2).then_some(())).await;
    let said: Vec<(String, Value)> =
        fake.model().said.iter().map(|said| (said.kind.clone(), said.body["image"]["media_id"].clone())).collect();
    assert_eq!((&*said[0].0, &*said[1].0), ("text", "image"));
    let (_, bytes) = fake.model().media[said[1].1.as_str().unwrap()].clone();
    assert!(bytes == png() && fake.model().media.len() == 2, "the second upload is shown");
    let shown = sent("image");
    assert_eq!(shown[0]["chatid"], "g2");
    let said = sent("markdown").into_iter().filter(|body| body["markdown"]["content"] == "今晚读书会");
    assert_eq!(said.count(), 1);
    assert!(openws.model().files[shown[0]["image"]["media_id"].as_str().unwrap()] == png());
    // Whether it was shown is not known: it is not shown again.
    fake.model().faults.push(Fault::next("appchat/send", Wrong::DoneCut, 2));
    world.clock_is("2026-11-24T10:00:00+08:00").await;
    until("it is shown", || (fake.model().said.len() >= 3).then_some(())).await;
    world.quiet().await;
    world.turn(10 * MINUTE);
    world.settled().await;
    let images = fake.model().said.iter().filter(|said| said.kind == "image").count();
    assert!(images <= 2, "{images}");
    assert_eq!((fake.model().unexpected.len(), openws.model().unexpected.len()), (0, 0));
    world.finish().await;
}

#[tokio::test]
async fn a_start_without_the_picture_goes_on_with_what_was_and_takes_it_in_when_it_is_back() {
    let mut world = World::with("").await.showing(POSTER).await;
    world.down().await;
    std::fs::remove_file(world.file("config/poster.png")).unwrap();
    world.up_on_the_last_good().await;
    let (status, why) = world.admin("/readyz").await;
    assert!(status == 503 && why.starts_with("config: ") && why.contains("picture"), "{status} {why}");
    // Without its bytes nothing is shown; the text is said, and the admins are told.
    world.clock_is("2026-11-23T10:00:00+08:00").await;
    assert_eq!(world.next().await["text"], "今晚读书会");
    let told = world.next().await;
    assert_eq!(told["cause"]["step"], "alert", "{told}");
    let broken = world.running().reloader.reload().await;
    assert!(broken.is_err(), "it is still missing");
    world.put(&png());
    world.running().reloader.reload().await.unwrap();
    assert_eq!(world.admin("/readyz").await.0, 200);
    world.clock_is("2026-11-24T10:00:00+08:00").await;
    // Nobody has acted on what the admins were told, so they are told again between.
    let mut next = world.next().await;
    while next["type"] == "task" {
        next = world.next().await;
    }
    assert_eq!((&next["text"], &next["cause"]["reminder"]), (&json!("今晚读书会"), &json!("海报")));
    assert_eq!(shown(&world.next().await), png());
    world.settled().await;
    while world.bot.read().is_some() {}
    world.finish().await;
}

fn replay(config: &Path, format: &str) -> Output {
    let event = r#"{"id":"m-1","type":"message","group":"g1","time":"2026-11-23T09:00:00+08:00","sender":{"id":"u1","name":"小王"},"text":"早"}"#;
    let file = config.join("events.jsonl");
    std::fs::write(&file, event).unwrap();
    let mut command = qunwei();
    command.args(["replay", "--until", "2026-11-23T11:00:00+08:00", "--format", format, "--config"]).arg(config);
    let output = command.arg(file).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    output
}

#[test]
fn replay_shows_it_whole_to_programs_and_by_its_name_to_people() {
    let config = tempfile::tempdir().unwrap();
    std::fs::write(config.path().join("a.toml"), POSTER).unwrap();
    std::fs::write(config.path().join("poster.png"), png()).unwrap();
    let json = replay(config.path(), "json").stdout;
    assert_eq!(json, replay(config.path(), "json").stdout, "byte for byte");
    let lines: Vec<Value> =
        String::from_utf8(json).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[0]["text"]), (2, &json!("今晚读书会")));
    assert_eq!((shown(&lines[1]), &lines[1]["media"]), (png(), &json!("image/png")));
    let human = String::from_utf8(replay(config.path(), "human").stdout).unwrap();
    assert!(human.contains("群内：[图片 poster.png]") && human.len() < 2000, "{human}");
}
