//! What Qunwei does: the actions of interfaces.md §2, their lanes and deadlines.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

use super::ids;
use super::image::Image;
use super::policy::Step;
use super::subject::Subject;
use super::time::Timestamp;

/// The idempotency key of an action: `a-` and 26 base32 characters (see [`super::ids::action_id`]).
pub type ActionId = Arc<str>;

/// One thing to be done on a platform, decided and not to be changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// The idempotency key.
    pub id: ActionId,
    /// Where.
    pub platform: Arc<str>,
    /// The group it belongs to.
    pub group: Arc<str>,
    /// What.
    pub what: What,
    /// When it was decided.
    pub time: Timestamp,
    /// The group's offset from UTC then, in seconds: its JSON stays the same whatever becomes of the configuration.
    pub offset: i32,
    /// Why.
    pub cause: Cause,
    /// In which order it goes out.
    pub lane: Lane,
    /// After this it is not done any more but `expired`.
    pub deadline: Timestamp,
    /// Only recorded, never done: the rule, the group or the daemon is in observe mode.
    pub observe: bool,
    /// The members and cases whose notice this is: its delivery starts the end of their burst.
    pub notifies: Vec<(Arc<str>, u64)>,
    /// What takes it back, recorded with it so that an undo need not guess later. `None`: it cannot be taken back.
    #[serde(default)]
    pub inverse: Option<What>,
    /// The notice that tells of this as done: it is not sent when this fails.
    #[serde(default)]
    pub told_by: Option<ActionId>,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of interfaces.md §2")]
pub enum What {
    Send {
        text: String,
        mentions: Vec<Arc<str>>,
    },
    Private {
        user: Arc<str>,
        text: String,
    },
    Mute {
        user: Arc<str>,
        seconds: u64,
        until: Timestamp,
    },
    Unmute {
        user: Arc<str>,
    },
    Remove {
        user: Arc<str>,
    },
    Delete {
        message: Arc<str>,
    },
    Task {
        text: String,
        mentions: Vec<Arc<str>>,
        buttons: Vec<Button>,
        /// What it is about, for those it is put before alone.
        #[serde(default, skip_serializing_if = "Subject::is_empty")]
        about: Subject,
    },
    Announce {
        text: String,
    },
    Image {
        image: Image,
    },
    /// A task is decided: what its card says from here on, for all who got it. `message` is what the platform called the card.
    TaskDone {
        task: ActionId,
        message: Arc<str>,
        users: Vec<Arc<str>>,
        text: String,
    },
}

/// A button of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What comes back in the `button` event.
    pub choice: String,
    /// What people read.
    pub text: String,
}

/// Why an action is done; only the keys that apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The event's id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub event: Option<Arc<str>>,
    /// The case's number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub case: Option<String>,
    /// The rule's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<Arc<str>>,
    /// The reminder's name, or its number if it was set in the chat.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reminder: Option<Arc<str>>,
    /// The member whom a task is about; of an appeal, who made it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user: Option<Arc<str>>,
    /// The task that this is about: it is sent again, or its card is brought up to date.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub task: Option<ActionId>,
    /// The ladder's step, not the means used; else `unmute`, `review`, `alert`, `task` …
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<Arc<str>>,
}

/// In which order actions leave: the first lane first (architecture.md, Concurrency).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lane {
    /// Undo and unmute.
    Undo,
    /// Answers to a person.
    Reply,
    /// Deletions, mutes, removals and the notices that explain them.
    Penalty,
    /// Welcomes.
    Welcome,
    /// Everything else.
    Notice,
}

impl Lane {
    /// Every lane, first to last.
    pub const ALL: [Lane; 5] = [Lane::Undo, Lane::Reply, Lane::Penalty, Lane::Welcome, Lane::Notice];

    /// Whether somebody waits for it: to be set free, or for an answer.
    pub fn is_urgent(self) -> bool {
        matches!(self, Lane::Undo | Lane::Reply)
    }
}

/// How long an action may still be tried (interfaces.md §4).
pub const NOTICE_DEADLINE: Duration = Duration::from_secs(6 * 3600);
/// See [`NOTICE_DEADLINE`]. Counted from the join.
pub const WELCOME_DEADLINE: Duration = Duration::from_secs(600);
/// See [`NOTICE_DEADLINE`].
pub const REMOVE_DEADLINE: Duration = Duration::from_secs(24 * 3600);

/// See [`NOTICE_DEADLINE`]. WeCom lets a card be changed for 72 hours (doc 94888).
pub const TASK_DONE_DEADLINE: Duration = Duration::from_secs(72 * 3600);

/// An unmute is hardly ever too late: it is harmless when the mute is over, and dear to the member when it is not.
pub const UNMUTE_DEADLINE: Duration = Duration::from_secs(7 * 24 * 3600);

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Confirmed by the platform; with the id of the message it became, if the platform says.
    Done {
        /// So that it can be recalled.
        message: Option<String>,
    },
    /// Refused for good, or impossible.
    Failed {
        /// Why.
        error: String,
    },
    /// Its deadline passed first.
    Expired,
    /// It was not wanted any more before it was sent.
    Cancelled,
    /// It may or may not have happened, and repeating it is not safe.
    Uncertain {
        /// What is known.
        error: String,
    },
}

impl Outcome {
    /// The word in the store, the case and the metrics.
    pub fn state(&self) -> &'static str {
        match self {
            Outcome::Done { .. } => "done",
            Outcome::Failed { .. } => "failed",
            Outcome::Expired => "expired",
            Outcome::Cancelled => "cancelled",
            Outcome::Uncertain { .. } => "uncertain",
        }
    }
}

/// What became of an action so far.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionState {
    /// To be done.
    Pending,
    /// Only recorded.
    Observed,
    /// It has come to its end.
    Ended {
        /// How.
        outcome: Outcome,
        /// When.
        at: Timestamp,
    },
}

