//! What happened: the events of interfaces.md §2, the same JSON on the bridge, in `replay`, in the journal and in tests.
//!
//! [`Event::parse`] reads one and names the field that is wrong. Unknown fields are ignored, unknown types become
//! [`Kind::Other`], unknown segments [`Segment::Other`]. How they are written is in `wire`, what is asked of each type in
//! `read`.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

mod read;
mod wire;

pub use read::{MAX_ID, Scanned};

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
    /// What was read in a picture of a message that was sent before.
    Picture {
        /// The id of the message.
        message: Box<str>,
        /// Which segment of it the picture is, from 0.
        segment: u32,
        /// Who sent it, and what was read, as if they had written it.
        read: Message,
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
        /// What they answered to the group's question.
        answer: Option<Box<str>>,
        /// Who invited them.
        inviter: Option<Box<str>>,
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
    /// What the platform knows of the group itself.
    GroupUpdated {
        /// What it is called.
        name: Option<Box<str>>,
        /// Whose messages are archived in it.
        archive: Option<Archived>,
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

/// Whose messages of a group a platform lets us read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    /// Employees whose messages are archived, in the whole company.
    pub employees: u32,
    /// People in the group who are none and were asked whether they agree.
    pub outsiders: u32,
    /// How many of those have not agreed.
    pub missing: u32,
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
    /// 实习管理员: a member who may use some of the admins' commands for a while. TOML gives this role, no platform does.
    #[serde(rename = "trial_admin")]
    TrialAdmin,
    /// 管理员
    Admin,
    /// 群主
    Owner,
}

impl Role {
    /// Every role that an event may name, for messages about a misspelt one.
    pub const NAMES: [&'static str; 4] = ["owner", "admin", "member", "bot"];

    /// Every role that TOML may name.
    pub const NAMES_IN_TOML: [&'static str; 5] = ["owner", "admin", "trial_admin", "member", "bot"];

    /// The role of that name in TOML.
    pub fn parse_in_toml(name: &str) -> Option<Self> {
        if name == "trial_admin" { Some(Role::TrialAdmin) } else { Self::parse(name) }
    }

    /// The role of that name in an event.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "owner" => Role::Owner,
            "admin" => Role::Admin,
            "member" => Role::Member,
            "bot" => Role::Bot,
            _ => return None,
        })
    }

    /// What they type as a command is carried out and not judged.
    pub fn is_obeyed(self) -> bool {
        self.is_admin() || self == Role::TrialAdmin
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
    /// The message it answers. What is quoted is not the sender's own word: it is not judged and commands nothing.
    pub quote: Option<Box<Quote>>,
    /// Another way brings the same message, under another id, to be judged: here it only commands, asks and reports.
    pub judged_elsewhere: bool,
    /// One thing may be said in answer to it where it was said, though perhaps nothing unasked.
    pub answerable: bool,
}

/// A message that another one quotes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quote {
    /// Its id, if the platform says.
    pub message: Option<Box<str>>,
    /// Who wrote it, if the platform says.
    pub sender: Option<Box<str>>,
    /// What it says, as far as the platform shows it.
    pub text: Box<str>,
}

/// One part of a message.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are those of interfaces.md §2")]
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
    /// What a QR code says that was read in a picture ([`Kind::Picture`] alone has these): text as any other.
    Qr(Box<str>),
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
                Segment::Text(part) | Segment::Qr(part) => text.push_str(part),
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

#[cfg(test)]
mod tests;
