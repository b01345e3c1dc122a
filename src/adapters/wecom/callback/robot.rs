//! What a smart robot (智能机器人) is told (WeCom's documents 100719 and 101027): JSON, by a callback or over its long connection.
//!
//! In a group it hears what mentions it and nothing else, and only in groups without outsiders.

use serde_json::{Value, json};

use super::write::{Click, Event, hashed};
use super::{Groups, Reading, ReplyTo};
use crate::adapters::wecom::aibot::answers;

/// What stands before a code in an address at which a message can be answered.
const CODE: &str = "response_code=";

/// What ids of messages and events begin with.
pub(super) const PREFIX: &str = "aibot:";

/// What must be known of a robot to read what it is told.
#[derive(Clone, Debug, Default)]
pub struct Robot {
    /// What it is called in groups, without the `@`. Its messages contain that as text, and nothing says where it ends; without
    /// a name here, what stands behind an `@` at the beginning is taken for it, up to the first space.
    pub name: Option<Box<str>>,
    /// The user that a mention of it becomes: the platform's `bot_user`. Without one it is the robot's own id.
    pub user: Option<Box<str>>,
    /// Groups that go by another id here.
    pub groups: Groups,
    /// The session archive brings what is said in groups too, under other ids: there it is judged.
    pub archived: bool,
    /// Below this the addresses must be at which its messages can be answered; without one none is used.
    pub answered_at: Option<Box<str>>,
    /// Who writes to it alone can be answered over its long connection.
    pub connected: bool,
}

impl Robot {
    /// What is decrypted, read; `None` for what is neither a message nor an event.
    pub(super) fn read(&self, plain: &[u8]) -> Option<Reading> {
        self.reading(&serde_json::from_slice(plain).ok()?)
    }

    /// A message or an event as JSON; `None` for what is neither.
    pub fn reading(&self, body: &Value) -> Option<Reading> {
        let mut reply_to = None;
        let event = match word(body, "msgtype")? {
            // The robot is asked how far a reply has come that it is streaming: nothing was said.
            "stream" => return Some(Reading::default()),
            "event" => self.happened(body)?,
            kind => {
                reply_to = self.reply_to(body);
                let answerable = reply_to.is_some() || self.connected && self.group(body).is_none();
                self.said(body, kind)?.maybe("answerable", answerable.then_some("once"))
            }
        };
        Some(Reading { events: vec![event.json()], hints: Vec::new(), reply_to })
    }

    /// The event of a message to the robot alone, and who wrote it; `None` for all else.
    pub fn alone<'b>(&self, body: &'b Value) -> Option<(String, &'b str)> {
        let says = !matches!(word(body, "msgtype")?, "event" | "stream") && self.group(body).is_none();
        says.then_some((id(body)?, word(&body["from"], "userid")?))
    }

    /// Where a message can be answered.
    fn reply_to(&self, body: &Value) -> Option<ReplyTo> {
        let (under, url) = (self.answered_at.as_deref()?, word(body, "response_url")?);
        let code = answers::code(url, under);
        if code.is_none() {
            tracing::warn!(
                "a message to the bot names another place than `api_url` to be answered at: it is not answered there"
            );
        }
        let user = word(&body["from"], "userid")?;
        let alone = self.group(body).is_none().then(|| user.into());
        Some(ReplyTo { event: id(body)?.into(), code: code?, alone })
    }

    fn said(&self, body: &Value, kind: &str) -> Option<Event> {
        let user = word(&body["from"], "userid")?;
        let chat = self.group(body);
        let event = Event::new(id(body)?, if chat.is_some() { "message" } else { "private_message" });
        let heard = chat.map(|_| self.user(body));
        let event = event.at(time(body).as_deref()).from(user).maybe("group", chat).maybe("quote", quote(body));
        let judged = (self.archived && heard.is_some()).then_some("elsewhere");
        Some(event.maybe("judged", judged).with("content", self.content(body, kind, heard)))
    }

    fn content(&self, body: &Value, kind: &str, heard: Option<&str>) -> Value {
        let mut segments = match kind {
            "mixed" => {
                items(&body["mixed"]).iter().filter_map(|item| Some(segment(item, word(item, "msgtype")?))).collect()
            }
            kind => vec![segment(body, kind)],
        };
        // Whatever a robot hears in a group mentions it.
        if let Some(user) = heard {
            let first = segments.iter().position(|segment| segment["type"] == "text");
            let text = first.map(|at| segments.remove(at));
            let spoken = self.spoken(text.as_ref().and_then(|text| text["text"].as_str()).unwrap_or_default(), user);
            let at = first.unwrap_or_default();
            segments.splice(at..at, spoken);
        }
        Value::Array(segments)
    }

    /// A text in a group, with the robot's name as the mention it is.
    fn spoken(&self, text: &str, user: &str) -> Vec<Value> {
        let part = |text: &str| (!text.is_empty()).then(|| json!({"type": "text", "text": text}));
        let mention = |name: Option<&str>| json!({"type": "mention", "user": user, "name": name.unwrap_or_default()});
        let (before, name, after) = match &self.name {
            Some(name) => match around(text, name) {
                Some((before, after)) => (before, Some(&**name), after),
                None => ("", Some(&**name), text), // it was renamed, and yet somebody spoke to it
            },
            None => match text.strip_prefix('@') {
                Some(rest) => {
                    let (name, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                    ("", Some(name), after)
                }
                None => ("", None, text),
            },
        };
        part(before).into_iter().chain([mention(name)]).chain(part(after)).collect()
    }

    fn happened(&self, body: &Value) -> Option<Event> {
        let name = word(&body["event"], "eventtype")?;
        let (user, time) = (word(&body["from"], "userid"), time(body));
        if name == "template_card_event"
            && let Some(event) = self.clicked(body, user, time.as_deref())
        {
            return Some(event);
        }
        let about = body["event"].get(name).cloned();
        let event = Event::own(id(body)?, name).at(time.as_deref()).maybe("user", user);
        Some(event.maybe("group", self.group(body)).maybe("fields", about))
    }

    fn clicked(&self, body: &Value, user: Option<&str>, time: Option<&str>) -> Option<Event> {
        let card = &body["event"]["template_card_event"];
        // The tables of the documents spell the names together, their examples do not.
        let of = |name: &str, other: &str| word(card, name).or_else(|| word(card, other));
        let task = of("task_id", "taskid")?;
        let click = Click { task, user: user?, choice: of("event_key", "eventkey")?, time, chat: self.group(body) };
        Some(click.event()?.maybe("selected", card.get("selected_items").cloned()))
    }

    fn user<'a>(&'a self, body: &'a Value) -> &'a str {
        self.user.as_deref().or_else(|| word(body, "aibotid")).unwrap_or("bot")
    }

    /// The group it happened in, by the id it goes by here; `None` when somebody speaks to the robot alone.
    fn group<'a>(&'a self, body: &'a Value) -> Option<&'a str> {
        let chat = word(body, "chatid").filter(|_| word(body, "chattype") != Some("single"))?;
        Some(self.groups.get(chat).map_or(chat, |group| &**group))
    }
}

