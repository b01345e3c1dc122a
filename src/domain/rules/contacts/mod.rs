//! `contacts`: how somebody is to be reached: telephone numbers, accounts of messengers, e-mail, links, invitations, bank
//! cards. Most of it is ordinary by itself, so that a rule can ask for a word beside it that says what it is for.

mod accounts;
mod marks;
mod names;
mod numbers;
mod places;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

pub(super) use self::marks::{marks, without_signs};
use self::numbers::Number;
pub(super) use self::numbers::{bank_cards, identity_cards, phones};
use super::keywords::{take_lists, take_words};
use super::links::is_within;
use super::pieces::read_together;
use super::{Build, Draft, Found, Hit, Look, MOST_HITS, Rule, RuleId, TOGETHER, Word};
use crate::domain::case::Span;
use crate::domain::event::{Message, Segment};
use crate::domain::text::{Text, folded_char};

/// The keys of a `contacts` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contacts {
    /// What is looked for.
    kinds: Spanned<Vec<Kind>>,
    /// Numbers, accounts and domains that are no hit.
    #[serde(default)]
    allow: Vec<Spanned<String>>,
    /// Further domains that hide where a link leads.
    #[serde(default)]
    short_links: Vec<Spanned<String>>,
    /// Only those that are written otherwise.
    #[serde(default)]
    only_disguised: bool,
    /// A contact is a hit only beside one of these words …
    #[serde(default)]
    with: Vec<Spanned<String>>,
    /// … or of those in these lists …
    #[serde(default)]
    with_lists: Vec<Spanned<String>>,
    /// … at most so many characters away …
    within: Option<Spanned<i64>>,
    /// … and where none of these stands in the text.
    #[serde(default)]
    none: Vec<Spanned<String>>,
    /// For how many seconds short messages of one member are read together.
    pieces: Option<Spanned<i64>>,
}

/// What somebody may be reached by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// A telephone number.
    Phone,
    /// An account of WeChat, announced as one.
    Wechat,
    /// An account or a group of QQ, announced as one.
    Qq,
    /// An account of another messenger, announced as one.
    OtherApp,
    /// What looks like an account, and nothing says of what.
    Account,
    Email,
    /// An address that is none of the following.
    Link,
    /// An address that hides where it leads.
    ShortLink,
    /// An address whose dot is written otherwise.
    HiddenLink,
    /// An address that leads into a group, to a person or to an app.
    Invite,
    BankCard,
}

/// A contact in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contact {
    pub(super) kind: Kind,
    pub(super) span: Span,
    /// As it would be typed: digits, account, host.
    pub(super) text: String,
    /// What announces it, or its dot, is written as those write it who hide it.
    hidden: bool,
}

impl Contact {
    /// Whether it is written otherwise than people do who have nothing to hide.
    fn is_disguised(&self, text: &Text) -> bool {
        let written = text.slice(self.span);
        let wide = |c: char| ('\u{FF00}'..='\u{FF60}').contains(&c);
        let latin = |c: char| folded_char(c).is_some_and(|c| c.is_ascii_alphanumeric());
        let styled = written.chars().any(|c| !c.is_ascii() && !wide(c) && latin(c));
        let digits = self.text.bytes().filter(u8::is_ascii_digit).count();
        let plain = written.chars().filter(|c| folded_char(*c).is_some_and(|c| c.is_ascii_digit())).count();
        // 1-3-8-1-2: more between the digits than people need to read a number.
        let numeral = digits == self.text.len() && digits >= 5;
        let apart = numeral && written.chars().filter(|c| !c.is_alphanumeric()).count() + 1 >= digits;
        self.hidden || styled || apart || plain < digits
    }
}

