//! What the core remembers: bounded caches over what the store keeps, the windows, the timers.
//!
//! Standing is write-through: whatever changes here is also a [`crate::ports::Change`], so an entry may be shed as soon as
//! its change is committed. The engine loads what an input needs before the core runs.

use std::collections::{BTreeSet, HashMap};
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use lru::LruCache;

use super::alerts::Alerts;
use super::case::{ByWhom, Finding};
use super::chat::ChatWords;
use super::event::Role;
use super::ids::{GroupKey, MemberKey};
use super::newcomers::Newcomers;
use super::recent::Recent;
use super::reminder::Reminders;
use super::score::Lessons;
use super::standing::{Ledger, Standing};
use super::tasks::OpenTask;
use super::time::Timestamp;
use super::timer::Timer;

/// How much is kept in memory; what is beyond is loaded again when it is needed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Groups.
    pub groups: usize,
    /// Members.
    pub members: usize,
    /// Messages whose case is remembered, for edits.
    pub messages: usize,
}

impl Default for Limits {
    /// Enough for 20,000 groups and 200,000 active members, in about 30 MB.
    fn default() -> Self {
        Self { groups: 20_000, members: 200_000, messages: 10_000 }
    }
}

/// Everything the core remembers.
pub struct State {
    groups: LruCache<GroupKey, Group>,
    members: LruCache<MemberKey, Member>,
    messages: LruCache<u128, Memo>,
    /// The windows.
    pub recent: Recent,
    /// What is to happen, in the order in which it will.
    pub timers: BTreeSet<Timer>,
    /// The number of the last case.
    pub last_case: u64,
    /// What was changed in the chat, in groups where something was.
    pub chat: HashMap<GroupKey, ChatWords>,
    /// The number of the last change made in the chat.
    pub last_change: u64,
    /// The groups that only observe because somebody stopped them.
    pub paused: HashMap<GroupKey, ByWhom>,
    /// Everything only observes because an operator stopped it.
    pub paused_all: Option<ByWhom>,
    /// The alerts of the last minute at the company's place.
    pub company: Alerts,
    /// Reminders, and the groups that can be reminded.
    pub reminders: Reminders,
    /// What decided cases have taught.
    pub lessons: Lessons,
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// What was done lately.
    pub ledger: Ledger,
    /// Owner and admins whose roles were seen.
    pub admins: Vec<Arc<str>>,
    /// Who came lately; boxed, for in most groups nobody did.
    pub newcomers: Option<Box<Newcomers>>,
    /// What its admins were asked to do and have not done, oldest first.
    pub tasks: Vec<OpenTask>,
}

/// A member.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member {
    /// The last known role.
    pub role: Option<Role>,
    /// What is held against them; boxed, for most have none.
    pub standing: Option<Box<Standing>>,
    /// When they came into the group, if an event said so.
    pub joined: Option<Joined>,
}

/// When somebody came, to the second: four bytes, for there are many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined(NonZeroU32);

impl Joined {
    /// At this time; `None` before 1970 and after 2106.
    pub fn at(time: Timestamp) -> Option<Self> {
        u32::try_from(time.0.div_euclid(1000)).ok().and_then(NonZeroU32::new).map(Self)
    }

    /// The time.
    pub fn time(self) -> Timestamp {
        Timestamp(i64::from(self.0.get()) * 1000)
    }
}

/// The case of a message, for edits.
#[derive(Clone, Debug, PartialEq)]
pub struct Memo {
    /// Its number.
    pub case: u64,
    /// It was only observed.
    pub observe: bool,
    /// Rule and word of each finding.
    pub found: Vec<(Arc<str>, Option<Arc<str>>)>,
}

impl Memo {
    /// What is remembered of a case.
    pub fn new(case: u64, observe: bool, findings: &[Finding]) -> Self {
        Self { case, observe, found: findings.iter().map(|f| (f.rule.clone(), f.word.clone())).collect() }
    }

    /// Whether the case already has this finding.
    pub fn has(&self, finding: &Finding) -> bool {
        self.found.iter().any(|(rule, word)| *rule == finding.rule && *word == finding.word)
    }
}

impl State {
    /// Remembers nothing.
    pub fn new(limits: Limits) -> Self {
        let cap = |n: usize| NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN);
        Self {
            groups: LruCache::new(cap(limits.groups)),
            members: LruCache::new(cap(limits.members)),
            messages: LruCache::new(cap(limits.messages)),
            recent: Recent::default(),
            timers: BTreeSet::new(),
            last_case: 0,
            chat: HashMap::new(),
            last_change: 0,
            paused: HashMap::new(),
            paused_all: None,
            company: Alerts::default(),
            reminders: Reminders::default(),
            lessons: Lessons::default(),
        }
    }

    /// Whether a group is in memory; if so it is now the most recently used.
    pub fn has_group(&mut self, key: GroupKey) -> bool {
        self.groups.get(&key).is_some()
    }

    /// Whether a member is in memory; if so it is now the most recently used.
    pub fn has_member(&mut self, key: MemberKey) -> bool {
        self.members.get(&key).is_some()
    }

    /// Whether it is known which case a message is in.
    pub fn has_message(&mut self, key: u128) -> bool {
        self.messages.get(&key).is_some()
    }

    /// Puts in what the store has of a group.
    pub fn load_group(&mut self, key: GroupKey, group: Group) {
        self.groups.put(key, group);
    }

    /// Puts in what the store has of a member.
    pub fn load_member(&mut self, key: MemberKey, member: Member) {
        self.members.put(key, member);
    }

    /// Puts in which case a message is in.
    pub fn load_message(&mut self, key: u128, memo: Memo) {
        self.messages.put(key, memo);
    }

    /// A group; an empty one when the engine has not loaded it.
    pub fn group(&mut self, key: GroupKey) -> &mut Group {
        self.groups.get_or_insert_mut(key, Group::default)
    }

    /// What the platform calls a group, if that is in memory.
    pub fn name_of(&mut self, key: GroupKey) -> Option<Box<str>> {
        self.groups.get(&key).and_then(|group| group.ledger.name.clone())
    }

    /// A member; an unknown one when the engine has not loaded it.
    pub fn member(&mut self, key: MemberKey) -> &mut Member {
        self.members.get_or_insert_mut(key, Member::default)
    }

    /// The case of a message.
    pub fn message(&mut self, key: u128) -> Option<&mut Memo> {
        self.messages.get_mut(&key)
    }

    /// Why a group only observes, if somebody stopped it or everything.
    pub fn pause(&self, group: GroupKey) -> Option<&ByWhom> {
        self.paused_all.as_ref().or_else(|| self.paused.get(&group))
    }

    /// How many groups and members are in memory.
    pub fn sizes(&self) -> (usize, usize) {
        (self.groups.len(), self.members.len())
    }
}

impl Member {
    /// What is held against them, to be changed.
    pub fn standing(&mut self) -> &mut Standing {
        self.standing.get_or_insert_default()
    }
}
