//! What an input of the core changed, to be written in the same transaction as the input.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::action::{Action, ActionId, Outcome};
use super::alerts::Alerts;
use super::case::{ByWhom, Case, Evidence, TaskDecision};
use super::chat::ChatChange;
use super::event::Role;
use super::ids::MemberKey;
use super::newcomers::Newcomers;
use super::picture::Wanted;
use super::reminder::{ChatReminder, Kept, Known, Since};
use super::score::Lesson;
use super::standing::{Ledger, Standing};
use super::tasks::OpenTask;
use super::time::Timestamp;
use super::timer::Timer;

/// One thing that changed.
#[derive(Clone, Debug)]
pub enum Change {
    /// A case was opened.
    Case(Box<Case>),
    /// A further message belongs to a case.
    Evidence(Box<Evidence>),
    /// What is held against a member.
    Standing {
        /// Which.
        member: MemberRef,
        /// All of it.
        standing: Standing,
    },
    /// A member's role is known to be another.
    Role {
        /// Which.
        member: MemberRef,
        /// The role.
        role: Role,
    },
    /// A member came, left or was renamed.
    Membership {
        /// Which.
        member: MemberRef,
        /// The name, when the event says it.
        name: Option<Arc<str>>,
        /// Since when they are in the group, when they came.
        joined: Option<Timestamp>,
        /// Since when they are not, when they left.
        left: Option<Timestamp>,
    },
    /// What was done in a group lately.
    Ledger {
        /// The platform.
        platform: Arc<str>,
        /// The group.
        group: Arc<str>,
        /// All of it.
        ledger: Ledger,
    },
    /// A case was undone.
    Undone {
        /// Its number.
        case: u64,
        /// Who and when.
        undone: ByWhom,
    },
    /// Somebody answered a task.
    Decided(Box<TaskDecision>),
    /// A task is open, or has changed.
    Task {
        /// The platform.
        platform: Arc<str>,
        /// The group.
        group: Arc<str>,
        /// All of it.
        task: Box<OpenTask>,
    },
    /// Nothing is left to be done about a task.
    TaskClosed {
        /// Its id.
        id: ActionId,
    },
    /// Something was changed in the chat.
    Chat(Box<ChatChange>),
    /// A change made in the chat was undone.
    ChatUndone {
        /// Its number.
        no: u64,
        /// Where it was made.
        platform: Arc<str>,
        /// Where it was made.
        group: Arc<str>,
        /// Who and when.
        undone: ByWhom,
    },
    /// A group, or with an empty name everything, only observes from here on, or acts again.
    Pause {
        /// The platform; empty for everything.
        platform: Arc<str>,
        /// The group; empty for everything.
        group: Arc<str>,
        /// Who stopped it and when; `None` when it goes on.
        pause: Option<ByWhom>,
    },
    /// A person's decision taught something.
    Lesson {
        /// Its number.
        no: u64,
        /// The platform.
        platform: Arc<str>,
        /// The group.
        group: Arc<str>,
        /// What.
        lesson: Box<Lesson>,
    },
    /// What a decision taught is forgotten.
    LessonForgotten {
        /// Its number.
        no: u64,
    },
    /// Somebody gave a command.
    Commanded(Box<Commanded>),
    /// Somebody asked for the configuration to be read again.
    Reload {
        /// Who asked, to be answered there.
        member: MemberRef,
    },
    /// Who came into a group lately.
    Newcomers {
        /// The platform.
        platform: Arc<str>,
        /// The group.
        group: Arc<str>,
        /// All of it.
        newcomers: Newcomers,
    },
    /// The alerts of the last minute at the company's place.
    CompanyAlerts(Alerts),
    /// A group can be reminded from here on, or is known by more than its name in a file.
    Known(Known),
    /// A group that only a file named is named there no more.
    Unknown {
        /// The platform.
        platform: Arc<str>,
        /// The group.
        group: Arc<str>,
    },
    /// A reminder of the files is new, or at other times.
    Schedule(Since),
    /// A reminder of the files is there no more.
    ScheduleGone {
        /// Its name.
        name: Arc<str>,
    },
    /// A reminder was set in the chat, or confirmed.
    Reminder(Box<ChatReminder>),
    /// A reminder that was set in the chat is over: sent, deleted, never confirmed.
    ReminderOver {
        /// Its number.
        no: u64,
    },
    /// A reminder was sent, or missed.
    Kept(Kept),
    /// A reminder's image was not sent, for nobody can send images there.
    ImageUnsent {
        /// The platform.
        platform: Arc<str>,
        /// The group.
        group: Arc<str>,
        /// The reminder's name.
        reminder: Arc<str>,
    },
    /// What was sent of a reminder before this is forgotten.
    ForgetKept {
        /// Which ([`super::reminder::file_key`]).
        key: Arc<str>,
        /// Before when.
        before: Timestamp,
    },
    /// A timer was set; one with the same id is replaced.
    Timer(Timer),
    /// A timer has fired or is not needed any more.
    TimerDone(Timer),
    /// An action is to be done (or, observed, only recorded).
    Act(Arc<Action>),
    /// What was recorded as about to be tried was surely not done: after a restart it is not uncertain.
    Untried {
        /// Which action.
        id: ActionId,
    },
    /// The body of an action is fixed from here on, and it may have been tried.
    Attempted {
        /// Which.
        id: ActionId,
        /// Its JSON.
        body: Arc<str>,
    },
    /// A picture is to be read.
    PictureWanted(Arc<Wanted>),
    /// It was read, or will not be.
    PictureRead {
        /// Which ([`Wanted::id`]).
        id: Arc<str>,
    },
    /// An action has come to its end.
    Ended {
        /// Which.
        id: ActionId,
        /// How.
        outcome: Outcome,
        /// When.
        at: Timestamp,
    },
}

/// A member, by names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MemberRef {
    /// The platform.
    pub platform: Arc<str>,
    /// The group.
    pub group: Arc<str>,
    /// The user.
    pub user: Arc<str>,
}

impl MemberRef {
    /// A member of a group.
    pub fn new(platform: &Arc<str>, group: &str, user: &str) -> Self {
        Self { platform: platform.clone(), group: group.into(), user: user.into() }
    }

    /// The key under which the core knows them.
    pub fn key(&self) -> MemberKey {
        MemberKey::new(&self.platform, &self.group, &self.user)
    }
}

/// The record of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commanded {
    /// Who and where; the group is empty for what was written to the bot alone.
    pub member: MemberRef,
    /// The event that brought it.
    pub event: Arc<str>,
    /// When, by the daemon's clock.
    pub at: Timestamp,
    /// The command's key in [`super::command::COMMANDS`]; `button` for the answer to a task.
    pub command: Arc<str>,
    /// As it was typed.
    pub text: String,
    /// What came of it: `done`, `refused` (not allowed), `misused` (not understood), `again` (a task that was answered).
    pub result: Arc<str>,
}

impl Commanded {
    /// An operator stopped everything, or had it go on: of no platform and no group, and the text is the operator's name.
    pub fn of_operator(stop: bool, by: &ByWhom) -> Self {
        Self {
            member: MemberRef::new(&"".into(), "", &by.by),
            event: "".into(),
            at: by.at,
            command: if stop { "stop" } else { "resume" }.into(),
            text: by.name.clone(),
            result: "done".into(),
        }
    }

    /// Whether it is one of those.
    pub fn is_of_operator(&self) -> bool {
        self.member.platform.is_empty()
    }
}
