//! Texts in which many characters are written several times over, 加加加微微信信: looked at once more with each written once, for
//! patterns, numbers and Latin words too, which the search for words in disguise leaves alone.

use super::scratch::Words;
use super::{Hit, Ruleset};
use crate::domain::case::Span;
use crate::domain::disguise::{Disguise, SURE, View, Views};
use crate::domain::text::{Text, folded_char};

/// From so many repeated characters on, one in so many of all, a text is looked at again …
const FEWEST: usize = 2;
const ONE_IN: usize = 6;
/// … and from one in so many on it is surely meant: 天天, 谢谢 and 哈哈哈 are ordinary.
const SURELY_ONE_IN: usize = 4;

/// Whether a text is to be looked at again, and whether what is found then is surely meant.
fn stutters(text: &Text) -> Option<bool> {
    let (mut runs, mut all, mut last, mut run) = (0, 0, None, false);
    for c in text.folded.text.chars() {
        let same = last == Some(c);
        runs += usize::from(same && !run);
        all += usize::from(!same);
        (last, run) = (Some(c), same);
    }
    (runs >= FEWEST && runs * ONE_IN >= all).then_some(runs > FEWEST && runs * SURELY_ONE_IN >= all)
}

/// Each character once; and for each that is left, where it and its repetitions stand in the original.
fn squeezed(original: &str) -> (String, Vec<Span>) {
    let (mut text, mut places): (String, Vec<Span>) = (String::with_capacity(original.len()), Vec::new());
    let mut last = None;
    for (at, c) in (0..).zip(original.chars()) {
        let folded = folded_char(c);
        match places.last_mut().filter(|_| folded.is_some() && folded == last) {
            Some(place) => place.end = at + 1,
            None => {
                text.push(c);
                places.push(Span { start: at, end: at + 1 });
            }
        }
        last = folded;
    }
    (text, places)
}

impl Ruleset {
    /// Adds what is found in a text that stutters once each character is written once, as far as it was not found before.
    pub(super) fn find_squeezed(&self, text: &Text, part: &mut Text, words: &mut Words, hits: &mut Vec<Hit>) {
        let Some(surely) = stutters(text) else { return };
        let (once, places) = squeezed(&text.original);
        part.set(&once);
        let before = hits.len();
        self.in_text(part, words, hits);
        let mut new = hits.split_off(before);
        for hit in &mut new {
            let place = |at: u32| places.get(at as usize).copied();
            let ends = place(hit.span.start).zip(hit.span.end.checked_sub(1).and_then(place));
            hit.span = ends.map_or(hit.span, |(first, last)| Span { start: first.start, end: last.end });
            let plain = Disguise { views: Views::default(), sure: true, weight: SURE };
            let Disguise { views, sure, weight } = hit.disguise.unwrap_or(plain);
            hit.disguise = Some(Disguise { views: views.and(View::Repeated), sure: sure && surely, weight });
        }
        let known = |hit: &Hit| {
            let over =
                |one: &Hit| one.rule == hit.rule && one.span.start < hit.span.end && hit.span.start < one.span.end;
            hits.iter().any(over)
        };
        new.retain(|hit| !known(hit));
        hits.append(&mut new);
    }
}
