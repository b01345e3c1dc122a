//! What was read in a picture of a message that was judged before.

use super::message::{Here, on_trial};
use super::{Core, Judged};
use crate::domain::case::Finding;
use crate::domain::change::Change;
use crate::domain::judge;
use crate::domain::policy::Verdict;
use crate::domain::rules::{Learned, Moment};
use crate::domain::state::Joined;

impl Core {
    /// What was read in a picture of a message: judged like a text of the same member, as an addition to that message. It is in no
    /// window, commands nothing, and was not said at any hour.
    pub(super) fn picture(&mut self, here: &Here<'_>, out: &mut Vec<Change>) -> Judged {
        if self.is_own(here.event, here.message) {
            return Judged::Stored;
        }
        let role = self.role(here.policy, here.event, &here.message.sender, out);
        let role = on_trial(here, role).unwrap_or(role);
        let rules = &here.settings.rules;
        rules.find(here.message, &mut self.scratch);
        let learned = Learned { lessons: Some(&self.state.lessons), group: Some(here.group_key()) };
        rules.find_learned(here.message, learned, &mut self.scratch);
        let member = here.member_key();
        let joined = self.state.member(member).joined.map(Joined::time);
        let moment = Moment { time: here.time, zone: &here.policy.timezone, joined, edited: true };
        let recent = Some((&self.state.recent, member));
        rules.find_at(here.message, moment, recent, &here.policy.rules, &mut self.scratch);
        let mut judgement = judge::judge(here.settings, here.policy, role, here.message, &self.scratch);
        self.chat_words(here, here.message, role, &mut judgement);
        if judgement.verdict() == Verdict::Violation {
            let findings: Vec<Finding> = judgement.all().cloned().collect();
            self.violation(here, &findings, judgement.violations.is_empty(), out);
        }
        // A person is asked once for a message.
        if judgement.violations.is_empty() && self.state.message(here.message_key()).is_none() {
            self.review(here, &judgement.reviews, out);
        }
        Judged::Message(judgement)
    }
}

/// Where a finding is that was read in a picture.
pub(super) fn part(segment: u32) -> String {
    format!("content[{segment}].picture")
}
