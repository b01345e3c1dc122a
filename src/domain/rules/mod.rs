//! What is looked for: rules of several kinds, one file a kind, listed in [`KINDS`].
//!
//! A rule finds; it does not punish. What its hits mean in a group is a [`super::policy::RuleSetting`].

use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;

use super::case::Span;
use super::event::{Message, Role};
use super::lexicon::LexiconBuilder;
use super::policy::RuleSetting;
use super::recent::{Needs, Recent, Sighting};
use super::text::Text;
use crate::fault::{Fault, Source};

/// Every rule kind. A new kind is a file here and a line in this table.
pub static KINDS: &[Kind] = &[];

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
    /// Looks at what was said lately, this message included.
    fn in_recent(&self, _recent: &Recent, _sighting: &Sighting, _found: &mut Found<'_>) {}
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

/// All rules of a configuration, matched in one pass.
#[derive(Default)]
pub struct Ruleset {
    // the helper that owns this module decides
    infos: Vec<RuleInfo>,
}

impl std::fmt::Debug for Ruleset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ruleset").field("rules", &self.infos.len()).finish()
    }
}

/// Memory that is used again for each message.
#[derive(Default)]
pub struct Scratch {
    /// The text that was judged last and its fold.
    pub text: Text,
    /// The hits of the message judged last.
    pub hits: Vec<Hit>,
}

impl Ruleset {
    /// Puts rules together.
    pub fn new(_rules: Vec<(RuleInfo, Box<dyn Rule>)>, _lexicon: LexiconBuilder) -> Self {
        Self::default()
    }

    /// The rules, by [`RuleId`].
    pub fn infos(&self) -> &[RuleInfo] {
        &self.infos
    }

    /// What the rules need to have been remembered.
    pub fn needs(&self) -> &Needs {
        unimplemented!()
    }

    /// Folds a message into `scratch.text` and puts the hits of all rules that need one message into `scratch.hits`,
    /// ordered by place.
    pub fn find(&self, _message: &Message, _scratch: &mut Scratch) {}

    /// The same for a bare text, such as a nickname.
    pub fn find_in_text(&self, _text: &str, _scratch: &mut Scratch) {}

    /// Adds the hits of the rules that look at what was said lately, this message included ([`Recent::note`] comes first).
    pub fn find_recent(&self, _recent: &Recent, _sighting: &Sighting, _scratch: &mut Scratch) {}
}

/// The roles a rule is not applied to unless it says so.
pub const EXEMPT_ROLES: [Role; 3] = [Role::Owner, Role::Admin, Role::Bot];
