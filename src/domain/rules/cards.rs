//! `cards`: cards, red packets, and what a platform sends besides (mini programs …), with titles that are allowed.

use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::content::places;
use super::{Build, Draft, Found, Look, Rule};
use crate::domain::case::Span;
use crate::domain::chat::fold;
use crate::domain::event::{Message, Segment};

/// The keys of a `cards` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cards {
    /// Cards are a hit.
    #[serde(default)]
    cards: bool,
    /// Red packets are a hit.
    #[serde(default)]
    red_packets: bool,
    /// Segments of these types are a hit: what platforms send that this version knows nothing else about.
    #[serde(default)]
    other: Vec<Spanned<String>>,
    /// A card whose title has one of these in it is none.
    #[serde(default)]
    allow: Vec<Spanned<String>>,
}

/// The types of segments that have a rule of their own, and which.
const KNOWN: [(&str, &str); 9] = [
    ("text", "`kind = \"keywords\"` is for texts"),
    ("mention", "`kind = \"mentions\"` is for these"),
    ("image", "`kind = \"pictures\"` is for these"),
    ("video", "`kind = \"pictures\"` is for these"),
    ("voice", "what is said in it is judged like a text"),
    ("link", "`kind = \"links\"` is for these"),
    ("file", "`kind = \"files\"` is for these"),
    ("card", "write `cards = true`"),
    ("red_packet", "write `red_packets = true`"),
];

impl Draft for Cards {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        for other in &self.other {
            if let Some((name, help)) = KNOWN.iter().find(|(name, _)| *name == other.get_ref().trim()) {
                let fault = build.source.fault(other.span(), format!("`{name}` is no other type"));
                build.faults.push(fault.help(*help));
            }
        }
        if !self.cards && !self.red_packets && self.other.is_empty() {
            let fault = build.source.fault(build.span.clone(), "this `cards` rule finds nothing");
            build.faults.push(fault.help("write `cards = true`, `red_packets = true` or `other = [\"mini_program\"]`"));
        }
        let mut allow = Vec::new();
        for title in &self.allow {
            let folded = fold(title.get_ref());
            if folded.is_empty() {
                let message = format!("nothing is left of `{}`: it has no letter and no digit", title.get_ref());
                build.faults.push(build.source.fault(title.span(), message).help("write more of the title"));
            }
            allow.push(folded);
        }
        let other = self.other.iter().map(|name| Arc::from(name.get_ref().trim())).collect();
        let wanted = Wanted { cards: self.cards, red_packets: self.red_packets, other, allow };
        (build.errors() == before).then(|| Box::new(wanted) as Box<dyn Rule>)
    }
}

struct Wanted {
    cards: bool,
    red_packets: bool,
    other: Vec<Arc<str>>,
    /// Folds.
    allow: Vec<Box<str>>,
}

impl Rule for Wanted {
    fn looks(&self) -> &'static [Look] {
        &[Look::Message]
    }

    fn in_message(&self, message: &Message, found: &mut Found<'_>) {
        for (at, index, segment) in places(message) {
            let here = Span { start: at, end: at + 1 };
            match segment {
                Segment::Card { title: Some(title) } if self.cards && !self.allows(title) => {
                    let whole = Span { start: 0, end: title.chars().count() as u32 };
                    found.push_part(format!("content[{index}].title"), whole, title, None);
                }
                Segment::Card { title: None } if self.cards => found.push(here),
                Segment::RedPacket if self.red_packets => found.push(here),
                Segment::Other(name) if self.other.iter().any(|other| **other == **name) => found.push(here),
                _ => {}
            }
        }
    }
}

impl Wanted {
    fn allows(&self, title: &str) -> bool {
        if self.allow.is_empty() {
            return false;
        }
        let title = fold(title);
        self.allow.iter().any(|allowed| title.contains(&**allowed))
    }
}
