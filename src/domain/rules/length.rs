//! `length`: texts that are too long.

use serde::Deserialize;
use toml::Spanned;

use super::{Build, Draft, Found, Look, Rule};
use crate::domain::text::Text;

/// The keys of a `length` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Length {
    /// How many code points a text may have.
    characters: Spanned<i64>,
}

impl Draft for Length {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let characters = build.number(&self.characters, "characters", 1..=1_000_000)?;
        Some(Box::new(Longest { characters }))
    }
}

struct Longest {
    characters: u32,
}

impl Rule for Longest {
    fn looks(&self) -> &'static [Look] {
        &[Look::Text]
    }

    fn in_text(&self, text: &Text, found: &mut Found<'_>) {
        if text.folded.original_length().saturating_add(text.folded.unread()) > self.characters {
            found.push(text.whole());
        }
    }
}
