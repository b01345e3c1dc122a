//! Messages and button cards of a self-built app to employees (90236), cards that change after a click (94888), and taking
//! one's own messages back (94867). External contacts cannot be reached by it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Api, ApiError, TOO_OFTEN};
use super::bucket::Buckets;
use super::partly::Partly;
use super::text;
use crate::domain::action::ActionId;
use crate::domain::time::Timestamp;
use crate::ports::{Clock, Reply};

mod card;

pub use self::card::{CardButton, TaskCard};

/// The longest text or Markdown of one message, in bytes; what is longer is cut off by WeCom.
pub const TEXT_LIMIT: usize = 2048;
/// Messages that one person gets from an app in a minute; WeCom silently drops what is beyond (90236).
pub const PER_PERSON: usize = 30;
/// Messages that one person gets from an app in an hour (90236).
const PER_PERSON_HOUR: usize = 1000;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// Receivers of one message.
const RECEIVERS: usize = 1000;
/// People whose messages are counted.
const PEOPLE: usize = 20_000;
/// After this, a message that was expected is not any more: it was cancelled, or came too late.
const EXPECTED: Duration = Duration::from_secs(5);
/// How long those wait for whom there is no room behind others.
const BEHIND: Duration = Duration::from_millis(200);
/// What the ids of messages that can be taken back begin with, in [`Reply::Done`].
const RECALLABLE: &str = "msg:";

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// At most 2048 bytes.
    Text(String),
    /// At most 2048 bytes.
    Markdown(String),
    /// A card that opens an address.
    TextCard {
        /// At most 128 bytes; shortened.
        title: String,
        /// At most 512 bytes; shortened.
        description: String,
        /// Where it leads.
        url: String,
        /// What its button says; about four characters.
        button: String,
    },
    /// A card with buttons.
    Card(Box<TaskCard>),
}

/// What became of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Its id, for [`App::recall`].
    pub msgid: String,
    /// For [`App::close_card`]: cards only, for 72 hours, once.
    pub response_code: Option<String>,
    /// Who did not get it: not in the app's visible range, gone, or without a licence.
    pub unreached: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    msgid: String,
    #[serde(default)]
    response_code: Option<String>,
    #[serde(default)]
    invaliduser: String,
    #[serde(default)]
    unlicenseduser: String,
}

/// An app. Clones are the same app; there must be one for each agent id, for it counts what each person gets.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
}

struct Shared {
    api: Api,
    agent_id: i64,
    clock: Arc<dyn Clock>,
    room: Arc<Mutex<Room>>,
    partly: Arc<Partly>,
}

/// How much each person gets in a minute.
struct Room {
    people: Buckets,
    /// Whose messages were let come and have not come yet.
    expected: Vec<(Timestamp, ActionId, Vec<Arc<str>>)>,
    /// Nothing more before this: WeCom has said that it was too much.
    closed_until: Timestamp,
}

impl Room {
    /// How long a message to these had better wait; zero: not at all.
    fn wait(&mut self, users: &[impl AsRef<str>], now: Timestamp) -> Duration {
        let closed = self.closed_until.since(now).min(TOO_OFTEN);
        let longest = users.iter().map(|user| self.people.wait(user.as_ref(), now)).max();
        longest.unwrap_or_default().max(closed)
    }
}

impl App {
    /// The app with this agent id. `per_person`: messages a minute to one person ([`PER_PERSON`]).
    pub fn new(api: Api, agent_id: i64, per_person: usize, clock: Arc<dyn Clock>) -> Self {
        let people = Buckets::new([(per_person.max(1), MINUTE), (PER_PERSON_HOUR, HOUR)], PEOPLE);
        let room = Arc::new(Mutex::new(Room { people, expected: Vec::new(), closed_until: Timestamp(i64::MIN) }));
        Self { shared: Arc::new(Shared { api, agent_id, clock, room, partly: Arc::default() }) }
    }

    /// The same app, called otherwise: what people got of it counts on.
    pub fn through(&self, api: Api) -> Self {
        let Shared { agent_id, clock, room, partly, .. } = &*self.shared;
        let (agent_id, clock, room, partly) = (*agent_id, clock.clone(), room.clone(), partly.clone());
        Self { shared: Arc::new(Shared { api, agent_id, clock, room, partly }) }
    }

    /// Its calls.
    pub fn api(&self) -> &Api {
        &self.shared.api
    }

