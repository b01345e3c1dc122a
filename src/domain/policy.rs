//! What holds in a group: the settings of its profile with the group's own over them, compiled.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::event::Role;
use super::notices::Notices;
use super::picture::PicturePlan;
use super::reminder::{Reminder, ReminderPolicy};
use super::rules::{Ruleset, TOGETHER};
use super::schedule::Times;
use super::tasks::TaskPolicy;
use super::time::Timestamp;

/// Everything that a configuration says, ready for use. One version judges one message whole.
#[derive(Debug)]
pub struct Settings {
    /// Hash of all files it was made from, 16 hexadecimal digits.
    pub version: Arc<str>,
    /// The rules of all profiles, matched in one pass.
    pub rules: Ruleset,
    /// The policy of a group that no file names.
    pub default_policy: Arc<Policy>,
    /// The policies of the groups that files name, by group id.
    pub groups: HashMap<Arc<str>, Arc<Policy>>,
    /// Whether groups that no file names are looked after too.
    pub unknown_groups: UnknownGroups,
    /// What each configured platform can do; one that is not named can do everything.
    pub platforms: HashMap<Arc<str>, Platform>,
    /// For how long an event's id is remembered, and how old an event may be to be acted on. Default 24 hours.
    pub dedupe: Duration,
    /// Where the alerts of all groups are told too.
    pub company: Option<Company>,
    /// The reminders of the files, in their order.
    pub reminders: Vec<Reminder>,
    /// How long what is stored is kept.
    pub retention: Retention,
    /// How many times the longest usual silence of a bridge or a group is too long. Default 4; `None`: nobody is missed.
    pub silence: Option<f32>,
    /// When the disk with the data is worth an alarm.
    pub disk: DiskLimits,
    /// When and where backups are made; `None`: never by themselves.
    pub backup: Option<BackupPlan>,
    /// Whose pictures are read; `None`: nobody's.
    pub pictures: Option<Arc<PicturePlan>>,
}

/// When and where backups are made.
#[derive(Debug)]
pub struct BackupPlan {
    /// When one is due, by the clocks of the default policy. Default each day at 04:10.
    pub times: Times,
    /// In each of these folders, whole paths.
    pub folders: Vec<Arc<str>>,
    /// So many stay in each. Default 7.
    pub keep: usize,
}

/// When a disk is worth an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskLimits {
    /// When it will be full sooner than this. Default 60 minutes; zero: never.
    pub ahead: Duration,
    /// When fewer MiB are free. Default 512; zero: never.
    pub low: u64,
}

/// How long what is stored is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Every message and what was answered. Default 30 days.
    pub messages: Duration,
    /// What was said in a case, commands, members who are gone. Default 180 days.
    pub evidence: Duration,
    /// Cases: who, when, which rule, what became of it. Default 730 days.
    pub cases: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 24 * 3600);
        Self { messages: days(30), evidence: days(180), cases: days(730) }
    }
}

/// The place of the company that is told what the admins of any group are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// On which platform.
    pub platform: Arc<str>,
    /// In which group.
    pub group: Arc<str>,
    /// Who is told privately besides.
    pub users: Arc<[Arc<str>]>,
    /// Alerts told there one by one in any minute; the rest are counted. Default 6.
    pub per_minute: u32,
}

/// What the core knows of a platform.
#[derive(Clone, Debug, Default)]
pub struct Platform {
    /// What it can do.
    pub capabilities: Capabilities,
    /// The bot's own user id; its messages are ignored.
    pub bot_user: Option<Arc<str>>,
    /// What it can do in groups that are reached in their own ways, by group id.
    pub groups: HashMap<Arc<str>, Capabilities>,
    /// To whom it cannot write alone, whatever it can do else.
    pub strangers: Strangers,
    /// Mentions come as text, `@Name`, and not as segments.
    pub mentions_as_text: bool,
    /// Who gets its cards where nobody knows who runs the group: they may press their buttons.
    pub duty: Arc<[Arc<str>]>,
}

/// People to whom a platform cannot write alone, told by their ids: what those begin with, and how many characters they have
/// at least, so that nobody whose id only begins alike is taken for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strangers(Arc<[(Box<str>, usize)]>);

impl Strangers {
    /// Those whose ids begin so and are at least so long.
    pub fn new<'a>(ids: impl IntoIterator<Item = (&'a str, usize)>) -> Self {
        Self(ids.into_iter().map(|(begins, shortest)| (begins.into(), shortest)).collect())
    }

    /// Whether somebody is one.
    pub fn has(&self, user: &str) -> bool {
        let is = |(begins, shortest): &(Box<str>, usize)| user.len() >= *shortest && user.starts_with(&**begins);
        self.0.iter().any(is)
    }
}

