//! A 智能机器人 that is told by callback and has no long connection: it answers a message at the address that came with it, once,
//! within an hour, and at no other place.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use qunwei::adapters::wecom::aibot::answers::{Answers, Unanswerable, code};
use qunwei::adapters::wecom::api::Endpoint;
use qunwei::adapters::wecom::callback::ReplyTo;
use qunwei::ports::{Clock, Reply};
use serde_json::{Value, json};

use crate::support::clock::HandClock;
use crate::support::corp::{Behind, KEY, ONCE};
use crate::support::fake_wecom::callbacks::{Address, Format};
use crate::support::fake_wecom::faults::{Fault, Wrong};
use crate::support::fake_wecom::model::{By, Kind, Permission, Said, To};
use crate::support::fake_wecom::{Fake, machine};
use crate::support::{MORNING, World, dump, until};

const GROUP: &str = "wrTeam";
const CALL: &str = "POST aibot/response";

struct Stage {
    world: World,
    fake: Fake,
    shown: Arc<AtomicI64>,
}

impl Stage {
    /// With this in the bot's section, and more sections behind.
    async fn new(bot: &str, more: &str) -> Self {
        let shown = Arc::new(AtomicI64::new(MORNING.0));
        let clock = shown.clone();
        let fake =
            Fake::start(([127, 0, 0, 1], 0).into(), Arc::new(move || clock.load(Ordering::SeqCst))).await.unwrap();
        {
            let mut model = fake.model();
            for (user, name) in [("zhangsan", "张三"), ("lisi", "李四")] {
                model.hire(user, name);
            }
            model.app(1_000_002, "app-secret", Permission::App);
            model.group(GROUP, Kind::Internal, "三组", &["zhangsan", "lisi"]);
        }
        let toml = format!(
            r#"
[wecom.corp]
corp_id = "{corp}"
api_url = "{api}"
bot_names = ["群卫"]
[wecom.corp.aibot.guard]
bot_id = "aib-1"
token_env = "TOKEN"
aes_key_env = "AES"
{bot}
[wecom.corp.group.{GROUP}]
kind = "internal"
aibot = "guard"
[group.{GROUP}]
admins = ["zhangsan"]
{more}
"#,
            corp = fake.model().corp,
            api = fake.url(),
        );
        let env = [("TOKEN", "callback-token"), ("AES", KEY), ("APP", "app-secret")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let stage = Self { world: World::with_env(&toml, env).await, fake, shown };
        stage.fake.hook("aibot:aib-1", stage.address());
        stage
    }

    fn address(&self) -> Address {
        Address {
            url: format!("http://{}/hooks/wecom/corp/aibot/guard", self.world.running().listen),
            token: "callback-token".to_owned(),
            aes_key: KEY.to_owned(),
            receiveid: String::new(),
            format: Format::RobotJson,
        }
    }

    /// Somebody speaks to the bot in the group; the message's id.
    fn say(&self, user: &str, text: &str) -> String {
        let id = self.fake.model().say(GROUP, user, &format!("@群卫 {text}"), Some("aib-1")).unwrap();
        self.fake.make_callbacks();
        id
    }

    /// Posts a callback as it is written here; the status.
    async fn post(&self, plaintext: &str) -> u16 {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        self.address().post(&client, ONCE, plaintext).await.statuses()[0]
    }

    async fn turn(&self, by: Duration) {
        self.world.quiet().await; // what is under way ends by the clock as it was
        self.world.turn(by);
        self.shown.store(self.world.clock_now().0, Ordering::SeqCst);
    }

    /// What the bot said.
    fn answers(&self) -> Vec<Said> {
        let model = self.fake.model();
        model.said.iter().filter(|said| said.by == By::Aibot("aib-1".to_owned())).cloned().collect()
    }

    async fn answered(&self, count: usize) -> Vec<Said> {
        until("the bot answers", || Some(self.answers()).filter(|said| said.len() >= count)).await
    }

    /// State and error of each action, once all have ended.
    async fn ended(&self, count: usize) -> Vec<(String, String)> {
        until("the actions have ended", || {
            let conn = rusqlite::Connection::open(self.world.data.path().join("qunwei.db")).ok()?;
            let mut read =
                conn.prepare("SELECT state, coalesce(error, ''), ended_at IS NULL FROM outbox ORDER BY place").ok()?;
            let rows = read.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, bool>(2)?))).ok()?;
            let rows: Vec<(String, String, bool)> = rows.collect::<Result<_, _>>().ok()?;
            let all = rows.len() >= count && rows.iter().all(|(_, _, open)| !open);
            all.then(|| rows.into_iter().map(|(state, error, _)| (state, error)).collect())
        })
        .await
    }

    fn calls(&self) -> usize {
        self.fake.model().calls.iter().filter(|call| *call == CALL).count()
    }

    /// Nothing that speaks as the bot is in the folder of data.
    fn nothing_is_kept(&self) {
        for file in ["qunwei.db", "qunwei.db-wal"] {
            let bytes = std::fs::read(self.world.data.path().join(file)).unwrap_or_default();
            let code = b"answer-code-";
            assert!(!bytes.windows(code.len()).any(|window| window == code), "{file}");
        }
    }

    async fn finish(self) {
        self.nothing_is_kept();
        assert_eq!(self.fake.model().unexpected, Vec::<String>::new());
        self.world.finish().await;
    }
}