    /// Sends one message to employees, at most 1000.
    ///
    /// # Errors
    /// It was not sent, or that is not known. If it reached some, it was sent.
    pub async fn send(&self, users: &[Arc<str>], content: &Content) -> Result<Sent, ApiError> {
        let one = |user: &&Arc<str>| is_one_person(user);
        let receivers: Vec<&str> = users.iter().filter(one).take(RECEIVERS).map(|user| &**user).collect();
        if receivers.is_empty() {
            return Err(ApiError::Code { code: 81013, said: String::new() });
        }
        let began = self.take_room(&receivers)?;
        let mut body = content.to_json();
        body["touser"] = receivers.join("|").into();
        body["agentid"] = self.shared.agent_id.into();
        let answer: Result<Answer, ApiError> = self.shared.api.post("message/send", &body).await;
        // What is counted is when WeCom answered, which is later than when it counted.
        let now = self.shared.clock.now();
        let mut room = self.room();
        receivers.iter().for_each(|user| room.people.later(user, began, now));
        if matches!(answer, Err(ApiError::Code { code: 45009, .. } | ApiError::Status(429))) {
            room.closed_until = now.plus(TOO_OFTEN);
        }
        drop(room);
        let answer = answer?;
        let unreached = answer.invaliduser.split('|').chain(answer.unlicenseduser.split('|'));
        let unreached: Vec<String> = unreached.filter(|user| !user.is_empty()).map(str::to_owned).collect();
        // Whoever is written in another case is the same person: WeCom answers with the ids in lower case.
        let lost = |user: &str| unreached.iter().any(|other| other.eq_ignore_ascii_case(user));
        if receivers.iter().all(|user| lost(user)) {
            return Err(ApiError::Code { code: 81013, said: String::new() });
        }
        let response_code = answer.response_code.filter(|code| !code.is_empty());
        Ok(Sent { msgid: answer.msgid, response_code, unreached })
    }

    /// Tells employees a text, in several messages where it is too long for one.
    pub async fn tell(&self, id: &ActionId, users: &[Arc<str>], words: &str) -> Reply {
        self.arrived(id);
        let mut sent = self.shared.partly.take(id);
        let pieces = text::cut(&text::neutral(words), TEXT_LIMIT);
        if pieces.is_empty() {
            return Reply::Refused { error: "there is nothing to say".to_owned() };
        }
        if let Err(reply) = self.tell_pieces(&mut sent, users, pieces).await {
            return self.shared.partly.keep(id, sent, reply);
        }
        sent.retain(|msgid| !msgid.is_empty());
        let message = (!sent.is_empty()).then(|| format!("{RECALLABLE}{}", sent.join(",")));
        Reply::Done { message }
    }

    /// Puts a card with buttons before employees: its answer is the `response_code`. What a card has no room for is told in
    /// a message before it.
    pub async fn ask(&self, id: &ActionId, users: &[Arc<str>], card: TaskCard) -> Reply {
        self.arrived(id);
        let mut sent = self.shared.partly.take(id);
        if let Some(words) = card.too_long_for_it() {
            let pieces = text::cut(words, TEXT_LIMIT);
            if let Err(reply) = self.tell_pieces(&mut sent, users, pieces).await {
                return self.shared.partly.keep(id, sent, reply);
            }
        }
        match self.send(users, &Content::Card(Box::new(card))).await {
            Ok(card) => Reply::Done { message: card.response_code },
            Err(error) => self.shared.partly.keep(id, sent, error.reply(false)),
        }
    }

    async fn tell_pieces(&self, sent: &mut Vec<String>, users: &[Arc<str>], pieces: Vec<String>) -> Result<(), Reply> {
        for piece in pieces.into_iter().skip(sent.len()) {
            let message = self.send(users, &Content::Text(piece)).await.map_err(|error| error.reply(false))?;
            sent.push(message.msgid);
        }
        Ok(())
    }

