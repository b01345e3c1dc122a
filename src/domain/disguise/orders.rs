//! Words whose characters stand in another order: found by their characters, for sounds do not matter to them.

use super::LONGEST;
use super::filter::{Begun, Filter, Hashes};
use super::lattice::Unit;
use super::variants::Pattern;

/// About so many hashes begin with the same bits: a line of the cache.
const EACH: usize = 8;

/// The characters of each pattern by a hash of them.
#[derive(Default)]
pub(super) struct Orders {
    /// In order.
    hashes: Box<[Begun]>,
    patterns: Box<[Pattern]>,
    /// Where the hashes begin that begin with the same bits; one more entry than there are such bits. Looking among all of them would
    /// take a miss of the cache for each step.
    begins: Box<[u32]>,
    shift: u32,
    filter: Filter,
    /// All hashes, so that few are looked for that are not there.
    whole: Hashes,
}

/// Patterns and their characters, to be made into [`Orders`].
#[derive(Default)]
pub(super) struct OrdersBuilder {
    all: Vec<(Begun, Pattern)>,
    chars: Vec<u32>,
}

impl OrdersBuilder {
    /// Adds a pattern that is written so.
    pub(super) fn push(&mut self, chars: &[char], pattern: Pattern) {
        let begun = chars.iter().fold(Begun::NOTHING, |begun, c| begun.and(*c as u32));
        self.all.push((begun, pattern));
        self.chars.extend(chars.iter().map(|c| *c as u32));
    }

    pub(super) fn build(mut self) -> Orders {
        let mut rest = self.chars.as_slice();
        let keys = self.all.iter().filter_map(|(_, pattern)| rest.split_off(..usize::from(pattern.length)));
        let filter = Filter::of(keys);
        self.all.sort_unstable_by_key(|(begun, pattern)| (*begun, pattern.word));
        let (hashes, patterns): (Vec<_>, Vec<_>) = self.all.into_iter().unzip();
        let whole = Hashes::of(&hashes);
        let rows = (hashes.len() / EACH).next_power_of_two().max(2);
        let shift = 32 - rows.trailing_zeros();
        let begin = |row| hashes.partition_point(|hash: &Begun| hash.row(shift) < row) as u32;
        let begins = (0..=rows).map(begin).collect();
        Orders { hashes: hashes.into(), patterns: patterns.into(), begins, shift, filter, whole }
    }
}

impl Orders {
    /// How many patterns there are.
    pub(super) fn len(&self) -> usize {
        self.patterns.len()
    }

    /// All patterns.
    pub(super) fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Gives the patterns of `fewest` characters and more that may be what units begin with, and how many units.
    #[inline]
    pub(super) fn find(&self, units: &[Unit], fewest: u32, mut each: impl FnMut(&Pattern, usize)) {
        let mut begun = Begun::NOTHING;
        for (unit, length) in units.iter().take(LONGEST).zip(1..) {
            if length > 1 && unit.parted() {
                return;
            }
            begun = begun.and(unit.c as u32);
            let may_be = match length {
                1 => continue,
                2 => fewest <= 2 && self.filter.is_pair(begun),
                3 if !self.filter.begins_with_three(begun, fewest) => return,
                _ => length >= fewest,
            };
            if may_be && self.whole.has(begun) {
                self.of(begun).for_each(|pattern| each(pattern, length as usize));
            }
        }
    }

    /// The patterns of a hash.
    #[inline]
    fn of(&self, hash: Begun) -> impl Iterator<Item = &Pattern> {
        let begin = |row: usize| self.begins.get(row).map_or(0, |at| *at as usize);
        let row = hash.row(self.shift);
        let row = begin(row)..begin(row + 1);
        let hashes = self.hashes.get(row.clone()).unwrap_or_default();
        let patterns = self.patterns.get(row).unwrap_or_default();
        hashes.iter().zip(patterns).filter(move |(other, _)| **other == hash).map(|(_, pattern)| pattern)
    }
}
