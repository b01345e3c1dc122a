//! Reminders: what is said in groups at given times, as the files say or as somebody set it in the chat.
//!
//! Each time of each reminder is kept at most once in a group: what was sent is remembered, here and in the store, for
//! longer than clocks are usually wrong. What is not sent within its grace is missed, and never sent in bulk.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::GroupKey;
use super::image::Image;
use super::policy::{Mode, Policy};
use super::schedule::{InQuiet, QuietHours, Times, Track};
use super::template::Template;
use super::time::Timestamp;

/// Groups of which this many were seen are known; those beyond are not reminded unless a file names them.
pub const MOST_KNOWN: usize = 100_000;
/// Reminders set in the chat, in all groups.
pub const MOST_SET: usize = 20_000;
/// Who set a reminder confirms it within this time.
pub const CONFIRM_WITHIN: Duration = Duration::from_secs(600);
/// What was sent is remembered for so long …
const REMEMBERED: Duration = Duration::from_secs(3 * 86_400);
/// … of each reminder at least so many times, should the clock once have been far ahead …
const REMEMBERED_AT_LEAST: usize = 4;
/// … and beyond them at most in so many groups, counted for each time.
const REMEMBERED_AT_MOST: usize = 100_000;

/// What holds for the reminders of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReminderPolicy {
    /// When nobody is to be disturbed. Default 22:00 to 8:00.
    pub quiet_hours: Option<QuietHours>,
    /// How late a reminder set in the chat may be. Default 10 minutes.
    pub grace: Duration,
    /// How many may be set in the chat. Default 50.
    pub limit: u32,
}

impl Default for ReminderPolicy {
    fn default() -> Self {
        let quiet_hours = QuietHours::parse("22:00-08:00");
        Self { quiet_hours, grace: Duration::from_secs(600), limit: 50 }
    }
}

/// A reminder of the files.
#[derive(Debug)]
pub struct Reminder {
    /// Unique among them.
    pub name: Arc<str>,
    /// What is said; `None`: only its image is sent.
    pub text: Option<Template>,
    /// What is shown after it.
    pub image: Option<Image>,
    /// When.
    pub times: Times,
    /// As the file says it, to know whether it is still the same.
    pub written: Arc<str>,
    /// By whose clocks; `None`: the group's.
    pub timezone: Option<jiff::tz::TimeZone>,
    /// In which groups.
    pub to: To,
    /// In quiet hours.
    pub in_quiet: InQuiet,
    /// How late it may be.
    pub grace: Duration,
    /// Whether it is sent.
    pub mode: Mode,
    /// Put up as a notice of the group, where the platform can.
    pub announce: bool,
}

/// In which groups a reminder is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct To {
    /// Those with these ids …
    pub groups: HashSet<Arc<str>>,
    /// … and those of these profiles; without either, all.
    pub profiles: HashSet<Arc<str>>,
}

impl To {
    /// Whether a group is among them.
    pub fn has(&self, group: &str, policy: &Policy) -> bool {
        let all = self.groups.is_empty() && self.profiles.is_empty();
        all || self.groups.contains(group) || self.profiles.contains(&policy.profile)
    }
}

/// What a reminder's times mean in a group: one and the same for many groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Whose clocks.
    pub zone: jiff::tz::TimeZone,
    /// When nobody is to be disturbed.
    pub quiet: Option<QuietHours>,
}

impl Reminder {
    /// What its times mean where this holds.
    pub fn class(&self, policy: &Policy) -> Class {
        let zone = self.timezone.clone().unwrap_or_else(|| policy.timezone.clone());
        Class { zone, quiet: policy.reminders.quiet_hours.filter(|_| self.in_quiet != InQuiet::Send) }
    }

    /// Its times in groups of a class.
    pub fn track<'a>(&'a self, class: &'a Class) -> Track<'a> {
        let Class { zone, quiet } = class;
        Track { times: &self.times, zone, quiet: *quiet, in_quiet: self.in_quiet, grace: self.grace }
    }
}

/// A reminder set in the chat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatReminder {
    /// Its number, from 1 in each data directory.
    pub no: u64,
    /// Where.
    pub platform: Arc<str>,
    /// Where.
    pub group: Arc<str>,
    /// When.
    pub rule: Rule,
    /// When, in words that can be typed again: 每天 08:00.
    pub words: String,
    /// What is said.
    pub text: String,
    /// Whom it is for, besides everybody.
    pub mentions: Vec<Arc<str>>,
    /// It is sent in quiet hours too.
    pub punctual: bool,
    /// Who set it.
    pub by: Arc<str>,
    /// As they were called.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
    /// Since when it is in force; `None` while nobody has confirmed it.
    pub since: Option<Timestamp>,
}

/// When a reminder set in the chat is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rule {
    /// Once.
    At(Timestamp),
    /// At the times of a cron expression, by the group's clocks.
    Cron(String),
}

impl Rule {
    /// The times it means.
    pub fn times(&self) -> Option<Times> {
        match self {
            Rule::At(at) => Some(Times::At(*at)),
            Rule::Cron(text) => Times::cron(text).ok(), // made by the parser of commands
        }
    }
}

impl ChatReminder {
    /// Its times where this holds.
    pub fn track<'a>(&self, times: &'a Times, policy: &'a Policy) -> Track<'a> {
        Track {
            times,
            zone: &policy.timezone,
            quiet: policy.reminders.quiet_hours,
            in_quiet: if self.punctual { InQuiet::Send } else { InQuiet::Defer },
            grace: policy.reminders.grace,
        }
    }

    /// Whether nobody has confirmed it in time.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.since.is_none() && self.at.plus(CONFIRM_WITHIN) <= now
    }
}

