//! What is looked for: rules of several kinds, one file a kind, listed in [`KINDS`].
//!
//! A rule finds; it does not punish. What its hits mean in a group is a [`super::policy::RuleSetting`].

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Deserialize;
use toml::Spanned;

use self::doubt::Doubtful;
use self::screen::Needed;
use super::case::Span;
use super::disguise::Disguise;
use super::event::{Message, Role};
use super::ids::{GroupKey, MemberKey};
use super::lexicon::LexiconBuilder;
use super::policy::RuleSetting;
use super::recent::{Heat, Needs, Recent, Sighting};
use super::score::{Features, Lessons, Scored, Taught};
use super::text::Text;
use super::time::Timestamp;
use crate::fault::{Fault, Level, Source};

mod ruleset;
mod scratch;
mod screen;

mod cards;
mod combination;
mod concert;
mod contacts;
mod content;
mod crowd;
mod disguised;
mod doubt;
mod excuse;
mod files;
mod flood;
mod heat;
mod keywords;
mod length;
mod lines;
mod links;
mod mentions;
mod names;
mod newcomers;
mod personal_data;
mod pictures;
mod pieces;
mod plainer;
mod pushing;
mod quiet_hours;
mod regex;
mod repeat;
mod score;
mod similar;
mod told;

#[cfg(test)]
mod tests;

pub use concert::thing_keys;
pub use excuse::Excuse;
pub use keywords::list_entries;
pub use lines::{is_pattern, said_to_be_pattern, without_level, without_number};
pub use links::may_have_address;
pub use mentions::stands_for_everybody;
pub use pushing::link_keys;
pub use ruleset::{Ruleset, parts};
pub use scratch::{Alone, Scratch};
pub use similar::sketch;
pub use told::Explanation;

/// Every rule kind. A new kind is a file here and a line in this table.
pub static KINDS: &[Kind] = &[
    kind(keywords::NAME, "Words from lists, however they are disguised.", "", read::<keywords::Keywords>),
    kind("combination", "Words that only together are a hit.", "", read::<combination::Combination>),
    kind("contacts", "Numbers, accounts, links: how somebody is to be reached.", "", read::<contacts::Contacts>),
    kind(
        personal_data::NAME,
        "Numbers of cards and telephones, and addresses of homes.",
        "",
        read::<personal_data::PersonalData>,
    ),
    kind("regex", "Regular expressions.", "", read::<regex::Patterns>),
    kind("score", "Texts like those that were violations before.", "", read::<score::Score>),
    kind("links", "Addresses and domains.", "", read::<links::Links>),
    kind("flood", "Many messages by one member in a short time.", "", read::<flood::Flood>),
    kind("repeat", "The same text again and again.", "", read::<repeat::Repeat>),
    kind("similar", "Nearly the same text again, reworded.", "", read::<similar::Similar>),
    kind("pushing", "Many members pushing the same link.", "", read::<pushing::Pushing>),
    kind("concert", "Several accounts that push one thing together.", "", read::<concert::Concert>),
    kind("heat", "A quarrel, or an outcry, in a group.", "", read::<heat::Heats>),
    kind("length", "Texts that are too long.", "", read::<length::Length>),
    kind("pictures", "Too many pictures.", "{ images = 4 }", read::<pictures::Pictures>),
    kind("mentions", "Mentions of everybody, or of too many.", "{ mention = \"all\" }", read::<mentions::Mentions>),
    kind("files", "Files by their types, sizes and names.", "{ file = \"a.apk\" }", read::<files::Files>),
    kind("cards", "Cards and red packets.", "{ card = \"…\" }", read::<cards::Cards>),
    kind("quiet_hours", "Messages at night.", "{ text = \"…\", at = \"23:30\" }", read::<quiet_hours::QuietHours>),
    kind(
        "newcomers",
        "What new members may not do yet.",
        "{ text = \"…\", joined_hours = 2 }",
        read::<newcomers::NewMembers>,
    ),
    kind("names", "What members call themselves.", "{ name = \"…\" }", read::<names::Names>),
];

/// Stands between the entries in [`Hit::word`] where several together are the hit.
pub const TOGETHER: &str = " ＋ ";

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

