//! The core: `(state, input, now) → (new state, changes)`. The live daemon, `replay` and the tests run these same functions.
//!
//! An input is an event ([`Core::event`]), a tick ([`Core::tick`]) or the end of an action ([`Core::outcome`]). What an
//! input needs from the store is loaded by the engine before ([`State`]).

mod after;
mod alarm;
mod alerts;
mod commands;
mod glance;
mod join;
mod lessons;
mod message;
mod names;
mod picture;
mod reloaded;
mod reminders;
mod requests;
mod rules_text;
mod tasks;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

pub use self::after::TIMERS_AT_ONCE;
pub use self::alarm::Word;
pub use self::commands::{Wanted, quoted_cases};
pub use self::glance::{Glance, PlainNames};
use self::message::{About, Here};
pub use self::message::{message_key, pseudo_title};
pub use self::reloaded::ReloadWord;
pub use self::reminders::time_vars;
pub use self::rules_text::rules_text;
pub use self::tasks::PLATFORM;
use self::tasks::Place;
use super::action::Action;
use super::case::{Case, CaseFile, Halt, TaskDecision};
use super::change::{Change, Commanded, MemberRef};
use super::chat::ChatChange;
use super::command::Unmet;
use super::event::{Archived, Event, Kind, Message, Person, Role, Segment};
use super::ids::{GroupKey, MemberKey};
use super::judge::Judgement;
use super::policy::{Mode, Policy, Settings};
use super::rules::Scratch;
use super::standing::Standing;
use super::state::{Joined, State};
use super::subject::Subject;
use super::time::Timestamp;

/// The core: what is known, and by which rules it is judged.
pub struct Core {
    /// The rules in force.
    pub settings: Arc<Settings>,
    /// What is known.
    pub state: State,
    scratch: Scratch,
    /// For looking at nicknames without losing the message's hits.
    name_scratch: Scratch,
    /// What the engine read of the store for the command that comes next.
    pub loaded: Loaded,
    /// What was found before its turn in the message that comes next.
    pub glance: Option<Arc<Glance>>,
}

/// What a command looks at besides the state; the engine reads it before ([`crate::domain::command`]).
#[derive(Default)]
pub struct Loaded {
    /// The case that it names, or whose notice is quoted; where an action's end comes next, the undone one that it told of.
    pub case: Option<CaseFile>,
    /// That case's member has left the group.
    pub gone: bool,
    /// The cases of that case's member that still count.
    pub others: Vec<CaseFile>,
    /// The cases that a quoted notice names, when it is not known which is meant.
    pub quoted: Vec<u64>,
    /// The change that it names.
    pub change: Option<ChatChange>,
    /// Why it is not known whom it means.
    pub unmet: Option<Unmet>,
    /// What the author of the quoted message is called, where the command is about them and does not say.
    pub quoted_name: Box<str>,
    /// The last messages of the group.
    pub texts: Vec<Message>,
    /// Actions of the group that have not come to their end.
    pub pending: Vec<Arc<Action>>,
    /// The cases that were only observed since the group was stopped, newest first.
    pub observed: Vec<Case>,
    /// The task whose button was pressed.
    pub task: Option<Arc<Action>>,
    /// What was answered to it before.
    pub decided: Option<TaskDecision>,
    /// What is called whom the task names, where it is somebody else than the case's member.
    pub named: Box<str>,
    /// What whoever pressed it is called, or whoever invited somebody who asks to be let in; empty when nobody knows.
    pub presser: Box<str>,
    /// What the action was about whose end comes next, if it was not done.
    pub about: Subject,
    /// The action whose end comes next was cancelled while it was under way.
    pub cancelled: bool,
    /// What is held against whoever writes to the bot alone, by group.
    pub standings: Vec<(Arc<str>, Standing)>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// Not a message, or of no group that is looked after, or the bot's own: stored only.
    Stored,
    /// Older than ids are remembered: stored, never acted on.
    TooOld,
    /// A message was judged.
    Message(Judgement),
    /// A command of somebody who may give it: carried out, not judged.
    Command,
}

/// A message that is so late may have been edited before it came: it is looked up in which case it is then. Nearly every message
/// is spared that.
const LATE: Duration = Duration::from_secs(2);