/// Whether a platform that can do this, but not with these strangers, can write to somebody alone.
pub fn can_tell(can: Capabilities, strangers: &Strangers, user: &str) -> bool {
    can.has(Capability::Private) && !strangers.has(user)
}

impl Settings {
    /// The policy of a group.
    pub fn policy(&self, group: &str) -> &Arc<Policy> {
        self.groups.get(group).unwrap_or(&self.default_policy)
    }

    /// Whether the group is looked after.
    pub fn looks_after(&self, group: &str) -> bool {
        self.unknown_groups == UnknownGroups::Default || self.groups.contains_key(group)
    }

    /// The platform on which a group is that only a file names: where there is but one.
    pub fn only_platform(&self) -> Option<Arc<str>> {
        match self.platforms.len() {
            0 => Some(Arc::from("bridge")),
            1 => self.platforms.keys().next().cloned(),
            _ => None,
        }
    }

    /// How long a strike lives where it lives longest.
    pub fn longest_strike_life(&self) -> Duration {
        let policies = self.groups.values().chain([&self.default_policy]);
        policies.map(|policy| policy.strike_life).max().unwrap_or_default()
    }

    /// What a platform can do in a group.
    pub fn capabilities(&self, platform: &str, group: &str) -> Capabilities {
        let Some(platform) = self.platforms.get(platform) else { return Capabilities::ALL };
        platform.groups.get(group).copied().unwrap_or(platform.capabilities)
    }

    /// To whom a platform cannot write alone.
    pub fn strangers(&self, platform: &str) -> Strangers {
        self.platforms.get(platform).map(|platform| platform.strangers.clone()).unwrap_or_default()
    }
}

/// What is done with groups that no file names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownGroups {
    /// They get the default profile.
    #[default]
    Default,
    /// Their events are stored and otherwise ignored.
    Ignore,
}

/// Whether decisions are carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Decisions are carried out.
    #[default]
    On,
    /// Judged and recorded as ever, nothing done.
    Observe,
    /// Not judged.
    Off,
}

/// How heavy a violation is: it starts that many steps further up the ladder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// +0
    #[default]
    Minor,
    /// +1
    Serious,
    /// +2
    Severe,
}

impl Severity {
    /// The steps it adds.
    pub fn offset(self) -> usize {
        match self {
            Severity::Minor => 0,
            Severity::Serious => 1,
            Severity::Severe => 2,
        }
    }

    /// The word in TOML and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Minor => "minor",
            Severity::Serious => "serious",
            Severity::Severe => "severe",
        }
    }
}

/// What a rule's hit means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing found.
    #[serde(skip_deserializing)]
    Pass,
    /// A person should look; nobody is punished.
    Review,
    /// It climbs the ladder.
    #[default]
    Violation,
}

impl Verdict {
    /// The word in JSON and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Review => "review",
            Verdict::Violation => "violation",
        }
    }
}

/// What holds in a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The profile it comes from.
    pub profile: Arc<str>,
    /// What people call the group; `None` where only its id is known.
    pub name: Option<Arc<str>>,
    /// The zone of times in notices and actions. Default Asia/Shanghai.
    pub timezone: TimeZone,
    /// Whether decisions are carried out in this group.
    pub mode: Mode,
    /// What each rule does here, by [`super::rules::RuleId`].
    pub rules: Arc<[RuleSetting]>,
    /// The penalties, first to last; never empty.
    pub ladder: Arc<[Step]>,
    /// How long a strike lives. Default 30 days.
    pub strike_life: Duration,
    /// How long after the first notice's delivery violations still join its case. Default 60 seconds.
    pub burst: Duration,
    /// Removals by machine in any hour. Default 5.
    pub removals_per_hour: u32,
    /// Mutes by machine in any hour. Default 20.
    pub mutes_per_hour: u32,
    /// Group notices in any minute. Default 6.
    pub notices_per_minute: u32,
    /// Messages that a member may report in any hour. Default 5; 0: none.
    pub reports_per_hour: u32,
    /// Members who are never punished, by user id.
    pub allow: Arc<HashSet<Box<str>>>,
    /// Folds of the rules' words that do not count here ([`super::chat::fold`]).
    pub ignore_words: Arc<HashSet<Box<str>>>,
    /// Roles that TOML gives, by user id.
    pub roles: Arc<HashMap<Box<str>, Role>>,
    /// Until when (not included) members are trial admins, by user id.
    pub trial_admins: Arc<HashMap<Box<str>, Timestamp>>,
    /// Who may use which command, in the order of [`super::command::COMMANDS`].
    pub commands: Arc<[Roles]>,
    /// The words of notices.
    pub notices: Arc<Notices>,
    /// How newcomers are welcomed.
    pub welcome: Welcome,
    /// The group's rules, as members read them.
    pub rules_text: RulesText,
    /// When and how the group may be reminded.
    pub reminders: ReminderPolicy,
    /// What happens to tasks that nobody acts on.
    pub tasks: TaskPolicy,
}

