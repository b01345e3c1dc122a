//! Somebody asks to be let into a group. No action lets them in: a person decides, and a task asks for it.

use std::sync::Arc;

use super::Core;
use super::tasks::Place;
use crate::domain::action::Cause;
use crate::domain::change::Change;
use crate::domain::event::{Event, Person};
use crate::domain::ids::{self, GroupKey};
use crate::domain::notices::{Vars, plain_name};
use crate::domain::policy::{Mode, Policy};
use crate::domain::subject::{Subject, plain_text};
use crate::domain::time::Timestamp;

/// More of an answer is not shown.
const LONGEST: usize = 100;

impl Core {
    /// Puts a request to be let in before the admins, once while it waits.
    #[expect(clippy::too_many_arguments, reason = "each is another thing")]
    pub(super) fn asks_to_join(
        &mut self,
        policy: &Policy,
        event: &Event,
        member: &Person,
        answer: Option<&str>,
        inviter: Option<&str>,
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        let inviter_name = std::mem::take(&mut self.loaded.presser);
        let place = Place::new(&event.platform, &event.group);
        if policy.mode == Mode::Off || self.asks_already(&place, &member.id) {
            return;
        }
        let key = GroupKey::new(&event.platform, &event.group);
        let (user, from): (Arc<str>, usize) = ((*member.id).into(), out.len());
        let vars = Vars {
            name: self.shown_name(policy, key, member),
            text: answer.map(|answer| self.shown_text(policy, answer, LONGEST)).unwrap_or_default(),
            by: inviter.map(|id| plain_name(&inviter_name, id)).unwrap_or_default(),
            ..Vars::default()
        };
        let mut ledger = self.state.group(key).ledger.clone();
        let mut means = self.means_later(policy, &event.platform, &place.group, now, out);
        means.input = (*event.id).into();
        means.cause = Cause { event: Some((*event.id).into()), user: Some(user.clone()), ..Cause::default() };
        means.observe = policy.mode == Mode::Observe;
        means.subject = Subject::of(&member.id, &member.name, "");
        means.alert(&mut ledger, "task", "join_request", ids::hash(&["join", &user]) as u64, &vars);
        self.keep_ledger(&event.platform, &event.group, ledger, out);
        self.arm_timers(out, from);
    }

    /// What somebody wrote, for admins: without personal data, calling nobody, hiding nothing, and not too long.
    pub(super) fn shown_text(&mut self, policy: &Policy, text: &str, longest: usize) -> String {
        plain_text(&self.concealed(policy, text), longest)
    }
}