/// Whether a message sent at `time` is so late that its edit may have come before it.
pub fn may_follow_its_edit(time: Timestamp, now: Timestamp) -> bool {
    now.since(time) > LATE
}

impl Core {
    /// A core with this state.
    pub fn new(settings: Arc<Settings>, state: State) -> Self {
        let (scratch, name_scratch) = (Scratch::default(), Scratch::default());
        Self { settings, state, scratch, name_scratch, loaded: Loaded::default(), glance: None }
    }

    /// Takes in an event that was not seen before.
    pub fn event(&mut self, event: &Event, now: Timestamp, out: &mut Vec<Change>) -> Judged {
        self.notice_clock(now);
        let from = out.len();
        let judged = self.take_in(event, now, out);
        self.open_tasks(from, now, out);
        judged
    }

    fn take_in(&mut self, event: &Event, now: Timestamp, out: &mut Vec<Change>) -> Judged {
        let time = event.time.unwrap_or(now);
        let settings = self.settings.clone();
        let glance = self.glance.take();
        let glance = glance.as_deref().filter(|glance| glance.is_under(&settings));
        let too_old = time.plus(settings.dedupe) < now;
        if let (Kind::Private(message), false) = (&event.kind, too_old) {
            // Such a message may name a group; without one the default profile holds.
            let (policy, message_id) = (&*self.policy(&settings, &event.platform, &event.group), &*event.id);
            let here = Here {
                settings: &settings,
                policy,
                event,
                message,
                message_id,
                about: About::Message,
                glance: None,
                time,
                now,
            };
            self.private(&here, out);
            return Judged::Stored;
        }
        if event.group.is_empty() || !settings.looks_after(&event.group) {
            return Judged::Stored;
        }
        if too_old {
            return Judged::TooOld;
        }
        self.see(event, now, out);
        let policy = &*self.policy(&settings, &event.platform, &event.group);
        let (settings, mut edited, mut message_id) = (&*settings, false, &event.id);
        let message = match &event.kind {
            Kind::Message(message) => message,
            Kind::Edited { message, now } => {
                (edited, message_id) = (true, message);
                now
            }
            Kind::Picture { message, segment, read } => {
                let about = About::Picture(*segment);
                let (message, message_id) = (read, message);
                let here = Here { settings, policy, event, message, message_id, about, glance: None, time, now };
                return self.picture(&here, out);
            }
            Kind::Joined { members, channel, .. } => {
                self.memberships(policy, event, members, Some(time), None, out);
                self.came(policy, event, members, channel.as_deref(), now, out);
                self.names(settings, policy, event, members, now, out);
                self.settle_came(&Place::new(&event.platform, &event.group), members, now, out);
                return Judged::Stored;
            }
            Kind::Left { members, reason } => {
                self.memberships(policy, event, members, None, Some(time), out);
                self.left(event, members, out);
                let place = Place::new(&event.platform, &event.group);
                self.settle_left(&place, members, reason.as_deref(), now, out);
                if members.iter().any(|one| self.bot(&event.platform) == Some(&*one.id)) {
                    self.lose(event, out);
                    self.drop_tasks(&place, out);
                }
                return Judged::Stored;
            }
            Kind::Renamed { member } => {
                self.memberships(policy, event, std::slice::from_ref(member), None, None, out);
                self.renamed(policy, event, member, out);
                self.names(settings, policy, event, std::slice::from_ref(member), now, out);
                return Judged::Stored;
            }
            Kind::GroupUpdated { name, archive } => {
                self.updated(event, name.as_deref(), *archive, out);
                return Judged::Stored;
            }
            Kind::JoinRequest { member, answer, inviter } => {
                self.asks_to_join(policy, event, member, answer.as_deref(), inviter.as_deref(), now, out);
                return Judged::Stored;
            }
            Kind::Button { user, choice, .. } => {
                let name = std::mem::take(&mut self.loaded.presser);
                let sender = Person { id: user.clone(), name, role: None };
                let message = &Message { sender, content: vec![Segment::Text(choice.clone())], ..Message::default() };
                let about = About::Message;
                let here = Here { settings, policy, event, message, message_id, about, glance: None, time, now };
                self.pressed(&here, choice, out);
                return Judged::Stored;
            }
            // A message that was taken back still counts; the others have no rule yet.
            Kind::Recalled { .. } | Kind::Private(_) | Kind::Track { .. } | Kind::Other(_) => return Judged::Stored,
        };
        let about = if edited { About::Edit } else { About::Message };
        let glance = glance.filter(|_| about == About::Message);
        self.message(&Here { settings, policy, event, message, message_id, about, glance, time, now }, out)
    }

