//! What happened: the events of interfaces.md §2, the same JSON on the bridge, in `replay`, in the journal and in tests.
//!
//! [`Event::parse`] reads one and names the field that is wrong. Unknown fields are ignored, unknown types become
//! [`Kind::Other`], unknown segments [`Segment::Other`].

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::time::Timestamp;

/// Stands for every segment that is not text in [`Message::original`] (interfaces.md §3).
pub const PLACEHOLDER: char = '\u{FFFC}';

/// One thing that happened on a platform.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Unique on its platform for at least 24 hours.
    pub id: Box<str>,
    /// The platform's name; on a bridge, the bridge's.
    pub platform: Arc<str>,
    /// The group it happened in; empty for a private message.
    pub group: Box<str>,
    /// When the platform says it happened. `None` when the platform does not say.
    pub time: Option<Timestamp>,
    /// What happened.
    pub kind: Kind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Somebody said something in a group.
    Message(Message),
    /// A message now has another text.
    Edited {
        /// The id of the message that was edited.
        message: Box<str>,
        /// The message as it is now.
        now: Message,
    },
    /// A message was taken back by its author.
    Recalled {
        /// The id of the message.
        message: Box<str>,
    },
    /// Somebody wrote to the bot alone.
    Private(Message),
    /// Members came into a group.
    Joined {
        /// Who.
        members: Vec<Person>,
        /// Who invited them.
        inviter: Option<Box<str>>,
        /// Through which join code.
        channel: Option<Box<str>>,
    },
    /// Members are no longer in a group.
    Left {
        /// Who.
        members: Vec<Person>,
        /// `quit`, `removed` or what the platform says.
        reason: Option<Box<str>>,
    },
    /// A member has another name in the group.
    Renamed {
        /// Who, with the new name.
        member: Person,
    },
    /// Somebody asks to be let in.
    JoinRequest {
        /// Who.
        member: Person,
    },
    /// Somebody pressed a button of a task.
    Button {
        /// Who.
        user: Box<str>,
        /// The task's id.
        task: Box<str>,
        /// The button's choice.
        choice: Box<str>,
    },
    /// Something that another system measured.
    Track {
        /// Who.
        member: Person,
        /// What, e.g. `purchase`.
        name: Box<str>,
    },
    /// A type this version does not know: stored and otherwise ignored.
    Other(Box<str>),
}

/// A member as an event names them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Person {
    /// The platform's opaque id.
    pub id: Box<str>,
    /// The name shown in the group; may be empty.
    pub name: Box<str>,
    /// The role, if the event says.
    pub role: Option<Role>,
}

/// What a member may do, as the platform sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// An ordinary member.
    #[default]
    Member,
    /// A program.
    Bot,
    /// 管理员
    Admin,
    /// 群主
    Owner,
}

impl Role {
    /// Every role, for messages about a misspelt one.
    pub const NAMES: [&'static str; 4] = ["owner", "admin", "member", "bot"];

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "owner" => Role::Owner,
            "admin" => Role::Admin,
            "member" => Role::Member,
            "bot" => Role::Bot,
            _ => return None,
        })
    }

    /// Runs the group: owner or admin.
    pub fn is_admin(self) -> bool {
        matches!(self, Role::Owner | Role::Admin)
    }
}

/// What somebody said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Who said it.
    pub sender: Person,
    /// Its parts, in order.
    pub content: Vec<Segment>,
}

/// One part of a message.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are those of interfaces.md §2")]
pub enum Segment {
    Text(Box<str>),
    Mention {
        user: Box<str>,
        name: Box<str>,
    },
    Image {
        url: Option<Box<str>>,
    },
    Link {
        url: Box<str>,
        title: Option<Box<str>>,
    },
    Voice {
        text: Option<Box<str>>,
    },
    Video {
        seconds: Option<u64>,
    },
    File {
        name: Option<Box<str>>,
        size: Option<u64>,
    },
    Card {
        title: Option<Box<str>>,
    },
    RedPacket,
    /// A kind this version does not know: kept, not judged.
    Other(Box<str>),
}

impl Message {
    /// The original text that spans point into: the text segments joined, every other segment one U+FFFC.
    pub fn original(&self) -> String {
        let mut text = String::new();
        for segment in &self.content {
            match segment {
                Segment::Text(part) => text.push_str(part),
                _ => text.push(PLACEHOLDER),
            }
        }
        text
    }
}

/// Why something is not an event: the field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The path of the field, e.g. `sender.id`; empty when the whole is meant.
    pub field: String,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() { f.write_str(&self.what) } else { write!(f, "{}: {}", self.field, self.what) }
    }
}