impl Policy {
    /// Whether a rule's word, or one of several that are a hit together, does not count here.
    pub fn ignores(&self, word: &str) -> bool {
        let ignored = |word: &str| self.ignore_words.contains(&super::chat::fold(word));
        !self.ignore_words.is_empty() && word.split(TOGETHER).any(ignored)
    }
}

/// How newcomers are welcomed.
#[derive(Clone, Debug, PartialEq)]
pub struct Welcome {
    /// Whether they are. Default true.
    pub on: bool,
    /// Who comes within this time of the first gets the same welcome. Default 60 seconds.
    pub window: Duration,
    /// More joins than this within the window are a raid. Default 20.
    pub raid_joins: u32,
    /// How many are named in a welcome. Default 10.
    pub names: u32,
    /// What is said besides to those who came by a join channel, by channel.
    pub channels: Arc<BTreeMap<Box<str>, Arc<str>>>,
}

/// The group's rules, as members read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesText {
    /// Those in the welcome; 100 characters or fewer are what people read.
    pub short: Arc<str>,
    /// Those told on request; 500 characters or fewer.
    pub full: Arc<str>,
}

/// What a rule does in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleSetting {
    /// On, observe or off.
    pub mode: Mode,
    /// Of its violations.
    pub severity: Severity,
    /// What its hits mean.
    pub verdict: Verdict,
    /// Roles it does not apply to.
    pub exempt: Roles,
    /// Whether a violating message is also deleted, where the platform can.
    pub delete: bool,
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// Whether a role is in the set.
    pub fn contains(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().fold(0, |set, role| set | 1 << role as u8))
    }
}

/// A step of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// `warn_private`: told alone.
    WarnPrivate,
    /// `warn_public`: named in the group.
    WarnPublic,
    /// `mute 24h`: may not speak for so long.
    Mute(Duration),
    /// `remove`: out of the group.
    Remove,
}

impl Step {
    /// The name in causes and cases.
    pub fn name(self) -> &'static str {
        match self {
            Step::WarnPrivate => "warn_private",
            Step::WarnPublic => "warn_public",
            Step::Mute(_) => "mute",
            Step::Remove => "remove",
        }
    }

    /// The names that TOML takes, for messages about a misspelt one.
    pub const NAMES: [&'static str; 4] = ["warn_private", "warn_public", "mute", "remove"];
}

/// One thing a platform may be able to do (interfaces.md §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of interfaces.md §4")]
pub enum Capability {
    Send,
    Private,
    Mute,
    Remove,
    Delete,
    Image,
    Task,
    Approve,
    Announce,
    /// The card of a task can be brought up to date when the task is decided.
    TaskDone,
    /// It can take back its own messages, though perhaps nobody else's.
    Recall,
    /// The target drops a repeated id.
    Idempotent,
}

impl Capability {
    /// Each with the word in TOML.
    pub const ALL: [(&'static str, Capability); 12] = [
        ("send", Capability::Send),
        ("private", Capability::Private),
        ("mute", Capability::Mute),
        ("remove", Capability::Remove),
        ("delete", Capability::Delete),
        ("image", Capability::Image),
        ("task", Capability::Task),
        ("approve", Capability::Approve),
        ("announce", Capability::Announce),
        ("task_done", Capability::TaskDone),
        ("recall", Capability::Recall),
        ("idempotent", Capability::Idempotent),
    ];
}

/// What a platform can do.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities(u16);

impl Capabilities {
    /// Everything.
    pub const ALL: Self = Self(u16::MAX);

    /// Whether it can.
    pub fn has(self, capability: Capability) -> bool {
        self.0 & (1 << capability as u16) != 0
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        Self(capabilities.into_iter().fold(0, |set, one| set | 1 << one as u16))
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(Capability::ALL.iter().filter(|(_, one)| self.has(*one)).map(|(name, _)| name)).finish()
    }
}
