//! `regex`: regular expressions, on the original text or on its fold.

use ::regex::{Regex, RegexBuilder};
use serde::Deserialize;
use toml::Spanned;

use super::{Build, Draft, Found, MOST_HITS, Rule};
use crate::domain::case::Span;
use crate::domain::text::{GapKind, Text};

/// How large a compiled pattern may be, in bytes. Bounds the time of a match too.
const LARGEST: usize = 1 << 20;

/// The keys of a `regex` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Patterns {
    /// The patterns; any of them is a hit. Case is ignored.
    patterns: Spanned<Vec<Spanned<String>>>,
    /// What they are matched on.
    #[serde(default)]
    on: On,
}

/// What a pattern is matched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum On {
    /// The text as it was written.
    #[default]
    Original,
    /// The fold: only letters and digits, lower case, simplified.
    Folded,
}

impl Draft for Patterns {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        if self.patterns.get_ref().is_empty() {
            build.faults.push(build.source.fault(self.patterns.span(), "a `regex` rule needs at least one pattern"));
        }
        let patterns = self.patterns.get_ref().iter().filter_map(|pattern| compile(pattern, build)).collect();
        (build.errors() == before).then(|| Box::new(Compiled { patterns, on: self.on }) as Box<dyn Rule>)
    }
}

fn compile(pattern: &Spanned<String>, build: &mut Build<'_>) -> Option<Regex> {
    let compiled = RegexBuilder::new(pattern.get_ref()).case_insensitive(true).size_limit(LARGEST).build();
    let fault = match compiled {
        Ok(regex) if !regex.is_match("") => return Some(regex),
        Ok(_) => build
            .source
            .fault(pattern.span(), "this pattern matches the empty text, so it would match every message")
            .help("write `+` where you wrote `*`, or take the `?` away"),
        Err(error) => build.source.fault(pattern.span(), format!("this is no regular expression: {error}")),
    };
    build.faults.push(fault);
    None
}

struct Compiled {
    patterns: Vec<Regex>,
    on: On,
}

impl Rule for Compiled {
    fn in_text(&self, text: &Text, found: &mut Found<'_>) {
        for pattern in &self.patterns {
            match self.on {
                On::Original => on_original(pattern, &text.original, found),
                On::Folded => on_folded(pattern, text, found),
            }
        }
    }
}

fn on_original(pattern: &Regex, text: &str, found: &mut Found<'_>) {
    let (mut bytes, mut characters) = (0, 0);
    for hit in pattern.find_iter(text).filter(|hit| !hit.is_empty()).take(MOST_HITS) {
        let skipped = text.get(bytes..hit.start()).unwrap_or_default();
        let start = characters + skipped.chars().count() as u32;
        let end = start + hit.as_str().chars().count() as u32;
        (bytes, characters) = (hit.end(), end);
        found.push(Span { start, end });
    }
}

fn on_folded(pattern: &Regex, text: &Text, found: &mut Found<'_>) {
    let folded = &text.folded;
    for hit in pattern.find_iter(&folded.text).filter(|hit| !hit.is_empty()).take(MOST_HITS) {
        if folded.gaps_within(hit.start(), hit.end()).iter().all(|gap| gap.kind != GapKind::Barrier) {
            found.push(folded.span(hit.start(), hit.end()));
        }
    }
}