fn malformed(field: &str, what: impl Into<String>) -> Malformed {
    Malformed { field: field.to_owned(), what: what.into() }
}

impl Event {
    /// Reads one event from JSON.
    ///
    /// # Errors
    /// Names the first field that is missing or of the wrong kind.
    pub fn parse(json: &str) -> Result<Self, Malformed> {
        let wire: Wire = serde_json::from_str(json).map_err(|error| malformed("", error.to_string()))?;
        let platform = wire.platform.as_ref().map_or_else(|| Arc::from("bridge"), |name| Arc::from(&*name.0));
        let kind = wire.kind.as_deref().ok_or_else(|| malformed("type", "is missing"))?;
        let id = needed("id", wire.id.clone())?;
        let time = match wire.time.as_deref() {
            None => None,
            Some(text) => Some(Timestamp::parse(text).ok_or_else(|| {
                malformed(
                    "time",
                    format!("`{}` is not RFC 3339 with an offset, such as 2026-11-22T10:00:00+08:00", clip(text)),
                )
            })?),
        };
        let group = match kind {
            "private_message" => wire.group.as_ref().map(|g| g.0.clone()).unwrap_or_default(),
            _ => match wire.group.clone() {
                Some(group) => needed("group", Some(group))?,
                None if KNOWN.contains(&kind) => return Err(malformed("group", "is missing")),
                None => Box::default(),
            },
        };
        let kind = wire.into_kind()?;
        Ok(Self { id, platform, group, time, kind })
    }

    /// Reads a message for `scan`: `{"id":…,"text":…}` or a message of interfaces.md §2, of which only the content matters.
    ///
    /// # Errors
    /// As [`Event::parse`].
    pub fn parse_for_scan(json: &str) -> Result<(Option<Box<str>>, Option<Box<str>>, Message), Malformed> {
        let wire: Wire = serde_json::from_str(json).map_err(|error| malformed("", error.to_string()))?;
        let id = wire.id.clone().map(|id| id.0);
        let group = wire.group.clone().map(|group| group.0);
        if wire.text.is_none() && wire.content.is_none() {
            return Err(malformed("text", "is missing (and so is content)"));
        }
        let sender = wire.sender.clone().map(WirePerson::role_known).transpose()?.unwrap_or_default();
        Ok((id, group, Message { sender, content: wire.content("")? }))
    }
}

const KNOWN: [&str; 10] = [
    "message",
    "message_edited",
    "message_recalled",
    "private_message",
    "member_joined",
    "member_left",
    "member_renamed",
    "join_request",
    "button",
    "track",
];

/// An event as written: every field that some type has, each optional.
#[derive(Deserialize)]
struct Wire {
    id: Option<Id>,
    #[serde(rename = "type")]
    kind: Option<Box<str>>,
    platform: Option<Id>,
    group: Option<Id>,
    time: Option<Box<str>>,
    sender: Option<WirePerson>,
    content: Option<Vec<WireSegment>>,
    text: Option<Box<str>>,
    message: Option<Id>,
    members: Option<Vec<WirePerson>>,
    member: Option<WirePerson>,
    inviter: Option<Id>,
    channel: Option<Box<str>>,
    reason: Option<Box<str>>,
    user: Option<Id>,
    task: Option<Id>,
    choice: Option<Box<str>>,
    name: Option<Box<str>>,
}

#[derive(Clone, Deserialize)]
struct WirePerson {
    id: Option<Id>,
    name: Option<Box<str>>,
    role: Option<Box<str>>,
}

#[derive(Deserialize)]
struct WireSegment {
    #[serde(rename = "type")]
    kind: Option<Box<str>>,
    text: Option<Box<str>>,
    user: Option<Id>,
    name: Option<Box<str>>,
    url: Option<Box<str>>,
    title: Option<Box<str>>,
    seconds: Option<f64>,
    size: Option<u64>,
}

/// An opaque id: a string, or an integer read as one.
#[derive(Clone)]
struct Id(Box<str>);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Opaque;
        impl Visitor<'_> for Opaque {
            type Value = Id;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an integer")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id, E> {
                Ok(Id(text.into()))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Id, E> {
                Ok(Id(number.to_string().into()))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Id, E> {
                Ok(Id(number.to_string().into()))
            }
        }
        deserializer.deserialize_any(Opaque)
    }
}

