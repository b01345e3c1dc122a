//! What the daemon says over a long connection, whoever holds it: requests with their acknowledgements, one at a time for each
//! request id, within what WeCom allows in each chat.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;

use super::frame::{self, Frame};
use super::upload::{Kind, UploadError, upload};
use crate::adapters::wecom::bucket::Buckets;
use crate::adapters::wecom::errcode::{self, Class};
use crate::adapters::wecom::platform::{AibotPush, Attempt};
use crate::domain::image::Media;
use crate::ports::{Clock, Reply};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// So many chats are counted at most.
const CHATS: usize = 4096;

/// What WeCom allows, in each chat: replies and pushes together (doc 101463; other figures in earlier versions of it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages in a minute.
    pub a_minute: usize,
    /// Messages in an hour.
    pub an_hour: usize,
    /// How long an acknowledgement is waited for.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { a_minute: 30, an_hour: 1000, patience: Duration::from_secs(5) }
    }
}

/// Why a request was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There is no subscribed connection: nothing was sent.
    #[error("the long connection is down")]
    Down,
    /// It was sent, and what became of it is not known.
    #[error("no acknowledgement came: {0}")]
    Unknown(&'static str),
    /// WeCom refuses it.
    #[error("WeCom answers errcode {code}: {words}")]
    Refused {
        /// Its number.
        code: i64,
        /// Its words.
        words: String,
    },
}

/// Speaks over whichever connection there is. Clones are the same.
#[derive(Clone)]
pub struct Speaker {
    shared: Arc<Shared>,
}

struct Shared {
    live: Mutex<Live>,
    /// One turn for each request id that is being answered.
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    buckets: Arc<Mutex<Buckets>>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    /// What our own request ids begin with: drawn anew by each process, so that no bot behind us has the same.
    prefix: String,
    numbers: AtomicU64,
    /// Told when something was not acknowledged in time.
    missed: OnceLock<Missed>,
}

/// Told that what was sent was not acknowledged in time.
pub type Missed = Box<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct Live {
    connection: u64,
    out: Option<mpsc::Sender<Message>>,
    subscribed: bool,
    waiting: HashMap<String, oneshot::Sender<Frame>>,
}

impl Speaker {
    /// Speaks within these limits, once there is a connection.
    pub fn new(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let mut drawn = [0; 8];
        // Without randomness there is none for TLS either; the clock then tells two processes apart.
        if getrandom::fill(&mut drawn).is_err() {
            drawn = clock.now().0.to_be_bytes();
        }
        let allowed = [(limits.a_minute, MINUTE), (limits.an_hour, HOUR)];
        Self::counting(limits, Arc::new(Mutex::new(Buckets::new(allowed, CHATS))), clock, drawn)
    }

    /// The same bot, over another connection: what it has said counts on. `None` where other limits hold.
    pub fn anew(&self, limits: Limits) -> Option<Self> {
        let Shared { limits: before, buckets, clock, .. } = &*self.shared;
        let mut drawn = [0; 8];
        if getrandom::fill(&mut drawn).is_err() {
            drawn = clock.now().0.to_be_bytes();
        }
        (limits == *before).then(|| Self::counting(limits, buckets.clone(), clock.clone(), drawn))
    }

