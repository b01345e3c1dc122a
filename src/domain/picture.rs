//! Pictures that are to be read: which of an event's, by what plan, and the event that says what was read.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::event::{Event, Kind, Message, Role, Segment};
use super::ids;
use super::time::Timestamp;

/// Of one message so many pictures are read.
const A_MESSAGE: usize = 4;
/// A longer address is none that a platform gives.
const LONGEST_URL: usize = 2048;
/// No more codes of a picture are told …
pub const MOST_CODES: usize = 8;
/// … nor more characters of one of them …
const LONGEST_CODE: usize = 2000;
/// … or of the text in it.
const LONGEST_TEXT: usize = 4000;

/// Whose pictures are fetched, and what is read in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PicturePlan {
    /// Hosts whose pictures are fetched: names with all below them, or with `:port` exactly there; `*` is any.
    pub hosts: Vec<Box<str>>,
    /// How addresses begin that may lead to an address inside: scheme, host, port and folder.
    pub internal: Vec<Box<str>>,
    /// Larger pictures are not fetched.
    pub most_bytes: usize,
    /// Of more pixels none is unpacked.
    pub most_pixels: u64,
    /// What fetching one may take.
    pub time: Duration,
    /// So many at once.
    pub at_once: usize,
    /// What reads texts in pictures.
    pub text: Option<TextCommand>,
}

/// A program that is given a picture and writes the text in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextCommand {
    /// The program, by its whole path, and what it is called with.
    pub argv: Vec<Box<str>>,
    /// How long it may take.
    pub time: Duration,
}

/// A picture that is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The id of the event that will say what was read: the same whenever it is read.
    pub id: Arc<str>,
    /// Where it was sent.
    pub platform: Arc<str>,
    /// Who sent it.
    pub user: Arc<str>,
    /// When it was asked for, by the daemon's clock.
    pub at: Timestamp,
    /// Where it is.
    pub url: Arc<str>,
    /// That event as JSON, without what was read.
    pub event: Arc<str>,
}

/// What was read in a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// What its QR codes say.
    pub codes: Vec<String>,
    /// The text in it.
    pub text: String,
}

/// The pictures of an event that may be fetched. Those of owners, admins and bots, who are not punished, are not.
pub fn wanted(event: &Event, now: Timestamp) -> Vec<Wanted> {
    let (message, id) = match &event.kind {
        Kind::Message(message) => (message, &event.id),
        Kind::Edited { message: id, now } => (now, id),
        _ => return Vec::new(),
    };
    if message.judged_elsewhere || message.sender.role.is_some_and(|role| role.is_admin() || role == Role::Bot) {
        return Vec::new();
    }
    let pictures = (0_u32..).zip(&message.content).filter_map(|(place, segment)| match segment {
        Segment::Image { url: Some(url) } if url.len() <= LONGEST_URL && url.starts_with("http") => Some((place, url)),
        _ => None,
    });
    pictures.take(A_MESSAGE).map(|(place, url)| one(event, message, id, place, url, now)).collect()
}

fn one(event: &Event, message: &Message, id: &str, place: u32, url: &str, now: Timestamp) -> Wanted {
    let hash = ids::hash(&["picture", &event.platform, &event.id, &place.to_string()]);
    let sender = &message.sender;
    let mut json = json!({
        "id": format!("picture-{hash:032x}"), "type": "picture", "group": event.group, "time": event.time.unwrap_or(now).to_string(),
        "message": id, "segment": place, "sender": {"id": sender.id, "name": sender.name},
    });
    if let Some(role) = sender.role.and_then(|role| serde_json::to_value(role).ok()) {
        json["sender"]["role"] = role;
    }
    Wanted {
        id: format!("picture-{hash:032x}").into(),
        platform: event.platform.clone(),
        user: (*sender.id).into(),
        at: now,
        url: url.into(),
        event: json.to_string().into(),
    }
}

impl Wanted {
    /// The event that says what was read; `None` where there is nothing to be said.
    pub fn told(&self, read: &Read) -> Option<String> {
        let mut content: Vec<serde_json::Value> = Vec::new();
        let codes = read.codes.iter().map(|code| ("qr", clip(code, LONGEST_CODE))).take(MOST_CODES);
        for (kind, text) in codes.chain([("text", clip(&read.text, LONGEST_TEXT))]) {
            if !text.trim().is_empty() {
                content.push(json!({"type": kind, "text": text}));
            }
        }
        if content.is_empty() {
            return None;
        }
        let mut event: serde_json::Value = serde_json::from_str(&self.event).ok()?;
        event["content"] = content.into();
        Some(event.to_string())
    }
}

/// The beginning of a text that somebody else wrote, without what is no text.
fn clip(text: &str, longest: usize) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').take(longest).collect()
}
