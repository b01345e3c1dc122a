//! The playground's group: who is in it, what was said, who may not speak. What people do becomes an event as a bridge would
//! deliver it; what is to be done changes the group as it would on a platform.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::board::Board;
use super::people::{BOT, FIRST, LONGEST_NAME, LONGEST_TEXT, MOST_PEOPLE, Person, Refusal, sound};
use crate::domain::action::{ActionId, Button};
use crate::domain::event::Role;
use crate::domain::time::Timestamp;
use crate::ports::Reply;

mod carry;

/// More messages than this are not remembered; the oldest can be neither changed nor quoted.
const MOST_MESSAGES: usize = 4_000;

/// The group and all that was said in it.
pub(super) struct Chat {
    pub(super) board: Board,
    /// Its id; another one each time it begins afresh, so that the daemon knows nothing of it.
    pub(super) group: Arc<str>,
    prefix: String,
    people: Vec<Person>,
    messages: HashMap<String, Message>,
    tasks: HashMap<String, Task>,
    /// What was done, by the action's id: a repeated one is not done again.
    done: HashMap<ActionId, Reply>,
    next: u64,
}

/// Something said in the group.
#[derive(Clone, Debug, Serialize)]
struct Message {
    n: u64,
    user: String,
    name: String,
    role: Role,
    at: Timestamp,
    text: String,
    quote: Option<Quote>,
    mentions: Vec<Arc<str>>,
    /// Who took it back: `author` or `bot`.
    withdrawn: Option<&'static str>,
    edited: bool,
    /// The case it is about, when the bot says so.
    case: Option<String>,
}

/// What a message answers.
#[derive(Clone, Debug, Serialize)]
struct Quote {
    message: String,
    sender: String,
    name: String,
    text: String,
}

/// Something put before the admins.
#[derive(Clone, Debug, Serialize)]
struct Task {
    n: u64,
    at: Timestamp,
    text: String,
    mentions: Vec<Arc<str>>,
    buttons: Vec<Button>,
    case: Option<String>,
    /// Who pressed which button.
    pressed: Option<(String, String)>,
    /// What came of it.
    done: Option<String>,
}

/// Something said between one person and the bot.
#[derive(Serialize)]
struct Private<'a> {
    n: u64,
    user: &'a str,
    by_bot: bool,
    at: Timestamp,
    text: &'a str,
    case: Option<&'a str>,
}

/// A line in the chat that nobody said.
#[derive(Serialize)]
struct Line<'a> {
    n: u64,
    at: Timestamp,
    what: &'static str,
    names: Vec<&'a str>,
    until: Option<Timestamp>,
}

impl Chat {
    /// A fresh group. Its ids begin with `prefix`, which no other group may have had.
    pub(super) fn new(prefix: String) -> Self {
        let mut chat = Self {
            board: Board::default(),
            group: format!("演示群-{prefix}").into(),
            prefix,
            people: Vec::new(),
            messages: HashMap::new(),
            tasks: HashMap::new(),
            done: HashMap::new(),
            next: 0,
        };
        for (id, name, role) in FIRST {
            chat.enter(id, name, role);
        }
        chat
    }

    /// Begins afresh as another group; numbers of items go on, so that pages notice.
    pub(super) fn begin_again(&mut self, prefix: String) {
        let fresh = Chat::new(prefix);
        let mut board = std::mem::take(&mut self.board);
        board.clear();
        *self = Chat { board, ..fresh };
        for at in 0..self.people.len() {
            self.show_person(at);
        }
    }