/// A group that can be reminded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its platform.
    pub platform: Arc<str>,
    /// Its id.
    pub group: Arc<str>,
    /// It is not reminded of what was before.
    pub since: Timestamp,
    /// Something came from it; else only a file names it.
    pub seen: bool,
}

impl Known {
    /// Whether it is reminded of this time.
    pub fn is_told(&self, at: Timestamp) -> bool {
        at > self.since || !self.seen && at == self.since
    }
}

/// A reminder of the files, since when it is as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// Its name.
    pub name: Arc<str>,
    /// [`Reminder::written`].
    pub written: Arc<str>,
    /// Since when.
    pub since: Timestamp,
}

/// That a reminder was sent, or missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which ([`TrackId::key`]).
    pub key: Arc<str>,
    /// Which of its times.
    pub slot: Timestamp,
    /// Where.
    pub platform: Arc<str>,
    /// Where.
    pub group: Arc<str>,
    /// It was sent; else it was missed.
    pub sent: bool,
}

/// What is stored of reminders.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// The groups.
    pub known: Vec<Known>,
    /// Reminders of the files.
    pub since: Vec<Since>,
    /// Those set in the chat.
    pub chat: Vec<ChatReminder>,
    /// The last number.
    pub last: u64,
    /// What was sent.
    pub kept: Vec<Kept>,
}

/// The times of a reminder in one group.
type Slots = BTreeMap<Timestamp, HashMap<GroupKey, bool>>;

/// What the core remembers of reminders.
#[derive(Default)]
pub struct Reminders {
    /// The groups that can be reminded.
    pub known: HashMap<GroupKey, Known>,
    /// Since when those of the files are as they are, by name.
    pub since: HashMap<Arc<str>, Since>,
    /// Those set in the chat, by number.
    pub chat: BTreeMap<u64, ChatReminder>,
    /// The last number.
    pub last: u64,
    kept: HashMap<Arc<str>, Slots>,
    /// What is next; made anew when it is not known.
    pub(super) plan: Option<Plan>,
}

/// Which reminder, and where its times mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum TrackId {
    /// The reminder of the files at this place, and its class at that.
    File(usize, usize),
    /// Set in the chat, by number.
    Chat(u64),
}

/// When each reminder is next looked at. It follows from the rest, and from the time at which it was made.
#[derive(Default)]
pub(super) struct Plan {
    /// The latest time at which part of it was made.
    pub(super) at: Timestamp,
    /// The classes of each reminder of the files.
    pub(super) classes: Vec<Vec<Class>>,
    /// The times of those set in the chat.
    pub(super) times: HashMap<u64, Times>,
    /// What is looked at when.
    pub(super) next: BTreeSet<(Timestamp, TrackId)>,
}

/// The key of a reminder of the files.
pub fn file_key(name: &str) -> Arc<str> {
    format!("file:{name}").into()
}

/// The key of one set in the chat.
pub fn chat_key(no: u64) -> Arc<str> {
    format!("chat:{no}").into()
}

impl Reminders {
    /// As they were stored.
    pub fn new(stored: Stored) -> Self {
        let known = |known: Known| (GroupKey::new(&known.platform, &known.group), known);
        let mut reminders = Self {
            known: stored.known.into_iter().map(known).collect(),
            since: stored.since.into_iter().map(|since| (since.name.clone(), since)).collect(),
            chat: stored.chat.into_iter().map(|chat| (chat.no, chat)).collect(),
            last: stored.last,
            ..Self::default()
        };
        for kept in &stored.kept {
            reminders.keep(kept);
        }
        reminders
    }

    /// Those set in a group, in order of their numbers.
    pub fn of_group<'a>(&'a self, platform: &'a str, group: &'a str) -> impl Iterator<Item = &'a ChatReminder> {
        self.chat.values().filter(move |one| *one.platform == *platform && *one.group == *group)
    }

    /// Remembers that one was sent or missed; whether it is the first group of that time.
    pub fn keep(&mut self, kept: &Kept) -> bool {
        let slots = self.kept.entry(kept.key.clone()).or_default();
        let groups = slots.entry(kept.slot).or_default();
        let first = groups.is_empty();
        *groups.entry(GroupKey::new(&kept.platform, &kept.group)).or_default() |= kept.sent;
        first
    }

    /// Whether one was sent (`true`) or missed (`false`), if either.
    pub fn kept(&self, key: &str, slot: Timestamp, group: GroupKey) -> Option<bool> {
        self.kept.get(key)?.get(&slot)?.get(&group).copied()
    }

    /// Forgets what was sent long ago; the time before which it did, if anything.
    pub(super) fn forget(&mut self, key: &str, now: Timestamp) -> Option<Timestamp> {
        let slots = self.kept.get_mut(key)?;
        let (mut groups, mut before) = (0, None);
        for (at, (slot, of)) in slots.iter().rev().enumerate() {
            groups += of.len();
            if at >= REMEMBERED_AT_LEAST && (slot.plus(REMEMBERED) <= now || groups > REMEMBERED_AT_MOST) {
                before = Some(Timestamp(slot.0 + 1));
                break;
            }
        }
        let rest = slots.split_off(&before?);
        *slots = rest;
        before
    }

    /// The keys of which something is remembered, in order.
    pub(super) fn keys(&self) -> Vec<Arc<str>> {
        let mut keys: Vec<_> = self.kept.keys().cloned().collect();
        keys.sort();
        keys
    }

    /// Forgets all of one that is no more, if it was not sent lately.
    pub(super) fn forget_all(&mut self, key: &str, now: Timestamp) -> bool {
        let newest = self.kept.get(key).and_then(|slots| slots.keys().next_back());
        let old = newest.is_some_and(|slot| slot.plus(REMEMBERED) <= now);
        if old {
            self.kept.remove(key);
        }
        old
    }
}
