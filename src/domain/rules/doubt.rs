//! Doubt: some words are said by those who break the rules and by those who warn of it, ask about it or play cards. So a rule
//! may be doubtful: what it finds counts only where a model ([`crate::domain::score`]) does not hold what stands around it for
//! innocent. Nobody disguises an innocent word, but three syllables may sound like one by chance: what any rule finds disguised is
//! doubted too, where the model is nearly certain. In messages in pinyin any syllables may: there it need not be, and a model for such says it.

use super::{Hit, Learned, Look, Rule, Ruleset};
use crate::domain::case::Span;
use crate::domain::score::{Features, is_pinyin};
use crate::domain::text::Text;

/// How many characters before and behind a hit are looked at: all of a message of the usual length, and the words next to the
/// hit. It is innocent only if it is so in both, and in the clause that it stands in, or whoever pads an offer with small talk would
/// not be found.
const AROUND: [u32; 2] = [40, 12];

/// What is spelled out in letters takes so many times as many of them.
const LETTERS: u32 = 4;

/// What is doubted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Doubtful {
    /// The text may be shorter than those that a model is asked about otherwise.
    pub short: bool,
    /// What was found there is disguised.
    pub disguised: bool,
    /// It is spelled out, in a message in pinyin.
    pub pinyin: bool,
}

impl Ruleset {
    /// Whether there is a rule that doubts, among those that look at anything.
    pub fn doubts(&self) -> bool {
        let (text, mut features) = (Text::default(), Features::default());
        let says =
            |rule: &dyn Rule| rule.doubts(&text, Doubtful::default(), &mut features, Learned::default()).is_some();
        self.looking(Look::Learned).map(|(rule, _)| rule).any(says)
    }

    /// Takes out what doubtful rules found in a text that looks innocent around it.
    pub(super) fn drop_doubted(&self, text: &Text, features: &mut Features, learned: Learned<'_>, hits: &mut Vec<Hit>) {
        if hits.is_empty() {
            return;
        }
        let mut around = Text::default();
        let in_pinyin = is_pinyin(&text.folded.text);
        hits.retain(|hit| {
            let doubtful = self.infos().get(usize::from(hit.rule.0)).is_some_and(|info| info.doubtful);
            let disguised = hit.disguise.is_some();
            // 做个笔录 says no more than 做笔录.
            let filled = hit.disguise.is_some_and(|disguise| disguise.views.are_fillers());
            let pinyin = in_pinyin && is_spelled(text.slice(hit.span));
            let of = Doubtful { short: false, disguised: disguised && !(doubtful && filled), pinyin };
            let reaches = AROUND.map(|reach| if pinyin { reach * LETTERS } else { reach });
            hit.part.is_some()
                || !(doubtful || disguised)
                || reaches.iter().any(|reach| {
                    let (start, end) = (hit.span.start.saturating_sub(*reach), hit.span.end.saturating_add(*reach));
                    around.set(text.slice(Span { start, end: end.min(text.whole().end) }));
                    !self.is_doubted(&around, of, features, learned)
                })
                || {
                    around.set(text.slice(clause(text, hit.span, pinyin)));
                    !self.is_doubted(&around, Doubtful { short: true, ..of }, features, learned)
                }
        });
    }

    /// Whether all models that doubt at all hold a text for innocent.
    fn is_doubted(&self, text: &Text, of: Doubtful, features: &mut Features, learned: Learned<'_>) -> bool {
        let mut says = self.looking(Look::Learned).filter_map(|(rule, _)| rule.doubts(text, of, features, learned));
        says.next() == Some(true) && says.all(|one| one)
    }
}

/// Whether what was found is written in letters. What stands in Han beside them is asked about as everywhere.
fn is_spelled(matched: &str) -> bool {
    matched.chars().filter(|c| c.is_alphabetic()).all(|c| c < '\u{3400}')
}

/// A span to the ends of the clauses that it begins and ends in; in pinyin a space ends none.
fn clause(text: &Text, span: Span, pinyin: bool) -> Span {
    let ends = |c: char| c.is_whitespace() && !(pinyin && c == ' ') || "，。！？；：、,!?;:…~～".contains(c);
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
