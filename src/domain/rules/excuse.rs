//! Context that excuses: who warns of a thing, asks about it or reports it does not do it. So a rule may name words near
//! which its hits do not count (`unless`), and words with which they count all the same (`despite`): a warning that calls
//! people to come is a shield, not a warning. So is one that says how its writer is reached: a phone, an account, in whatever form.

use std::cell::LazyCell;

use toml::Spanned;

use super::keywords::take_entries;
use super::{Build, Hit, RuleId, Word, contacts, of_list};
use crate::domain::case::Span;
use crate::domain::text::Text;

/// How many characters may stand between a hit and the word that excuses it.
const REACH: u32 = 40;

/// When the hits of a rule do not count.
#[derive(Clone, Copy, Debug)]
pub struct Excuse {
    rule: RuleId,
    unless: RuleId,
    despite: Option<RuleId>,
}

impl Excuse {
    /// Takes the words of a rule; what is wrong with them goes to `build`. `None` where nothing excuses.
    pub fn build(build: &mut Build<'_>, unless: &[Spanned<String>], despite: &[Spanned<String>]) -> Option<Self> {
        if let (true, Some(first)) = (unless.is_empty(), despite.first()) {
            let fault =
                build.source.fault(first.span(), "`despite` says when `unless` does not hold, which is not there");
            build.faults.push(fault.help("write `unless` too, or take `despite` out").warning());
        }
        if unless.is_empty() {
            return None;
        }
        let mut list = |words: &[Spanned<String>]| {
            let list = build.list_apart()?;
            take_entries(build, list, words);
            Some(list)
        };
        let (unless, despite) = (list(unless)?, (!despite.is_empty()).then(|| list(despite)).flatten());
        Some(Self { rule: build.id, unless, despite })
    }

    /// Whether a hit does not count in a text with these words, which are in order, whose writer can be `reached` or not.
    fn covers(&self, hit: &Hit, words: &[Word], reached: impl FnOnce() -> bool) -> bool {
        let calls = |despite| !of_list(words, despite).is_empty() || reached();
        if hit.rule != self.rule || self.despite.is_some_and(calls) {
            return false;
        }
        let excusing = of_list(words, self.unless);
        let behind = excusing.partition_point(|word| word.span.start < hit.span.start);
        let nearest = [behind.checked_sub(1), Some(behind)].into_iter().flatten().filter_map(|at| excusing.get(at));
        nearest.into_iter().any(|word| between(word.span, hit.span) <= REACH)
    }
}

/// How many characters stand between two spans.
fn between(a: Span, b: Span) -> u32 {
    b.start.saturating_sub(a.end).max(a.start.saturating_sub(b.end))
}

/// Takes out the hits from the place `first` on that do not count in a text with these words, which are in order.
pub(super) fn drop_excused(excuses: &[Excuse], text: &Text, words: &[Word], first: usize, hits: &mut Vec<Hit>) {
    if hits.len() == first {
        return;
    }
    let told: Vec<&Excuse> = excuses.iter().filter(|excuse| !of_list(words, excuse.unless).is_empty()).collect();
    let is_reached = LazyCell::new(|| !contacts::reached_by(text).is_empty());
    let mut at = 0;
    hits.retain(|hit| {
        at += 1;
        at <= first || !told.iter().any(|excuse| excuse.covers(hit, words, || *is_reached))
    });
}
