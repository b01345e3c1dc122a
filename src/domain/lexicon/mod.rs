//! The words of all keyword rules in one automaton, over the folded text.
//!
//! What is dropped between the characters of a word is judged when it is found, not before: a text folds in one way only,
//! but 加，微，信 is the word 加微信 and 很变。态度 is not the word 变态.

mod build;
mod disguised;
mod entries;
mod parted;
mod spared;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use daachorse::CharwiseDoubleArrayAhoCorasick;

pub use build::{LexiconBuilder, Refused};
pub use disguised::DisguisedHit;
pub use spared::Spared;

use entries::{Entries, Entry, EntryId, Use};
use parted::Parted;

use super::rules::RuleId;
use super::text::{Folded, Gap, GapKind, Text};

/// How many characters of noise may stand between two characters of a word.
const WIDEST_GAP: u32 = 12;

/// A word with a clause's end inside is still meant when it is written so throughout and has this many characters.
const SPELLED_OUT: usize = 3;

/// More hits of one list in one text are not told.
pub const MOST_HITS: usize = 100;

type Automaton = CharwiseDoubleArrayAhoCorasick<u32>;

/// Where a word is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordUse {
    /// The rule whose list it is in.
    pub list: RuleId,
    /// It is a phrase in which the list's words do not count.
    pub exception: bool,
    /// It counts only where it begins and ends where words do.
    pub bound: bool,
    /// It is no hit by itself: the rule looks for it beside other words, or for what excuses.
    pub apart: bool,
    /// It is also found where it is written otherwise.
    pub disguised: bool,
    /// File and line from 1, where they are known.
    pub place: Option<(Arc<str>, u32)>,
}

/// All words, ready to be found.
#[derive(Default)]
pub struct Lexicon {
    automaton: Option<Automaton>,
    entries: Entries,
    /// The files that the words come from.
    files: Vec<Arc<str>>,
    /// Whose each list is that is kept apart ([`LexiconBuilder::apart`]).
    owners: Vec<RuleId>,
    disguised: disguised::Disguised,
}

/// A word in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordHit<'a> {
    /// Of which list.
    pub list: RuleId,
    /// The first byte of the folded text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The entry as written.
    pub word: &'a Arc<str>,
}

/// Memory that is used again for each text.
#[derive(Debug, Default)]
pub struct WordScratch {
    found: Vec<Candidate>,
    disguised: disguised::Scratch,
}

/// An entry found where its gaps and edges allow. The order of the fields is the order in which they are sifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    list: RuleId,
    start: u32,
    /// The end from the far side, so that the longest comes first.
    end: std::cmp::Reverse<u32>,
    /// 0 for an exception, so that it comes before an equal word.
    rank: u8,
    entry: u32,
    place: u32,
}

impl Lexicon {
    /// How many different folds it knows.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it knows no word.
    pub fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// The rule that a list belongs to: itself, unless it is kept apart.
    pub fn owner(&self, list: RuleId) -> RuleId {
        self.owners.get(usize::from(u16::MAX - list.0)).copied().unwrap_or(list)
    }

    /// Whether a list is kept apart from the rules' own: its words are no hits by themselves.
    pub fn is_apart(&self, list: RuleId) -> bool {
        usize::from(u16::MAX - list.0) < self.owners.len()
    }

