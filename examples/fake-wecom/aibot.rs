//! WeCom's end of the long connection of smart robots (智能机器人), on loopback.
//!
//! Written from WeCom's document 101463 and not from `src/`, with nothing of it in use, so that each checks the other.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "the command and the tests each use a part")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a fake that panics has failed the test, as it should"
)]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::{BASE64, HEXLOWER};
use futures_util::{SinkExt, StreamExt};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// What it does wrong on purpose.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Pings are not answered.
    pub deaf: bool,
    /// Requests of this command are not acknowledged.
    pub silent: Option<String>,
    /// Requests of this command are refused with this code.
    pub refuse: Option<(String, i64)>,
    /// Nobody is let in.
    pub closed: bool,
}

/// Everything it knows.
#[derive(Default)]
pub struct Model {
    /// Secrets by bot id.
    pub bots: BTreeMap<String, String>,
    pub script: Script,
    /// All frames that bots sent, in order.
    pub frames: Vec<Value>,
    /// What WeCom does not have, or would not take.
    pub unexpected: Vec<String>,
    /// How often somebody subscribed, successfully or not.
    pub subscriptions: usize,
    /// Messages in a chat in a minute; the time is not looked at.
    pub limit: usize,
    /// Chats in which somebody has spoken to the bot.
    pub open: HashSet<String>,
    /// Files that were uploaded whole, by media id.
    pub files: HashMap<String, Vec<u8>>,
    live: HashMap<String, (u64, mpsc::UnboundedSender<Message>)>,
    heard: HashSet<String>,
    said: HashMap<String, usize>,
    uploads: HashMap<String, (Value, BTreeMap<u64, Vec<u8>>)>,
    numbers: u64,
}

/// The fake. Clones are the same.
#[derive(Clone)]
pub struct Openws {
    model: Arc<Mutex<Model>>,
    address: SocketAddr,
}

