//! A group robot (群机器人, 消息推送): a webhook through which one group is spoken to (91770).
//!
//! It hears nothing, its messages have no id and cannot be taken back. What WeCom limits is kept here: 20 messages a minute,
//! 2048 bytes of text, 4096 of Markdown. Texts that wait at the same moment become one message, so that a group in which much
//! happens is told all of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};

use super::api::{ApiError, Endpoint, TOO_OFTEN};
use super::text;
use crate::domain::action::{Action, ActionId, Lane};
use crate::domain::secret::Hidden;
use crate::domain::time::Timestamp;
use crate::ports::{Clock, Reply};

mod message;
mod queue;

pub use self::message::{Article, CardJump, CardLine, Message, NoticeCard, TooMuch};
use self::queue::{Batch, Queue};

/// Messages that WeCom takes from one robot in a minute, where the configuration does not say otherwise.
pub const PER_MINUTE: usize = 20;
/// The longest text of one message, in bytes.
pub const TEXT_LIMIT: usize = 2048;
/// The longest Markdown of one message, in bytes.
pub const MARKDOWN_LIMIT: usize = 4096;
/// How long those who were let come are waited for, so that they go in one message. They only have to be recorded first.
const GATHER: Duration = Duration::from_millis(100);
/// The largest file, in bytes.
pub const FILE_LIMIT: usize = 20 << 20;

/// A robot. Clones are the same robot; there must be one for each key, for it counts what it sends.
#[derive(Clone)]
pub struct Robot {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: Endpoint,
    key: Hidden,
    clock: Arc<dyn Clock>,
    queue: Arc<Mutex<Queue>>,
    /// Whoever has it sends, for all who wait.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Somebody has come.
    arrived: Arc<Notify>,
}

/// What is to be said, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Say<'a> {
    /// The action: one that was said in part goes on where it stopped.
    pub id: &'a ActionId,
    /// Its lane, and when it was decided: who goes first.
    pub order: (Lane, Timestamp),
    /// The text; cut into several messages where it is too long for one.
    pub text: &'a str,
    /// Who is to be notified, by userid.
    pub mentions: &'a [Arc<str>],
}

impl<'a> Say<'a> {
    /// What an action says.
    pub fn of(action: &'a Action, text: &'a str, mentions: &'a [Arc<str>]) -> Self {
        Self { id: &action.id, order: (action.lane, action.time), text, mentions }
    }
}

impl Robot {
    /// The robot with this key, which may send so many messages in a minute ([`PER_MINUTE`]).
    pub fn new(endpoint: Endpoint, key: Hidden, per_minute: usize, clock: Arc<dyn Clock>) -> Self {
        let queue = Arc::new(Mutex::new(Queue::new(per_minute)));
        let (turn, arrived) = (Arc::default(), Arc::default());
        Self { shared: Arc::new(Shared { endpoint, key, clock, queue, turn, arrived }) }
    }

    /// The same robot, asked through another endpoint: what it has sent counts on, and what waits is sent by either.
    pub fn through(&self, endpoint: Endpoint) -> Self {
        let Shared { key, clock, queue, turn, arrived, .. } = &*self.shared;
        let (key, clock, queue) = (key.clone(), clock.clone(), queue.clone());
        let (turn, arrived) = (turn.clone(), arrived.clone());
        Self { shared: Arc::new(Shared { endpoint, key, clock, queue, turn, arrived }) }
    }

    /// Says a text, perhaps together with what others want said at the same moment. Each gets its own answer.
    ///
    /// It never waits for the limit of messages a minute: what may not go now was surely not sent and is answered
    /// [`Reply::Retry`] with the time when it may.
    pub async fn say(&self, say: Say<'_>) -> Reply {
        let (answer, mut answered) = oneshot::channel();
        if !self.queue().push(say, answer) {
            return Reply::Refused { error: "there is nothing to say".to_owned() };
        }
        self.shared.arrived.notify_one();
        loop {
            let turn = tokio::select! {
                biased;
                reply = &mut answered => return reply.unwrap_or_else(|_| lost()),
                turn = self.shared.turn.lock() => turn,
            };
            // Somebody may have sent it while this one waited for its turn.
            match answered.try_recv() {
                Ok(reply) => return reply,
                Err(oneshot::error::TryRecvError::Closed) => return lost(),
                Err(oneshot::error::TryRecvError::Empty) => self.round().await,
            }
            drop(turn);
        }
    }

