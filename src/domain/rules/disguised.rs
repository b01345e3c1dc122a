//! What words written otherwise say together: who writes one otherwise does so with others, while what sounds like a word by
//! chance mostly stands alone.

use super::{Hit, Word};
use crate::domain::case::Span;
use crate::domain::disguise::{AMONG_OTHERS, COVERED, OTHERS};
use crate::domain::text::Text;

/// Makes words written otherwise that are no hits by themselves weigh more where much of a text is written otherwise: by those and by
/// the hits from the place `first` on.
pub(super) fn weigh_together(text: &Text, apart: &mut [Word], hits: &[Hit], first: usize) {
    let own = hits.get(first..).unwrap_or_default().iter().filter(|hit| hit.disguise.is_some()).map(|hit| hit.span);
    let words = apart.iter().filter(|word| word.disguise.is_some()).map(|word| word.span);
    let mut spans: Vec<Span> = own.chain(words).collect();
    if !spans.is_empty() && is_much(&mut spans, text) {
        apart.iter_mut().filter_map(|word| word.disguise.as_mut()).for_each(|disguise| disguise.weight += AMONG_OTHERS);
    }
}

/// Whether several of these spans, which lie apart, make a good part of a text.
fn is_much(spans: &mut [Span], text: &Text) -> bool {
    spans.sort_unstable();
    let (mut end, mut count, mut covered) = (0, 0_u32, 0_u32);
    for span in spans.iter() {
        count += u32::from(span.start >= end);
        covered += span.end.saturating_sub(span.start.max(end));
        end = end.max(span.end);
    }
    count >= OTHERS && covered * 100 >= COVERED * text.folded.original_length()
}
