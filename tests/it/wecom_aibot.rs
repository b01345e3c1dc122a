//! The long connection of smart robots: as its only client, and in the middle between a bot and WeCom.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use qunwei::adapters::inbound::Inbound;
use qunwei::adapters::wecom::aibot::client::{Client, Link, Settings};
use qunwei::adapters::wecom::aibot::feed::{Feed, Hearing};
use qunwei::adapters::wecom::aibot::middle::{self, Middle};
use qunwei::adapters::wecom::aibot::speaker::{Failure, Limits, Speaker};
use qunwei::adapters::wecom::aibot::upload::{Kind, UploadError, upload};
use qunwei::adapters::wecom::callback::robot::Robot;
use qunwei::adapters::wecom::inlet::{BoxFuture, Inlet, Mark, Refused, Taken};
use qunwei::adapters::wecom::platform::AibotPush;
use qunwei::domain::image::Media;
use qunwei::ports::Reply;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;

use crate::support::MORNING;
use crate::support::clock::HandClock;

pub use crate::support::fake_wecom::aibot as openws;

use openws::Openws;

pub const BOT: &str = "aibBOT";
pub const SECRET: &str = "s3cret-of-the-bot";

/// An intake that keeps what it is given, unless it is told to refuse.
#[derive(Default)]
pub struct Heard {
    events: Mutex<Vec<Inbound>>,
    refuses: AtomicBool,
}

impl Heard {
    pub fn events(&self) -> Vec<Value> {
        self.events.lock().unwrap().iter().map(|event| serde_json::from_str(&event.raw).unwrap()).collect()
    }
}

impl Inlet for Heard {
    fn submit(&self, events: Vec<Inbound>, _mark: Option<Mark>) -> BoxFuture<'_, Result<Taken, Refused>> {
        Box::pin(async move {
            if self.refuses.load(Ordering::SeqCst) {
                return Err(Refused::Unwritten("the disk is full".to_owned()));
            }
            let accepted = events.len();
            self.events.lock().unwrap().extend(events);
            Ok(Taken { accepted, duplicates: 0 })
        })
    }

    fn mark(&self, _source: &Arc<str>) -> BoxFuture<'_, Result<Option<String>, Refused>> {
        Box::pin(async { Ok(None) })
    }
}