    /// Where a word is written, in whatever disguise it is asked for.
    pub fn uses_of(&self, word: &Folded) -> Vec<WordUse> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let length = word.text.len();
        let entry = automaton
            .find_overlapping_no_suffix_iter(&word.text)
            .filter(|hit| hit.end() == length)
            .map(|hit| hit.value())
            .find(|no| self.entries.get(*no).is_some_and(|entry| entry.bytes as usize == length));
        entry.map(|no| self.entries.uses(no).iter().map(|one| self.told(one)).collect()).unwrap_or_default()
    }

    fn told(&self, one: &Use) -> WordUse {
        let place = (one.line > 0).then(|| Some((self.files.get(usize::from(one.file))?.clone(), one.line)));
        WordUse {
            list: self.owner(one.list),
            exception: one.exception,
            bound: one.bound && !one.exception,
            apart: self.is_apart(one.list),
            disguised: !one.exception && self.disguised.has(one.list),
            place: place.flatten(),
        }
    }

    /// The exceptions in which a folded word stands, of these lists.
    pub fn exceptions_with(&self, folded: &str, lists: &[RuleId]) -> Vec<(WordUse, Arc<str>)> {
        let mut text = Text::default();
        let mut found = Vec::new();
        for one in self.entries.all_uses().iter().filter(|one| one.exception) {
            let list = self.owner(one.list);
            text.set(&one.word);
            if lists.contains(&list) && text.folded.text.len() > folded.len() && text.folded.text.contains(folded) {
                found.push((self.told(one), one.word.clone()));
            }
        }
        found
    }

    /// How many words a rule has that are hits by themselves, without exceptions.
    pub fn words_in(&self, rule: RuleId) -> usize {
        let mine = |one: &&Use| one.list == rule && !one.exception;
        self.entries.all_uses().iter().filter(mine).count()
    }

    /// Gives all hits, by list and place. Of hits inside each other in one list only the outermost is given; a hit inside
    /// an exception of its list is none; at most [`MOST_HITS`] a list.
    pub fn find<'a>(&'a self, text: &Folded, scratch: &mut WordScratch, mut each: impl FnMut(WordHit<'a>)) {
        scratch.found.clear();
        self.collect(text, &mut scratch.found);
        if scratch.found.len() > 1 {
            scratch.found.sort_unstable();
        }
        let (mut list, mut excepted, mut covered, mut hits) = (None, 0, 0, 0);
        for candidate in &scratch.found {
            if list != Some(candidate.list) {
                (list, excepted, covered, hits) = (Some(candidate.list), 0, 0, 0);
            }
            let end = candidate.end.0;
            if candidate.rank == 0 {
                excepted = excepted.max(end);
            } else if end > excepted && end > covered && hits < MOST_HITS {
                covered = end;
                hits += 1;
                if let Some(one) = self.entries.uses(candidate.entry).get(candidate.place as usize) {
                    let (start, end) = (candidate.start as usize, end as usize);
                    each(WordHit { list: candidate.list, start, end, word: &one.word });
                }
            }
        }
    }

    fn collect(&self, text: &Folded, found: &mut Vec<Candidate>) {
        let Some(automaton) = &self.automaton else { return };
        let (mut gaps, mut parted) = (GapsBefore::new(text.gaps()), Parted::default());
        for hit in automaton.find_overlapping_no_suffix_iter(&text.text) {
            let end = hit.end();
            gaps.advance(end);
            let mut next = Some(hit.value());
            while let Some(id) = next {
                let Some(entry) = self.entries.get(id) else { break };
                next = entry.suffix.map(EntryId::no);
                let start = end.saturating_sub(entry.bytes as usize);
                match gaps.within(text, entry, start, end, |byte| self.entries.ends_clause(id, byte)) {
                    Within::Word => {}
                    Within::Clauses if parted.is_meant(text, start, end) => {}
                    Within::Clauses | Within::Barrier => continue,
                }
                let ends_whole = !entry.latin || is_word_edge(text, end);
                let whole = ends_whole && (!entry.latin || is_word_edge(text, start));
                // Asked only of what was found, by lists that want to know.
                let cut = entry.bound && whole && !parted.is_between_words(text, start, end);
                report(self.entries.uses(id), id, start, end, (whole, cut), found);
                if (whole && !cut && entry.covers_below) || (!ends_whole && !entry.excepts) {
                    break;
                }
            }
        }
    }
}

/// `whole`: no Latin word goes on over the ends of the entry; `cut`: other words do.
fn report(uses: &[Use], entry: u32, start: usize, end: usize, (whole, cut): (bool, bool), found: &mut Vec<Candidate>) {
    for (place, one) in (0..).zip(uses) {
        if (whole && !(cut && one.bound)) || one.exception {
            found.push(Candidate {
                list: one.list,
                start: start as u32,
                end: std::cmp::Reverse(end as u32),
                rank: u8::from(!one.exception),
                entry,
                place,
            });
        }
    }
}

/// Whether no Latin word goes on across this byte: one of its neighbours is no Latin letter or digit, or something seen
/// was dropped between them.
fn is_word_edge(text: &Folded, at: usize) -> bool {
    let bytes = text.text.as_bytes();
    let latin = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    !latin(at.checked_sub(1)) || !latin(Some(at)) || text.is_edge(at)
}

/// The gaps before the place that the automaton has reached.
struct GapsBefore<'a> {
    rest: &'a [Gap],
    /// No word may begin before this byte: a gap before it is crossed by none.
    barrier: usize,
    /// The last clause's end.
    clause: usize,
}

impl<'a> GapsBefore<'a> {
    fn new(gaps: &'a [Gap]) -> Self {
        Self { rest: gaps, barrier: 0, clause: 0 }
    }

    fn advance(&mut self, end: usize) {
        while let Some((gap, rest)) = self.rest.split_first()
            && (gap.at as usize) < end
        {
            self.rest = rest;
            if gap.kind == GapKind::Barrier || gap.dropped > WIDEST_GAP {
                self.barrier = gap.at as usize;
            } else if gap.kind == GapKind::Clause {
                self.clause = gap.at as usize;
            }
        }
    }

    /// What stands within the entry at `start..end`, which as it is written `ends` clauses before some of its bytes.
    fn within(&self, text: &Folded, entry: &Entry, start: usize, end: usize, ends: impl Fn(u32) -> bool) -> Within {
        if start < self.barrier {
            return Within::Barrier;
        }
        if start >= self.clause {
            return Within::Word;
        }
        let gaps = text.gaps_within(start, end);
        let spelled_out = entry.characters as usize >= SPELLED_OUT && gaps.len() + 1 >= entry.characters as usize;
        let own = |gap: &Gap| ends(gap.at - start as u32);
        let word = spelled_out || gaps.iter().all(|gap| gap.kind != GapKind::Clause || own(gap));
        if word { Within::Word } else { Within::Clauses }
    }
}

/// What stands between the characters of a word.
enum Within {
    /// Nothing, or what makes no difference.
    Word,
    /// Ends of clauses.
    Clauses,
    /// What no word crosses.
    Barrier,
}
