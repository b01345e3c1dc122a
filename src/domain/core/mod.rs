//! The core: `(state, input, now) → (new state, changes)`. The live daemon, `replay` and the tests run these same functions.
//!
//! An input is an event ([`Core::event`]), a tick ([`Core::tick`]) or the end of an action ([`Core::outcome`]). What an
//! input needs from the store is loaded by the engine before ([`State`]).

mod after;
mod alerts;
mod join;
mod message;
mod rules_text;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::message::Here;
pub use self::message::message_key;
pub use self::rules_text::rules_text;
use super::change::{Change, MemberRef};
use super::event::{Event, Kind, Person, Role};
use super::ids::{GroupKey, MemberKey};
use super::judge::Judgement;
use super::policy::{Policy, Settings};
use super::rules::Scratch;
use super::standing::Standing;
use super::state::State;
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
}

impl Core {
    /// A core with this state.
    pub fn new(settings: Arc<Settings>, state: State) -> Self {
        Self { settings, state, scratch: Scratch::default(), name_scratch: Scratch::default() }
    }

    /// Takes in an event that was not seen before.
    pub fn event(&mut self, event: &Event, now: Timestamp, out: &mut Vec<Change>) -> Judged {
        let time = event.time.unwrap_or(now);
        let settings = self.settings.clone();
        let too_old = time.plus(settings.dedupe) < now;
        if let (Kind::Private(message), false) = (&event.kind, too_old) {
            return self.private(event, message, now, out);
        }
        if event.group.is_empty() || !settings.looks_after(&event.group) {
            return Judged::Stored;
        }
        if too_old {
            return Judged::TooOld;
        }
        let policy = settings.policy(&event.group);
        let (settings, mut edited, mut message_id) = (&*settings, false, &event.id);
        let message = match &event.kind {
            Kind::Message(message) => message,
            Kind::Edited { message, now } => {
                (edited, message_id) = (true, message);
                now
            }
            Kind::Joined { members, channel, .. } => {
                self.memberships(policy, event, members, Some(time), None, out);
                self.came(policy, event, members, channel.as_deref(), now, out);
                return Judged::Stored;
            }
            Kind::Left { members, .. } => {
                self.memberships(policy, event, members, None, Some(time), out);
                self.left(event, members, out);
                return Judged::Stored;
            }
            Kind::Renamed { member } => {
                self.memberships(policy, event, std::slice::from_ref(member), None, None, out);
                self.renamed(policy, event, member, out);
                return Judged::Stored;
            }
            // A message that was taken back still counts; the others have no rule yet.
            Kind::Recalled { .. }
            | Kind::Private(_)
            | Kind::JoinRequest { .. }
            | Kind::Button { .. }
            | Kind::Track { .. }
            | Kind::Other(_) => return Judged::Stored,
        };
        self.message(&Here { settings, policy, event, message, message_id, edited, time, now }, out)
    }

    /// Remembers a message in the windows without judging it: how a start catches up with the journal.
    pub fn warm(&mut self, event: &Event, now: Timestamp) {
        let time = event.time.unwrap_or(now);
        let settings = self.settings.clone();
        let Kind::Message(message) = &event.kind else { return };
        let counts = settings.looks_after(&event.group) && time.plus(settings.dedupe) >= now;
        if counts && !self.is_own(event, message) {
            self.scratch.text.set(&message.original());
            self.note(&settings, event, message, time);
        }
    }

    /// The sender's role: what the event says, else the last known one, else what TOML says. A new one is remembered.
    fn role(&mut self, policy: &Policy, event: &Event, sender: &Person, out: &mut Vec<Change>) -> Role {
        let member = self.state.member(MemberKey::new(&event.platform, &event.group, &sender.id));
        let known = member.role.or_else(|| policy.roles.get(&sender.id).copied()).unwrap_or_default();
        let Some(role) = sender.role.filter(|role| *role != known) else { return known };
        member.role = Some(role);
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
            out.push(Change::Membership { member, name, joined, left });
        }
    }

    /// Changes what is held against a member, in memory and for the store.
    fn change_standing(&mut self, member: MemberRef, change: impl FnOnce(&mut Standing), out: &mut Vec<Change>) {
        let standing = self.state.member(member.key()).standing();
        change(standing);
        out.push(Change::Standing { standing: standing.clone(), member });
    }
}
