//! Texts that are looked at once more as they would stand without what was put into them: 加加加微微信信 with each character once,
//! 加口微口信 without what stands at every other place. Patterns, combinations and models see them so too, which the search for
//! words in disguise has no part in.

mod filler;
mod stutter;

use super::scratch::Words;
use super::{Found, Hit, Learned, Look, Ruleset};
use crate::domain::case::Span;
use crate::domain::disguise::{Disguise, View};
use crate::domain::score::Features;
use crate::domain::text::Text;

/// A text without what was put into it.
#[derive(Debug, PartialEq, Eq)]
struct Plainer {
    text: String,
    /// Where each of its characters stands in the original, with what was put behind it.
    places: Vec<Span>,
    /// Whether nobody writes so for another reason.
    surely: bool,
    /// Only what stands in it as it is counts: what was put into it may have meant something.
    plainly: bool,
    /// How it was written.
    view: View,
}

impl Plainer {
    /// Where a hit in it stands in the original.
    fn in_original(&self, span: Span) -> Span {
        let place = |at: u32| self.places.get(at as usize).copied();
        let ends = place(span.start).zip(span.end.checked_sub(1).and_then(place));
        ends.map_or(span, |(first, last)| Span { start: first.start, end: last.end })
    }

    /// Marks a hit in it as written so.
    fn mark(&self, hit: &mut Hit) {
        hit.disguise = Some(Disguise::also(hit.disguise, self.view, self.surely));
    }
}

/// Memory that is used again.
pub(super) struct Used<'a> {
    pub(super) part: &'a mut Text,
    pub(super) words: &'a mut Words,
    pub(super) features: &'a mut Features,
}

impl Ruleset {
    /// Adds what is found in a text without what was put into it, as far as it was not found before.
    pub(super) fn find_plainer(&self, text: &Text, learned: Learned<'_>, used: Used<'_>, hits: &mut Vec<Hit>) {
        let Used { part, words, features } = used;
        for plainer in [stutter::once(text), filler::without(text)].into_iter().flatten() {
            part.set(&plainer.text);
            let mut new = Vec::new();
            self.in_text(part, words, &mut new);
            new.retain(|hit| !plainer.plainly || hit.disguise.is_none());
            new.iter_mut().for_each(|hit| plainer.mark(hit));
            self.drop_doubted(part, features, learned, &mut new);
            for (rule, id) in self.looking(Look::Learned).filter(|_| plainer.surely) {
                let first = new.len();
                rule.by_learning(part, features, learned, &mut Found { rule: id, hits: &mut new });
                new.iter_mut().skip(first).for_each(|hit| plainer.mark(hit));
            }
            new.iter_mut().for_each(|hit| hit.span = plainer.in_original(hit.span));
            new.retain(|hit| !hits.iter().any(|one| is_same(one, hit)));
            hits.append(&mut new);
        }
    }
}

/// Whether both are hits of one rule in one place of the text.
fn is_same(one: &Hit, other: &Hit) -> bool {
    one.part.is_none() && one.rule == other.rule && one.span.start < other.span.end && other.span.start < one.span.end
}
