//! `regex`: regular expressions, on the original text or on its fold.

use std::cmp::Reverse;
use std::time::Duration;

use ::regex::{Match, Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;
use toml::Spanned;

use super::pieces::read_together;
use super::screen::Needed;
use super::{Build, Draft, Found, Look, MOST_HITS, Rule};
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
    /// For how many seconds short messages of one member are read together.
    pieces: Option<Spanned<i64>>,
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
        if self.patterns.get_ref().is_empty() {
            build.faults.push(build.source.fault(self.patterns.span(), "a `regex` rule needs at least one pattern"));
            return None;
        }
        let compiled = Compiled::build(&self.patterns, self.on, build);
        let pieces = read_together(self.pieces.as_ref(), build)?;
        Some(Box::new(Matching { compiled: compiled?, pieces }))
    }
}

/// A pattern that is no pattern for nothing: faults go to `build`.
pub(super) fn compile(pattern: &Spanned<String>, build: &mut Build<'_>) -> Option<Regex> {
    let compiled = RegexBuilder::new(pattern.get_ref()).case_insensitive(true).size_limit(LARGEST).build();
    let fault = match compiled {
        Ok(regex) if !regex.is_match("") => return Some(regex),
        Ok(_) => build
            .source
            .fault(pattern.span(), "this pattern matches the empty text, so it would match every message")
            .help(if has_empty_alternative(pattern.get_ref()) {
                "a `|` with nothing before or behind it leaves an empty alternative: take it out"
            } else {
                "write `+` where you wrote `*`, or take the `?` away"
            }),
        Err(error) => build.source.fault(pattern.span(), format!("this is no regular expression: {error}")),
    };
    build.faults.push(fault);
    None
}

/// Whether a `|` of a pattern has nothing on one of its sides.
fn has_empty_alternative(pattern: &str) -> bool {
    let pattern = pattern.replace("\\|", "");
    pattern.starts_with('|') || pattern.ends_with('|') || ["||", "(|", "|)"].iter().any(|part| pattern.contains(part))
}

/// Patterns, ready to be matched.
pub(super) struct Compiled {
    /// All patterns in one pass, where there are several: hardly any message has a hit, and then the single ones need not look.
    any: Option<RegexSet>,
    patterns: Vec<Regex>,
    on: On,
}

impl Compiled {
    /// Compiles patterns; what is wrong with them goes to `build`.
    pub(super) fn build(written: &Spanned<Vec<Spanned<String>>>, on: On, build: &mut Build<'_>) -> Option<Self> {
        let before = build.errors();
        let patterns = written.get_ref().iter().filter_map(|pattern| compile(pattern, build)).collect();
        match Self::new(patterns, on) {
            Ok(compiled) => (build.errors() == before).then_some(compiled),
            Err(error) => {
                let message = format!("these patterns are too much together: {error}");
                build.faults.push(build.source.fault(written.span(), message).help("make two rules of this one"));
                None
            }
        }
    }

    /// Of patterns that are sound each by itself.
    ///
    /// # Errors
    /// They are too much together.
    pub(super) fn new(patterns: Vec<Regex>, on: On) -> Result<Self, ::regex::Error> {
        let all = || {
            RegexSetBuilder::new(patterns.iter().map(Regex::as_str))
                .case_insensitive(true)
                .size_limit(LARGEST * patterns.len())
                .build()
        };
        let any = (patterns.len() > 1).then(all).transpose()?;
        Ok(Self { any, patterns, on })
    }

    /// Gives back the memory that looking has taken.
    pub(super) fn cool(&mut self) {
        // A pattern keeps for each thread that it worked in which of its states were reached; a clone has none of that.
        self.any = self.any.clone();
        self.patterns = self.patterns.clone();
    }

    /// What they match in a text, the outermost of what lies inside each other.
    pub(super) fn spans(&self, text: &Text) -> Vec<Span> {
        let looked_at = match self.on {
            On::Original => &text.original,
            On::Folded => &text.folded.text,
        };
        let mut spans = Vec::new();
        if self.any.as_ref().is_some_and(|any| !any.is_match(looked_at)) {
            return spans;
        }
        for pattern in &self.patterns {
            match self.on {
                On::Original => on_original(pattern, &text.original, &mut spans),
                On::Folded => on_folded(pattern, text, &mut spans),
            }
        }
        outermost(&mut spans);
        spans.truncate(MOST_HITS);
        spans
    }
}

/// A `regex` rule.
struct Matching {
    compiled: Compiled,
    pieces: Duration,
}

impl Rule for Matching {
    fn looks(&self) -> &'static [Look] {
        &[Look::Text]
    }

    fn pieces(&self) -> Duration {
        self.pieces
    }

    fn needed(&self) -> Option<Needed> {
        Needed::by(self.compiled.patterns.iter().map(Regex::as_str), self.compiled.on)
    }

    fn in_text(&self, text: &Text, found: &mut Found<'_>) {
        self.compiled.spans(text).into_iter().for_each(|span| found.push(span));
    }

    fn cool(&mut self) {
        self.compiled.cool();
    }
}

/// Leaves only spans that lie in no other, by place: several patterns of a rule often find the same.
fn outermost(spans: &mut Vec<Span>) {
    spans.sort_unstable_by_key(|span| (span.start, Reverse(span.end)));
    let mut covered = 0;
    spans.retain(|span| {
        let beyond = span.end > covered; // no span is empty
        covered = covered.max(span.end);
        beyond
    });
}

fn on_original(pattern: &Regex, text: &str, spans: &mut Vec<Span>) {
    let (mut bytes, mut characters) = (0, 0);
    for hit in pattern.find_iter(text).filter(|hit| !hit.is_empty()).take(MOST_HITS) {
        let skipped = text.get(bytes..hit.start()).unwrap_or_default();
        let start = characters + skipped.chars().count() as u32;
        let end = start + hit.as_str().chars().count() as u32;
        (bytes, characters) = (hit.end(), end);
        spans.push(Span { start, end });
    }
}

fn on_folded(pattern: &Regex, text: &Text, spans: &mut Vec<Span>) {
    let folded = &text.folded;
    let in_one =
        |hit: &Match<'_>| folded.gaps_within(hit.start(), hit.end()).iter().all(|gap| gap.kind != GapKind::Barrier);
    let hits = pattern.find_iter(&folded.text).filter(|hit| !hit.is_empty() && in_one(hit));
    spans.extend(hits.take(MOST_HITS).map(|hit| folded.span(hit.start(), hit.end())));
}
