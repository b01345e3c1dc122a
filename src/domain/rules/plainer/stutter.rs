//! Texts in which many characters are written several times over: 加加加微微信信.

use super::Plainer;
use crate::domain::case::Span;
use crate::domain::disguise::View;
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

/// A text that stutters with each character once.
pub(super) fn once(text: &Text) -> Option<Plainer> {
    let surely = stutters(text)?;
    let original = &text.original;
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
    Some(Plainer { text, places, surely, plainly: false, view: View::Repeated })
}