type Read = fn(toml::de::ValueDeserializer<'_>) -> Result<Box<dyn Draft>, toml::de::Error>;

const fn kind(name: &'static str, about: &'static str, example: &'static str, read: Read) -> Kind {
    Kind { name, about, example, read }
}

/// A kind of rule.
pub struct Kind {
    /// The `kind` in TOML.
    pub name: &'static str,
    /// What it finds, in one sentence (for `check` and the docs).
    pub about: &'static str,
    /// How an example in TOML shows what it finds, where a text cannot; else empty.
    pub example: &'static str,
    /// Reads the keys of this kind (the common keys are already taken out).
    pub read: Read,
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
    /// What is to be warned of where the rule is not off.
    pub where_on: &'a mut Vec<Fault>,
}

impl Build<'_> {
    /// A list of words that are no hits by themselves.
    fn list_apart(&mut self) -> Option<RuleId> {
        let list = self.lexicon.apart(self.id);
        if list.is_none() {
            let fault =
                self.source.fault(self.span.clone(), "there are too many groups of words in all rules together");
            self.faults.push(fault);
        }
        list
    }

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
    /// Which of the other methods are worth being called: a harmless message costs only those.
    fn looks(&self) -> &'static [Look] {
        &Look::ALL
    }
    /// What it needs to have been remembered.
    fn needs(&self, _needs: &mut Needs) {}
    /// How long ago the first message may be of several short ones in which together it finds something; zero: each is looked
    /// at alone.
    fn pieces(&self) -> Duration {
        Duration::ZERO
    }
    /// Characters of which a text must have one for [`Rule::in_text`] to find something in it; `None` where it may in any.
    fn needed(&self) -> Option<Needed> {
        None
    }
    /// Looks at one text: the message's own, or a part of it.
    fn in_text(&self, _text: &Text, _found: &mut Found<'_>) {}
    /// Looks at the words in such a text that are in lists kept apart ([`LexiconBuilder::apart`]), when there are any: by list
    /// and place.
    fn in_words(&self, _text: &Text, _words: &[Word], _found: &mut Found<'_>) {}
    /// Looks at such a text by what was learnt; `features` is memory that is used again.
    fn by_learning(&self, _text: &Text, _features: &mut Features, _learned: Learned<'_>, _found: &mut Found<'_>) {}
    /// Whether what was found in such a text does not count, as it is innocent: `None` where it says nothing about that.
    fn doubts(&self, _text: &Text, _of: Doubtful, _features: &mut Features, _learned: Learned<'_>) -> Option<bool> {
        None
    }
    /// What a person's decision about a text is to teach; `None` where nothing is learnt.
    fn taught(&self, _text: &Text, _features: &mut Features, _learned: Learned<'_>) -> Option<Taught> {
        None
    }
    /// What it has learnt, where it learns.
    fn learnt(&self, _learned: Learned<'_>) -> Option<Learnt> {
        None
    }
    /// Looks at the parts of a message that are not its text, when there are any.
    fn in_message(&self, _message: &Message, _found: &mut Found<'_>) {}
    /// Looks at what a member calls themselves; `words` are those in it from lists kept apart.
    fn in_name(&self, _name: &Text, _words: &[Word], _found: &mut Found<'_>) {}
    /// Looks at when a message was sent, and how new its sender is.
    fn at_moment(&self, _said: &Said<'_>, _found: &mut Found<'_>) {}
    /// Looks at what was said lately, this message included.
    fn in_recent(&self, _recent: &Recent, _sighting: &Sighting, _said: &Said<'_>, _found: &mut Found<'_>) {}
    /// How heated a message is, for what [`Rule::in_recent`] makes of it.
    fn heat(&self, _heard: &Heard<'_>) -> Option<Heat> {
        None
    }
    /// What it finds is looked at by a person and never more, whoever sent the message.
    fn asks_only(&self) -> bool {
        false
    }
    /// A person is asked also where the message is a violation by itself.
    fn asks_always(&self) -> bool {
        false
    }
    /// The limit that a hit exceeds, where the matched characters do not say it (for `scan --explain`).
    fn limit(&self) -> Option<String> {
        None
    }
    /// Gives back the memory that looking has taken.
    fn cool(&mut self) {}
}

/// What a rule looks at: each stands for a method of [`Rule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the methods say it")]
pub enum Look {
    Text,
    Words,
    Message,
    Name,
    Moment,
    Recent,
    Learned,
    Heat,
}

impl Look {
    /// All there are, in the order of their numbers.
    pub const ALL: [Look; 8] =
        [Look::Text, Look::Words, Look::Message, Look::Name, Look::Moment, Look::Recent, Look::Learned, Look::Heat];
}

/// A word in a text, of a list that is kept apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its list.
    pub list: RuleId,
    /// Code points of the original text.
    pub span: Span,
    /// The entry.
    pub word: Arc<str>,
    /// How it is written where it does not stand as it is.
    pub disguise: Option<Disguise>,
}

/// Those of a list among words in order of their lists.
fn of_list(words: &[Word], list: RuleId) -> &[Word] {
    let start = words.partition_point(|word| word.list < list);
    let end = words.partition_point(|word| word.list <= list);
    words.get(start..end).unwrap_or_default()
}

/// A message with what was found in its text.
#[derive(Clone, Copy)]
pub struct Heard<'a> {
    /// The message.
    pub message: &'a Message,
    /// The words in its text that are in lists kept apart.
    pub words: &'a [Word],
    /// The categories of the rules that found something in its text.
    pub found: &'a [Arc<str>],
}

/// A message with what is known of it besides what it says.
#[derive(Clone, Copy)]
pub struct Said<'a> {
    /// The message.
    pub message: &'a Message,
    /// Its text.
    pub text: &'a Text,
    /// When it was said.
    pub moment: Moment<'a>,
    /// What was said before, and who says this; `None` where nothing is remembered.
    pub earlier: Option<(&'a Recent, MemberKey)>,
}

/// What people's decisions have taught, and where it is asked.
#[derive(Clone, Copy, Default)]
pub struct Learned<'a> {
    /// What they have taught; `None` where nothing is remembered.
    pub lessons: Option<&'a Lessons>,
    /// The group.
    pub group: Option<GroupKey>,
}