    fn enter(&mut self, id: &str, name: &str, role: Role) {
        let n = self.number();
        self.people.push(Person { id: id.into(), name: name.into(), role, here: true, muted_until: None, n });
        self.show_person(self.people.len() - 1);
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn id(&self, kind: &str, n: u64) -> String {
        format!("{kind}-{}-{n}", self.prefix)
    }

    fn show_person(&mut self, at: usize) {
        if let Some(person) = self.people.get(at) {
            self.board.put("member", &person.id, person);
        }
    }

    fn find(&self, id: &str) -> Result<usize, Refusal> {
        self.people.iter().position(|person| person.id == id).ok_or(Refusal::Unknown)
    }

    pub(super) fn person(&self, id: &str) -> Result<&Person, Refusal> {
        self.people.iter().find(|person| person.id == id).ok_or(Refusal::Unknown)
    }

    pub(super) fn id_of(&self, name: &str) -> Option<String> {
        self.people.iter().find(|person| person.name == name).map(|person| person.id.clone())
    }

    /// Tells the roles of those who run the group; no event but this one says them before they speak.
    pub(super) fn introduction(&mut self, now: Timestamp) -> Vec<Value> {
        let admins: Vec<Value> = self.people.iter().filter(|one| one.role.is_admin()).map(sender).collect();
        let event = |member: Value| {
            let n = self.number();
            json!({
                "id": self.id("e", n), "type": "member_renamed", "group": *self.group, "time": now.to_string(),
                "member": member,
            })
        };
        admins.into_iter().map(event).collect()
    }

    /// The name of somebody, or their id.
    fn name_of<'a>(&'a self, id: &'a str) -> &'a str {
        self.person(id).map_or(id, |person| person.name.as_str())
    }

    /// The last thing the bot said in the group about a case, to be quoted.
    pub(super) fn last_notice(&self) -> Option<String> {
        let said = self.messages.iter().filter(|(_, message)| message.user == BOT && message.case.is_some());
        said.max_by_key(|(_, message)| message.n).map(|(id, _)| id.clone())
    }

    fn line(&mut self, at: Timestamp, what: &'static str, who: &[String], until: Option<Timestamp>) {
        let n = self.number();
        let id = self.id("l", n);
        let names =
            who.iter().map(|user| self.people.iter().find(|one| one.id == *user).map_or(&**user, |one| &*one.name));
        let line = Line { n, at, what, names: names.collect(), until };
        self.board.put("line", &id, &line);
    }

    pub(super) fn tell<T: Serialize>(&mut self, words: &T, at: Timestamp) {
        let n = self.number();
        let id = self.id("t", n);
        self.board.put("tell", &id, &json!({ "n": n, "at": at, "words": words }));
    }

    /// Somebody speaks in the group.
    pub(super) fn say(
        &mut self,
        user: &str,
        text: &str,
        quote: Option<&str>,
        now: Timestamp,
    ) -> Result<Value, Refusal> {
        let person = self.person(user)?.clone();
        if !person.here {
            return Err(Refusal::NotHere);
        }
        if let Some(until) = person.muted_until.filter(|until| *until > now) {
            return Err(Refusal::Muted { until });
        }
        sound(text, LONGEST_TEXT)?;
        let quote = match quote {
            None => None,
            Some(id) => {
                let quoted = self.messages.get(id).ok_or(Refusal::NoMessage)?;
                let (sender, name, text) = (quoted.user.clone(), quoted.name.clone(), quoted.text.clone());
                Some(Quote { message: id.to_owned(), sender, name, text })
            }
        };
        let n = self.number();
        let id = self.id("m", n);
        let content = self.content(text);
        let mentions = content.iter().filter_map(|part| part["user"].as_str()).map(Arc::from).collect();
        let mut event = json!({
            "id": id, "type": "message", "group": *self.group, "time": now.to_string(),
            "sender": sender(&person), "content": content,
        });
        if let Some(quote) = &quote {
            event["quote"] = json!({ "message": quote.message, "sender": quote.sender, "text": quote.text });
        }
        let Person { id: user, name, role, .. } = person;
        let (text, withdrawn, edited, case) = (text.to_owned(), None, false, None);
        let message = Message { n, user, name, role, at: now, text, quote, mentions, withdrawn, edited, case };
        self.keep(id, message);
        Ok(event)
    }

    fn keep(&mut self, id: String, message: Message) {
        self.board.put("message", &id, &message);
        self.messages.insert(id, message);
        if self.messages.len() > MOST_MESSAGES {
            let oldest = self.messages.iter().min_by_key(|(_, message)| message.n).map(|(id, _)| id.clone());
            oldest.and_then(|id| self.messages.remove(&id));
        }
    }

    /// A text with the people it names after an `@` as mentions.
    fn content(&self, text: &str) -> Vec<Value> {
        let mut named: Vec<&Person> = self.people.iter().filter(|one| one.here && !one.name.is_empty()).collect();
        named.sort_by_key(|one| std::cmp::Reverse(one.name.len())); // 小王 must not hide 小王子
        let (mut content, mut plain) = (Vec::new(), String::new());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            let meant =
                matches!(c, '@' | '＠').then(|| named.iter().find(|one| after.starts_with(&*one.name))).flatten();
            rest = match meant {
                Some(one) => {
                    if !plain.is_empty() {
                        content.push(json!({ "type": "text", "text": std::mem::take(&mut plain) }));
                    }
                    content.push(json!({ "type": "mention", "user": one.id, "name": one.name }));
                    after.get(one.name.len()..).unwrap_or_default()
                }
                None => {
                    plain.push(c);
                    after
                }
            };
        }
        if !plain.is_empty() {
            content.push(json!({ "type": "text", "text": plain }));
        }
        content
    }

    /// Somebody writes to the bot alone.
    pub(super) fn whisper(&mut self, user: &str, text: &str, now: Timestamp) -> Result<Value, Refusal> {
        let person = self.person(user)?.clone();
        sound(text, LONGEST_TEXT)?;
        let n = self.number();
        let id = self.id("p", n);
        let private = Private { n, user, by_bot: false, at: now, text, case: None };
        self.board.put("private", &id, &private);
        Ok(json!({
            "id": id, "type": "private_message", "time": now.to_string(), "sender": sender(&person), "text": text,
        }))
    }

    /// Somebody changes what they said.
    pub(super) fn edit(&mut self, user: &str, message: &str, text: &str, now: Timestamp) -> Result<Value, Refusal> {
        let person = self.person(user)?.clone();
        sound(text, LONGEST_TEXT)?;
        let content = self.content(text);
        let changed = self.own(user, message)?;
        (changed.text, changed.edited) = (text.to_owned(), true);
        let changed = changed.clone();
        self.board.put("message", message, &changed);
        let n = self.number();
        Ok(json!({
            "id": self.id("e", n), "type": "message_edited", "group": *self.group, "time": now.to_string(),
            "message": message, "sender": sender(&person), "content": content,
        }))
    }