pub async fn until(what: &str, so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// WeCom's end, the intake, and what is between them.
pub struct Stage {
    pub openws: Openws,
    pub heard: Arc<Heard>,
    pub clock: Arc<HandClock>,
    pub speaker: Speaker,
    pub feed: Feed,
    pub stop: CancellationToken,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Stage {
    pub async fn new(limits: Limits) -> Self {
        let openws = Openws::start(([127, 0, 0, 1], 0).into()).await.unwrap();
        openws.model().bots.insert(BOT.to_owned(), SECRET.to_owned());
        let (clock, heard, stop) =
            (Arc::new(HandClock::new(MORNING)), Arc::<Heard>::default(), CancellationToken::new());
        let robot = Robot { name: Some("群卫".into()), user: Some("bot".into()), ..Robot::default() };
        let hearing = Hearing {
            answers: None,
            platform: "acme".into(),
            robot,
            inlet: heard.clone(),
            clock: clock.clone(),
            shown: Arc::new(|_| {}),
        };
        let (speaker, feed) = (Speaker::new(limits, clock.clone()), Feed::start(hearing, stop.clone()));
        Self { openws, heard, clock, speaker, feed, stop }
    }

    fn settings(&self) -> Settings {
        let quick = Duration::from_millis(1);
        let url = self.openws.url();
        Settings { wait: (quick, quick * 5), refused_wait: (quick, quick * 5), ..Settings::new(&url, BOT, SECRET) }
    }

    fn client(&self, settings: Settings) -> Client {
        let client = Client::new(settings, self.speaker.clone(), self.feed.clone(), Arc::new(|_| {})).unwrap();
        tokio::spawn(client.clone().run(self.stop.clone()));
        client
    }

    pub async fn middle(&self) -> (Middle, String) {
        let settings = middle::Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            url: self.openws.url(),
            patience: Duration::from_secs(10),
        };
        let middle = Middle::new(settings, self.speaker.clone(), self.feed.clone(), Arc::new(|_| {})).unwrap();
        let (listener, address) = middle.bind().await.unwrap();
        tokio::spawn(middle.clone().run(listener, self.stop.clone()));
        (middle, format!("ws://{address}"))
    }

    fn count(&self, cmd: &str) -> usize {
        self.openws.model().frames.iter().filter(|frame| frame["cmd"] == cmd).count()
    }
}

pub fn said(id: &str, user: &str, text: &str) -> Value {
    json!({"msgid": id, "aibotid": BOT, "chatid": "wrG", "chattype": "group", "from": {"userid": user}, "msgtype": "text",
           "text": {"content": text}})
}

fn markdown(text: &str) -> Value {
    json!({"msgtype": "markdown", "markdown": {"content": text}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_become_events_and_what_is_said_is_acknowledged() {
    let stage = Stage::new(Limits::default()).await;
    let client = stage.client(stage.settings());
    until("it is connected", || client.link() == Link::Up).await;
    assert!(stage.openws.tell(BOT, "aibot_msg_callback", "r1", &said("m1", "zhangsan", "@群卫 我的记录")));
    let event = json!({"msgid": "e1", "create_time": 1_700_000_000, "aibotid": BOT, "chatid": "wrG", "chattype": "group",
                       "from": {"userid": "boss"}, "msgtype": "event", "event": {"eventtype": "enter_chat"}});
    assert!(stage.openws.tell(BOT, "aibot_event_callback", "r2", &event));
    until("both are heard", || stage.heard.events().len() == 2).await;
    let events = stage.heard.events();
    assert_eq!((&events[0]["id"], &events[0]["type"]), (&json!("aibot:m1"), &json!("message")));
    assert_eq!(events[0]["content"][0], json!({"type": "mention", "user": "bot", "name": "群卫"}));
    assert_eq!(events[1]["id"], "aibot:e1");
    let done = Reply::Done { message: None };
    assert_eq!(stage.speaker.push("wrG".into(), "请文明发言".to_owned()).await, done);
    let chat = "wrG".into();
    let answers = (0..20).map(|at| {
        let (speaker, chat) = (&stage.speaker, &chat);
        async move { speaker.respond("r1", chat, &markdown(&format!("{at}"))).await }
    });
    let answers = futures_util::future::join_all(answers).await;
    assert!(answers.iter().all(Result::is_ok), "one behind the other: {answers:?}");
    assert_eq!(stage.speaker.update("r2", &json!({"response_type": "update_template_card"})).await, Ok(Value::Null));
    let unknown = stage.speaker.respond("r9", &chat, &markdown("x")).await;
    assert!(matches!(unknown, Err(Failure::Refused { code: 846_605, .. })), "{unknown:?}");
    let model = stage.openws.model();
    assert_eq!(model.unexpected, [""; 0]);
    let push = model.frames.iter().find(|frame| frame["cmd"] == "aibot_send_msg").unwrap();
    assert_eq!(push["body"], json!({"chatid": "wrG", "msgtype": "markdown", "markdown": {"content": "请文明发言"}}));
    assert_eq!(client.counts().recorded(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_secret_is_told_and_tried_again() {
    let stage = Stage::new(Limits::default()).await;
    let client = stage.client(Settings { secret: "wrong".to_owned(), ..stage.settings() });
    until("it is refused", || matches!(client.link(), Link::Refused { code: 853_000, .. })).await;
    until("it is tried again", || stage.openws.model().subscriptions > 3).await;
    let trouble = client.link().trouble().unwrap();
    assert!(trouble.contains("853000") && !trouble.contains("wrong"), "{trouble}");
    stage.openws.model().bots.insert(BOT.to_owned(), "wrong".to_owned());
    until("it is connected", || client.link() == Link::Up).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_answers_no_ping_or_breaks_is_made_anew() {
    let stage = Stage::new(Limits::default()).await;
    stage.openws.model().script.deaf = true;
    let client = stage.client(Settings { ping: Duration::from_millis(20), ..stage.settings() });
    until("it is made anew", || stage.openws.model().subscriptions >= 3).await;
    stage.openws.model().script.deaf = false;
    until("pings are answered", || client.link() == Link::Up).await;
    let before = stage.openws.model().subscriptions;
    let pings = stage.count("ping");
    until("it pings on", || stage.count("ping") > pings + 10).await;
    assert_eq!(stage.openws.model().subscriptions, before, "answered pings keep it");
    stage.openws.cut(BOT);
    until("it is back", || stage.openws.model().subscriptions > before).await;
    until("it is back", || stage.openws.is_connected(BOT)).await;
    let before = stage.openws.model().subscriptions;
    stage.openws.close(BOT, 1012);
    until("it is back", || stage.openws.model().subscriptions > before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_replaced_stays_away_until_an_operator_asks() {
    let stage = Stage::new(Limits::default()).await;
    let client = stage.client(stage.settings());
    until("it is connected", || client.link() == Link::Up).await;
    let other = Stage::new(Limits::default()).await;
    let url = stage.openws.url();
    let second =
        Client::new(Settings { url, ..other.settings() }, other.speaker.clone(), other.feed.clone(), Arc::new(|_| {}));
    let second = second.unwrap();
    tokio::spawn(second.clone().run(other.stop.clone()));
    until("the first is replaced", || client.link() == Link::Evicted && second.link() == Link::Up).await;
    assert_eq!(stage.speaker.push("wrG".into(), "x".to_owned()).await.kind(), "retry");
    tokio::time::sleep(Duration::from_millis(50)).await; // ten times the longest wait
    assert_eq!((stage.openws.model().subscriptions, client.link()), (2, Link::Evicted));
    client.ask_again();
    until("it is connected again", || client.link() == Link::Up && second.link() == Link::Evicted).await;
    assert_eq!(stage.heard.events().len(), 0, "that it was replaced is no event of a group");
}

trait Kinds {
    fn kind(&self) -> &'static str;
}

impl Kinds for Reply {
    fn kind(&self) -> &'static str {
        match self {
            Reply::Done { .. } => "done",
            Reply::Retry { .. } => "retry",
            Reply::Unknown { .. } => "unknown",
            Reply::Refused { .. } => "refused",
            Reply::Broken { .. } => "broken",
            Reply::Disabled => "disabled",
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_of_a_push_is_what_is_known_of_it() {
    let limits = Limits { patience: Duration::from_millis(50), ..Limits::default() };
    let stage = Stage::new(limits).await;
    let push = || stage.speaker.push("wrG".into(), "x".to_owned());
    assert_eq!(push().await.kind(), "retry", "not connected: surely not sent");
    let client = stage.client(stage.settings());
    until("it is connected", || client.link() == Link::Up).await;
    assert_eq!(push().await.kind(), "broken", "nobody has spoken to the bot there");
    stage.openws.tell(BOT, "aibot_msg_callback", "r1", &said("m1", "zhangsan", "@群卫"));
    assert_eq!(push().await.kind(), "done");
    for (code, kind) in [(45_009, "retry"), (846_609, "retry"), (-1, "retry"), (40_058, "refused"), (850_001, "broken")]
    {
        stage.openws.model().script.refuse = Some(("aibot_send_msg".to_owned(), code));
        assert_eq!(push().await.kind(), kind, "{code}");
    }
    stage.openws.model().script.refuse = None;
    stage.openws.model().script.silent = Some("aibot_send_msg".to_owned());
    let missed = Arc::<AtomicUsize>::default();
    let counts = missed.clone();
    stage.speaker.telling(Box::new(move || {
        counts.fetch_add(1, Ordering::SeqCst);
    }));
    assert_eq!(push().await.kind(), "unknown", "sent, and no word of it");
    assert_eq!(missed.load(Ordering::SeqCst), 1, "and it is counted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_uploaded_and_then_shown() {
    let limits = Limits { patience: Duration::from_secs(2), ..Limits::default() };
    let stage = Stage::new(limits).await;
    let picture: Arc<[u8]> = [b"\x89PNG\r\n\x1a\n".to_vec(), vec![7; 600 << 10]].concat().into();
    let show = || stage.speaker.show("wrG".into(), Media::Png, picture.clone());
    assert_eq!(show().await.kind(), "retry", "not connected");
    let client = stage.client(stage.settings());
    until("it is connected", || client.link() == Link::Up).await;
    assert_eq!(show().await.kind(), "broken", "nobody has spoken to the bot there");
    stage.openws.model().open.insert("wrG".to_owned());
    assert_eq!(show().await.kind(), "done");
    {
        let model = stage.openws.model();
        let shown = model.frames.iter().rfind(|frame| frame["cmd"] == "aibot_send_msg").unwrap();
        assert_eq!(shown["body"]["msgtype"], "image");
        assert!(model.files[shown["body"]["image"]["media_id"].as_str().unwrap()][..] == picture[..]);
    }
    let said = stage.count("aibot_send_msg");
    // Nobody sees an upload: what came of it does not matter. What was shown does.
    stage.openws.model().script.silent = Some("aibot_upload_media_finish".to_owned());
    assert_eq!((show().await.kind(), stage.count("aibot_send_msg")), ("retry", said));
    stage.openws.model().script.silent = Some("aibot_send_msg".to_owned());
    assert_eq!(show().await.kind(), "unknown");
    stage.openws.model().script.silent = None;
    for (cmd, code, kind) in [
        ("aibot_upload_media_init", 45_009, "retry"),
        ("aibot_upload_media_chunk", 40_058, "refused"),
        ("aibot_send_msg", 40_058, "refused"),
    ] {
        stage.openws.model().script.refuse = Some((cmd.to_owned(), code));
        assert_eq!(show().await.kind(), kind, "{cmd} {code}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_on_a_line_that_breaks_is_of_unknown_outcome() {
    let stage = Stage::new(Limits { patience: Duration::from_secs(600), ..Limits::default() }).await;
    let client = stage.client(stage.settings());
    until("it is connected", || client.link() == Link::Up).await;
    stage.openws.model().script.silent = Some("aibot_send_msg".to_owned());
    let cut = async {
        until("it is sent", || stage.count("aibot_send_msg") == 1).await;
        stage.openws.cut(BOT);
    };
    let (pushed, ()) = tokio::join!(stage.speaker.push("wrG".into(), "x".to_owned()), cut);
    assert_eq!(pushed.kind(), "unknown", "sent, and the line broke");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chats_limit_is_kept_before_wecom_has_to() {
    let stage = Stage::new(Limits { a_minute: 5, an_hour: 7, ..Limits::default() }).await;
    let client = stage.client(stage.settings());
    until("it is connected", || client.link() == Link::Up).await;
    for chat in ["wrG", "wrH"] {
        stage.openws.model().open.insert(chat.to_owned());
    }
    let push = |chat: &str| stage.speaker.push(chat.into(), "x".to_owned());
    for _ in 0..5 {
        assert_eq!(push("wrG").await.kind(), "done");
    }
    let Reply::Retry { after: Some(wait), .. } = push("wrG").await else { panic!("the minute is full") };
    assert!(wait <= Duration::from_secs(60));
    assert_eq!(push("wrH").await.kind(), "done", "another chat has its own");
    stage.clock.turn(wait);
    assert_eq!((push("wrG").await.kind(), push("wrG").await.kind()), ("done", "done"));
    stage.clock.turn(Duration::from_secs(60));
    assert_eq!(push("wrG").await.kind(), "retry", "the hour is full");
    stage.clock.turn(Duration::from_secs(3600));
    assert_eq!(push("wrG").await.kind(), "done");
    assert_eq!(stage.count("aibot_send_msg"), 9, "what must wait is not sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_uploaded_in_pieces() {
    let stage = Stage::new(Limits::default()).await;
    let client = stage.client(stage.settings());
    until("it is connected", || client.link() == Link::Up).await;
    let bytes: Vec<u8> = (0..1_300_000_u32).map(|at| (at % 251) as u8).collect();
    let media = upload(&stage.speaker, Kind::File, "记录.txt", &bytes, false).await.unwrap();
    assert_eq!(stage.openws.model().files.get(&media), Some(&bytes));
    assert_eq!(stage.count("aibot_upload_media_chunk"), 3);
    let large = vec![0; (2 << 20) + 1];
    assert_eq!(upload(&stage.speaker, Kind::Voice, "a.amr", &large, false).await, Err(UploadError::Size(large.len())));
    assert_eq!(upload(&stage.speaker, Kind::File, "a", &[], false).await, Err(UploadError::Size(0)));
    stage.openws.model().script.refuse = Some(("aibot_upload_media_chunk".to_owned(), 45_009));
    assert!(matches!(upload(&stage.speaker, Kind::File, "a", b"x", false).await, Err(UploadError::Request(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_recorded_at_once_is_recorded_later_and_what_never_can_is_counted() {
    let stage = Stage::new(Limits::default()).await;
    let client = stage.client(Settings { ping: Duration::from_millis(10), ..stage.settings() });
    until("it is connected", || client.link() == Link::Up).await;
    stage.heard.refuses.store(true, Ordering::SeqCst);
    for at in 0..50 {
        stage.openws.tell(BOT, "aibot_msg_callback", "r", &said(&format!("m{at}"), "zhangsan", "@群卫 hi"));
    }
    until("the trouble is told", || client.counts().trouble().is_some_and(|why| why.contains("disk"))).await;
    let pings = stage.count("ping");
    until("the connection lives on", || stage.count("ping") > pings + 3).await;
    stage.heard.refuses.store(false, Ordering::SeqCst);
    until("all are recorded", || client.counts().recorded() == 50).await;
    let ids: Vec<String> = stage.heard.events().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, (0..50).map(|at| format!("aibot:m{at}")).collect::<Vec<_>>());
    assert_eq!((client.counts().lost(), client.counts().trouble()), (0, None));
    stage.openws.tell(BOT, "aibot_msg_callback", "r", &said(&"x".repeat(600), "zhangsan", "@群卫 hi"));
    until("it is counted", || client.counts().lost() == 1).await;
    for junk in ["{", "[]", "\u{0}", r#"{"cmd":"aibot_msg_callback","headers":{},"body":5}"#, r#"{"cmd":"new"}"#] {
        stage.openws.tell_raw(BOT, junk);
    }
    stage.openws.tell(BOT, "aibot_msg_callback", "r", &said("last", "zhangsan", "@群卫 hi"));
    until("it hears on", || stage.heard.events().iter().any(|event| event["id"] == "aibot:last")).await;
    assert_eq!(client.link(), Link::Up);
}

#[test]
fn an_address_that_is_none_is_refused() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let stage = Stage::new(Limits::default()).await;
        for url in ["", "https://a", "ws://", "ws:///x", "openws.work.weixin.qq.com"] {
            let settings = Settings { url: url.to_owned(), ..stage.settings() };
            assert!(
                Client::new(settings, stage.speaker.clone(), stage.feed.clone(), Arc::new(|_| {})).is_err(),
                "{url}"
            );
        }
    });
}

/// A bot that is connected through the middle.
struct Bot(WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>);

impl Bot {
    async fn connect(url: &str) -> Self {
        let mut bot = Self(connect_async(url).await.unwrap().0);
        bot.say(&format!(r#"{{"cmd":"aibot_subscribe","headers":{{"req_id":"s-1"}},"body":{{"bot_id":"{BOT}","secret":"{SECRET}"}}}}"#))
            .await;
        assert_eq!(bot.hear().await["errcode"], 0);
        bot
    }

    async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text.to_owned())).await.unwrap();
    }

    async fn hear_text(&mut self) -> String {
        match tokio::time::timeout(Duration::from_secs(60), self.0.next()).await.expect("nothing comes") {
            Some(Ok(Message::Text(text))) => text.to_string(),
            other => panic!("{other:?}"),
        }
    }

    async fn hear(&mut self) -> Value {
        serde_json::from_str(&self.hear_text().await).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_middle_everything_passes_unchanged_and_a_copy_is_judged() {
    let stage = Stage::new(Limits::default()).await;
    let (middle, url) = stage.middle().await;
    assert_eq!(stage.speaker.push("wrG".into(), "x".to_owned()).await.kind(), "retry", "no bot is there yet");
    let mut bot = Bot::connect(&url).await;
    assert_eq!(middle.numbers().bots(), 1);
    // Odd spelling, unknown fields and unknown commands arrive as they were written.
    let odd = [
        r#"{ "headers":{"req_id":"r1"}, "cmd":"aibot_msg_callback" ,"new":1, "body":{"msgid":"m1","chatid":"wrG","chattype":"group","from":{"userid":"u"},"msgtype":"text","text":{"content":"@群卫 \u0068i"}}}"#,
        r#"{"cmd":"something_new","headers":{"req_id":"r2"},"body":[1,2,3]}"#,
        "no JSON at all",
        r#"{"headers":{"req_id":"nobody asked"},"errcode":1}"#,
    ];
    for text in odd {
        stage.openws.tell_raw(BOT, text);
    }
    for text in odd {
        assert_eq!(bot.hear_text().await, text);
    }
    until("the copy is judged", || stage.heard.events().len() == 1).await;
    assert_eq!(stage.heard.events()[0]["id"], "aibot:m1");
    // What we say is put between, and the bot hears nothing of it.
    stage.openws.model().open.insert("wrG".to_owned());
    let pushes = async {
        for at in 0..20 {
            assert_eq!(stage.speaker.push("wrG".into(), format!("{at}")).await.kind(), "done");
        }
    };
    let talk = async {
        for at in 0..50 {
            bot.say(&format!(r#"{{"cmd":"ping","headers":{{"req_id":"ping_{at}"}}}}"#)).await;
            assert_eq!(bot.hear().await["headers"]["req_id"], format!("ping_{at}"));
        }
    };
    tokio::join!(pushes, talk);
    let pings: Vec<String> = {
        let model = stage.openws.model();
        let pings = model.frames.iter().filter(|frame| frame["cmd"] == "ping");
        pings.map(|frame| frame["headers"]["req_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(pings, (0..50).map(|at| format!("ping_{at}")).collect::<Vec<_>>());
    // A late acknowledgement of ours is kept from the bot too.
    let own = stage.openws.model().frames.iter().find(|frame| frame["cmd"] == "aibot_send_msg").unwrap().clone();
    stage.openws.tell_raw(BOT, &json!({"headers": own["headers"], "errcode": 0, "errmsg": "ok"}).to_string());
    stage.openws.tell_raw(BOT, odd[1]);
    assert_eq!(bot.hear_text().await, odd[1]);
    // WeCom closes: so do we, with the same code.
    stage.openws.close(BOT, 4321);
    match bot.0.next().await {
        Some(Ok(Message::Close(Some(close)))) => assert_eq!(u16::from(close.code), 4321),
        other => panic!("{other:?}"),
    }
    until("it is gone", || middle.numbers().bots() == 0).await;
    assert_eq!(stage.speaker.push("wrG".into(), "x".to_owned()).await.kind(), "retry");
    // The bot comes again and leaves.
    let mut bot = Bot::connect(&url).await;
    assert_eq!(stage.speaker.push("wrG".into(), "x".to_owned()).await.kind(), "done");
    bot.0.close(None).await.unwrap();
    until("it is gone", || middle.numbers().bots() == 0 && !stage.openws.is_connected(BOT)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_middle_the_bot_works_when_nothing_can_be_judged_and_comes_again_when_wecom_is_down() {
    let stage = Stage::new(Limits::default()).await;
    let (middle, url) = stage.middle().await;
    stage.heard.refuses.store(true, Ordering::SeqCst);
    let mut bot = Bot::connect(&url).await;
    for at in 0..5000 {
        stage.openws.tell(BOT, "aibot_msg_callback", "r", &said(&format!("m{at}"), "zhangsan", "@群卫 hi"));
        assert_eq!(bot.hear().await["body"]["msgid"], format!("m{at}"));
    }
    until("what is lost is counted", || middle.counts().lost() > 0).await;
    drop(bot);
    until("it is gone", || middle.numbers().bots() == 0).await;
    stage.openws.model().script.closed = true;
    let mut bot = connect_async(&url).await.unwrap().0;
    match tokio::time::timeout(Duration::from_secs(60), bot.next()).await.expect("it is closed") {
        Some(Ok(Message::Close(Some(close)))) => assert_eq!(u16::from(close.code), 1013, "try again later"),
        other => panic!("{other:?}"),
    }
    assert_eq!(middle.numbers().refused(), 1);
    stage.openws.model().script.closed = false;
    Bot::connect(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_middle_a_second_bot_replaces_the_first_as_at_wecom() {
    let stage = Stage::new(Limits::default()).await;
    let (middle, url) = stage.middle().await;
    let mut first = Bot::connect(&url).await;
    let mut second = Bot::connect(&url).await;
    let told = first.hear().await;
    assert_eq!(told["body"]["event"]["eventtype"], "disconnected_event");
    assert!(matches!(first.0.next().await, Some(Ok(Message::Close(_)))));
    until("the first is gone", || middle.numbers().bots() == 1).await;
    stage.openws.model().open.insert("wrG".to_owned());
    assert_eq!(stage.speaker.push("wrG".into(), "x".to_owned()).await.kind(), "done", "over the second");
    assert_eq!(middle.numbers().evicted(), 1);
    second.say(r#"{"cmd":"ping","headers":{"req_id":"ping_1"}}"#).await;
    assert_eq!(second.hear().await["headers"]["req_id"], "ping_1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_middle_who_never_shakes_hands_keeps_no_bot_out() {
    let stage = Stage::new(Limits::default()).await;
    let (middle, url) = stage.middle().await;
    let address = url.trim_start_matches("ws://");
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(tokio::net::TcpStream::connect(address).await.unwrap());
    }
    // Long before they are given up, which takes ten seconds.
    let bot = tokio::time::timeout(Duration::from_secs(5), Bot::connect(&url)).await.expect("it is kept out");
    assert_eq!(middle.numbers().bots(), 1, "who has not shaken hands is no bot");
    // Those that waited longest were closed for it, and all the others are given up in time.
    for one in &mut silent {
        let mut said = [0; 16];
        let end = tokio::io::AsyncReadExt::read(one, &mut said);
        let end = tokio::time::timeout(Duration::from_secs(60), end).await.expect("it is never given up");
        assert!(matches!(end, Ok(0) | Err(_)));
    }
    drop(bot);
    until("it is gone", || middle.numbers().bots() == 0).await;
    // Bots that do shake hands are so many at most.
    let mut bots = Vec::new();
    for _ in 0..20 {
        bots.extend(connect_async(&url).await);
    }
    until("as many as may be are let in", || middle.numbers().bots() == 16).await;
}
