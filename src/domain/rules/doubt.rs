//! Doubt: some words are said by those who break the rules and by those who warn of it, ask about it or play cards. So a rule
//! may be doubtful: what it finds counts only where a model ([`crate::domain::score`]) does not hold what stands around it for
//! innocent. Nobody disguises an innocent word, but three syllables may sound like one by chance: what any rule finds disguised is
//! doubted too, where the model is nearly certain.

use super::{Hit, Learned, Look, Rule, Ruleset};
use crate::domain::case::Span;
use crate::domain::score::Features;
use crate::domain::text::Text;

/// How many characters before and behind a hit are looked at: all of a message of the usual length, and the words next to the
/// hit. It is innocent only if it is so in both, and in the clause that it stands in, or whoever pads an offer with small talk would
/// not be found.
const AROUND: [u32; 2] = [40, 12];

/// So many times less probable it must be that what was disguised is meant: at 50 a twelfth of what was flagged in ordinary talk is
/// gone, and of violations in any disguise no more than one in 200 is lost.
const BY_CHANCE: f64 = 50.0;

impl Ruleset {
    /// Whether there is a rule that doubts, among those that look at anything.
    pub fn doubts(&self) -> bool {
        let (text, mut features) = (Text::default(), Features::default());
        let says = |rule: &dyn Rule| rule.doubts(&text, false, &mut features, Learned::default()).is_some();
        self.looking(Look::Learned).map(|(rule, _)| rule).any(says)
    }

    /// Takes out what doubtful rules found in a text that looks innocent around it.
    pub(super) fn drop_doubted(&self, text: &Text, features: &mut Features, learned: Learned<'_>, hits: &mut Vec<Hit>) {
        let mut around = Text::default();
        hits.retain(|hit| {
            let doubtful = self.infos().get(usize::from(hit.rule.0)).is_some_and(|info| info.doubtful);
            let below = if hit.disguise.is_some() { 1.0 / BY_CHANCE } else { 1.0 };
            hit.part.is_some()
                || !(doubtful || hit.disguise.is_some())
                || AROUND.iter().any(|reach| {
                    let (start, end) = (hit.span.start.saturating_sub(*reach), hit.span.end.saturating_add(*reach));
                    around.set(text.slice(Span { start, end: end.min(text.whole().end) }));
                    !self.is_doubted(&around, false, features, learned, below)
                })
                || {
                    around.set(text.slice(clause(text, hit.span)));
                    !self.is_doubted(&around, true, features, learned, below)
                }
        });
    }

    /// Whether all models that doubt at all hold a text for innocent, `below` so many times what they doubt at.
    fn is_doubted(&self, text: &Text, short: bool, features: &mut Features, learned: Learned<'_>, below: f64) -> bool {
        let mut says = self.looking(Look::Learned).filter_map(|(rule, _)| rule.doubts(text, short, features, learned));
        says.next().is_some_and(|first| first < below) && says.all(|one| one < below)
    }
}

/// A span to the ends of the clauses that it begins and ends in.
fn clause(text: &Text, span: Span) -> Span {
    let ends = |c: char| c.is_whitespace() || "，。！？；：、,!?;:…~～".contains(c);
    let (mut start, mut end) = (0, None);
    for (at, c) in (0..).zip(text.original.chars()) {
        if ends(c) && at < span.start {
            start = at + 1;
        }
        if ends(c) && at >= span.end {
            end = Some(at);
            break;
        }
    }
    Span { start, end: end.unwrap_or(text.whole().end) }
}
