//! Who is in the playground's group, and what they cannot do there.

use serde::Serialize;

use crate::domain::event::Role;
use crate::domain::time::Timestamp;

/// The longest name that is taken, in code points.
pub const LONGEST_NAME: usize = 200;
/// The longest text that is taken, in code points.
pub const LONGEST_TEXT: usize = 4_000;
/// More people than this do not fit in.
pub const MOST_PEOPLE: usize = 500;

/// The bot's user id.
pub const BOT: &str = "qunwei";

/// Everybody who is there at the beginning: id, name, role.
pub const FIRST: [(&str, &str, Role); 7] = [
    (BOT, "群卫", Role::Bot),
    ("li", "李姐", Role::Owner),
    ("chen", "陈管家", Role::Admin),
    ("wang", "小王", Role::Member),
    ("mei", "阿梅", Role::Member),
    ("zhao", "老赵", Role::Member),
    ("ad01", "加薇看资料", Role::Member),
];

/// Somebody who is or was in the group.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    /// The user id.
    pub id: String,
    /// The name in the group.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they are in the group.
    pub here: bool,
    /// Until when they may not speak.
    pub muted_until: Option<Timestamp>,
    /// Their place in the list.
    pub n: u64,
}

/// Why the platform does not let somebody do something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// There is nobody of this id.
    #[error("there is nobody of this id")]
    Unknown,
    /// They are not in the group.
    #[error("they are not in the group")]
    NotHere,
    /// They are in the group already.
    #[error("they are in the group already")]
    Here,
    /// They may not speak yet.
    #[error("they are muted until {until}")]
    Muted {
        /// Until when.
        until: Timestamp,
    },
    /// There is nothing to say.
    #[error("there is nothing to say")]
    Empty,
    /// It is too long.
    #[error("it is longer than {most} characters")]
    Long {
        /// The most code points.
        most: usize,
    },
    /// The message is not there, or not theirs, or was taken back.
    #[error("there is no such message of theirs")]
    NoMessage,
    /// Only owner and admins see task cards.
    #[error("only the owner and admins can do that")]
    NotAdmin,
    /// The group is full.
    #[error("the group is full")]
    Full,
}

/// A text with something in it, of a tolerable length.
pub(super) fn sound(text: &str, most: usize) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    if text.chars().count() > most { Err(Refusal::Long { most }) } else { Ok(()) }
}