/// What a rule has learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learnt {
    /// From how many decisions, in all groups.
    pub lessons: usize,
    /// How often it was right and wrong in the group, as far as it alone had found something.
    pub record: (u32, u32),
    /// What it is most sure of is a violation in the group.
    pub strict: bool,
}

/// When a message was sent, and by how new a member.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// When, by the platform's clock.
    pub time: Timestamp,
    /// The group's time zone.
    pub zone: &'a TimeZone,
    /// When its sender came into the group, where that is known.
    pub joined: Option<Timestamp>,
    /// It is the new text of a message that was sent before.
    pub edited: bool,
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
    /// Where it is when not in the text: `content[1].title`, `sender.name`.
    pub part: Option<String>,
    /// The matched characters when they are not in the text.
    pub matched: Option<String>,
    /// How the word is written where it does not stand as it is.
    pub disguise: Option<Disguise>,
    /// How sure a model is, where one found it.
    pub scored: Option<Arc<Scored>>,
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
        self.hits.push(Hit {
            rule: self.rule,
            span,
            word: None,
            part: None,
            matched: None,
            disguise: None,
            scored: None,
        });
    }

    /// A hit in the text with what it stands for.
    fn push_word(&mut self, span: Span, word: Arc<str>) {
        self.hits.push(Hit {
            rule: self.rule,
            span,
            word: Some(word),
            part: None,
            matched: None,
            disguise: None,
            scored: None,
        });
    }

    /// A hit that is a part, such as `content[1].name`.
    fn push_part(&mut self, part: String, span: Span, matched: &str, word: Option<Arc<str>>) {
        self.hits.push(Hit {
            rule: self.rule,
            span,
            word,
            part: Some(part),
            matched: Some(matched.to_owned()),
            disguise: None,
            scored: None,
        });
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
    /// What it finds counts only where no model holds what stands around it for innocent.
    pub doubtful: bool,
    /// What it does where no profile or group says otherwise.
    pub setting: RuleSetting,
}

/// The roles a rule is not applied to unless it says so.
pub const EXEMPT_ROLES: [Role; 3] = [Role::Owner, Role::Admin, Role::Bot];
