//! Writes events as JSON, and makes the ids of those to which WeCom gives none.

use serde_json::{Map, Value, json};

use crate::adapters::wecom::task;
use crate::domain::ids;
use crate::domain::time::Timestamp;

/// What types begin with that are WeCom's own.
const OWN: &str = "wecom.";

/// Of the name of an event that this version does not know, so many characters are kept.
const LONGEST_NAME: usize = 64;

/// The last second of the year 9999: what is later is no time.
const LAST_SECOND: i64 = 253_402_300_799;

/// An event that is being written.
pub(super) struct Event(Map<String, Value>);

impl Event {
    /// Of this id and type.
    pub(super) fn new(id: String, kind: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("id".to_owned(), Value::String(id));
        fields.insert("type".to_owned(), Value::from(kind));
        Self(fields)
    }

    /// Of a type that is WeCom's own: stored and otherwise ignored.
    pub(super) fn own(id: String, name: &str) -> Self {
        let name: String = name.chars().take(LONGEST_NAME).collect();
        Self::new(id, &format!("{OWN}{name}"))
    }

    /// With one more field.
    pub(super) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }

    /// With one more field, if there is something to put in it.
    pub(super) fn maybe(self, field: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(field, value),
            None => self,
        }
    }

    /// Sent by this person.
    pub(super) fn from(self, user: &str) -> Self {
        self.with("sender", json!({ "id": user }))
    }

    /// At this time, in seconds since 1970 as WeCom writes it; without one when it is none.
    pub(super) fn at(self, seconds: Option<&str>) -> Self {
        let seconds = seconds.and_then(|text| text.trim().parse::<i64>().ok());
        let time = seconds.filter(|seconds| (1..=LAST_SECOND).contains(seconds));
        self.maybe("time", time.map(|seconds| Timestamp(seconds * 1000).to_string()))
    }

    /// As JSON.
    pub(super) fn json(self) -> String {
        Value::Object(self.0).to_string()
    }
}

/// An id of 128 bits over what tells an event from every other.
pub(super) fn hashed(prefix: &str, parts: &[&str]) -> String {
    format!("{prefix}{:032x}", ids::hash(parts))
}

/// A click on a button of a card: who pressed what when. A second click of the same person on the same button is another event;
/// one that WeCom sends again is not.
pub(super) struct Click<'a> {
    pub(super) task: &'a str,
    pub(super) user: &'a str,
    pub(super) choice: &'a str,
    /// Seconds since 1970.
    pub(super) time: Option<&'a str>,
    /// The group that it was pressed in, if any.
    pub(super) chat: Option<&'a str>,
}

impl Click<'_> {
    /// As an event; `None` for a card of which no group is known, which is none of ours.
    pub(super) fn event(&self) -> Option<Event> {
        let (task, group) = match task::parts(self.task) {
            Some(parts) => parts,
            None => (self.task, self.chat?),
        };
        let parts = [self.task, self.user, self.choice, self.time.unwrap_or_default()];
        let event = Event::new(hashed("click:", &parts), "button").at(self.time);
        Some(event.with("group", group).with("user", self.user).with("task", task).with("choice", self.choice))
    }
}
