//! What members call themselves: judged when somebody comes, is renamed or speaks, and once for each name.

use super::Core;
use super::message::{About, Here};
use crate::domain::case::Finding;
use crate::domain::change::Change;
use crate::domain::event::{Event, Kind, Message, Person, Role};
use crate::domain::ids::{self, GroupKey};
use crate::domain::judge::{self, Judgement};
use crate::domain::policy::{Mode, Policy, Settings};
use crate::domain::standing::BadName;
use crate::domain::time::Timestamp;

impl Core {
    /// Judges the names of those who came or were renamed.
    pub(super) fn names(
        &mut self,
        settings: &Settings,
        policy: &Policy,
        event: &Event,
        people: &[Person],
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        for person in people {
            let message = &Message { sender: person.clone(), ..Message::default() };
            if self.is_own(event, message) {
                continue;
            }
            let time = event.time.unwrap_or(now);
            let here =
                Here { settings, policy, event, message, message_id: "", about: About::Name, glance: None, time, now };
            let role = self.known_role(policy, event, &person.id);
            self.name(&here, role, out);
        }
    }

    /// Judges the name of a sender, unless that was done before; what was found in it.
    pub(super) fn name(&mut self, here: &Here<'_>, role: Role, out: &mut Vec<Change>) -> Judgement {
        let name = &*here.message.sender.name;
        let rules = &here.settings.rules;
        if name.is_empty() || here.policy.mode == Mode::Off || !rules.judges_names(&here.policy.rules) {
            return Judgement::default();
        }
        let key = here.member().key();
        let hash = ids::hash(&["name", name]) as u64;
        let known = self.state.member(key).standing.as_ref().and_then(|standing| standing.name);
        let known = known.filter(|known| known.hash == hash);
        if known.is_some_and(|known| !known.observe) {
            return Judgement::default();
        }
        if here.glance.is_some_and(|glance| glance.plain_name) {
            return Judgement::default();
        }
        rules.find_in_name(name, &mut self.scratch);
        if matches!(here.event.kind, Kind::Joined { .. }) {
            // Who has only just come had no time to take the name that is wanted here.
            self.scratch.hits.retain(|hit| hit.span.end > hit.span.start);
        }
        if self.scratch.hits.is_empty() {
            return Judgement::default();
        }
        let mut judgement = judge::judge(here.settings, here.policy, role, here.message, &self.scratch);
        if let Some(chat) = self.state.chat.get(&GroupKey::new(&here.event.platform, &here.event.group)) {
            judgement.retain(|finding| !chat.drops(finding));
        }
        let observe = judgement.violations.is_empty() && judgement.reviews.iter().all(|finding| finding.observe);
        if judgement.all().next().is_none() || (observe && known.is_some()) {
            return Judgement::default();
        }
        self.change_standing(here.member(), |standing| standing.name = Some(BadName { hash, observe }), out);
        let mut findings: Vec<Finding> =
            judgement.violations.iter().chain(&judgement.observed).chain(&judgement.reviews).cloned().collect();
        // The message is innocent.
        findings.iter_mut().for_each(|finding| finding.delete = false);
        let here = &Here { message_id: "", about: About::Name, ..*here };
        if judgement.violations.is_empty() && judgement.observed.is_empty() {
            self.review(here, &judgement.reviews, out);
        } else {
            self.violation(here, &findings, judgement.violations.is_empty(), out);
        }
        judgement
    }
}
