//! Words of the lists that are written otherwise ([`crate::domain::disguise`]): exceptions count for them too, and where a
//! list has a word as it is, it needs none in disguise.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::entries::Entries;
use super::{Lexicon, MOST_HITS, WordScratch};
use crate::domain::case::Span;
use crate::domain::disguise::{Disguise, DisguiseScratch, Disguises, DisguisesBuilder};
use crate::domain::ids::hash;
use crate::domain::rules::RuleId;
use crate::domain::text::Text;

/// The words that were compiled last, by a hash of them: a version that changes other things has the same. Nothing is kept on the
/// disk: compiling 50,000 words is less than a second of a start ("What a reload costs" in docs/performance.md), and what is read
/// back would have to be checked as the lists are.
static LAST: Mutex<Option<(u128, Arc<Disguises>)>> = Mutex::new(None);

/// Fewer words are compiled in no time, and do not take the place of many.
const MANY: usize = 1000;

/// The words of all lists that are also found in disguise.
#[derive(Default)]
pub(super) struct Disguised {
    disguises: Arc<Disguises>,
    /// The entry of each of their words.
    entries: Vec<u32>,
    lists: HashSet<RuleId>,
    /// Of these only what is written as nobody writes by chance.
    chosen_only: HashSet<RuleId>,
}

impl Disguised {
    pub(super) fn new(
        disguises: Arc<Disguises>,
        entries: Vec<u32>,
        lists: HashSet<RuleId>,
        chosen_only: HashSet<RuleId>,
    ) -> Self {
        Self { disguises, entries, lists, chosen_only }
    }

    /// Whether the words of a list are among them.
    pub(super) fn has(&self, list: RuleId) -> bool {
        self.lists.contains(&list)
    }
}

/// The words that are to be found in disguise, and the entry of each.
pub(super) struct Chosen<'a> {
    folds: Vec<&'a str>,
    pub(super) entries: Vec<u32>,
}

impl<'a> Chosen<'a> {
    /// Those of some lists.
    pub(super) fn of(words: &'a [(Box<str>, u32)], entries: &Entries, lists: &HashSet<RuleId>) -> Self {
        let is_meant = |no| entries.uses(no).iter().any(|one| !one.exception && lists.contains(&one.list));
        let (folds, entries) = words.iter().filter(|(_, id)| is_meant(*id)).map(|(fold, id)| (&**fold, *id)).unzip();
        Self { folds, entries }
    }

    /// Whether it takes long to compile them.
    pub(super) fn are_many(&self) -> bool {
        self.folds.len() >= MANY
    }

    /// All of them, ready to be found.
    pub(super) fn compiled(&self) -> Arc<Disguises> {
        compiled(&self.folds)
    }
}

fn compiled(folds: &[&str]) -> Arc<Disguises> {
    if folds.is_empty() {
        return Arc::default();
    }
    let key = hash(folds);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, same)) = last.as_ref().filter(|(other, _)| *other == key) {
        return same.clone();
    }
    let mut builder = DisguisesBuilder::default();
    for fold in folds {
        builder.add(fold);
    }
    let disguises = Arc::new(builder.build());
    if folds.len() >= MANY {
        *last = Some((key, disguises.clone()));
    }
    disguises
}

/// Memory that is used again for each text.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    disguises: DisguiseScratch,
    found: Vec<Reading>,
    told: Vec<Span>,
    excepted: Reach,
    covered: Reach,
}

/// A word of a list as a text may be read.
#[derive(Clone, Copy, Debug)]
struct Reading {
    list: RuleId,
    weight: i32,
    span: Span,
    entry: u32,
    place: u32,
    disguise: Disguise,
}

/// A word in a text that is written otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisguisedHit<'a> {
    /// Of which list.
    pub list: RuleId,
    /// Code points of the original.
    pub span: Span,
    /// The entry as written.
    pub word: &'a Arc<str>,
    /// How it is written in the text.
    pub disguise: Disguise,
}

impl Lexicon {
    /// Gives the words that are written otherwise in a text, by list and weight. `scratch` is as [`Lexicon::find`] left it
    /// for the same text. Of several that overlap in one list only the likeliest is given, and none that overlaps with a
    /// word as it is or lies in an exception; at most [`MOST_HITS`] a list.
    pub fn find_disguised<'a>(
        &'a self,
        text: &Text,
        scratch: &mut WordScratch,
        mut each: impl FnMut(DisguisedHit<'a>),
    ) {
        let WordScratch { found: plain, disguised } = scratch;
        let Scratch { disguises, found, told, excepted, covered } = disguised;
        let Disguised { disguises: all, entries, lists, chosen_only } = &self.disguised;
        found.clear();
        all.find(&text.original, disguises, |one| {
            let Some(&entry) = entries.get(one.word as usize) else { return };
            let chosen = one.disguise.views.are_chosen();
            let looked_for = |list: &RuleId| lists.contains(list) && (chosen || !chosen_only.contains(list));
            let meant = (0..).zip(self.entries.uses(entry)).filter(|(_, one)| !one.exception && looked_for(&one.list));
            found.extend(meant.map(|(place, used)| Reading {
                list: used.list,
                weight: one.weight,
                span: one.span,
                entry,
                place,
                disguise: one.disguise,
            }));
        });
        found.sort_unstable_by_key(|one| (one.list, Reverse(one.weight), one.span, one.entry, one.place));
        for group in found.chunk_by(|one, other| one.list == other.list) {
            let Some(list) = group.first().map(|one| one.list) else { continue };
            told.clear();
            excepted.clear();
            covered.clear();
            for candidate in plain.iter().filter(|candidate| candidate.list == list) {
                let span = text.folded.span(candidate.start as usize, candidate.end.0 as usize);
                if candidate.rank > 0 { covered.add(span) } else { excepted.add(span) }
            }
            for one in group {
                let span = one.span;
                let spared = excepted.end(span.start + 1) >= span.end || covered.end(span.end) > span.start;
                if told.len() == MOST_HITS || spared || told.iter().any(|other| overlap(*other, span)) {
                    continue;
                }
                told.push(span);
                let word = self.entries.uses(one.entry).get(one.place as usize);
                if let Some(word) = word.map(|used| &used.word) {
                    each(DisguisedHit { list, span, word, disguise: one.disguise });
                }
            }
        }
    }
}

/// How far spans reach that are added by their beginning.
#[derive(Debug, Default)]
struct Reach(Vec<Span>);

impl Reach {
    fn clear(&mut self) {
        self.0.clear();
    }

    fn add(&mut self, span: Span) {
        let end = self.0.last().map_or(span.end, |last| last.end.max(span.end));
        self.0.push(Span { start: span.start, end });
    }

    /// The furthest end of those that begin before a code point; 0 where there is none.
    fn end(&self, before: u32) -> u32 {
        let count = self.0.partition_point(|span| span.start < before);
        count.checked_sub(1).and_then(|last| self.0.get(last)).map_or(0, |last| last.end)
    }
}

fn overlap(a: Span, b: Span) -> bool {
    a.start < b.end && b.start < a.end
}
