//! Where other words go on over what was found: 加\n微信 is meant as one word, 很变。态度 is not; 口交 in 路口交通 is no word,
//! for who weighs how usual its neighbours are reads 路口 and 交通.

use crate::domain::disguise::Costs;
use crate::domain::text::{Folded, GapKind};

/// What stands there must cost so much as it is, in eighths of a natural logarithm …
const ENOUGH: i32 = 96;
/// … and no usual word may go on over its ends: one without which the text costs more than this.
const CUT: i32 = 16;

/// A text's costs, counted when they are first asked for.
#[derive(Default)]
pub(super) struct Parted {
    counted: Option<(Vec<u32>, Costs)>,
}

impl Parted {
    /// Whether a word at bytes `start..end`, in which a clause ends, may be meant as a word.
    pub(super) fn is_meant(&mut self, text: &Folded, start: usize, end: usize) -> bool {
        let (costs, start, end) = self.places(text, start, end);
        costs.of(start, end) >= ENOUGH && costs.cut(start) <= CUT && costs.cut(end) <= CUT
    }

    /// Whether bytes `start..end` begin and end where words do, in a likeliest division of the text into words.
    pub(super) fn is_between_words(&mut self, text: &Folded, start: usize, end: usize) -> bool {
        let (costs, start, end) = self.places(text, start, end);
        costs.cut(start) <= 0 && costs.cut(end) <= 0
    }

    /// The costs, and two bytes as places in them. Counted in one pass over the text, then looked up.
    fn places(&mut self, text: &Folded, start: usize, end: usize) -> (&Costs, u32, u32) {
        let (places, costs) = self.counted.get_or_insert_with(|| {
            let mut gaps = text.gaps().iter().peekable();
            let mut ends = |at: usize| {
                while gaps.next_if(|gap| (gap.at as usize) < at).is_some() {}
                gaps.next_if(|gap| gap.at as usize == at).is_some_and(|gap| gap.kind >= GapKind::Clause)
            };
            let chars: Vec<(char, bool)> = text.text.char_indices().map(|(at, c)| (c, ends(at))).collect();
            let mut costs = Costs::default();
            costs.set_by_words(&chars, |one| *one);
            (text.text.char_indices().map(|(at, _)| at as u32).collect(), costs)
        });
        let place = |byte: usize| places.partition_point(|at| (*at as usize) < byte) as u32;
        let (start, end) = (place(start), place(end));
        (costs, start, end)
    }
}