    /// Shows on a card what came of it in place of its buttons, to `users`, or to all who have it if there are none. Gives
    /// those for whom it could not be changed.
    ///
    /// # Errors
    /// It was not changed, or that is not known. A `response_code` can be used once.
    pub async fn close_card(
        &self,
        response_code: &str,
        users: &[Arc<str>],
        words: &str,
    ) -> Result<Vec<String>, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            invaliduser: Vec<String>,
        }
        let words = text::abridge(&text::neutral(words), card::CLOSED_LIMIT);
        let mut body = json!({
            "agentid": self.shared.agent_id, "response_code": response_code, "button": {"replace_name": words},
        });
        match users {
            [] => body["atall"] = 1.into(),
            users => body["userids"] = json!(users),
        }
        let answer: Answer = self.shared.api.post("message/update_template_card", &body).await?;
        Ok(answer.invaliduser)
    }

    /// The same as what an action comes to.
    pub async fn settle(&self, response_code: &str, users: &[Arc<str>], words: &str) -> Reply {
        if response_code.starts_with(RECALLABLE) {
            return Reply::Done { message: None }; // what was told without buttons has none to change
        }
        match self.close_card(response_code, users, words).await {
            Ok(_) => Reply::Done { message: None },
            Err(error) => error.reply(false),
        }
    }

    /// Takes back a message of this app, within 24 hours. Doing it twice does no harm.
    ///
    /// # Errors
    /// It was not taken back, or that is not known.
    pub async fn recall(&self, msgid: &str) -> Result<(), ApiError> {
        self.shared.api.post::<Value>("message/recall", &json!({"msgid": msgid})).await.map(drop)
    }

    /// Takes back what [`App::tell`] said became of an action; `None` if that is no message of an app.
    pub async fn recall_told(&self, message: &str) -> Option<Reply> {
        for msgid in message.strip_prefix(RECALLABLE)?.split(',') {
            if let Err(error) = self.recall(msgid).await {
                return Some(error.reply(true));
            }
        }
        Some(Reply::Done { message: None })
    }

    /// How long a message to these had better wait, because one of them would not get it now: WeCom drops it and says
    /// nothing. `None`: it may come, and is expected.
    pub fn wait(&self, id: &ActionId, users: &[Arc<str>]) -> Option<Duration> {
        let now = self.shared.clock.now();
        let mut room = self.room();
        room.expected.retain(|(at, _, _)| now.since(*at) < EXPECTED && at.since(now) < EXPECTED);
        if room.expected.iter().any(|(_, expected, _)| expected == id) {
            return None;
        }
        let longest = room.wait(users, now);
        if !longest.is_zero() {
            return Some(longest);
        }
        for user in users {
            let before = room.expected.iter().filter(|(_, _, users)| users.contains(user)).count();
            if before >= room.people.free(user, now) {
                return Some(BEHIND);
            }
        }
        room.expected.push((now, id.clone(), users.to_vec()));
        None
    }

    /// Takes the room that a message to these needs, and says when.
    fn take_room(&self, users: &[&str]) -> Result<Timestamp, ApiError> {
        let now = self.shared.clock.now();
        let mut room = self.room();
        let longest = room.wait(users, now);
        if !longest.is_zero() {
            return Err(ApiError::TooSoon(longest));
        }
        users.iter().for_each(|user| room.people.take(user, now));
        Ok(now)
    }

    /// The addresses from which WeCom calls back, for a firewall (90238).
    ///
    /// # Errors
    /// They cannot be had now.
    pub async fn callback_ips(&self) -> Result<Vec<String>, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            ip_list: Vec<String>,
        }
        let answer: Answer = self.shared.api.get("getcallbackip", &[]).await?;
        Ok(answer.ip_list)
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.shared.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It has come: what it takes is counted from here on.
    fn arrived(&self, id: &ActionId) {
        self.room().expected.retain(|(_, expected, _)| expected != id);
    }
}

/// `@all` in the list of receivers is the whole company, and `|` stands between two of them.
fn is_one_person(user: &str) -> bool {
    !user.is_empty() && !user.starts_with(['@', '＠']) && !user.contains('|')
}

impl Content {
    fn to_json(&self) -> Value {
        match self {
            Content::Text(content) => json!({"msgtype": "text", "text": {"content": content}}),
            Content::Markdown(content) => {
                json!({"msgtype": "markdown", "markdown": {"content": text::shorten(content, TEXT_LIMIT)}})
            }
            Content::TextCard { title, description, url, button } => json!({"msgtype": "textcard", "textcard": {
                "title": text::shorten(&text::neutral(title), 128),
                "description": text::shorten(&text::neutral(description), 512),
                "url": url,
                "btntxt": button,
            }}),
            Content::Card(card) => json!({"msgtype": "template_card", "template_card": card.to_json()}),
        }
    }
}
