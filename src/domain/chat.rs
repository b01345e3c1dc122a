//! What admins changed in the chat: words for one group, over what the files say. Every change has an author, a number and
//! an undo; the files are never written.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::case::{ByWhom, Finding, Span};
use super::event::Message;
use super::lexicon::{Lexicon, LexiconBuilder, Refused, WordScratch};
use super::policy::Verdict;
use super::rules::{RuleId, TOGETHER, parts};
use super::text::Text;
use super::time::Timestamp;

/// The name that findings of words added in the chat carry instead of a rule's.
pub const CHAT_WORDS: &str = "chat.words";

/// More words than this are not added in one group: a list of thousands belongs in a file.
pub const MOST_WORDS: usize = 1000;

/// A word that is added has no more code points: whoever wants a whole text found has pasted the wrong thing.
pub const LONGEST_WORD: usize = 64;

/// A change that somebody made in the chat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatChange {
    /// Its number, from 1 in each data directory; people write 改3.
    pub no: u64,
    /// Where.
    pub platform: Arc<str>,
    /// Where.
    pub group: Arc<str>,
    /// What was changed.
    pub what: ChatWhat,
    /// Who did it.
    pub by: Arc<str>,
    /// As they were called.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
    /// Kept beside it in the store.
    #[serde(skip)]
    pub undone: Option<ByWhom>,
}

/// What was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChatWhat {
    /// These words are forbidden here too.
    Add(Vec<String>),
    /// These words do not count here, wherever they come from.
    Drop(Vec<String>),
}

impl ChatWhat {
    /// The words.
    pub fn words(&self) -> &[String] {
        match self {
            ChatWhat::Add(words) | ChatWhat::Drop(words) => words,
        }
    }
}

/// The changes in force in one group, ready for use.
#[derive(Default)]
pub struct ChatWords {
    /// By number.
    changes: Vec<ChatChange>,
    lexicon: Lexicon,
    /// Folds of words that do not count.
    dropped: HashSet<Box<str>>,
    part: Text,
    scratch: WordScratch,
}

impl ChatWords {
    /// With these changes, oldest first.
    pub fn new(changes: Vec<ChatChange>) -> Self {
        let mut words = Self { changes, ..Self::default() };
        words.rebuild();
        words
    }

    /// The changes in force, oldest first.
    pub fn changes(&self) -> &[ChatChange] {
        &self.changes
    }

    /// How many words are added.
    pub fn added(&self) -> usize {
        self.says().values().filter(|added| **added).count()
    }

    /// How many words the additions have, those too that a later change has taken out: all of them are kept.
    pub fn kept(&self) -> usize {
        self.words().filter(|(added, _)| *added).count()
    }

    /// How many words do not count.
    pub fn dropped(&self) -> usize {
        self.dropped.len()
    }

    /// Every word of every change, oldest first, and whether it was added.
    fn words(&self) -> impl Iterator<Item = (bool, &String)> {
        self.changes.iter().flat_map(|change| {
            let added = matches!(change.what, ChatWhat::Add(_));
            change.what.words().iter().map(move |word| (added, word))
        })
    }

    /// What holds of each fold: of several changes the last one counts.
    fn says(&self) -> HashMap<Box<str>, bool> {
        self.words().map(|(added, word)| (fold(word), added)).collect()
    }

    /// The change by which a word is added, or taken out, in whatever disguise it is written: the last that names it.
    pub fn change_of(&self, word: &str, added: bool) -> Option<&ChatChange> {
        let fold = fold(word);
        let names = |change: &&ChatChange| change.what.words().iter().any(|other| self::fold(other) == fold);
        let last = self.changes.iter().rev().find(names);
        last.filter(|change| matches!(change.what, ChatWhat::Add(_)) == added)
    }

    /// From here on this change is in force.
    pub fn put(&mut self, change: ChatChange) {
        self.changes.retain(|other| other.no != change.no);
        self.changes.push(change);
        self.rebuild();
    }

