//! All rules of a configuration, matched in one pass.

use std::fmt;
use std::sync::Arc;

use super::{Found, Hit, Rule, RuleId, RuleInfo};
use crate::domain::case::Finding;
use crate::domain::event::{Message, PLACEHOLDER, Segment};
use crate::domain::lexicon::{Lexicon, LexiconBuilder, Spared, WordScratch, WordUse};
use crate::domain::policy::{Mode, RuleSetting};
use crate::domain::recent::{Needs, Recent, Sighting};
use crate::domain::text::{Text, slice};

/// All rules of a configuration, matched in one pass.
#[derive(Default)]
pub struct Ruleset {
    infos: Vec<RuleInfo>,
    rules: Vec<Box<dyn Rule>>,
    lexicon: Lexicon,
    needs: Needs,
}

impl fmt::Debug for Ruleset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ruleset").field("rules", &self.infos.len()).field("words", &self.lexicon.len()).finish()
    }
}

/// Memory that is used again for each message.
#[derive(Default)]
pub struct Scratch {
    /// The text that was judged last and its fold.
    pub text: Text,
    /// The hits of the message judged last.
    pub hits: Vec<Hit>,
    part: Text,
    words: WordScratch,
}

/// How a hit was reached, for `scan --explain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The kind of its rule.
    pub kind: &'static str,
    /// The matched characters, folded.
    pub folded: String,
    /// How many characters among them were dropped as noise, seen or unseen.
    pub dropped: usize,
}

impl Ruleset {
    /// Puts rules together. The place of a rule is its [`RuleId`].
    pub fn new(rules: Vec<(RuleInfo, Box<dyn Rule>)>, lexicon: LexiconBuilder) -> Self {
        let (infos, rules): (Vec<_>, Vec<_>) = rules.into_iter().unzip();
        let mut needs = Needs::default();
        rules.iter().for_each(|rule| rule.needs(&mut needs));
        Self { infos, rules, lexicon: lexicon.build(), needs }
    }

    /// The rules, by [`RuleId`].
    pub fn infos(&self) -> &[RuleInfo] {
        &self.infos
    }

    /// Where a word is written, in whatever disguise it is asked for.
    pub fn uses_of(&self, word: &str) -> Vec<WordUse> {
        let mut text = Text::default();
        text.set(word);
        self.lexicon.uses_of(&text.folded)
    }

    /// How many words a rule has.
    pub fn words_of(&self, rule: RuleId) -> usize {
        self.lexicon.words_in(rule)
    }

    /// What the rules need to have been remembered.
    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// Folds a message into `scratch.text` and puts the hits of all rules that need one message into `scratch.hits`: those
    /// of its text by place, then those of its other parts.
    pub fn find(&self, message: &Message, scratch: &mut Scratch) {
        let Scratch { text, hits, part, words } = scratch;
        hits.clear();
        text.set_with(|original| {
            for segment in &message.content {
                match segment {
                    Segment::Text(part) => original.push_str(part),
                    _ => original.push(PLACEHOLDER),
                }
            }
        });
        self.in_text(text, words, hits);
        for (name, original) in parts(message) {
            let first = hits.len();
            part.set(original);
            self.in_text(part, words, hits);
            for hit in hits.iter_mut().skip(first) {
                hit.part = Some(name());
                hit.matched = Some(part.slice(hit.span).to_owned());
            }
        }
        for (rule, id) in self.rules() {
            rule.in_message(message, &mut Found { rule: id, hits });
        }
    }

    /// The same for a bare text, such as a nickname.
    pub fn find_in_text(&self, text: &str, scratch: &mut Scratch) {
        scratch.hits.clear();
        scratch.text.set(text);
        self.in_text(&scratch.text, &mut scratch.words, &mut scratch.hits);
    }