#[tokio::test]
async fn a_command_and_a_violation_are_answered_at_the_address_of_their_message() {
    let stage = Stage::new("", "").await;
    let asked = stage.say("zhangsan", "/状态");
    let [answer] = &stage.answered(1).await[..] else { panic!("one answer") };
    assert_eq!((&answer.to, answer.quotes.as_deref()), (&To::Group(GROUP.to_owned()), Some(&*asked)));
    assert_eq!(answer.body, json!({"msgtype": "markdown", "markdown": {"content": answer.text}}));
    let bad = stage.say("lisi", "加微信 abc12345 领红包");
    let answers = stage.answered(2).await;
    assert_eq!(answers[1].quotes.as_deref(), Some(&*bad));
    assert!(answers[1].text.contains("李四") || answers[1].text.contains("lisi"), "{}", answers[1].text);
    let states: Vec<String> = stage.ended(2).await.into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, ["done", "done"]);
    let event = dump::journal(stage.world.data.path()).into_iter().find(|row| row.contains("abc12345")).unwrap();
    assert!(event.contains(r#""answerable":"once""#) && !event.contains("response_url"), "{event}");
    // What nobody asked for cannot be said: it is not tried.
    stage.turn(Duration::from_secs(26 * 3600)).await;
    stage.world.settled().await;
    assert_eq!((stage.calls(), stage.answers().len()), (2, 2));
    stage.finish().await;
}

#[tokio::test]
async fn who_writes_to_the_bot_alone_is_answered_there_and_else_by_the_app() {
    let app = "[wecom.corp.app.guard]\nagent_id = 1000002\nsecret_env = \"APP\"";
    for more in ["", app] {
        let stage = Stage::new("", more).await;
        stage.fake.model().write_to_aibot("aib-1", "lisi", "/帮助").unwrap();
        stage.fake.make_callbacks();
        let [answer] = &stage.answered(1).await[..] else { panic!("one answer") };
        assert_eq!((&answer.to, answer.quotes.as_deref()), (&To::People(vec!["lisi".to_owned()]), None));
        assert_eq!(stage.ended(1).await[0].0, "done");
        // What is for somebody alone is not said at the address of a group.
        stage.say("lisi", "/我的记录");
        let all = stage.ended(2).await;
        assert_eq!(all[1].0, "done", "{all:?}");
        let told = stage.fake.model().texts_to("lisi").len();
        assert_eq!((stage.answers().len(), told), if more.is_empty() { (2, 1) } else { (1, 2) });
        stage.finish().await;
    }
}

#[tokio::test]
async fn what_was_surely_not_said_is_tried_again_and_what_may_have_been_is_not() {
    for (wrong, calls, said, state) in [
        (Wrong::Code(45009), 2, 1, "done"),
        (Wrong::Status(503), 2, 1, "done"),
        (Wrong::DoneCut, 1, 1, "uncertain"),
        (Wrong::Cut, 1, 0, "uncertain"),
        (Wrong::DoneStatus(504), 1, 1, "uncertain"),
        // Whether an address that was refused is good once more is not documented.
        (Wrong::Code(31_415_926), 1, 0, "failed"),
        (Wrong::Code(40058), 1, 0, "failed"),
        (Wrong::Status(404), 1, 0, "failed"),
    ] {
        let stage = Stage::new("", "").await;
        let shown = format!("{wrong:?}");
        stage.fake.model().faults.push(Fault::next("aibot/response", wrong, 1));
        stage.say("zhangsan", "/状态");
        until("it is tried", || (stage.calls() == 1).then_some(())).await;
        for _ in 0..4 {
            stage.turn(Duration::from_secs(61)).await;
            stage.world.settled().await;
        }
        let ended = stage.ended(1).await;
        assert_eq!((&*ended[0].0, stage.calls(), stage.answers().len()), (state, calls, said), "{shown}: {ended:?}");
        assert!(!ended[0].1.contains("answer-code"), "{ended:?}");
        stage.finish().await;
    }
}

#[tokio::test]
async fn after_an_hour_or_a_restart_it_is_not_tried_and_says_why() {
    let stage = Stage::new("", "").await;
    stage.fake.model().faults.push(Fault::next("aibot/response", Wrong::Code(45009), 1));
    stage.say("zhangsan", "/状态");
    until("it is tried", || (stage.calls() == 1).then_some(())).await;
    stage.turn(Duration::from_secs(3600)).await;
    let ended = stage.ended(1).await;
    assert_eq!((&*ended[0].0, stage.calls()), ("failed", 1));
    assert!(ended[0].1.contains("an hour ago"), "{ended:?}");
    stage.finish().await;

    let mut stage = Stage::new("", "").await;
    stage.fake.model().faults.push(Fault::next("aibot/response", Wrong::Code(45009), 1));
    stage.say("zhangsan", "/状态");
    until("it is tried", || (stage.calls() == 1).then_some(())).await;
    stage.world.restart().await;
    stage.turn(Duration::from_secs(61)).await;
    let ended = stage.ended(1).await;
    assert_eq!((&*ended[0].0, stage.calls()), ("failed", 1));
    assert!(ended[0].1.contains("a restart forgets"), "{ended:?}");
    stage.finish().await;
}

#[tokio::test]
async fn a_reload_forgets_no_address() {
    let stage = Stage::new("", "").await;
    stage.fake.model().faults.push(Fault::next("aibot/response", Wrong::Code(45009), 1));
    stage.say("zhangsan", "/状态");
    until("it is tried", || (stage.calls() == 1).then_some(())).await;
    let text = std::fs::read_to_string(stage.world.file("config/zz-test.toml")).unwrap();
    stage.world.write("config/zz-test.toml", &text.replace("[\"群卫\"]", "[\"群卫\", \"卫士\"]"));
    stage.world.running().reloader.reload().await.unwrap();
    stage.turn(Duration::from_secs(61)).await;
    assert_eq!(stage.ended(1).await[0].0, "done");
    assert_eq!((stage.calls(), stage.answers().len()), (2, 1));
    stage.finish().await;
}

#[tokio::test]
async fn a_forged_address_is_never_called() {
    let stage = Stage::new("", "").await;
    let other = Fake::start(([127, 0, 0, 1], 0).into(), machine()).await.unwrap();
    let at = stage.fake.url();
    let forged = [
        format!("{}/cgi-bin/aibot/response?response_code=answer-code-x", other.url()),
        format!("{at}@{}/cgi-bin/aibot/response?response_code=answer-code-x", &other.url()["http://".len()..]),
        format!("{at}/cgi-bin/message/send?response_code=answer-code-x"),
        format!("{at}/cgi-bin/aibot/response/../../message/send?response_code=answer-code-x"),
    ];
    for (no, url) in forged.iter().enumerate() {
        let body = json!({"msgid": format!("F{no}"), "aibotid": "aib-1", "chatid": GROUP, "chattype": "group",
            "from": {"userid": "zhangsan"}, "response_url": url, "msgtype": "text", "text": {"content": "@群卫 /状态"}});
        assert_eq!(stage.post(&body.to_string()).await, 200);
    }
    // What cannot be read is kept, but not what speaks as the bot.
    let url = format!("{at}/cgi-bin/aibot/response?response_code=answer-code-y");
    assert_eq!(stage.post(&json!({"response_url": url, "what": "曦曦"}).to_string()).await, 200);
    assert_eq!(stage.post(&format!("{{ \"response_url\": \"{url}\", 曦曦")).await, 200);
    stage.world.settled().await;
    assert_eq!((stage.fake.model().calls.len(), other.model().calls.len()), (0, 0));
    let rows = dump::journal(stage.world.data.path());
    assert_eq!(rows.iter().filter(|row| row.contains("曦曦")).count(), 2, "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row.contains("\"message\"")).count(), 4);
    assert!(!rows.iter().any(|row| row.contains("answerable")), "{rows:?}");
    stage.finish().await;
}