impl Draft for Contacts {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let kinds: HashSet<Kind> = self.kinds.get_ref().iter().copied().collect();
        if kinds.is_empty() {
            let fault = build.source.fault(self.kinds.span(), "a `contacts` rule without `kinds` finds nothing");
            build.faults.push(fault.help("e.g. kinds = [\"phone\", \"wechat\", \"qq\"]"));
        }
        let allow = self.allow.iter().filter_map(|one| allowed(one, build)).collect();
        let short_links = self.short_links.iter().filter_map(|one| super::links::read_domain(one, build)).collect();
        let within = match &self.within {
            Some(within) => build.number(within, "within", 2..=100_000)?,
            None => u32::MAX,
        };
        let asks = !self.with.is_empty() || !self.with_lists.is_empty();
        if !asks && (self.within.is_some() || !self.none.is_empty()) {
            let fault =
                build.source.fault(build.span.clone(), "`within` and `none` say nothing without `with`").warning();
            build
                .faults
                .push(fault.help("write the words that must stand beside a contact: with = [\"加我\", \"私聊\"]"));
        }
        let with = if asks { Some(build.list_apart()?) } else { None };
        if let Some(list) = with {
            take_lists(build, list, &self.with_lists);
            take_words(build, list, &self.with, &[]);
        }
        let none = if self.none.is_empty() { None } else { Some(build.list_apart()?) };
        if let Some(list) = none {
            take_words(build, list, &self.none, &[]);
        }
        let pieces = read_together(self.pieces.as_ref(), build)?;
        let rule = Reachable {
            finder: Finder { kinds, allow, short_links, only_disguised: self.only_disguised },
            with,
            none,
            within,
            pieces,
        };
        (build.errors() == before).then(|| Box::new(rule) as Box<dyn Rule>)
    }
}

/// An entry of `allow` as contacts are compared with it.
pub(super) fn allowed(written: &Spanned<String>, build: &mut Build<'_>) -> Option<Allowed> {
    let entry = written.get_ref().trim().to_lowercase();
    if entry.contains('@') {
        return Some(Allowed::Same(entry));
    }
    if entry.contains('.') {
        return super::links::read_domain(written, build).map(Allowed::Domain);
    }
    let plain: String = entry.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    if plain.len() >= 5 && !entry.chars().any(|c| c.is_alphanumeric() && !c.is_ascii()) {
        let digits = plain.bytes().all(|b| b.is_ascii_digit());
        return Some(Allowed::Same(if digits { plain } else { entry.replace('-', "_") }));
    }
    let fault = build.source.fault(written.span(), format!("`{}` is no number, account or domain", written.get_ref()));
    build.faults.push(fault.help("write it as one would type it: \"400-800-1234\", \"our_service\", \"example.com\""));
    None
}

/// What is no hit.
pub(super) enum Allowed {
    Domain(String),
    Same(String),
}

impl Allowed {
    /// Whether a contact is this.
    pub(super) fn is(&self, contact: &str) -> bool {
        match self {
            Allowed::Same(same) => same == contact,
            Allowed::Domain(domain) => {
                let host = contact.rsplit('@').next().unwrap_or_default();
                is_within(host.split('/').next().unwrap_or_default(), domain)
            }
        }
    }
}

/// Finds the contacts that a rule is about.
struct Finder {
    kinds: HashSet<Kind>,
    allow: Vec<Allowed>,
    short_links: Vec<String>,
    only_disguised: bool,
}

impl Finder {
    fn wants(&self, contact: &Contact) -> bool {
        self.kinds.contains(&contact.kind) && !self.allow.iter().any(|allowed| allowed.is(&contact.text))
    }

    fn find(&self, text: &Text) -> Vec<Contact> {
        let mut found = find(text, &self.kinds, &self.short_links);
        found.retain(|contact| self.wants(contact) && (!self.only_disguised || contact.is_disguised(text)));
        found.truncate(MOST_HITS);
        found
    }
}

/// All contacts of some kinds in a text, by place, none over another.
fn find(text: &Text, kinds: &HashSet<Kind>, short_links: &[String]) -> Vec<Contact> {
    let any = |of: &[Kind]| of.iter().any(|kind| kinds.contains(kind));
    let mut found = Vec::new();
    let mut add = |more: Vec<Contact>| {
        for contact in more {
            if !found.iter().any(|other: &Contact| numbers::overlap(other.span, contact.span)) {
                found.push(contact);
            }
        }
    };
    let leads = || text.folded.text.bytes().filter(u8::is_ascii_alphabetic).nth(1).is_some();
    if any(&[Kind::Link, Kind::ShortLink, Kind::HiddenLink, Kind::Invite, Kind::Email]) && leads() {
        add(places::find(text, short_links));
    }
    if may_have_number(&text.folded.text) {
        let marks = marks(&text.original);
        let plain = without_signs(&marks);
        let of = |kind: Kind| move |one: Number| Contact { kind, span: one.span, text: one.digits, hidden: false };
        // What is told as an account is one, also where it is a telephone number.
        let named = accounts::find(&marks, |kind| kinds.contains(&kind) && kind != Kind::Account);
        add(named);
        if kinds.contains(&Kind::BankCard) {
            add(bank_cards(&plain).into_iter().map(of(Kind::BankCard)).collect());
        }
        if any(&[Kind::Phone, Kind::Account]) {
            add(phones(&plain).into_iter().map(of(Kind::Phone)).collect());
        }
        if kinds.contains(&Kind::Account) {
            add(accounts::find(&marks, |kind| kind == Kind::Account));
        }
    }
    found.sort_by_key(|contact| contact.span.start);
    found
}