    /// What holds in a group; somebody may have stopped the group.
    fn policy(&self, settings: &Settings, platform: &str, group: &str) -> Arc<Policy> {
        let policy = settings.policy(group);
        let stopped = self.state.pause(GroupKey::new(platform, group)).is_some();
        if stopped && policy.mode == Mode::On {
            return Arc::new(Policy { mode: Mode::Observe, ..Policy::clone(policy) });
        }
        policy.clone()
    }

    /// Everything only observes from here on, or acts again; an operator's word. What was decided before and is not sent, in
    /// any group, is not done any more.
    pub fn pause_all(&mut self, halt: &Halt, now: Timestamp, out: &mut Vec<Change>) {
        let unsent = std::mem::take(&mut self.loaded).pending;
        let pause = halt.stopped().cloned();
        if let Halt::Said { stop, by } = halt {
            out.push(Change::Commanded(Box::new(Commanded::of_operator(*stop, by))));
        }
        if pause.is_some() {
            self.cancel_unsent(now, &unsent, out);
        }
        self.state.paused_all = pause.clone();
        out.push(Change::Pause { platform: "".into(), group: "".into(), pause });
    }

    /// A member's last known role where an event happened, else what TOML says.
    fn known_role(&mut self, policy: &Policy, event: &Event, user: &str) -> Role {
        let member = self.state.member(MemberKey::new(&event.platform, &event.group, user));
        member.role.or_else(|| policy.roles.get(user).copied()).unwrap_or_default()
    }

    /// The sender's role: what the event says, else the last known one, else what TOML says. A new one is remembered.
    fn role(&mut self, policy: &Policy, event: &Event, sender: &Person, out: &mut Vec<Change>) -> Role {
        let known = self.known_role(policy, event, &sender.id);
        let Some(role) = sender.role.filter(|role| *role != known) else { return known };
        self.state.member(MemberKey::new(&event.platform, &event.group, &sender.id)).role = Some(role);
        let member = MemberRef::new(&event.platform, &event.group, &sender.id);
        let group = self.state.group(GroupKey::new(&event.platform, &event.group));
        group.admins.retain(|admin| *admin != member.user);
        if role.is_admin() {
            group.admins.push(member.user.clone());
        }
        out.push(Change::Role { member, role });
        role
    }

    fn memberships(
        &mut self,
        policy: &Policy,
        event: &Event,
        members: &[Person],
        joined: Option<Timestamp>,
        left: Option<Timestamp>,
        out: &mut Vec<Change>,
    ) {
        for person in members {
            let mut person = person.clone();
            // Who leaves is no admin any more, unless TOML says so; who comes back comes back as a member.
            if left.is_some() {
                person.role = (!policy.roles.contains_key(&person.id)).then_some(Role::Member);
            }
            self.role(policy, event, &person, out);
            let member = MemberRef::new(&event.platform, &event.group, &person.id);
            let name = (!person.name.is_empty()).then(|| (*person.name).into());
            if let Some(joined) = joined {
                self.state.member(member.key()).joined = Joined::at(joined);
            }
            out.push(Change::Membership { member, name, joined, left });
        }
    }

    /// What the platform knows of a group is other than before.
    fn updated(&mut self, event: &Event, name: Option<&str>, archive: Option<Archived>, out: &mut Vec<Change>) {
        let mut ledger = self.state.group(GroupKey::new(&event.platform, &event.group)).ledger.clone();
        if let Some(name) = name {
            ledger.name = (!name.is_empty()).then(|| name.into());
        }
        ledger.archive = archive.or(ledger.archive);
        self.keep_ledger(&event.platform, &event.group, ledger, out);
    }

    /// Changes what is held against a member, in memory and for the store.
    fn change_standing(&mut self, member: MemberRef, change: impl FnOnce(&mut Standing), out: &mut Vec<Change>) {
        let standing = self.state.member(member.key()).standing();
        change(standing);
        out.push(Change::Standing { standing: standing.clone(), member });
    }
}
