//! `combination`: words that only together are a hit. The words of each group are a list of the lexicon that is kept apart,
//! so that disguises count here too and all rules still need one pass over a text.

use std::fmt;
use std::sync::Arc;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::keywords::take_words;
use super::{Build, Draft, Found, Hit, Look, MOST_HITS, Rule, RuleId, TOGETHER, Word};
use crate::domain::case::Span;
use crate::domain::text::Text;

/// The keys of a `combination` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Combination {
    /// All of these: each a word, or a list of words of which one is enough.
    #[serde(default)]
    all: Vec<Spanned<Group>>,
    /// One of these is enough: one more group.
    any: Option<Spanned<Vec<Spanned<String>>>>,
    /// Where one of these stands, the rest is no hit.
    #[serde(default)]
    none: Vec<Spanned<String>>,
    /// From the first character of the first word to the last of the last one; without it, the whole text.
    within: Option<Spanned<i64>>,
}

/// A word, or a list of which one is enough.
#[derive(Debug)]
pub(super) enum Group {
    One(String),
    OneOf(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for Group {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrList;
        impl<'de> Visitor<'de> for TextOrList {
            type Value = Group;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }
            fn visit_str<E>(self, word: &str) -> Result<Group, E> {
                Ok(Group::One(word.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<Group, A::Error> {
                let mut all = Vec::new();
                while let Some(word) = words.next_element()? {
                    all.push(word);
                }
                Ok(Group::OneOf(all))
            }
        }
        deserializer.deserialize_any(TextOrList)
    }
}

/// A rule has no more groups.
const MOST_GROUPS: usize = 20;

impl Draft for Combination {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let within = self.within.as_ref().map(|within| build.number(within, "within", 2..=100_000));
        let mut groups: Vec<(std::ops::Range<usize>, Vec<Spanned<String>>)> = Vec::new();
        for group in self.all {
            let span = group.span();
            groups.push(match group.into_inner() {
                Group::One(word) => (span.clone(), vec![Spanned::new(span, word)]),
                Group::OneOf(words) => (span, words),
            });
        }
        groups.extend(self.any.map(|any| (any.span(), any.into_inner())));
        if groups.is_empty() {
            let fault = build.source.fault(build.span.clone(), "a `combination` rule without words finds nothing");
            build
                .faults
                .push(fault.help("e.g. all = [\"兼职\", [\"日结\", \"高薪\"]]: 兼职, and one of the two others"));
        } else if groups.len() == 1 && self.none.is_empty() {
            let fault = build.source.fault(build.span.clone(), "one group of words alone is no combination");
            build.faults.push(fault.help("add a second group to `all`, or make it a `keywords` rule"));
        } else if let Some((span, _)) = groups.get(MOST_GROUPS) {
            let message = format!("there are more than {MOST_GROUPS} groups of words");
            build.faults.push(build.source.fault(span.clone(), message));
        }
        let mut lists = Vec::new();
        for (span, words) in &groups {
            if words.is_empty() {
                let fault = build.source.fault(span.clone(), "a group without words is never there");
                build.faults.push(fault.help("write words into it, or take it out"));
            }
            lists.push(list(build, words)?);
        }
        let none = if self.none.is_empty() { None } else { Some(list(build, &self.none)?) };
        let within = within.map_or(Some(u32::MAX), |within| within)?;
        (build.errors() == before).then(|| Box::new(Together { lists, none, within }) as Box<dyn Rule>)
    }
}

fn list(build: &mut Build<'_>, words: &[Spanned<String>]) -> Option<RuleId> {
    let list = build.list_apart()?;
    take_words(build, list, words, &[]);
    Some(list)
}

struct Together {
    /// One for each group.
    lists: Vec<RuleId>,
    none: Option<RuleId>,
    within: u32,
}

impl Rule for Together {
    fn looks(&self) -> &'static [Look] {
        &[Look::Words]
    }

    fn in_words(&self, _text: &Text, words: &[Word], found: &mut Found<'_>) {
        if words.iter().any(|word| Some(word.list) == self.none) {
            return;
        }
        let group = |word: &Word| self.lists.iter().position(|list| *list == word.list);
        let mut mine: Vec<(&Word, usize)> = words.iter().filter_map(|word| Some((word, group(word)?))).collect();
        mine.sort_by_key(|(word, _)| (word.span.start, word.span.end));
        let mut hits = 0;
        let mut rest = &mine[..];
        while let Some((hit, after)) = self.first(rest).filter(|_| hits < MOST_HITS) {
            found.hits.push(Hit { rule: found.rule, ..hit });
            hits += 1;
            rest = rest.get(after..).unwrap_or_default();
        }
    }

    fn limit(&self) -> Option<String> {
        (self.within != u32::MAX).then(|| format!("within {} characters", self.within))
    }
}

impl Together {
    /// The first stretch of words, as short as can be, that has one of each group; and where to go on.
    fn first(&self, words: &[(&Word, usize)]) -> Option<(Hit, usize)> {
        // The last word of each group so far.
        let mut last: Vec<Option<usize>> = vec![None; self.lists.len()];
        for (at, (_, group)) in words.iter().enumerate() {
            if let Some(slot) = last.get_mut(*group) {
                *slot = Some(at);
            }
            let Some(chosen) = last.iter().copied().collect::<Option<Vec<usize>>>() else { continue };
            let chosen: Vec<&Word> = chosen.iter().filter_map(|at| words.get(*at)).map(|(word, _)| *word).collect();
            let start = chosen.iter().map(|word| word.span.start).min()?;
            let end = chosen.iter().map(|word| word.span.end).max()?;
            if end - start <= self.within {
                let names: Vec<&str> = chosen.iter().map(|word| &*word.word).collect();
                let word = Some(Arc::from(names.join(TOGETHER)));
                let hit = Hit {
                    rule: RuleId(0),
                    span: Span { start, end },
                    word,
                    part: None,
                    matched: None,
                    disguise: None,
                    scored: None,
                };
                return Some((hit, at + 1));
            }
        }
        None
    }
}
