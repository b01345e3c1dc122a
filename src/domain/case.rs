//! What was found in a message, and the case that a violation becomes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::action::{ActionId, StoredAction};
use super::disguise::Views;
use super::policy::{Severity, Verdict};
use super::score::Scored;
use super::time::Timestamp;

/// Code points `start..end` of an original text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The first code point.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

/// One rule's hit in a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's name.
    pub rule: Arc<str>,
    /// The rule's category.
    pub category: Arc<str>,
    /// How heavy it is in this group.
    pub severity: Severity,
    /// The characters of the original.
    pub matched: String,
    /// The entry of the list, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub word: Option<Arc<str>>,
    /// First code point of the original text (or of the part).
    pub start: u32,
    /// One past the last code point.
    pub end: u32,
    /// Where it is when not in the text: `content[1].title`, `sender.name` …
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub part: Option<String>,
    /// How the word is written where it does not stand as it is.
    #[serde(skip_serializing_if = "Views::is_empty", default)]
    pub views: Views,
    /// How sure a model is, where one found it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub score: Option<Arc<Scored>>,
    /// What it means in this group.
    #[serde(skip)]
    pub verdict: Verdict,
    /// The rule only observes in this group.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub observe: bool,
    /// Whether the message is deleted for it.
    #[serde(skip)]
    pub delete: bool,
}

impl Finding {
    /// What is held against a member and no rule of the configuration finds, e.g. what a person decided: a minor violation.
    pub fn of_no_rule(name: &str, category: &str, observe: bool) -> Self {
        Self {
            rule: name.into(),
            category: category.into(),
            severity: Severity::Minor,
            matched: String::new(),
            word: None,
            start: 0,
            end: 0,
            part: None,
            views: Views::default(),
            score: None,
            verdict: Verdict::Violation,
            observe,
            delete: false,
        }
    }
}

/// A violation with everything needed to explain it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Its number, from 1 in each data directory.
    pub no: u64,
    /// Where.
    pub platform: Arc<str>,
    /// Where.
    pub group: Arc<str>,
    /// Who.
    pub user: Arc<str>,
    /// Who, as they were called.
    pub name: String,
    /// The message's event id; empty when it is about the member's name.
    pub message: Arc<str>,
    /// When the message was sent.
    pub time: Timestamp,
    /// When it was judged.
    pub opened: Timestamp,
    /// The original text, or the name, as evidence.
    pub text: String,
    /// What was found, the leading finding first.
    pub findings: Vec<Finding>,
    /// The version of the rules that found it.
    pub rules: Arc<str>,
    /// The ladder's step.
    pub step: Arc<str>,
    /// Live strikes including this one.
    pub strikes: u32,
    /// Who decided: `machine`, or the user id of an admin who did it by command.
    pub decided_by: Arc<str>,
    /// In the admin's own words, if one gave any.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub reason: String,
    /// Only observed.
    pub observe: bool,
    /// The actions it led to, by id.
    pub actions: Vec<Arc<str>>,
    /// What was said was deleted because it was old enough.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub forgotten: bool,
}

impl Case {
    /// Leaves out what was said: its words, where they were found, and what an admin wrote of it.
    pub fn forget(&mut self) {
        self.text.clear();
        self.reason.clear();
        for finding in &mut self.findings {
            finding.matched.clear();
            (finding.word, finding.start, finding.end) = (None, 0, 0);
            if let Some(score) = &mut finding.score {
                Arc::make_mut(score).pieces.clear();
            }
        }
        self.actions.clear();
        self.forgotten = true;
    }
}

/// A further violating message of a case: of its burst, or an edit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The case.
    pub case: u64,
    /// The event that brought it.
    pub event: Arc<str>,
    /// The message; empty when it is about the member's name.
    pub message: Arc<str>,
    /// When the message was sent.
    pub time: Timestamp,
    /// The original text.
    pub text: String,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// Who did something by a command, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ByWhom {
    /// The user id.
    pub by: Arc<str>,
    /// As they were called.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

/// An operator's word that everything stops or goes on, as it is written into the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Halt {
    /// Whether it stops, and who said so.
    Said {
        /// It stops; else it goes on.
        stop: bool,
        /// Who said so, by the name that the operator gave.
        by: ByWhom,
    },
    /// As it was written before there was a record of it: who stopped it; `None` where it goes on.
    Unrecorded(Option<ByWhom>),
}

impl Halt {
    /// Who stopped it; `None` where it goes on.
    pub fn stopped(&self) -> Option<&ByWhom> {
        match self {
            Halt::Said { stop, by } => stop.then_some(by),
            Halt::Unrecorded(by) => by.as_ref(),
        }
    }
}

/// What a person answered to a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskDecision {
    /// The task.
    pub task: ActionId,
    /// The case it was about, if one.
    pub case: Option<u64>,
    /// The button's choice.
    pub choice: String,
    /// What people read on the button.
    pub text: String,
    /// Who pressed it.
    pub by: ByWhom,
}

/// A case with all that became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseFile {
    /// The case.
    pub case: Case,
    /// How many further messages belong to it.
    pub evidence: usize,
    /// The actions it caused, in the order they were decided.
    pub actions: Vec<StoredAction>,
    /// What people answered to its tasks, in the order they did.
    pub decisions: Vec<TaskDecision>,
    /// Whether it was undone.
    pub undone: Option<ByWhom>,
}

/// Who decides a case where no person did.
pub const MACHINE: &str = "machine";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_older_versions_wrote_of_an_operators_word_is_read() {
        let by = ByWhom { by: "operator".into(), name: "lili".to_owned(), at: Timestamp(7) };
        let old = serde_json::to_string(&by).unwrap();
        assert_eq!(serde_json::from_str::<Halt>("null").unwrap(), Halt::Unrecorded(None));
        assert_eq!(serde_json::from_str::<Halt>(&old).unwrap(), Halt::Unrecorded(Some(by.clone())));
        for stop in [true, false] {
            let said = Halt::Said { stop, by: by.clone() };
            assert_eq!(serde_json::from_str::<Halt>(&serde_json::to_string(&said).unwrap()).unwrap(), said);
            assert_eq!(said.stopped(), stop.then_some(&by));
        }
    }
}