/// Whether a text has a telephone number or an account of WeChat or QQ: spans of them.
pub(super) fn reached_by(text: &Text) -> Vec<Span> {
    let kinds = HashSet::from([Kind::Phone, Kind::Wechat, Kind::Qq]);
    find(text, &kinds, &[]).into_iter().take(MOST_HITS).map(|contact| contact.span).collect()
}

/// The contacts in a text that somebody may push, as they would be typed.
pub(super) fn things_in(text: &Text) -> Vec<String> {
    let kinds = HashSet::from([Kind::Phone, Kind::Wechat, Kind::Qq, Kind::OtherApp, Kind::BankCard]);
    if !may_have_number(&text.folded.text) {
        return Vec::new();
    }
    find(text, &kinds, &[]).into_iter().map(|contact| contact.text).collect()
}

/// Whether a fold has enough letters and digits for an account or a number: a look that costs little.
pub(super) fn may_have_number(fold: &str) -> bool {
    let spoken = fold.len() >= 18;
    let counts = |c: &char| c.is_ascii_alphanumeric() || spoken && numbers::spoken(*c).is_some();
    fold.chars().filter(counts).nth(4).is_some()
}

struct Reachable {
    finder: Finder,
    /// The list of words of which one must stand beside a contact.
    with: Option<RuleId>,
    none: Option<RuleId>,
    within: u32,
    pieces: Duration,
}

impl Rule for Reachable {
    fn pieces(&self) -> Duration {
        self.pieces
    }

    fn looks(&self) -> &'static [Look] {
        match self.with {
            Some(_) => &[Look::Words],
            None => &[Look::Text, Look::Message],
        }
    }

    fn in_text(&self, text: &Text, found: &mut Found<'_>) {
        for contact in self.finder.find(text) {
            found.push_word(contact.span, contact.text.into());
        }
    }

    fn in_words(&self, text: &Text, words: &[Word], found: &mut Found<'_>) {
        let of = |list: Option<RuleId>| words.iter().filter(move |word| Some(word.list) == list);
        if of(self.with).next().is_none() || of(self.none).next().is_some() {
            return;
        }
        for contact in self.finder.find(text) {
            let near = |word: &&Word| distance(word.span, contact.span) <= self.within;
            let Some(beside) = of(self.with).filter(near).min_by_key(|word| distance(word.span, contact.span)) else {
                continue;
            };
            let span =
                Span { start: contact.span.start.min(beside.span.start), end: contact.span.end.max(beside.span.end) };
            found.push_word(span, Arc::from([&*beside.word, &contact.text].join(TOGETHER)));
        }
    }

    fn in_message(&self, message: &Message, found: &mut Found<'_>) {
        for (index, segment) in message.content.iter().enumerate() {
            let Segment::Link { url, .. } = segment else { continue };
            let address = super::links::addresses_in(url).into_iter().next();
            let (kind, host) = match &address {
                Some(address) => {
                    (places::kind_of(&address.host, &address.rest, &self.finder.short_links), address.host.clone())
                }
                None => (Kind::Invite, url.to_string()),
            };
            let span = Span { start: 0, end: url.chars().count() as u32 };
            let contact = Contact { kind, span, text: host, hidden: false };
            if self.finder.wants(&contact) && !self.finder.only_disguised {
                found.hits.push(Hit {
                    rule: found.rule,
                    span,
                    word: Some(contact.text.into()),
                    part: Some(format!("content[{index}].url")),
                    matched: Some(url.to_string()),
                    disguise: None,
                    scored: None,
                });
            }
        }
    }
}

/// How many characters lie between two spans.
fn distance(a: Span, b: Span) -> u32 {
    if a.start < b.start { b.start.saturating_sub(a.end) } else { a.start.saturating_sub(b.end) }
}