    /// Sends one message of another kind.
    pub async fn post(&self, message: &Message) -> Reply {
        let body = match message.to_json() {
            Ok(body) => body,
            Err(error) => return Reply::Refused { error: error.to_string() },
        };
        let _turn = self.shared.turn.lock().await;
        let wait = self.queue().bucket.wait(self.now());
        if !wait.is_zero() {
            return paced(wait);
        }
        match self.send(&body).await {
            Ok(()) => Reply::Done { message: None },
            Err(error) => error.reply(false),
        }
    }

    /// Uploads a file that a [`Message::File`] can then name for three days.
    ///
    /// # Errors
    /// It is empty or too large, or WeCom did not take it.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> Result<String, ApiError> {
        if !(6..=FILE_LIMIT).contains(&bytes.len()) {
            return Err(ApiError::NotSent("a file must have 6 bytes to 20 MB".to_owned()));
        }
        let key = self.shared.key.reveal();
        let unsafe_in_header = |letter: char| letter.is_control() || matches!(letter, '"' | '\\' | '/');
        let name: String = name.chars().map(|letter| if unsafe_in_header(letter) { '_' } else { letter }).collect();
        let name = if name.is_empty() { "file" } else { &name };
        let query = [("key", key), ("type", "file")];
        let request = self.shared.endpoint.upload("webhook/upload_media", &query, name, bytes);
        let answer = self.shared.endpoint.send(request, &[key]).await?;
        let media = answer.get("media_id").and_then(Value::as_str).filter(|id| !id.is_empty());
        media.map(str::to_owned).ok_or_else(|| ApiError::Unanswered("the answer holds no media_id".to_owned()))
    }

    /// How long a text of an action had better wait before it is tried; `None`: it may come. Asked before each attempt: one
    /// that may come is expected, so that no more come than there is room for.
    pub fn wait(&self, action: &Action, bytes: usize) -> Option<Duration> {
        let now = self.now();
        self.queue().expect(&action.id, bytes, now)
    }

    /// How long a message of another kind had better wait; `None`: it may come.
    pub fn wait_to_post(&self) -> Option<Duration> {
        let now = self.now();
        Some(self.queue().bucket.wait(now)).filter(|wait| !wait.is_zero())
    }

    /// Waits for those who were let come, but not for long.
    async fn gather(&self) {
        let until = tokio::time::Instant::now() + GATHER;
        loop {
            let arrived = self.shared.arrived.notified();
            if !self.queue().expects_more() || tokio::time::timeout_at(until, arrived).await.is_err() {
                return;
            }
        }
    }

    /// Sends one message for those who wait; or tells all of them that it is too early.
    async fn round(&self) {
        self.gather().await;
        let now = self.now();
        let batch = {
            let mut queue = self.queue();
            let wait = queue.bucket.wait(now);
            if !wait.is_zero() {
                queue.answer_all(&paced(wait));
                return;
            }
            queue.take_batch()
        };
        let Some(batch) = batch else { return };
        let result = self.send(&text_body(&batch)).await;
        let reply = match result {
            Ok(()) => Reply::Done { message: None },
            Err(error) => error.reply(false),
        };
        self.queue().sent(batch, &reply);
    }

    /// One call, counted when it is answered.
    async fn send(&self, body: &Value) -> Result<(), ApiError> {
        let key = self.shared.key.reveal();
        let request = self.shared.endpoint.post("webhook/send", &[("key", key)], body);
        let result = self.shared.endpoint.send(request, &[key]).await;
        let now = self.now();
        let mut queue = self.queue();
        match &result {
            Err(ApiError::NotSent(_)) => {}
            Ok(_) | Err(_) => queue.bucket.take(now),
        }
        if matches!(result, Err(ApiError::Code { code: 45009, .. } | ApiError::Status(429))) {
            queue.bucket.close(now, TOO_OFTEN);
        }
        result.map(drop)
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // A panic while it is held leaves at worst somebody waiting whose answer is then lost, which is told.
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text_body(batch: &Batch) -> Value {
    let mut body = json!({"content": batch.text});
    if !batch.mentions.is_empty() {
        body["mentioned_list"] = json!(batch.mentions);
    }
    json!({"msgtype": "text", "text": body})
}

/// It was not sent, and may be when the minute is over.
fn paced(wait: Duration) -> Reply {
    Reply::Retry { after: Some(wait), error: "the robot has sent what it may in a minute".to_owned() }
}

/// Who was sending it is gone.
fn lost() -> Reply {
    Reply::Unknown { error: "sending was broken off".to_owned() }
}

/// The bytes that a text will take, for [`Robot::wait`].
pub fn size(text: &str) -> usize {
    text::neutral(text).len()
}

#[cfg(test)]
mod tests;
