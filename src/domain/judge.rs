//! From hits to a verdict: what the rules' hits in a message mean in this group, for this member.

use std::cmp::Reverse;

use super::case::Finding;
use super::event::{Message, Role};
use super::policy::{Mode, Policy, Settings, Verdict};
use super::rules::{Hit, Ruleset, Scratch};

/// The pseudo rule that a message keeps of which not all could be read: a person should look at the rest.
pub const READ_IN_PART: &str = "message.read_in_part";

/// What a message amounts to in a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// Violations that count, the most severe first.
    pub violations: Vec<Finding>,
    /// Violations of rules (or in groups) that only observe.
    pub observed: Vec<Finding>,
    /// What a person should look at.
    pub reviews: Vec<Finding>,
}

impl Judgement {
    /// All findings, the leading one first: a case lists them all.
    pub fn all(&self) -> impl Iterator<Item = &Finding> {
        [&self.violations, &self.observed, &self.reviews].into_iter().flatten()
    }

    /// Keeps only some findings.
    pub(super) fn retain(&mut self, keep: impl Fn(&Finding) -> bool) {
        for findings in [&mut self.violations, &mut self.observed, &mut self.reviews] {
            findings.retain(&keep);
        }
    }

    /// Adds what was found in the sender's name.
    pub(super) fn take(&mut self, name: Self) {
        self.violations.extend(name.violations);
        self.observed.extend(name.observed);
        self.reviews.extend(name.reviews);
    }

    /// The verdict as a whole.
    pub fn verdict(&self) -> Verdict {
        if !self.violations.is_empty() || !self.observed.is_empty() {
            Verdict::Violation
        } else if !self.reviews.is_empty() {
            Verdict::Review
        } else {
            Verdict::Pass
        }
    }
}

/// Sorts the hits in `scratch` by what they mean under a policy for a member of that role.
pub fn judge(settings: &Settings, policy: &Policy, role: Role, message: &Message, scratch: &Scratch) -> Judgement {
    let mut judgement = Judgement::default();
    let protected = super::ladder::is_protected(role);
    let read_in_part = scratch.read_in_part && !protected;
    let nothing = scratch.hits.is_empty() && !read_in_part;
    if nothing || policy.mode == Mode::Off || policy.allow.contains(&message.sender.id) {
        return judgement;
    }
    for hit in &scratch.hits {
        let Some(finding) = finding(&settings.rules, policy, role, hit, &scratch.text.original) else { continue };
        match finding.verdict {
            Verdict::Pass => {}
            Verdict::Review => judgement.reviews.push(finding),
            // Never punished; a rule that applies to them all the same asks a person.
            Verdict::Violation if protected => judgement.reviews.push(finding),
            Verdict::Violation if finding.observe => judgement.observed.push(finding),
            Verdict::Violation => judgement.violations.push(finding),
        }
    }
    if read_in_part {
        let (verdict, observe) = (Verdict::Review, policy.mode == Mode::Observe);
        judgement.reviews.push(Finding { verdict, ..Finding::of_no_rule(READ_IN_PART, "flood", observe) });
    }
    for findings in [&mut judgement.violations, &mut judgement.observed, &mut judgement.reviews] {
        findings.sort_by_key(|finding| Reverse(finding.severity)); // stable: the place decides between equals
    }
    judgement
}

/// What one hit means; `None` when the rule does not apply.
pub fn finding(rules: &Ruleset, policy: &Policy, role: Role, hit: &Hit, original: &str) -> Option<Finding> {
    let setting = policy.rules.get(usize::from(hit.rule.0))?;
    // What several members do together may be made complete by anybody's message.
    let exempt = setting.exempt.contains(role) && !rules.asks_only(hit.rule);
    if policy.mode == Mode::Off || setting.mode == Mode::Off || exempt {
        return None;
    }
    if hit.word.as_ref().is_some_and(|word| policy.ignores(word)) {
        return None;
    }
    let mut finding = rules.finding(hit, original, setting)?;
    finding.observe |= policy.mode == Mode::Observe;
    Some(finding)
}
