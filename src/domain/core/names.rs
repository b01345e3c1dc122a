//! What members call themselves: judged when somebody comes, is renamed or speaks, and once for each name.

use super::Core;
use super::message::{About, Here};
use crate::domain::case::Finding;
use crate::domain::change::Change;
use crate::domain::chat::ChatWords;
use crate::domain::event::{Event, Kind, Message, Person, Role};
use crate::domain::ids::{self, GroupKey};
use crate::domain::judge::{self, Judgement};
use crate::domain::notices;
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
        let key = here.member_key();
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

    /// A member's name for a notice in a group: harmless, and masked when it matches a rule or a word of the chat itself.
    pub(super) fn shown_name(&mut self, policy: &Policy, group: GroupKey, person: &Person) -> String {
        self.harmless_name(policy, group, &person.name, &person.id)
    }

    /// The same by name and id.
    pub(super) fn harmless_name(&mut self, policy: &Policy, group: GroupKey, name: &str, id: &str) -> String {
        let shown = notices::plain_name(name, id);
        let rules = &self.settings.rules;
        rules.find_in_text(name, &mut self.name_scratch);
        let mut hits = self.name_scratch.hits.iter();
        let matches = hits.any(|hit| judge::finding(rules, policy, Role::Member, hit, "").is_some());
        let matches = matches || self.is_bad_name(policy, name);
        let added = |chat: &mut ChatWords| chat.is_in(&self.name_scratch.text);
        let matches = matches || self.state.chat.get_mut(&group).is_some_and(added);
        if matches { notices::mask(&shown) } else { shown }
    }

    /// Whether something that may not be in a name is in this one.
    fn is_bad_name(&mut self, policy: &Policy, name: &str) -> bool {
        let rules = &self.settings.rules;
        if !rules.judges_names(&policy.rules) {
            return false;
        }
        rules.find_in_name(name, &mut self.name_scratch);
        let mut hits = self.name_scratch.hits.iter().filter(|hit| hit.span.end > hit.span.start);
        hits.any(|hit| judge::finding(rules, policy, Role::Member, hit, "").is_some())
    }
}