/// An action and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAction {
    /// The action.
    pub action: Arc<Action>,
    /// What became of it.
    pub state: ActionState,
}

impl What {
    /// The `type` of the JSON.
    pub fn name(&self) -> &'static str {
        match self {
            What::Send { .. } => "send",
            What::Private { .. } => "private",
            What::Mute { .. } => "mute",
            What::Unmute { .. } => "unmute",
            What::Remove { .. } => "remove",
            What::Delete { .. } => "delete",
            What::Task { .. } => "task",
            What::Announce { .. } => "announce",
            What::Image { .. } => "image",
            What::TaskDone { .. } => "task_done",
        }
    }

    /// The member it is done to, if one: order is kept per (group, member).
    pub fn user(&self) -> Option<&Arc<str>> {
        match self {
            What::Private { user, .. } | What::Mute { user, .. } | What::Unmute { user } | What::Remove { user } => {
                Some(user)
            }
            What::Send { .. }
            | What::Delete { .. }
            | What::Task { .. }
            | What::Announce { .. }
            | What::Image { .. }
            | What::TaskDone { .. } => None,
        }
    }
}

impl What {
    /// What takes it back. A removal, a deletion and words cannot be taken back by the platforms there are; who undoes
    /// those gives back the strike.
    pub fn inverse(&self) -> Option<What> {
        match self {
            What::Mute { user, .. } => Some(What::Unmute { user: user.clone() }),
            What::Send { .. }
            | What::Private { .. }
            | What::Unmute { .. }
            | What::Remove { .. }
            | What::Delete { .. }
            | What::Task { .. }
            | What::Announce { .. }
            | What::Image { .. }
            | What::TaskDone { .. } => None,
        }
    }
}

impl Action {
    /// Those of which this gives the same are carried out in the order in which they were decided; `None`: it waits for no other.
    ///
    /// The order is kept per (group, member). A deletion commutes with everything. In a group, a reminder's image follows its text.
    pub fn follows(&self) -> Option<u128> {
        let member = self.what.user().or(self.notifies.first().map(|(user, _)| user));
        match (&self.what, member) {
            // They are decided at the same moment; what is said at another waits for neither.
            (What::Send { .. } | What::Announce { .. } | What::Image { .. }, None) if self.cause.reminder.is_some() => {
                let reminder = self.cause.reminder.as_deref().unwrap_or_default();
                let parts = ["reminder", &self.platform, &self.group, reminder, &self.time.0.to_string()];
                Some(ids::hash(&parts))
            }
            (What::Delete { .. }, _) | (_, None) => None,
            (_, Some(user)) => Some(ids::hash(&["member", &self.platform, &self.group, user])),
        }
    }

    /// Whether what follows it waits for its first attempt alone: the word to a member before a removal goes first, but does not hold
    /// the removal up when it cannot be delivered.
    pub fn goes_ahead(&self) -> bool {
        matches!(self.what, What::Private { .. }) && self.cause.step.as_deref() == Some(Step::Remove.name())
    }

    /// The one JSON shape, on one line; times carry the group's offset. An image whose bytes are not at hand has no `base64`.
    pub fn to_json(&self) -> String {
        self.to_json_at(self.time)
    }

    /// The same for an attempt at `now`: a mute sent late names the seconds that remain until its end.
    pub fn to_json_at(&self, now: Timestamp) -> String {
        let zone = &TimeZone::fixed(Offset::from_seconds(self.offset).unwrap_or(Offset::UTC));
        let mut wire = Wire {
            id: &self.id,
            kind: self.what.name(),
            group: &self.group,
            media: None,
            base64: None,
            user: self.what.user(),
            text: None,
            mentions: None,
            seconds: None,
            until: None,
            message: None,
            task: None,
            case: None,
            buttons: None,
            about: None,
            time: self.time.rfc3339(zone),
            cause: &self.cause,
            observe: self.observe,
        };
        match &self.what {
            What::Send { text, mentions } => {
                wire.text = Some(text);
                wire.mentions = Some(mentions);
            }
            What::Private { text, .. } | What::Announce { text } => wire.text = Some(text),
            What::Mute { until, .. } => {
                let left = until.since(now).as_millis().div_ceil(1000);
                let left = u64::try_from(left).unwrap_or(u64::MAX);
                wire.seconds = Some(left.min(until.since(self.time).as_secs()));
                wire.until = Some(until.rfc3339(zone));
            }
            What::Unmute { .. } | What::Remove { .. } => {}
            What::Delete { message } => wire.message = Some(message),
            What::Image { image } => {
                wire.media = Some(image.media.as_str());
                wire.base64 = image.bytes.as_ref().map(|bytes| BASE64.encode(bytes));
            }
            What::Task { text, mentions, buttons, about } => {
                wire.case = self.cause.case.as_deref();
                wire.text = Some(text);
                wire.mentions = Some(mentions);
                wire.buttons = Some(buttons);
                wire.about = Some(about).filter(|about| !about.is_empty());
            }
            What::TaskDone { task, message, users, text } => {
                wire.task = Some(task);
                wire.message = Some(&**message).filter(|message| !message.is_empty());
                wire.text = Some(text);
                wire.mentions = Some(users);
            }
        }
        serde_json::to_string(&wire).unwrap_or_default() // strings, numbers and lists of them: cannot fail
    }
}

#[derive(Serialize)]
struct Wire<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    /// Empty for the answer to what was written to the bot alone.
    #[serde(skip_serializing_if = "str::is_empty")]
    group: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mentions: Option<&'a [Arc<str>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buttons: Option<&'a [Button]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'a Subject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    time: String,
    cause: &'a Cause,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    observe: bool,
}
