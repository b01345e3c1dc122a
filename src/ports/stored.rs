//! What is read back from a store.

use std::sync::Arc;

use crate::domain::action::Action;
use crate::domain::alerts::Alerts;
use crate::domain::case::ByWhom;
use crate::domain::chat::ChatChange;
use crate::domain::event::Role;
use crate::domain::newcomers::Newcomers;
use crate::domain::reminder::Stored;
use crate::domain::score::Lesson;
use crate::domain::standing::{Ledger, Standing};
use crate::domain::tasks::OpenTask;
use crate::domain::time::Timestamp;
use crate::domain::timer::Timer;

/// What is stored of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredGroup {
    /// What was done lately.
    pub ledger: Ledger,
    /// Its owner and admins, as far as their roles were seen.
    pub admins: Vec<Arc<str>>,
    /// Who came lately.
    pub newcomers: Newcomers,
    /// What its admins were asked to do and have not done, oldest first.
    pub tasks: Vec<OpenTask>,
}

/// What is stored of a member.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredMember {
    /// The last known role.
    pub role: Option<Role>,
    /// What is held against them.
    pub standing: Standing,
    /// When they came into the group, if an event said so.
    pub joined: Option<Timestamp>,
}

/// Whom a word may mean in a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meant {
    /// Members who are called so and are not known to have left, by id.
    pub called: Vec<Arc<str>>,
    /// A member who is not known to have left has this id.
    pub is_id: bool,
    /// Somebody who was called so, or has this id, has left.
    pub left: bool,
    /// Whether anybody's name is known there.
    pub names: bool,
}

/// An action that has not come to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// Its place in the order of decisions.
    pub order: u64,
    /// The action.
    pub action: Arc<Action>,
    /// Its JSON if an attempt was recorded.
    pub attempted: Option<Arc<str>>,
}

/// Where a start begins.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// The last input in the journal; 0 when it is empty.
    pub seq: u64,
    /// The last case; 0 when there is none.
    pub case: u64,
    /// The windows as they were written, one piece behind the other, and the number of the last input they include.
    pub windows: Option<(u64, Vec<u8>)>,
    /// Every timer that is set.
    pub timers: Vec<Timer>,
    /// What was changed in the chat and is in force, oldest first.
    pub chat: Vec<ChatChange>,
    /// The last change made in the chat; 0 when there is none.
    pub change: u64,
    /// What somebody stopped.
    pub pauses: Vec<StoredPause>,
    /// The alerts of the last minute at the company's place.
    pub company: Alerts,
    /// Reminders, and the groups that can be reminded.
    pub reminders: Stored,
    /// What decisions have taught, by number.
    pub lessons: Vec<(u64, Lesson)>,
}

/// A group, or with empty names everything, that only observes because somebody stopped it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPause {
    /// The platform.
    pub platform: Arc<str>,
    /// The group.
    pub group: Arc<str>,
    /// Who stopped it.
    pub by: ByWhom,
}