    /// Adds the hits of the rules that look at what was said lately, this message included ([`Recent::note`] comes first).
    /// `scratch` is as [`Ruleset::find`] left it.
    pub fn find_recent(&self, recent: &Recent, sighting: &Sighting, scratch: &mut Scratch) {
        let Scratch { text, hits, .. } = scratch;
        for (rule, id) in self.rules() {
            rule.in_recent(recent, sighting, text, &mut Found { rule: id, hits });
        }
    }

    fn rules(&self) -> impl Iterator<Item = (&dyn Rule, RuleId)> {
        self.rules.iter().map(AsRef::as_ref).zip((0..).map(RuleId))
    }

    fn in_text(&self, text: &Text, words: &mut WordScratch, hits: &mut Vec<Hit>) {
        let first = hits.len();
        self.lexicon.find(&text.folded, words, |hit| {
            let span = text.folded.span(hit.start, hit.end);
            hits.push(Hit { rule: hit.list, span, word: Some(hit.word.clone()), part: None, matched: None });
        });
        for (rule, id) in self.rules() {
            rule.in_text(text, &mut Found { rule: id, hits });
        }
        if let Some(new) = hits.get_mut(first..) {
            new.sort_by_key(|hit| (hit.span.start, std::cmp::Reverse(hit.span.end), hit.rule));
        }
    }

    /// What a hit means under a setting. `original` is the text it was found in.
    pub fn finding(&self, hit: &Hit, original: &str, setting: &RuleSetting) -> Option<Finding> {
        let info = self.infos.get(usize::from(hit.rule.0))?;
        Some(Finding {
            rule: info.name.clone(),
            category: info.category.clone(),
            severity: setting.severity,
            matched: matched(hit, original).to_owned(),
            word: hit.word.clone(),
            start: hit.span.start,
            end: hit.span.end,
            part: hit.part.clone(),
            verdict: setting.verdict,
            observe: setting.mode == Mode::Observe,
            delete: setting.delete,
        })
    }

    /// The words of a text that exceptions spared, each with its exception.
    pub fn spared(&self, text: &Text) -> Vec<(Hit, Arc<str>)> {
        let hit = |one: &Spared<'_>| {
            let span = text.folded.span(one.hit.start, one.hit.end);
            Hit { rule: one.hit.list, span, word: Some(one.hit.word.clone()), part: None, matched: None }
        };
        self.lexicon.spared(&text.folded).iter().map(|one| (hit(one), one.by.clone())).collect()
    }

    /// How a hit was reached. `original` is the text it was found in.
    pub fn explain(&self, hit: &Hit, original: &str) -> Option<Explanation> {
        let info = self.infos.get(usize::from(hit.rule.0))?;
        let matched = matched(hit, original);
        let mut text = Text::default();
        text.set(matched);
        let kept = text.folded.kept();
        let dropped = matched.chars().count().saturating_sub(kept);
        Some(Explanation { kind: info.kind, folded: text.folded.text, dropped })
    }
}

/// The characters of a hit.
fn matched<'a>(hit: &'a Hit, original: &'a str) -> &'a str {
    hit.matched.as_deref().unwrap_or_else(|| slice(original, hit.span))
}

/// What can be read of a message beside its own text, and what gives its place's name: `content[1].title`.
pub fn parts(message: &Message) -> impl Iterator<Item = (impl Fn() -> String, &str)> {
    message.content.iter().enumerate().filter_map(|(index, segment)| {
        let (name, original) = readable_part(segment)?;
        Some((move || format!("content[{index}].{name}"), original))
    })
}

/// What can be read of a segment that is not part of the text.
fn readable_part(segment: &Segment) -> Option<(&'static str, &str)> {
    let (name, text) = match segment {
        Segment::Link { title, .. } | Segment::Card { title } => ("title", title),
        Segment::File { name, .. } => ("name", name),
        Segment::Voice { text } => ("text", text),
        Segment::Text(_)
        | Segment::Mention { .. }
        | Segment::Image { .. }
        | Segment::Video { .. }
        | Segment::RedPacket
        | Segment::Other(_) => return None,
    };
    text.as_deref().map(|text| (name, text))
}
