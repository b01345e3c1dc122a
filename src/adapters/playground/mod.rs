//! The playground: a platform of its own, with one group, in which one person speaks as any of its members. To the daemon it
//! is like any other: events go in as JSON, actions come out, and it answers what became of them.

pub mod board;
mod chat;
pub mod clock;
pub mod people;
#[cfg(test)]
mod tests;

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use self::board::Item;
use self::chat::Chat;
use self::people::{Person, Refusal};
use crate::domain::action::Action;
use crate::domain::policy::{Capabilities, Capability};
use crate::domain::time::Timestamp;
use crate::ports::{Clock, Platform, Reply};

/// A kind of platform that the playground can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It can do everything.
    Full,
    /// It can only speak in the group and withdraw messages: what the daemon does then instead can be seen.
    Modest,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 2] = [Kind::Full, Kind::Modest];

    /// The platform's name in events, cases and the store.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Full => "playground",
            Kind::Modest => "playground-modest",
        }
    }

    /// What it can do.
    pub fn capabilities(self) -> Capabilities {
        match self {
            Kind::Full => Capabilities::ALL,
            Kind::Modest => [Capability::Send, Capability::Delete, Capability::Idempotent].into_iter().collect(),
        }
    }
}

/// The playground. Clones share it.
#[derive(Clone)]
pub struct Playground {
    inner: Arc<Inner>,
}

struct Inner {
    room: Mutex<Room>,
    clock: Arc<dyn Clock>,
    changed: watch::Sender<u64>,
    events: mpsc::UnboundedSender<Value>,
}

struct Room {
    chat: Chat,
    kind: Kind,
    /// Grows each time the group begins afresh.
    epoch: u64,
}

/// What a page has not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// A page that knows another epoch forgets everything it has.
    pub epoch: u64,
    /// What is new, in order.
    pub items: Vec<Item>,
}

/// What somebody does in the group.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Deed {
    Say { user: String, text: String, quote: Option<String> },
    Whisper { user: String, text: String },
    Edit { user: String, message: String, text: String },
    Recall { user: String, message: String },
    Join { names: Vec<String>, inviter: Option<String> },
    Leave { user: String },
    Rename { user: String, name: String },
    Press { user: String, task: String, choice: String },
}

impl Playground {
    /// A fresh group. What follows from actions (who is removed has left) comes out of the receiver as events.
    pub fn new(clock: Arc<dyn Clock>) -> (Self, mpsc::UnboundedReceiver<Value>) {
        let (events, follow) = mpsc::unbounded_channel();
        let room = Room { chat: Chat::new(prefix(clock.now(), 1)), kind: Kind::Full, epoch: 1 };
        let (changed, _) = watch::channel(0);
        let playground = Self { inner: Arc::new(Inner { room: Mutex::new(room), clock, changed, events }) };
        playground.introduce();
        (playground, follow)
    }

    /// Begins afresh with another group, of which the daemon knows nothing; on another kind of platform, if one is named.
    pub fn begin_again(&self, kind: Option<Kind>) {
        let now = self.inner.clock.now();
        {
            let mut room = self.lock();
            room.epoch += 1;
            room.kind = kind.unwrap_or(room.kind);
            let prefix = prefix(now, room.epoch);
            room.chat.begin_again(prefix);
        }
        self.introduce();
        self.notify();
    }

    /// Who runs the group is known to a platform before they speak.
    fn introduce(&self) {
        let events = self.lock().chat.introduction(self.inner.clock.now());
        for event in events {
            self.inner.events.send(event).ok(); // nobody listens any more when the daemon stops
        }
    }

    /// Somebody does something; the event that the daemon is to hear.
    ///
    /// # Errors
    /// The platform does not let them.
    pub fn act(&self, deed: &Deed) -> Result<Value, Refusal> {
        let now = self.inner.clock.now();
        let event = {
            let chat = &mut self.lock().chat;
            match deed {
                Deed::Say { user, text, quote } => chat.say(user, text, quote.as_deref(), now),
                Deed::Whisper { user, text } => chat.whisper(user, text, now),
                Deed::Edit { user, message, text } => chat.edit(user, message, text, now),
                Deed::Recall { user, message } => chat.recall(user, message, now),
                Deed::Join { names, inviter } => chat.join(names, inviter.as_deref(), now),
                Deed::Leave { user } => chat.leave(user, now),
                Deed::Rename { user, name } => chat.rename(user, name, now),
                Deed::Press { user, task, choice } => chat.press(user, task, choice, now),
            }
        };
        self.notify();
        event
    }

    /// Shows something on the pages besides what is said.
    pub fn show<T: Serialize>(&self, kind: &'static str, id: &str, data: &T) {
        self.lock().chat.board.put(kind, id, data);
        self.notify();
    }

    /// The same, if it is about the group that is there now.
    pub fn show_of<T: Serialize>(&self, group: &str, kind: &'static str, id: &str, data: &T) {
        {
            let chat = &mut self.lock().chat;
            if *chat.group != *group {
                return;
            }
            chat.board.put(kind, id, data);
        }
        self.notify();
    }

    /// A word to whoever looks, among what is said.
    pub fn tell<T: Serialize>(&self, words: &T) {
        self.lock().chat.tell(words, self.inner.clock.now());
        self.notify();
    }

    /// What a page that has seen `(epoch, seq)` has not seen; all there is when its epoch is over.
    pub fn news(&self, epoch: u64, seq: u64) -> News {
        let room = self.lock();
        let seq = if epoch == room.epoch { seq } else { 0 };
        News { epoch: room.epoch, items: room.chat.board.since(seq) }
    }

    /// Is told when there is news.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// The group that is there now.
    pub fn group(&self) -> Arc<str> {
        self.lock().chat.group.clone()
    }

    /// What kind of platform it is now.
    pub fn kind(&self) -> Kind {
        self.lock().kind
    }

    /// Somebody in the group.
    ///
    /// # Errors
    /// There is nobody of this id.
    pub fn person(&self, id: &str) -> Result<Person, Refusal> {
        self.lock().chat.person(id).cloned()
    }

    /// The id of somebody by the name they have now.
    pub fn id_of(&self, name: &str) -> Option<String> {
        self.lock().chat.id_of(name)
    }

    /// The last word of the bot in the group about a case.
    pub fn last_notice(&self) -> Option<String> {
        self.lock().chat.last_notice()
    }

    fn notify(&self) {
        let last = self.lock().chat.board.last();
        self.inner.changed.send_replace(last);
    }

    fn lock(&self) -> MutexGuard<'_, Room> {
        // A panic while it is held leaves at worst a chat that lacks a line.
        self.inner.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Platform for Playground {
    fn perform(&self, action: Arc<Action>, _body: Arc<str>) -> Pin<Box<dyn Future<Output = Reply> + Send>> {
        let now = self.inner.clock.now();
        let (reply, event) = self.lock().chat.carry_out(&action, now);
        self.notify();
        if let Some(event) = event {
            self.inner.events.send(event).ok(); // nobody listens any more when the daemon stops
        }
        Box::pin(ready(reply))
    }
}

/// What ids begin with: no two groups of one store have the same.
fn prefix(now: Timestamp, epoch: u64) -> String {
    format!("{:x}{epoch:02x}", now.0)
}
