//! A message of the archive as an event of interfaces.md §2 (doc 91774, its list of message types).
//!
//! What is said inside forwarded records, cards, votes and the like is said by whoever sent it: it is text of the message and
//! judged as such. Before it stands a segment that is no text, so that it is never a command.

mod segments;

use std::collections::HashSet;

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use self::segments::Flat;
pub use self::segments::Limits;
use super::page::Opened;
use super::rooms::{Rooms, is_outsider};
use crate::adapters::wecom::mention::Names;
use crate::domain::time::Timestamp;

/// How much of a message that cannot be read is kept, in bytes.
const MOST_RAW: usize = 32 << 10;

/// What is done with messages between two people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Private {
    /// They are passed over: nobody asked the daemon to read them.
    #[default]
    Ignore,
    /// They are kept as events of a type of their own, and not judged.
    Keep,
}

/// How messages are read.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    /// Names in `@Name` that stand for users, the bot's above all.
    pub names: Names,
    /// Groups in which a 智能机器人 hears what mentions it: what is said to it is obeyed there, not here as well.
    pub heard: HashSet<Box<str>>,
    /// What is done with messages between two people.
    pub private: Private,
    /// How much of one message is read.
    pub limits: Limits,
    /// Where it is noted in which groups something was said.
    pub rooms: Rooms,
}

/// What a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// An event's JSON.
    Event {
        /// It.
        json: String,
        /// When it was said, if the message says.
        time: Option<Timestamp>,
        /// Whether it could not be read and is kept raw.
        raw: bool,
    },
    /// A message between two people that is passed over.
    Private,
}

impl Reader {
    /// Reads a message, whatever it is: one that cannot be read becomes an event that holds it raw.
    pub fn read(&self, opened: &Opened) -> Read {
        let json = match &opened.message {
            Ok(json) => json,
            Err(sealed) => return unread(&opened.msgid, opened.seq, &sealed.why, &sealed.raw),
        };
        let text = String::from_utf8_lossy(json);
        let text = text.trim_end_matches('\0');
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(message)) => self.message(&message, opened, text),
            Ok(_) => unread(&opened.msgid, opened.seq, "it is no JSON object", text),
            Err(_) => unread(&opened.msgid, opened.seq, "it is no JSON", text),
        }
    }

    fn message(&self, message: &Map<String, Value>, opened: &Opened, raw: &str) -> Read {
        let id = filled(message, "msgid").unwrap_or(&opened.msgid);
        let time = time(message.get("msgtime").or_else(|| message.get("time")));
        let kind = filled(message, "msgtype").unwrap_or_default();
        let mut event = Map::from_iter([("id".to_owned(), json!(id_or_place(id, opened.seq)))]);
        event.extend(time.map(|time| ("time".to_owned(), json!(time.rfc3339(&TimeZone::UTC)))));
        match filled(message, "action").unwrap_or("send") {
            "switch" => {
                event.insert("type".to_owned(), json!("wecom.switch"));
                event.extend(filled(message, "user").map(|user| ("user".to_owned(), json!(user))));
                return Read::Event { json: Value::Object(event).to_string(), time, raw: false };
            }
            "send" | "recall" => {}
            _ => return unread(id, opened.seq, "its action is not known", raw),
        }
        let Some(sender) = filled(message, "from") else {
            return unread(id, opened.seq, "it says no sender", raw);
        };
        let group = filled(message, "roomid");
        match (group, self.private) {
            (Some(group), _) => {
                self.rooms.spoken_in(group, shows_outsiders(message, id, sender));
                event.insert("group".to_owned(), json!(group));
            }
            (None, Private::Ignore) => return Read::Private,
            (None, Private::Keep) => {}
        }
        event.insert("sender".to_owned(), person(sender));
        if kind == "revoke" {
            let recalled = message.get("revoke").and_then(|revoke| revoke.get("pre_msgid")).and_then(Value::as_str);
            let Some(recalled) = recalled.filter(|id| !id.is_empty()) else {
                return unread(id, opened.seq, "it does not say which message was recalled", raw);
            };
            event.insert("message".to_owned(), json!(recalled));
        } else {
            let nobody = Names::default();
            let heard = group.is_some_and(|group| self.heard.contains(group));
            let mut flat = Flat::new(if heard { &nobody } else { &self.names }, self.limits);
            flat.message(kind, message, raw);
            event.insert("content".to_owned(), Value::Array(flat.finish()));
        }
        event.insert("type".to_owned(), json!(type_of(kind, group.is_some())));
        Read::Event { json: Value::Object(event).to_string(), time, raw: false }
    }
}

/// The type of an event. Consents and messages between two people have types that the core keeps and does not judge.
fn type_of(kind: &str, in_group: bool) -> &'static str {
    match (kind, in_group) {
        (_, false) => "wecom.private",
        ("revoke", _) => "message_recalled",
        ("agree", _) => "wecom.agree",
        ("disagree", _) => "wecom.disagree",
        _ => "message",
    }
}

/// A message that cannot be read, kept as it came.
pub fn unread(id: &str, seq: u64, why: &str, raw: &str) -> Read {
    let kept = head(raw, MOST_RAW);
    let mut event = json!({"id": id_or_place(id, seq), "type": "wecom.unread", "seq": seq, "why": why, "raw": kept});
    if kept.len() < raw.len() {
        event["raw_bytes"] = json!(raw.len());
    }
    Read::Event { json: event.to_string(), time: None, raw: true }
}

/// An id that can be kept: a message without one, or with one longer than any id, is known by its place.
fn id_or_place(id: &str, seq: u64) -> String {
    if id.is_empty() || id.len() > 256 { format!("archive-seq:{seq}") } else { id.to_owned() }
}

/// Whether a message shows that people outside the company are in its group.
fn shows_outsiders(message: &Map<String, Value>, id: &str, sender: &str) -> bool {
    let hears = |to: &Value| to.as_array().is_some_and(|to| to.iter().filter_map(Value::as_str).any(is_outsider));
    id.ends_with("_external") || is_outsider(sender) || message.get("tolist").is_some_and(hears)
}

/// The shortest id of a robot: theirs are opaque and long, and an employee may well be called `wbli`.
const ROBOT: usize = 20;

/// Reads `from`: customers' ids begin with `wm` or `wo`, robots' with `wb`, all others are the corp's members.
fn person(id: &str) -> Value {
    if id.starts_with("wb") && id.len() >= ROBOT { json!({"id": id, "role": "bot"}) } else { json!({"id": id}) }
}

/// A time in milliseconds; `None` when there is none or it cannot be right.
fn time(value: Option<&Value>) -> Option<Timestamp> {
    let value = value?;
    let millis = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    (millis > 0 && millis < 253_402_300_800_000).then_some(Timestamp(millis))
}

fn filled<'m>(message: &'m Map<String, Value>, field: &str) -> Option<&'m str> {
    message.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The beginning of a text, of at most so many bytes, cut between two characters.
fn head(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

/// A message of the archive, after its decryption, as the JSON of an event; `None` when it is one between two people. For
/// fuzzing and tools: what it gives is always read by [`crate::domain::event::Event::parse`].
pub fn event_json(message: &[u8]) -> Option<String> {
    let opened = Opened { seq: 1, msgid: "m".to_owned(), message: Ok(message.to_vec()) };
    match Reader::default().read(&opened) {
        Read::Event { json, .. } => Some(json),
        Read::Private => None,
    }
}

#[cfg(test)]
mod tests;
