//! What people are asked to do and nobody has done yet: tasks that are chased, escalated, and settled once for all their cards
//! (product.md A and B, "How soon, by kind").

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::action::{ActionId, Button, Cause};
use super::choice::Choice;
use super::subject::Subject;
use super::time::Timestamp;

/// A task that nobody has decided, or whose last cards are not up to date yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenTask {
    /// The id of its first card; the cards after it name it in their cause.
    pub id: ActionId,
    /// Why its first card was sent: its case, its rule, whom it is about.
    pub cause: Cause,
    /// Its buttons.
    pub buttons: Vec<Button>,
    /// What its first card says.
    pub text: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Subject::is_empty")]
    pub about: Subject,
    /// Since when it is open.
    pub since: Timestamp,
    /// How soon somebody is to act.
    pub kind: TaskKind,
    /// People are disturbed for it in quiet hours too.
    pub urgent: bool,
    /// Every card that was sent for it, the first one first.
    pub cards: Vec<Card>,
    /// How often it was sent again.
    pub chased: u32,
    /// How often somebody said that it has to wait.
    pub put_off: u32,
    /// Who said so last.
    pub put_off_by: Option<String>,
    /// It waits because somebody said so; when its time is over it is sent again.
    pub waits: bool,
    /// From when on it is put before others, if nobody acted.
    pub escalate: Timestamp,
    /// Others have been asked.
    pub escalated: bool,
    /// When its timer is due, if one is set.
    pub due: Option<Timestamp>,
    /// What its cards say from here on; `None` while it is open.
    pub settled: Option<String>,
}

/// One card of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Its action.
    pub id: ActionId,
    /// Who got it; empty where the platform chose.
    pub users: Vec<Arc<str>>,
    /// What became of it, once that is known.
    pub end: Option<CardEnd>,
}

/// What became of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CardEnd {
    /// It is there, as far as is known; with what the platform called it, empty where it said nothing.
    Arrived(Arc<str>),
    /// It never came, or is not wanted any more.
    Lost,
}

/// How soon somebody is to act, by what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskKind {
    /// Somebody's personal data are out: at once.
    Leak,
    /// Advertisements.
    Ads,
    /// Something that concerns the group as a whole: a raid, a quarrel, a bot that fails.
    Incident,
    /// Public opinion turns.
    Opinion,
    /// Anything else.
    Other,
}

/// How long after its beginning something happens to a task, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BySoon {
    /// See [`TaskKind::Leak`].
    pub leak: Duration,
    /// See [`TaskKind::Ads`].
    pub ads: Duration,
    /// See [`TaskKind::Incident`].
    pub incident: Duration,
    /// See [`TaskKind::Opinion`].
    pub opinion: Duration,
    /// See [`TaskKind::Other`].
    pub other: Duration,
}

/// What happens to tasks that nobody acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskPolicy {
    /// How often a task is sent again to those who were asked. Default 2; 0: never.
    pub chases: u32,
    /// Whether others are asked after the deadline. Default true.
    pub escalate: bool,
    /// How long a task waits when somebody says 稍后. Default 30 minutes.
    pub later: Duration,
    /// After how long it is sent again, and again.
    pub chase_after: BySoon,
    /// After how long others are asked (product.md B).
    pub escalate_after: BySoon,
}

impl Default for TaskPolicy {
    fn default() -> Self {
        Self {
            chases: 2,
            escalate: true,
            later: minutes(30),
            chase_after: BySoon::minutes([1, 3, 15, 60, 8]),
            escalate_after: BySoon::minutes([2, 5, 30, 120, 15]),
        }
    }
}

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

impl BySoon {
    /// So many minutes each, in the order of [`TaskKind`].
    pub const fn minutes([leak, ads, incident, opinion, other]: [u64; 5]) -> Self {
        Self {
            leak: minutes(leak),
            ads: minutes(ads),
            incident: minutes(incident),
            opinion: minutes(opinion),
            other: minutes(other),
        }
    }

    /// For a task of this kind.
    pub fn of(&self, kind: TaskKind) -> Duration {
        match kind {
            TaskKind::Leak => self.leak,
            TaskKind::Ads => self.ads,
            TaskKind::Incident => self.incident,
            TaskKind::Opinion => self.opinion,
            TaskKind::Other => self.other,
        }
    }
}

impl TaskKind {
    /// Of a task about what a rule of this kind and category found.
    pub fn of_rule(kind: &str, category: &str) -> Self {
        match (kind, category) {
            ("personal_data", _) => TaskKind::Leak,
            (_, "opinion") => TaskKind::Opinion,
            ("heat" | "concert", _) => TaskKind::Incident,
            (_, "ads") => TaskKind::Ads,
            _ => TaskKind::Other,
        }
    }
}

impl OpenTask {
    /// What its buttons mean.
    pub fn choices(&self) -> impl Iterator<Item = Choice> {
        self.buttons.iter().filter_map(|button| Choice::parse(&button.choice))
    }

    /// Whether one of its buttons means this.
    pub fn offers(&self, choice: Choice) -> bool {
        self.choices().any(|one| one == choice)
    }

    /// Whether it asks to remove the member it is about.
    pub fn is_removal(&self) -> bool {
        self.offers(Choice::Removed) || self.offers(Choice::Remove)
    }

    /// Whether it asks for something that can only be done to a member who is in the group.
    pub fn needs_member(&self) -> bool {
        let needs = |choice| {
            use Choice::{Mute, Muted, Remove, Removed, Told};
            matches!(choice, Removed | Remove | Muted | Mute(_) | Told)
        };
        self.choices().any(needs)
    }

    /// Whether it is about this member.
    pub fn is_about(&self, user: &str) -> bool {
        self.cause.user.as_deref() == Some(user)
    }

    /// Whether one of its cards has this id.
    pub fn has_card(&self, id: &str) -> bool {
        self.cards.iter().any(|card| *card.id == *id)
    }

    /// Whether it is to be decided yet.
    pub fn is_open(&self) -> bool {
        self.settled.is_none()
    }

    /// Whether nothing is left to be done about it.
    pub fn is_over(&self) -> bool {
        self.settled.is_some() && self.cards.iter().all(|card| card.end.is_some())
    }

    /// The case it is about.
    pub fn case(&self) -> Option<u64> {
        self.cause.case.as_ref().and_then(|no| no.parse().ok())
    }
}
