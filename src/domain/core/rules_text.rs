//! The full rules of a group, for members who ask.

use std::time::Duration;

use super::Core;
use super::message::Here;
use crate::domain::action::{Cause, Lane, WELCOME_DEADLINE, What};
use crate::domain::change::Change;
use crate::domain::event::{Event, Message, Role, Segment};
use crate::domain::policy::{Mode, Policy};
use crate::domain::text;
use crate::domain::time::Timestamp;

/// How often the rules are said in a group at most, and to one member alone.
const EVERY: Duration = Duration::from_secs(60);

/// The full rules of a group, as members read them.
pub fn rules_text(policy: &Policy) -> String {
    policy.rules_text.full.to_string()
}

/// Whether a message is the word 群规 and nothing else; spaces do not count, and 群規 is the same word.
fn asks_for_rules(message: &Message) -> bool {
    let mut left = "群规".chars();
    for segment in &message.content {
        let Segment::Text(part) = segment else { return false };
        for c in part.chars().filter(|c| !c.is_whitespace() && !text::is_invisible(*c)) {
            if left.next() != Some(if c == '規' { '规' } else { c }) {
                return false;
            }
        }
    }
    left.next().is_none()
}

impl Core {
    /// Tells the group its rules when a member asked, at most once a minute; where that cannot be, each who asks, as often.
    pub(super) fn asked_for_rules(&mut self, here: &Here<'_>, role: Role, out: &mut Vec<Change>) {
        // A program that says 群规 is not a person who asks; an answer after ten minutes answers nobody.
        let too_late = here.time.plus(WELCOME_DEADLINE) <= here.now;
        if here.is_edit() || too_late || role == Role::Bot || here.policy.mode == Mode::Off {
            return;
        }
        if !asks_for_rules(here.message) {
            return;
        }
        let observe = here.policy.mode == Mode::Observe;
        let mut ledger = self.state.group(here.group_key()).ledger.clone();
        let recent = |told: &Timestamp| told.plus(EVERY) > here.now && !observe;
        let told = ledger.rules_told.as_ref().is_some_and(recent);
        let mut means = self.means(here, reply_to(here.event), None, observe, out);
        means.deadline = Some(here.time.min(here.now).plus(WELCOME_DEADLINE));
        let (user, text): (std::sync::Arc<str>, _) = ((*here.message.sender.id).into(), rules_text(here.policy));
        if !means.can_speak() {
            let standing = self.state.member(here.member_key()).standing.as_ref();
            let told = standing.and_then(|standing| standing.replies.last()).is_some_and(recent);
            if means.can_tell(&user) && !told {
                means.act(Lane::Reply, What::Private { user, text }, Vec::new());
                if !observe {
                    self.change_standing(here.member(), |standing| standing.replies = vec![here.now], out);
                }
            }
        } else if !told {
            means.act(Lane::Reply, What::Send { text, mentions: vec![user] }, Vec::new());
            ledger.rules_told = if observe { ledger.rules_told } else { Some(here.now) };
        }
        self.keep_ledger(&here.event.platform, &here.event.group, ledger, out);
    }
}

fn reply_to(event: &Event) -> Cause {
    Cause { event: Some((*event.id).into()), step: Some("reply".into()), ..Cause::default() }
}
