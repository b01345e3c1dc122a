//! What people decide about messages teaches the rules that learn ([`crate::domain::score`]): a case that is undone was none,
//! one that is upheld or punished by hand was one, and so was what an admin quotes for that.

use super::Core;
use super::commands::BY_HAND;
use super::message::Here;
use crate::domain::case::{Case, Finding};
use crate::domain::change::Change;
use crate::domain::chat::CHAT_WORDS;
use crate::domain::ids::{self, GroupKey};
use crate::domain::policy::{Mode, Verdict};
use crate::domain::rules::Learned;
use crate::domain::score::Lesson;

/// The kinds of rules that say something about a text: that somebody wrote too often says nothing about what they wrote.
const ABOUT_TEXT: [&str; 5] = ["keywords", "combination", "regex", "links", SCORE];
const SCORE: &str = "score";

/// A message that somebody decided about.
pub(super) struct Decided<'a> {
    pub(super) platform: &'a str,
    pub(super) group: &'a str,
    pub(super) message: &'a str,
    pub(super) text: &'a str,
    /// What was found in it; empty where no case was.
    pub(super) findings: &'a [Finding],
}

impl Core {
    /// Learns from a case that a person decided.
    pub(super) fn learn_case(&mut self, case: &Case, right: bool, out: &mut Vec<Change>) {
        let Case { platform, group, message, text, findings, .. } = case;
        self.learn(&Decided { platform, group, message, text, findings }, right, out);
    }

    /// Learns whether a message was a violation.
    pub(super) fn learn(&mut self, decided: &Decided<'_>, right: bool, out: &mut Vec<Change>) {
        let Decided { platform, group, message, text, findings } = *decided;
        let settings = self.settings.clone();
        let kind = |finding: &Finding| match &*finding.rule {
            BY_HAND | CHAT_WORDS => CHAT_WORDS,
            rule => settings.rules.infos().iter().find(|info| *info.name == *rule).map_or("", |info| info.kind),
        };
        let says_something = |finding: &Finding| [&ABOUT_TEXT[..], &[CHAT_WORDS]].concat().contains(&kind(finding));
        let about_text = findings.is_empty() || findings.iter().any(says_something);
        if text.is_empty() || message.is_empty() || !about_text {
            return;
        }
        let key = GroupKey::new(platform, group);
        let learned = Learned { lessons: Some(&self.state.lessons), group: Some(key) };
        let Some(mut taught) = settings.rules.taught(text, learned, &mut self.name_scratch) else { return };
        // What counts for the score is what it found alone, as sure as it was then.
        if !findings.is_empty() && findings.iter().any(|finding| *finding.rule != *BY_HAND) {
            let alone = findings.iter().all(|finding| kind(finding) == SCORE);
            let scored = findings.iter().find_map(|finding| finding.score.as_ref()).filter(|_| alone);
            taught.found = scored.map(|scored| (scored.model, scored.band));
        }
        let subject = ids::hash(&["lesson", platform, group, message]) as u64;
        let lesson = Lesson::new(subject, key, right, &taught);
        let (no, forgotten) = self.state.lessons.learn(lesson.clone());
        out.extend(forgotten.into_iter().map(|no| Change::LessonForgotten { no }));
        out.push(Change::Lesson { no, platform: platform.into(), group: group.into(), lesson: Box::new(lesson) });
    }

    /// A message that an admin quotes is said to be none; whether that teaches anything.
    pub(super) fn learn_quoted(&mut self, here: &Here<'_>, out: &mut Vec<Change>) -> bool {
        let Some(quote) = here.message.quote.as_deref() else { return false };
        let (Some(message), Some(sender)) = (quote.message.as_deref(), quote.sender.as_deref()) else { return false };
        if self.bot(&here.event.platform) == Some(sender) {
            return false;
        }
        let before = out.len();
        let (platform, group, text) = (&*here.event.platform, &*here.event.group, &*quote.text);
        self.learn(&Decided { platform, group, message, text, findings: &[] }, false, out);
        out.len() > before
    }

    /// ；学过 12 件管理员定过的事；像违规的消息（本群说对 9 次、错 1 次）：按违规处理
    pub(super) fn learnt_in_words(&self, here: &Here<'_>) -> String {
        let learned = Learned { lessons: Some(&self.state.lessons), group: Some(here.group_key()) };
        let said = here.settings.rules.learnt(learned).filter_map(|(rule, learnt)| {
            let setting = here.policy.rules.get(usize::from(rule.0)).filter(|setting| setting.mode != Mode::Off)?;
            let title = &here.settings.rules.infos().get(usize::from(rule.0))?.title;
            let (right, wrong) = learnt.record;
            let strict = learnt.strict && setting.verdict == Verdict::Review;
            let verdict = if strict { "，把握大的按违规处理" } else { "" };
            Some(format!(
                "；「{title}」学了 {} 件管理员定过的事，在本群说对 {right} 次、说错 {wrong} 次{verdict}",
                learnt.lessons
            ))
        });
        said.collect()
    }
}