    fn counting(limits: Limits, buckets: Arc<Mutex<Buckets>>, clock: Arc<dyn Clock>, drawn: [u8; 8]) -> Self {
        let shared = Shared {
            live: Mutex::default(),
            turns: Mutex::default(),
            buckets,
            clock,
            limits,
            prefix: format!("qunwei-{}-", HEXLOWER.encode(&drawn)),
            numbers: AtomicU64::new(0),
            missed: OnceLock::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// From now on this is told of what is not acknowledged in time; it is said once.
    pub fn telling(&self, missed: Missed) {
        self.shared.missed.set(missed).ok(); // who counts already goes on counting
    }

    /// Something was not acknowledged in time.
    pub(super) fn missed(&self) {
        if let Some(told) = self.shared.missed.get() {
            told();
        }
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.shared.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request id that nobody else has.
    pub(super) fn own_id(&self) -> String {
        format!("{}{}", self.shared.prefix, self.shared.numbers.fetch_add(1, Ordering::Relaxed))
    }

    /// From now on frames go here, once it is subscribed. Says which connection it is.
    pub(super) fn attach(&self, out: mpsc::Sender<Message>) -> u64 {
        let mut live = self.live();
        live.connection += 1;
        live.out = Some(out);
        live.subscribed = false;
        live.waiting.clear(); // whoever waits is told that the connection is gone
        live.connection
    }

    /// This connection may be spoken over, or not any more.
    pub(super) fn subscribed(&self, connection: u64, yes: bool) {
        let mut live = self.live();
        if live.connection == connection {
            live.subscribed = yes;
        }
    }

    /// This connection is gone, unless another has taken its place.
    pub(super) fn detach(&self, connection: u64) {
        let mut live = self.live();
        if live.connection == connection {
            live.out = None;
            live.subscribed = false;
            live.waiting.clear();
        }
    }

    /// Whether something can be said now.
    pub fn is_up(&self) -> bool {
        self.live().subscribed
    }

    /// Takes an acknowledgement if it answers a request of ours, even one that nobody waits for any more.
    pub(super) fn take(&self, frame: &Frame) -> bool {
        let Some(req_id) = frame.answers() else { return false };
        if let Some(waiting) = self.live().waiting.remove(req_id) {
            let _ = waiting.send(frame.clone()); // it may have waited long enough
            return true;
        }
        req_id.starts_with(&self.shared.prefix)
    }

    /// Sends a request and waits for its acknowledgement. Requests of one id go one behind the other.
    ///
    /// # Errors
    /// It was not sent, not acknowledged, or refused.
    pub async fn request(&self, cmd: &str, req_id: &str, body: &Value) -> Result<Value, Failure> {
        let turn = self.turn(req_id);
        let answer = {
            let _first = turn.lock().await;
            self.ask(cmd, req_id, body).await
        };
        drop(turn);
        let mut turns = self.shared.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        answer
    }

    fn turn(&self, req_id: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.shared.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(req_id.to_owned()).or_default().clone()
    }

    async fn ask(&self, cmd: &str, req_id: &str, body: &Value) -> Result<Value, Failure> {
        let text = frame::request(cmd, req_id, body);
        let (answer, answered) = oneshot::channel();
        let out = {
            let mut live = self.live();
            let out = live.out.clone().filter(|_| live.subscribed).ok_or(Failure::Down)?;
            live.waiting.insert(req_id.to_owned(), answer);
            out
        };
        let sent = tokio::time::timeout(self.shared.limits.patience, out.send(Message::text(text))).await;
        if !matches!(sent, Ok(Ok(()))) {
            self.live().waiting.remove(req_id);
            return Err(Failure::Down);
        }
        match tokio::time::timeout(self.shared.limits.patience, answered).await {
            Err(_) => {
                self.live().waiting.remove(req_id);
                self.missed();
                Err(Failure::Unknown("in time"))
            }
            Ok(Err(_)) => Err(Failure::Unknown("the connection was lost")),
            Ok(Ok(frame)) => match frame.verdict() {
                Ok(()) => Ok(frame.body),
                Err((code, words)) => Err(Failure::Refused { code, words }),
            },
        }
    }

    /// Answers a message or event, by its request id.
    ///
    /// # Errors
    /// As [`Speaker::request`].
    pub async fn respond(&self, req_id: &str, chat: &Arc<str>, body: &Value) -> Result<Value, Failure> {
        self.count(chat);
        self.request(frame::RESPOND, req_id, body).await
    }

    /// Changes a card after a click, by the click's request id, within 5 s of it.
    ///
    /// # Errors
    /// As [`Speaker::request`].
    pub async fn update(&self, req_id: &str, body: &Value) -> Result<Value, Failure> {
        self.request(frame::UPDATE, req_id, body).await
    }

    /// Greets whoever opened the chat, by the event's request id, within 5 s of it.
    ///
    /// # Errors
    /// As [`Speaker::request`].
    pub async fn welcome(&self, req_id: &str, body: &Value) -> Result<Value, Failure> {
        self.request(frame::WELCOME, req_id, body).await
    }

    /// Says something in a chat that nobody asked for; `body` without its `chatid`.
    ///
    /// # Errors
    /// As [`Speaker::request`].
    pub async fn send(&self, chat: &Arc<str>, mut body: Value) -> Result<Value, Failure> {
        body["chatid"] = json!(**chat);
        self.count(chat);
        self.request(frame::SEND, &self.own_id(), &body).await
    }

    /// How long until something more may be said in a chat; zero: now.
    pub fn wait(&self, chat: &str) -> Duration {
        let now = self.shared.clock.now();
        let mut buckets = self.shared.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.wait(chat, now)
    }

    fn count(&self, chat: &Arc<str>) {
        let now = self.shared.clock.now();
        let mut buckets = self.shared.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.take(chat, now);
    }
}

impl AibotPush for Speaker {
    fn wait(&self, chat: &str) -> Duration {
        Speaker::wait(self, chat)
    }

    fn push(&self, chat: Arc<str>, markdown: String) -> Attempt {
        let speaker = self.clone();
        Box::pin(
            async move { speaker.tell(&chat, json!({"msgtype": "markdown", "markdown": {"content": markdown}})).await },
        )
    }

    fn show(&self, chat: Arc<str>, media: Media, bytes: Arc<[u8]>) -> Attempt {
        let speaker = self.clone();
        Box::pin(async move {
            if let Some(early) = speaker.too_early(&chat) {
                return early;
            }
            // Pieces are numbered as WeCom's own SDK does it; its comment says otherwise.
            let uploaded = match upload(&speaker, Kind::Image, media.file_name(), &bytes, false).await {
                Ok(uploaded) => uploaded,
                // Nobody sees an upload: it may be begun again.
                Err(UploadError::Request(Failure::Unknown(_)) | UploadError::Answer(_)) => {
                    return Reply::Retry { after: None, error: "the picture could not be uploaded".to_owned() };
                }
                Err(UploadError::Request(failure)) => return reply(&failure),
                Err(error @ UploadError::Size(_)) => return Reply::Refused { error: error.to_string() },
            };
            speaker.tell(&chat, json!({"msgtype": "image", "image": {"media_id": uploaded}})).await
        })
    }
}

impl Speaker {
    fn too_early(&self, chat: &str) -> Option<Reply> {
        let wait = Some(self.wait(chat)).filter(|wait| !wait.is_zero())?;
        Some(Reply::Retry { after: Some(wait), error: "the chat's limit of messages is used up".to_owned() })
    }

    /// Sends something unasked, within the limits, and says what came of it.
    async fn tell(&self, chat: &Arc<str>, body: Value) -> Reply {
        if let Some(early) = self.too_early(chat) {
            return early;
        }
        match self.send(chat, body).await {
            Ok(_) => Reply::Done { message: None },
            Err(failure) => reply(&failure),
        }
    }
}

/// What a failure means for the action.
fn reply(failure: &Failure) -> Reply {
    let error = failure.to_string();
    match failure {
        Failure::Down => Reply::Retry { after: None, error },
        Failure::Unknown(_) => Reply::Unknown { error },
        Failure::Refused { code, .. } => match errcode::class(*code) {
            Class::Retry | Class::Token => Reply::Retry { after: None, error },
            Class::Pace => Reply::Retry { after: Some(MINUTE), error },
            Class::Final => Reply::Refused { error },
            Class::Operator => Reply::Broken { error },
        },
    }
}