    /// Somebody takes back what they said.
    pub(super) fn recall(&mut self, user: &str, message: &str, now: Timestamp) -> Result<Value, Refusal> {
        let changed = self.own(user, message)?;
        changed.withdrawn = Some("author");
        let changed = changed.clone();
        self.board.put("message", message, &changed);
        let n = self.number();
        Ok(json!({
            "id": self.id("e", n), "type": "message_recalled", "group": *self.group, "time": now.to_string(),
            "message": message,
        }))
    }

    fn own(&mut self, user: &str, message: &str) -> Result<&mut Message, Refusal> {
        let found = self.messages.get_mut(message);
        found.filter(|one| one.user == user && one.withdrawn.is_none()).ok_or(Refusal::NoMessage)
    }

    /// People come in: those of these names who were here before, and new ones.
    pub(super) fn join(&mut self, names: &[String], inviter: Option<&str>, now: Timestamp) -> Result<Value, Refusal> {
        if self.people.len() + names.len() > MOST_PEOPLE {
            return Err(Refusal::Full);
        }
        for name in names {
            sound(name, LONGEST_NAME)?;
            if self.people.iter().any(|one| one.here && one.name == *name) {
                return Err(Refusal::Here);
            }
        }
        let mut came = Vec::new();
        for name in names {
            match self.people.iter().position(|one| !one.here && one.name == *name) {
                Some(at) => self.come_back(at, &mut came),
                None => {
                    let id = format!("u{}", self.next + 1);
                    self.enter(&id, name, Role::Member);
                    came.push(id);
                }
            }
        }
        if came.is_empty() {
            return Err(Refusal::Empty);
        }
        self.line(now, "joined", &came, None);
        let members: Vec<Value> = came.iter().map(|id| json!({ "id": id, "name": self.name_of(id) })).collect();
        let n = self.number();
        let mut event = json!({
            "id": self.id("e", n), "type": "member_joined", "group": *self.group, "time": now.to_string(),
            "members": members,
        });
        if let Some(inviter) = inviter {
            event["inviter"] = json!(inviter);
        }
        Ok(event)
    }

    fn come_back(&mut self, at: usize, came: &mut Vec<String>) {
        if let Some(person) = self.people.get_mut(at) {
            (person.here, person.role) = (true, Role::Member);
            came.push(person.id.clone());
        }
        self.show_person(at);
    }

    /// Somebody leaves.
    pub(super) fn leave(&mut self, user: &str, now: Timestamp) -> Result<Value, Refusal> {
        if !self.person(user)?.here {
            return Err(Refusal::NotHere);
        }
        Ok(self.gone(user, "left", "quit", now))
    }

    fn gone(&mut self, user: &str, what: &'static str, reason: &str, now: Timestamp) -> Value {
        if let Ok(at) = self.find(user) {
            if let Some(person) = self.people.get_mut(at) {
                (person.here, person.muted_until) = (false, None);
            }
            self.show_person(at);
        }
        self.line(now, what, &[user.to_owned()], None);
        let n = self.number();
        json!({
            "id": self.id("e", n), "type": "member_left", "group": *self.group, "time": now.to_string(),
            "members": [{ "id": user, "name": self.name_of(user) }], "reason": reason,
        })
    }

    /// Somebody gets another name.
    pub(super) fn rename(&mut self, user: &str, name: &str, now: Timestamp) -> Result<Value, Refusal> {
        let at = self.find(user)?;
        sound(name, LONGEST_NAME)?;
        if let Some(person) = self.people.get_mut(at) {
            person.name = name.to_owned();
        }
        self.show_person(at);
        self.line(now, "renamed", &[user.to_owned()], None);
        let n = self.number();
        Ok(json!({
            "id": self.id("e", n), "type": "member_renamed", "group": *self.group, "time": now.to_string(),
            "member": { "id": user, "name": name },
        }))
    }

    /// Somebody presses a button of a task card.
    pub(super) fn press(&mut self, user: &str, task: &str, choice: &str, now: Timestamp) -> Result<Value, Refusal> {
        let person = self.person(user)?;
        if !person.here || !person.role.is_admin() {
            return Err(Refusal::NotAdmin);
        }
        let name = person.name.clone();
        let card = self.tasks.get_mut(task).ok_or(Refusal::NoMessage)?;
        let button = card.buttons.iter().find(|one| one.choice == choice).ok_or(Refusal::NoMessage)?;
        card.pressed = Some((name, button.text.clone()));
        self.board.put("task", task, card);
        let n = self.number();
        Ok(json!({
            "id": self.id("e", n), "type": "button", "group": *self.group, "time": now.to_string(),
            "user": user, "task": task, "choice": choice,
        }))
    }
}

/// The sender of an event.
fn sender(person: &Person) -> Value {
    json!({ "id": person.id, "name": person.name, "role": person.role })
}