impl Openws {
    pub async fn start(listen: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let model = Model { limit: 30, ..Model::default() };
        let fake = Self { model: Arc::new(Mutex::new(model)), address: listener.local_addr()? };
        let server = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if !server.model().script.closed {
                    tokio::spawn(server.clone().serve(stream));
                }
            }
        });
        Ok(fake)
    }

    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    pub fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody writes to a bot, or something happens. False when it is not connected.
    pub fn tell(&self, bot: &str, cmd: &str, req_id: &str, body: &Value) -> bool {
        let mut model = self.model();
        let chat = body["chatid"].as_str().or_else(|| body["from"]["userid"].as_str()).unwrap_or_default().to_owned();
        model.open.insert(chat);
        model.heard.insert(req_id.to_owned());
        let frame = json!({"cmd": cmd, "headers": {"req_id": req_id}, "body": body});
        model.live.get(bot).is_some_and(|(_, out)| out.send(Message::text(frame.to_string())).is_ok())
    }

    /// Sends a text as it is.
    pub fn tell_raw(&self, bot: &str, text: &str) -> bool {
        self.model().live.get(bot).is_some_and(|(_, out)| out.send(Message::text(text.to_owned())).is_ok())
    }

    /// Closes a bot's connection with this code.
    pub fn close(&self, bot: &str, code: u16) {
        if let Some((_, out)) = self.model().live.remove(bot) {
            let _ =
                out.send(Message::Close(Some(CloseFrame { code: code.into(), reason: "closed by the test".into() })));
        }
    }

    /// Cuts a bot's connection without a word.
    pub fn cut(&self, bot: &str) {
        self.model().live.remove(bot);
    }

    pub fn is_connected(&self, bot: &str) -> bool {
        self.model().live.contains_key(bot)
    }

    async fn serve(self, stream: TcpStream) {
        let Ok(socket) = accept_async(stream).await else { return };
        let (mut to, mut from) = socket.split();
        let (out, mut waiting) = mpsc::unbounded_channel::<Message>();
        let mut out = Some(out);
        let mut bot = None;
        loop {
            tokio::select! {
                said = waiting.recv() => match said {
                    Some(message) => {
                        let closes = message.is_close();
                        if to.send(message).await.is_err() {
                            break;
                        }
                        if closes {
                            while let Some(Ok(_)) = from.next().await {}
                            break;
                        }
                    }
                    None => break, // cut
                },
                heard = from.next() => {
                    let Some(Ok(message)) = heard else { break };
                    let Message::Text(text) = message else { continue };
                    let Ok(frame) = serde_json::from_str::<Value>(&text) else {
                        self.model().unexpected.push(format!("no JSON: {text}"));
                        break;
                    };
                    let answers = self.model().hear(&frame, &mut bot, &mut out);
                    for answer in answers {
                        if to.send(Message::text(answer.to_string())).await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
        let mut model = self.model();
        if let Some((bot, number)) = bot
            && model.live.get(&bot).is_some_and(|(live, _)| *live == number)
        {
            model.live.remove(&bot);
        }
    }
}

type Who = Option<(String, u64)>;

impl Model {
    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn hear(&mut self, frame: &Value, who: &mut Who, out: &mut Option<mpsc::UnboundedSender<Message>>) -> Vec<Value> {
        self.frames.push(frame.clone());
        let (cmd, body) = (frame["cmd"].as_str().unwrap_or_default(), &frame["body"]);
        let req_id = frame["headers"]["req_id"].as_str().unwrap_or_default();
        if req_id.is_empty() {
            self.unexpected.push(format!("`{cmd}` without a req_id"));
        }
        let answer = |code: i64, body: Value| {
            let mut answer = json!({"headers": {"req_id": req_id}, "errcode": code, "errmsg": if code == 0 { "ok" } else { "refused" }});
            if !body.is_null() {
                answer["body"] = body;
            }
            vec![answer]
        };
        if self.script.silent.as_deref() == Some(cmd) || (self.script.deaf && cmd == "ping") {
            return Vec::new();
        }
        if let Some((refused, code)) = &self.script.refuse
            && refused == cmd
        {
            return answer(*code, Value::Null);
        }
        if cmd == "aibot_subscribe" {
            self.subscriptions += 1;
            return answer(self.subscribe(body, who, out), Value::Null);
        }
        if who.is_none() {
            return answer(846_609, Value::Null);
        }
        let (code, body) = match cmd {
            "ping" => (0, Value::Null),
            "aibot_respond_msg" | "aibot_respond_welcome_msg" | "aibot_respond_update_msg" => {
                let known = self.heard.contains(req_id);
                (if known { self.count(req_id) } else { 846_605 }, Value::Null)
            }
            "aibot_send_msg" => (self.send(body), Value::Null),
            "aibot_upload_media_init" | "aibot_upload_media_chunk" | "aibot_upload_media_finish" => {
                self.upload(cmd, body)
            }
            other => {
                self.unexpected.push(format!("there is no `{other}`"));
                (40_008, Value::Null)
            }
        };
        answer(code, body)
    }

    fn subscribe(&mut self, body: &Value, who: &mut Who, out: &mut Option<mpsc::UnboundedSender<Message>>) -> i64 {
        let bot = body["bot_id"].as_str().unwrap_or_default();
        if self.bots.get(bot).is_none_or(|secret| body["secret"] != **secret) {
            return 853_000;
        }
        let Some(out) = out.take() else {
            self.unexpected.push("subscribed twice on one connection".to_owned());
            return 40_008;
        };
        let number = self.number();
        if let Some((_, before)) = self.live.insert(bot.to_owned(), (number, out)) {
            let event = json!({"msgid": "evicted", "create_time": 1_700_000_000, "aibotid": bot, "msgtype": "event",
                               "event": {"eventtype": "disconnected_event"}});
            let frame = json!({"cmd": "aibot_event_callback", "headers": {"req_id": "evicted"}, "body": event});
            let _ = before.send(Message::text(frame.to_string()));
            let _ = before.send(Message::Close(Some(CloseFrame { code: 1000.into(), reason: "replaced".into() })));
        }
        *who = Some((bot.to_owned(), number));
        0
    }

    fn send(&mut self, body: &Value) -> i64 {
        let chat = body["chatid"].as_str().unwrap_or_default();
        let kind = body["msgtype"].as_str().unwrap_or_default();
        if !matches!(kind, "markdown" | "template_card" | "file" | "image" | "voice" | "video")
            || !body[kind].is_object()
        {
            self.unexpected.push(format!("a message of type `{kind}`"));
            return 40_008;
        }
        if kind == "markdown"
            && body["markdown"]["content"].as_str().is_none_or(|text| text.is_empty() || text.len() > 20_480)
        {
            return 40_058;
        }
        let uploaded = body[kind]["media_id"].as_str().is_some_and(|id| self.files.contains_key(id));
        if matches!(kind, "file" | "image" | "voice" | "video") && !uploaded {
            return 40_007;
        }
        if !self.open.contains(chat) {
            return 86_003; // nobody has spoken to the bot there
        }
        self.count(chat)
    }

    fn count(&mut self, chat: &str) -> i64 {
        let said = self.said.entry(chat.to_owned()).or_default();
        *said += 1;
        if *said > self.limit { 45_009 } else { 0 }
    }

    fn upload(&mut self, cmd: &str, body: &Value) -> (i64, Value) {
        let upload = body["upload_id"].as_str().unwrap_or_default().to_owned();
        match cmd {
            "aibot_upload_media_init" => {
                let id = format!("upload-{}", self.number());
                self.uploads.insert(id.clone(), (body.clone(), BTreeMap::new()));
                (0, json!({"upload_id": id}))
            }
            "aibot_upload_media_chunk" => {
                let bytes = body["base64_data"].as_str().and_then(|text| BASE64.decode(text.as_bytes()).ok());
                match (self.uploads.get_mut(&upload), bytes, body["chunk_index"].as_u64()) {
                    (Some((_, pieces)), Some(bytes), Some(index)) if bytes.len() <= 512 << 10 => {
                        pieces.insert(index, bytes);
                        (0, Value::Null)
                    }
                    _ => (40_058, Value::Null),
                }
            }
            _ => {
                let Some((begun, pieces)) = self.uploads.remove(&upload) else { return (40_058, Value::Null) };
                let count = pieces.len();
                let bytes: Vec<u8> = pieces.into_values().flatten().collect();
                let whole = begun["total_chunks"] == count
                    && begun["total_size"] == bytes.len()
                    && begun["md5"] == HEXLOWER.encode(&Md5::digest(&bytes));
                if !whole {
                    return (40_009, Value::Null);
                }
                let id = format!("media-{}", self.number());
                self.files.insert(id.clone(), bytes);
                (0, json!({"type": begun["type"], "media_id": id, "created_at": "1700000000"}))
            }
        }
    }
}
