//! `names`: what members call themselves (群昵称): words and patterns that may not be in it, patterns of which it must match
//! one. Looked at when somebody comes, is renamed or speaks, and once for each name.

use ::regex::Regex;
use serde::Deserialize;
use toml::Spanned;

use super::keywords::{take_lists, take_words};
use super::regex::{Compiled, On, compile};
use super::{Build, Draft, Found, Hit, Look, Rule, RuleId, Word};
use crate::domain::case::Span;
use crate::domain::text::{Text, half_width};

/// The keys of a `names` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    /// Word lists, as paths relative to the file.
    #[serde(default)]
    lists: Vec<Spanned<String>>,
    /// Further words.
    #[serde(default)]
    words: Vec<Spanned<String>>,
    /// Phrases in which the words do not count.
    #[serde(default)]
    exceptions: Vec<Spanned<String>>,
    /// Patterns that may not be in a name. Case is ignored.
    patterns: Option<Spanned<Vec<Spanned<String>>>>,
    /// What these are matched on.
    #[serde(default)]
    on: On,
    /// Patterns of which a name must match one.
    must: Option<Spanned<Vec<Spanned<String>>>>,
}

impl Draft for Names {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let given = |list: &Option<Spanned<Vec<_>>>| list.as_ref().is_some_and(|list| !list.get_ref().is_empty());
        if self.lists.is_empty() && self.words.is_empty() && !given(&self.patterns) && !given(&self.must) {
            let fault = build.source.fault(build.span.clone(), "this `names` rule asks nothing of a name");
            build.faults.push(fault.help("write `words`, `lists` or `patterns` that may not be in it, or `must`"));
        }
        let list = build.list_apart()?;
        build.lexicon.disguise(list);
        take_lists(build, list, &self.lists);
        take_words(build, list, &self.words, &self.exceptions);
        let patterns = self.patterns.as_ref().and_then(|patterns| Compiled::build(patterns, self.on, build));
        let must = self.must.iter().flat_map(|must| must.get_ref()).filter_map(|one| compile(one, build)).collect();
        (build.errors() == before).then(|| Box::new(Wanted { list, patterns, must }) as Box<dyn Rule>)
    }
}

struct Wanted {
    list: RuleId,
    patterns: Option<Compiled>,
    /// Empty when any name will do.
    must: Vec<Regex>,
}

impl Rule for Wanted {
    fn looks(&self) -> &'static [Look] {
        &[Look::Name]
    }

    fn cool(&mut self) {
        self.patterns.as_mut().into_iter().for_each(Compiled::cool);
        self.must = self.must.clone();
    }

    fn in_name(&self, name: &Text, words: &[Word], found: &mut Found<'_>) {
        for word in words.iter().filter(|word| word.list == self.list) {
            let hit = Hit {
                rule: found.rule,
                span: word.span,
                word: None,
                part: None,
                matched: None,
                disguise: word.disguise,
                scored: None,
            };
            found.hits.push(Hit { word: Some(word.word.clone()), ..hit });
        }
        if let Some(patterns) = &self.patterns {
            patterns.spans(name).into_iter().for_each(|span| found.push(span));
        }
        if !self.must.is_empty() && !self.must.iter().any(|must| matches(must, &name.original)) {
            // Nothing in it is wrong; what is wrong is not there.
            found.push(Span { start: 0, end: 0 });
        }
    }
}

/// Whether a name is of a form; 张三－市场部 is 张三-市场部.
fn matches(form: &Regex, name: &str) -> bool {
    let plain = |c: char| match c {
        '\u{3000}' => ' ',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '﹣' => '-',
        _ => half_width(c),
    };
    form.is_match(name.trim()) || form.is_match(name.chars().map(plain).collect::<String>().trim())
}