    /// From here on this change is not in force any more.
    pub fn take(&mut self, no: u64) {
        self.changes.retain(|change| change.no != no);
        self.rebuild();
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    fn rebuild(&mut self) {
        let mut builder = LexiconBuilder::default();
        builder.disguise(RuleId(0));
        let says = self.says();
        for (_, word) in self.words().filter(|(added, word)| *added && says.get(&fold(word)) == Some(&true)) {
            // Looked at when it was added; a word that another change also adds is there already.
            builder.add(RuleId(0), word).ok();
        }
        self.dropped = says.into_iter().filter(|(_, added)| !added).map(|(fold, _)| fold).collect();
        self.lexicon = builder.build();
    }

    /// Whether a finding's word does not count here.
    pub fn drops(&self, finding: &Finding) -> bool {
        let drops = |word: &str| self.dropped.contains(&fold(word));
        !self.dropped.is_empty() && finding.word.as_ref().is_some_and(|word| word.split(TOGETHER).any(drops))
    }

    /// Whether one of the added words is in a text.
    pub fn is_in(&mut self, text: &Text) -> bool {
        let mut found = false;
        self.lexicon.find(&text.folded, &mut self.scratch, |_| found = true);
        self.lexicon.find_disguised(text, &mut self.scratch, |_| found = true);
        found
    }

    /// What of the added words is in a message whose own text is folded in `text`.
    pub fn find(&mut self, message: &Message, text: &Text, observe: bool) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.lexicon.is_empty() {
            return findings;
        }
        let Self { lexicon, part, scratch, .. } = self;
        look(lexicon, scratch, text, None, &mut findings);
        for (name, original) in parts(message) {
            part.set(original);
            look(lexicon, scratch, part, Some(&name()), &mut findings);
        }
        for finding in &mut findings {
            finding.observe = observe;
        }
        findings
    }
}

fn look(lexicon: &Lexicon, scratch: &mut WordScratch, text: &Text, part: Option<&str>, findings: &mut Vec<Finding>) {
    lexicon.find(&text.folded, scratch, |hit| {
        let span: Span = text.folded.span(hit.start, hit.end);
        findings.push(Finding {
            matched: text.slice(span).to_owned(),
            word: Some(hit.word.clone()),
            start: span.start,
            end: span.end,
            part: part.map(str::to_owned),
            delete: true,
            ..Finding::of_no_rule(CHAT_WORDS, "custom", false)
        });
    });
    lexicon.find_disguised(text, scratch, |hit| {
        findings.push(Finding {
            matched: text.slice(hit.span).to_owned(),
            word: Some(hit.word.clone()),
            start: hit.span.start,
            end: hit.span.end,
            part: part.map(str::to_owned),
            views: hit.disguise.views,
            verdict: if hit.disguise.sure { Verdict::Violation } else { Verdict::Review },
            delete: hit.disguise.sure,
            ..Finding::of_no_rule(CHAT_WORDS, "custom", false)
        });
    });
}

/// Whether a word can be added, by itself.
///
/// # Errors
/// Why not.
pub fn check_word(word: &str) -> Result<(), Refused> {
    LexiconBuilder::default().add(RuleId(0), word)
}

/// What is left of a word when its disguise is taken off.
pub fn fold(word: &str) -> Box<str> {
    let mut text = Text::default();
    text.set(word);
    text.folded.text.as_str().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_words_are_found_in_disguise() {
        let change = |no, what| ChatChange {
            no,
            platform: "p".into(),
            group: "g".into(),
            what,
            by: "u".into(),
            by_name: String::new(),
            at: Timestamp::default(),
            undone: None,
        };
        let mut words = ChatWords::new(vec![change(1, ChatWhat::Add(vec!["刷单兼职".into()]))]);
        let mut text = Text::default();
        for (said, verdict) in [("做shua单jian职吗", Verdict::Violation), ("刷弹贱子", Verdict::Review)] {
            text.set(said);
            let found = words.find(&Message::default(), &text, false);
            let told: Vec<_> = found.iter().map(|one| (one.verdict, one.views.is_empty(), one.delete)).collect();
            assert_eq!(told, [(verdict, false, verdict == Verdict::Violation)], "{said}");
            assert!(words.is_in(&text), "{said}");
        }
        words.put(change(2, ChatWhat::Drop(vec!["刷单兼职".into()])));
        assert!(words.find(&Message::default(), &text, false).is_empty());
        let finding = Finding {
            word: Some("刷单兼职 ＋ 加我".into()),
            ..Finding::of_no_rule("fraud.job", "fraud", false)
        };
        assert!(words.drops(&finding), "a combination with it does not count either");
    }
}
