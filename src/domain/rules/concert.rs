//! `concert`: several accounts that push one thing within a short time, as hired ones do: a text, a contact, a link. Those that
//! hardly spoke before can be asked for. A person looks at it, once; nobody is punished by it.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::contacts::things_in;
use super::crowd::{MOST, begins, different};
use super::links::read_domain;
use super::pushing::pages;
use super::similar::Alike;
use super::{Build, Draft, Found, LONGEST_WINDOW, Look, Rule, Said};
use crate::domain::event::Message;
use crate::domain::recent::{Among, Left, MOST_THINGS, Needs, Recent, Sighting, thing};
use crate::domain::text::Text;

/// The keys of a `concert` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Concert {
    /// From how many members on it is told.
    members: Spanned<i64>,
    /// Within how many seconds.
    seconds: Spanned<i64>,
    /// So many of them at least said hardly anything in the day before.
    #[serde(default = "nobody")]
    quiet_members: Spanned<i64>,
    /// Members of all groups together count, not only those of one.
    #[serde(default)]
    across_groups: bool,
    /// What is pushed; all where it is not given.
    what: Option<Spanned<Vec<What>>>,
    /// How many percent two texts must have in common.
    likeness: Option<Spanned<i64>>,
    /// Texts with fewer characters to compare may be like each other.
    min_characters: Option<Spanned<i64>>,
    /// What is said alike by many: texts with one of these are no hit.
    #[serde(default)]
    none: Vec<Spanned<String>>,
    /// Domains that are no hit, with their subdomains.
    #[serde(default)]
    allow: Vec<Spanned<String>>,
}

/// What may be pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    /// Texts that are like each other.
    Text,
    Contact,
    Link,
}

/// Who said no more than this in the day before is quiet.
const FEW: usize = 2;
const DAY: Duration = Duration::from_secs(86_400);
/// The most members that can be asked for.
const MOST_MEMBERS: i64 = 50;

fn nobody() -> Spanned<i64> {
    Spanned::new(0..0, 0)
}

impl Draft for Concert {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let members = build.number(&self.members, "members", 2..=MOST_MEMBERS);
        let seconds = build.number(&self.seconds, "seconds", 1..=LONGEST_WINDOW / 2);
        let quiet = build.number(&self.quiet_members, "quiet_members", 0..=MOST_MEMBERS);
        let what = self.what.as_ref().map_or(&[What::Text, What::Contact, What::Link][..], |what| what.get_ref());
        if let Some(written) = self.what.as_ref().filter(|what| what.get_ref().is_empty()) {
            let fault = build.source.fault(written.span(), "an empty `what` finds nothing");
            build.faults.push(fault.help("write e.g. what = [\"contact\", \"link\"], or leave it out"));
        }
        let alike = Alike::build(self.likeness.as_ref(), self.min_characters.as_ref(), &self.none, build);
        let allow = self.allow.iter().filter_map(|domain| read_domain(domain, build)).collect();
        let what = what.to_vec();
        let together = Together {
            members: members? as usize,
            within: Duration::from_secs(seconds?.into()),
            quiet: quiet? as usize,
            across_groups: self.across_groups,
            what,
            alike: alike?,
            allow,
        };
        (build.errors() == before).then(|| Box::new(together) as Box<dyn Rule>)
    }
}

struct Together {
    members: usize,
    within: Duration,
    quiet: usize,
    across_groups: bool,
    what: Vec<What>,
    alike: Alike,
    allow: Vec<String>,
}

impl Rule for Together {
    fn looks(&self) -> &'static [Look] {
        &[Look::Recent]
    }

    fn asks_only(&self) -> bool {
        true
    }

    fn needs(&self, needs: &mut Needs) {
        let window = self.within * 2;
        if self.what.contains(&What::Text) {
            needs.sketches(self.alike.shortest(), window);
        }
        if self.what.contains(&What::Contact) || self.what.contains(&What::Link) {
            needs.things(window);
        }
        if self.quiet > 0 {
            needs.times(DAY + window);
        }
    }

    fn in_recent(&self, recent: &Recent, sighting: &Sighting, said: &Said<'_>, found: &mut Found<'_>) {
        let mine = |left: &&Left| left.copied.time == sighting.time && left.is_by(sighting.member);
        let tells = |mut left: Vec<Left>| {
            left.retain(|left| self.across_groups || left.copied.is_in(sighting.group));
            let Some(this) = left.iter().position(|left| mine(&left)) else { return false };
            let by: Vec<By> = left.iter().take(MOST).map(|left| self.by(recent, left)).collect();
            let Some(this) = by.get(this) else { return false };
            begins(&by, this, |by| by.left.copied.time, self.within, |window| self.is_enough(window))
        };
        let window = self.within * 2;
        let things = if sighting.things == [0; MOST_THINGS] { Vec::new() } else { self.things(said) };
        let pushed = things
            .into_iter()
            .any(|thing| sighting.things.contains(&thing) && tells(recent.left(thing, sighting.time, window)));
        let repeated = self.what.contains(&What::Text)
            && tells(self.alike.find(recent, sighting, self.among(), said.text, window));
        if pushed || repeated {
            found.push(said.text.whole());
        }
    }

    fn limit(&self) -> Option<String> {
        let quiet = if self.quiet > 0 { format!(", {} of them quiet before", self.quiet) } else { String::new() };
        Some(format!("{} members within {} s{quiet}", self.members, self.within.as_secs()))
    }
}

impl Together {
    fn among(&self) -> Among {
        if self.across_groups { Among::All } else { Among::Group }
    }

    /// The keys of the contacts and links in a message that it is about.
    fn things(&self, said: &Said<'_>) -> Vec<u64> {
        let (contacts, links) = (self.what.contains(&What::Contact), self.what.contains(&What::Link));
        let contacts = if contacts { contacts_of(said.text) } else { Vec::new() };
        let links = if links { pages(said.message, said.text, &self.allow) } else { Vec::new() };
        contacts.into_iter().chain(links).collect()
    }

    /// Whether whoever left something was quiet before, if that makes a difference.
    fn by(&self, recent: &Recent, left: &Left) -> By {
        By { left: *left, quiet: self.quiet > 0 && recent.was_quiet(left, FEW, DAY) }
    }

    /// Whether so many members, as quiet before as is asked for, are in a window.
    fn is_enough(&self, window: &[By]) -> bool {
        let user = |by: &&By| by.left.copied.user();
        let quiet = window.iter().filter(|by| by.quiet);
        different(window.iter(), user, self.members) >= self.members && different(quiet, user, self.quiet) >= self.quiet
    }
}

/// What somebody left, and whether they had said hardly anything before.
#[derive(Clone, Copy, PartialEq)]
struct By {
    left: Left,
    quiet: bool,
}

fn contacts_of(text: &Text) -> Vec<u64> {
    things_in(text).into_iter().map(|contact| thing("contact", &contact)).collect()
}

/// By what the contacts and links of a message are remembered.
pub fn thing_keys(message: &Message, text: &Text) -> [u64; MOST_THINGS] {
    let mut keys = [0; MOST_THINGS];
    let mut known: Vec<u64> = Vec::new();
    for key in contacts_of(text).into_iter().chain(pages(message, text, &[])) {
        if !known.contains(&key) && known.len() < MOST_THINGS {
            known.push(key);
        }
    }
    keys.iter_mut().zip(known).for_each(|(slot, key)| *slot = key);
    keys
}
