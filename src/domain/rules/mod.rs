//! What is looked for: rules of several kinds, one file a kind, listed in [`KINDS`].
//!
//! A rule finds; it does not punish. What its hits mean in a group is a [`super::policy::RuleSetting`].

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use serde::Deserialize;

use toml::Spanned;

use super::case::Span;
use super::event::{Message, Role};
use super::lexicon::LexiconBuilder;
use super::policy::RuleSetting;
use super::recent::{Needs, Recent, Sighting};
use super::text::Text;
use crate::fault::{Fault, Level, Source};

mod ruleset;

mod flood;
mod keywords;
mod length;
mod links;
mod regex;
mod repeat;

#[cfg(test)]
mod tests;

pub use keywords::list_entries;
pub use links::may_have_address;
pub use ruleset::{Explanation, Ruleset, Scratch, parts};

/// Every rule kind. A new kind is a file here and a line in this table.
pub static KINDS: &[Kind] = &[
    Kind { name: "keywords", about: "Words from lists, however they are disguised.", read: read::<keywords::Keywords> },
    Kind { name: "regex", about: "Regular expressions.", read: read::<regex::Patterns> },
    Kind { name: "links", about: "Addresses and domains.", read: read::<links::Links> },
    Kind { name: "flood", about: "Many messages by one member in a short time.", read: read::<flood::Flood> },
    Kind { name: "repeat", about: "The same text again and again.", read: read::<repeat::Repeat> },
    Kind { name: "length", about: "Texts that are too long.", read: read::<length::Length> },
];

/// More hits of one rule in one text are not told.
pub const MOST_HITS: usize = super::lexicon::MOST_HITS;

/// The longest window in seconds that a rule may ask for: a day.
const LONGEST_WINDOW: i64 = 86_400;

fn read<D>(keys: toml::de::ValueDeserializer<'_>) -> Result<Box<dyn Draft>, toml::de::Error>
where
    D: Draft + serde::de::DeserializeOwned + 'static,
{
    Ok(Box::new(D::deserialize(keys)?))
}

/// A kind of rule.
pub struct Kind {
    /// The `kind` in TOML.
    pub name: &'static str,
    /// What it finds, in one sentence (for `check` and the docs).
    pub about: &'static str,
    /// Reads the keys of this kind (the common keys are already taken out).
    pub read: fn(toml::de::ValueDeserializer<'_>) -> Result<Box<dyn Draft>, toml::de::Error>,
}

/// The keys of a rule as written, sound in their types.
pub trait Draft {
    /// Checks them and makes the rule. Faults go to `build`; `None` when there were errors.
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>>;
}

/// What a rule may use while it is built.
pub struct Build<'a> {
    /// The rule that is built.
    pub id: RuleId,
    /// Where it is written: positions of `toml::Spanned` values point into it.
    pub source: &'a Source,
    /// The byte range of the rule's table, for faults without a better place.
    pub span: Range<usize>,
    /// Reads a file named in TOML; the path is relative to `source`. The error is a sentence.
    pub read: &'a mut dyn FnMut(&str) -> Result<Source, String>,
    /// Keyword rules put their words here; one automaton serves all rules.
    pub lexicon: &'a mut LexiconBuilder,
    /// What is wrong.
    pub faults: &'a mut Vec<Fault>,
}

impl Build<'_> {
    /// How many errors there are so far.
    fn errors(&self) -> usize {
        self.faults.iter().filter(|fault| fault.level == Level::Error).count()
    }

    /// A number of a key, when it lies in the range; else a fault.
    fn number(&mut self, written: &Spanned<i64>, key: &str, range: RangeInclusive<i64>) -> Option<u32> {
        let number = *written.get_ref();
        if range.contains(&number) {
            return u32::try_from(number).ok();
        }
        let fault = self.source.fault(written.span(), format!("`{key}` cannot be {number}"));
        self.faults.push(fault.help(format!("write a number from {} to {}", range.start(), range.end())));
        None
    }
}

/// A rule's place in its [`Ruleset`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct RuleId(pub u16);

/// A compiled rule. Each method has a default that finds nothing.
pub trait Rule: Send + Sync {
    /// What it needs to have been remembered.
    fn needs(&self, _needs: &mut Needs) {}
    /// Looks at one text: the message's own, or a part of it.
    fn in_text(&self, _text: &Text, _found: &mut Found<'_>) {}
    /// Looks at the parts of a message that are not its text.
    fn in_message(&self, _message: &Message, _found: &mut Found<'_>) {}
    /// Looks at what was said lately, this message included; `text` is its text.
    fn in_recent(&self, _recent: &Recent, _sighting: &Sighting, _text: &Text, _found: &mut Found<'_>) {}
}

/// A hit of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Whose.
    pub rule: RuleId,
    /// Code points of the original text, or of the part.
    pub span: Span,
    /// The entry of a list, where there is one.
    pub word: Option<Arc<str>>,
    /// Where it is when not in the text: `content[1].title`.
    pub part: Option<String>,
    /// The matched characters when they are not in the text.
    pub matched: Option<String>,
}

/// Takes the hits of one rule.
pub struct Found<'a> {
    /// Whose hits they are.
    pub rule: RuleId,
    /// All hits.
    pub hits: &'a mut Vec<Hit>,
}

impl Found<'_> {
    /// A hit in the text.
    fn push(&mut self, span: Span) {
        self.hits.push(Hit { rule: self.rule, span, word: None, part: None, matched: None });
    }
}

/// What is known of a rule besides how it finds.
#[derive(Clone, Debug)]
pub struct RuleInfo {
    /// Unique, e.g. `ads.contact`.
    pub name: Arc<str>,
    /// The kind's name.
    pub kind: &'static str,
    /// E.g. `ads`.
    pub category: Arc<str>,
    /// In plain words, for notices: 广告.
    pub title: Arc<str>,
    /// The number of the group rule it stands for.
    pub clause: Option<u32>,
    /// What it does where no profile or group says otherwise.
    pub setting: RuleSetting,
}

/// The roles a rule is not applied to unless it says so.
pub const EXEMPT_ROLES: [Role; 3] = [Role::Owner, Role::Admin, Role::Bot];