/// What stands before and behind `@NAME`, where that ends.
fn around<'t>(text: &'t str, name: &str) -> Option<(&'t str, &'t str)> {
    let called = format!("@{name}");
    let mut places = text.match_indices(&*called);
    places.find_map(|(at, called)| {
        let (before, rest) = text.split_at_checked(at)?;
        let rest = rest.strip_prefix(called)?;
        let ends = rest.is_empty() || rest.starts_with(char::is_whitespace);
        ends.then(|| (before, rest.strip_prefix(char::is_whitespace).unwrap_or_default()))
    })
}

/// One part of a message.
fn segment(body: &Value, kind: &str) -> Value {
    let about = &body[kind];
    let text = |name: &str| about[name].as_str();
    match kind {
        "text" => json!({"type": "text", "text": text("content").unwrap_or_default()}),
        "image" => json!({"type": "image", "url": text("url")}),
        "voice" => json!({"type": "voice", "text": text("content")}), // transcribed already
        "video" => json!({"type": "video", "url": text("url")}),
        "file" => json!({"type": "file", "url": text("url"), "name": text("filename").or(text("name"))}),
        kind => json!({"type": kind, "fields": about}), // kept, not judged
    }
}

/// What a message quotes. Who said that is not told (101027).
fn quote(body: &Value) -> Option<Value> {
    let quote = &body["quote"];
    let kind = word(quote, "msgtype")?;
    let text = match kind {
        "mixed" => items(&quote["mixed"]).iter().filter_map(|item| item["text"]["content"].as_str()).collect(),
        kind => quote[kind]["content"].as_str().unwrap_or_default().to_owned(),
    };
    Some(json!({"text": text, "type": kind, "url": quote[kind]["url"].as_str()}))
}

fn items(mixed: &Value) -> &[Value] {
    mixed["msg_item"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// WeCom's own id, or one made of all that is told.
fn id(body: &Value) -> Option<String> {
    Some(match word(body, "msgid") {
        Some(id) => format!("{PREFIX}{id}"),
        None => hashed(PREFIX, &[&body.to_string()]),
    })
}

/// A text that could not be read, without the codes by which anybody could speak as the robot.
pub(super) fn without_codes(text: &str) -> String {
    let mut pieces = text.split(CODE);
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let ends = piece.find(|letter: char| matches!(letter, '"' | '&' | '<' | '\\') || letter.is_whitespace());
        kept.push_str(CODE);
        kept.push('…');
        kept.push_str(ends.and_then(|at| piece.get(at..)).unwrap_or_default());
    }
    kept
}

/// Seconds since 1970. Events have it, messages do not.
fn time(body: &Value) -> Option<String> {
    match &body["create_time"] {
        Value::Number(seconds) => Some(seconds.to_string()),
        Value::String(seconds) => Some(seconds.clone()),
        _ => None,
    }
}

fn word<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    body[name].as_str().filter(|text| !text.is_empty())
}
