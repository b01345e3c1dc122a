//! What WeCom posts to a callback address, read into the events of interfaces.md §2.
//!
//! ```text
//! query + body ── query, envelope ──► crypt ──► corp (apps, customer contact) or robot (智能机器人) ──► Reading
//! ```
//!
//! Whatever carries a right signature is kept: what this version does not understand becomes an event of a type of its own,
//! which is stored and otherwise ignored. Refusing it would make WeCom send it three more times and then drop it.
//!
//! Names of people are not in callbacks (only ids are), so they are left out.

use std::collections::HashMap;

use crate::domain::secret::Hidden;

pub use self::envelope::{BadEnvelope, Format, envelope};
pub use self::query::{BadQuery, Query, decoded};

mod corp;
mod envelope;
mod query;
pub mod robot;
mod write;

/// What one callback comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Events, each one JSON object. The same callback gives the same bytes, however often it is sent.
    pub events: Vec<String>,
    /// What should be looked at besides. To be told once the events are durable, and lost without harm.
    pub hints: Vec<Hint>,
    /// Where its message can be answered. To be kept before the events are durable, for what is decided then may be said at once.
    pub reply_to: Option<ReplyTo>,
}

/// Where a message can be answered, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// The id of its event.
    pub event: Box<str>,
    /// What stands for the place. Whoever has it can speak as the robot.
    pub code: Hidden,
    /// Who wrote it to the robot alone; `None` in a group.
    pub alone: Option<Box<str>>,
}

/// Something to be fetched now rather than when its turn comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A customer group changed.
    Group {
        /// Its id.
        chat: Box<str>,
        /// The version of its members before, if told. Another one than the version that is known means that a change was
        /// missed.
        last: Option<Box<str>>,
        /// The version after, if told.
        cur: Option<Box<str>>,
    },
    /// The session archive has something new.
    Archive,
}

/// Groups whose ids on this channel are not those they go by here: the id here, by the id there.
pub type Groups = HashMap<Box<str>, Box<str>>;

/// Who is called at an address, which says how what is posted there reads.
#[derive(Clone, Debug)]
pub enum Channel {
    /// A self-built app (自建应用): its own messages, and the events it may have.
    App,
    /// Customer contact (客户联系): changes of customer groups.
    Customer,
    /// A smart robot (智能机器人).
    Robot(robot::Robot),
}

impl Channel {
    /// What a decrypted callback says.
    pub fn read(&self, plain: &[u8]) -> Reading {
        let read = match self {
            Channel::App | Channel::Customer => corp::read(plain),
            Channel::Robot(robot) => robot.read(plain),
        };
        read.unwrap_or_else(|| Reading { events: vec![self.unread(plain)], ..Reading::default() })
    }

    /// An event that keeps a callback that cannot be read in any other way.
    pub fn unread(&self, plain: &[u8]) -> String {
        let prefix = match self {
            Channel::App | Channel::Customer => corp::PREFIX,
            Channel::Robot(_) => robot::PREFIX,
        };
        let text = String::from_utf8_lossy(plain);
        let text = match self {
            Channel::App | Channel::Customer => text.into_owned(),
            Channel::Robot(_) => robot::without_codes(&text),
        };
        write::Event::new(write::hashed(prefix, &[&text]), "wecom.unread").with("raw", &*text).json()
    }
}

#[cfg(test)]
mod tests;