#[tokio::test]
async fn beside_a_bot_the_answers_are_that_ones() {
    let behind = Behind::start().await;
    let stage = Stage::new(&format!("forward_url = \"{}\"", behind.url), "").await;
    stage.say("zhangsan", "/状态");
    until("the bot gets it", || (behind.got().len() == 1).then_some(())).await;
    stage.say("lisi", "加微信 abc12345 领红包");
    until("the bot gets it", || (behind.got().len() == 2).then_some(())).await;
    stage.world.settled().await;
    assert_eq!(stage.calls(), 0);
    stage.finish().await;
}

#[tokio::test]
async fn an_address_is_used_once_whatever_comes_again() {
    let fake = Fake::start(([127, 0, 0, 1], 0).into(), Arc::new(|| MORNING.0)).await.unwrap();
    let endpoint = Endpoint::new(&fake.url(), Duration::from_secs(5)).unwrap();
    let clock = Arc::new(HandClock::new(MORNING));
    let answers = Answers::new(clock.clone());
    fake.model().hire("lisi", "李四");
    let under = endpoint.address("aibot/response");
    let offered = |event: &str, alone: Option<&str>| {
        let mut model = fake.model();
        model.write_to_aibot("aib-1", "lisi", "在吗").unwrap();
        let body: Value = serde_json::from_str(&model.callbacks.back().unwrap().plaintext).unwrap();
        let code = code(body["response_url"].as_str().unwrap(), &under).unwrap();
        ReplyTo { event: event.into(), code, alone: alone.map(Into::into) }
    };
    let first = offered("e1", Some("lisi"));
    assert!(!format!("{first:?}").contains("answer-code"), "{first:?}");
    answers.offer(&first);
    let said = |event: &'static str, alone: Option<&'static str>| answers.say(&endpoint, event, alone, "好");
    assert_eq!(said("e0", Some("lisi")).await, Err(Unanswerable::Unknown));
    assert_eq!(said("e1", None).await, Err(Unanswerable::Unknown), "it was not said in a group");
    assert_eq!(said("e1", Some("zhangsan")).await, Err(Unanswerable::Unknown), "another one wrote it");
    assert_eq!(said("e1", Some("lisi")).await, Ok(Reply::Done { message: None }));
    assert_eq!(said("e1", Some("lisi")).await, Err(Unanswerable::Used));
    answers.offer(&offered("e1", Some("lisi"))); // WeCom asks again, with another address perhaps
    assert_eq!(said("e1", Some("lisi")).await, Err(Unanswerable::Used));
    answers.offer(&offered("e2", Some("lisi")));
    clock.turn(Duration::from_secs(59 * 60 - 1));
    answers.offer(&offered("e3", Some("lisi")));
    assert_eq!(said("e2", Some("lisi")).await, Ok(Reply::Done { message: None }));
    clock.turn(Duration::from_secs(59 * 60));
    assert_eq!(said("e3", Some("lisi")).await, Err(Unanswerable::Late));
    assert_eq!(clock.now().since(MORNING), Duration::from_secs(2 * 59 * 60 - 1));
    let model = fake.model();
    assert_eq!((model.unexpected.len(), model.said.len()), (0, 2));
}