impl Wire {
    fn into_kind(self) -> Result<Kind, Malformed> {
        let kind = self.kind.clone().unwrap_or_default();
        Ok(match &*kind {
            "message" => Kind::Message(self.into_message()?),
            "message_edited" => {
                let message = needed("message", self.message.clone())?;
                Kind::Edited { message, now: self.into_message()? }
            }
            "message_recalled" => Kind::Recalled { message: needed("message", self.message)? },
            "private_message" => Kind::Private(self.into_message()?),
            "member_joined" => Kind::Joined {
                members: people(self.members)?,
                inviter: self.inviter.map(|id| id.0),
                channel: self.channel,
            },
            "member_left" => Kind::Left { members: people(self.members)?, reason: self.reason },
            "member_renamed" => Kind::Renamed { member: person("member", self.member)? },
            "join_request" => Kind::JoinRequest { member: person("member", self.member)? },
            "button" => Kind::Button {
                user: needed("user", self.user)?,
                task: needed("task", self.task)?,
                choice: self.choice.ok_or_else(|| malformed("choice", "is missing"))?,
            },
            "track" => Kind::Track {
                member: person("member", self.member)?,
                name: self.name.ok_or_else(|| malformed("name", "is missing"))?,
            },
            _ => Kind::Other(kind),
        })
    }

    fn into_message(mut self) -> Result<Message, Malformed> {
        let sender = person("sender", self.sender.take())?;
        if self.text.is_none() && self.content.is_none() {
            return Err(malformed("content", "is missing (and so is text)"));
        }
        Ok(Message { sender, content: self.content("")? })
    }

    fn content(self, at: &str) -> Result<Vec<Segment>, Malformed> {
        let mut segments = Vec::new();
        for (index, segment) in self.content.into_iter().flatten().enumerate() {
            segments.push(segment.read().map_err(|mut error| {
                error.field = format!("{at}content[{index}].{}", error.field);
                error
            })?);
        }
        if segments.is_empty() {
            segments.extend(self.text.map(Segment::Text));
        }
        Ok(segments)
    }
}

impl WireSegment {
    fn read(self) -> Result<Segment, Malformed> {
        let kind = self.kind.ok_or_else(|| malformed("type", "is missing"))?;
        Ok(match &*kind {
            "text" => Segment::Text(self.text.ok_or_else(|| malformed("text", "is missing"))?),
            "mention" => Segment::Mention { user: needed("user", self.user)?, name: self.name.unwrap_or_default() },
            "image" => Segment::Image { url: self.url },
            "link" => Segment::Link { url: self.url.ok_or_else(|| malformed("url", "is missing"))?, title: self.title },
            "voice" => Segment::Voice { text: self.text },
            "video" => Segment::Video { seconds: self.seconds.map(|s| s.max(0.0) as u64) },
            "file" => Segment::File { name: self.name, size: self.size },
            "card" => Segment::Card { title: self.title },
            "red_packet" => Segment::RedPacket,
            _ => Segment::Other(kind),
        })
    }
}

impl WirePerson {
    fn role_known(self) -> Result<Person, Malformed> {
        let role = match self.role.as_deref() {
            None => None,
            Some(name) => Some(Role::parse(name).ok_or_else(|| {
                malformed("sender.role", format!("`{}` is none of {}", clip(name), Role::NAMES.join(", ")))
            })?),
        };
        Ok(Person { id: self.id.map(|id| id.0).unwrap_or_default(), name: self.name.unwrap_or_default(), role })
    }
}

fn needed(field: &str, id: Option<Id>) -> Result<Box<str>, Malformed> {
    match id {
        None => Err(malformed(field, "is missing")),
        Some(id) if id.0.is_empty() => Err(malformed(field, "is empty")),
        Some(id) if id.0.len() > MAX_ID => Err(malformed(field, format!("is longer than {MAX_ID} bytes"))),
        Some(id) => Ok(id.0),
    }
}

/// The longest id that is taken, in bytes. Platforms use at most 64; the limit bounds what a key costs.
const MAX_ID: usize = 512;

fn person(field: &str, person: Option<WirePerson>) -> Result<Person, Malformed> {
    let person = person.ok_or_else(|| malformed(field, "is missing"))?;
    let read = person.clone().role_known().map_err(|error| malformed(&format!("{field}.role"), error.what))?;
    needed(&format!("{field}.id"), person.id)?;
    Ok(read)
}

fn people(members: Option<Vec<WirePerson>>) -> Result<Vec<Person>, Malformed> {
    let members = members.ok_or_else(|| malformed("members", "is missing"))?;
    members.into_iter().enumerate().map(|(index, member)| person(&format!("members[{index}]"), Some(member))).collect()
}

/// The beginning of a text that somebody else wrote, for an error message.
fn clip(text: &str) -> String {
    let mut clipped: String = text.chars().take(40).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    clipped
}
